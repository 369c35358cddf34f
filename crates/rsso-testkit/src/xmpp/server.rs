//! A running XMPP server of any software.

use std::path::Path;

use nix::sys::signal::Signal;

use super::clients::{Answer, XmppClients};
use super::ejabberd::EJABBERD;
use super::prosody::PROSODY;
use super::software::{Setup, Software};
use crate::process::{Server, free_port, read_lossy, start_on_free_port};
use crate::tls::Certificates;
use crate::workdir::WorkDir;

/// A running XMPP server; stopped on drop.
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
    /// Starts a Prosody with these accounts and an administrating component.
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

    /// Starts an ejabberd that components reach over TLS, with a certificate for `127.0.0.1` signed by [`Self::ca`].
    ///
    /// # Panics
    /// With its log, if it does not come up.
    pub fn ejabberd_with_tls(accounts: &[&str]) -> Self {
        Self::start(&EJABBERD, accounts, true)
    }

    /// The authority that has signed its certificate.
    ///
    /// # Panics
    /// If it has none.
    pub fn ca(&self) -> &Path {
        let certificates = self.certificates.as_ref();
        &certificates.expect("a server with TLS").ca
    }

    fn start(software: &'static Software, accounts: &[&str], tls: bool) -> Self {
        start_on_free_port(
            software.name,
            software.port_taken,
            || Self::launch(software, accounts, tls),
            Self::is_ready,
            Self::log,
        )
    }

    fn launch(software: &'static Software, accounts: &[&str], tls: bool) -> Self {
        let dir = WorkDir::new();
        let certificates = tls.then(|| Certificates::generate(&dir));
        let accounts: Vec<_> = accounts.iter().map(|&account| account.to_owned()).collect();
        let setup = Setup {
            dir: &dir,
            client_port: free_port(),
            component_port: free_port(),
            accounts: &accounts,
            certificates: certificates.as_ref(),
        };
        (software.prepare)(&setup);
        Self {
            server: spawn(software, &setup, 0),
            software,
            client_port: setup.client_port,
            component_port: setup.component_port,
            accounts,
            certificates,
            starts: 0,
            dir,
        }
    }

    /// The port for components.
    pub fn component_port(&self) -> u16 {
        self.component_port
    }

    /// The port for clients, without TLS.
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

    /// Stops the process: the kernel accepts connections, and nobody answers.
    pub fn pause(&self) {
        self.server.pause();
    }

    /// Ends [`Self::pause`].
    pub fn resume(&self) {
        self.server.signal(Signal::SIGCONT);
    }

    /// Restarts the server with the same ports and accounts.
    ///
    /// # Panics
    /// With its log, if it does not come up.
    pub fn restart(&mut self) {
        self.server.stop();
        self.starts += 1;
        self.server = spawn(self.software, &self.setup(), self.starts);
        let (name, ready) = (self.software.name, self.is_ready());
        assert!(ready, "{name} did not start again:\n{}", self.log());
    }

    /// Starts clients with these full addresses, and waits until they are online; they answer pings.
    pub fn clients(&self, addresses: &[&str]) -> XmppClients {
        self.clients_with_answer(Answer::Pong, addresses)
    }

    /// [`Self::clients`] with another answer to pings.
    pub fn clients_with_answer(&self, answer: Answer, addresses: &[&str]) -> XmppClients {
        let mut clients = XmppClients::start(self.client_port, answer, addresses);
        for _ in addresses {
            clients.next("online");
        }
        clients
    }

    fn setup(&self) -> Setup<'_> {
        Setup {
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

fn spawn(software: &Software, setup: &Setup<'_>, start: u32) -> Server {
    let mut command = (software.command)(setup);
    command.current_dir(setup.dir.path());
    Server::spawn(
        software.name,
        &mut command,
        &setup.dir.join(&log_name(start)),
    )
}
