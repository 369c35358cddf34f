//! What the gateway's endpoints need.

use std::sync::Arc;

use metrics_exporter_prometheus::PrometheusHandle;

use super::admission::Admission;
use super::channel::Channels;
use super::feed::FeedStatus;

/// What the handlers need.
pub(crate) struct Gateway {
    pub(crate) admission: Admission,
    pub(crate) channels: Arc<Channels>,
    pub(crate) status: Arc<FeedStatus>,
    pub(crate) metrics: PrometheusHandle,
}
