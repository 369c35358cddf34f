//! The spool: what is in it after each step, and after a step that did not happen.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rsso_core::login::Realm;
use rsso_core::login::event::Position;
use rsso_testkit::WorkDir;
use rusqlite::Connection;

use super::limits::Limits;
use super::*;
use crate::backlog;
use crate::delivery::Delivery;

const PLENTY: Limits = Limits {
    pending: 1000,
    dead: 1000,
    age: 60_000,
};

fn numbers(spool: &Spool, names: &[&str]) -> Vec<i64> {
    let registered = spool.register_endpoints(names).unwrap();
    registered.into_iter().map(|endpoint| endpoint.id).collect()
}

fn cursor(position: u64) -> Cursor {
    Cursor {
        position: Position::from_number(position),
        at: 5,
        floor: 0,
        event_id: position.to_string(),
        in_gap: false,
    }
}

fn spooled(endpoints: &[i64], name: &str) -> SpooledEvent {
    SpooledEvent {
        endpoints: endpoints.to_vec(),
        event_id: name.to_owned(),
        position: "1".to_owned(),
        kind: "io.rsso.message.v1".to_owned(),
        event: "{}".to_owned(),
    }
}

struct Setup {
    dir: WorkDir,
    limits: Limits,
}

impl Setup {
    fn new(limits: Limits) -> Self {
        let dir = WorkDir::new();
        drop(Spool::open(&dir.join("state")).unwrap());
        Self { dir, limits }
    }

    /// What a gateway that was killed finds again.
    fn open(&self) -> Spool {
        Spool::open_with(&self.dir.join("state"), self.limits).unwrap()
    }
}

fn wanted(first_attempts: usize, retries: usize) -> Wanted {
    Wanted {
        first_attempts,
        retries,
    }
}

fn names(deliveries: &[Delivery]) -> Vec<&str> {
    deliveries.iter().map(|d| &*d.event_id).collect()
}

fn first_attempts(spool: &Spool, endpoint: i64) -> Vec<Delivery> {
    spool
        .due(endpoint, &HashSet::new(), wanted(100, 0))
        .unwrap()
        .first_attempts
}

#[test]
fn a_cursor_and_what_is_before_it_are_one_step() {
    let setup = Setup::new(PLENTY);
    let (realm, spool) = (Realm::default(), setup.open());
    assert_eq!(spool.cursor(&realm).unwrap(), None);
    let ids = numbers(&spool, &["a", "b"]);
    let events = [spooled(&ids, "1"), spooled(&ids[..1], "2")];
    spool.append(&realm, &cursor(2), &events).unwrap();
    // The endpoint 99 does not exist: nothing of this step may be seen.
    let broken = [spooled(&ids, "3"), spooled(&[99], "4")];
    assert!(spool.append(&realm, &cursor(4), &broken).is_err());
    let spool = setup.open();
    assert_eq!(spool.cursor(&realm).unwrap(), Some(cursor(2)));
    assert_eq!(names(&first_attempts(&spool, ids[0])), ["1", "2"]);
    assert_eq!(names(&first_attempts(&spool, ids[1])), ["1"]);
    assert_eq!((spool.pending(ids[0]), spool.pending(ids[1])), (2, 1));
}

#[test]
fn an_event_that_is_read_again_is_here_once() {
    let setup = Setup::new(PLENTY);
    let (realm, spool) = (Realm::default(), setup.open());
    let ids = numbers(&spool, &["a"]);
    for position in [1, 1] {
        let events = [spooled(&ids, "1")];
        spool.append(&realm, &cursor(position), &events).unwrap();
    }
    assert_eq!(
        (first_attempts(&spool, ids[0]).len(), spool.pending(ids[0])),
        (1, 1)
    );
}

#[test]
fn a_delivery_in_flight_is_not_due_and_survives_a_crash() {
    let setup = Setup::new(PLENTY);
    let spool = setup.open();
    let ids = numbers(&spool, &["a"]);
    let events = [spooled(&ids, "1"), spooled(&ids, "2"), spooled(&ids, "3")];
    spool
        .append(&Realm::default(), &cursor(3), &events)
        .unwrap();
    let first = spool
        .due(ids[0], &HashSet::new(), wanted(1, 1))
        .unwrap()
        .first_attempts;
    assert_eq!(names(&first), ["1"]);
    let in_flight = HashSet::from([first[0].id]);
    let second = spool
        .due(ids[0], &in_flight, wanted(1, 1))
        .unwrap()
        .first_attempts;
    assert_eq!(names(&second), ["2"]);
    // Sent, and killed before it was written down.
    assert_eq!(
        names(&first_attempts(&setup.open(), ids[0])),
        ["1", "2", "3"]
    );
    spool
        .record_outcome(ids[0], first[0].id, &Outcome::Delivered)
        .unwrap();
    let spool = setup.open();
    assert_eq!(names(&first_attempts(&spool, ids[0])), ["2", "3"]);
    assert_eq!(spool.pending(ids[0]), 2);
}

#[test]
fn a_retry_waits_for_its_time_and_delays_nothing() {
    let setup = Setup::new(PLENTY);
    let spool = setup.open();
    let ids = numbers(&spool, &["a"]);
    let events = [spooled(&ids, "1"), spooled(&ids, "2"), spooled(&ids, "3")];
    spool
        .append(&Realm::default(), &cursor(3), &events)
        .unwrap();
    let all = first_attempts(&spool, ids[0]);
    let when = now() + 50_000;
    let later = |due| Outcome::Retry {
        due,
        problem: "no".to_owned(),
    };
    spool
        .record_outcome(ids[0], all[0].id, &later(when))
        .unwrap();
    spool
        .record_outcome(ids[0], all[1].id, &later(now() - 1))
        .unwrap();
    let due = spool.due(ids[0], &HashSet::new(), wanted(5, 5)).unwrap();
    assert_eq!(
        (names(&due.first_attempts), names(&due.retries)),
        (vec!["3"], vec!["2"])
    );
    assert_eq!((due.next_at, due.retries[0].attempt), (Some(when), 1));
    assert_eq!(spool.pending(ids[0]), 3);
    // While the one is under way, the other's time still is known.
    let in_flight = HashSet::from([due.retries[0].id]);
    let due = spool.due(ids[0], &in_flight, wanted(0, 0)).unwrap();
    assert_eq!((due.retries.len(), due.next_at), (0, Some(when)));
}

#[test]
fn dead_letters_are_listed_and_retried() {
    let setup = Setup::new(PLENTY);
    let spool = setup.open();
    let ids = numbers(&spool, &["a", "b"]);
    let events = [spooled(&ids, "1"), spooled(&ids, "2")];
    spool
        .append(&Realm::default(), &cursor(2), &events)
        .unwrap();
    for delivery in first_attempts(&spool, ids[0]) {
        let dead = Outcome::Dead("answered 410".to_owned());
        spool.record_outcome(ids[0], delivery.id, &dead).unwrap();
    }
    assert_eq!(spool.pending(ids[0]), 0);
    let listed = backlog::list(&spool, 1).unwrap();
    assert_eq!((listed[0].pending, listed[0].dead), (0, 2));
    assert_eq!(listed[0].dead_letters.len(), 1);
    assert_eq!(listed[0].dead_letters[0].event, "2");
    assert_eq!(listed[0].dead_letters[0].attempts, 1);
    assert_eq!((listed[1].pending, listed[1].dead), (2, 0));
    assert_eq!(backlog::revive(&spool, Some("b")).unwrap(), 0);
    assert_eq!(backlog::revive(&spool, None).unwrap(), 2);
    let again = first_attempts(&spool, ids[0]);
    assert_eq!((names(&again), again[0].attempt), (vec!["1", "2"], 0));
}

#[test]
fn beyond_the_bound_the_oldest_are_given_up() {
    let setup = Setup::new(Limits {
        pending: 3,
        dead: 1,
        ..PLENTY
    });
    let spool = setup.open();
    let ids = numbers(&spool, &["a"]);
    let events: Vec<_> = (0..5).map(|n| spooled(&ids, &n.to_string())).collect();
    let given_up = spool
        .append(&Realm::default(), &cursor(5), &events)
        .unwrap();
    assert_eq!(given_up, 2);
    assert_eq!(names(&first_attempts(&spool, ids[0])), ["2", "3", "4"]);
    assert_eq!(backlog::list(&spool, 9).unwrap()[0].dead, 2);
    spool.prune().unwrap();
    let left = &backlog::list(&spool, 9).unwrap()[0];
    assert_eq!((left.pending, left.dead), (3, 1));
    assert_eq!(left.dead_letters[0].event, "1");
}

#[test]
fn a_delivery_that_waited_too_long_is_given_up_and_removed_later() {
    let setup = Setup::new(Limits { age: -1, ..PLENTY });
    let spool = setup.open();
    let ids = numbers(&spool, &["a"]);
    let events = [spooled(&ids, "1")];
    spool
        .append(&Realm::default(), &cursor(1), &events)
        .unwrap();
    // With this bound everything is old at once: it dies, and is removed in the same act.
    assert_eq!(spool.prune().unwrap(), 1);
    let left = &backlog::list(&spool, 9).unwrap()[0];
    assert_eq!((left.pending, left.dead), (0, 0));
}

#[test]
fn an_endpoint_that_is_gone_keeps_its_dead_letters() {
    let setup = Setup::new(PLENTY);
    let spool = setup.open();
    let ids = numbers(&spool, &["a", "b"]);
    let events = [spooled(&ids, "1")];
    spool
        .append(&Realm::default(), &cursor(1), &events)
        .unwrap();
    assert_eq!(numbers(&spool, &["b"]), ids[1..]);
    spool.prune().unwrap();
    let listed = backlog::list(&spool, 9).unwrap();
    assert_eq!((listed[0].configured, listed[0].dead), (false, 1));
    assert_eq!(backlog::revive(&spool, None).unwrap(), 0);
    // It comes back, and so do they.
    assert_eq!(numbers(&spool, &["a", "b"]), ids);
    assert_eq!(backlog::revive(&spool, None).unwrap(), 1);
}

/// For nobody else to read.
fn own(path: &Path) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn a_file_that_others_may_read_is_refused() {
    let dir = WorkDir::new();
    let path = dir.write("serve.db", "");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let problem = Spool::open(&path).unwrap_err();
    assert!(problem.contains("chmod 600"), "{problem}");
    own(&path);
    assert!(Spool::open(&path).is_ok());
}

#[test]
fn a_spool_that_another_process_uses_is_left_alone() {
    let dir = WorkDir::new();
    let path = dir.join("serve.db");
    let (ours, realm) = (Spool::open(&path).unwrap(), Realm::default());
    numbers(&ours, &["a"]);
    ours.append(&realm, &cursor(1), &[]).unwrap();
    let theirs = Spool::open(&path).unwrap();
    theirs.cursor(&realm).unwrap();
    theirs.append(&realm, &cursor(5), &[]).unwrap();
    let problem = ours.append(&realm, &cursor(3), &[]).unwrap_err();
    assert!(problem.to_string().contains("another process"), "{problem}");
    assert_eq!(ours.cursor(&realm).unwrap(), Some(cursor(5)));
    ours.append(&realm, &cursor(6), &[]).unwrap();
}

#[test]
fn a_file_that_is_not_a_spool_is_left_alone() {
    let dir = WorkDir::new();
    let path = dir.join("sessions.db");
    dir.write("sessions.db", "");
    own(&path);
    let other = Connection::open(&path).unwrap();
    other
        .execute_batch("CREATE TABLE rsso_sessions (id)")
        .unwrap();
    let problem = Spool::open(&path).unwrap_err();
    assert!(problem.contains("another program's"), "{problem}");
    let text = dir.write(
        "text",
        "this is no database, and long enough to be looked at",
    );
    own(&text);
    assert!(Spool::open(&text).is_err());
}

#[test]
fn only_its_owner_may_read_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let setup = Setup::new(PLENTY);
    let spool = setup.open();
    numbers(&spool, &["a"]);
    for name in ["state", "state-wal", "state-shm"] {
        let mode = std::fs::metadata(setup.dir.join(name)).unwrap();
        assert_eq!(mode.permissions().mode() & 0o777, 0o600, "{name}");
    }
}
