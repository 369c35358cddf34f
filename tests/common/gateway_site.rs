//! A web site with a gateway behind the same nginx, as docs/gateway.md describes it.

use std::path::Path;

use rsso_testkit::{FpmConfig, Gateway, Handler, Nginx, PhpFpm, WorkDir};

/// The nginx configuration that rsso ships.
const SNIPPET: &str = include_str!("../../examples/gateway/nginx.conf");

/// A running site: nginx, php-fpm and a gateway.
pub struct GatewaySite {
    pub nginx: Nginx,
    pub fpm: PhpFpm,
    pub gateway: Gateway,
}

impl GatewaySite {
    /// Serves the pages in `root`, which the workers may read; `locations` are further nginx directives.
    pub fn start(config: &FpmConfig, dsn: &str, root: &Path, locations: &str) -> Self {
        let fpm = PhpFpm::start(config);
        let gateway = Gateway::start_as_web_user(&["--dsn", dsn, "--trusted-proxy", "127.0.0.1"]);
        let socket = "server unix:/run/rsso/serve.sock;";
        assert!(SNIPPET.contains(socket), "where the gateway listens");
        let here = format!("server 127.0.0.1:{};", gateway.port());
        let outside = marked("outside").replace(socket, &here);
        let inside = format!("{}{locations}", marked("inside"));
        Self {
            nginx: Nginx::start_site(root, &fpm, &outside, &inside),
            fpm,
            gateway,
        }
    }

    /// Opens a page, and waits until the gateway has the store.
    ///
    /// Earlier browsers are told to come again.
    pub fn open(mut self, page: &str) -> Self {
        self.nginx.browser().get(page).ok();
        self.gateway.wait_ready();
        self
    }

    /// Asserts that no log has an error or an unexpected warning.
    pub fn assert_quiet(&self) {
        let logs = self.fpm.error_log() + &self.nginx.error_log();
        // Browsers ask for icons, and pages ask for missing files on purpose.
        let wrong = |line: &&str| line.contains("PHP ") || line.contains("[error]");
        let missing = |line: &&str| line.contains("(2: No such file or directory)");
        let wrong: Vec<_> = logs
            .lines()
            .filter(|line| wrong(line) && !missing(line))
            .collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
        let log = self.gateway.log();
        // The first visitor of a site may not be signed in.
        let unexpected = |line: &&str| {
            line.contains("WARN") && !line.contains("nobody has been signed in so far")
        };
        let warnings: Vec<_> = log.lines().filter(unexpected).collect();
        assert!(warnings.is_empty() || log.contains("ulimit"), "{log}");
    }
}

/// The part of the shipped configuration for this place.
fn marked(place: &str) -> &'static str {
    let mark = format!("# --- {place} of `server` ---");
    let (_, rest) = SNIPPET.split_once(&mark).expect("the mark is there");
    rest.split_once("# ---").expect("its end is there").0
}

/// A SQLite file that web servers may write; `dir` must outlive it.
pub fn sqlite(dir: &WorkDir) -> Handler {
    let file = dir.web_dir("sessions").join("rsso.sqlite");
    Handler::Dsn(format!("sqlite:{}", file.display()))
}
