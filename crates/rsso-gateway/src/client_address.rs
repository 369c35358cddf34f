//! The address of a client: the other end of the connection, or the one that a trusted proxy names.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, HeaderName};
use ipnet::IpNet;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The client's address; `None` if a proxy at a unix socket names none.
pub(crate) fn of_request(
    peer: Option<IpAddr>,
    headers: &HeaderMap,
    trusted: &[IpNet],
) -> Option<IpAddr> {
    if !peer.is_none_or(|peer| is_trusted_proxy(peer, trusted)) {
        return peer;
    }
    // From the right, because anybody may have written what is left of the first untrusted address.
    let mut named: Vec<_> = headers
        .get_all(X_FORWARDED_FOR)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .map(parse)
        .collect();
    while let Some(Some(address)) = named.pop() {
        if !is_trusted_proxy(address, trusted) {
            return Some(address);
        }
    }
    peer
}

/// An address as proxies write it. Some add a port.
fn parse(text: &[u8]) -> Option<IpAddr> {
    let text = str::from_utf8(text).ok()?.trim();
    let address = text.parse().ok();
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    address
        .or_else(with_port)
        .map(|address| address.to_canonical())
}

/// Whether a proxy says for which client it connects, readably or not.
pub(crate) fn is_forwarded(headers: &HeaderMap) -> bool {
    headers.contains_key(X_FORWARDED_FOR)
}

/// Whether a proxy at this address is believed.
///
/// A proxy on this machine is no exception, because anybody with an account here could name any address.
pub(crate) fn is_trusted_proxy(address: IpAddr, trusted: &[IpNet]) -> bool {
    let address = address.to_canonical();
    trusted.iter().any(|net| net.contains(&address))
}

/// The network that counts as one client.
///
/// Of IPv6 this is one of 64 bits, which belongs to one customer.
pub(crate) fn limit_key(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() >> 64 << 64).into()),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn of(peer: &str, forwarded: &str) -> String {
        let mut headers = HeaderMap::new();
        let forwarded = HeaderValue::from_bytes(forwarded.as_bytes()).unwrap();
        headers.insert(X_FORWARDED_FOR, forwarded);
        let trusted = ["10.0.0.0/8", "127.0.0.1/32"].map(|net| net.parse().unwrap());
        let address = of_request(Some(peer.parse().unwrap()), &headers, &trusted);
        address.unwrap().to_string()
    }

    #[test]
    fn a_proxy_on_this_machine_is_believed_only_if_it_is_listed() {
        let mut headers = HeaderMap::new();
        headers.insert(X_FORWARDED_FOR, HeaderValue::from_static("198.51.100.7"));
        let of =
            |peer: Option<&str>| of_request(peer.map(|peer| peer.parse().unwrap()), &headers, &[]);
        for peer in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
            let itself = peer.parse().ok();
            assert_eq!(of(Some(peer)), itself);
        }
        // A unix socket has a mode that says who may use it.
        assert_eq!(of(None), "198.51.100.7".parse().ok());
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        assert_eq!(of("192.0.2.1", "198.51.100.7"), "192.0.2.1");
        assert_eq!(of("127.0.0.1", "198.51.100.7"), "198.51.100.7");
        assert_eq!(
            of("10.1.2.3", "6.6.6.6, 198.51.100.7, 10.9.9.9"),
            "198.51.100.7"
        );
        assert_eq!(of("::ffff:127.0.0.1", "198.51.100.7"), "198.51.100.7");
        assert_eq!(of("127.0.0.1", "nonsense"), "127.0.0.1");
        assert_eq!(of("127.0.0.1", "198.51.100.7, nonsense"), "127.0.0.1");
        assert_eq!(of("127.0.0.1", "\u{ff}, 198.51.100.7"), "198.51.100.7");
        assert_eq!(of("127.0.0.1", "198.51.100.7:4711"), "198.51.100.7");
        assert_eq!(of("127.0.0.1", "[2001:db8::1]:4711"), "2001:db8::1");
    }

    #[test]
    fn an_ipv6_customer_is_one_client() {
        let client = |text: &str| limit_key(text.parse().unwrap()).to_string();
        assert_eq!(client("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(client("192.0.2.1"), "192.0.2.1");
    }
}
