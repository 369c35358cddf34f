//! A small browser with cookies, forms and redirects.
//!
//! What always holds: a page with an HTTP error is returned like any other; only a failed or hung connection panics.

use std::time::Duration;

use ureq::Agent;
use ureq::http::{Response, Uri};
use ureq::{Body, Cookie};

/// Longer than any wait of a save handler.
const LIMIT: Duration = Duration::from_secs(60);

/// A browser with its cookies, which a clone shares.
#[derive(Debug, Clone)]
pub struct Browser {
    agent: Agent,
    base: String,
}

/// An answer of a web server.
#[derive(Debug, Clone)]
pub struct Page {
    pub status: u16,
    pub body: String,
    pub headers: ureq::http::HeaderMap,
}

impl Browser {
    /// A browser without cookies; `base` precedes every path, such as `http://127.0.0.1:1234`.
    pub fn new(base: &str) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(LIMIT))
            // A proxy from the environment has another loopback.
            .proxy(None)
            .build();
        Self {
            agent: config.into(),
            base: base.to_owned(),
        }
    }

    /// The page at `path`, after redirects.
    ///
    /// # Panics
    /// If there is no HTTP answer.
    pub fn get(&self, path: &str) -> Page {
        Page::read(path, self.agent.get(self.url(path)).call())
    }

    /// The page at `path` itself, even if it is a redirect.
    ///
    /// # Panics
    /// If there is no HTTP answer.
    pub fn get_here(&self, path: &str) -> Page {
        let request = self.agent.get(self.url(path));
        Page::read(
            path,
            request
                .config()
                .max_redirects(0)
                .max_redirects_will_error(false)
                .build()
                .call(),
        )
    }

    /// Submits a form; returns the page after redirects.
    ///
    /// # Panics
    /// If there is no HTTP answer.
    pub fn post(&self, path: &str, form: &[(&str, &str)]) -> Page {
        Page::read(
            path,
            self.agent
                .post(self.url(path))
                .send_form(form.iter().copied()),
        )
    }

    /// Posts a body of this content type.
    ///
    /// # Panics
    /// If there is no HTTP answer.
    pub fn post_body(&self, path: &str, content_type: &str, body: &[u8]) -> Page {
        let request = self.agent.post(self.url(path)).content_type(content_type);
        Page::read(path, request.send(body))
    }

    /// A cookie's value.
    pub fn cookie(&self, name: &str) -> Option<String> {
        let jar = self.agent.cookie_jar_lock();
        jar.iter()
            .find(|cookie| cookie.name() == name)
            .map(|cookie| cookie.value().to_owned())
    }

    /// Sets a cookie, as an attacker or another tab would.
    ///
    /// # Panics
    /// If the cookie is not valid.
    pub fn set_cookie(&self, name: &str, value: &str) {
        let uri: Uri = self.base.parse().expect("the base is a URL");
        let cookie =
            Cookie::parse(format!("{name}={value}; Path=/"), &uri).expect("a valid cookie");
        self.agent
            .cookie_jar_lock()
            .insert(cookie, &uri)
            .expect("a cookie for this host");
    }

    pub fn forget_cookies(&self) {
        self.agent.cookie_jar_lock().clear();
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }
}

impl Page {
    fn read(path: &str, answer: Result<Response<Body>, ureq::Error>) -> Self {
        let answer = answer.unwrap_or_else(|error| panic!("no answer for {path}: {error}"));
        let (head, mut body) = answer.into_parts();
        let body = body
            .read_to_string()
            .unwrap_or_else(|error| panic!("no whole answer for {path}: {error}"));
        Self {
            status: head.status.as_u16(),
            body,
            headers: head.headers,
        }
    }

    /// The body of a page with status 200.
    ///
    /// # Panics
    /// If the status is another.
    pub fn ok(self) -> String {
        assert_eq!(self.status, 200, "the page is:\n{}", self.body);
        self.body
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The text between `before` and the next `after`.
    pub fn between(&self, before: &str, after: &str) -> Option<&str> {
        let (_, rest) = self.body.split_once(before)?;
        rest.split_once(after).map(|(found, _)| found)
    }
}
