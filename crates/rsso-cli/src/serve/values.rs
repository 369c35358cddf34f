//! Reads single settings of `rsso serve`: where they come from, and what they may be.

use std::env;
use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;
use rsso_gateway::ListenAddress;

use crate::args::LogFormat;
use crate::output::Failure;

/// The value of an environment variable; `None` if it is empty.
pub(super) fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// The flag's value, or the variable's, or the file's.
pub(super) fn pick(
    flag: &Option<String>,
    variable_name: &str,
    file: Option<String>,
) -> Option<String> {
    flag.clone().or_else(|| variable(variable_name)).or(file)
}

/// The flag's list, or the variable's, or the file's, or an empty one.
pub(super) fn pick_list(
    flag: &Option<Vec<String>>,
    variable_name: &str,
    file: Option<Vec<String>>,
) -> Vec<String> {
    flag.clone()
        .or_else(|| variable(variable_name).map(|list| split(&list)))
        .or(file)
        .unwrap_or_default()
}

fn split(list: &str) -> Vec<String> {
    let parts = list.split([',', ' ']).filter(|part| !part.is_empty());
    parts.map(str::to_owned).collect()
}

pub(super) fn address(name: &str, text: &str) -> Result<ListenAddress, Failure> {
    ListenAddress::parse(text).map_err(|problem| Failure::Usage(format!("{name}: {problem}")))
}

/// A network, or a single address.
pub(super) fn network(text: &str) -> Option<IpNet> {
    let single = || text.parse::<IpAddr>().ok().map(IpNet::from);
    text.parse().ok().or_else(single)
}

/// Parses each text; `accepted` describes a good one.
pub(super) fn parse_all<T>(
    name: &str,
    texts: &[String],
    parse: impl Fn(&str) -> Option<T>,
    accepted: &str,
) -> Result<Vec<T>, Failure> {
    let parse = |text: &String| {
        parse(text).ok_or_else(|| Failure::Usage(format!("{name}: '{text}' is not {accepted}")))
    };
    texts.iter().map(parse).collect()
}

pub(super) fn at_least_one(
    name: &str,
    value: Option<u32>,
    default: usize,
) -> Result<usize, Failure> {
    match value {
        Some(0) => Err(Failure::Usage(format!("{name}: must be 1 or more"))),
        value => Ok(value.map_or(default, |value| value as usize)),
    }
}

pub(super) fn seconds(name: &str, value: Option<u32>, default: u32) -> Result<Duration, Failure> {
    match value.unwrap_or(default) {
        seconds @ 1..=3600 => Ok(Duration::from_secs(seconds.into())),
        _ => Err(Failure::Usage(format!("{name}: must be 1 to 3600 seconds"))),
    }
}

pub(super) fn log_format(
    flag: Option<LogFormat>,
    file: Option<LogFormat>,
) -> Result<LogFormat, Failure> {
    let of_variable = match variable("RSSO_LOG_FORMAT").as_deref() {
        None => None,
        Some("text") => Some(LogFormat::Text),
        Some("json") => Some(LogFormat::Json),
        Some(_) => {
            return Err(Failure::Usage(
                "RSSO_LOG_FORMAT: must be text or json".to_owned(),
            ));
        }
    };
    Ok(flag.or(of_variable).or(file).unwrap_or(LogFormat::Text))
}

pub(super) fn log_level(text: &str) -> Result<tracing::Level, Failure> {
    text.parse().map_err(|_| {
        Failure::Usage("--log-level: must be error, warn, info, debug or trace".to_owned())
    })
}
