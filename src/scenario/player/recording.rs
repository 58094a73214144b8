//! Records what a server does, and checks that it does the same each time.

mod cues;
mod ignored;
mod merge;
mod not_deterministic;
mod repeated;

use std::collections::{BTreeMap, BTreeSet};
use std::future::{Ready, ready};
use std::io;
use std::time::Duration;

use tokio::time::Instant;

use super::super::inbox::{Arrived, Inbox};
use super::super::mismatch::{Difference, NOTHING_MORE};
use super::{PlayedStep, Player};
use crate::frame::Opcode;
use crate::transcript::Transcript;
use crate::wst::{
    Action, ConnectionAction, End, Expectation, Item, Kind, LineNumber, Note, Observation,
    Scenario, ScenarioLine, Step,
};
use cues::{Cues, Mode};
use ignored::{ignoring, is_ignored, pings};
pub use merge::Loosened;
use merge::{by_lane, differing, merge};
pub use not_deterministic::{NotDeterministic, Variance};
use repeated::named;

/// How often a scenario is recorded. What differs between the recordings is loosened.
pub const RECORDINGS: usize = 20;

/// How long the first recording of a real server goes on after the last step, to find answers that come
/// late; and how long a later one waits for an event that came in the first.
const LATE: Duration = Duration::from_secs(1);

/// The same if nothing has answered the last message of a client: the answer may take its time.
const UNANSWERED: Duration = Duration::from_secs(5);

/// The longest quiet time that a recording sets by itself.
const QUIET_LIMIT: Duration = Duration::from_secs(2);

/// How far a recording is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordingProgress {
    /// The number of the recording, from 1 to [`RECORDINGS`].
    pub run: usize,
    /// How many lines of it are done.
    pub done: usize,
    /// How many lines there are.
    pub lines: usize,
}

/// The server of a recording, and what belongs to it besides its connections.
pub trait RecordedServer {
    /// A new transcript. If the server keeps state, it is restarted.
    fn transcript(&mut self) -> impl Future<Output = io::Result<Transcript>>;

    /// Called ahead of each step, to do what its notes ask of the process, such as `@signal TERM`.
    fn before(&mut self, step: &Step) {
        let _ = step;
    }

    /// Called after each line of a recording, to tell how far a long one is.
    fn progress(&mut self, progress: RecordingProgress) {
        let _ = progress;
    }

    /// Called after each recording: the error is a sentence about what became of the server.
    fn after(&mut self, transcript: &Transcript) -> impl Future<Output = Result<(), String>> {
        let _ = transcript;
        let well: Ready<Result<(), String>> = ready(Ok(()));
        well
    }
}

/// A server of which a recording needs nothing but transcripts.
pub(crate) struct TranscriptsOnly<F>(pub(crate) F);

impl<F: AsyncFnMut() -> io::Result<Transcript>> RecordedServer for TranscriptsOnly<F> {
    async fn transcript(&mut self) -> io::Result<Transcript> {
        (self.0)().await
    }
}

/// The events that a server sent in every recording.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Recording {
    /// The steps with every event. It has been played once more, and passed.
    pub scenario: Scenario,
    /// The lines in which the recordings differ, as they are written now and as they came first.
    pub loosened: Vec<Loosened>,
    /// The quiet time that was set because answers came later than that of the scenario.
    pub quiet: Option<Duration>,
    /// Whether pings are left out by `@ignore ping`, because the server pings on its own.
    pub without_pings: bool,
}

pub(crate) async fn record(
    scenario: &Scenario,
    server: &mut impl RecordedServer,
) -> Result<Recording, NotDeterministic> {
    let mut acts = scenario.clone();
    let mut quiet = None;
    let mut without_pings = false;
    let mut cues = Cues::default();
    let mut recordings: Vec<Scenario> = Vec::new();
    let mut merged = Scenario::default();
    let mut run = 1;
    while run <= RECORDINGS {
        let mode = if recordings.is_empty() { Mode::Write } else { Mode::Follow };
        let (mut recorded, late) = once(&acts, server, &mut cues, (run, mode)).await?;
        if let Some(late) = late {
            let longer = late.after * 2;
            if late.ignore.as_ref() == Some(&Note::Ignore(pings())) && !without_pings {
                without_pings = true;
                acts.notes.push(Note::Ignore(pings()));
                continue;
            }
            if sets_quiet(scenario) || quiet.is_some() || longer > QUIET_LIMIT {
                let ignore = late.ignore.map(|note| note.to_string());
                if late.count == 1 {
                    let (line, after) = (late.line, late.after);
                    return Err(NotDeterministic::Late { line, after, ignore });
                }
                return Err(NotDeterministic::NeverSilent { line: late.line, ignore });
            }
            // Each answer gets twice the time that this one took.
            quiet = Some(longer);
            acts.notes.push(Note::Quiet(longer));
            continue;
        }
        let Some(first) = recordings.first() else {
            merged = recorded.clone();
            recordings.push(recorded);
            run += 1;
            continue;
        };
        let mut same = merge(run, first, &merged, &recorded);
        if same.is_err() {
            // An event may have come later than those that were waited for.
            (recorded, _) = once(&acts, server, &mut cues, (run, Mode::Skip)).await?;
            same = merge(run, first, &merged, &recorded);
        }
        match same {
            Ok(both) => merged = both,
            Err(variance) if variance.has_pings() && !without_pings => {
                without_pings = true;
                acts.notes.push(Note::Ignore(pings()));
                recordings.clear();
                run = 1;
                continue;
            }
            Err(variance) => return Err(NotDeterministic::Differs(Box::new(variance))),
        }
        recordings.push(recorded);
        run += 1;
    }
    let mut scenario = named(merged, &recordings);
    if cues.is_live {
        open_ends(&mut scenario);
    }
    let transcript = server.transcript().await.map_err(NotDeterministic::Unserved)?;
    let mut played = scenario.play_with(transcript, |step| server.before(step)).await;
    played.transcript.leave().await;
    server.after(&played.transcript).await.map_err(NotDeterministic::Unwell)?;
    if let Some(difference) = played.difference {
        return Err(NotDeterministic::Unplayable(Box::new(difference)));
    }
    let loosened = recordings.first().map(|first| differing(first, &scenario)).unwrap_or_default();
    Ok(Recording { scenario, loosened, quiet, without_pings })
}

/// Writes `end` for an end without a close frame: whether a real server's is `eof` or `reset` depends on
/// whether a fence was under way.
fn open_ends(scenario: &mut Scenario) {
    let mut open = BTreeSet::new();
    for line in scenario.steps.iter_mut().flat_map(|step| &mut step.lines) {
        let Some(lane) = line.item.lane().map(str::to_owned) else { continue };
        match &mut line.item {
            Item::Expectation(_, Expectation { what, .. }) => match what {
                Observation::Answer(answer) if answer.statuses == [101] => {
                    open.insert(lane);
                }
                Observation::Frame(frame) if frame.kind == Kind::Frame(Opcode::Close) => {
                    open.remove(&lane);
                }
                Observation::End(end @ (End::Eof | End::Reset)) if open.remove(&lane) => {
                    *end = End::Any;
                }
                _ => {}
            },
            Item::Action(_, Action::Send(frame, _)) if frame.kind == Kind::Frame(Opcode::Close) => {
                open.remove(&lane);
            }
            _ => {}
        }
    }
}

/// Records once; the first time it also listens for what comes late.
async fn once(
    acts: &Scenario,
    server: &mut impl RecordedServer,
    cues: &mut Cues,
    (run, mode): (usize, Mode),
) -> Result<(Scenario, Option<Late>), NotDeterministic> {
    let transcript = server.transcript().await.map_err(NotDeterministic::Unserved)?;
    let mut player = Player::new(acts, transcript);
    cues.begin(run, mode);
    cues.is_live = player.t.server().is_none();
    let recorded = player.record(acts, server, cues).await;
    let late = match &recorded {
        Ok(steps) if mode == Mode::Write => player.late(late_for(steps)).await,
        _ => None,
    };
    let unfinished = player.unfinished().await;
    player.t.leave().await;
    server.after(&player.t).await.map_err(NotDeterministic::Unwell)?;
    let steps = recorded.map_err(NotDeterministic::Stuck)?;
    if let Some(unfinished) = unfinished {
        return Err(NotDeterministic::Unfinished(unfinished));
    }
    Ok((Scenario { notes: acts.notes.clone(), steps }, late))
}

fn sets_quiet(scenario: &Scenario) -> bool {
    let of_steps = scenario.steps.iter().flat_map(|step| &step.notes);
    scenario.notes.iter().chain(of_steps).any(|note| matches!(note, Note::Quiet(_)))
}

/// How long to listen for what comes late after these steps.
fn late_for(steps: &[Step]) -> Duration {
    let items = steps.iter().flat_map(|step| &step.lines).map(|line| &line.item);
    let is_answered = items.fold(true, |is_answered, item| match item {
        Item::Action(_, Action::Send(frame, _)) => {
            !matches!(frame.kind, Kind::Frame(Opcode::Text | Opcode::Binary))
        }
        Item::Action(..) | Item::Expectation(..) => true,
        _ => is_answered,
    });
    if is_answered { LATE } else { UNANSWERED }
}

/// An event that came when nobody waited any more.
struct Late {
    /// How many events there were. The rest is about the last of them.
    count: usize,
    after: Duration,
    line: String,
    ignore: Option<Note>,
}

impl Player {
    async fn record(
        &mut self,
        scenario: &Scenario,
        server: &mut impl RecordedServer,
        cues: &mut Cues,
    ) -> Result<Vec<Step>, Box<Difference>> {
        let mut steps = Vec::new();
        let lines = scenario.steps.iter().map(|step| step.lines.len()).sum();
        let mut progress = RecordingProgress { run: cues.run, done: 0, lines };
        for step in &scenario.steps {
            server.before(step);
            self.settings = self.file.for_step(step);
            self.t.pace(self.settings.quiet, self.settings.is_fenced);
            let title = step.title.clone();
            let notes = step.notes.clone();
            self.steps.push(PlayedStep { title: title.clone(), took: std::time::Duration::ZERO });
            let mut lines = Vec::new();
            for line in &step.lines {
                self.begin(line);
                self.record_line(line, &mut lines, cues).await?;
                progress.done += 1;
                server.progress(progress);
            }
            steps.push(Step { place: step.place, title, notes, lines });
        }
        Ok(steps)
    }

    /// The last event that a real server sends within `time` after the last step and its quiet time, if it
    /// sends one. After the first event it listens no longer than [`LATE`].
    async fn late(&mut self, time: Duration) -> Option<Late> {
        if self.t.server().is_some() {
            return None;
        }
        let mut late = None;
        let mut count = 0;
        let mut deadline = Instant::now() + time;
        while Instant::now() < deadline {
            self.listen(deadline).await;
            self.take_in();
            for at in 0..self.lanes.len() {
                while let Some(arrival) = self.lanes[at].inbox.pop() {
                    // A connection that nobody uses may end at any time.
                    if matches!(arrival.what, Arrived::End(_) | Arrived::Failed(_)) {
                        continue;
                    }
                    let line = self.t.told(at, &arrival.seen).0.unwrap_or_default();
                    if count == 0 {
                        deadline = deadline.min(Instant::now() + LATE);
                    }
                    count += 1;
                    late = Some(Late {
                        count,
                        after: arrival.at.saturating_duration_since(self.acted),
                        ignore: ignoring(&arrival.what),
                        line: format!("{} {line}", self.t.name(at)),
                    });
                }
            }
        }
        late
    }

    /// The difference about a head or frame that has begun and not ended.
    async fn unfinished(&mut self) -> Option<Box<Difference>> {
        self.take_in();
        for at in 0..self.lanes.len() {
            if self.part_came(at).await {
                let part = self.lanes[at].inbox.items.back()?;
                return Some(self.unexpected(at, part, NOTHING_MORE));
            }
        }
        None
    }

    /// Waits until all is silent after an action.
    async fn fall_silent_by(&mut self, cues: &mut Cues) {
        let is_live = cues.is_live;
        let counts = cues.next().filter(|_| is_live).map(<[usize]>::to_vec);
        let Some(counts) = counts else {
            self.t.fall_silent(self.actor).await;
            self.take_in();
            cues.note(self.arrived());
            return;
        };
        let deadline = Instant::now() + LATE;
        loop {
            self.take_in();
            let arrived = self.arrived();
            let is_all = counts.iter().zip(&arrived).all(|(wanted, arrived)| arrived >= wanted);
            if is_all || Instant::now() >= deadline {
                break;
            }
            self.listen(deadline).await;
        }
        self.t.pace(Some(Duration::ZERO), self.settings.is_fenced);
        self.t.fall_silent(self.actor).await;
        self.t.pace(self.settings.quiet, self.settings.is_fenced);
    }

    /// The number of events of each lane that have come since the last action.
    fn arrived(&self) -> Vec<usize> {
        self.lanes.iter().map(|lane| lane.inbox.items.len()).collect()
    }

    async fn record_line(
        &mut self,
        line: &ScenarioLine,
        lines: &mut Vec<ScenarioLine>,
        cues: &mut Cues,
    ) -> Result<(), Box<Difference>> {
        let before = self.t.count();
        match &line.item {
            Item::Comment(_) => {}
            Item::Wait(time) => self.wait(*time).await?,
            Item::Expectation(name, expect) => {
                if let (Observation::Frame(shape), Some(at)) = (&expect.what, self.t.find(name))
                    && let Kind::Frame(opcode) = shape.kind
                {
                    self.lanes[at].agenda.ask(opcode, &shape.payload);
                }
                return Ok(());
            }
            Item::Action(name, Action::Send(shape, _)) if self.is_own_answer(name, shape) => {
                return Ok(());
            }
            Item::Action(name, act) => self.act(name, act).await?,
        }
        lines.push(line.clone());
        if matches!(
            line.item,
            Item::Comment(_) | Item::Action(_, Action::Connection(ConnectionAction::Dribble(_)))
        ) {
            return Ok(());
        }
        self.fall_silent_by(cues).await;
        self.report();
        for lane in &mut self.lanes {
            lane.inbox = Inbox::default();
            lane.agenda.own.clear();
        }
        // Ids are never renamed, so only the new ones are taken.
        for (name, id) in self.t.ids(self.names.mark()) {
            self.names.keep(name, id.into());
        }
        // The last line of each lane, and whether it is left out.
        let mut last: BTreeMap<usize, (&Item, bool)> = BTreeMap::new();
        for (at, item) in self.t.lines(before) {
            let Some(at) = at else { continue };
            let cause = last.get(&at).filter(|(cause, _)| item.answers(cause));
            let is_left_out = is_ignored(&self.settings, item)
                || cause.is_some_and(|(_, is_left_out)| *is_left_out);
            // The action itself stands there already, even if events came before it.
            let is_act = self.actor == Some(at) && cause.is_none() && is_of(item, &line.item);
            if !is_left_out && !is_act {
                lines.push(ScenarioLine { place: LineNumber::default(), item: recordable(item) });
            }
            last.insert(at, (item, is_left_out));
        }
        Ok(())
    }
}

/// Whether `item` is a line about the action `act`, which is all that its client did.
///
/// A client that connects anew has its last connection cut first.
fn is_of(item: &Item, act: &Item) -> bool {
    match item {
        Item::Action(_, Action::Connection(ConnectionAction::Cut)) => true,
        Item::Action(_, Action::Connection(_) | Action::Fault(_) | Action::FaultsOff) => {
            item == act
        }
        Item::Action(..) => true,
        _ => false,
    }
}

/// A line of a recording; an event that cannot happen again in the same way becomes a remark.
fn recordable(item: &Item) -> Item {
    match item {
        Item::Action(_, Action::SendPart(..))
        | Item::Expectation(
            _,
            Expectation { what: Observation::Missed(_) | Observation::NotConnected, .. },
        ) => Item::Comment(item.to_line()),
        item => item.clone(),
    }
}
