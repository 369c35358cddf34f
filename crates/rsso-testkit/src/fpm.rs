//! A php-fpm pool on a unix socket.
//!
//! What always holds: the number of workers is constant, because a killed one is respawned. No php.ini of the machine is
//! read. Workers do not run as root even if the tests do.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sys::signal::{self, Signal};
use nix::unistd::{Pid, Uid};

use crate::handler::Handler;
use crate::php::{ini_arguments, php_version, require_module};
use crate::process::{Server, eventually, program, read_lossy};
use crate::workdir::{WEB_USER, WorkDir};

/// The configuration of a pool.
#[derive(Debug, Clone)]
pub struct FpmConfig {
    workers: usize,
    handler: Handler,
    user: Option<String>,
    ini: Vec<(String, String)>,
    /// Lines of the pool's file: `php_admin_value[name]` and its value.
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

    /// Sets the user of the workers; the default is www-data if the tests run as root.
    ///
    /// # Panics
    /// If the tests do not run as root.
    #[must_use]
    pub fn user(mut self, user: &str) -> Self {
        assert!(
            Uid::effective().is_root(),
            "workers run as {user} only where the tests run as root"
        );
        self.user = Some(user.to_owned());
        self
    }

    /// Adds a setting, which overrides earlier ones and those of the handler.
    #[must_use]
    pub fn ini(mut self, name: &str, value: &str) -> Self {
        self.ini.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds a setting to the pool's file; `kind` is `php_value` or `php_admin_value`.
    #[must_use]
    pub fn pool(mut self, kind: &str, name: &str, value: &str) -> Self {
        (self.pool).push((format!("{kind}[{name}]"), value.to_owned()));
        self
    }

    /// Adds a variable to the workers' environment, which is otherwise empty.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Loads a shared module of PHP; `package` is the Debian package that contains it.
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
    /// Starts the pool.
    ///
    /// # Panics
    /// With the log, if the pool does not start.
    pub fn start(config: &FpmConfig) -> Self {
        let dir = WorkDir::new();
        let save_dir = dir.web_dir("sessions");
        let pool = dir.write("fpm.conf", &pool_conf(config, dir.path()));
        let mut ini = config.handler.ini(&save_dir);
        ini.extend(["display_errors", "html_errors"].map(|name| (name.to_owned(), "0".to_owned())));
        ini.push(("log_errors".to_owned(), "1".to_owned()));
        ini.extend(config.ini.iter().cloned());
        let fpm = format!("php-fpm{}", php_version());
        let mut command = Command::new(program(&[&fpm, "php-fpm"], "php-fpm"));
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

    /// The default value of `session.save_path`.
    pub fn save_dir(&self) -> &Path {
        &self.save_dir
    }

    /// The pids of the current workers.
    pub fn worker_pids(&self) -> Vec<i32> {
        let master = self.server.pid();
        read_lossy(Path::new(&format!("/proc/{master}/task/{master}/children")))
            .split_whitespace()
            .map(|pid| pid.parse().expect("the kernel lists numbers"))
            .collect()
    }

    /// Kills one worker.
    ///
    /// # Panics
    /// If `pid` is not a worker of this pool.
    pub fn kill9_worker(&self, pid: i32) {
        assert!(
            self.worker_pids().contains(&pid),
            "{pid} is no worker of this pool"
        );
        let _gone = signal::kill(Pid::from_raw(pid), Signal::SIGKILL);
    }

    /// Everything that the pool and PHP have logged.
    pub fn error_log(&self) -> String {
        read_lossy(&self.dir.join("error.log")) + &self.server.log()
    }
}

impl Drop for PhpFpm {
    fn drop(&mut self) {
        // SIGTERM ends the workers, too, but one that hangs would outlive a killed master.
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
        // nginx's workers run as another user than the tests.
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
