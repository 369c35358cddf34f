//! Messages to a user's logins.

use super::plan::Plan;
use super::planner::Planner;
use super::reads::{Act, Reads};
use super::snapshot::Snapshot;
use crate::login::event::{self, Kind, Moment};
use crate::login::{Device, UserKey};

/// Sends a message to a user's live logins. The answer is how many.
#[derive(Debug, Clone, Copy)]
pub struct SendMessage<'a> {
    /// The user.
    pub user: UserKey,
    /// Only to logins of this device class.
    pub device: Option<&'a Device>,
    /// The message: JSON, which stays as it is.
    pub payload: &'a str,
}

impl Act for SendMessage<'_> {
    type Answer = u64;

    fn reads(&self) -> Reads<'_> {
        Reads::all_logins(self.user)
    }

    fn decide(&self, snapshot: &Snapshot, moment: &Moment) -> Plan<u64> {
        let Some(user) = &snapshot.user else {
            return Plan::nothing(0);
        };
        let mut planner = Planner::new(moment);
        let logins = snapshot.logins.logins.iter();
        let (live, dead): (Vec<_>, Vec<_>) = logins.partition(|login| login.is_live());
        planner.expire(user, dead);
        let members = event::message_members(moment, self.payload);
        let mut count = 0;
        for login in live {
            if (self.device).is_none_or(|device| device.as_str() == login.device) {
                planner.tell_data(user, Kind::Message, &event::data(&login.identity, &members));
                count += 1;
            }
        }
        planner.plan(count)
    }
}
