//! Removing logins whose sessions are gone, for a store that looks for them.

use super::plan::Plan;
use super::planner::Planner;
use super::reads::{Act, LoginReads, Reads};
use super::snapshot::Snapshot;
use crate::login::UserKey;
use crate::login::event::Moment;

/// Removes those of a user's logins that have expired.
#[derive(Debug, Clone, Copy)]
pub struct RemoveExpired<'a> {
    /// The user.
    pub user: UserKey,
    /// The numbers of the logins to look at.
    pub numbers: &'a [i64],
}

impl Act for RemoveExpired<'_> {
    type Answer = ();

    fn reads(&self) -> Reads<'_> {
        Reads {
            user: Some(self.user),
            logins: LoginReads::Numbered(self.numbers),
            ..Reads::default()
        }
    }

    fn decide(&self, snapshot: &Snapshot, moment: &Moment) -> Plan<()> {
        let mut planner = Planner::new(moment);
        if let Some(user) = &snapshot.user {
            let logins = snapshot.logins.logins.iter();
            planner.expire(user, logins.filter(|login| !login.is_live()));
        }
        planner.plan(())
    }
}
