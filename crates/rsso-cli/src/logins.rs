//! `rsso logins` lists a user's logins, `rsso kick` ends them.

use std::time::{SystemTime, UNIX_EPOCH};

use rsso_core::login::{self, Device, KickRequest, Login, LoginId, LoginSelector, User};
use serde_json::{Value, json};

use crate::args::{Kick, Logins, UserArgs};
use crate::config::Config;
use crate::output::{Failure, Output};
use crate::store;
use crate::text::{printable, time};

pub(crate) fn list(logins: &Logins, output: Output) -> Result<(), Failure> {
    let config = Config::of_store(&logins.store)?;
    let (user, device) = user_and_device(&config, &logins.user)?;
    let mut store = store::open(&config, "logins")?;
    let mut found = store.logins(&user).map_err(|error| config.failure(error))?;
    found.retain(|login| {
        device
            .as_ref()
            .is_none_or(|d| d.as_str() == login.identity.device)
    });
    let object = json!({
        "uid": user.uid.to_text(),
        "logins": found.iter().map(|login| object(login, now())).collect::<Vec<_>>(),
    });
    let rows: Vec<_> = found.iter().map(|login| row(login, now())).collect();
    let text = match rows.as_slice() {
        [] => format!("{} is not logged in", printable(&user.uid.to_text())),
        rows => table(rows),
    };
    output.answer(&text, &object)
}

pub(crate) fn kick(kick: &Kick, output: Output) -> Result<(), Failure> {
    let config = Config::of_store(&kick.store)?;
    let (user, device) = user_and_device(&config, &kick.user)?;
    let which = LoginSelector {
        device,
        login: kick
            .login
            .as_deref()
            .map(LoginId::parse)
            .transpose()
            .map_err(|error| config.failure(error))?,
        except: None,
    };
    let order = KickRequest {
        reason: login::check_reason(kick.reason.as_bytes())
            .map_err(|error| config.failure(error))?,
        tombstone_ttl: config.settings.logins.tombstone_ttl,
    };
    let mut store = store::open(&config, "kick")?;
    let kicked = store
        .kick(&user, &which, &order)
        .map_err(|error| config.failure(error))?;
    let logins = if kicked.len() == 1 { "login" } else { "logins" };
    let mut text = format!(
        "kicked {} {logins} of {}",
        kicked.len(),
        printable(&user.uid.to_text())
    );
    // With a wrong setting every user seems not to be signed in, so the settings are named.
    let looked_in = looked_in(&config, store.address());
    if kicked.is_empty() {
        text = format!("{text}, who has no such login in {looked_in}");
    }
    if kicked.len() < kick.expect {
        return Err(Failure::Store(format!(
            "{text}; {} expected{}",
            kick.expect,
            if kicked.is_empty() {
                String::new()
            } else {
                format!(", in {looked_in}")
            },
        )));
    }
    let object = json!({
        "uid": user.uid.to_text(),
        "kicked": kicked.iter().map(|kick| &kick.identity).collect::<Vec<_>>(),
        "realm": user.realm.as_str(),
        "prefix": config.settings.prefix,
        "store": store.address(),
    });
    output.answer(&text, &object)
}

/// Where the user was looked up.
fn looked_in(config: &Config, store: &str) -> String {
    let realm = config.settings.logins.realm.as_str();
    let prefix = match config.settings.prefix.as_deref() {
        Some(prefix) => format!("prefix '{prefix}'"),
        None => "the default prefix".to_owned(),
    };
    format!("realm '{realm}', {prefix}, store {store}")
}

fn user_and_device(config: &Config, args: &UserArgs) -> Result<(User, Option<Device>), Failure> {
    let device = args.device.as_deref().map(str::as_bytes).map(Device::parse);
    let user = config.settings.logins.user(args.uid.as_bytes());
    let user = user.map_err(|error| config.failure(error))?;
    let device = device.transpose().map_err(|error| config.failure(error))?;
    Ok((user, device))
}

fn object(login: &Login, now: i64) -> Value {
    let mut object = json!(login.identity);
    object["claimed_at"] = json!(login.more.claimed_at);
    object["last_seen_at"] = json!(login.last_seen_at(now));
    object["expires_at"] = json!(login.expires_at);
    object["ip"] = json!(login.more.ip);
    object["user_agent"] = json!(login.more.user_agent);
    let meta = login.more.meta.as_deref().unwrap_or("null");
    object["meta"] = serde_json::from_str(meta).unwrap_or(Value::Null);
    object
}

/// Id, begin, device, address, last use, end, label, user agent.
fn row(login: &Login, now: i64) -> [String; 8] {
    let (identity, more) = (&login.identity, &login.more);
    let text = |text: Option<&str>| text.map_or_else(|| "-".to_owned(), printable);
    let time_of = |at: Option<i64>| at.map_or_else(|| "-".to_owned(), time);
    [
        identity.login.to_string(),
        time(more.claimed_at),
        identity.device.clone(),
        text(more.ip.as_deref()),
        format!("seen {}", time_of(login.last_seen_at(now))),
        format!("until {}", time_of(login.expires_at)),
        text(identity.label.as_deref()),
        text(more.user_agent.as_deref()),
    ]
}

/// One line for each row, in columns.
fn table<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |at: usize| rows.iter().map(|row| row[at].chars().count()).max();
    let widths: [usize; N] = std::array::from_fn(|at| width(at).unwrap_or_default());
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(widths);
        let cells: Vec<_> = cells
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        cells.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The time in milliseconds since 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    i64::try_from(since.unwrap_or_default().as_millis()).unwrap_or(i64::MAX)
}
