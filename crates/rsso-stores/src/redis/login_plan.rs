//! A plan as the arguments of the script that applies it.

use redis::Cmd;

use super::commands::millis;
use super::keys;
use super::login_entry::encode_entry;
use super::login_snapshot::RedisSnapshot;
use super::record;
use rsso_core::engine::{Change, LoginState, Plan, SessionState, StoredKey, UserState};
use rsso_core::login::UserKey;
use rsso_core::login::policy::StormWindow;
use rsso_core::store::Version;

/// Adds what the plan rests on, its changes and its events.
///
/// `ordered` puts a new login into the order of the user's logins.
pub(super) fn add_plan(
    call: &mut Cmd,
    prefix: &str,
    seen: &RedisSnapshot,
    plan: &Plan<()>,
    ordered: bool,
) {
    call.arg(seen.users.len());
    for user in &seen.users {
        call.arg(&user.name)
            .arg(&user.act)
            .arg(&user.number)
            .arg(user.fields);
    }
    add_entries(call, seen, plan);
    let snapshot = &seen.snapshot;
    let sessions: Vec<&SessionState> = (snapshot.session.iter()).chain(&snapshot.target).collect();
    call.arg(sessions.len());
    for session in sessions {
        let generation = session.version.map(|version| version.generation);
        let login = session.login.as_ref().map(|(_, login)| login.id);
        call.arg(record_key(prefix, &session.key))
            .arg(generation.map_or(Vec::new(), |g| record::generation_bytes(g).to_vec()))
            .arg(login.map(|id| id.to_string()).unwrap_or_default());
    }
    call.arg(plan.events.len());
    for event in &plan.events {
        call.arg(&event.realm).arg(&event.json);
    }
    // The entry of a new login is written when its session is bound.
    let is_sent = |change: &&Change| !matches!(change, Change::AddLogin(..));
    call.arg(plan.changes.iter().filter(is_sent).count());
    for change in plan.changes.iter().filter(is_sent) {
        ChangeArguments {
            call,
            prefix,
            ordered,
        }
        .add(change);
    }
}

/// Adds the entries of the logins that are removed or bound anew.
fn add_entries(call: &mut Cmd, seen: &RedisSnapshot, plan: &Plan<()>) {
    let entries = plan.changes.iter().filter_map(|change| {
        let (user, login) = match change {
            Change::RemoveLogin(user, login) => (user, *login),
            Change::BindSession { user, login, .. } => (user, login.id),
            _ => return None,
        };
        Some((user, login, seen.entries.get(&login)?))
    });
    let entries: Vec<_> = entries.collect();
    call.arg(entries.len());
    for (user, login, entry) in entries {
        call.arg(user.to_text()).arg(login.to_string()).arg(entry);
    }
}

/// The arguments of one change.
struct ChangeArguments<'a> {
    call: &'a mut Cmd,
    prefix: &'a str,
    ordered: bool,
}

impl ChangeArguments<'_> {
    fn add(&mut self, change: &Change) {
        match change {
            Change::SaveUser(user) => self.save(user),
            Change::AddLogin(..) => {}
            Change::RemoveLogin(user, login) => {
                let (user, login) = (user.to_text(), login.to_string());
                self.call.arg("remove_login").arg(user).arg(login);
            }
            Change::CreateSession(key, version, ttl) => {
                self.record("create", key);
                self.call.arg(version_bytes(*version)).arg(millis(*ttl));
            }
            Change::CopySession {
                from,
                to,
                version,
                ttl,
            } => {
                self.record("copy", from);
                self.call
                    .arg(record_key(self.prefix, to))
                    .arg(version_bytes(*version))
                    .arg(millis(*ttl));
            }
            Change::RemoveSession(key, generation) => {
                self.record("remove", key);
                self.call.arg(&record::generation_bytes(*generation)[..]);
            }
            Change::BindSession {
                key, user, login, ..
            } => self.bind(key, user, login),
            Change::UnbindSession(key) => self.record("unbind", key),
            Change::RetireSession(key, grace) => {
                self.record("retire", key);
                self.call.arg(millis(*grace));
            }
            Change::AddTombstone(key, kick, ttl) => {
                self.record("add_tombstone", key);
                self.call.arg(kick).arg(millis(*ttl));
            }
            Change::RemoveTombstone(key) => self.record("remove_tombstone", key),
        }
    }

    fn record(&mut self, change: &str, key: &StoredKey) {
        self.call.arg(change).arg(record_key(self.prefix, key));
    }

    fn save(&mut self, user: &UserState) {
        let call = &mut *self.call;
        call.arg("save")
            .arg(user.key.to_text())
            .arg(&user.realm)
            .arg(&user.head)
            .arg(user.sequence);
        for window in [user.storm.minute, user.storm.hour] {
            let StormWindow {
                since,
                count,
                raging,
            } = window;
            call.arg(since).arg(count).arg(i32::from(raging));
        }
    }

    fn bind(&mut self, key: &StoredKey, user: &UserKey, login: &LoginState) {
        self.record("bind", key);
        self.call
            .arg(user.to_text())
            .arg(login.id.to_string())
            .arg(encode_entry(login))
            .arg(format!("{}\n{}", login.identity, login.metadata));
        match self.ordered {
            true => self.call.arg(login.sequence),
            false => self.call.arg(""),
        };
    }
}

fn record_key(prefix: &str, key: &StoredKey) -> String {
    keys::record(prefix, &String::from_utf8_lossy(&key.0))
}

fn version_bytes(version: Version) -> Vec<u8> {
    let generation = record::generation_bytes(version.generation);
    [&generation[..], &version.revision.0].concat()
}
