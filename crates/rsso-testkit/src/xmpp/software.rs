//! What differs between Prosody and ejabberd.

use std::process::Command;

use crate::tls::Certificates;
use crate::workdir::WorkDir;

/// An XMPP server's software.
#[derive(Debug)]
pub(super) struct Software {
    pub(super) name: &'static str,
    /// Writes its configuration.
    pub(super) prepare: fn(&Setup<'_>),
    pub(super) command: fn(&Setup<'_>) -> Command,
    /// Whether its log says that both ports are open.
    pub(super) is_ready: fn(&str, u16, u16) -> bool,
    /// A log file beside its output.
    pub(super) log: Option<&'static str>,
    /// What its log says if a port was taken by another process.
    pub(super) port_taken: &'static str,
}

/// The directory, ports and accounts of a server.
pub(super) struct Setup<'a> {
    pub(super) dir: &'a WorkDir,
    pub(super) client_port: u16,
    pub(super) component_port: u16,
    pub(super) accounts: &'a [String],
    /// If there are certificates, components connect with TLS.
    pub(super) certificates: Option<&'a Certificates>,
}
