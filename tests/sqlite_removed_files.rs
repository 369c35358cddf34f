//! Files of a SQLite database are removed while eight workers use it, and workers come and go.
//!
//! Every acknowledged write is stored, or its request got a warning.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;

use crate::common::php::php_without_cookies;
use rsso_testkit::php::Running;
use rsso_testkit::{Handler, Php, WorkDir, eventually};

const LIMIT: Duration = Duration::from_secs(60);
const WORKERS: usize = 8;
const REMOVALS: usize = 3;

/// Counts in four sessions until it is stopped, and notes each write.
///
/// `life` tells a session from a later one under the same id.
const WORKER: &str = "<?php
    $warned = false;
    set_error_handler(function () use (&$warned) { return $warned = true; });
    while (!file_exists($argv[1] . '/stop')) {
        $warned = false;
        $s = mt_rand(0, 3);
        try {
            session_id(\"counter$s\"); session_start();
            $life = $_SESSION['life'] ??= bin2hex(random_bytes(8));
            $n = $_SESSION['n'] = ($_SESSION['n'] ?? 0) + 1;
            usleep(500);
            session_write_close();
        } catch (Rsso\\RssoException $e) { $warned = true; }
        if (!$warned) file_put_contents($argv[2], \"$s $life $n\\n\", FILE_APPEND);
    }";

const FINAL: &str = "<?php for ($s = 0; $s < 4; $s++) {
        session_id(\"counter$s\"); session_start(['read_and_close' => true]);
        echo $s, ' ', $_SESSION['life'], ' ', $_SESSION['n'], \"\\n\";
    }";

struct Workers {
    dir: WorkDir,
    php: Php,
    script: PathBuf,
    running: Vec<Running>,
    started: usize,
}

impl Workers {
    fn start() -> Self {
        let dir = WorkDir::new();
        fs::create_dir(dir.path().join("own")).unwrap();
        let handler = Handler::Dsn(format!("sqlite:{}/own/s.db", dir.path().display()));
        let php = php_without_cookies(&handler, dir.path()).limit(LIMIT);
        let script = dir.write("worker.php", WORKER);
        let mut workers = Self {
            dir,
            php,
            script,
            running: Vec::new(),
            started: 0,
        };
        for _ in 0..WORKERS {
            workers.add();
        }
        workers.wait_for_progress();
        workers
    }

    fn file(&self, suffix: &str) -> PathBuf {
        self.dir.path().join(format!("own/s.db{suffix}"))
    }

    fn notes(&self, number: usize) -> PathBuf {
        self.dir.path().join(format!("acknowledged-{number}"))
    }

    fn add(&mut self) {
        let notes = self.notes(self.started);
        fs::write(&notes, "").unwrap();
        self.started += 1;
        let arguments = [text(self.dir.path()), text(&notes)];
        let running = self.php.spawn(
            &self.script,
            &[arguments[0].as_str(), arguments[1].as_str()],
        );
        self.running.push(running);
    }

    /// Kills the oldest worker and starts another.
    fn replace_one(&mut self) {
        self.running.remove(0).kill9();
        self.add();
    }

    /// Waits until each live worker has thirty more acknowledged writes.
    fn wait_for_progress(&self) {
        let live = self.started - self.running.len()..self.started;
        let counts = |_| -> Vec<usize> {
            let live = live.clone();
            live.map(|n| lines(&self.notes(n)).len()).collect()
        };
        let before = counts(());
        eventually("each worker goes on", LIMIT, || {
            let now = counts(());
            before
                .iter()
                .zip(now)
                .all(|(before, now)| now >= before + 30)
                .then_some(())
        });
    }

    /// Stops the workers, and compares their notes with the stored sessions.
    ///
    /// If the `database` was removed, its sessions have started again; otherwise each continues.
    fn check(mut self, database: bool) {
        self.dir.write("stop", "");
        for worker in self.running.drain(..) {
            worker.wait().ok();
        }
        let last: HashMap<_, _> = self
            .php
            .run_code(FINAL)
            .ok()
            .lines()
            .map(|line| {
                let (session, life, n) = note(line);
                (session, (life, n))
            })
            .collect();
        let mut seen: HashMap<(String, String, u64), usize> = HashMap::new();
        for worker in 0..self.started {
            let acknowledged = lines(&self.notes(worker));
            for line in &acknowledged {
                let (session, life, n) = note(line);
                assert!(
                    database || life == last[&session].0,
                    "{line} is lost, and all of its life: {last:?}"
                );
                if life == last[&session].0 {
                    assert!(n <= last[&session].1, "{line} is lost: {last:?}");
                }
                let before = seen.insert((session, life, n), worker);
                assert_eq!(before, None, "two updates became one: {line}");
            }
            // A worker that lived to the end has used the current database.
            if worker >= self.started - WORKERS {
                let (session, life, _) = note(acknowledged.last().unwrap());
                assert_eq!(life, last[&session].0, "worker {worker} went on elsewhere");
            }
        }
    }
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

fn lines(path: &Path) -> Vec<String> {
    let notes = fs::read_to_string(path).unwrap();
    // The last line of a killed worker may be incomplete.
    let whole = notes.rfind('\n').map_or("", |end| &notes[..end]);
    whole.lines().map(ToOwned::to_owned).collect()
}

fn note(line: &str) -> (String, String, u64) {
    let mut words = line.split(' ').map(ToOwned::to_owned);
    let mut word = || words.next().unwrap_or_else(|| panic!("a note: {line:?}"));
    (word(), word(), word().parse().unwrap())
}

fn remove_under_workers(suffixes: &[&str]) {
    let mut workers = Workers::start();
    for _ in 0..REMOVALS {
        for suffix in suffixes {
            // After the first removal, a worker may be creating the file again.
            let removed = fs::remove_file(workers.file(suffix));
            assert!(removed.is_ok() || *suffix != suffixes[0], "{removed:?}");
        }
        workers.replace_one();
        thread::sleep(Duration::from_millis(100));
        workers.replace_one();
        workers.wait_for_progress();
    }
    workers.check(suffixes.contains(&""));
}

#[test]
fn the_log_is_removed() {
    remove_under_workers(&["-wal"]);
}

#[test]
fn the_index_is_removed() {
    remove_under_workers(&["-shm"]);
}

#[test]
fn log_and_index_are_removed() {
    remove_under_workers(&["-wal", "-shm"]);
}

#[test]
fn the_lock_file_is_removed() {
    remove_under_workers(&["-lock"]);
}

#[test]
fn log_and_lock_file_are_removed() {
    remove_under_workers(&["-wal", "-lock"]);
}

#[test]
fn index_and_lock_file_are_removed() {
    remove_under_workers(&["-shm", "-lock"]);
}

#[test]
fn all_but_the_database_is_removed() {
    remove_under_workers(&["-wal", "-shm", "-lock"]);
}

#[test]
fn the_database_is_removed() {
    remove_under_workers(&[""]);
}

#[test]
fn all_is_removed() {
    remove_under_workers(&["", "-wal", "-shm", "-lock"]);
}

/// A byte of the lock file, locked as rsso locks it.
struct LockedByte(fs::File);

/// The lock of those who open the database, and the byte where they queue for it.
const OPENING: i64 = 1 << 62;
const OPENING_QUEUE: i64 = OPENING | 1 << 61;

fn flock(byte: i64) -> libc::flock {
    libc::flock {
        l_type: i16::try_from(libc::F_WRLCK).unwrap(),
        l_whence: i16::try_from(libc::SEEK_SET).unwrap(),
        l_start: byte,
        l_len: 1,
        l_pid: 0,
    }
}

impl LockedByte {
    fn take(path: &Path, byte: i64) -> Self {
        let file = fs::File::options().read(true).write(true).open(path);
        let file = file.unwrap();
        fcntl(&file, FcntlArg::F_OFD_SETLKW(&flock(byte))).unwrap();
        Self(file)
    }

    fn is_used_by_others(&self, byte: i64) -> bool {
        let mut lock = flock(byte);
        fcntl(&self.0, FcntlArg::F_OFD_GETLK(&mut lock)).unwrap();
        i32::from(lock.l_type) != libc::F_UNLCK
    }
}

/// A write waits to open the database again, and meanwhile the lock file goes, too.
#[test]
fn a_lock_on_a_file_that_is_removed_while_a_write_waits_is_none() {
    let dir = WorkDir::new();
    let handler = Handler::Dsn(format!("sqlite:{}/s.db", dir.path().display()));
    let php = php_without_cookies(&handler, dir.path()).limit(LIMIT);
    php.run_code("<?php session_id('one'); session_start(); $_SESSION['n'] = 1;")
        .ok();
    let add = "<?php session_id('one'); session_start(); ++$_SESSION['n'];";
    let slow =
        format!("{add} echo \"read\\n\"; flush(); while (!file_exists($argv[1])) usleep(1000);");
    let go_on = dir.join("go-on");
    let mut waiting = php.spawn(&dir.write("slow.php", &slow), &[&text(&go_on)]);
    assert_eq!(waiting.line(), "read");
    let lock_file = dir.join("s.db-lock");
    let opening = LockedByte::take(&lock_file, OPENING);
    for suffix in ["-wal", "-shm"] {
        fs::remove_file(dir.join(&format!("s.db{suffix}"))).unwrap();
    }
    dir.write("go-on", "");
    eventually("the write waits", LIMIT, || {
        opening.is_used_by_others(OPENING_QUEUE).then_some(())
    });
    fs::remove_file(&lock_file).unwrap();
    php.run_code(add).ok();
    drop(opening);
    let told = waiting.wait();
    let stored = php.run_code("<?php session_id('one'); session_start(); echo $_SESSION['n'];");
    assert_eq!(stored.ok(), "2");
    let warning = "another one has written since; its changes are not stored";
    assert!(
        told.stderr.contains(warning),
        "two updates became one: {told:?}"
    );
}

/// A worker that has stored a session and is idle until it ends.
struct IdleWorker {
    dir: WorkDir,
    php: Php,
    running: Running,
}

const READ: &str = "<?php session_id('kept'); session_start(); echo $_SESSION['n'] ?? 'nothing';";

impl IdleWorker {
    fn start() -> Self {
        let dir = WorkDir::new();
        let handler = Handler::Dsn(format!("sqlite:{}/s.db", dir.path().display()));
        let php = php_without_cookies(&handler, dir.path()).limit(LIMIT);
        let code =
            "<?php session_id('kept'); session_start(); $_SESSION['n'] = 7; session_write_close();
             echo \"stored\\n\"; flush(); while (!file_exists($argv[1])) usleep(1000);";
        let end = dir.join("end");
        let mut running = php.spawn(&dir.write("idle.php", code), &[&text(&end)]);
        assert_eq!(running.line(), "stored");
        Self { dir, php, running }
    }

    fn remove(&self, suffix: &str) {
        fs::remove_file(self.dir.join(&format!("s.db{suffix}"))).unwrap();
    }

    /// Asserts that a new process gets an error, because it must wait for this worker.
    fn assert_waited_for(&self) {
        let error = self.php.run_code(READ).stderr;
        assert!(error.contains("(-wal or -shm) was removed"), "{error}");
    }

    fn end(self) -> (WorkDir, Php) {
        self.dir.write("end", "");
        self.running.wait().ok();
        (self.dir, self.php)
    }
}

#[test]
fn an_idle_worker_that_ends_saves_the_removed_log() {
    for suffix in ["-wal", "-shm"] {
        let idle = IdleWorker::start();
        idle.remove(suffix);
        idle.assert_waited_for();
        let (_dir, php) = idle.end();
        assert_eq!(php.run_code(READ).ok(), "7");
    }
}

/// As if a minute had passed: others continue, and the idle worker does not disturb them.
#[test]
fn an_idle_worker_that_does_not_return_is_given_up() {
    for (suffix, found) in [("-shm", "7"), ("-wal", "nothing")] {
        let idle = IdleWorker::start();
        idle.remove(suffix);
        idle.assert_waited_for();
        let lock_file = idle.dir.join("s.db-lock");
        let record = fs::read_to_string(&lock_file).unwrap();
        let mut words: Vec<_> = record.split_whitespace().map(ToOwned::to_owned).collect();
        let since: u64 = words[3].parse().unwrap();
        words[3] = (since - 61).to_string();
        // Written in place, so that the file is the same.
        fs::write(&lock_file, format!("{:<255}\n", words.join(" "))).unwrap();
        assert_eq!(idle.php.run_code(READ).ok(), found);
        let change = "<?php session_id('kept'); session_start(); $_SESSION['n'] = 8;";
        idle.php.run_code(change).ok();
        let (_dir, php) = idle.end();
        assert_eq!(php.run_code(READ).ok(), "8");
    }
}
