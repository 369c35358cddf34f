//! The relay of `rsso serve`: webhooks and Mercure hubs.

mod configuration;
mod gaps;
mod kills;
mod mercure;
mod retries;
mod security_event_tokens;
mod unreachable;
mod webhooks;
