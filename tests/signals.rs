//! Signals and stops of a process break no connection, cause no timeout, and cost no place in the queue.

use std::thread;
use std::time::{Duration, Instant};

use crate::common::Backend;
use crate::common::checkpoints::{release, wait_at, with_checkpoints};
use crate::common::php::php_without_cookies;
use crate::common::stores::on_each_store;
use nix::sys::signal::Signal;
use rsso_testkit::php::Running;
use rsso_testkit::{Php, RedisServer, WorkDir, eventually};

on_each_store!(
    &signals_change_nothing,
    &a_waiter_that_gets_signals_keeps_its_place,
    &stops_change_nothing,
    &a_process_that_gets_signals_ends_normally,
);

/// How long a process gets signals.
const SIGNALS_FOR: Duration = Duration::from_secs(10);

/// The pause between two signals.
const PAUSE: Duration = Duration::from_millis(10);

fn php(backend: &Backend, dir: &WorkDir) -> Php {
    php_without_cookies(&backend.handler(), dir.path())
        .env("CHECKPOINTS", &dir.path().display().to_string())
        .limit(Duration::from_secs(60))
}

/// PHP code that counts SIGUSR1 and prints warnings.
const HANDLE_SIGUSR1: &str = "pcntl_async_signals(true);
    pcntl_signal(SIGUSR1, function () { $GLOBALS['signals'] = ($GLOBALS['signals'] ?? 0) + 1; });
    set_error_handler(function ($level, $text) { echo $text, \"\\n\"; return true; });";

/// Sends SIGUSR1 repeatedly; returns how many.
fn send_signals(script: &Running, time: Duration) -> u32 {
    let started = Instant::now();
    let mut sent = 0;
    while started.elapsed() < time {
        script.signal(Signal::SIGUSR1);
        sent += 1;
        thread::sleep(PAUSE);
    }
    sent
}

/// A script that increments a session while `more` holds; prints lost updates and the number of signals.
fn count_while(more: &str) -> String {
    with_checkpoints(&format!(
        "{HANDLE_SIGUSR1} $i = 0; checkpoint('begin'); $end = microtime(true) + {};
         while ({more}) {{
             $i++; session_id('counter'); session_start();
             $_SESSION['n'] = ($_SESSION['n'] ?? 0) + 1;
             if ($_SESSION['n'] !== $i) echo 'lost at ', $i, ' ', $_SESSION['n'], \"\\n\";
             session_write_close();
         }}
         checkpoint('end'); session_id('counter'); session_start(); echo $_SESSION['n'] - $i, ' ', $signals ?? 0;",
        SIGNALS_FOR.as_secs()
    ))
}

fn signals_change_nothing(backend: &Backend) {
    let dir = WorkDir::new();
    let php = php(backend, &dir);
    let mut script = php.spawn_code(&count_while("microtime(true) < $end"));
    wait_at(&mut script, "begin");
    release(&dir, "begin");
    let sent = send_signals(&script, SIGNALS_FOR - Duration::from_millis(500));
    wait_at(&mut script, "end");
    release(&dir, "end");
    let output = script.wait().ok();
    let (missing, seen) = output.split_once(' ').unwrap();
    assert_eq!(missing, "0");
    // Signals are not queued, so a busy machine delivers two as one.
    assert!(seen.parse::<u32>().unwrap() > sent / 4, "{seen} of {sent}");
}

/// At its end PHP has removed its signal handlers, but the stores are not closed yet.
fn a_process_that_gets_signals_ends_normally(backend: &Backend) {
    let dir = WorkDir::new();
    let php = php(backend, &dir);
    let mut killed = 0;
    for round in 0..10 {
        let checkpoint = format!("end{round}");
        let mut script = php.spawn_code(&with_checkpoints(&format!(
            "{HANDLE_SIGUSR1} session_id('last'); session_start(); $_SESSION['n'] = 1; session_write_close();
             checkpoint('{checkpoint}');"
        )));
        wait_at(&mut script, &checkpoint);
        thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..300 {
                    script.signal(Signal::SIGUSR1);
                    thread::sleep(Duration::from_millis(1));
                }
            });
            release(&dir, &checkpoint);
        });
        killed += u32::from(!script.wait().status.success());
    }
    // PHP itself has a short moment without a handler, which a signal may hit.
    assert!(killed <= 3, "{killed} of 10 were killed");
}

fn a_waiter_that_gets_signals_keeps_its_place(backend: &Backend) {
    let dir = WorkDir::new();
    let php = php(backend, &dir);
    let come = |name: &str| {
        with_checkpoints(&format!(
            "{HANDLE_SIGUSR1} checkpoint('ready-{name}'); session_id('queue'); session_start();
             $_SESSION['order'] = ($_SESSION['order'] ?? '') . '{name}'; session_write_close();"
        ))
    };
    let mut owner = php.spawn_code(&with_checkpoints(
        "session_id('queue'); session_start(); checkpoint('held'); session_write_close();",
    ));
    wait_at(&mut owner, "held");
    let [mut first, mut second] = ["a", "b"].map(|name| php.spawn_code(&come(name)));
    for (script, name) in [(&mut first, "ready-a"), (&mut second, "ready-b")] {
        wait_at(script, name);
        release(&dir, name);
        // Wait until it is in the queue, before the next one comes.
        thread::sleep(Duration::from_millis(1000));
    }
    send_signals(&first, Duration::from_secs(2));
    release(&dir, "held");
    for script in [owner, first, second] {
        assert_eq!(script.wait().ok(), "");
    }
    let order = php
        .run_code("<?php session_id('queue'); session_start(); echo $_SESSION['order'];")
        .ok();
    assert_eq!(order, "ab");
}

/// The process is stopped repeatedly, each time for longer than any answer may take.
fn stops_change_nothing(backend: &Backend) {
    let dir = WorkDir::new();
    let php = php(backend, &dir).ini("rsso.read_timeout", "0.5");
    let mut script = php.spawn_code(&count_while("$i < 100000 && microtime(true) < $end"));
    wait_at(&mut script, "begin");
    release(&dir, "begin");
    for _ in 0..8 {
        thread::sleep(Duration::from_millis(103));
        script.signal(Signal::SIGSTOP);
        thread::sleep(Duration::from_millis(800));
        script.signal(Signal::SIGCONT);
    }
    wait_at(&mut script, "end");
    release(&dir, "end");
    assert_eq!(script.wait().ok(), "0 0");
}

/// The answer arrives while its reader is stopped, and the reader continues after its deadline.
#[test]
fn an_answer_in_time_counts_even_if_it_is_read_late() {
    let backend = Backend::redis();
    let Backend::Redis(redis) = &backend else {
        unreachable!("made above")
    };
    let dir = WorkDir::new();
    let php = php(&backend, &dir).ini("rsso.read_timeout", "2");
    let mut script = php.spawn_code(&with_checkpoints(
        "session('known', 1); checkpoint('here'); echo session('known', 2), session('known');",
    ));
    wait_at(&mut script, "here");
    redis.pause();
    release(&dir, "here");
    wait_for_unread_command(redis);
    script.signal(Signal::SIGSTOP);
    redis.resume();
    thread::sleep(Duration::from_millis(2500));
    script.signal(Signal::SIGCONT);
    assert_eq!(script.wait().ok(), "12");
}

/// Waits until the paused server has an unread command in its socket.
fn wait_for_unread_command(redis: &RedisServer) {
    // The kernel lists address, remote address, state and queues of each socket.
    let port = format!(":{:04X}", redis.port());
    let waiting = || {
        let list = std::fs::read_to_string("/proc/net/tcp").expect("every Linux has it");
        let unread = |line: &str| {
            let mut fields = line.split_whitespace().skip(1);
            let here = fields
                .next()
                .is_some_and(|address| address.ends_with(&port));
            let queues = fields.nth(2).and_then(|queues| queues.split_once(':'));
            here && queues.is_some_and(|(_, received)| received != "00000000")
        };
        list.lines().skip(1).any(unread).then_some(())
    };
    eventually("a command is sent", Duration::from_secs(2), waiting);
}
