//! Plays a scenario: does what clients do, waits for what they are to see.

mod acting;
mod recording;
mod waiting;

use std::fmt;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::expect::{Agenda, Due};
use super::inbox::{Heard, Inbox};
use super::mismatch::{Difference, Mismatch, NOTHING_MORE};
use super::settings::Settings;
use super::{Expectation, Item, Names, Observation, Scenario, Timing};
use crate::tap::Limits;
use crate::transcript::{BYTES_TOLD, Transcript};

/// What is kept of each payload, and of what a client has heard and nobody has looked at yet.
const LIMITS: Limits = Limits { keep: 128 * 1024, events: 1024 };

/// How long a scenario may take beyond the times that it names itself.
const SLACK: Duration = Duration::from_secs(60);

/// What came of playing a scenario.
///
/// Displays as the transcript, and the difference below it.
pub struct Played {
    /// The first difference, if there is one.
    pub difference: Option<Difference>,
    /// The steps that were begun, the last of them perhaps not ended.
    pub steps: Vec<Step>,
    /// What the names stand for.
    pub names: Names,
    /// What crossed the wire, ids and times as they were.
    pub transcript: Transcript,
}

/// A step that was played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its title.
    pub title: String,
    /// How long it took.
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

pub use recording::NotDeterministic;
pub(super) use recording::record;

pub(super) async fn play(
    scenario: &Scenario,
    mut transcript: Transcript,
    before: impl FnMut(&super::Step),
) -> Played {
    transcript.play(LIMITS);
    let mut player = Player::new(scenario, transcript);
    let longest = scenario.longest();
    let difference = match timeout(longest, player.run(scenario, before)).await {
        Ok(Ok(())) => None,
        Ok(Err(difference)) => Some(*player.earliest(difference).await),
        Err(_) => Some(*player.differs(None, Mismatch::Endless(longest))),
    };
    player.take_in();
    player.report();
    let Player { t, names, steps, .. } = player;
    Played { difference, steps, names, transcript: t }
}

/// The largest part of a verdict is a difference, and most verdicts have none.
type Verdict = Result<(), Box<Difference>>;

struct Player {
    t: Transcript,
    /// Beside the lanes of the transcript, place by place.
    lanes: Vec<Lane>,
    names: Names,
    /// What holds for all steps, and for the one that is played.
    file: Settings,
    settings: Settings,
    /// Whether fragments are put together.
    joined: bool,
    /// Who acted last, and when.
    actor: Option<usize>,
    acted: Instant,
    /// When the last `-- wait` was over.
    waited: Instant,
    /// When the last `-- wait` began, if nothing was done since.
    since: Option<Instant>,
    /// Who writes how many bytes at a time.
    paces: Vec<(String, usize)>,
    steps: Vec<Step>,
    /// The line that is played, and what it says.
    line: usize,
    subject: Option<String>,
    current: String,
}

struct Lane {
    inbox: Inbox,
    agenda: Agenda,
    is_mute: bool,
}

impl Player {
    fn new(scenario: &Scenario, t: Transcript) -> Self {
        let now = Instant::now();
        let file = Settings::of_file(scenario);
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

    async fn run(&mut self, scenario: &Scenario, mut before: impl FnMut(&super::Step)) -> Verdict {
        for step in &scenario.steps {
            before(step);
            let began = Instant::now();
            self.settings = self.file.for_step(step);
            self.t.pace(self.settings.quiet, self.settings.is_fenced);
            if !step.title.is_empty() {
                self.t.step(&step.title);
            }
            self.steps.push(Step { title: step.title.clone(), took: Duration::ZERO });
            let outcome = self.step(step).await;
            if let Some(step) = self.steps.last_mut() {
                step.took = began.elapsed();
            }
            outcome?;
        }
        Ok(())
    }

    async fn step(&mut self, step: &super::Step) -> Verdict {
        for (at, line) in step.lines.iter().enumerate() {
            self.begin(line);
            match &line.item {
                Item::Comment(text) => {
                    if is_before_act(&step.lines[at..]) {
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

    /// Waits for what is due, and reports it.
    async fn settle(&mut self) -> Verdict {
        self.all_met().await?;
        self.take_in();
        self.report();
        Ok(())
    }

    /// Takes note of the line that is played, in case something is wrong with it.
    fn begin(&mut self, line: &super::Line) {
        self.line = line.place.0;
        self.subject = line.item.lane().map(str::to_owned);
        self.current = line.item.to_string();
    }

    async fn expect(&mut self, name: &str, expect: &Expectation) -> Verdict {
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
        agenda.add(Due { line: self.line, expect: expect.clone() });
        Ok(())
    }

    /// The client has no connection left on which it could send.
    async fn not_connected(&mut self, at: usize) -> Verdict {
        self.settle().await?;
        if self.t.lane(at).is_alive() {
            return Err(self.differs(None, Mismatch::Connected));
        }
        Ok(())
    }

    /// Whatever was seen, and not looked at, was not to be seen.
    fn nothing_left(&mut self) -> Verdict {
        for at in 0..self.lanes.len() {
            while let Some(heard) = self.lanes[at].inbox.pop() {
                if self.settings.is_open {
                    continue;
                }
                return Err(self.unexpected(at, &heard, NOTHING_MORE));
            }
        }
        Ok(())
    }

    fn unexpected(&self, at: usize, heard: &Heard, expected: &str) -> Box<Difference> {
        let mut difference = self.differs(None, Mismatch::Unexpected);
        difference.line = self.line;
        expected.clone_into(&mut difference.expected);
        difference.lane = Some(self.t.name(at).to_owned());
        (difference.seen, difference.bytes) = self.t.told(at, &heard.seen);
        difference
    }

    /// The difference that `heard` makes to what was due; without `due`, to the line that is played.
    fn differs(
        &self,
        due: Option<(usize, &Due, Option<&Heard>)>,
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
        if let Some((at, due, heard)) = due {
            difference.line = due.line;
            difference.expected = due.expect.to_string();
            difference.lane = Some(self.t.name(at).to_owned());
            let wanted = match (&due.expect.modifiers.wire, &due.expect.what) {
                (Some((bytes, false)), _) => Some(bytes.clone().into()),
                (None, Observation::Frame(shape)) => shape.exactly(&self.names),
                _ => None,
            };
            difference.wanted = wanted.into_iter().flatten().take(BYTES_TOLD).collect();
            if let Some(heard) = heard {
                (difference.seen, difference.bytes) = self.t.told(at, &heard.seen);
            }
        }
        Box::new(difference)
    }

    fn report(&mut self) {
        self.t.report(self.actor, self.since);
        for lane in &mut self.lanes {
            lane.inbox.reported();
        }
    }
}

/// Whether the next of these lines that is no remark is something a client does.
fn is_before_act(lines: &[super::Line]) -> bool {
    let next = lines.iter().find(|line| !matches!(line.item, Item::Comment(_)));
    next.is_some_and(|line| matches!(line.item, Item::Action(..)))
}

impl Scenario {
    /// Whether it looks at single fragments.
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

    /// How long it may take: each thing that is waited for its time, and some slack.
    fn longest(&self) -> Duration {
        let file = Settings::of_file(self);
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
