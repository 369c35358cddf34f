//! PHP as a command, with and without the extension.
//!
//! What always holds: no php.ini of the machine is read; all settings are those of the test.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::LazyLock;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use nix::sys::signal::{self, Signal};
use nix::unistd::Pid;

use crate::handler::Handler;
use crate::process::{eventually, program};
use crate::workdir::WorkDir;

/// The environment variable with the PHP under test; without it, that is `php`.
const PHP_ENV: &str = "PHP";

/// The environment variable with the extension under test; without it, that is the release build.
pub const EXTENSION_ENV: &str = "RSSO_EXTENSION";

/// The path of the extension under test.
///
/// # Panics
/// If it has not been built.
pub fn extension() -> PathBuf {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/release/librsso.so");
    let path = std::env::var_os(EXTENSION_ENV).map_or(built, PathBuf::from);
    path.canonicalize().unwrap_or_else(|error| {
        panic!(
            "no extension at {} ({error}): run `make build`",
            path.display()
        )
    })
}

/// The PHP under test.
///
/// # Panics
/// If there is none.
fn php_program() -> PathBuf {
    let name = std::env::var(PHP_ENV).unwrap_or_else(|_| "php".to_owned());
    program(&[&name], "php-cli")
}

/// The version of the PHP under test: "8.2".
///
/// # Panics
/// If there is none.
pub(crate) fn php_version() -> &'static str {
    static VERSION: LazyLock<String> = LazyLock::new(|| {
        let code = "<?php echo PHP_MAJOR_VERSION, '.', PHP_MINOR_VERSION;";
        Php::plain().run_code(code).ok()
    });
    &VERSION
}

/// The `-d` arguments for the extension and these settings, for PHP and php-fpm.
pub(crate) fn ini_arguments(with_extension: bool, ini: &[(String, String)]) -> Vec<String> {
    let mut settings = Vec::new();
    if with_extension {
        settings.push(("extension".to_owned(), extension().display().to_string()));
    }
    settings.extend(ini.iter().cloned());
    settings
        .into_iter()
        .flat_map(|(name, value)| {
            // Quoted, because `;`, `=`, `?` and `&` have a meaning in an INI value, and URLs contain them.
            let value = value.replace('\\', "\\\\").replace('"', "\\\"");
            ["-d".to_owned(), format!("{name}=\"{value}\"")]
        })
        .collect()
}

/// The settings of a PHP; [`Php::run_code`] and [`Php::spawn_code`] run a script with them.
#[derive(Debug, Clone)]
pub struct Php {
    extension: bool,
    ini: Vec<(String, String)>,
    env: Vec<(String, String)>,
    limit: Duration,
    user: Option<u32>,
}

/// The result of a script.
#[derive(Debug, Clone)]
pub struct Output {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl Php {
    /// PHP with the extension.
    #[expect(
        clippy::new_without_default,
        reason = "two constructors, neither the default"
    )]
    pub fn new() -> Self {
        Self {
            extension: true,
            ..Self::plain()
        }
    }

    /// PHP without the extension.
    pub fn plain() -> Self {
        let ini = [
            ("display_errors", "stderr"),
            ("log_errors", "0"),
            ("error_reporting", "-1"),
        ];
        Self {
            extension: false,
            ini: ini
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            env: Vec::new(),
            limit: Duration::from_secs(60),
            user: None,
        }
    }

    #[must_use]
    pub fn ini(mut self, name: &str, value: &str) -> Self {
        self.ini.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Uses this save handler; `save_dir` is where sessions may be kept on disk.
    #[must_use]
    pub fn handler(mut self, handler: &Handler, save_dir: &Path) -> Self {
        self.extension |= handler.is_rsso();
        self.ini.extend(handler.ini(save_dir));
        self
    }

    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets how long the script may take.
    #[must_use]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Runs as the user and group with this number; the tests must run as root.
    #[must_use]
    pub fn user(mut self, user: u32) -> Self {
        self.user = Some(user);
        self
    }

    /// Runs a script, which starts with `<?php`, to its end.
    ///
    /// # Panics
    /// If it takes longer than the limit; it is killed then.
    pub fn run_code(&self, code: &str) -> Output {
        self.spawn_code(code).wait()
    }

    /// Starts a script, which starts with `<?php`.
    pub fn spawn_code(&self, code: &str) -> Running {
        let dir = WorkDir::new();
        let script = dir.write("script.php", code);
        let mut running = self.spawn(&script, &[]);
        running.dir = Some(dir);
        running
    }

    /// Starts a script file.
    ///
    /// # Panics
    /// If PHP cannot be started.
    pub fn spawn(&self, script: &Path, args: &[&str]) -> Running {
        let mut command = Command::new(php_program());
        command
            .arg("-n")
            .args(ini_arguments(self.extension, &self.ini))
            .arg(script)
            .args(args)
            .envs(self.env.iter().map(|(name, value)| (name, value)));
        if let Some(user) = self.user {
            command.uid(user).gid(user);
        }
        Running::start(&mut command, self.limit)
    }
}

/// A running script; killed on drop.
#[derive(Debug)]
pub struct Running {
    child: Child,
    stdout: Option<BufReader<ChildStdout>>,
    stderr: Option<JoinHandle<String>>,
    limit: Duration,
    dir: Option<WorkDir>,
}

impl Running {
    /// Starts `command` without input; it may take as long as `limit`.
    ///
    /// # Panics
    /// If it cannot be started.
    pub(crate) fn start(command: &mut Command, limit: Duration) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        let stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let mut stderr = child.stderr.take().expect("stderr is piped");
        // A full pipe would block the script, so stderr is read while it runs.
        let stderr = thread::spawn(move || {
            let mut bytes = Vec::new();
            let _as_far_as_it_goes = stderr.read_to_end(&mut bytes);
            String::from_utf8_lossy(&bytes).into_owned()
        });
        Self {
            child,
            stdout: Some(stdout),
            stderr: Some(stderr),
            limit,
            dir: None,
        }
    }

    pub fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).expect("Linux pids fit an i32")
    }

    /// The next line that the script prints, without its newline.
    ///
    /// This waits as long as the script runs, so a script that waits needs its own deadline.
    ///
    /// # Panics
    /// If the script ends without one.
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        let stdout = self.stdout.as_mut().expect("only wait() takes it");
        let length = stdout
            .read_line(&mut line)
            .expect("the script prints UTF-8");
        assert!(length > 0, "the script ended: {:?}", self.child.wait());
        line.trim_end_matches('\n').to_owned()
    }

    /// Kills the script: no destructor and no shutdown function runs, and no session is written.
    pub fn kill9(mut self) {
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }

    pub fn signal(&self, signal: Signal) {
        // Only wait() reaps it, so the pid is still the script's.
        let _gone = signal::kill(Pid::from_raw(self.pid()), signal);
    }

    /// Waits for the end of the script.
    ///
    /// # Panics
    /// If the script takes longer than its limit; it is killed then.
    pub fn wait(mut self) -> Output {
        let mut stdout = self.stdout.take().expect("taken here only");
        let reader = thread::spawn(move || {
            let mut bytes = Vec::new();
            let _as_far_as_it_goes = stdout.read_to_end(&mut bytes);
            String::from_utf8_lossy(&bytes).into_owned()
        });
        let status = eventually("the script ends", self.limit, || {
            self.child.try_wait().expect("wait for an own child")
        });
        let stderr = self.stderr.take().expect("taken here only");
        Output {
            status,
            stdout: reader.join().expect("reading does not panic"),
            stderr: stderr.join().expect("reading does not panic"),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            let _gone = self.child.kill();
            let _status = self.child.wait();
        }
    }
}

impl Output {
    /// The standard output of a script that succeeded without any standard error.
    ///
    /// # Panics
    /// Otherwise, with all its output.
    pub fn ok(self) -> String {
        assert!(
            self.status.success() && self.stderr.is_empty(),
            "the script failed: {self:#?}"
        );
        self.stdout
    }
}

/// Panics if a shared module of PHP, such as `xml`, is not installed.
pub(crate) fn require_module(module: &str, package: &str) {
    let dir = Php::plain()
        .run_code("<?php echo ini_get('extension_dir');")
        .ok();
    let path = Path::new(&dir).join(format!("{module}.so"));
    assert!(
        fs::exists(&path).unwrap_or(false),
        "PHP has no module {module}: apt-get install {package}"
    );
}
