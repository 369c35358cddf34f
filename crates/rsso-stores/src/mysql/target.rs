//! Making a connection to a MySQL or MariaDB server.

use std::panic::{self, AssertUnwindSafe};
use std::time::Duration;

use data_encoding::HEXLOWER;
use mysql::prelude::Queryable as _;
use mysql::{ClientIdentity, Conn, Error as DbError, OptsBuilder, Row, SslOpts};

use super::connection::{Connection, ConnectionIdentity};
use super::error::is_interrupted;
use super::settings;
use rsso_core::deadline::Deadline;
use rsso_core::dsn::MysqlDsn;
use rsso_core::random;

/// How many statements the driver keeps: more than rsso does, so that the driver closes none of those.
const DRIVER_STATEMENT_CACHE: usize = 64;

/// When an idle connection is probed, and how often; otherwise a firewall forgets it.
const KEEPALIVE_MS: u32 = 60_000;
const KEEPALIVE_INTERVAL: u32 = 10;
const KEEPALIVE_PROBES: u32 = 6;

/// How to reach the server.
#[derive(Clone)]
pub(super) struct Target {
    pub(super) dsn: MysqlDsn,
    pub(super) address: String,
    pub(super) connect_timeout: Duration,
    pub(super) read_timeout: Duration,
    /// The connection's character set.
    pub(super) charset: String,
}

impl Target {
    /// Connects; an answer may take `extra_wait` longer than `rsso.read_timeout`.
    pub(super) fn connect(&self, extra_wait: Duration) -> Result<Connection, DbError> {
        let deadline = Deadline::after(self.connect_timeout);
        let mut connection = loop {
            match self.sign_in(extra_wait) {
                Err(error) if is_interrupted(&error) && !deadline.passed() => {}
                signed_in => break signed_in?,
            }
        };
        let lock = format!("rsso:connection:{}", HEXLOWER.encode(&random_bytes()?));
        // The connection's own lock ends when the connection has: whoever gets it knows that nothing is pending.
        let row: Option<Row> = connection.query_first(format!(
            "SELECT VERSION(), @@hostname, @@port, @@server_id, @@max_allowed_packet, GET_LOCK('{lock}', 0)"
        ))?;
        let text = |at: usize| -> String {
            let bytes = row
                .as_ref()
                .and_then(|row| row.get::<Option<Vec<u8>>, _>(at));
            String::from_utf8_lossy(&bytes.flatten().unwrap_or_default()).into_owned()
        };
        let identity = ConnectionIdentity {
            server: [text(1), text(2), text(3)].join(":"),
            lock,
        };
        let is_mariadb = text(0).contains("MariaDB");
        let max_packet = text(4).parse().unwrap_or(usize::MAX);
        Ok(Connection::new(
            connection,
            identity,
            is_mariadb,
            max_packet,
            self.charset.clone(),
        ))
    }

    fn sign_in(&self, extra_wait: Duration) -> Result<Conn, DbError> {
        let options = self.options(extra_wait);
        // The driver trusts the lengths in a stranger's packets and may panic; nothing is left of a panic there.
        let connected = panic::catch_unwind(AssertUnwindSafe(|| Conn::new(options)));
        connected.unwrap_or_else(|_panic| {
            Err(DbError::DriverError(mysql::DriverError::UnexpectedPacket))
        })
    }

    fn options(&self, extra_wait: Duration) -> OptsBuilder {
        let options = OptsBuilder::new()
            .ip_or_hostname(Some(self.dsn.host.clone()))
            .tcp_port(self.dsn.port)
            .user(self.dsn.user.clone())
            .pass(Some(self.dsn.password.expose()).filter(|p| !p.is_empty()))
            .db_name(Some(self.dsn.database.clone()))
            .prefer_socket(false)
            .tcp_connect_timeout(Some(self.connect_timeout))
            .tcp_keepalive_time_ms(Some(KEEPALIVE_MS))
            .tcp_keepalive_probe_interval_secs(Some(KEEPALIVE_INTERVAL))
            .tcp_keepalive_probe_count(Some(KEEPALIVE_PROBES))
            .read_timeout(Some(self.read_timeout + extra_wait))
            .write_timeout(Some(self.read_timeout))
            .stmt_cache_size(DRIVER_STATEMENT_CACHE)
            .init(settings::statements(&self.charset, self.read_timeout));
        let options = match &self.dsn.socket {
            Some(path) => options.socket(Some(path.to_string_lossy())),
            None => options,
        };
        let Some(files) = &self.dsn.tls else {
            return options;
        };
        let identity = match (&files.cert, &files.key) {
            (Some(cert), Some(key)) => Some(ClientIdentity::new(cert.clone(), key.clone())),
            _ => None,
        };
        options.ssl_opts(
            SslOpts::default()
                .with_root_cert_path(files.ca.clone())
                .with_client_identity(identity),
        )
    }
}

fn random_bytes() -> Result<[u8; 16], DbError> {
    random::bytes().map_err(|error| DbError::IoError(std::io::Error::other(error)))
}
