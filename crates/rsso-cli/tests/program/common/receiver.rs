//! A receiver of webhooks: an HTTP server that records requests, with its own check of signatures.

use std::collections::HashMap;
use std::io::{BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use data_encoding::BASE64;
use ring::hmac;
use rsso_testkit::{Certificates, eventually};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::Value;

/// How long a test waits for requests.
pub const TIMEOUT: Duration = Duration::from_secs(60);

/// A request that came.
#[derive(Debug, Clone)]
pub struct Request {
    pub at: Instant,
    pub line: String,
    /// The names are in lower case.
    pub headers: HashMap<String, String>,
    pub body: String,
    /// The status of the answer.
    pub status: u16,
}

impl Request {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// The header `webhook-id`.
    pub fn id(&self) -> &str {
        self.header("webhook-id")
    }

    /// The body, which must be JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("a CloudEvent is JSON")
    }

    /// Whether any signature is valid, as a receiver of Standard Webhooks checks it.
    pub fn is_signed_with(&self, secret: &str) -> bool {
        let secret = secret.strip_prefix("whsec_").expect("a secret");
        let secret = BASE64.decode(secret.as_bytes()).expect("base64");
        let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
        let timestamp = self.header("webhook-timestamp");
        let signed = format!("{}.{timestamp}.{}", self.id(), self.body);
        let signatures = self.header("webhook-signature").split(' ');
        signatures
            .filter_map(|signature| signature.strip_prefix("v1,"))
            .filter_map(|signature| BASE64.decode(signature.as_bytes()).ok())
            .any(|signature| hmac::verify(&key, signed.as_bytes(), &signature).is_ok())
    }
}

/// An answer to a request.
#[derive(Debug, Clone, Default)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub delay: Duration,
}

impl Reply {
    pub fn status(status: u16) -> Self {
        Self {
            status,
            ..Self::default()
        }
    }
}

/// Chooses the answer to a request.
///
/// The number says how many with its id have come, this one included.
pub type Answerer = dyn Fn(&Request, usize) -> Reply + Send + Sync;

/// A running receiver.
pub struct Receiver {
    pub port: u16,
    scheme: &'static str,
    shared: Arc<Shared>,
}

struct Shared {
    requests: Mutex<Vec<Request>>,
    /// How many requests of each id have come; a search in `requests` is too slow for thousands.
    of_id: Mutex<HashMap<String, usize>>,
    answerer: Box<Answerer>,
    closing: AtomicBool,
    tls: Option<Arc<rustls::ServerConfig>>,
}

impl Receiver {
    /// Starts a receiver that answers like this.
    pub fn start(answerer: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_at(0, None, Box::new(answerer))
    }

    /// Accepts every request.
    pub fn accepting_all() -> Self {
        Self::start(|_, _| Reply::status(200))
    }

    /// Accepts requests that are signed with this secret, and refuses all others.
    pub fn verifying(secret: &'static str) -> Self {
        Self::start(|request, _| match request.is_signed_with(secret) {
            true => Reply::status(204),
            false => Reply::status(401),
        })
    }

    /// Accepts every request, over TLS.
    pub fn start_tls(certificates: &Certificates) -> Self {
        let chain = CertificateDer::pem_file_iter(&certificates.cert).expect("a certificate");
        let chain = chain.collect::<Result<_, _>>().expect("a certificate");
        let key = PrivateKeyDer::from_pem_file(&certificates.key).expect("a key");
        let ring = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(ring)
            .with_safe_default_protocol_versions()
            .expect("ring has TLS 1.2 and 1.3")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("they belong together");
        Self::start_at(
            0,
            Some(Arc::new(config)),
            Box::new(|_, _| Reply::status(200)),
        )
    }

    /// Starts a receiver on this port; with 0, on any free port.
    pub fn start_at(
        port: u16,
        tls: Option<Arc<rustls::ServerConfig>>,
        answerer: Box<Answerer>,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("a loopback port");
        let port = listener.local_addr().expect("bound").port();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let shared = Arc::new(Shared {
            requests: Mutex::default(),
            of_id: Mutex::default(),
            answerer,
            closing: AtomicBool::new(false),
            tls,
        });
        thread::spawn({
            let shared = Arc::clone(&shared);
            move || {
                for stream in listener.incoming().flatten() {
                    if shared.closing.load(Ordering::Relaxed) {
                        return;
                    }
                    let shared = Arc::clone(&shared);
                    thread::spawn(move || shared.handle(stream));
                }
            }
        });
        Self {
            port,
            scheme,
            shared,
        }
    }

    pub fn url(&self) -> String {
        format!("{}://127.0.0.1:{}/hook", self.scheme, self.port)
    }

    pub fn requests(&self) -> Vec<Request> {
        self.shared.requests.lock().unwrap().clone()
    }

    pub fn count(&self) -> usize {
        self.shared.requests.lock().unwrap().len()
    }

    /// Waits until this many requests have come.
    #[track_caller]
    pub fn wait_for(&self, count: usize) -> Vec<Request> {
        eventually("the requests come", TIMEOUT, || {
            (self.count() >= count).then(|| self.requests())
        })
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.shared.closing.store(true, Ordering::Relaxed);
        let _woken = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
    }
}

impl Shared {
    fn handle(&self, stream: TcpStream) {
        stream.set_nodelay(true).expect("a socket");
        match &self.tls {
            None => self.serve(&stream, &stream),
            Some(config) => {
                let Ok(connection) = rustls::ServerConnection::new(Arc::clone(config)) else {
                    return;
                };
                let stream = Mutex::new(rustls::StreamOwned::new(connection, stream));
                self.serve(SharedStream(&stream), SharedStream(&stream));
            }
        }
    }

    fn serve(&self, input: impl Read, mut output: impl Write) {
        let mut input = BufReader::new(input);
        while let Some(mut request) = read_request(&mut input) {
            // Recorded before the answer, which the client may not wait for.
            let reply = {
                let mut requests = self.requests.lock().unwrap();
                let mut of_id = self.of_id.lock().unwrap();
                let nth = of_id.entry(request.id().to_owned()).or_default();
                *nth += 1;
                let reply = (self.answerer)(&request, *nth);
                drop(of_id);
                request.status = reply.status;
                requests.push(request);
                reply
            };
            thread::sleep(reply.delay);
            if self.closing.load(Ordering::Relaxed) {
                return;
            }
            let mut text = format!("HTTP/1.1 {} Status\r\nContent-Length: 2\r\n", reply.status);
            for (name, value) in &reply.headers {
                text.push_str(&format!("{name}: {value}\r\n"));
            }
            text.push_str("\r\nok");
            if reply.status == 204 {
                text = "HTTP/1.1 204 No Content\r\n\r\n".to_owned();
            }
            if output.write_all(text.as_bytes()).is_err() || output.flush().is_err() {
                return;
            }
        }
    }
}

/// The reading or the writing side of a TLS connection.
struct SharedStream<'a, S>(&'a Mutex<S>);

impl<S: Read> Read for SharedStream<'_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().read(buffer)
    }
}

impl<S: Write> Write for SharedStream<'_, S> {
    fn write(&mut self, buffer: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(buffer)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.lock().unwrap().flush()
    }
}

fn read_request(input: &mut impl std::io::BufRead) -> Option<Request> {
    let mut line = String::new();
    input.read_line(&mut line).ok().filter(|n| *n > 0)?;
    let mut headers = HashMap::new();
    loop {
        let mut header = String::new();
        input.read_line(&mut header).ok().filter(|n| *n > 0)?;
        let Some((name, value)) = header.trim().split_once(':') else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length: usize = headers.get("content-length")?.parse().ok()?;
    let mut body = vec![0; length];
    input.read_exact(&mut body).ok()?;
    Some(Request {
        at: Instant::now(),
        line: line.trim().to_owned(),
        headers,
        body: String::from_utf8(body).ok()?,
        status: 0,
    })
}
