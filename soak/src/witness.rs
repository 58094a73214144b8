//! A well-behaved client: it sends slowly and checks every message that it receives.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout};
use ws101::client::{Client, Received, connect, open};
use ws101::frame::{Frame, Opcode};

use crate::stage::{Phase, Stage};
use crate::tally::{Arrival, Line, Tally};
use ws101_soak::dialect::Dialect;

/// How long the server may take to accept a client, to return its message, and to close.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The most bytes of one message. The welcome to a full room is the longest.
const KEEP: usize = 16 * 1024 * 1024;

/// The pause between two lines, in milliseconds: well within the five messages a second allowed.
const PAUSE_MS: std::ops::Range<u64> = 300..1_000;

/// How long a witness that comes and goes stays connected, in milliseconds.
const STAY_MS: std::ops::Range<u64> = 1_000..20_000;

/// One line in this many is long, so that the backlogs of clients that do not read fill up.
const LONG: u32 = 3;
const LONG_CHARS: usize = 3_900;

/// Runs one witness: connects, stays for its time, leaves, and connects again until the run ends.
///
/// `place` identifies the witness over all of its connections.
pub async fn attend(stage: Stage, place: usize, dialect: Dialect, seed: u64, roams: bool) {
    let mut rng = StdRng::seed_from_u64(seed);
    loop {
        let leave =
            roams.then(|| Instant::now() + Duration::from_millis(rng.random_range(STAY_MS)));
        let life = async {
            let witness = Witness::enter(&stage, place, dialect, rng.random()).await?;
            witness.live(leave).await
        };
        if let Err(error) = life.await {
            let words = format_args!("a witness of {dialect:?}: {error:#}");
            stage.ledger.wrong(words, |findings| findings.wronged += 1);
        }
        if !stage.talking() {
            stage.ledger.settle(place);
            return;
        }
        // A pause, or the witness would try a server that is gone again and again.
        tokio::time::sleep(Duration::from_millis(rng.random_range(PAUSE_MS))).await;
    }
}

struct Witness {
    stage: Stage,
    place: usize,
    dialect: Dialect,
    rng: StdRng,
    client: Client<TcpStream>,
    /// The number of this connection as a speaker.
    speaker: u64,
    said: u64,
    /// How many of its own lines it received.
    returned: u64,
    acknowledged: u64,
    /// The `seq` of the last event, in dialects that number all events.
    seq: Option<u64>,
    tally: Tally,
}

impl Witness {
    /// Connects. The witness is a member of the room when this returns.
    async fn enter(stage: &Stage, place: usize, dialect: Dialect, seed: u64) -> Result<Self> {
        let speaker = stage.ledger.speaker();
        let connecting = async {
            let tcp = connect(stage.address, TIMEOUT).await?;
            let host = stage.address.to_string();
            let deadline = Instant::now() + TIMEOUT;
            let mut client = open(tcp, &host, &dialect.request(), KEEP, deadline).await?;
            if let Some(greeting) = dialect.greeting(&format!("w{speaker}")) {
                client.send(Frame::text(greeting)).await?;
            }
            let welcome = if dialect.is_welcomed() {
                let welcome = next(&mut client).await?;
                ensure!(welcome.header.opcode == Opcode::Text, "no welcome: {welcome}");
                Some(welcome)
            } else {
                None
            };
            anyhow::Ok((client, welcome))
        };
        let connected =
            timeout(TIMEOUT, connecting).await.context("the server did not let it enter")?;
        let (client, welcome) = connected.context("the server did not let it enter")?;
        let mut seq = None;
        if dialect.numbers_events() {
            let welcome: Value = serde_json::from_slice(&welcome.context("no welcome")?.payload)?;
            let last = welcome["rooms"][0]["seq"].as_u64();
            seq = Some(last.with_context(|| format!("no welcome: {welcome}"))?);
        }
        // Speakers with a higher number connect later, so this witness receives all their lines.
        let since = if dialect.in_room() { stage.ledger.next_speaker() } else { u64::MAX };
        let rng = StdRng::seed_from_u64(seed);
        Ok(Self {
            stage: stage.clone(),
            place,
            dialect,
            rng,
            client,
            speaker,
            said: 0,
            returned: 0,
            acknowledged: 0,
            seq,
            tally: Tally::new(since),
        })
    }

    /// Sends lines until it has to leave or the run goes quiet. Then receives what is still missing.
    async fn live(mut self, leave: Option<Instant>) -> Result<()> {
        let mut phases = self.stage.phase.clone();
        let mut phase = *phases.borrow_and_update();
        let mut settled = false;
        let mut next = self.next_line();
        // The deadline for what is still missing.
        let mut late: Option<Instant> = None;
        loop {
            let leaving = leave.is_some_and(|leave| leave <= Instant::now());
            let speaking = phase == Phase::Talking && !leaving;
            if speaking {
                late = None;
            } else if self.has_all_back() {
                match phase {
                    Phase::Talking => break,
                    Phase::Quiet if !settled => {
                        self.accepted();
                        self.stage.ledger.settle(self.place);
                        (settled, late) = (true, None);
                    }
                    Phase::Settled if self.stage.ledger.unheard(&self.tally) == 0 => break,
                    Phase::Quiet | Phase::Settled => {}
                }
            }
            let waiting = !speaking && (phase != Phase::Quiet || !settled);
            let give_up = *late.get_or_insert_with(|| Instant::now() + TIMEOUT);
            tokio::select! {
                received = self.client.receive() => {
                    let frame = whole(received)?;
                    match frame.header.opcode {
                        Opcode::Text => self.hear(str::from_utf8(&frame.payload)?)?,
                        Opcode::Close => bail!("closed: {frame}"),
                        Opcode::Ping => self.client.send(Frame::pong(frame.payload)).await?,
                        _ => {}
                    }
                },
                () = sleep_until(next), if speaking => {
                    self.speak().await?;
                    next = self.next_line();
                }
                () = sleep_until(leave.unwrap_or(next)), if leave.is_some() && speaking => {}
                changed = phases.changed() => {
                    changed.context("the run ended without a last phase")?;
                    (phase, late) = (*phases.borrow_and_update(), None);
                }
                () = sleep_until(give_up), if waiting => break,
            }
        }
        if phase == Phase::Talking {
            self.accepted();
        }
        self.count_lost(phase);
        self.leave().await
    }

    fn next_line(&mut self) -> Instant {
        Instant::now() + Duration::from_millis(self.rng.random_range(PAUSE_MS))
    }

    fn has_all_back(&self) -> bool {
        let acknowledged = !self.dialect.acknowledges() || self.acknowledged == self.said;
        self.returned == self.said && acknowledged
    }

    fn accepted(&self) {
        if self.dialect.in_room() && self.has_all_back() {
            self.stage.ledger.accept(self.speaker, self.said);
        }
    }

    fn count_lost(&self, phase: Phase) {
        let own = self.said - self.returned;
        let unheard =
            if phase == Phase::Settled { self.stage.ledger.unheard(&self.tally) } else { 0 };
        let lost = own + unheard + self.tally.gaps();
        if lost > 0 {
            let dialect = self.dialect;
            let gaps = self.tally.gaps();
            self.stage.ledger.wrong(
                format_args!(
                    "{dialect:?} lost {own} of its own, {gaps} between others, {unheard} at the end"
                ),
                |findings| findings.lost += lost,
            );
        }
        if self.dialect.acknowledges() && self.acknowledged != self.said {
            let words = format_args!("{} sent, {} acknowledged", self.said, self.acknowledged);
            self.stage.ledger.wrong(words, |findings| findings.misnumbered += 1);
        }
    }

    async fn speak(&mut self) -> Result<()> {
        self.said += 1;
        let line = Line { speaker: self.speaker, n: self.said };
        let length = if self.rng.random_ratio(1, LONG) { LONG_CHARS } else { 40 };
        let content = format!("{} {}", line.mark(), "я".repeat(self.rng.random_range(1..length)));
        self.send(self.dialect.line(line.n, &content)).await?;
        if self.rng.random_ratio(1, 8) {
            let others = self.dialect.other_requests(line.speaker, line.n);
            if let Some(request) = others.choose(&mut self.rng) {
                self.send(request.clone()).await?;
            }
        }
        self.stage.ledger.findings(|findings| findings.said += 1);
        Ok(())
    }

    async fn send(&mut self, text: String) -> Result<()> {
        let sending = self.client.send(Frame::text(text));
        timeout(TIMEOUT, sending)
            .await
            .context("the server does not read")?
            .context("the connection was cut")
    }

    fn hear(&mut self, text: &str) -> Result<()> {
        let line = Line::find(text);
        if let Some(line) = line {
            self.count(line);
        }
        if !self.dialect.is_json() {
            return Ok(());
        }
        let said: Value = serde_json::from_str(text).context("not JSON")?;
        let kind = said["type"].as_str().unwrap_or_default();
        let refused = kind == "error" || said["event"] == "error";
        ensure!(!refused, "the server refused its line: {text}");
        if kind == "ack" {
            let id = (self.acknowledged + 1).to_string();
            ensure!(said["id"] == id.as_str(), "an ack of {} instead of {id}", said["id"]);
            self.acknowledged += 1;
        } else if let Some(seq) = said["seq"].as_u64() {
            if let Some(last) = self.seq.replace(seq)
                && seq != last + 1
            {
                let words = format_args!("event {seq} after {last}");
                self.stage.ledger.wrong(words, |findings| findings.misnumbered += 1);
            }
            if !self.dialect.numbers_events() {
                // It receives messages only, so their numbers have gaps.
                self.seq = None;
            }
            if let Some(line) = line {
                self.stage.ledger.stands_at(seq, line);
            }
        }
        Ok(())
    }

    fn count(&mut self, line: Line) {
        let verdict = self.tally.hear(line);
        if line.speaker == self.speaker {
            self.returned = self.returned.max(line.n);
        }
        self.stage.ledger.findings(|findings| findings.heard += 1);
        let words = format_args!("{:?} received {line:?}: {verdict:?}", self.dialect);
        match verdict {
            // A line that is early leaves a gap. A line that stays missing is lost.
            Arrival::Next | Arrival::Early => {}
            Arrival::OutOfOrder => self.stage.ledger.wrong(words, |found| found.out_of_order += 1),
            Arrival::Doubled => self.stage.ledger.wrong(words, |found| found.doubled += 1),
        }
    }

    /// Sends a close frame and expects the same code as the answer.
    async fn leave(mut self) -> Result<()> {
        let closing = async {
            self.client.send(self.dialect.leave()).await?;
            loop {
                let frame =
                    next(&mut self.client).await.context("the server sent no close frame")?;
                match frame.header.opcode {
                    Opcode::Close => return anyhow::Ok(frame.close_code().map(|(code, _)| code)),
                    Opcode::Text => self.hear(str::from_utf8(&frame.payload)?)?,
                    _ => {}
                }
            }
        };
        let code = timeout(TIMEOUT, closing).await.context("the server sent no close frame")??;
        ensure!(code == Some(1000), "the server answered its close frame with {code:?}");
        Ok(())
    }
}

/// The next frame that is not a ping. Answers pings.
async fn next(client: &mut Client<TcpStream>) -> Result<Frame> {
    loop {
        let frame = whole(client.receive().await)?;
        if frame.header.opcode != Opcode::Ping {
            return Ok(frame);
        }
        client.send(Frame::pong(frame.payload)).await?;
    }
}

/// The received frame, if it is valid and its whole payload was kept.
fn whole(received: Received) -> Result<Frame> {
    match received {
        Received::Frame(frame) if frame.digest.is_none() && frame.header.fin => Ok(frame),
        Received::Frame(frame) => bail!("a frame that is too long or incomplete: {frame}"),
        Received::Broken(frame, violation) => bail!("{frame}: {}", violation.reason()),
        Received::BrokenHeader(violation) => bail!("{}", violation.reason()),
        Received::End(Some(error)) => Err(error).context("the connection was cut"),
        Received::End(None) => bail!("the connection was cut"),
    }
}
