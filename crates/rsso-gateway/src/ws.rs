//! `GET /sso/ws`: events as WebSocket text frames, one CloudEvent each.
//!
//! Source: RFC 6455; subprotocol `cloudevents.json`,
//! <https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/websockets-protocol-binding.md>

use std::sync::Arc;

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{Extension, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tungstenite::handshake::derive_accept_key;

use super::channel::Channels;
use super::connection::Connection;
use super::gateway::Gateway;
use super::handshake::Reply;
use super::metrics::Transport;
use super::responses;
use super::takeover::{Events, Takeover};

const SUBPROTOCOL: &str = "cloudevents.json";

pub(crate) async fn connect(
    State(gateway): State<Arc<Gateway>>,
    Extension(connection): Extension<Connection>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    // It checks the request, and refuses what is no handshake.
    upgrade: WebSocketUpgrade,
) -> Response {
    let handshake = gateway
        .handshake(&connection, &headers, query.as_deref())
        .await;
    let handshake = match handshake {
        Ok(handshake) => handshake,
        Err(refusal) => return refusal.into_response(),
    };
    // A page cannot see why an upgrade was refused, but it sees the code of a close.
    let channel = match handshake.reply {
        Reply::Stream(channel) => channel,
        Reply::Close(reason) => Channels::closed(reason),
    };
    let events = Events {
        transport: Transport::WebSocket,
        channels: Arc::clone(&gateway.channels),
        channel,
        permit: handshake.permit,
    };
    let upgrade = upgrade.protocols([SUBPROTOCOL]);
    let mut response = switching_protocols(&headers, upgrade.selected_protocol());
    responses::allow_origin(&mut response, handshake.allow);
    Takeover::respond(response, events)
}

fn switching_protocols(headers: &HeaderMap, protocol: Option<&HeaderValue>) -> Response {
    let key = headers
        .get(header::SEC_WEBSOCKET_KEY)
        .map_or(&b""[..], HeaderValue::as_bytes);
    let switching = [
        (header::CONNECTION, "upgrade"),
        (header::UPGRADE, "websocket"),
        (header::SEC_WEBSOCKET_ACCEPT, &derive_accept_key(key)),
    ];
    let mut response = (StatusCode::SWITCHING_PROTOCOLS, switching).into_response();
    if let Some(protocol) = protocol {
        let headers = response.headers_mut();
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, protocol.clone());
    }
    response
}
