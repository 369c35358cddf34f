//! Looks up accounts in the application's user table, by a prepared statement.
//!
//! What always holds: the lookups have a thread of their own, so a database that hangs delays nothing but messages. The
//! uid is a value of the statement, never a part of its text. The connection may only read, and is dropped if it fails.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::Duration;

use mysql::prelude::Queryable as _;
use mysql::{ClientIdentity, Conn, Error, OptsBuilder, Row, SslOpts, Statement, Value};
use rsso_core::dsn::MysqlDsn;
use tokio::sync::oneshot;

use super::account::{Account, NoAccount};
use super::address::{Address, Domain};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const QUERY_TIMEOUT: Duration = Duration::from_secs(5);

/// How many lookups may wait.
const QUEUE_LENGTH: usize = 256;

/// The settings `account_query`, `mysql_dsn` and `domain`.
#[derive(Debug, Clone)]
pub(super) struct AccountQuery {
    pub(super) sql: String,
    pub(super) dsn: MysqlDsn,
    /// The domain of accounts that the table names without one.
    pub(super) domain: Domain,
}

/// The handle of the thread that looks up accounts.
#[derive(Debug)]
pub(super) struct UserTable {
    requests: SyncSender<LookUp>,
}

/// An open connection, and the statement that was prepared on it.
struct Prepared {
    connection: Conn,
    statement: Statement,
}

struct LookUp {
    uid: Vec<u8>,
    answer: oneshot::Sender<Result<Account, NoAccount>>,
}

impl UserTable {
    /// Starts the thread, which ends when the handle is dropped.
    pub(super) fn start(query: AccountQuery) -> std::io::Result<Self> {
        let (requests, asked) = sync_channel(QUEUE_LENGTH);
        thread::Builder::new()
            .name("xmpp accounts".to_owned())
            .spawn(move || run(&query, &asked))?;
        Ok(Self { requests })
    }

    pub(super) async fn look_up(&self, uid: Vec<u8>) -> Result<Account, NoAccount> {
        let (answer, answered) = oneshot::channel();
        let away = |problem: &str| NoAccount::Unreachable(format!("xmpp.account_query: {problem}"));
        match self.requests.try_send(LookUp { uid, answer }) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => return Err(away("the database is too slow")),
            Err(TrySendError::Disconnected(_)) => return Err(away("nobody asks it any more")),
        }
        let answer = answered.await;
        answer.unwrap_or_else(|_| Err(away("nobody asks it any more")))
    }
}

fn run(query: &AccountQuery, asked: &Receiver<LookUp>) {
    let mut connection = None;
    for request in asked {
        let answer = look_up(query, &mut connection, &request.uid);
        // The caller may have given up.
        let _ = request.answer.send(answer);
    }
}

fn look_up(
    query: &AccountQuery,
    kept: &mut Option<Prepared>,
    uid: &[u8],
) -> Result<Account, NoAccount> {
    let was_used = kept.is_some();
    match ask(query, kept, uid) {
        // Servers close idle connections.
        Err(error) if was_used && !error.is_server_error() => {
            *kept = None;
            ask(query, kept, uid)
        }
        other => other,
    }
    .map_err(|error| {
        let problem = format!("xmpp.account_query: {error}");
        if error.is_server_error() {
            NoAccount::Failed(problem)
        } else {
            *kept = None;
            NoAccount::Unreachable(problem)
        }
    })
    .and_then(|row| account(query, row))
}

fn ask(
    query: &AccountQuery,
    kept: &mut Option<Prepared>,
    uid: &[u8],
) -> Result<Option<Row>, Error> {
    let Prepared {
        connection,
        statement,
    } = match kept {
        Some(prepared) => prepared,
        None => {
            let mut connection = Conn::new(options(&query.dsn))?;
            let statement = connection.prep(&query.sql)?;
            kept.insert(Prepared {
                connection,
                statement,
            })
        }
    };
    // The uid is the value of each `?`.
    let values = vec![Value::Bytes(uid.to_vec()); usize::from(statement.num_params())];
    connection.exec_first(&*statement, values)
}

fn account(query: &AccountQuery, row: Option<Row>) -> Result<Account, NoAccount> {
    let mut values = row.map(Row::unwrap).unwrap_or_default().into_iter();
    let account = values.next().and_then(text).filter(|name| !name.is_empty());
    let name = account.ok_or(NoAccount::None)?;
    let address = if name.contains('@') {
        Address::parse(&name)
    } else {
        Address::of_name(&name, &query.domain)
    };
    Ok(Account {
        address: address
            .map_err(|problem| NoAccount::Impossible(format!("the query's account: {problem}")))?,
        language: values.next().and_then(text),
    })
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::Bytes(bytes) => String::from_utf8(bytes).ok(),
        Value::Int(number) => Some(number.to_string()),
        Value::UInt(number) => Some(number.to_string()),
        _ => None,
    }
}

fn options(dsn: &MysqlDsn) -> OptsBuilder {
    let charset = dsn.charset.as_deref().unwrap_or("utf8mb4");
    let options = OptsBuilder::new()
        .ip_or_hostname(Some(dsn.host.clone()))
        .tcp_port(dsn.port)
        .user(dsn.user.clone())
        .pass(Some(dsn.password.expose()).filter(|p| !p.is_empty()))
        .db_name(Some(dsn.database.clone()))
        .prefer_socket(false)
        .tcp_connect_timeout(Some(CONNECT_TIMEOUT))
        .read_timeout(Some(QUERY_TIMEOUT))
        .write_timeout(Some(QUERY_TIMEOUT))
        .init(vec![
            // Its name was checked with the DSN.
            format!("SET NAMES {charset}"),
            "SET SESSION TRANSACTION READ ONLY".to_owned(),
        ]);
    let options = match &dsn.socket {
        Some(path) => options.socket(Some(path.to_string_lossy())),
        None => options,
    };
    let Some(files) = &dsn.tls else {
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

trait ServerError {
    /// Whether the server refused the statement, so that the connection can be used again.
    fn is_server_error(&self) -> bool;
}

impl ServerError for Error {
    fn is_server_error(&self) -> bool {
        // 08 is about the connection.
        matches!(self, Self::MySqlError(error) if !error.state.starts_with("08"))
    }
}
