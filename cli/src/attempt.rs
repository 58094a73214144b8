//! One play of a scenario against a server, and what no line of it shows: how the server ended, or
//! whether it still serves.

mod death;
mod exits;
mod reply;

use std::time::Duration;

use tokio::time::sleep;
use ws101::scenario::{Mismatch, Note, Played, Scenario};

use crate::lang::Lang;
use crate::notes::{ends, is_open};
use crate::place::Place;
use crate::program::Program;
use crate::strain::Strain;
use death::Death;
pub use death::{LATE, death_at, death_of};

/// How long a server is watched after its clients have left.
const LEFT: Duration = Duration::from_millis(100);

/// The result of playing a scenario once.
pub struct Attempt {
    /// The transcript and the first difference.
    pub played: Played,
    /// A fault that no line shows, as a sentence in the report's language. A dead server is one, even if
    /// there is a difference.
    pub fault: Option<String>,
    /// The last lines of a started server on standard error; if it has ended, of all its output.
    pub tail: String,
    /// How long the server waited for a processor, if it may have been late for that.
    pub starved: Option<Duration>,
}

impl Attempt {
    /// Whether nothing is wrong.
    pub fn passed(&self) -> bool {
        self.played.difference.is_none() && self.fault.is_none()
    }

    /// Plays against a server that somebody else started. Like [`with`](Self::with), it listens on for `late`.
    pub async fn elsewhere(place: &Place, scenario: &Scenario, late: Duration, lang: Lang) -> Self {
        let listening = listening_on(scenario, late);
        let mut played =
            scenario.play_with(place.transcript().listening_on(listening), |_| {}).await;
        played.transcript.leave().await;
        sleep(late.saturating_sub(listening)).await;
        let death = death_at(place, &played.transcript).await;
        let fault = death.and_then(|death| sentence(&death, &played, lang));
        Self { played, fault, tail: String::new(), starved: None }
    }

    /// Plays against a server that was started here, and sends it SIGTERM where a note says so.
    ///
    /// If nothing differs and not everything may come, the clients listen on for `late`, because some servers say
    /// something or die a moment later. A server that is to live on is watched for as long, from the last line or,
    /// if that is longer, for [`LEFT`] after its clients have left.
    pub async fn with(
        program: &mut Program,
        place: &Place,
        scenario: &Scenario,
        late: Duration,
        lang: Lang,
    ) -> Self {
        program.process.clear_stderr();
        let listened = program.listeners();
        let strain = Strain::of(program.process.group());
        let listening = listening_on(scenario, late);
        let playing = scenario.play_with(place.transcript().listening_on(listening), |step| {
            if step.notes.contains(&Note::SignalTerm) {
                program.process.terminate();
            }
        });
        let mut played = playing.await;
        let lateness = played.difference.as_ref().and_then(|it| lateness(&it.why));
        let mut starved = lateness.and_then(|limit| strain.excuse(limit));
        played.transcript.leave().await;
        let fault = if ends(scenario) {
            match played.difference {
                None => exits::fault(scenario, program, lang).await,
                Some(_) => None,
            }
        } else {
            let listened_on = if played.difference.is_none() { listening } else { Duration::ZERO };
            let more = late.saturating_sub(listened_on).max(late.min(LEFT));
            let death = death_of(program, place, &listened, &played.transcript, more).await;
            match death {
                Some(Death::Starved(_, waited)) => starved = Some(waited),
                Some(_) => starved = None,
                None => {}
            }
            death.and_then(|death| sentence(&death, &played, lang))
        };
        let mut attempt = Self { played, fault, tail: String::new(), starved };
        if !attempt.passed() {
            attempt.tail = program.tail(lang).await;
        }
        attempt
    }
}

/// For how much of `late` the clients listen on after the last line.
fn listening_on(scenario: &Scenario, late: Duration) -> Duration {
    if ends(scenario) || is_open(scenario) { Duration::ZERO } else { late }
}

/// The time within which an event did not come, or after which it came at a wrong time; `None` for faults that
/// are none of time.
fn lateness(why: &Mismatch) -> Option<Duration> {
    match why {
        Mismatch::Silence(time)
        | Mismatch::Open(time)
        | Mismatch::Early(time)
        | Mismatch::Late(time)
        | Mismatch::Endless(time) => Some(*time),
        _ => None,
    }
}

/// The sentence about a dead server; none about a server that never sent anything and differs for that.
fn sentence(death: &Death, played: &Played, lang: Lang) -> Option<String> {
    let is_silent = played.difference.is_some() && !played.transcript.has_received();
    let is_known = is_silent && matches!(death, Death::Hangs(_));
    (!is_known).then(|| death.told(&played.transcript, lang))
}
