//! What somebody meant whose text is no DSN: other libraries' notations, bare addresses and paths,
//! and what php.ini makes of a value without quotes.
//!
//! What always holds: a hint repeats hosts, ports, names of databases and paths, never a user or a
//! password.

use crate::settings::nearest;

/// The schemes, for messages.
const SCHEMES: &str = "sqlite:/path/to/file.db, redis://host:port/db, rediss://host:port/db, \
                       redis+unix:///path/to/socket?db=N, mysql://user:password@host:port/database";

/// True where `text` begins with a scheme.
pub(super) fn looks_like(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, rest)| {
        (rest.starts_with("//") || scheme.eq_ignore_ascii_case("sqlite"))
            && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
    })
}

/// What is wrong with a text that has no scheme of rsso's.
pub(super) fn no_dsn(text: &str, scheme: Option<&str>) -> String {
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        return format!(
            "is the number {text:.20}, not a DSN: without double quotes php.ini calculates with '&', '|' and '^'"
        );
    }
    if let Some(meant) = meant(text, scheme) {
        return format!("is not a DSN of rsso's; write it as {meant}");
    }
    match scheme {
        Some(scheme) if looks_like(text) => {
            let known = ["sqlite", "redis", "rediss", "redis+unix", "mysql"];
            let meant = nearest(scheme, known).map(|known| format!(" (is {known} meant?)"));
            format!(
                "unknown scheme {scheme:.30}://{}; accepted are {SCHEMES}",
                meant.unwrap_or_default()
            )
        }
        _ => format!("is not a DSN; accepted are {SCHEMES}"),
    }
}

/// The same place in rsso's notation.
fn meant(text: &str, scheme: Option<&str>) -> Option<String> {
    let rest = |scheme: &str| text.get(scheme.len() + 1..).unwrap_or_default();
    match scheme {
        Some(scheme @ ("tcp" | "tls" | "ssl" | "redis+tls")) => {
            let (address, query) = split(rest(scheme).trim_start_matches('/'), '?');
            let scheme = if scheme == "tcp" { "redis" } else { "rediss" };
            Some(redis(scheme, address, query))
        }
        Some(scheme @ ("unix" | "redis+socket")) => {
            let path = split(rest(scheme).trim_start_matches('/'), '?').0;
            let path = safe(path, "/._-").unwrap_or("path/to/socket");
            Some(format!("redis+unix:///{path}"))
        }
        Some(scheme @ ("mysql" | "mysqli" | "mysql2" | "mariadb" | "pdo_mysql")) => {
            Some(mysql(rest(scheme)))
        }
        Some(scheme @ ("sqlite2" | "sqlite3" | "file")) => {
            let path = safe(rest(scheme).trim_start_matches('/'), "/._-");
            Some(format!("sqlite:/{}", path.unwrap_or("path/to/file.db")))
        }
        _ if text.starts_with('/') => {
            let path = safe(text, "/._-")?;
            match path.rsplit_once('.') {
                Some((_, "sock" | "socket")) => Some(format!("redis+unix://{path}")),
                _ => Some(format!("sqlite:{path}, if it is a file")),
            }
        }
        _ => bare_address(text),
    }
}

/// `host:port`, as phpredis and memcached take it; of several the first.
fn bare_address(text: &str) -> Option<String> {
    let (first, _) = split(text, ',');
    let (host, port) = first.rsplit_once(':')?;
    safe(host, ".-")?;
    match port.parse::<u16>().ok()? {
        3306 => Some(format!("mysql://user:password@{host}:3306/database")),
        11211 => None,
        port => Some(format!("redis://{host}:{port}")),
    }
}

/// `tcp://host:port?auth=…&database=N`, as phpredis takes it in `session.save_path`.
fn redis(scheme: &str, address: &str, query: &str) -> String {
    let address = safe(address.trim_end_matches('/'), ".-:[]").unwrap_or("host:6379");
    let pairs = || query.split('&').filter_map(|pair| pair.split_once('='));
    let password = pairs().any(|(name, _)| name.starts_with("auth"));
    let database = pairs().find(|(name, _)| *name == "database");
    let database = database.and_then(|(_, number)| number.parse::<u32>().ok());
    format!(
        "{scheme}://{}{address}{}",
        if password { ":password@" } else { "" },
        database.map_or(String::new(), |number| format!("/{number}"))
    )
}

/// `mysql:host=…;port=…;dbname=…`, as PDO takes it.
fn mysql(rest: &str) -> String {
    let pairs = || rest.split(';').filter_map(|pair| pair.split_once('='));
    let value = |wanted: &str| {
        let found = pairs().find(|(name, _)| name.trim() == wanted);
        found.and_then(|(_, value)| safe(value.trim(), "/._-"))
    };
    let port = value("port").map_or(String::new(), |port| format!(":{port}"));
    let socket = value("unix_socket").map_or(String::new(), |path| format!("?socket={path}"));
    format!(
        "mysql://user:password@{}{port}/{}{socket}",
        value("host").unwrap_or("localhost"),
        value("dbname").unwrap_or("database"),
    )
}

/// What a message may repeat: letters, digits and `others`, not too many.
fn safe<'a>(text: &'a str, others: &str) -> Option<&'a str> {
    let known = |c: char| c.is_ascii_alphanumeric() || others.contains(c);
    (!text.is_empty() && text.len() <= 100 && text.chars().all(known)).then_some(text)
}

fn split(text: &str, at: char) -> (&str, &str) {
    text.split_once(at).unwrap_or((text, ""))
}

/// What to add where a refused DSN looks like the beginning of a longer one.
pub(super) fn cut(text: &str) -> &'static str {
    const QUOTE: &str = "; if it is longer than that, php.ini has cut it: put it in double quotes there, or a \
                         ';' or '=' in it ends it";
    let (address, query) = split(text, '?');
    let ends_in_a_name = query.rsplit('&').next().is_some_and(|last| {
        !last.is_empty() && last.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
    });
    let authority = address
        .split_once("://")
        .map(|(_, rest)| split(rest, '/').0);
    let ends_in_a_password = authority.is_some_and(|authority| {
        let start = authority.rsplit_once(':');
        !text.contains('@')
            && start.is_some_and(|(host, port)| {
                host.is_empty() || !port.bytes().all(|b| b.is_ascii_digit())
            })
    });
    if ends_in_a_name || ends_in_a_password {
        QUOTE
    } else {
        ""
    }
}
