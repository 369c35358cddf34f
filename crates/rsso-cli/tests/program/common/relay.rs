//! A gateway with a relay, and what `rsso webhooks` prints about it.

use std::path::PathBuf;
use std::time::Duration;

use super::backend::{Backend, program};
use super::{json, rsso};

use rsso_testkit::xmpp::{COMPONENT, DOMAIN, SECRET as XMPP_SECRET};
use rsso_testkit::{Gateway, WorkDir, XmppServer, eventually};
use serde_json::Value;

/// The signing secret of [`webhook`].
pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/// A secret that is not that of [`webhook`].
pub const OTHER_SECRET: &str = "whsec_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH";

/// The folder of one gateway, with its configuration, its secrets and its spool.
pub struct RelaySetup {
    pub dir: WorkDir,
}

impl RelaySetup {
    pub fn new() -> Self {
        Self {
            dir: WorkDir::new(),
        }
    }

    /// The path of the spool.
    pub fn spool(&self) -> PathBuf {
        self.dir.join("serve.db")
    }

    /// Writes a configuration with `spool` and these tables, and returns its path.
    pub fn configure(&self, tables: &str) -> String {
        use std::os::unix::fs::PermissionsExt as _;
        let spool = self.spool();
        let text = format!("spool = \"{}\"\n{tables}", spool.display());
        let path = self.dir.write("serve.toml", &text);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        path.display().to_string()
    }

    /// Starts a gateway, and waits until its relay delivers new events.
    pub fn gateway(&self, backend: &Backend, tables: &str) -> Gateway {
        let path = self.configure(tables);
        let dsn = backend.dsn();
        let arguments = ["--dsn", &dsn, "--config", &path, "--log-level", "debug"];
        let gateway = Gateway::start_ready(program(), &arguments);
        eventually("the relay begins", Duration::from_secs(20), || {
            gateway.log().contains("the relay begins").then_some(())
        });
        gateway
    }

    /// Runs `rsso webhooks`.
    pub fn webhooks(&self, arguments: &[&str]) -> Value {
        let spool = self.spool().display().to_string();
        let mut all = vec!["webhooks", "--json", "--spool", &spool];
        all.extend(arguments);
        json(&rsso(&all).ok())
    }

    /// Waits until an endpoint has this many pending deliveries and dead letters.
    #[track_caller]
    pub fn wait_for(&self, endpoint: usize, pending: i64, dead: i64) -> Value {
        let mut last = Value::Null;
        let end = std::time::Instant::now() + super::receiver::TIMEOUT;
        while std::time::Instant::now() < end {
            last = self.webhooks(&[])["endpoints"][endpoint].clone();
            if last["pending"] == pending && last["dead"] == dead {
                return last;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("not {pending} pending and {dead} dead: {last}");
    }
}

/// The configuration of a webhook named `hook`, with [`SECRET`] and these pauses between attempts.
pub fn webhook(url: &str, retry_schedule: &str, more: &str) -> String {
    format!(
        "[[webhook]]\nname = \"hook\"\nurl = \"{url}\"\nsecrets = [\"{SECRET}\"]\n\
         retry_schedule = {retry_schedule}\n{more}\n"
    )
}

/// The configuration of this XMPP server, to which users are known by their uid.
pub fn xmpp(server: &XmppServer, more: &str) -> String {
    let port = server.component_port();
    format!(
        "[xmpp]\nserver = \"127.0.0.1:{port}\"\ncomponent = \"{COMPONENT}\"\nsecret = \"{XMPP_SECRET}\"\n\
         account = \"{{uid}}@{DOMAIN}\"\n{more}\n"
    )
}

/// The signing key of [`mercure`].
pub const HUB_KEY: &str = "!ChangeThisMercureHubJWTSecretKey!";

/// The configuration of a Mercure hub named `hub`, with [`HUB_KEY`].
pub fn mercure(setup: &RelaySetup, url: &str, more: &str) -> String {
    let key = setup.dir.write_secret("hub.key", &format!("{HUB_KEY}\n"));
    format!(
        "[[mercure]]\nname = \"hub\"\nurl = \"{url}\"\nkey_file = \"{}\"\n{more}\n",
        key.display()
    )
}
