//! What a promise is checked against: one act that was carried out.

use std::collections::{HashMap, HashSet};

use rsso_core::engine::{Plan, Snapshot};
use rsso_core::login::event::{Kind, LoginEvent, Moment};
use rsso_core::login::{LoginId, User, UserKey};

use crate::acts::{Act, Answer};
use crate::world::World;

/// One act that was carried out.
pub struct Step<'a> {
    pub act: &'a Act,
    pub answer: &'a Answer,
    pub moment: &'a Moment,
    pub snapshot: &'a Snapshot,
    pub plan: &'a Plan<()>,
    /// The store just before and just after.
    pub before: &'a World,
    pub after: &'a World,
    pub events: Vec<LoginEvent>,
    /// Why the store could not carry the plan out.
    pub wrong: Option<String>,
    pub users: &'a [User],
}

/// What a promise has to remember of the steps before.
#[derive(Default)]
pub struct Story {
    pub ended: HashMap<LoginId, usize>,
    pub event_ids: HashSet<String>,
    pub storms: HashMap<UserKey, [StormWindow; 2]>,
}

/// Whether a step keeps a promise; an error says what it did instead.
pub type Promise = fn(&Step<'_>, &mut Story) -> Result<(), String>;

/// Replacements within a minute or an hour.
#[derive(Debug, Clone, Copy, Default)]
pub struct StormWindow {
    pub since: i64,
    pub count: usize,
    pub raging: bool,
}

impl Step<'_> {
    /// The events of this kind.
    pub fn told(&self, kind: Kind) -> impl Iterator<Item = &LoginEvent> {
        let of_kind = move |event: &&LoginEvent| event.kind() == Some(kind);
        self.events.iter().filter(of_kind)
    }

    /// The logins that events of this kind are about.
    pub fn logins_told(&self, kind: Kind) -> Vec<LoginId> {
        self.told(kind)
            .map(|event| event.data.identity.login)
            .collect()
    }

    /// Whether events tell of this login's end.
    pub fn has_ended(&self, login: LoginId) -> bool {
        let mut ends = Kind::ENDS.into_iter();
        ends.any(|kind| self.logins_told(kind).contains(&login))
    }
}

/// An error with this text unless the condition holds.
pub fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise()) }
}
