//! The process of a lock's owner: on the same machine others see at once that it was killed.

use std::fs;
use std::sync::LazyLock;

use nix::errno::Errno;
use nix::sys::signal;
use nix::unistd::Pid;
use sha2::{Digest as _, Sha256};

/// A process of one machine or container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Process {
    pid_namespace: String,
    pid: i32,
}

/// Identifies the boot of this machine, and its namespace of process ids.
static OWN_PID_NAMESPACE: LazyLock<Option<String>> = LazyLock::new(|| {
    let boot = fs::read("/proc/sys/kernel/random/boot_id").ok()?;
    let namespace = fs::read_link("/proc/self/ns/pid").ok()?;
    let hash = Sha256::new()
        .chain_update(boot)
        .chain_update(namespace.as_os_str().as_encoded_bytes())
        .finalize();
    Some(data_encoding::BASE64URL_NOPAD.encode(&hash[..9]))
});

impl Process {
    /// This process; `None` if the system does not tell.
    pub(super) fn own() -> Option<Self> {
        Some(Self {
            pid_namespace: OWN_PID_NAMESPACE.clone()?,
            pid: i32::try_from(std::process::id()).ok()?,
        })
    }

    /// The text for a lock.
    pub(super) fn to_text(&self) -> String {
        format!("{}:{}", self.pid_namespace, self.pid)
    }

    /// Reads such a text.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (pid_namespace, pid) = text.split_once(':')?;
        Some(Self {
            pid_namespace: pid_namespace.to_owned(),
            pid: pid.parse().ok().filter(|pid| *pid > 0)?,
        })
    }

    /// Whether it exists; `None` if it runs elsewhere.
    ///
    /// If its number is in use again, it counts as existing.
    pub(super) fn exists(&self) -> Option<bool> {
        let here = OWN_PID_NAMESPACE.as_deref() == Some(&self.pid_namespace);
        here.then(|| signal::kill(Pid::from_raw(self.pid), None) != Err(Errno::ESRCH))
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_process_is_told_from_one_that_has_ended_and_from_one_elsewhere() {
        let own = Process::own().unwrap();
        assert_eq!(Process::parse(&own.to_text()), Some(own.clone()));
        assert_eq!(own.exists(), Some(true));
        let mut child = Command::new("true").spawn().unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        child.wait().unwrap();
        let ended = Process { pid, ..own };
        assert_eq!(ended.exists(), Some(false));
        let elsewhere = Process {
            pid_namespace: "elsewhere".to_owned(),
            ..ended
        };
        assert_eq!(elsewhere.exists(), None);
    }

    #[test]
    fn what_names_no_process_is_none() {
        for text in ["", "host", "host:", "host:x", "host:0", "host:-1"] {
            assert_eq!(Process::parse(text), None, "{text}");
        }
    }
}
