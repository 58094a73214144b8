//! Whether a server still serves after what clients did to it.

use std::process::ExitStatus;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use ws101::scenario::{Action, Item};
use ws101::transcript::{Request, Transcript};

use super::reply::{Reply, ask, open};
use crate::lang::Lang;
use crate::listeners::Listeners;
use crate::place::Place;
use crate::program::{Program, in_background};
use crate::strain::{Strain, tenths};

/// How much later than the last line a server may die or send something and still be found out: some end after a
/// timer or a log line.
pub const LATE: Duration = Duration::from_millis(300);

/// How long a server may take to answer a request without an upgrade. Some answer none.
const PLAIN_ANSWER: Duration = Duration::from_millis(300);

/// How long a server that does not answer a plain request may take to answer a handshake.
const ANSWER: Duration = Duration::from_secs(5);

/// How long a server may run, within the extended time, without an answer. One that has run longer was not kept
/// from answering by the machine.
const RUNNING: Duration = Duration::from_secs(2);

/// The limit of a request that something else ends.
const FOREVER: Duration = Duration::from_secs(60 * 60);

/// How long a process whose port is closed may take to end, or something else to start it again.
const ENDING: Duration = Duration::from_secs(10);

/// The pause between two looks at it.
const LOOK: Duration = Duration::from_millis(50);

/// Why a server serves nobody any more.
#[derive(Debug)]
pub enum Death {
    /// Its process ended.
    Ended(ExitStatus),
    /// The command ended, and left a server behind that serves on.
    Background,
    /// It ended, and something started it again.
    Restarted,
    /// It accepts no connection.
    Refuses,
    /// It answers every handshake with 500.
    Fails,
    /// It accepts a connection, or its system does, and sends nothing within this time.
    Hangs(Duration),
    /// It sent nothing within the first time, of which it waited the second for a processor.
    Starved(Duration, Duration),
    /// A proxy answers this status in its place.
    NobodyBehind(u16),
}

/// Why a server that was started here serves nobody any more; `None` if it is well.
///
/// It waits for `late` first. `listened` are the processes that listened before the clients acted.
pub async fn death_of(
    program: &mut Program,
    place: &Place,
    listened: &Listeners,
    transcript: &Transcript,
    late: Duration,
) -> Option<Death> {
    let group = program.process.group();
    Strain::of(group).over(late).await;
    if let Some(status) = program.process.ended() {
        let serves_on =
            status.success() && death_of_group(group, place, transcript).await.is_none();
        return Some(if serves_on { Death::Background } else { Death::Ended(status) });
    }
    match death_of_group(group, place, transcript).await {
        Some(Death::Refuses) => Some(ending(program, listened).await),
        Some(death) => Some(death),
        None => listened.are_gone(&program.listeners()).then_some(Death::Restarted),
    }
}

/// Waits until a server whose port is closed has ended or been started again.
async fn ending(program: &mut Program, listened: &Listeners) -> Death {
    let strain = Strain::of(program.process.group());
    while !strain.is_over(ENDING) {
        if let Some(status) = program.process.ended() {
            return Death::Ended(status);
        }
        if listened.are_gone(&program.listeners()) {
            return Death::Restarted;
        }
        sleep(LOOK).await;
    }
    Death::Refuses
}

/// Why nobody can open a new connection at `place` after what `transcript` shows; `None` if the server
/// answers.
///
/// The first request is one without an upgrade. If somebody was let in before, or nothing comes, or a proxy
/// answers for a server that is gone, a handshake decides: a server may answer pages, and open no WebSocket any
/// more. It goes where the last one was let in.
pub async fn death_at(place: &Place, transcript: &Transcript) -> Option<Death> {
    // No process has this group, so only the waits of this command count.
    death_of_group(0, place, transcript).await
}

async fn death_of_group(group: u32, place: &Place, transcript: &Transcript) -> Option<Death> {
    let plain = Request::new(place.target()).without("Upgrade").header("Connection", "close");
    let answers_pages = ask(place, plain, PLAIN_ANSWER).await == Reply::Answer;
    let opened = transcript.opened_target();
    if answers_pages && opened.is_none() {
        return None;
    }
    let handshake = Request::new(opened.unwrap_or(place.target()));
    let pings = transcript.has_answered_pings();
    let strain = Strain::of(group);
    let began = Instant::now();
    let ((reply, opens), waited) = tokio::select! {
        reply = open(place, handshake, pings, FOREVER) => (reply, None),
        waited = strain.over(ANSWER) => ((Reply::Silence, None), waited),
    };
    if let Some(opens) = opens {
        opens.close().await;
    }
    match reply {
        Reply::Failure if opened.is_some() => Some(Death::Fails),
        Reply::Answer | Reply::Failure => None,
        Reply::Silence => Some(match waited {
            Some(waited) if strain.ran() < RUNNING => Death::Starved(began.elapsed(), waited),
            _ => Death::Hangs(began.elapsed()),
        }),
        // Where nobody was let in before, or pages are answered, these are answers as well: of a server that is
        // full, or lets nobody in a second time.
        Reply::End | Reply::NobodyBehind(_) if opened.is_none() || answers_pages => None,
        Reply::End | Reply::Refused => Some(Death::Refuses),
        Reply::NobodyBehind(status) => Some(Death::NobodyBehind(status)),
    }
}

impl Death {
    /// The sentence, with the last frame or request that the server got.
    pub fn told(&self, transcript: &Transcript, lang: Lang) -> String {
        let last = transcript.last_sent();
        let is_request = matches!(last, Some(Item::Action(_, Action::Ask(_))));
        let one = match is_request {
            true => lang.pick("one request", "один запрос"),
            false => lang.pick("one frame", "один кадр"),
        };
        let line = last.map(Item::to_line);
        let shown = line.as_ref().map(|line| format!(": {line}")).unwrap_or_default();
        let before = match &line {
            Some(line) => lang.pick(
                format!("; the last that it got: {line}"),
                format!("; последнее, что он получил: {line}"),
            ),
            None => String::new(),
        };
        match self {
            Self::Ended(status) if line.is_none() => lang.pick(
                format!("the whole server has ended ({status})"),
                format!("весь сервер закончил работу ({})", lang.status(*status)),
            ),
            Self::Ended(status) => lang.pick(
                format!("{one} ended your whole server ({status}){shown}"),
                format!("{one} завершил весь ваш сервер ({}){shown}", lang.status(*status)),
            ),
            Self::Background => in_background(lang).to_owned(),
            Self::Restarted => lang.pick(
                format!("{one} ended your whole server, and something started it again{shown}"),
                format!("{one} завершил весь ваш сервер, и что-то запустило его снова{shown}"),
            ),
            Self::Refuses => lang.pick(
                format!("the server accepts no connection any more{before}"),
                format!("сервер больше не принимает соединений{before}"),
            ),
            Self::Fails => lang.pick(
                format!(
                    "the server opens no WebSocket any more (500 Internal Server Error){before}"
                ),
                format!("сервер больше не открывает WebSocket (500 Internal Server Error){before}"),
            ),
            Self::Hangs(limit) => {
                let time = lang.time(tenths(*limit));
                lang.pick(
                    format!("the server hangs: a new connection got no answer in {time}{before}"),
                    format!("сервер завис: новое соединение за {time} не получило ответа{before}"),
                )
            }
            // The words behind it say how long it waited.
            Self::Starved(limit, _) => {
                let time = lang.time(tenths(*limit));
                lang.pick(
                    format!("a new connection got no answer in {time}{before}"),
                    format!("новое соединение за {time} не получило ответа{before}"),
                )
            }
            Self::NobodyBehind(status) => lang.pick(
                format!("the proxy no longer reaches the server (it answers {status}){before}"),
                format!(
                    "прокси больше не может связаться с сервером (он отвечает {status}){before}"
                ),
            ),
        }
    }
}
