//! The modes: each is a load, its metrics, and goals for the chat.

mod cost;
mod fan;
mod idle;
mod scenario;
mod stuck;

use std::path::PathBuf;

use crate::servers::Kind;
use crate::servers::Kind::{Accept, Batching, Chat, Floor, Naive, Pipe, Proxy, Relay, Tapped};
use crate::target::{Peer, Target};

/// The metrics of one run of one server, each with its unit.
pub type Sample = Vec<(&'static str, f64)>;

/// One way to put load on a server.
pub struct Mode {
    pub name: &'static str,
    pub about: &'static str,
    /// The servers that are measured in each round.
    pub kinds: &'static [Kind],
    /// How many rounds, if a full mode has ten.
    pub rounds: usize,
    /// Whether a peer can take part.
    pub peers: bool,
    pub run: fn(&Contender) -> anyhow::Result<Sample>,
    pub goals: &'static [Goal],
}

impl Mode {
    /// Whether a contender from the command line takes part.
    pub fn admits(&self, contender: &Contender) -> bool {
        match contender {
            Contender::Ours(_) => true,
            Contender::Baseline(_) => self.kinds.contains(&Chat),
            Contender::Peer(_) => self.peers,
        }
    }
}

/// A goal for the chat: the most a metric may be, or the most as a multiple of another server's in the
/// same round.
pub struct Goal {
    pub metric: &'static str,
    pub against: Option<Kind>,
    pub must: f64,
    pub aim: f64,
}

const fn at_most(metric: &'static str, must: f64, aim: f64) -> Goal {
    Goal { metric, against: None, must, aim }
}

const fn times(against: Kind, metric: &'static str, must: f64, aim: f64) -> Goal {
    Goal { metric, against: Some(against), must, aim }
}

/// No message is lost or out of order.
const WHOLE: Goal = at_most("faults", 0.0, 0.0);

/// The name of another build's chat in the report.
pub const BASELINE: &str = "baseline";

/// A server that is measured.
#[derive(Clone, Debug)]
pub enum Contender {
    Ours(Kind),
    /// The chat of another build of this program, at this path.
    Baseline(PathBuf),
    Peer(Peer),
}

impl Contender {
    /// Starts the server, if it is one of this project.
    pub fn start(&self) -> anyhow::Result<Target> {
        match self {
            Self::Ours(kind) => Target::start(&std::env::current_exe()?, *kind),
            Self::Baseline(program) => Target::start(program, Kind::Chat),
            Self::Peer(peer) => Target::peer(peer),
        }
    }

    pub fn name(&self) -> String {
        match self {
            Self::Ours(kind) => kind.to_string(),
            Self::Baseline(_) => BASELINE.to_owned(),
            Self::Peer(peer) => peer.name.clone(),
        }
    }

    pub fn is(&self, wanted: Kind) -> bool {
        matches!(self, Self::Ours(kind) if *kind == wanted)
    }
}

/// All modes, in the order of the report.
pub const MODES: &[Mode] = &[
    Mode {
        name: "fan1",
        about: "1000 clients, one message in flight, so each write carries one message",
        kinds: &[Floor, Batching, Naive, Chat],
        rounds: 10,
        peers: true,
        run: |contender| fan::run(contender, &fan::ONE),
        goals: &[times(Floor, "cpu us", 1.15, 1.0), at_most("user us", 0.4, 0.15), WHOLE],
    },
    Mode {
        name: "fan32",
        about: "1000 clients, 32 messages in flight, so one write can carry several",
        kinds: &[Floor, Batching, Naive, Chat],
        rounds: 10,
        peers: true,
        run: |contender| fan::run(contender, &fan::SOME),
        goals: &[times(Batching, "cpu us", 1.5, 1.0), WHOLE],
    },
    Mode {
        name: "fan64",
        about: "1000 clients, 64 messages in flight",
        kinds: &[Batching, Naive, Chat],
        rounds: 10,
        peers: true,
        run: |contender| fan::run(contender, &fan::MANY),
        goals: &[times(Batching, "cpu us", 1.5, 1.0), WHOLE],
    },
    Mode {
        name: "fan5k",
        about: "5000 clients, 8 messages in flight",
        kinds: &[Floor, Batching, Chat],
        rounds: 10,
        peers: true,
        run: |contender| fan::run(contender, &fan::CROWD),
        goals: &[times(Batching, "cpu us", 0.8, 0.55), WHOLE],
    },
    Mode {
        name: "rate",
        about: "1000 clients, 50 messages a second, far below saturation: the latency of each",
        kinds: &[Floor, Batching, Naive, Chat],
        rounds: 10,
        peers: true,
        run: |contender| fan::run(contender, &fan::STEADY),
        goals: &[
            times(Floor, "p50 ms", 1.2, 1.0),
            times(Floor, "p99 ms", 1.5, 1.0),
            // The 40 ms of Nagle's algorithm would be many times the floor's longest latency.
            times(Floor, "max ms", 3.0, 1.5),
            WHOLE,
        ],
    },
    Mode {
        name: "echo",
        about: "64 clients, each receives its own messages, one in flight for each",
        kinds: &[Floor, Accept, Chat],
        rounds: 6,
        peers: false,
        run: |contender| fan::run(contender, &fan::ECHO),
        goals: &[WHOLE],
    },
    Mode {
        name: "tap",
        about: "the same, without and with a tap that reports every frame in both directions",
        kinds: &[Accept, Tapped],
        rounds: 10,
        peers: false,
        run: |contender| fan::run(contender, &fan::ECHO),
        goals: &[],
    },
    Mode {
        name: "proxy",
        about: "64 clients of an echo, one message in flight for each, behind nothing, a relay, a tap",
        kinds: &[Accept, Relay, Proxy],
        rounds: 10,
        peers: false,
        run: |contender| fan::run(contender, &fan::ECHO),
        goals: &[],
    },
    Mode {
        name: "proxy_rate",
        about: "the same with 1000 messages a second in all, far below saturation: the latency that is added",
        kinds: &[Accept, Relay, Proxy],
        rounds: 10,
        peers: false,
        run: |contender| fan::run(contender, &fan::ECHO_STEADY),
        goals: &[],
    },
    Mode {
        name: "scenario",
        about: "1002 lines of a scenario: one client and an echo, in one process and virtual time",
        kinds: &[Pipe],
        rounds: 10,
        peers: false,
        run: scenario::run,
        goals: &[],
    },
    Mode {
        name: "churn",
        about: "connect, upgrade, close, many times",
        kinds: &[Floor, Accept, Chat],
        rounds: 10,
        peers: false,
        run: idle::churn,
        goals: &[times(Accept, "cpu us", 1.2, 1.0)],
    },
    Mode {
        name: "idle",
        about: "10,000 idle connections (naive: 1000), before and after 20 broadcasts",
        kinds: &[Floor, Naive, Chat],
        rounds: 2,
        peers: false,
        run: idle::idle,
        goals: &[at_most("B idle", 4096.0, 2400.0), at_most("B after", 4096.0, 2400.0)],
    },
    Mode {
        name: "stuck",
        about: "one client reads nothing while ten others receive 200 MB each",
        kinds: &[Naive, Chat],
        rounds: 4,
        peers: false,
        run: |contender| stuck::run(contender, 1),
        goals: &[at_most("slower", 1.2, 1.2), at_most("growth MB", 2.0, 2.0), STAYED, WHOLE],
    },
    Mode {
        name: "stuck100",
        about: "the same with a hundred clients that read nothing",
        kinds: &[Chat],
        rounds: 2,
        peers: false,
        run: |contender| stuck::run(contender, 100),
        goals: &[at_most("slower", f64::MAX, 1.2), at_most("growth MB", f64::MAX, 2.0), STAYED],
    },
];

/// The chat evicts a client that does not read.
const STAYED: Goal = at_most("stayed", 0.0, 0.0);
