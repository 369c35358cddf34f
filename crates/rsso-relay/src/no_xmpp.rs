//! In place of the bridge to XMPP, if rsso was built without it (cargo feature `xmpp`).

use std::convert::Infallible;
use std::io;

use rsso_core::login::event::Kind;
use serde::{Deserialize, Deserializer};

use super::delivery::{Delivery, Sink, Verdict};

pub(crate) const EVENT_KINDS: [Kind; 0] = [];

/// The table `[xmpp]`, whatever it contains.
#[derive(Debug)]
pub struct XmppConfig;

impl<'de> Deserialize<'de> for XmppConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde::de::IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}

impl XmppConfig {
    /// Never: nothing of it is read.
    #[must_use]
    pub fn has_secrets(&self) -> bool {
        false
    }
}

/// The settings of the bridge, of which there are none.
#[derive(Debug)]
pub(crate) struct Settings(Infallible);

impl Settings {
    pub(crate) fn new(_: XmppConfig) -> rsso_core::Result<Self> {
        let problem = "this rsso was built without it (cargo feature xmpp)";
        Err(rsso_core::Error::config("[xmpp]", problem))
    }

    pub(crate) fn component(&self) -> &str {
        match self.0 {}
    }
}

#[derive(Debug)]
pub(crate) struct Xmpp(Infallible);

impl Xmpp {
    #[expect(clippy::needless_pass_by_value, reason = "the same as of the bridge")]
    pub(crate) fn start(settings: Settings) -> io::Result<Self> {
        match settings.0 {}
    }
}

impl Sink for Xmpp {
    async fn deliver(&self, _: &Delivery) -> Verdict {
        match self.0 {}
    }
}
