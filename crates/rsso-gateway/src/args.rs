//! What the user typed. What the program makes of it is in `config`.

use std::path::PathBuf;

use clap::{Args as Group, Parser, Subcommand};

const EXIT_CODES: &str = "\
Exit codes: 0 done, 1 the store failed, 2 wrong usage.

Environment (a flag wins): RSSO_DSN, RSSO_PASSWORD, RSSO_PASSWORD_FILE, RSSO_PREFIX.
Everybody on the machine can read a command line: give the password in RSSO_PASSWORD_FILE.";

/// Looks after the store where rsso keeps PHP's sessions.
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
    #[command(subcommand)]
    Schema(Schema),
}

/// Remove expired sessions, in small batches, beside the running site
#[derive(Debug, Group)]
pub(crate) struct Gc {
    #[command(flatten)]
    pub(crate) store: Store,

    /// An existing table instead of rsso's own, as rsso.mysql_table
    #[arg(long, value_name = "TABLE")]
    pub(crate) mysql_table: Option<String>,

    /// Its columns, as rsso.mysql_columns: id=COLUMN,data=COLUMN,time=COLUMN
    #[arg(long, value_name = "COLUMNS")]
    pub(crate) mysql_columns: Option<String>,

    /// With time=COLUMN: seconds that a session lives, as session.gc_maxlifetime
    #[arg(long, value_name = "SECONDS", default_value_t = 1440,
          value_parser = clap::value_parser!(u64).range(1..=u64::from(u32::MAX)))]
    pub(crate) lifetime: u64,

    /// How long one statement may take, as rsso.read_timeout
    #[arg(long, value_name = "SECONDS", default_value = "10")]
    pub(crate) read_timeout: String,

    /// Say nothing unless it fails
    #[arg(long, short, conflicts_with = "json")]
    pub(crate) quiet: bool,

    #[command(flatten)]
    pub(crate) form: Form,
}

/// Show or create the tables
#[derive(Debug, Subcommand)]
pub(crate) enum Schema {
    #[command(after_help = EXIT_CODES)]
    Mysql(Mysql),
}

/// Print the tables for MySQL and MariaDB as SQL, or create them
#[derive(Debug, Group)]
pub(crate) struct Mysql {
    /// Create the tables that are missing; does no harm where they are there
    #[arg(long)]
    pub(crate) apply: bool,

    #[command(flatten)]
    pub(crate) store: Store,

    #[command(flatten)]
    pub(crate) form: Form,
}

/// Which store.
#[derive(Debug, Group)]
pub(crate) struct Store {
    /// The store, as rsso.dsn: mysql://user@host/database, sqlite:/path/to/file.db
    #[arg(long, value_name = "DSN")]
    pub(crate) dsn: Option<String>,

    /// A file that holds the store's password, as rsso.password_file
    #[arg(long, value_name = "PATH")]
    pub(crate) password_file: Option<PathBuf>,

    /// What the tables' names begin with, as rsso.prefix; rsso_ by default
    #[arg(long, value_name = "PREFIX")]
    pub(crate) prefix: Option<String>,
}

/// In which form to answer.
#[derive(Debug, Group)]
pub(crate) struct Form {
    /// Answer with one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

impl Args {
    pub(crate) fn json(&self) -> bool {
        match &self.command {
            Command::Gc(gc) => gc.form.json,
            Command::Schema(Schema::Mysql(mysql)) => mysql.form.json,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_arguments_contradict_nothing() {
        super::Args::command().debug_assert();
    }
}
