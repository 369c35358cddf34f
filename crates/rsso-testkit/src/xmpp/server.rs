//! An XMPP server of one's own, whatever its software.

use std::path::Path;

use nix::sys::signal::Signal;

use super::clients::{Answer, XmppClients};
use super::ejabberd::EJABBERD;
use super::prosody::PROSODY;
use super::software::{Place, Software};
use crate::process::{Server, free_port, read_lossy};
use crate::tls::Certificates;
use crate::workdir::WorkDir;

/// See `redis::Builder`: the port may be taken while we start.
const PORT_ATTEMPTS: u32 = 5;

/// A running server; stopped on drop. The tests are the same for each.
#[derive(Debug)]
pub struct XmppServer {
    // Before `dir`: the server is stopped while its directory still exists.
    server: Server,
    software: &'static Software,
    client_port: u16,
    component_port: u16,
    accounts: Vec<String>,
    certificates: Option<Certificates>,
    starts: u32,
    dir: WorkDir,
}

impl XmppServer {
    /// A Prosody with these accounts, and a component that is one of its administrators.
    ///
    /// # Panics
    /// With its log, if it does not come up.
    pub fn prosody(accounts: &[&str]) -> Self {
        Self::start(&PROSODY, accounts, false)
    }

    /// An ejabberd with these accounts, and a component that is one of its administrators.
    ///
    /// # Panics
    /// With its log, if it does not come up.
    pub fn ejabberd(accounts: &[&str]) -> Self {
        Self::start(&EJABBERD, accounts, false)
    }

    /// An ejabberd that components reach over TLS; [`Self::ca`] has signed its certificate, for `127.0.0.1`.
    ///
    /// # Panics
    /// With its log, if it does not come up.
    pub fn ejabberd_with_tls(accounts: &[&str]) -> Self {
        Self::start(&EJABBERD, accounts, true)
    }

    /// Who has signed its certificate.
    ///
    /// # Panics
    /// If it has none.
    pub fn ca(&self) -> &Path {
        let certificates = self.certificates.as_ref();
        &certificates.expect("a server with TLS").ca
    }

    fn start(software: &'static Software, accounts: &[&str], tls: bool) -> Self {
        for _ in 0..PORT_ATTEMPTS {
            let mut server = Self::launch(software, accounts, tls);
            if server.is_ready() {
                return server;
            }
            let (name, log) = (software.name, server.log());
            assert!(
                log.contains(software.port_taken),
                "{name} did not start; its log:\n{log}"
            );
        }
        panic!("{PORT_ATTEMPTS} free ports in a row were taken by others");
    }

    fn launch(software: &'static Software, accounts: &[&str], tls: bool) -> Self {
        let dir = WorkDir::new();
        let certificates = tls.then(|| Certificates::generate(&dir));
        let accounts: Vec<_> = accounts.iter().map(|&account| account.to_owned()).collect();
        let place = Place {
            dir: &dir,
            client_port: free_port(),
            component_port: free_port(),
            accounts: &accounts,
            certificates: certificates.as_ref(),
        };
        (software.prepare)(&place);
        Self {
            server: spawn(software, &place, 0),
            software,
            client_port: place.client_port,
            component_port: place.component_port,
            accounts,
            certificates,
            starts: 0,
            dir,
        }
    }

    /// Where components connect.
    pub fn component_port(&self) -> u16 {
        self.component_port
    }

    /// Where clients connect, without TLS.
    pub fn client_port(&self) -> u16 {
        self.client_port
    }

    pub fn log(&self) -> String {
        let more = self.software.log.map(|name| self.dir.join(name));
        self.server.log() + &more.map_or_else(String::new, |path| read_lossy(&path))
    }

    pub fn stop(&mut self) {
        self.server.stop();
    }

    pub fn kill9(&mut self) {
        self.server.kill9();
    }

    /// SIGSTOP: connections are accepted by the kernel, and nobody answers.
    pub fn pause(&self) {
        self.server.pause();
    }

    /// SIGCONT: the end of [`Self::pause`].
    pub fn resume(&self) {
        self.server.signal(Signal::SIGCONT);
    }

    /// Stops it where it still runs, and starts it with the same ports and accounts.
    ///
    /// # Panics
    /// With its log, if it does not come up.
    pub fn restart(&mut self) {
        self.server.stop();
        self.starts += 1;
        self.server = spawn(self.software, &self.place(), self.starts);
        let (name, ready) = (self.software.name, self.is_ready());
        assert!(ready, "{name} did not start again:\n{}", self.log());
    }

    /// Clients of it that are online, by their full addresses, and answer pings.
    pub fn clients(&self, addresses: &[&str]) -> XmppClients {
        self.clients_that_say(Answer::Pong, addresses)
    }

    pub fn clients_that_say(&self, answer: Answer, addresses: &[&str]) -> XmppClients {
        let mut clients = XmppClients::start(self.client_port, answer, addresses);
        for _ in addresses {
            clients.next("online");
        }
        clients
    }

    fn place(&self) -> Place<'_> {
        Place {
            dir: &self.dir,
            client_port: self.client_port,
            component_port: self.component_port,
            accounts: &self.accounts,
            certificates: self.certificates.as_ref(),
        }
    }

    fn is_ready(&mut self) -> bool {
        let log = self.dir.join(&log_name(self.starts));
        let (is_ready, client, component) = (
            self.software.is_ready,
            self.client_port,
            self.component_port,
        );
        self.server
            .try_wait_ready(|| is_ready(&read_lossy(&log), client, component))
    }
}

fn log_name(start: u32) -> String {
    format!("log.{start}")
}

fn spawn(software: &Software, place: &Place<'_>, start: u32) -> Server {
    let mut command = (software.command)(place);
    command.current_dir(place.dir.path());
    Server::spawn(
        software.name,
        &mut command,
        &place.dir.join(&log_name(start)),
    )
}
