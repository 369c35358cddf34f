//! Measures a gateway. `benches/push` runs it.
//!
//! ```text
//! push idle <dsn> <port> <pid> <websocket|sse> <connections> <seconds>   memory and CPU of idle connections
//! push kicks <dsn> <port> <connections> <kicks> <php> <argument>...      from sso_claim()'s return to the browser
//! push fleet <dsn> <websocket|sse> <connections> <seconds> <kicks> <port>:<pid>,... <php> <argument>...
//!                                                                        both, over several gateways on one store
//! push hold <port> <websocket|sse> <from> <to>                           what `fleet` starts: idle connections
//! ```
//! `<pid>` is the gateway's. PHP is started once, with the extension, and claims when it is told to.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    missing_docs,
    reason = "a measurement fails by panicking, and its answer is its output"
)]

mod fleet;

use std::env;
use std::fs;
use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::time::{ClockId, clock_gettime};
use rsso_core::login::{
    Claim, ClaimBasis, Claimed, Client, Device, Limits, LoginId, Realm, Uid, User,
};
use rsso_core::store::{Store, Token};
use rsso_core::{SessionId, SessionKey, Settings};
use rsso_stores::Spec;
use rsso_testkit::gateway::{SseClient, WsClient, connect};

const CLAIMS: &str = r#"<?php
while (($line = fgets(STDIN)) !== false) {
    session_id(trim($line));
    session_start();
    sso_claim('victim', 'web', ['rotate_id' => false]);
    fwrite(STDOUT, hrtime(true) . "\n");
    session_write_close();
    fwrite(STDOUT, "ready\n");
}
"#;

fn main() {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard).unwrap();
    let words: Vec<String> = env::args().skip(1).collect();
    let number = |n: usize| words[n].parse::<usize>().expect("a number");
    let port = |n: usize| u16::try_from(number(n)).expect("a port");
    match words[0].as_str() {
        "idle" => idle(
            &words[1],
            port(2),
            number(3),
            &words[4],
            number(5),
            number(6),
        ),
        "kicks" => kicks(&words[1], port(2), number(3), number(4), &words[5..]),
        "hold" => fleet::hold(port(1), &words[2], number(3)..number(4)),
        "fleet" => fleet::run(
            &words[1],
            &fleet::Aims {
                transport: words[2].clone(),
                connections: number(3),
                seconds: number(4),
                kicks: number(5),
            },
            &fleet::gateways(&words[6]),
            &words[7..],
        ),
        other => panic!("push {other}?"),
    }
}

/// A browser that is idle, and answers pings.
enum Idle {
    WebSocket(WsClient),
    Sse(SseClient),
}

impl Idle {
    fn open(tcp: TcpStream, port: u16, transport: &str, session: &str) -> Self {
        let cookie = format!("PHPSESSID={session}");
        let headers = [("Cookie", cookie.as_str())];
        if transport == "sse" {
            let mut stream = SseClient::over(tcp, port, "/sso/events", &headers).expect("a stream");
            assert_eq!(
                stream.next_event().expect("a greeting").event,
                "io.rsso.connected.v1"
            );
            stream.tcp().set_nonblocking(true).unwrap();
            Self::Sse(stream)
        } else {
            let mut socket = WsClient::over(tcp, port, "/sso/ws", &headers).expect("a socket");
            socket.event();
            socket.tcp().set_nonblocking(true).unwrap();
            Self::WebSocket(socket)
        }
    }

    /// Reads what has come. False if the connection is lost.
    fn lives(&mut self) -> bool {
        match self {
            Self::WebSocket(socket) => socket.poll(),
            Self::Sse(stream) => {
                let mut buffer = [0; 4096];
                loop {
                    match { stream.tcp() }.read(&mut buffer) {
                        Ok(0) => return false,
                        Ok(_) => {}
                        Err(error) => return error.kind() == ErrorKind::WouldBlock,
                    }
                }
            }
        }
    }
}

fn idle(dsn: &str, port: u16, pid: usize, transport: &str, count: usize, seconds: usize) {
    let mut store = open(dsn);
    for n in 0..count {
        log_in(&mut *store, &format!("idle{n}"), &format!("user{n}"));
    }
    thread::sleep(Duration::from_secs(2));
    let before = pss(pid);
    let mut browsers: Vec<_> = (0..count)
        .map(|n| Idle::open(connect(port), port, transport, &format!("idle{n}")))
        .collect();
    let poll = |browsers: &mut Vec<Idle>, time: Duration| {
        let end = Instant::now() + time;
        while Instant::now() < end {
            browsers.retain_mut(Idle::lives);
            thread::sleep(Duration::from_millis(500));
        }
    };
    // The first heartbeats are not measured.
    poll(&mut browsers, Duration::from_secs(30));
    let (began, cpu) = (Instant::now(), cpu_seconds(pid));
    poll(&mut browsers, Duration::from_secs(seconds as u64));
    let used = (cpu_seconds(pid) - cpu) / began.elapsed().as_secs_f64() * 100.0;
    let after = pss(pid);
    println!(
        "{transport}: {count} connections, {} lost; PSS {before} KiB before, {after} KiB with them: \
         {:.2} KiB each; CPU {used:.2} % of a core over {:.0} s",
        count - browsers.len(),
        (after - before) as f64 / count as f64,
        began.elapsed().as_secs_f64(),
    );
}

fn kicks(dsn: &str, port: u16, idle: usize, kicks: usize, php: &[String]) {
    let mut store = open(dsn);
    let mut browsers: Vec<_> = (0..idle)
        .map(|n| {
            log_in(&mut *store, &format!("idle{n}"), &format!("user{n}"));
            Idle::open(connect(port), port, "websocket", &format!("idle{n}"))
        })
        .collect();
    let mut polled = Instant::now();
    let times = kick_times(&[port], kicks, php, || {
        if polled.elapsed() > Duration::from_secs(5) {
            browsers.retain_mut(Idle::lives);
            polled = Instant::now();
        }
    });
    browsers.retain_mut(Idle::lives);
    let lost = idle - browsers.len();
    println!("{kicks} kicks beside {idle} idle connections ({lost} lost): {times}");
}

/// Kicks so many browsers one after the other, which connect to these gateways in turn.
fn kick_times(ports: &[u16], kicks: usize, php: &[String], mut between: impl FnMut()) -> String {
    let mut php = Php::start(php);
    let mut times = Vec::new();
    for n in 0..=kicks {
        let loser = (n > 0).then(|| wait_for_kick(ports[n % ports.len()], n - 1));
        thread::sleep(Duration::from_millis(3));
        let returned = php.claim(&format!("victim{n}"));
        if let Some(loser) = loser {
            times.push((loser.join().unwrap() - returned).max(0) as f64 / 1e6);
        }
        between();
    }
    php.stop();
    times.sort_unstable_by(f64::total_cmp);
    let at = |percent: usize| times[(times.len() - 1) * percent / 100];
    let (p50, p99, slowest) = (at(50), at(99), at(100));
    format!("p50 {p50:.2} ms, p99 {p99:.2} ms, slowest {slowest:.2} ms")
}

/// Connects as a victim. The thread returns when its kick arrived, in nanoseconds.
fn wait_for_kick(port: u16, victim: usize) -> JoinHandle<i64> {
    let cookie = format!("PHPSESSID=victim{victim}");
    let mut socket = WsClient::open(port, "/sso/ws", &[("Cookie", &cookie)]).unwrap();
    socket.event();
    thread::spawn(move || {
        let event = socket.event();
        let now = nanoseconds();
        assert_eq!(event["type"], "io.rsso.login.kicked.v1");
        now
    })
}

/// A PHP process that claims when it is told to.
struct Php {
    process: Child,
    sessions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Php {
    fn start(command: &[String]) -> Self {
        let mut process = Command::new(&command[0])
            .args(&command[1..])
            .args(["-r", CLAIMS.trim_start_matches("<?php")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("start PHP");
        Self {
            sessions: process.stdin.take().unwrap(),
            answers: BufReader::new(process.stdout.take().unwrap()),
            process,
        }
    }

    /// Claims with this session. Returns when the claim returned, in nanoseconds.
    fn claim(&mut self, session: &str) -> i64 {
        writeln!(self.sessions, "{session}").unwrap();
        let returned = self.line().parse().expect("PHP's clock");
        assert_eq!(self.line(), "ready");
        returned
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("PHP answers");
        line.trim().to_owned()
    }

    fn stop(mut self) {
        drop(self.sessions);
        self.process.wait().unwrap();
    }
}

fn nanoseconds() -> i64 {
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC).unwrap();
    now.tv_sec() * 1_000_000_000 + now.tv_nsec()
}

fn open(dsn: &str) -> Box<dyn Store> {
    let mut settings = Settings::default();
    settings.set("dsn", dsn).unwrap();
    Spec::resolve(&settings, "").unwrap().create().unwrap()
}

fn log_in(store: &mut dyn Store, session: &str, uid: &str) {
    let hour = Duration::from_secs(3600);
    let claim = Claim {
        user: User {
            realm: Realm::default(),
            uid: Uid::parse(uid.as_bytes()).unwrap(),
        },
        login: LoginId::new().unwrap(),
        device: Device::default(),
        label: Some("Firefox on Linux".to_owned()),
        meta: None,
        client: Client::default(),
        claimed_from: None,
        limits: Limits::default(),
        notify_others: false,
        tombstone_ttl: hour,
    };
    let basis = ClaimBasis {
        seen: None,
        token: Token::random().unwrap(),
        ttl: hour,
    };
    let key = SessionKey::of(&SessionId::parse(session.as_bytes()).unwrap(), true);
    assert!(matches!(
        store.claim(&key, basis, &claim),
        Ok(Claimed::New(..))
    ));
}

/// A process's memory in KiB: its own, and its share of what it shares.
fn pss(pid: usize) -> i64 {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap();
    let line = rollup
        .lines()
        .find(|line| line.starts_with("Pss:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn cpu_seconds(pid: usize) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let (_, rest) = stat.rsplit_once(") ").unwrap();
    let fields: Vec<&str> = rest.split(' ').collect();
    let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
    // Linux's USER_HZ.
    ticks / 100.0
}
