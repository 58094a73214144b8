//! For each setting, what a client sees if an example obeys it.

use std::future::pending;
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use ws101::client::Request;
use ws101::frame::{Frame, Opcode};

use super::client::{Client, message, narrow, request};
use crate::program::{Port, Program};

/// How long a client reads nothing, where the setting allows a tenth of that.
const NOT_READING: Duration = Duration::from_millis(1500);

/// How many messages a speaker sends before it reads.
const AT_A_TIME: usize = 4;

/// How long an example may take to pass them on.
const REPLY: Duration = Duration::from_secs(10);

/// More bytes than the buffers between two programs take.
const FLOOD: usize = 6 << 20;

/// The examples with a page of their own, in place of `frontend/`.
const OWN_PAGES: [&str; 3] = ["guess", "strangers_page", "too_fast"];

/// A time after which nobody looks any more, in milliseconds.
const LATE: &str = "600000";

const TEACHER_KEY: &str = "correct horse battery";

/// Stands for a port that is reserved for one run.
const FREE_PORT: &str = "a free port";

/// The page that `WS_FRONTEND` names.
pub const PAGE: &str = "<title>A page of our own</title>";

/// An example that runs with some settings.
pub struct Run {
    example: String,
    program: Program,
    port: Port,
    patience: Duration,
}

impl Run {
    pub async fn start(example: &str, settings: &[(&str, String)], patience: Duration) -> Self {
        let port = Port::reserve().unwrap();
        let number = port.number();
        let mut settings: Vec<_> =
            settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        for (_, value) in &mut settings {
            if *value == FREE_PORT {
                *value = &number;
            }
        }
        let program = Program::start(example, &settings).await;
        Self { example: example.to_owned(), program, port, patience }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.program.address).await.unwrap()
    }

    /// A client that is in.
    async fn enter(&self, name: &str) -> Client {
        Client::enter(&self.example, self.connect().await, name).await
    }

    /// A client that is in, and whose system takes little that it does not read.
    async fn enter_narrow(&self, name: &str) -> Client {
        Client::enter(&self.example, narrow(self.program.address).await, name).await
    }

    /// The status of the answer to a request for a WebSocket.
    async fn status(&self, request: &Request) -> u16 {
        Client::ask(self.connect().await, request).await.0
    }

    fn message(&self, content: &str) -> Frame {
        message(&self.example, content)
    }

    /// Whether a client sees it in the time that the run has.
    async fn in_time(&self, looking: impl Future<Output = bool>) -> bool {
        timeout(self.patience, looking).await.unwrap_or(false)
    }
}

/// The effect of a setting, and the settings with which it is to be seen, or not.
#[derive(Clone)]
pub struct Effect {
    pub setting: &'static str,
    kind: Kind,
    pub with: Vec<(&'static str, String)>,
    pub without: Vec<(&'static str, String)>,
}

impl Effect {
    /// An effect that comes with this value, and does not come without the setting.
    fn of(setting: &'static str, value: &str, kind: Kind) -> Self {
        Self { setting, kind, with: vec![(setting, value.to_owned())], without: Vec::new() }
    }

    /// The effect does not come with this other value.
    fn instead_of(mut self, value: &str) -> Self {
        self.without.push((self.setting, value.to_owned()));
        self
    }

    /// These settings are there in both cases.
    fn beside(mut self, others: &[(&'static str, &str)]) -> Self {
        let others = others.iter().map(|(name, value)| (*name, (*value).to_owned()));
        self.with.extend(others.clone());
        self.without.extend(others);
        self
    }
}

/// An effect that a client sees.
#[derive(Clone, Copy)]
enum Kind {
    Address,
    Port,
    SecondPort,
    /// The first text that comes, to a client that names no subprotocol, is of another dialect.
    RootDialect,
    Ping,
    /// The server ends a connection whose client is silent.
    SilenceEnds,
    Statistics,
    /// The server ends without those that do not answer.
    LeftBehind,
    /// The server ends a connection behind these bytes.
    TcpEnds(&'static str),
    /// The server ends a connection in the middle of a frame.
    HalfFrameEnds,
    /// The server ends a connection whose client does not read.
    NotReadingEnds,
    /// The server closes, and ends the connection although the client does not answer.
    UnansweredCloseEnds,
    CloseCode(u16),
    /// The server ends a member that does not read while another speaks.
    SlowMemberEnds,
    SecondRefused,
    /// A member gets all that another says.
    AllIsHeard,
    /// An error, or the end, comes to a client that sends much.
    TooMuch {
        messages: usize,
        bytes: usize,
    },
    /// The status of the answer to a request for a WebSocket with this header.
    Status(u16, &'static str, &'static str),
    /// The key is accepted.
    Teacher,
    Page,
}

/// The effect of each setting that a client on loopback can see; `frontend` is a directory with
/// [`PAGE`].
pub fn effects(frontend: &Path) -> Vec<Effect> {
    let head = Kind::TcpEnds("GET / HTTP/1.1\r\nHo");
    let request = Kind::TcpEnds("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    let origin = Kind::Status(101, "Origin", "http://class.example");
    let host = Kind::Status(421, "Host", "another.example");
    vec![
        Effect::of("HOST", "127.0.0.2", Kind::Address),
        Effect::of("PORT", FREE_PORT, Kind::Port),
        Effect::of("PORT_PYTHON_CHAT", FREE_PORT, Kind::SecondPort),
        Effect::of("WS_ROOT_DIALECT", "broadcast_server", Kind::RootDialect),
        Effect::of("WS_HEARTBEAT_MS", "50", Kind::Ping).instead_of(LATE),
        Effect::of("WS_PONG_TIMEOUT_MS", "50", Kind::SilenceEnds)
            .instead_of(LATE)
            .beside(&[("WS_HEARTBEAT_MS", "50")]),
        Effect::of("WS_IDLE_MS", "100", Kind::SilenceEnds)
            .instead_of(LATE)
            .beside(&[("WS_HEARTBEAT_MS", "0")]),
        Effect::of("WS_STATS_MS", "50", Kind::Statistics).instead_of(LATE),
        Effect::of("WS_DRAIN_MS", "100", Kind::LeftBehind).instead_of(LATE),
        Effect::of("WS_HEAD_MS", "100", head).instead_of(LATE),
        Effect::of("WS_KEEP_ALIVE_MS", "100", request).instead_of(LATE),
        Effect::of("WS_HELLO_MS", "100", Kind::SilenceEnds).instead_of(LATE),
        Effect::of("WS_MESSAGE_MS", "100", Kind::HalfFrameEnds).instead_of(LATE),
        Effect::of("WS_WRITE_MS", "100", Kind::NotReadingEnds).instead_of(LATE),
        Effect::of("WS_CLOSE_MS", "100", Kind::UnansweredCloseEnds)
            .instead_of(LATE)
            .beside(&[("WS_HEARTBEAT_MS", "0"), ("WS_IDLE_MS", "100")]),
        Effect::of("WS_MAX_MESSAGE_BYTES", "125", Kind::CloseCode(1009)),
        Effect::of("WS_MAX_QUEUE_BYTES", "500000", Kind::SlowMemberEnds)
            .instead_of("99999999")
            .beside(&[
                ("WS_RATE", "0"),
                ("WS_WRITE_MS", LATE),
                ("WS_HEARTBEAT_MS", "0"),
                ("WS_IDLE_MS", "0"),
            ]),
        Effect::of("WS_MAX_CONNECTIONS", "1", Kind::SecondRefused),
        Effect::of("WS_RATE", "1", Kind::TooMuch { messages: 10, bytes: 1 }),
        Effect::of("WS_BYTES", "100", Kind::TooMuch { messages: 4, bytes: 500 })
            .beside(&[("WS_MAX_MESSAGE_BYTES", "1000")]),
        Effect::of("WS_ROOM_BYTES", "0", Kind::AllIsHeard).instead_of("1000").beside(&[
            ("WS_MAX_QUEUE_BYTES", "65536"),
            ("WS_RATE", "1000"),
            ("WS_BYTES", "0"),
        ]),
        Effect::of("WS_ORIGINS", "http://class.example", origin),
        Effect::of("WS_HOSTS", "class.example", host),
        Effect::of("WS_TEACHER_KEY", TEACHER_KEY, Kind::Teacher),
        Effect::of("WS_FRONTEND", &frontend.to_string_lossy(), Kind::Page),
    ]
}

impl Effect {
    /// How many of the places for programs it takes. Those that send much would slow down the others.
    pub fn places(&self) -> u32 {
        if matches!(self.kind, Kind::NotReadingEnds | Kind::SlowMemberEnds) { 8 } else { 1 }
    }

    /// Whether a client sees it in the time that the run has. Ends the run.
    pub async fn comes(&self, run: Run) -> bool {
        match self.kind {
            // The time begins when all has been sent.
            Kind::NotReadingEnds => not_reading_ends(&run).await,
            Kind::SlowMemberEnds => {
                let mut slow = run.enter_narrow("slow").await;
                let mut speaker = run.enter("ann").await;
                flood(&run, &mut speaker).await;
                run.in_time(slow.ends()).await
            }
            Kind::LeftBehind => {
                let _mute = run.enter("ann").await;
                let said = run.program.stop().await.said;
                said.contains("не успели уйти: 1") || said.contains("closed; 1 had not left")
            }
            _ => run.in_time(self.is_seen(&run)).await,
        }
    }

    async fn is_seen(&self, run: &Run) -> bool {
        match self.kind {
            Kind::Address => run.program.address.ip() == Ipv4Addr::new(127, 0, 0, 2),
            Kind::Port => run.program.address == run.port.address,
            Kind::SecondPort => {
                while TcpStream::connect(run.port.address).await.is_err() {
                    sleep(Duration::from_millis(20)).await;
                }
                true
            }
            Kind::RootDialect => root_dialect(run).await,
            Kind::Ping => {
                let mut client = run.enter("ann").await;
                while let Some(frame) = client.next().await {
                    if frame.header.opcode == Opcode::Ping {
                        return true;
                    }
                }
                false
            }
            Kind::SilenceEnds => {
                Client::ask(run.connect().await, &request(&run.example)).await.1.ends().await
            }
            Kind::Statistics => {
                let mut client = run.enter("ann").await;
                let printed = run.program.said(|said| said.contains("Активных").then_some(()));
                tokio::select! {
                    heard = client.hears(&["activeConnections", " connected, up "]) => heard,
                    () = printed => true,
                }
            }
            Kind::TcpEnds(bytes) => {
                let mut tcp = run.connect().await;
                tcp.write_all(bytes.as_bytes()).await.unwrap();
                let _ = tcp.read_to_end(&mut Vec::new()).await;
                true
            }
            Kind::HalfFrameEnds => {
                let mut client = run.enter("ann").await;
                client.write(&[0x81, 0x85, 0x37]).await;
                client.ends().await
            }
            Kind::UnansweredCloseEnds => {
                let mut client = run.enter("ann").await;
                client.ends().await;
                while client.next().await.is_some() {}
                true
            }
            Kind::CloseCode(code) => {
                let mut client = run.enter("ann").await;
                client.send(run.message(&"x".repeat(200))).await;
                while let Some(frame) = client.next().await {
                    if frame.header.opcode == Opcode::Close {
                        return frame.payload.starts_with(&code.to_be_bytes());
                    }
                }
                false
            }
            Kind::SecondRefused => {
                let _first = run.enter("ann").await;
                run.status(&request(&run.example)).await == 503
            }
            Kind::AllIsHeard => all_is_heard(run).await,
            Kind::TooMuch { messages, bytes } => {
                let mut client = run.enter("ann").await;
                for _ in 0..messages {
                    client.send(run.message(&"x".repeat(bytes))).await;
                }
                client.hears(&["rate_limited"]).await
            }
            Kind::Status(wanted, name, value) => {
                run.status(&request(&run.example).header(name, value)).await == wanted
            }
            Kind::Teacher => {
                let mut client = run.enter("ann").await;
                let teach = format!(r#"{{"type":"teach","id":"t","key":"{TEACHER_KEY}"}}"#);
                client.send(Frame::new(Opcode::Text, teach)).await;
                client.hears(&[r#""type":"ack""#]).await
            }
            Kind::Page => page(run).await,
            Kind::LeftBehind | Kind::NotReadingEnds | Kind::SlowMemberEnds => {
                unreachable!("`comes` looks for these")
            }
        }
    }
}

/// Whether the first text at `/` is one of `broadcast_server`.
async fn root_dialect(run: &Run) -> bool {
    let (_, mut client) = Client::ask(run.connect().await, &Request::new("/")).await;
    let first = client.next().await;
    first.is_some_and(|frame| frame.payload.windows(8).any(|bytes| bytes == b"clientId"))
}

/// Whether a member gets all that another says.
async fn all_is_heard(run: &Run) -> bool {
    let mut listener = run.enter("bob").await;
    let mut speaker = run.enter("ann").await;
    let speaking = async {
        for _ in 0..60 {
            speaker.send(run.message(&"x".repeat(1000))).await;
        }
        speaker.send(run.message("the end")).await;
        while speaker.next().await.is_some() {}
        pending().await
    };
    tokio::select! {
        heard = listener.hears(&["the end"]) => heard,
        heard = speaking => heard,
    }
}

/// Whether the page is [`PAGE`].
async fn page(run: &Run) -> bool {
    let mut tcp = run.connect().await;
    let request = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    tcp.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let _ = tcp.read_to_string(&mut answer).await;
    answer.contains(PAGE)
}

/// Sends more than the buffers hold. The speaker waits for its own copies, so that only others are
/// slow; without them it stops.
async fn flood(run: &Run, speaker: &mut Client) {
    // The longest that `full_chat` takes: 4000 characters, of four bytes each.
    let long = run.message(&"👍".repeat(4000));
    let mut heard = 0;
    while heard < FLOOD {
        for _ in 0..AT_A_TIME {
            speaker.send(long.clone()).await;
        }
        let hearing = async {
            let mut copies = 0;
            while copies < AT_A_TIME {
                let Some(frame) = speaker.next().await else { return false };
                if frame.payload.len() >= long.payload.len() {
                    copies += 1;
                    heard += frame.payload.len();
                }
            }
            true
        };
        if timeout(REPLY, hearing).await != Ok(true) {
            break;
        }
    }
}

/// Whether the server ends a connection whose client reads nothing while much waits for it.
async fn not_reading_ends(run: &Run) -> bool {
    match run.example.as_str() {
        "raw_echo" => {
            let mut client = run.enter_narrow("ann").await;
            let frame = Frame::binary(vec![0; 60_000]);
            let flood = async {
                while client.send(frame.clone()).await {}
                true
            };
            run.in_time(flood).await
        }
        "poll_vs_push" => {
            let mut deaf = narrow(run.program.address).await;
            deaf.write_all(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
            let mut poster = run.connect().await;
            let post = format!("POST /news?{} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(15_000));
            for _ in 0..FLOOD / post.len() {
                poster.write_all(post.as_bytes()).await.unwrap();
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(poster.read_u8().await.unwrap());
                }
            }
            sleep(NOT_READING).await;
            let mut buffer = vec![0; 1 << 16];
            let reading = async {
                while matches!(deaf.read(&mut buffer).await, Ok(1..)) {}
                true
            };
            run.in_time(reading).await
        }
        example => {
            // The longest file that it has: some have a page of their own, and no other.
            let target = if OWN_PAGES.contains(&example) { "/" } else { "/texts.js" };
            let request = format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n");
            let mut tcp = run.connect().await;
            let last = request.replace("Host", "Connection: close\r\nHost");
            tcp.write_all(last.as_bytes()).await.unwrap();
            let mut answer = Vec::new();
            tcp.read_to_end(&mut answer).await.unwrap();
            is_cut(run, &request.repeat(FLOOD / answer.len())).await
        }
    }
}

/// Whether the connection ends before the answers to `requests` have come, which are [`FLOOD`]
/// bytes. A busy server is tried again, with a client that reads later.
async fn is_cut(run: &Run, requests: &str) -> bool {
    let mut not_reading = NOT_READING;
    let mut buffer = vec![0; 1 << 16];
    loop {
        let mut tcp = narrow(run.program.address).await;
        if tcp.write_all(requests.as_bytes()).await.is_err() {
            return true;
        }
        sleep(not_reading).await;
        let mut come = 0;
        while come < FLOOD * 9 / 10 {
            match tcp.read(&mut buffer).await {
                Ok(0) | Err(_) => return true,
                Ok(n) => come += n,
            }
        }
        not_reading *= 2;
        if not_reading > run.patience {
            return false;
        }
    }
}
