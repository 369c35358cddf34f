//! The scripts, each one atomic step, called by hash; a server that lost them is given them again.

use std::sync::LazyLock;

use redis::{Cmd, Script, cmd};

use super::keys::Keys;

/// A script by name.
#[derive(Debug, Clone, Copy)]
pub(super) enum Act {
    Acquire,
    Commit,
    Touch,
    Release,
    Free,
    Renew,
}

/// A script's text and the hash by which a server knows it.
struct Source {
    code: &'static str,
    hash: String,
}

macro_rules! script {
    ($file:literal) => {
        LazyLock::new(|| {
            let code = concat!(include_str!("lua/common.lua"), include_str!($file));
            Source {
                code,
                hash: Script::new(code).get_hash().to_owned(),
            }
        })
    };
}

static ACQUIRE: LazyLock<Source> = script!("lua/acquire.lua");
static COMMIT: LazyLock<Source> = script!("lua/commit.lua");
static TOUCH: LazyLock<Source> = script!("lua/touch.lua");
static RELEASE: LazyLock<Source> = script!("lua/release.lua");
static FREE: LazyLock<Source> = script!("lua/free.lua");
static RENEW: LazyLock<Source> = script!("lua/renew.lua");

impl Act {
    const ALL: [Self; 6] = [
        Self::Acquire,
        Self::Commit,
        Self::Touch,
        Self::Release,
        Self::Free,
        Self::Renew,
    ];

    fn source(self) -> &'static Source {
        match self {
            Self::Acquire => &ACQUIRE,
            Self::Commit => &COMMIT,
            Self::Touch => &TOUCH,
            Self::Release => &RELEASE,
            Self::Free => &FREE,
            Self::Renew => &RENEW,
        }
    }

    /// The call of this script on a session's keys; the caller adds the arguments.
    pub(super) fn call(self, keys: &Keys) -> Cmd {
        let mut call = cmd("EVALSHA");
        call.arg(self.source().hash.as_str());
        match self {
            Self::Commit => call.arg(5).arg(keys.all()).arg(keys.staging()),
            _ => call.arg(4).arg(keys.all()),
        };
        call
    }

    /// The commands that load every script.
    pub(super) fn load_all() -> Vec<Cmd> {
        Self::ALL
            .iter()
            .map(|act| {
                let mut load = cmd("SCRIPT");
                load.arg("LOAD").arg(act.source().code);
                load
            })
            .collect()
    }
}
