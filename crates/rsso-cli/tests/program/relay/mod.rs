//! The relay of `rsso serve`: webhooks and Mercure hubs.

mod gaps;
mod kills;
mod mercure;
mod unreachable;
mod webhooks;
