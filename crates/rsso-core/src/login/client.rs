//! What is known of the browser that claims a login, and how much of it is kept (`rsso.login_details`).
//!
//! What always holds: who is kicked is never told a whole address. It may be the thief.

use std::net::IpAddr;

/// Bytes of a user agent that are kept.
const MAX_USER_AGENT: usize = 255;

/// How much of where a login came from is kept: `rsso.login_details`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Details {
    /// The address and the user agent.
    #[default]
    Full,
    /// The address' network, and the user agent.
    Masked,
    /// Neither.
    None,
}

/// The browser, or another program, that claims a login.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Client {
    /// What is kept of its address.
    pub ip: Option<String>,
    /// What the kicked are told of its address: the network.
    pub told_ip: Option<String>,
    /// How it calls itself.
    pub user_agent: Option<String>,
}

impl Details {
    /// Reads the directive's word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "full" => Some(Self::Full),
            "masked" => Some(Self::Masked),
            // PHP makes an empty value of a `none` without quotes.
            "none" | "" => Some(Self::None),
            _ => None,
        }
    }
}

impl Client {
    /// What is kept of a request's address and user agent.
    #[must_use]
    pub fn new(ip: Option<IpAddr>, user_agent: Option<&[u8]>, details: Details) -> Self {
        let network = || ip.map(network);
        let (ip, told_ip) = match details {
            Details::Full => (ip.map(|ip| ip.to_string()), network()),
            Details::Masked => (network(), network()),
            Details::None => return Self::default(),
        };
        Self {
            ip,
            told_ip,
            user_agent: user_agent.filter(|name| !name.is_empty()).map(shortened),
        }
    }
}

/// The network that an address is in: /24 of IPv4, /48 of IPv6.
fn network(ip: IpAddr) -> String {
    match ip.to_canonical() {
        IpAddr::V4(ip) => {
            let [a, b, c, _] = ip.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(ip) => {
            let [a, b, c, ..] = ip.segments();
            let network = std::net::Ipv6Addr::from([a, b, c, 0, 0, 0, 0, 0]);
            format!("{network}/48")
        }
    }
}

fn shortened(name: &[u8]) -> String {
    let text = String::from_utf8_lossy(name);
    let fits = |(at, c): &(usize, char)| at + c.len_utf8() <= MAX_USER_AGENT;
    let kept = text.char_indices().take_while(fits);
    kept.map(|(_, c)| c).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(ip: &str, details: Details) -> Client {
        Client::new(ip.parse().ok(), Some(b"curl/8"), details)
    }

    #[test]
    fn the_kicked_are_told_a_network_at_most() {
        for (ip, network) in [
            ("192.0.2.77", "192.0.2.0/24"),
            ("::ffff:192.0.2.77", "192.0.2.0/24"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
            ("::1", "::/48"),
        ] {
            let told = |details| client(ip, details).told_ip;
            assert_eq!(told(Details::Full).as_deref(), Some(network));
            assert_eq!(told(Details::Masked).as_deref(), Some(network));
            assert_eq!(told(Details::None), None);
        }
    }

    #[test]
    fn as_much_is_kept_as_the_setting_says() {
        let full = client("192.0.2.77", Details::Full);
        assert_eq!(full.ip.as_deref(), Some("192.0.2.77"));
        assert_eq!(full.user_agent.as_deref(), Some("curl/8"));
        let masked = client("192.0.2.77", Details::Masked);
        assert_eq!(masked.ip.as_deref(), Some("192.0.2.0/24"));
        assert_eq!(masked.user_agent.as_deref(), Some("curl/8"));
        assert_eq!(client("192.0.2.77", Details::None), Client::default());
    }

    #[test]
    fn logins_from_before_have_none_of_it() {
        let identity =
            r#"{"login":"01KAJ3ZQ1V9ZD6V6H7T6G9Y1CN","uid":"a","device":"web","label":null}"#;
        let login =
            crate::login::Login::decode(identity, r#"{"claimed_at":7,"meta":null}"#).unwrap();
        assert_eq!((login.more.ip.clone(), login.last_seen_at(9)), (None, None));
        assert_eq!(login.until(Some(8)).last_seen_at(9), None);
    }

    #[test]
    fn a_long_user_agent_is_cut_between_characters() {
        let long = "a".repeat(254) + "\u{e9}\u{e9}";
        let cut = Client::new(None, Some(long.as_bytes()), Details::Full).user_agent;
        assert_eq!(cut, Some("a".repeat(254)));
        assert_eq!(Client::new(None, Some(b""), Details::Full).user_agent, None);
    }
}
