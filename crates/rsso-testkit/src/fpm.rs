//! A php-fpm pool of one's own, on a unix socket.
//!
//! Holds: as many workers as asked for, always (`pm = static`: a killed one is respawned); no php.ini of the machine is
//! read; workers do not run as root even where the tests do.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sys::signal::{self, Signal};
use nix::unistd::{Pid, Uid};

use crate::handler::Handler;
use crate::php::{ini_arguments, require_module};
use crate::process::{Server, eventually, program, read_lossy};
use crate::workdir::{WEB_USER, WorkDir};

/// What a pool runs with.
#[derive(Debug, Clone)]
pub struct FpmConfig {
    workers: usize,
    handler: Handler,
    user: Option<String>,
    ini: Vec<(String, String)>,
    /// Lines of the pool's own file: `php_admin_value[name]`, the value.
    pool: Vec<(String, String)>,
    env: Vec<(String, String)>,
}

impl FpmConfig {
    pub fn new(handler: Handler) -> Self {
        Self {
            workers: 4,
            handler,
            user: None,
            ini: Vec::new(),
            pool: Vec::new(),
            env: Vec::new(),
        }
    }

    #[must_use]
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers;
        self
    }

    /// Whom the workers run as. Left alone: www-data where the tests run as root, else the tests' own user.
    ///
    /// # Panics
    /// Without root, which alone can do that.
    #[must_use]
    pub fn user(mut self, user: &str) -> Self {
        assert!(
            Uid::effective().is_root(),
            "workers run as {user} only where the tests run as root"
        );
        self.user = Some(user.to_owned());
        self
    }

    /// Later settings win over earlier ones, and over those of the handler.
    #[must_use]
    pub fn ini(mut self, name: &str, value: &str) -> Self {
        self.ini.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A setting in the pool's own file; `kind` is `php_value` or `php_admin_value`.
    #[must_use]
    pub fn pool(mut self, kind: &str, name: &str, value: &str) -> Self {
        (self.pool).push((format!("{kind}[{name}]"), value.to_owned()));
        self
    }

    /// A variable of the workers' environment, which is otherwise empty.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A shared module of PHP and the Debian package that has it.
    #[must_use]
    pub fn module(self, module: &str, package: &str) -> Self {
        require_module(module, package);
        self.ini("extension", module)
    }
}

/// A running pool; stopped on drop.
#[derive(Debug)]
pub struct PhpFpm {
    // Before `dir`: the server is stopped while its directory still exists.
    server: Server,
    save_dir: PathBuf,
    dir: WorkDir,
}

impl PhpFpm {
    /// # Panics
    /// With the log, if the pool does not come up.
    pub fn start(config: &FpmConfig) -> Self {
        let dir = WorkDir::new();
        let save_dir = dir.web_dir("sessions");
        let pool = dir.write("fpm.conf", &pool_conf(config, dir.path()));
        let mut ini = config.handler.ini(&save_dir);
        ini.extend(["display_errors", "html_errors"].map(|name| (name.to_owned(), "0".to_owned())));
        ini.push(("log_errors".to_owned(), "1".to_owned()));
        ini.extend(config.ini.iter().cloned());
        let mut command = Command::new(program(&["php-fpm8.2", "php-fpm"], "php8.2-fpm"));
        command
            .arg("-n")
            .arg("--nodaemonize")
            .arg("--fpm-config")
            .arg(pool);
        command.args(ini_arguments(config.handler.is_rsso(), &ini));
        let mut server = Server::spawn("php-fpm", &mut command, &dir.join("stderr.log"));
        let error_log = dir.join("error.log");
        server.wait_ready(|| read_lossy(&error_log).contains("ready to handle connections"));
        Self {
            server,
            save_dir,
            dir,
        }
    }

    pub fn socket(&self) -> PathBuf {
        self.dir.join("fpm.sock")
    }

    /// `session.save_path`, unless the configuration said otherwise.
    pub fn save_dir(&self) -> &Path {
        &self.save_dir
    }

    /// The pids of the workers that live now.
    pub fn worker_pids(&self) -> Vec<i32> {
        let master = self.server.pid();
        read_lossy(Path::new(&format!("/proc/{master}/task/{master}/children")))
            .split_whitespace()
            .map(|pid| pid.parse().expect("the kernel lists numbers"))
            .collect()
    }

    /// SIGKILL for one worker.
    ///
    /// # Panics
    /// If `pid` is none of this pool's.
    pub fn kill9_worker(&self, pid: i32) {
        assert!(
            self.worker_pids().contains(&pid),
            "{pid} is no worker of this pool"
        );
        let _gone = signal::kill(Pid::from_raw(pid), Signal::SIGKILL);
    }

    /// Everything the pool and PHP have logged.
    pub fn error_log(&self) -> String {
        read_lossy(&self.dir.join("error.log")) + &self.server.log()
    }
}

impl Drop for PhpFpm {
    fn drop(&mut self) {
        // SIGTERM ends the workers too; one that hangs would outlive a killed master.
        let workers = self.worker_pids();
        self.server.stop();
        for pid in workers {
            let proc = format!("/proc/{pid}");
            let is_worker =
                || read_lossy(Path::new(&format!("{proc}/cmdline"))).starts_with("php-fpm: pool ");
            if fs::exists(&proc).unwrap_or(false) && is_worker() {
                let _gone = signal::kill(Pid::from_raw(pid), Signal::SIGKILL);
                eventually("a killed worker ends", crate::process::START_LIMIT, || {
                    (!is_worker()).then_some(())
                });
            }
        }
    }
}

fn pool_conf(config: &FpmConfig, dir: &Path) -> String {
    let dir = dir.display();
    let mut lines = vec![
        "[global]".to_owned(),
        format!("error_log = {dir}/error.log"),
        "[pool]".to_owned(),
        format!("listen = {dir}/fpm.sock"),
        // nginx's workers are another user than the tests.
        "listen.mode = 0666".to_owned(),
        "pm = static".to_owned(),
        format!("pm.max_children = {}", config.workers),
        "catch_workers_output = yes".to_owned(),
        "decorate_workers_output = no".to_owned(),
    ];
    if Uid::effective().is_root() {
        lines.push(format!(
            "user = {}",
            config.user.as_deref().unwrap_or(WEB_USER)
        ));
    }
    lines.extend(
        config
            .env
            .iter()
            .map(|(name, value)| format!("env[{name}] = \"{value}\"")),
    );
    lines.extend(
        config
            .pool
            .iter()
            .map(|(name, value)| format!("{name} = \"{value}\"")),
    );
    lines.join("\n") + "\n"
}
