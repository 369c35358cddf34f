//! `rsso schema mysql`: prints the tables as SQL, or creates them.

use rsso_core::Dsn;
use rsso_stores::mysql::{MysqlStore, SCHEMA_VERSION, Tables};
use serde_json::json;

use crate::args::Mysql;
use crate::config::Config;
use crate::output::{Failure, Output};

pub(crate) fn mysql(args: &Mysql, output: Output) -> Result<(), Failure> {
    let config = Config::of_connection(&args.connection)?;
    match args.apply {
        true => apply(&config, output),
        false => print(&config, output),
    }
}

fn print(config: &Config, output: Output) -> Result<(), Failure> {
    let tables =
        Tables::new(config.settings.prefix.as_deref()).map_err(|error| config.failure(error))?;
    let steps = tables.steps();
    let script = format!(
        "-- rsso's tables, version {SCHEMA_VERSION}, for MySQL 8 and MariaDB 10.6 or newer.\n\
         -- May be run any number of times.\n\n{};",
        steps.join(";\n\n")
    );
    output.answer(
        &script,
        &json!({"version": SCHEMA_VERSION, "statements": steps}),
    )
}

fn apply(config: &Config, output: Output) -> Result<(), Failure> {
    let Dsn::Mysql(dsn) = config.dsn()? else {
        let name = config.source_of("rsso.dsn").unwrap_or("--dsn");
        return Err(Failure::Usage(format!(
            "{name}: must be mysql://user:password@host/database here"
        )));
    };
    let settings = &config.settings;
    let address = dsn.to_string();
    let mut store = MysqlStore::new(
        dsn,
        settings.prefix.as_deref(),
        None,
        settings.connect_timeout,
        settings.read_timeout,
        settings.logins.events(),
    )
    .map_err(|error| config.failure(error))?;
    store
        .create_tables()
        .map_err(|error| config.failure(error))?;
    output.answer(
        &format!("{address}: the tables are there (version {SCHEMA_VERSION})"),
        &json!({"applied": true, "version": SCHEMA_VERSION, "store": address}),
    )
}
