//! The bridge to XMPP: tells a user's client there that its login was kicked, that another one began, or what it
//! is notified of.
//!
//! ```text
//! delivery ─► accounts (whose, in which language) ─► message ─► link ─► stream ─► the user's server
//! ```
//!
//! It is an external component (XEP-0114) of a server: Prosody, ejabberd, Openfire.
//!
//! What always holds: a message counts as delivered when its client has answered a ping that was sent
//! behind it, or where it is silent the server, for a component gets no other receipt ([`window`]);
//! what was not proved so when the stream broke is sent again under the same id (at least once);
//! nothing that a uid, a label or a payload says can break the stream or reach another account;
//! every wait has a deadline and every queue a bound.

mod accounts;
mod address;
mod link;
mod message;
pub(crate) mod metrics;
mod orders;
mod query;
mod settings;
mod stream;
mod talk;
mod templates;
mod texts;
mod window;
mod wire;
mod xml;

#[cfg(test)]
mod tests;

use std::time::Duration;

use rsso_core::login::event::Kind;

use super::{Delivery, Sink, Verdict};
use accounts::{Account, Accounts, NoAccount};
use link::{Freight, Link, Outcome};
use message::Notice;
pub(crate) use settings::{Section, Settings};

/// What is of interest there: the intake's filter.
pub(crate) const KINDS: [Kind; 3] = [Kind::Kicked, Kind::Elsewhere, Kind::Message];

/// How long a delivery waits for the server to come back before it says so.
const PATIENCE: Duration = Duration::from_secs(5);

/// One server.
#[derive(Debug)]
pub(crate) struct Xmpp {
    settings: Settings,
    accounts: Accounts,
    link: Link,
}

impl Xmpp {
    /// Begins to connect; within a runtime.
    pub(crate) fn start(settings: Settings) -> std::io::Result<Self> {
        metrics::describe();
        let accounts = Accounts::start(&settings.accounts)?;
        let link = Link::start(settings.link.clone());
        Ok(Self {
            settings,
            accounts,
            link,
        })
    }

    async fn send(&self, delivery: &Delivery) -> Verdict {
        let notice = match Notice::read(&delivery.event) {
            Ok(notice) => notice,
            Err(problem) => return dead("impossible", problem),
        };
        if !KINDS.iter().any(|kind| notice.kind == kind.as_str()) {
            return dead("impossible", format!("{} is not for XMPP", notice.kind));
        }
        let account = match self.accounts.of(&notice.who).await {
            Ok(account) => account,
            Err(NoAccount::None) => {
                tracing::debug!(event = delivery.event_id, "the user has no XMPP account");
                metrics::message("no-account");
                return Verdict::Nobody;
            }
            Err(NoAccount::Impossible(problem)) => return dead("impossible", problem),
            Err(NoAccount::Failed(problem)) => return Verdict::Later(None, problem),
            Err(NoAccount::Unreachable(problem)) => return Verdict::Unreachable(problem),
        };
        match self.render(delivery, &notice, &account) {
            Ok(parcel) => self.carry(delivery, parcel).await,
            Err(problem) => dead("impossible", problem),
        }
    }

    fn render(
        &self,
        delivery: &Delivery,
        notice: &Notice,
        account: &Account,
    ) -> Result<Freight, String> {
        let resource = self.settings.resource.of(&notice.who)?;
        let address = account.address.with_resource(resource.as_deref())?;
        let texts = &self.settings.texts;
        let (language, body) = texts.body(notice, account.language.as_deref());
        let stanza = message::stanza(&message::Outline {
            id: &delivery.event_id,
            from: &self.settings.link.component,
            to: &address,
            language,
            body: &body,
            notice,
            event: &delivery.event,
        });
        Ok(Freight {
            id: delivery.event_id.clone(),
            stanza,
            end_session: self.settings.end_session && notice.is_kick() && address.has_resource(),
            to: address,
        })
    }

    async fn carry(&self, delivery: &Delivery, freight: Freight) -> Verdict {
        match self.link.carry(freight, PATIENCE).await {
            Outcome::Taken => {
                metrics::message("delivered");
                Verdict::Delivered
            }
            Outcome::Nobody(condition) => {
                tracing::debug!(event = delivery.event_id, condition, "nobody was there");
                metrics::message("nobody");
                Verdict::Nobody
            }
            Outcome::Refused(reason) => dead("refused", reason),
            Outcome::Broken(reason) => {
                metrics::message("postponed");
                Verdict::Unreachable(reason)
            }
        }
    }
}

impl Sink for Xmpp {
    fn is_here(&self) -> bool {
        self.link.is_here()
    }

    async fn deliver(&self, delivery: &Delivery) -> Verdict {
        self.send(delivery).await
    }
}

fn dead(result: &'static str, reason: String) -> Verdict {
    metrics::message(result);
    Verdict::Dead(reason)
}
