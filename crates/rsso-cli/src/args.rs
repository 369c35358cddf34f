//! The arguments of the program, and its `--help`. `config` turns them into settings.

use std::convert::Infallible;
use std::path::PathBuf;

use clap::{Args as Group, Parser, Subcommand, ValueEnum};
use serde::Deserialize;

const EXIT_CODES: &str = "\
Exit codes: 0 done, 1 the store failed, 2 wrong usage.

Environment (a flag takes precedence): RSSO_DSN, RSSO_PASSWORD, RSSO_PASSWORD_FILE,
RSSO_PREFIX, RSSO_REALM, RSSO_UID_CASE; for `serve` also RSSO_LISTEN, RSSO_ADMIN_LISTEN,
RSSO_ORIGIN (a list), RSSO_TRUSTED_PROXIES (a list), RSSO_COOKIE, RSSO_CONFIG,
RSSO_LOG_LEVEL, RSSO_LOG_FORMAT.
Everybody on the machine can read a command line. Put the password into a file, and name
it in RSSO_PASSWORD_FILE.";

/// Administers the store where rsso keeps PHP's sessions, and tells browsers about their logins.
#[derive(Debug, Parser)]
#[command(name = "rsso", version, after_help = EXIT_CODES)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    #[command(after_help = EXIT_CODES)]
    Gc(Gc),
    #[command(after_help = EXIT_CODES)]
    Logins(Logins),
    #[command(after_help = EXIT_CODES)]
    Kick(Kick),
    #[command(after_help = EXIT_CODES)]
    Tail(Tail),
    #[command(after_help = EXIT_CODES)]
    Serve(Serve),
    #[command(after_help = EXIT_CODES)]
    Webhooks(Webhooks),
    #[command(subcommand)]
    Schema(Schema),
}

/// Remove expired sessions, in small batches, while the site is running
#[derive(Debug, Group)]
pub(crate) struct Gc {
    #[command(flatten)]
    pub(crate) store: StoreArgs,

    /// Print nothing unless it fails
    #[arg(long, short, conflicts_with = "json")]
    pub(crate) quiet: bool,

    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// List the live logins of a user
#[derive(Debug, Group)]
pub(crate) struct Logins {
    #[command(flatten)]
    pub(crate) user: UserArgs,

    #[command(flatten)]
    pub(crate) store: StoreArgs,

    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// End a user's logins: all of them, those of one device class, or one
#[derive(Debug, Group)]
pub(crate) struct Kick {
    #[command(flatten)]
    pub(crate) user: UserArgs,

    /// Only the login with this id
    #[arg(long, value_name = "ID")]
    pub(crate) login: Option<String>,

    /// The reason, which the kicked browser is told: 1 to 64 bytes
    #[arg(long, value_name = "TEXT", default_value = "kicked")]
    pub(crate) reason: String,

    /// Exit with 1 if fewer logins were ended
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pub(crate) expect: usize,

    #[command(flatten)]
    pub(crate) store: StoreArgs,

    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// Print the events of the outbox, oldest first
#[derive(Debug, Group)]
pub(crate) struct Tail {
    /// Only this user's events
    #[arg(long, value_name = "UID")]
    pub(crate) uid: Option<String>,

    /// Only events after this sequence
    #[arg(long, value_name = "SEQUENCE")]
    pub(crate) after: Option<String>,

    /// Continue with new events as they are written
    #[arg(long, short)]
    pub(crate) follow: bool,

    #[command(flatten)]
    pub(crate) store: StoreArgs,

    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// Run the gateway: send logins' events to browsers and other servers
#[derive(Debug, Group)]
pub(crate) struct Serve {
    /// Where to listen: an address and a port, or unix:/path/to.sock[?mode=0660]; default 127.0.0.1:8600
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<String>,

    /// Where to serve /metrics, /healthz and /readyz; default: at --listen
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) admin_listen: Option<String>,

    /// An origin whose pages may connect; repeatable. Default: pages of the host that the request is
    /// sent to
    #[arg(long, value_name = "ORIGIN")]
    pub(crate) origin: Option<Vec<String>>,

    /// The address or network of a proxy whose X-Forwarded-For is believed; repeatable
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) trusted_proxy: Option<Vec<String>>,

    /// The session's cookie, as session.name; default PHPSESSID
    #[arg(long, value_name = "NAME")]
    pub(crate) cookie: Option<String>,

    /// A TOML file with these settings and more
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Only check the configuration, the store, and whether PHP uses the same settings;
    /// --check=configuration does not contact the store
    #[arg(long, value_name = "WHAT", num_args = 0..=1, require_equals = true, default_missing_value = "store")]
    pub(crate) check: Option<Check>,

    /// The form of the log on stderr: text, or json, one object per line
    #[arg(long, value_name = "FORMAT")]
    pub(crate) log_format: Option<LogFormat>,

    /// The log's level: error, warn, info, debug, trace; default info
    #[arg(long, value_name = "LEVEL")]
    pub(crate) log_level: Option<String>,

    #[command(flatten)]
    pub(crate) store: StoreArgs,

    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// List events that wait for webhooks and other servers, and dead letters
#[derive(Debug, Group)]
pub(crate) struct Webhooks {
    /// The relay's file, as `spool` in the gateway's configuration
    #[arg(long, value_name = "FILE")]
    pub(crate) spool: PathBuf,

    /// The former name of `--spool`
    #[arg(long, hide = true, value_parser = former_spool)]
    state: Option<Infallible>,

    /// Only the endpoint with this name
    #[arg(long, value_name = "NAME")]
    pub(crate) endpoint: Option<String>,

    /// Try the dead letters again
    #[arg(long)]
    pub(crate) retry: bool,

    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

fn former_spool(_: &str) -> Result<Infallible, &'static str> {
    Err("it is called --spool now")
}

/// What `rsso serve --check` checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Check {
    /// The configuration and the store.
    Store,
    /// Only the configuration.
    Configuration,
}

/// The form of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// One line per entry, for people.
    Text,
    /// One JSON object per line, for programs.
    Json,
}

/// The user.
#[derive(Debug, Group)]
pub(crate) struct UserArgs {
    /// The application's user id
    #[arg(value_name = "UID")]
    pub(crate) uid: String,

    /// Only logins of this device class
    #[arg(long, value_name = "DEVICE")]
    pub(crate) device: Option<String>,
}

/// The store, and how its sessions and logins are read.
#[derive(Debug, Group)]
pub(crate) struct StoreArgs {
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,

    /// The namespace of users, as rsso.realm
    #[arg(long, value_name = "REALM")]
    pub(crate) realm: Option<String>,

    /// Whether user ids that differ only in case are one user, as rsso.uid_case: exact or fold
    #[arg(long, value_name = "CASE")]
    pub(crate) uid_case: Option<String>,

    /// An existing table instead of rsso's own, as rsso.mysql_table
    #[arg(long, value_name = "TABLE")]
    pub(crate) mysql_table: Option<String>,

    /// Its columns, as rsso.mysql_columns: id=COLUMN,data=COLUMN,time=COLUMN
    #[arg(long, value_name = "COLUMNS")]
    pub(crate) mysql_columns: Option<String>,

    /// For time=COLUMN: seconds that a session lives, as session.gc_maxlifetime
    #[arg(long, value_name = "SECONDS", default_value_t = 1440,
          value_parser = clap::value_parser!(u64).range(1..=u64::from(u32::MAX)))]
    pub(crate) lifetime: u64,

    /// Seconds that one statement may take, as rsso.read_timeout; default 10
    #[arg(long, value_name = "SECONDS")]
    pub(crate) read_timeout: Option<String>,
}

/// Print or create the tables
#[derive(Debug, Subcommand)]
pub(crate) enum Schema {
    #[command(after_help = EXIT_CODES)]
    Mysql(Mysql),
}

/// Print the tables for MySQL and MariaDB as SQL, or create them
#[derive(Debug, Group)]
pub(crate) struct Mysql {
    /// Create the missing tables; existing ones are not changed
    #[arg(long)]
    pub(crate) apply: bool,

    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,

    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// How to connect to the store.
#[derive(Debug, Group)]
pub(crate) struct ConnectionArgs {
    /// The store, as rsso.dsn: redis://host/0, mysql://user@host/database, sqlite:/path/to/file.db
    #[arg(long, value_name = "DSN")]
    pub(crate) dsn: Option<String>,

    /// A file that contains the store's password, as rsso.password_file
    #[arg(long, value_name = "PATH")]
    pub(crate) password_file: Option<PathBuf>,

    /// The beginning of the names of keys or tables, as rsso.prefix
    #[arg(long, value_name = "PREFIX")]
    pub(crate) prefix: Option<String>,
}

/// The form of the answer.
#[derive(Debug, Group)]
pub(crate) struct OutputArgs {
    /// Print JSON: one object; with `tail` one per line
    #[arg(long)]
    pub(crate) json: bool,
}

impl Args {
    pub(crate) fn json(&self) -> bool {
        match &self.command {
            Command::Gc(gc) => gc.output.json,
            Command::Logins(logins) => logins.output.json,
            Command::Kick(kick) => kick.output.json,
            Command::Tail(tail) => tail.output.json,
            Command::Serve(serve) => serve.output.json,
            Command::Webhooks(webhooks) => webhooks.output.json,
            Command::Schema(Schema::Mysql(mysql)) => mysql.output.json,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_arguments_do_not_contradict_each_other() {
        super::Args::command().debug_assert();
    }
}
