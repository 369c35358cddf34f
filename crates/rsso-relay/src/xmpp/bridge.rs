//! The XMPP endpoint: each delivery becomes a message to an account.

use std::time::Duration;

use rsso_core::login::event::Kind;

use super::account::{Account, NoAccount};
use super::accounts::Accounts;
use super::connection::Connection;
use super::message::{self, Notice};
use super::metrics;
use super::queued_message::{MessageOutcome, OutgoingMessage};
use super::settings::Settings;
use crate::delivery::{Delivery, Sink, Verdict};

/// The events that clients are notified of.
pub(crate) const EVENT_KINDS: [Kind; 3] = [Kind::Kicked, Kind::Elsewhere, Kind::Message];

/// How long a delivery waits for a server that is down.
pub(super) const SERVER_WAIT: Duration = Duration::from_secs(5);

/// The bridge to one XMPP server.
#[derive(Debug)]
pub(crate) struct Xmpp {
    pub(super) settings: Settings,
    pub(super) accounts: Accounts,
    pub(super) connection: Connection,
}

impl Xmpp {
    /// Starts to connect. To be called within a runtime.
    pub(crate) fn start(settings: Settings) -> std::io::Result<Self> {
        metrics::describe();
        let accounts = Accounts::start(&settings.accounts)?;
        let connection = Connection::start(settings.connection.clone());
        Ok(Self {
            settings,
            accounts,
            connection,
        })
    }

    async fn render_and_send(&self, delivery: &Delivery) -> Verdict {
        let notice = match Notice::read(&delivery.event) {
            Ok(notice) => notice,
            Err(problem) => return dead("impossible", problem),
        };
        let account = match self.accounts.find(&notice.who).await {
            Ok(account) => account,
            Err(NoAccount::None) => {
                tracing::debug!(event = delivery.event_id, "the user has no XMPP account");
                metrics::message("no-account");
                return Verdict::NoRecipient;
            }
            Err(NoAccount::Impossible(problem)) => return dead("impossible", problem),
            Err(NoAccount::Failed(problem)) => return Verdict::retry(problem),
            Err(NoAccount::Unreachable(problem)) => return Verdict::Postpone(problem),
        };
        match self.render(delivery, &notice, &account) {
            Ok(queued) => self.send(delivery, queued).await,
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
        let stanza = message::render(&message::MessageParts {
            id: &delivery.event_id,
            from: &self.settings.connection.component,
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

    async fn send(&self, delivery: &Delivery, message: OutgoingMessage) -> Verdict {
        match self.connection.send(message, SERVER_WAIT).await {
            MessageOutcome::Delivered => {
                metrics::message("delivered");
                Verdict::Delivered
            }
            MessageOutcome::NoRecipient(condition) => {
                tracing::debug!(event = delivery.event_id, condition, "nobody was there");
                metrics::message("nobody");
                Verdict::NoRecipient
            }
            MessageOutcome::Rejected(reason) => dead("refused", reason),
            MessageOutcome::Disconnected(reason) => {
                metrics::message("postponed");
                Verdict::Postpone(reason)
            }
        }
    }
}

impl Sink for Xmpp {
    fn is_connected(&self) -> bool {
        self.connection.is_connected()
    }

    async fn deliver(&self, delivery: &Delivery) -> Verdict {
        self.render_and_send(delivery).await
    }
}

fn dead(result: &'static str, reason: String) -> Verdict {
    metrics::message(result);
    Verdict::GiveUp(reason)
}
