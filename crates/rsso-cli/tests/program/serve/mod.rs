//! `rsso serve`: what browsers get, who is let in, and what its operator sees.

mod gateways;

mod admission;
mod attacks;
mod concurrency;
mod configuration;
mod delivery;
mod login_endings;
mod mismatched_settings;
mod operation;
mod restarts;
mod resuming;
mod slow_clients;
