//! Many idle connections over several gateways on one store.
//!
//! A process has a limited number of descriptors, and an address a limited number of ports: so the clients are
//! several processes, which connect from several addresses of the loopback network.

use std::env;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::Ipv4Addr;
use std::ops::Range;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use rsso_testkit::gateway::connect_from;

use super::{Idle, cpu_seconds, kick_times, log_in, open, pss};

/// The most connections of one client process, and of one address.
const PER_PROCESS: usize = 9_000;
const PER_ADDRESS: usize = 3_000;

/// How often a client reads from its connections: idle ones get a heartbeat every 25 seconds.
const POLL_INTERVAL: Duration = Duration::from_secs(3);

/// The parameters of one run.
pub(crate) struct Aims {
    pub(crate) transport: String,
    pub(crate) connections: usize,
    pub(crate) seconds: usize,
    pub(crate) kicks: usize,
}

/// A gateway of the fleet.
pub(crate) struct Gateway {
    port: u16,
    pid: usize,
}

/// Reads `port:pid,port:pid`.
pub(crate) fn gateways(text: &str) -> Vec<Gateway> {
    let gateway = |text: &str| {
        let (port, pid) = text.split_once(':').expect("<port>:<pid>");
        Gateway {
            port: port.parse().expect("a port"),
            pid: pid.parse().expect("a pid"),
        }
    };
    text.split(',').map(gateway).collect()
}

pub(crate) fn run(dsn: &str, aims: &Aims, gateways: &[Gateway], php: &[String]) {
    let mut store = open(dsn);
    for n in 0..aims.connections {
        log_in(&mut *store, &format!("idle{n}"), &format!("user{n}"));
    }
    thread::sleep(Duration::from_secs(3));
    let pids: Vec<_> = gateways.iter().map(|gateway| gateway.pid).collect();
    let memory = || pids.iter().map(|&pid| pss(pid)).collect::<Vec<_>>();
    let cpu = || pids.iter().map(|&pid| cpu_seconds(pid)).collect::<Vec<_>>();
    let (before, began) = (memory(), Instant::now());
    let mut clients = Client::start_all(aims, gateways);
    let opened = began.elapsed().as_secs_f64();
    // The first heartbeats are not measured.
    thread::sleep(Duration::from_secs(30));
    let (began, cpu_before) = (Instant::now(), cpu());
    thread::sleep(Duration::from_secs(aims.seconds as u64));
    let (span, cpu_after, after) = (began.elapsed().as_secs_f64(), cpu(), memory());
    println!(
        "{} {}, {} gateways, opened in {opened:.0} s",
        aims.connections,
        aims.transport,
        gateways.len()
    );
    for n in 0..gateways.len() {
        let count = share(aims.connections, gateways.len(), n).len();
        let each = (after[n] - before[n]) as f64 / count as f64;
        let used = (cpu_after[n] - cpu_before[n]) / span * 100.0;
        println!(
            "  gateway {n}: {count} connections, {each:.2} KiB each (PSS), {used:.2} % of a core over {span:.0} s"
        );
    }
    let ports: Vec<_> = gateways.iter().map(|gateway| gateway.port).collect();
    let times = kick_times(&ports, aims.kicks, php, || {});
    println!("  {} kicks over all gateways: {times}", aims.kicks);
    let lost: usize = clients.iter_mut().map(Client::stop).sum();
    println!("  {lost} connections lost");
}

/// The `n`th of so many equal shares.
fn share(all: usize, shares: usize, n: usize) -> Range<usize> {
    all * n / shares..all * (n + 1) / shares
}

/// A process that holds idle connections.
struct Client {
    process: Child,
    answers: BufReader<ChildStdout>,
}

impl Client {
    /// Starts as many as are needed, and waits until all connections are open.
    fn start_all(aims: &Aims, gateways: &[Gateway]) -> Vec<Self> {
        let mut clients = Vec::new();
        for (n, gateway) in gateways.iter().enumerate() {
            let all = share(aims.connections, gateways.len(), n);
            let processes = all.len().div_ceil(PER_PROCESS);
            for part in 0..processes {
                let part = share(all.len(), processes, part);
                let sessions = all.start + part.start..all.start + part.end;
                clients.push(Self::start(gateway.port, &aims.transport, sessions));
            }
        }
        for client in &mut clients {
            assert_eq!(client.line(), "open");
        }
        clients
    }

    fn start(port: u16, transport: &str, sessions: Range<usize>) -> Self {
        let mut process = Command::new(env::current_exe().unwrap())
            .args(["hold", &port.to_string(), transport])
            .args([sessions.start.to_string(), sessions.end.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("start a client");
        Self {
            answers: BufReader::new(process.stdout.take().unwrap()),
            process,
        }
    }

    /// Ends it. Returns how many connections it has lost.
    fn stop(&mut self) -> usize {
        drop(self.process.stdin.take());
        let lost = self.line().parse().expect("a number");
        self.process.wait().unwrap();
        lost
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("a client answers");
        line.trim().to_owned()
    }
}

/// Opens a connection for each of these sessions, says so, and holds them until its input ends.
pub(crate) fn hold(port: u16, transport: &str, sessions: Range<usize>) {
    let mut browsers: Vec<_> = sessions
        .map(|session| {
            let host = u8::try_from(1 + session / PER_ADDRESS).expect("at most 255 addresses");
            let address = Ipv4Addr::new(127, 0, 1, host);
            let tcp = connect_from(address, port).expect("the gateway listens");
            Idle::open(tcp, port, transport, &format!("idle{session}"))
        })
        .collect();
    let count = browsers.len();
    println!("open");
    std::io::stdout().flush().unwrap();
    let (sender, ended) = mpsc::channel::<()>();
    thread::spawn(move || {
        let _ended = std::io::stdin().read_line(&mut String::new());
        drop(sender);
    });
    while ended.recv_timeout(POLL_INTERVAL) == Err(RecvTimeoutError::Timeout) {
        browsers.retain_mut(Idle::lives);
    }
    browsers.retain_mut(Idle::lives);
    println!("{}", count - browsers.len());
}
