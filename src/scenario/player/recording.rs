//! Records what a server does, and checks that it does the same each time.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::io;

use super::super::inbox::Inbox;
use super::super::mismatch::Difference;
use super::{PlayedStep, Player};
use crate::transcript::Transcript;
use crate::wst::{
    Action, ConnectionAction, Expectation, Item, Kind, LineNumber, Observation, Scenario,
    ScenarioLine, Step,
};

/// How often a scenario is recorded. The recording is returned only if all are the same.
pub const RECORDINGS: usize = 20;

/// The reason why there is no recording.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotDeterministic {
    /// An action of the scenario cannot be done, such as sending on a closed connection.
    #[error("{0}")]
    Stuck(Box<Difference>),
    /// The error of the caller, who could not give a transcript.
    #[error("{0}")]
    Unserved(io::Error),
    /// A later recording differs from the first.
    #[error("{0}")]
    Differs(Box<Variance>),
}

/// Two recordings of one scenario that are not the same.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "recording {run} is not like the first{}:\n\
     the first:\n{}\nthe other:\n{}\n{}", within(step), indented(&self.first), indented(&self.other), self.advice()
)]
#[non_exhaustive]
pub struct Variance {
    /// The number of the recording that differs, from 2.
    pub run: usize,
    /// The title of the first step that differs.
    pub step: String,
    /// The client's lines in it, in the first recording.
    pub first: Vec<String>,
    /// The client's lines in it, in the other recording.
    pub other: Vec<String>,
}

impl Variance {
    fn advice(&self) -> &'static str {
        let sorted = |lines: &[String]| {
            let mut lines = lines.to_vec();
            lines.sort();
            lines
        };
        if sorted(&self.first) == sorted(&self.other) {
            "The same lines in two orders: mark them with ~, as in `bob << ~ text \"hi\"`."
        } else {
            "What differs from run to run is written <*>, or named: a field by its name (--any NAME).\n\
             A server that remembers is to be left as it was found, or started anew each time (--cmd)."
        }
    }
}

fn within(step: &str) -> String {
    if step.is_empty() { String::new() } else { format!(", in \"{step}\"") }
}

fn indented(lines: &[String]) -> String {
    let mut out = String::new();
    for line in lines {
        let _ = writeln!(out, "  {line}");
    }
    out.trim_end().to_owned()
}

pub(crate) async fn record(
    scenario: &Scenario,
    mut transcript: impl AsyncFnMut() -> io::Result<Transcript>,
) -> Result<Scenario, NotDeterministic> {
    let mut first: Option<Scenario> = None;
    for run in 1..=RECORDINGS {
        let transcript = transcript().await.map_err(NotDeterministic::Unserved)?;
        let mut player = Player::new(scenario, transcript);
        let steps = player.record(scenario).await.map_err(NotDeterministic::Stuck)?;
        player.t.leave().await;
        let recorded = Scenario { notes: scenario.notes.clone(), steps };
        match &first {
            None => first = Some(recorded),
            Some(first) => {
                if let Some(variance) = variance(run, first, &recorded) {
                    return Err(NotDeterministic::Differs(Box::new(variance)));
                }
            }
        }
    }
    Ok(first.unwrap_or_default())
}

/// The first step and the first client that are not the same in both.
fn variance(run: usize, first: &Scenario, other: &Scenario) -> Option<Variance> {
    let mut steps = first.steps.iter().zip(&other.steps);
    steps.find_map(|(was, is)| {
        let mut first = told(was);
        let mut other = told(is);
        let mut names = was.lines.iter().chain(&is.lines).filter_map(|line| line.item.lane());
        // Lanes have no order between them, so two that differ only in that are the same.
        let name = names.find(|name| first.get(name) != other.get(name))?;
        Some(Variance {
            run,
            step: was.title.clone(),
            first: first.remove(name).unwrap_or_default(),
            other: other.remove(name).unwrap_or_default(),
        })
    })
}

/// The lines of each client in a step.
fn told(step: &Step) -> BTreeMap<&str, Vec<String>> {
    let mut lanes = BTreeMap::<_, Vec<_>>::new();
    for line in &step.lines {
        if let Some(name) = line.item.lane() {
            lanes.entry(name).or_default().push(format!("{name} {}", line.item));
        }
    }
    lanes
}

impl Player {
    async fn record(&mut self, scenario: &Scenario) -> Result<Vec<Step>, Box<Difference>> {
        let mut steps = Vec::new();
        for step in &scenario.steps {
            self.settings = self.file.for_step(step);
            self.t.pace(self.settings.quiet, self.settings.is_fenced);
            let title = step.title.clone();
            let notes = step.notes.clone();
            self.steps.push(PlayedStep { title: title.clone(), took: std::time::Duration::ZERO });
            let mut lines = Vec::new();
            for line in &step.lines {
                self.begin(line);
                self.record_line(line, &mut lines).await?;
            }
            steps.push(Step { place: step.place, title, notes, lines });
        }
        Ok(steps)
    }

    async fn record_line(
        &mut self,
        line: &ScenarioLine,
        lines: &mut Vec<ScenarioLine>,
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
        self.t.fall_silent(self.actor).await;
        self.report();
        for lane in &mut self.lanes {
            lane.inbox = Inbox::default();
            lane.agenda.own.clear();
        }
        // Ids are never renamed, so only the new ones are taken.
        for (name, id) in self.t.ids(self.names.mark()) {
            self.names.keep(name, id.into());
        }
        let mut is_own = true;
        for (at, item) in self.t.lines(before) {
            // The client's own actions stand there already.
            let is_sent = matches!(item, Item::Action(_, action) if !is_connection(action));
            let cut = Action::Connection(ConnectionAction::Cut);
            let is_cut = matches!(item, Item::Action(_, action) if *action == cut);
            is_own &= at.is_none() || at == self.actor;
            is_own &= is_sent || *item == line.item || is_cut;
            if at.is_some() && !is_own {
                lines.push(ScenarioLine { place: LineNumber::default(), item: recordable(item) });
            }
        }
        Ok(())
    }
}

fn is_connection(action: &Action) -> bool {
    matches!(action, Action::Connection(_))
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
