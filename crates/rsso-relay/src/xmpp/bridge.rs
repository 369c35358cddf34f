//! The endpoint: each delivery becomes a message to an account.

use std::time::Duration;

use rsso_core::login::event::Kind;

use super::account::{Account, NoAccount};
use super::accounts::Accounts;
use super::connection::Link;
use super::message::{self, Notice};
use super::metrics;
use super::queued_message::{Outcome, OutgoingMessage};
use super::settings::Settings;
use crate::delivery::{Delivery, Sink, Verdict};

/// What is of interest there: the intake's filter.
pub(crate) const KINDS: [Kind; 3] = [Kind::Kicked, Kind::Elsewhere, Kind::Message];

/// How long a delivery waits for the server to come back before it says so.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// One server.
#[derive(Debug)]
pub(crate) struct Xmpp {
    pub(super) settings: Settings,
    pub(super) accounts: Accounts,
    pub(super) link: Link,
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
            Ok(queued) => self.carry(delivery, queued).await,
            Err(problem) => dead("impossible", problem),
        }
    }

    fn render(
        &self,
        delivery: &Delivery,
        notice: &Notice,
        account: &Account,
    ) -> Result<OutgoingMessage, String> {
        let resource = self.settings.resource.of(&notice.who)?;
        let address = account.address.with_resource(resource.as_deref())?;
        let texts = &self.settings.texts;
        let body = texts.body(notice, account.language.as_deref());
        let stanza = message::stanza(&message::Outline {
            id: &delivery.event_id,
            from: &self.settings.link.component,
            to: &address,
            language: body.language,
            body: &body.text,
            notice,
            event: &delivery.event,
        });
        Ok(OutgoingMessage {
            id: delivery.event_id.clone(),
            stanza,
            end_session: self.settings.end_session && notice.is_kick() && address.has_resource(),
            to: address,
        })
    }

    async fn carry(&self, delivery: &Delivery, message: OutgoingMessage) -> Verdict {
        match self.link.carry(message, PATIENCE).await {
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
