//! Where a browser wants to continue reading events.

use axum::http::HeaderMap;
use rsso_core::login::event::Position;

/// Where a browser wants to continue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Resume {
    /// It presents no position: only new events.
    Live,
    /// The last event that it has seen; [`Position::START`] asks for everything that is kept.
    After(Position),
    /// What it presents is no position: something may have been missed.
    Unknown,
}

impl Resume {
    /// Reads the header `Last-Event-ID` of `EventSource`, or the parameter `lastEventId`.
    pub(crate) fn of_request(headers: &HeaderMap, query: Option<&str>) -> Self {
        let header = headers
            .get("last-event-id")
            .map(|value| value.to_str().unwrap_or("?"));
        match header.or_else(|| parameter(query, "lastEventId")) {
            None | Some("") => Self::Live,
            Some(text) => Position::parse(text).map_or(Self::Unknown, Self::After),
        }
    }

    /// The position of the last event that the browser has seen.
    pub(crate) fn requested(&self) -> Option<&Position> {
        match self {
            Self::After(position) => Some(position),
            Self::Live | Self::Unknown => None,
        }
    }

    /// The position, if the browser has seen any event at all.
    pub(crate) fn last_seen(&self) -> Option<&Position> {
        self.requested()
            .filter(|position| **position != Position::START)
    }
}

/// The first value of a parameter in a URL's query.
pub(crate) fn parameter<'a>(query: Option<&'a str>, name: &str) -> Option<&'a str> {
    let pairs = query?.split('&').filter_map(|pair| pair.split_once('='));
    let mut values = pairs.filter(|(found, _)| *found == name);
    values.next().map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn resume(header: Option<&'static str>, query: &str) -> Resume {
        let mut headers = HeaderMap::new();
        if let Some(value) = header {
            headers.insert("last-event-id", HeaderValue::from_static(value));
        }
        Resume::of_request(&headers, Some(query))
    }

    #[test]
    fn the_header_comes_before_the_parameter() {
        let after = |number| Resume::After(Position::from_number(number));
        assert_eq!(resume(Some("7"), "lastEventId=8"), after(7));
        assert_eq!(resume(None, "a=b&lastEventId=8&lastEventId=9"), after(8));
    }

    #[test]
    fn what_is_no_position_is_unknown() {
        assert_eq!(resume(None, ""), Resume::Live);
        assert_eq!(resume(None, "lastEventId="), Resume::Live);
        assert_eq!(resume(Some("no position"), ""), Resume::Unknown);
    }
}
