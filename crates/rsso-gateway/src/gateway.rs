//! What the gateway's endpoints need.

use std::sync::Arc;

use metrics_exporter_prometheus::PrometheusHandle;

use super::admission::Door;
use super::channel::Channels;
use super::feed::Status;

/// What the handlers need.
pub(crate) struct Gateway {
    pub(crate) door: Door,
    pub(crate) channels: Arc<Channels>,
    pub(crate) status: Arc<Status>,
    pub(crate) metrics: PrometheusHandle,
}
