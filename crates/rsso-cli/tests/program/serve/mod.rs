//! `rsso serve`: what browsers get, who may connect, and what the operator sees.

mod gateways;

mod accounts;
mod admission;
mod attacks;
mod concurrency;
mod configuration;
mod delivery;
mod login_endings;
mod mismatched_settings;
mod operation;
mod requests;
mod restarts;
mod resuming;
mod slow_clients;
