//! How many logins of a user live at once, and which of them make room.

/// What happens when a login is claimed and none is free.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnConflict {
    /// An older one makes room.
    #[default]
    Kick,
    /// The newcomer is turned away.
    Refuse,
}

/// Which login makes room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Victim {
    /// The one that was claimed first.
    #[default]
    Oldest,
    /// The one whose session was used least recently.
    Idle,
}

/// How many logins may live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Of one user; 0 is no limit.
    pub max_logins: u32,
    /// Of one user and device class; 0 is no limit.
    pub max_logins_per_device: u32,
    /// Of one user, whatever the others say: beyond it the oldest go.
    pub max_logins_hard: u32,
    /// What happens beyond them.
    pub on_conflict: OnConflict,
    /// To whom.
    pub victim: Victim,
    /// Replacements of one user within a minute; 0 is no limit, whatever the hour's is.
    pub storm_limit: u32,
    /// Replacements of one user within an hour; 0 is no limit.
    pub storm_limit_hour: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_logins: 1,
            max_logins_per_device: 0,
            max_logins_hard: 1000,
            on_conflict: OnConflict::Kick,
            victim: Victim::Oldest,
            storm_limit: 10,
            storm_limit_hour: 30,
        }
    }
}

/// A live login, as far as the decision goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The user's counter when it was claimed.
    pub sequence: i64,
    /// When its session will expire: the later, the more recently it was used.
    pub expires: i64,
    /// Whether it is of the newcomer's device class.
    pub same_device: bool,
}

/// How many logins one claim looks at where there is no limit, and how many it ends at most because of
/// [`Limits::max_logins_hard`].
pub const LOGINS_PER_CLAIM: usize = 8;

impl Limits {
    /// Whether a claim has to know which of the user's logins live.
    #[must_use]
    pub fn counts_live_logins(&self) -> bool {
        self.max_logins > 0 || self.max_logins_per_device > 0
    }

    /// How many of so many logins that stay are too many when one more comes, as far as one claim ends them.
    #[must_use]
    pub fn above_hard_limit(&self, staying: usize) -> usize {
        beyond(staying, self.max_logins_hard).min(LOGINS_PER_CLAIM)
    }

    /// The places in `live` of those that must make room for one more.
    #[must_use]
    pub fn victims(&self, live: &[Candidate]) -> Vec<usize> {
        let mut order: Vec<usize> = (0..live.len()).collect();
        order.sort_by_key(|at| match self.victim {
            Victim::Oldest => (0, live[*at].sequence),
            Victim::Idle => (live[*at].expires, live[*at].sequence),
        });
        let mut victims = Vec::new();
        // The device's limit first: who makes room there makes room for the user as well.
        let of_device = |at: &&usize| live[**at].same_device;
        let count = order.iter().filter(of_device).count();
        let excess = beyond(count, self.max_logins_per_device);
        victims.extend(order.iter().filter(of_device).take(excess));
        order.retain(|at| !victims.contains(at));
        let excess = beyond(order.len(), self.max_logins);
        victims.extend(order.iter().take(excess));
        victims
    }
}

/// How many of `count` are too many when one more comes.
fn beyond(count: usize, limit: u32) -> usize {
    match usize::try_from(limit) {
        Ok(0) | Err(_) => 0,
        Ok(limit) => (count + 1).saturating_sub(limit),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn candidates() -> impl Strategy<Value = Vec<Candidate>> {
        proptest::collection::vec((0_i64..50, any::<bool>()), 0..12).prop_map(|list| {
            list.into_iter()
                .enumerate()
                .map(|(at, (expires, same_device))| Candidate {
                    sequence: i64::try_from(at).unwrap(),
                    expires,
                    same_device,
                })
                .collect()
        })
    }

    proptest! {
        #[test]
        fn room_is_made_and_no_more_than_that(
            live in candidates(), max_logins in 0_u32..6, max_logins_per_device in 0_u32..4, idle: bool,
        ) {
            let victim = if idle { Victim::Idle } else { Victim::Oldest };
            let limits = Limits { max_logins, max_logins_per_device, victim, ..Limits::default() };
            let victims = limits.victims(&live);
            let staying = |same_only: bool| {
                let stays = |(at, c): &(usize, &Candidate)| !victims.contains(at) && (c.same_device || !same_only);
                u32::try_from(live.iter().enumerate().filter(stays).count()).unwrap() + 1
            };
            prop_assert!(max_logins == 0 || staying(false) <= max_logins);
            prop_assert!(max_logins_per_device == 0 || staying(true) <= max_logins_per_device);
            let needed = beyond(live.len(), max_logins)
                .max(beyond(live.iter().filter(|c| c.same_device).count(), max_logins_per_device));
            prop_assert!(victims.len() >= needed);
            // Without a device limit the victims are the first in order.
            if max_logins_per_device == 0 && !idle {
                prop_assert_eq!(victims, (0..needed).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn the_least_recently_used_makes_room() {
        let login = |sequence, expires| Candidate {
            sequence,
            expires,
            same_device: true,
        };
        let limits = Limits {
            victim: Victim::Idle,
            ..Limits::default()
        };
        assert_eq!(limits.victims(&[login(1, 30), login(2, 10)]), [1, 0]);
    }
}
