//! SQLite on a full disk and with a damaged file: the error is clear, and nothing stored is lost.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::common::php::php_without_cookies;
use rsso_testkit::{Handler, Php, WorkDir};

fn php(dir: &Path) -> Php {
    php_without_cookies(&Handler::Sqlite, dir)
}

/// A file system so small that it fills up.
struct SmallDisk(WorkDir);

impl SmallDisk {
    fn mount(size: &str) -> Self {
        let dir = WorkDir::new();
        let options = format!("size={size},mode=0700");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &options, "tmpfs"])
            .arg(dir.path())
            .status()
            .expect("run mount (Debian: mount)");
        assert!(
            mounted.success(),
            "a small file system needs root, as CI has it"
        );
        Self(dir)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _unmounted = Command::new("umount").arg(self.0.path()).status();
    }
}

#[test]
fn a_full_disk_is_reported_and_keeps_the_old_session() {
    let disk = SmallDisk::mount("1m");
    let php = php(disk.0.path());
    php.run_code("<?php session_id('kept'); session_start(); $_SESSION['word'] = 'old';")
        .ok();
    let full = php.run_code(
        "<?php session_id('kept'); session_start(); $_SESSION['word'] = str_repeat('x', 4000000);
         session_write_close(); echo 'page';",
    );
    assert_eq!(full.stdout, "page");
    assert!(
        full.stderr.contains("the disk or quota is full"),
        "{}",
        full.stderr
    );
    let read = "<?php session_id('kept'); session_start(); echo $_SESSION['word'];";
    assert_eq!(php.run_code(read).ok(), "old");
    // Writes work again as soon as there is room.
    php.run_code("<?php session_id('kept'); session_start(); $_SESSION['word'] = 'new';")
        .ok();
    assert_eq!(php.run_code(read).ok(), "new");
}

/// A statement that returns a row commits afterwards; the error of that commit is reported, too.
#[test]
fn a_new_session_that_does_not_fit_is_reported() {
    let disk = SmallDisk::mount("1m");
    let php = php(disk.0.path());
    php.run_code("<?php session_id('first'); session_start(); $_SESSION['n'] = 1;")
        .ok();
    let output = php.run_code(
        "<?php session_id('second'); session_start(); $_SESSION['word'] = bin2hex(random_bytes(100000));
         $dir = ini_get('session.save_path');
         file_put_contents(\"$dir/filler\", str_repeat('x', disk_free_space($dir) - 50000));
         session_write_close(); unlink(\"$dir/filler\");
         session_id('second'); session_start(['read_and_close' => true]); echo count($_SESSION);",
    );
    assert_eq!(output.stdout, "0");
    assert!(
        output.stderr.contains("the disk or quota is full"),
        "{}",
        output.stderr
    );
}

/// The log is truncated after failed changes, even while a worker has the database open.
#[test]
fn a_log_that_filled_the_disk_is_truncated() {
    let disk = SmallDisk::mount("4m");
    let php = php(disk.0.path());
    let output = php.run_code(
        "<?php
        $reported = 0;
        set_error_handler(function ($level, $text) use (&$reported) {
            $reported += str_contains($text, 'the disk or quota is full') ? 1 : 1000; return true; });
        $dir = ini_get('session.save_path');
        $visit = function ($id, $size) { session_id($id); session_start();
            $_SESSION['word'] = str_repeat('x', $size); session_write_close(); };
        $visit('kept', 100);
        // Another file leaves little room.
        file_put_contents(\"$dir/filler\", str_repeat('x', 2000000));
        for ($i = 0; $i < 3; $i++) { $visit('large', 3000000); }
        // With room again, the log is truncated, and large sessions can be stored.
        $visit('kept', 200);
        unlink(\"$dir/filler\");
        $visit('kept', 300);
        clearstatcache();
        $log = filesize(glob(\"$dir/rsso*-wal\")[0] ?? glob(\"$dir/*/rsso*-wal\")[0]);
        echo $reported, ' reported, log ', $log < 100000 ? 'small' : $log, ', ';
        $visit('large', 1500000);
        foreach (['kept', 'large'] as $id) { session_id($id); session_start(['read_and_close' => true]); echo strlen($_SESSION['word']), ' '; }
        echo $reported;",
    );
    assert_eq!(output.ok(), "3 reported, log small, 300 1500000 3");
}

#[test]
fn a_damaged_file_is_reported_with_the_way_out() {
    let dir = WorkDir::new();
    let own = dir.path().join("own");
    fs::create_dir(&own).unwrap();
    let php = php(&own);
    let visit = "<?php session_id('kept'); session_start(); echo $_SESSION['n'] = ($_SESSION['n'] ?? 0) + 1;";
    assert_eq!(php.run_code(visit).ok(), "1");
    let file = Handler::sqlite_file(&own).expect("a database");
    let size = fs::metadata(&file).unwrap().len();
    fs::write(&file, vec![0x5a; usize::try_from(size).unwrap()]).unwrap();
    let output = php.run_code(visit);
    assert!(
        output.stderr.contains("Rsso\\StoreException"),
        "{}",
        output.stderr
    );
    assert!(
        output.stderr.contains("the file is damaged: move it away"),
        "{}",
        output.stderr
    );
    // The advice works.
    for suffix in ["", "-wal", "-shm"] {
        let _absent = fs::remove_file(format!("{}{suffix}", file.display()));
    }
    assert_eq!(php.run_code(visit).ok(), "1");
}

/// A worker must not continue to write into a deleted database file.
#[test]
fn a_deleted_database_is_created_again() {
    let dir = WorkDir::new();
    let php = php(dir.path());
    let output = php.run_code(
        "<?php
        $visit = function () { session_id('kept'); session_start();
            $_SESSION['n'] = ($_SESSION['n'] ?? 0) + 1; $n = $_SESSION['n']; session_write_close(); return $n; };
        echo $visit(), $visit();
        $files = new RecursiveIteratorIterator(new RecursiveDirectoryIterator(ini_get('session.save_path'), FilesystemIterator::SKIP_DOTS));
        foreach ($files as $file) unlink($file);
        echo $visit(), $visit();",
    );
    assert_eq!(output.ok(), "1212");
    let after = php.run_code("<?php session_id('kept'); session_start(); echo $_SESSION['n'];");
    assert_eq!(after.ok(), "2");
}
