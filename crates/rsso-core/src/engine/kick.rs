//! Ending logins of a user.

use super::plan::Plan;
use super::planner::Planner;
use super::reads::{Act, Reads};
use super::snapshot::Snapshot;
use crate::login::event::{EventDetails, Moment};
use crate::login::{Kick, KickCode, KickRequest, Login, LoginSelector, UserKey};

/// Ends those of a user's live logins that the selector means.
#[derive(Debug, Clone, Copy)]
pub struct KickLogins<'a> {
    /// The user.
    pub user: UserKey,
    /// Which logins.
    pub which: &'a LoginSelector,
    /// The kick's reason, and how long its tombstones are kept.
    pub order: &'a KickRequest,
}

impl Act for KickLogins<'_> {
    type Answer = Vec<Kick>;

    fn reads(&self) -> Reads<'_> {
        Reads::all_logins(self.user)
    }

    fn decide(&self, snapshot: &Snapshot, moment: &Moment) -> Plan<Vec<Kick>> {
        let Some(user) = &snapshot.user else {
            return Plan::nothing(Vec::new());
        };
        let mut planner = Planner::new(moment);
        let logins = snapshot.logins.logins.iter();
        let (live, dead): (Vec<_>, Vec<_>) = logins.partition(|login| login.is_live());
        planner.expire(user, dead);
        let details = EventDetails::kick(moment, &self.order.reason, KickCode::Kicked);
        let mut kicks = Vec::new();
        for login in live {
            let means = |login: Login| self.which.means(&login.identity);
            if login.to_login().is_some_and(means) {
                kicks.extend(planner.kick(user, login, &details, self.order.tombstone_ttl));
            }
        }
        planner.plan(kicks)
    }
}
