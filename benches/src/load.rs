//! The load: many clients on one thread, and a plan of what they send.

mod client;
mod latency;
mod ledger;

use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::ensure;
use mio::{Events, Interest, Poll, Token};

use self::client::Client;
pub use self::client::{judged, request};
use self::latency::Latency;
use self::ledger::Ledger;
use ws101::client::Asked;

use crate::target::Target;
use crate::wording::{self, content};

const EVENTS: usize = 1024;
const SCRATCH: usize = 256 * 1024;

/// How many clients connect at once: fewer than any listener's backlog.
const AT_ONCE: usize = 100;

/// How long to wait for missing deliveries.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The messages that the clients send, and when.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How many of the clients send.
    pub speakers: usize,
    /// How many messages of one sender may be in flight at once.
    pub in_flight: usize,
    /// The pause between two messages of all senders. With it, `in_flight` does not apply.
    pub period: Option<Duration>,
    /// Bytes of content after the number.
    pub padding: usize,
    /// Whether every client receives only its own messages.
    pub echo: bool,
    /// When to stop sending.
    pub until: Until,
}

/// When to stop sending.
#[derive(Clone, Copy, Debug)]
pub enum Until {
    Time(Duration),
    Messages(usize),
}

/// The result of a plan.
#[derive(Debug, Default)]
pub struct Outcome {
    pub deliveries: u64,
    pub bytes: u64,
    /// How many reads brought them. Messages that a server writes together arrive in one read.
    pub reads: u64,
    pub wall: Duration,
    pub latency: Latency,
    pub lost: u64,
    pub disordered: u64,
}

/// Clients that are connected to one server.
pub struct Load {
    poll: Poll,
    clients: Vec<Client>,
    scratch: Vec<u8>,
    template: String,
}

impl Load {
    /// Connects `count` clients. The server serves all of them when this returns.
    pub fn connect(target: &Target, count: usize) -> anyhow::Result<Self> {
        let poll = Poll::new()?;
        let scratch = vec![0; SCRATCH];
        let template = target.template.clone();
        let mut load = Self { poll, clients: Vec::with_capacity(count), scratch, template };
        let request = client::request(&target.path, target.address);
        let asked = Arc::new(Asked::of(&request));
        while load.clients.len() < count {
            for _ in 0..AT_ONCE.min(count - load.clients.len()) {
                let mut tcp = TcpStream::connect(target.address)?;
                tcp.write_all(&request)?;
                load.enter(tcp, asked.clone())?;
            }
            let deadline = Instant::now() + TIMEOUT;
            while !load.clients.iter().all(Client::is_served) {
                ensure!(Instant::now() < deadline, "the server did not accept all clients");
                load.turn(Duration::from_millis(100), |_, _, _| {})?;
            }
        }
        Ok(load)
    }

    fn enter(&mut self, tcp: TcpStream, asked: Arc<Asked>) -> anyhow::Result<()> {
        tcp.set_nodelay(true)?;
        tcp.set_nonblocking(true)?;
        let mut tcp = mio::net::TcpStream::from_std(tcp);
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(&mut tcp, Token(self.clients.len()), interest)?;
        self.clients.push(Client::new(tcp, asked));
        Ok(())
    }

    /// How many of the clients the server still keeps, although they read nothing until now.
    pub fn stayed(self) -> usize {
        let deadline = Instant::now() + TIMEOUT;
        let stays = |mut client: Client| (!client.is_let_go(deadline)).then_some(());
        self.clients.into_iter().filter_map(stays).count()
    }

    /// Runs a plan, and waits until all messages have arrived.
    pub fn run(&mut self, plan: &Plan) -> anyhow::Result<Outcome> {
        let began = Instant::now();
        let mut ledger = Ledger::new(self.clients.len(), plan.echo);
        let mut may_speak: Vec<usize> = match plan.period {
            Some(_) => Vec::new(),
            None => (0..plan.speakers).cycle().take(plan.speakers * plan.in_flight).collect(),
        };
        let mut due = began;
        let mut ended = None;
        let mut reads = 0;
        loop {
            let now = Instant::now();
            let over = match plan.until {
                Until::Time(time) => now - began >= time,
                Until::Messages(count) => ledger.said() >= count,
            };
            if over {
                let ended = *ended.get_or_insert(now);
                if ledger.missing() == 0 || now - ended > TIMEOUT {
                    break;
                }
                may_speak.clear();
            } else if let Some(period) = plan.period {
                while due <= now {
                    may_speak.push(ledger.said() % plan.speakers);
                    due += period;
                }
            }
            for speaker in may_speak.drain(..) {
                let number = ledger.say(speaker, Instant::now());
                let text = self.template.replace("{}", &content(number, plan.padding));
                self.clients[speaker].say(&text)?;
            }
            let wait = match plan.period {
                Some(_) if !over => due.saturating_duration_since(now),
                _ => Duration::from_millis(50),
            };
            reads += self.turn(wait, |client, payload, now| {
                if let Some(number) = wording::number(payload) {
                    may_speak.extend(ledger.heard(client, number, now, payload.len()));
                }
            })?;
            if plan.period.is_some() {
                may_speak.clear();
            }
        }
        Ok(Outcome { reads, ..ledger.close(began.elapsed()) })
    }

    /// Waits for something to read, and reads it. Returns the number of reads.
    fn turn(
        &mut self,
        wait: Duration,
        mut heard: impl FnMut(usize, &[u8], Instant),
    ) -> anyhow::Result<u64> {
        let mut reads = 0;
        let mut events = Events::with_capacity(EVENTS);
        self.poll.poll(&mut events, Some(wait))?;
        for event in &events {
            let Token(index) = event.token();
            let now = Instant::now();
            let client = &mut self.clients[index];
            reads += client.turn(&mut self.scratch, |payload| heard(index, payload, now))?;
        }
        Ok(reads)
    }
}
