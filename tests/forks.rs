//! Forked children that never call rsso: a killed parent's lock is free at once, and a live parent keeps its lock.

use std::thread;
use std::time::Duration;

use crate::common::Backend;
use crate::common::php::php_without_cookies;
use crate::common::stores::on_each_store;
use nix::sys::signal::{self, Signal};
use nix::unistd::Pid;
use rsso_testkit::php::Running;
use rsso_testkit::{Php, WorkDir, eventually};

on_each_store!(
    &a_killed_parents_lock_is_free_while_its_child_lives,
    &a_killed_parents_lock_goes_to_a_waiter_while_its_child_lives,
    &a_parent_killed_while_it_waited_leaves_no_place_in_the_queue,
    &a_live_parent_keeps_its_lock_beside_a_child,
    &a_child_whose_parent_has_ended_loses_no_write,
);

const LIMIT: Duration = Duration::from_secs(20);

const NEXT: &str = "<?php session_id('held'); session_start(); echo $_SESSION['by'] ?? 'nobody';
    $_SESSION['by'] = 'the living';";

/// Forks while it holds the lock; the child sleeps until it is killed.
const PARENT: &str = "<?php session_id('held'); session_start(); $_SESSION['by'] = 'parent';
    if (($child = pcntl_fork()) === 0) { sleep(60); exit; }
    echo \"$child\\n\"; flush();
    pcntl_waitpid($child, $status); echo \"gone\\n\"; flush(); sleep(60);";

/// The forked child of a script; killed on drop.
struct Child(Pid);

impl Child {
    fn of(parent: &mut Running) -> Self {
        Self(Pid::from_raw(parent.line().parse().expect("a pid")))
    }

    fn lives(&self) -> bool {
        signal::kill(self.0, None).is_ok()
    }

    fn kill(&self) {
        let _gone = signal::kill(self.0, Signal::SIGKILL);
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill();
    }
}

fn php(backend: &Backend, dir: &WorkDir) -> Php {
    php_without_cookies(&backend.handler(), dir.path()).limit(LIMIT)
}

fn a_killed_parents_lock_is_free_while_its_child_lives(backend: &Backend) {
    let dir = WorkDir::new();
    let php = php(backend, &dir).ini("rsso.lock_wait", "10");
    let mut parent = php.spawn_code(PARENT);
    let child = Child::of(&mut parent);
    parent.kill9();
    assert_eq!(php.run_code(NEXT).ok(), "nobody");
    assert!(child.lives());
}

fn a_killed_parents_lock_goes_to_a_waiter_while_its_child_lives(backend: &Backend) {
    let dir = WorkDir::new();
    let php = php(backend, &dir).ini("rsso.lock_wait", "10");
    let mut parent = php.spawn_code(PARENT);
    let child = Child::of(&mut parent);
    let waiting = php.spawn_code(NEXT);
    thread::sleep(Duration::from_millis(500));
    parent.kill9();
    assert_eq!(waiting.wait().ok(), "nobody");
    assert!(child.lives());
}

/// A parent that gave up keeps its place in the queue, which the child must not inherit.
fn a_parent_killed_while_it_waited_leaves_no_place_in_the_queue(backend: &Backend) {
    let dir = WorkDir::new();
    let php = php(backend, &dir).ini("rsso.lock_wait", "10");
    let mut owner = php.spawn_code(
        "<?php session_id('held'); session_start(); echo \"held\\n\"; flush(); sleep(60);",
    );
    assert_eq!(owner.line(), "held");
    let mut parent = php.spawn_code(
        "<?php ini_set('rsso.lock_wait', '0.2'); session_id('held');
         try { session_start(); exit('locked'); } catch (Rsso\\LockTimeoutException) {}
         if (($child = pcntl_fork()) === 0) { sleep(60); exit; }
         echo \"$child\\n\"; flush(); sleep(60);",
    );
    let child = Child::of(&mut parent);
    parent.kill9();
    owner.kill9();
    assert_eq!(php.run_code(NEXT).ok(), "nobody");
    assert!(child.lives());
}

fn a_live_parent_keeps_its_lock_beside_a_child(backend: &Backend) {
    let dir = WorkDir::new();
    let php = php(backend, &dir).ini("rsso.lock_wait", "0.3");
    let mut parent = php.spawn_code(PARENT);
    let child = Child::of(&mut parent);
    let locked_out = "<?php session_id('held');
        try { session_start(); echo 'in'; } catch (Rsso\\LockTimeoutException) { echo 'waits'; }";
    assert_eq!(php.run_code(locked_out).ok(), "waits");
    assert!(child.lives());
    child.kill();
    assert_eq!(parent.line(), "gone");
    assert_eq!(php.run_code(locked_out).ok(), "waits");
}

/// A script that becomes a daemon: the child does not use its parent's connections.
fn a_child_whose_parent_has_ended_loses_no_write(backend: &Backend) {
    let dir = WorkDir::new();
    let php = php(backend, &dir);
    let end = dir.join("end");
    let mut parent = php.spawn_code(&format!(
        "<?php $write = function ($n) {{ session_id('daemon'); session_start(); $_SESSION['n'] = $n; session_write_close(); }};
         $write(1);
         if (($child = pcntl_fork()) !== 0) {{ echo \"$child\\n\"; exit; }}
         $write(2); touch('{0}-2'); while (!file_exists('{0}')) usleep(1000);
         $write(3); touch('{0}-3'); sleep(60);",
        end.display()
    ));
    let _child = Child::of(&mut parent);
    let stored = |n: &str| {
        let file = dir.join(&format!("end-{n}"));
        eventually("the child has written", LIMIT, || {
            file.exists().then_some(())
        });
    };
    let read = "<?php session_id('daemon'); session_start(['read_and_close' => true]); echo $_SESSION['n'];";
    stored("2");
    // Each of these would be the last to close the database, if rsso did not know of the child.
    assert_eq!(php.run_code(read).ok(), "2");
    assert_eq!(php.run_code(read).ok(), "2");
    dir.write("end", "");
    stored("3");
    assert_eq!(php.run_code(read).ok(), "3");
}
