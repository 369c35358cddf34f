//! What is different from software to software.

use std::process::Command;

use crate::tls::Certificates;
use crate::workdir::WorkDir;

/// An XMPP server's software.
#[derive(Debug)]
pub(super) struct Software {
    pub(super) name: &'static str,
    /// Writes its configuration.
    pub(super) prepare: fn(&Place<'_>),
    pub(super) command: fn(&Place<'_>) -> Command,
    /// Whether its log says that both ports are open.
    pub(super) is_ready: fn(&str, u16, u16) -> bool,
    /// A log beside what it prints.
    pub(super) log: Option<&'static str>,
    /// What stands in its log where a port was taken by somebody else.
    pub(super) port_taken: &'static str,
}

/// Where a server is, and whom it knows.
pub(super) struct Place<'a> {
    pub(super) dir: &'a WorkDir,
    pub(super) client_port: u16,
    pub(super) component_port: u16,
    pub(super) accounts: &'a [String],
    /// For components, which connect with TLS then.
    pub(super) certificates: Option<&'a Certificates>,
}
