//! One connection to one Redis server: made with time-outs, dropped at the first I/O error.

use std::fs;
use std::path::Path;
use std::time::Duration;

use redis::{
    Client, ClientTlsConfig, Cmd, Connection, ConnectionAddr, ConnectionInfo, ErrorKind,
    IntoConnectionInfo as _, RedisConnectionInfo, RedisError, RedisResult, TlsCertificates, Value,
    cmd, io::tcp::TcpSettings,
};

use super::owner::Owner;
use super::scripts::Act;
use super::stage::Stage;
use crate::dsn::{RedisAddress, RedisDsn, TlsFiles};
use crate::error::{Error, Result};

/// How much memory for what is sent a connection keeps, in bytes.
const KEPT: usize = 1 << 20;

/// How to reach the server, for everyone who makes a connection of his own.
#[derive(Clone)]
pub(super) struct Target {
    pub(super) dsn: RedisDsn,
    pub(super) address: String,
    pub(super) connect_timeout: Duration,
    pub(super) read_timeout: Duration,
}

/// An open connection.
pub(super) struct Link {
    connection: Connection,
    /// Who this connection is to the server: what a lock says of its owner.
    pub(super) owner: Owner,
    pub(super) owner_text: String,
    /// How many answers are on their way that nobody has waited for.
    unread: usize,
    /// The scripts that have been run on it by [`Self::ran`], a bit for each.
    run: u32,
    /// What is sent is put together here, each time in the same memory.
    packed: Vec<u8>,
}

/// Why an exchange failed.
pub(super) enum Failure {
    /// The connection broke before the time was up: another one may do.
    Broken(RedisError),
    /// Anything else, in the words for the user.
    Final(Error),
}

impl Target {
    pub(super) fn connect(&self) -> Result<Link> {
        let fail = |error| self.explain("cannot connect", error);
        let client = self.client()?;
        let mut connection = client
            .get_connection_with_timeout(self.connect_timeout)
            .map_err(fail)?;
        connection
            .set_read_timeout(Some(self.read_timeout))
            .and_then(|()| connection.set_write_timeout(Some(self.read_timeout)))
            .map_err(fail)?;
        let mut info = cmd("INFO");
        info.arg("server");
        let mut id = cmd("CLIENT");
        id.arg("ID");
        let replies = request(&mut connection, &mut Vec::new(), &[info, id]).map_err(fail)?;
        if let Some(Value::ServerError(refused)) = replies.iter().find(is_auth_refusal) {
            return Err(fail(RedisError::from(refused.clone())));
        }
        let owner = Owner::from_replies(&replies);
        Ok(Link {
            connection,
            owner_text: owner.to_text(),
            owner,
            unread: 0,
            run: 0,
            packed: Vec::new(),
        })
    }

    fn client(&self) -> Result<Client> {
        let mut settings = RedisConnectionInfo::default()
            .set_db(self.dsn.db)
            .set_skip_set_lib_name();
        if let Some(user) = &self.dsn.user {
            settings = settings.set_username(user);
        }
        if !self.dsn.password.is_empty() {
            settings = settings.set_password(self.dsn.password.expose());
        }
        let info = |addr: ConnectionAddr| -> RedisResult<ConnectionInfo> {
            Ok(addr
                .into_connection_info()?
                .set_redis_settings(settings)
                .set_tcp_settings(TcpSettings::default().set_nodelay(true)))
        };
        let client = match &self.dsn.address {
            RedisAddress::Unix(path) => {
                info(ConnectionAddr::Unix(path.clone())).and_then(Client::open)
            }
            RedisAddress::Tcp {
                host,
                port,
                tls: None,
            } => info(ConnectionAddr::Tcp(host.clone(), *port)).and_then(Client::open),
            RedisAddress::Tcp {
                host,
                port,
                tls: Some(files),
            } => {
                install_crypto();
                let certificates = self.certificates(files)?;
                info(ConnectionAddr::TcpTls {
                    host: host.clone(),
                    port: *port,
                    insecure: false,
                    tls_params: None,
                })
                .and_then(|info| Client::build_with_tls(info, certificates))
            }
        };
        client.map_err(|error| self.explain("cannot use this address", error))
    }

    fn certificates(&self, files: &TlsFiles) -> Result<TlsCertificates> {
        let read = |name: &str, path: &Path| {
            fs::read(path).map_err(|error| {
                Error::store(
                    &self.address,
                    format!("cannot read ?{name}={}", path.display()),
                    error,
                )
            })
        };
        let client_tls = match (&files.cert, &files.key) {
            (Some(cert), Some(key)) => Some(ClientTlsConfig {
                client_cert: read("cert", cert)?,
                client_key: read("key", key)?,
            }),
            _ => None,
        };
        let root_cert = files.ca.as_deref().map(|ca| read("ca", ca)).transpose()?;
        Ok(TlsCertificates {
            client_tls,
            root_cert,
        })
    }

    /// The error for the user: what to look at, never the password.
    pub(super) fn explain(&self, doing: &str, error: RedisError) -> Error {
        let refused = matches!(error.kind(), ErrorKind::AuthenticationFailed)
            || matches!(error.code(), Some("WRONGPASS" | "NOAUTH"));
        // Servers quote the arguments of a command that they do not know: keys, and so session ids.
        if let Some((start, _)) = error.to_string().split_once(", with args beginning") {
            return Error::store_plain(&self.address, format!("{doing}: {start}"));
        }
        // What a script may not do is said in a sentence, without a code.
        let forbidden = error.to_string().contains("can't run this command");
        let advice = match error.code() {
            _ if forbidden => "the user's ACL does not allow what rsso needs (see docs/redis.md)",
            _ if refused => "the server refused the user or password (rsso.dsn, rsso.password)",
            Some("OOM") => "the server is out of memory (maxmemory)",
            Some("LOADING") => "the server is still loading its data",
            Some("READONLY") => {
                "the server is a replica and takes no writes: name the master in rsso.dsn"
            }
            Some("NOPERM") => "the user's ACL does not allow what rsso needs (see docs/redis.md)",
            Some("WRONGTYPE") => "a key is not one of rsso's: choose another rsso.prefix",
            Some("MISCONF") => "the server cannot save its data and refuses writes",
            _ if error.is_timeout() => {
                "no answer in time (rsso.connect_timeout, rsso.read_timeout)"
            }
            _ if error.is_connection_refusal() => "nothing listens at this address (rsso.dsn)",
            _ if error.is_connection_dropped() => "the server closed the connection",
            _ => return Error::store(&self.address, doing, error),
        };
        Error::store(&self.address, format!("{doing}: {advice}"), error)
    }
}

impl Link {
    /// How many answers are on their way that nobody has waited for.
    pub(super) fn unread(&self) -> usize {
        self.unread
    }

    /// Whether the server knew this script when it was run on this connection.
    pub(super) fn has_run(&self, act: Act) -> bool {
        self.run & 1 << act as u32 != 0
    }

    /// This script was answered.
    pub(super) fn ran(&mut self, act: Act) {
        self.run |= 1 << act as u32;
    }

    /// Sends a command; [`Self::exchange`] gets its answer.
    pub(super) fn post(&mut self, command: &Cmd) -> RedisResult<()> {
        self.connection
            .send_packed_command(&command.get_packed_command())?;
        self.unread += 1;
        Ok(())
    }

    /// Sends commands in one write, but the first `sent`, which were posted, and returns the answers to
    /// all; an error among them is the caller's to look at. A `stage` goes before the command at its
    /// index, and its answer is there among the answers. `extra` is how long the server may make us wait
    /// on purpose.
    pub(super) fn exchange(
        &mut self,
        target: &Target,
        commands: &[Cmd],
        stage: Option<(usize, &Stage<'_>)>,
        sent: usize,
        extra: Duration,
    ) -> Result<Vec<Value>, Failure> {
        let fail = |error: RedisError| {
            if error.is_io_error() && !error.is_timeout() {
                Failure::Broken(error)
            } else {
                Failure::Final(target.explain("the request failed", error))
            }
        };
        if !extra.is_zero() {
            self.connection
                .set_read_timeout(Some(target.read_timeout + extra))
                .map_err(fail)?;
        }
        self.packed.clear();
        for (index, command) in commands.iter().enumerate().skip(sent) {
            if let Some((_, stage)) = stage.filter(|(at, _)| *at == index) {
                stage.pack_into(&mut self.packed);
            }
            command.write_packed_command(&mut self.packed);
        }
        let answers = commands.len() + usize::from(stage.is_some());
        let mut replies = converse(&mut self.connection, &self.packed, answers).map_err(fail)?;
        if self.packed.capacity() > KEPT {
            self.packed = Vec::new();
        }
        self.unread = 0;
        // It is no script, and what it has staged stays: it need not be sent again.
        let staged = stage.map(|(at, _)| (at, replies.remove(at)));
        if replies.iter().any(is_missing_script) {
            let load = Act::load_all();
            let loaded = request(&mut self.connection, &mut self.packed, &load).map_err(fail)?;
            if let Some(Value::ServerError(error)) = loaded.into_iter().find(is_server_error) {
                return Err(Failure::Final(
                    target.explain("cannot load the scripts", RedisError::from(error)),
                ));
            }
            // Every script may run twice for the same token; a wait that was answered may not.
            let again: Vec<usize> = (0..commands.len())
                .filter(|i| !is_blocking(&commands[*i]))
                .collect();
            let resent: Vec<Cmd> = again.iter().map(|i| commands[*i].clone()).collect();
            let answers = request(&mut self.connection, &mut self.packed, &resent).map_err(fail)?;
            for (index, answer) in again.into_iter().zip(answers) {
                replies[index] = answer;
            }
        }
        if !extra.is_zero() {
            self.connection
                .set_read_timeout(Some(target.read_timeout))
                .map_err(fail)?;
        }
        if let Some((at, reply)) = staged {
            replies.insert(at, reply);
        }
        Ok(replies)
    }
}

/// Sends commands, put together in `packed`, and reads their answers.
fn request(
    connection: &mut Connection,
    packed: &mut Vec<u8>,
    commands: &[Cmd],
) -> RedisResult<Vec<Value>> {
    packed.clear();
    for command in commands {
        command.write_packed_command(packed);
    }
    converse(connection, packed, commands.len())
}

fn converse(connection: &mut Connection, packed: &[u8], answers: usize) -> RedisResult<Vec<Value>> {
    connection.send_packed_command(packed)?;
    // Up to the first that cannot be read: nobody waits for those behind it.
    (0..answers).map(|_| connection.recv_response()).collect()
}

pub(super) fn is_server_error(reply: &Value) -> bool {
    matches!(reply, Value::ServerError(_))
}

fn is_missing_script(reply: &Value) -> bool {
    matches!(reply, Value::ServerError(error) if error.code() == "NOSCRIPT")
}

fn is_auth_refusal(reply: &&Value) -> bool {
    matches!(reply, Value::ServerError(error) if matches!(error.code(), "NOAUTH" | "WRONGPASS"))
}

fn is_blocking(command: &Cmd) -> bool {
    matches!(command.args_iter().next(), Some(redis::Arg::Simple(name)) if name == b"BLPOP")
}

/// One provider for the whole process; another extension may have installed it already.
fn install_crypto() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}
