//! The state that all request handlers share.

use std::sync::Arc;

use metrics_exporter_prometheus::PrometheusHandle;

use super::admission::Admission;
use super::channel::Channels;
use super::feed_status::FeedStatus;

/// The state that all request handlers share.
pub(crate) struct Gateway {
    pub(crate) admission: Admission,
    pub(crate) channels: Arc<Channels>,
    pub(crate) status: Arc<FeedStatus>,
    pub(crate) metrics: PrometheusHandle,
}
