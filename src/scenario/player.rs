//! Plays a scenario: does the actions of its clients, and waits for the events that they are expected to receive.

mod acting;
mod recording;
mod waiting;

use std::fmt;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::captured::captured_fault;
use super::expect::{Agenda, DueLine};
use super::inbox::{Arrival, Arrived, Inbox};
use super::matching::unfinished;
use super::mismatch::{Difference, Mismatch, NOTHING_MORE};
use super::settings::StepSettings;
use super::{Expectation, Item, Names, Note, Observation, Scenario, Timing};
use crate::tap::Limits;
use crate::transcript::{BYTES_TOLD, ENDING, Transcript};
use crate::wst::{LineWriter, steps};

/// The most bytes of each payload, and the most events that are not yet in an inbox, that are kept of each client.
const LIMITS: Limits = Limits { keep: 128 * 1024, events: 1024 };

/// How long a scenario may take beyond the times that it states.
const SLACK: Duration = Duration::from_secs(60);

/// The result of playing a scenario.
///
/// It displays as the transcript with the difference below it.
#[non_exhaustive]
pub struct Played {
    /// The first difference, if there is one.
    pub difference: Option<Difference>,
    /// The steps that began. If there is a difference, the last one did not finish.
    pub steps: Vec<PlayedStep>,
    /// The captured names and their values.
    pub names: Names,
    /// The transcript. It shows ids and times as they were received.
    pub transcript: Transcript,
}

/// A step that was played.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlayedStep {
    /// Its title.
    pub title: String,
    /// How long it took, up to the difference if there is one.
    pub took: Duration,
}

impl fmt::Display for Played {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.transcript)?;
        match &self.difference {
            Some(difference) => write!(f, "\n{difference}\n"),
            None => Ok(()),
        }
    }
}

pub use recording::{
    Loosened, NotDeterministic, RECORDINGS, RecordedServer, Recording, RecordingProgress, Variance,
};
pub(super) use recording::{TranscriptsOnly, record};

pub(super) async fn play(
    scenario: &Scenario,
    mut transcript: Transcript,
    before: impl FnMut(&super::Step),
) -> Played {
    transcript.play(LIMITS);
    let mut player = Player::new(scenario, transcript);
    let longest = scenario.longest();
    let server = player.t.server();
    let playing = timeout(longest, player.run(scenario, before));
    let difference = match Transcript::unless_restless(server.clone(), false, playing).await {
        None => Some(*player.differs(None, Mismatch::Restless)),
        Some(Ok(Ok(()))) if !player.t.panics().is_empty() => Some(*player.panicked()),
        Some(Ok(Ok(()))) => captured_fault(scenario, &player.names).map(|(step, note, fault)| {
            player.about_note(scenario, step, &note, Mismatch::BreaksNote(fault))
        }),
        Some(Ok(Err(difference))) => {
            let looking = player.earliest(difference.clone());
            let earliest = Transcript::unless_restless(server, false, looking).await;
            Some(*earliest.unwrap_or(difference))
        }
        Some(Err(_)) => Some(*player.differs(None, Mismatch::Endless(longest))),
    };
    player.take_in();
    player.report();
    let difference = match difference {
        None => player.badly_ended().await,
        differs => differs,
    };
    let Player { t, names, steps, .. } = player;
    Played { difference, steps, names, transcript: t }
}

/// The first note that is about the process of the server, with the index of its step.
pub(super) fn process_note(scenario: &Scenario) -> Option<(usize, &Note)> {
    let of_steps = scenario.steps.iter().enumerate();
    let of_steps = of_steps.flat_map(|(at, step)| step.notes.iter().map(move |note| (at, note)));
    let mut notes = scenario.notes.iter().map(|note| (0, note)).chain(of_steps);
    notes.find(|(_, note)| note.is_about_process())
}

/// The result for a scenario that cannot be played because of `note`.
pub(super) fn not_played(
    scenario: &Scenario,
    transcript: Transcript,
    step: usize,
    note: &Note,
) -> Played {
    let mut player = Player::new(scenario, transcript);
    let why = Mismatch::NoProcess(note.to_string());
    let difference = Some(player.about_note(scenario, step, note, why));
    Played { difference, steps: Vec::new(), names: player.names, transcript: player.t }
}

/// Boxed, because a difference is large and most results have none.
type StepResult = Result<(), Box<Difference>>;

struct Player {
    t: Transcript,
    /// The state of each lane of the transcript, by the same index.
    lanes: Vec<LaneProgress>,
    names: Names,
    /// The settings of the whole file, and those of the current step.
    file: StepSettings,
    settings: StepSettings,
    /// Whether fragments are put together.
    joined: bool,
    /// The lane that acted last, and when.
    actor: Option<usize>,
    acted: Instant,
    /// When the last `-- wait` was over.
    waited: Instant,
    /// When the last `-- wait` began, if nothing was done since.
    since: Option<Instant>,
    /// The clients that write in pieces, and the size of a piece in bytes.
    paces: Vec<(String, usize)>,
    steps: Vec<PlayedStep>,
    /// The number of the current line, its client and its text.
    line: usize,
    subject: Option<String>,
    current: String,
}

struct LaneProgress {
    inbox: Inbox,
    agenda: Agenda,
}

impl Player {
    fn new(scenario: &Scenario, mut t: Transcript) -> Self {
        let seed = scenario.notes.iter().find_map(|note| match note {
            Note::Seed(seed) => Some(*seed),
            _ => None,
        });
        if let Some(seed) = seed {
            t.seed(seed);
        }
        let now = Instant::now();
        let file = StepSettings::of_file(scenario);
        Self {
            t,
            lanes: Vec::new(),
            names: Names::default(),
            settings: file.clone(),
            file,
            joined: !scenario.tells_fragments(),
            actor: None,
            acted: now,
            waited: now,
            since: None,
            paces: Vec::new(),
            steps: Vec::new(),
            line: 0,
            subject: None,
            current: String::new(),
        }
    }

    async fn run(
        &mut self,
        scenario: &Scenario,
        mut before: impl FnMut(&super::Step),
    ) -> StepResult {
        for step in &scenario.steps {
            before(step);
            let began = Instant::now();
            self.settings = self.file.for_step(step);
            self.t.pace(self.settings.quiet, self.settings.is_fenced);
            if !step.title.is_empty() {
                self.t.step(&step.title);
            }
            self.steps.push(PlayedStep { title: step.title.clone(), took: Duration::ZERO });
            let outcome = self.step(step).await;
            if let Some(step) = self.steps.last_mut() {
                step.took = began.elapsed();
            }
            outcome?;
        }
        self.nothing_late().await?;
        self.nothing_begun().await
    }

    async fn step(&mut self, step: &super::Step) -> StepResult {
        for (at, line) in step.lines.iter().enumerate() {
            self.begin(line);
            match &line.item {
                Item::Comment(text) => {
                    // Nothing happens between the remarks of a row.
                    let is_first = at == 0 || !is_remark(&step.lines[at - 1]);
                    if is_first && is_before_act(&step.lines[at..]) {
                        self.settle().await?;
                    }
                    self.t.note(text);
                }
                Item::Wait(time) => self.wait(*time).await?,
                Item::Action(lane, act) => self.act(lane, act).await?,
                Item::Expectation(lane, expect) => self.expect(lane, expect).await?,
            }
        }
        self.all_met().await?;
        self.t.fall_silent(self.actor).await;
        self.take_in();
        self.compare()?;
        self.nothing_left()?;
        self.report();
        for lane in &mut self.lanes {
            lane.agenda.clear();
        }
        Ok(())
    }

    /// Waits until every expectation of every lane is met, and writes the events down.
    async fn settle(&mut self) -> StepResult {
        self.all_met().await?;
        self.t.receive_written(self.actor).await;
        self.take_in();
        self.report();
        Ok(())
    }

    /// Remembers the current line, for a difference that is about it.
    fn begin(&mut self, line: &super::ScenarioLine) {
        self.line = line.place.0;
        self.subject = line.item.lane().map(str::to_owned);
        self.current = line.item.to_string();
    }

    async fn expect(&mut self, name: &str, expect: &Expectation) -> StepResult {
        let Some(at) = self.t.find(name) else {
            return Err(self.differs(None, Mismatch::NotConnected));
        };
        match &expect.what {
            Observation::Nothing(time) => return self.silence(at, *time).await,
            Observation::NotConnected => return self.not_connected(at).await,
            _ => {}
        }
        let agenda = &mut self.lanes[at].agenda;
        if let Observation::Frame(shape) = &expect.what
            && let super::Kind::Frame(opcode) = shape.kind
        {
            agenda.ask(opcode, &shape.payload);
        }
        agenda.add(DueLine { line: self.line, expect: expect.clone() });
        Ok(())
    }

    /// The client has no connection left on which it could send.
    async fn not_connected(&mut self, at: usize) -> StepResult {
        self.settle().await?;
        if self.t.lane(at).is_alive() {
            return Err(self.differs(None, Mismatch::Connected));
        }
        Ok(())
    }

    /// An event that was received and not compared by now was not expected.
    fn nothing_left(&mut self) -> StepResult {
        for at in 0..self.lanes.len() {
            while let Some(arrival) = self.lanes[at].inbox.pop() {
                if self.settings.is_open {
                    continue;
                }
                return Err(self.unexpected(at, &arrival, NOTHING_MORE));
            }
        }
        Ok(())
    }

    fn unexpected(&self, at: usize, arrival: &Arrival, expected: &str) -> Box<Difference> {
        let why = match &arrival.what {
            Arrived::Panicked(_) => Mismatch::Panicked,
            what => unfinished(what).unwrap_or(Mismatch::Unexpected),
        };
        let mut difference = self.differs(None, why);
        difference.line = self.line;
        expected.clone_into(&mut difference.expected);
        difference.lane = Some(self.t.name(at).to_owned());
        (difference.seen, difference.bytes) = self.told(at, arrival);
        difference
    }

    /// The difference for a panic of a task that serves no client.
    fn panicked(&self) -> Box<Difference> {
        let mut difference = self.differs(None, Mismatch::Panicked);
        difference.lane = None;
        NOTHING_MORE.clone_into(&mut difference.expected);
        difference.seen =
            self.t.panics().first().map(|message| format!("server panicked: {message}"));
        difference
    }

    /// Ends the conversation with a server in process. The difference is a handler that panics or runs on when
    /// its client has left, and a panic that no client received because it had left before.
    async fn badly_ended(&mut self) -> Option<Difference> {
        let server = self.t.server()?;
        if Transcript::unless_restless(Some(server), false, self.t.end()).await.is_none() {
            return Some(*self.differs(None, Mismatch::Restless));
        }
        if let Some((name, message)) = self.t.unreceived_panic() {
            let seen = LineWriter::panic(name, &message).to_string();
            let lane = Some(name.to_owned());
            return Some(Difference {
                seen: Some(seen),
                lane,
                ..self.at_the_end(Mismatch::Panicked)
            });
        }
        if !self.t.panics().is_empty() {
            return Some(*self.panicked());
        }
        let lane = Some(self.t.running()?.to_owned());
        Some(Difference { lane, ..self.at_the_end(Mismatch::Running(ENDING)) })
    }

    /// A difference behind the last line.
    fn at_the_end(&self, why: Mismatch) -> Difference {
        Difference { expected: NOTHING_MORE.to_owned(), ..*self.differs(None, why) }
    }

    /// An event as transcripts write it, and its bytes.
    fn told(&self, at: usize, arrival: &Arrival) -> (Option<String>, Vec<u8>) {
        match &arrival.what {
            Arrived::Panicked(message) => {
                (Some(LineWriter::panic(self.t.name(at), message).to_string()), Vec::new())
            }
            _ => self.t.told(at, &arrival.seen),
        }
    }

    /// The difference between `due` and what arrived; without `due`, a difference about the current line.
    fn differs(
        &self,
        due: Option<(usize, &DueLine, Option<&Arrival>)>,
        why: Mismatch,
    ) -> Box<Difference> {
        let mut difference = Difference {
            step: self.steps.len().saturating_sub(1),
            title: self.steps.last().map(|step| step.title.clone()).unwrap_or_default(),
            line: self.line,
            lane: self.subject.clone(),
            expected: self.current.clone(),
            seen: None,
            bytes: Vec::new(),
            wanted: Vec::new(),
            why,
        };
        if let Some((at, due, arrival)) = due {
            difference.line = due.line;
            difference.expected = due.expect.to_string();
            difference.lane = Some(self.t.name(at).to_owned());
            let wanted = match (&due.expect.modifiers.wire, &due.expect.what) {
                (Some((bytes, false)), _) => Some(bytes.clone().into()),
                (None, Observation::Frame(shape)) => shape.exactly(&self.names),
                _ => None,
            };
            difference.wanted = wanted.into_iter().flatten().take(BYTES_TOLD).collect();
            if let Some(arrival) = arrival {
                (difference.seen, difference.bytes) = self.told(at, arrival);
            }
        }
        Box::new(difference)
    }

    /// The difference about a note of a step.
    fn about_note(
        &mut self,
        scenario: &Scenario,
        step: usize,
        note: &Note,
        why: Mismatch,
    ) -> Difference {
        self.subject = None;
        self.current = note.to_string();
        let mut difference = *self.differs(None, why);
        difference.step = step;
        if let Some(step) = scenario.steps.get(step) {
            difference.line = step.place.0;
            difference.title.clone_from(&step.title);
        }
        difference
    }

    fn report(&mut self) {
        self.t.report(self.actor, self.since);
        for lane in &mut self.lanes {
            lane.inbox.reported();
        }
    }
}

/// Whether the next of these lines that is not a remark is an action.
fn is_before_act(lines: &[super::ScenarioLine]) -> bool {
    let remarks = lines.iter().take_while(|line| is_remark(line)).count();
    steps::count(remarks);
    lines.get(remarks).is_some_and(|line| matches!(line.item, Item::Action(..)))
}

fn is_remark(line: &super::ScenarioLine) -> bool {
    matches!(line.item, Item::Comment(_))
}

impl Scenario {
    /// Whether the scenario compares single fragments.
    fn tells_fragments(&self) -> bool {
        let mut items = self.steps.iter().flat_map(|step| &step.lines).map(|line| &line.item);
        items.any(|item| match item {
            Item::Expectation(_, Expectation { what: Observation::Frame(shape), .. }) => {
                shape.fin.is_some()
                    || shape.kind == super::Kind::Frame(crate::frame::Opcode::Continuation)
            }
            _ => false,
        })
    }

    /// How long playing may take: the sum of all waits, and [`SLACK`].
    fn longest(&self) -> Duration {
        let file = StepSettings::of_file(self);
        let items = self.steps.iter().flat_map(|step| {
            let timeout = file.for_step(step).timeout;
            step.lines.iter().map(move |line| (timeout, &line.item))
        });
        let times = items.map(|(timeout, item)| match item {
            Item::Wait(time)
            | Item::Expectation(_, Expectation { what: Observation::Nothing(time), .. }) => *time,
            Item::Expectation(_, expect) => match expect.modifiers.timing {
                Some(Timing::Within(_, to)) => to,
                _ => timeout,
            },
            Item::Comment(_) | Item::Action(..) => Duration::ZERO,
        });
        times.fold(SLACK, Duration::saturating_add)
    }
}
