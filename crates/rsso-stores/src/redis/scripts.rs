//! The Lua scripts: each is one atomic step, and is called by its hash.
//!
//! A server that does not have them is sent all of them, once.

use std::sync::LazyLock;

use redis::{Cmd, cmd};

use super::keys::Keys;

/// A script's text, and the hash that calls it.
struct Source {
    code: &'static str,
    hash: String,
}

macro_rules! scripts {
    ($($script:ident = $first:literal $(+ $more:literal)*;)*) => {
        /// A script.
        #[derive(Debug, Clone, Copy)]
        pub(super) enum Script {
            $($script,)*
        }

        impl Script {
            const ALL: &[Self] = &[$(Self::$script,)*];

            fn source(self) -> &'static Source {
                match self {
                    $(Self::$script => {
                        static SOURCE: LazyLock<Source> = LazyLock::new(|| Source::new(
                            concat!(include_str!($first) $(, include_str!($more))*)
                        ));
                        &SOURCE
                    })*
                }
            }
        }
    };
}

scripts! {
    Acquire = "lua/shared/lock.lua" + "lua/shared/record.lua" + "lua/shared/logins.lua" + "lua/acquire.lua";
    LockExisting = "lua/lock_existing.lua";
    Peek = "lua/shared/lock.lua" + "lua/shared/record.lua" + "lua/peek.lua";
    Commit = "lua/shared/lock.lua" + "lua/shared/record.lua" + "lua/shared/logins.lua" + "lua/commit.lua";
    Touch = "lua/shared/lock.lua" + "lua/shared/record.lua" + "lua/shared/logins.lua" + "lua/touch.lua";
    Release = "lua/release_unawaited.lua" + "lua/shared/lock.lua" + "lua/release.lua";
    FreeStale = "lua/shared/lock.lua" + "lua/free_stale.lua";
    SetOwner = "lua/shared/lock.lua" + "lua/set_owner.lua";
    Renew = "lua/shared/lock.lua" + "lua/shared/record.lua" + "lua/shared/logins.lua" + "lua/renew.lua";
    Destroy = "lua/shared/lock.lua" + "lua/shared/record.lua" + "lua/destroy.lua";
    Snapshot = "lua/reserve.lua" + "lua/shared/lock.lua" + "lua/shared/record.lua" + "lua/snapshot.lua";
    Apply = "lua/shared/lock.lua" + "lua/shared/record.lua" + "lua/shared/logins.lua" + "lua/shared/outbox.lua" + "lua/apply.lua";
    Unreserve = "lua/unreserve.lua";
}

impl Source {
    fn new(code: &'static str) -> Self {
        Self {
            code,
            hash: redis::Script::new(code).get_hash().to_owned(),
        }
    }
}

impl Script {
    /// Calls this script on a session's keys; the caller adds the arguments.
    pub(super) fn call(self, keys: &Keys) -> Cmd {
        let mut call = self.evalsha();
        let keys = keys.script_keys();
        call.arg(keys.len()).arg(&keys);
        call
    }

    /// Calls this script on a session's keys and another key behind them.
    pub(super) fn call_with_extra_key(self, keys: &Keys, extra: &str) -> Cmd {
        let mut call = self.evalsha();
        let keys = keys.script_keys();
        call.arg(keys.len() + 1).arg(&keys).arg(extra);
        call
    }

    /// Calls this script without keys.
    pub(super) fn call_without_keys(self) -> Cmd {
        let mut call = self.evalsha();
        call.arg(0);
        call
    }

    /// What calls this script.
    pub(super) fn hash(self) -> &'static str {
        &self.source().hash
    }

    fn evalsha(self) -> Cmd {
        // Room for the arguments of a call for one session.
        let mut call = Cmd::with_capacity(16, 640);
        call.arg("EVALSHA").arg(self.hash());
        call
    }

    /// The commands that load every script.
    pub(super) fn load_commands() -> Vec<Cmd> {
        Self::ALL
            .iter()
            .map(|script| {
                let mut load = cmd("SCRIPT");
                load.arg("LOAD").arg(script.source().code);
                load
            })
            .collect()
    }
}
