//! `check 10 --client`: here the server is ours, and the client is judged.

mod door;
mod failure;
mod waits;

use std::cell::RefCell;
use std::time::Duration;

use anyhow::{Result, bail};
use tokio_tungstenite::tungstenite::http::StatusCode;
use ws101::scenario::{Note, Scenario};

use super::judge::{Trial, noted};
use super::words::Lang;
use door::{Door, Guest, Next, Waits};
use failure::Failure;

/// How much later than it should a client may be, on a busy machine.
const SLACK: Duration = Duration::from_secs(2);

/// How long is waited for a client whose waits may be as long as it likes.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often a client may knock at a door that never opened.
const TRIES: usize = 30;

/// The number of the last line before a client comes.
const BEFORE: u64 = 40;

/// A verdict on what a client did.
type Verdict = Result<(), Failure>;

/// Starts the client `command` and does with it what the scenario's `@client` line says.
///
/// The error is a client that cannot be started, or does not come for the first time.
pub async fn tried(
    command: &str,
    scenario: &Scenario,
    patience: Duration,
    lang: Lang,
) -> Result<Trial> {
    let words = noted(scenario).find_map(|note| match note {
        Note::Client(words) => Some(words),
        _ => None,
    });
    let words: Vec<&str> = words.into_iter().flatten().map(String::as_str).collect();
    let open = |name, retry, cap| {
        let [retry, cap] = [retry, cap].map(Duration::from_millis);
        Door::open(name, command, Waits { retry, cap }, patience)
    };
    let (verdict, doors) = match words[..] {
        ["returns"] => {
            let mut door = open("client", 50, 1000).await?;
            (returns(&mut door).await, vec![door])
        }
        ["grows"] => {
            let mut door = open("client", 10, 320).await?;
            (grows(&mut door).await, vec![door])
        }
        ["varies"] => {
            let (mut first, mut second) =
                tokio::try_join!(open("first", 160, 160), open("second", 160, 160))?;
            (varies([&mut first, &mut second]).await, vec![first, second])
        }
        ["is-capped"] => {
            let mut door = open("client", 20, 100).await?;
            (is_capped(&mut door).await, vec![door])
        }
        ["stays-away"] => {
            let (mut done, mut kicked, mut flood) = tokio::try_join!(
                open("done", 50, 1000),
                open("kicked", 50, 1000),
                open("flood", 50, 1000)
            )?;
            let verdict = tokio::try_join!(
                stays_away(&mut done, 1000),
                stays_away(&mut kicked, 4001),
                stays_away(&mut flood, 1008)
            );
            (verdict.map(drop), vec![done, kicked, flood])
        }
        ["gives-up"] => {
            let mut door = open("client", 10, 40).await?;
            (gives_up(&mut door).await, vec![door])
        }
        ["resumes", epoch, other] => {
            let mut door = open("client", 20, 100).await?;
            (resumes(&mut door, epoch, other).await, vec![door])
        }
        _ => bail!("there is no such trial of a client: {words:?}"),
    };
    let ended = lang.pick("the client has ended", "клиент закончил работу");
    let mut trial = Trial {
        wire: String::new(),
        difference: None,
        fault: verdict.err().map(|failure| failure.told(lang)),
        tail: String::new(),
    };
    for door in doors {
        let (wire, tail) = door.told(ended);
        trial.wire.push_str(&wire);
        trial.tail = tail;
    }
    Ok(trial)
}

/// After an end without a goodbye, and after two goodbyes that are no last word.
async fn returns(door: &mut Door) -> Verdict {
    for code in [None, Some(1001), Some(1011)] {
        let knock = door.knock(door.waits.cap + SLACK).await?;
        let guest = door.greet(knock).await?;
        match code {
            None => door.cut(guest),
            Some(code) => door.close(guest, code),
        }
    }
    door.knock(door.waits.cap + SLACK).await.map(drop)
}

/// Refused again and again.
async fn grows(door: &mut Door) -> Verdict {
    begin(door).await?;
    let mut all = Vec::new();
    loop {
        match refused(door, door.waits.cap + PATIENCE).await {
            Ok(wait) => all.push(wait),
            // Its waits have grown, indeed; that they grow for ever is another check's to blame.
            Err(Failure::Away(_)) if all.len() >= waits::GROWING => return Ok(()),
            Err(failure) => return Err(failure),
        }
        if let Some(judgement) = waits::grown(&all, door.waits.cap) {
            return judgement;
        }
    }
}

/// Started twice, and refused again and again.
async fn varies(doors: [&mut Door; 2]) -> Verdict {
    let limit = doors[0].waits.cap;
    let all = [const { RefCell::new(Vec::new()) }; 2];
    let judgement = || {
        let [first, second] = all.each_ref().map(|waits| waits.borrow());
        waits::random(&first, &second, limit)
    };
    let run = async |door: &mut Door, waits: &RefCell<Vec<Duration>>| {
        begin(door).await?;
        while judgement().is_none() {
            let wait = refused(door, door.waits.cap + PATIENCE).await?;
            waits.borrow_mut().push(wait);
        }
        Ok(())
    };
    let [first, second] = doors;
    tokio::try_join!(run(first, &all[0]), run(second, &all[1]))?;
    judgement().unwrap_or(Ok(()))
}

/// Refused for long.
async fn is_capped(door: &mut Door) -> Verdict {
    begin(door).await?;
    let (mut all, limit) = (Vec::new(), door.waits.cap);
    loop {
        match refused(door, limit + SLACK).await {
            Ok(wait) => all.push(wait),
            Err(Failure::Away(longest)) => {
                return Err(Failure::Long { longest, limit });
            }
            Err(failure) => return Err(failure),
        }
        if let Some(judgement) = waits::capped(&all, limit) {
            return judgement;
        }
    }
}

/// Told that it is over.
async fn stays_away(door: &mut Door, code: u16) -> Verdict {
    let knock = door.knock(SLACK).await?;
    let guest = door.greet(knock).await?;
    door.close(guest, code);
    match door.next(door.waits.retry + SLACK).await {
        Next::Knock(_) | Next::Nonsense(_) => Err(Failure::Returned(code)),
        Next::Ended | Next::Silence => Ok(()),
    }
}

/// Never let in.
async fn gives_up(door: &mut Door) -> Verdict {
    for _ in 0..TRIES {
        match door.next(door.waits.cap + SLACK).await {
            Next::Knock(knock) => door.refuse(knock, StatusCode::NOT_FOUND),
            Next::Nonsense(why) => return Err(Failure::Handshake(why)),
            Next::Ended | Next::Silence => return Ok(()),
        }
    }
    match door.next(door.waits.cap + SLACK).await {
        Next::Ended | Next::Silence => Ok(()),
        Next::Knock(_) | Next::Nonsense(_) => Err(Failure::Stubborn(TRIES + 1)),
    }
}

/// Cut off in the middle of a talk, in the middle of what it missed, and by a server that begins anew.
async fn resumes(door: &mut Door, epoch: &str, other: &str) -> Verdict {
    let patience = door.waits.cap + SLACK;
    let knock = door.knock(patience).await?;
    let mut guest = door.let_in(knock).await?;
    door.hello(&mut guest, epoch, BEFORE, false).await;
    door.line(&mut guest, BEFORE + 1).await;
    door.line(&mut guest, BEFORE + 2).await;
    door.cut(guest);

    let mut guest = back(door, epoch, BEFORE + 2).await?;
    // What it is told here it has not seen yet: two lines that are on their way.
    door.hello(&mut guest, epoch, BEFORE + 4, true).await;
    door.line(&mut guest, BEFORE + 3).await;
    // This one it has seen.
    door.line(&mut guest, BEFORE + 2).await;
    door.cut(guest);

    let mut guest = back(door, epoch, BEFORE + 3).await?;
    door.hello(&mut guest, other, 1, false).await;
    door.line(&mut guest, 2).await;
    door.cut(guest);

    back(door, other, 2).await.map(drop)
}

/// Lets in a client that has seen the line `seq` of `epoch`, and has to say so.
async fn back(door: &mut Door, epoch: &str, seq: u64) -> Result<Guest, Failure> {
    let knock = door.knock(door.waits.cap + SLACK).await?;
    let guest = door.let_in(knock).await?;
    let said = |name| guest.peer.query(name).unwrap_or_default();
    let (said_epoch, said_seq) = (said("epoch"), said("since"));
    if said_epoch == epoch && said_seq == seq.to_string() {
        return Ok(guest);
    }
    Err(Failure::Position {
        said: format!("epoch={said_epoch}&since={said_seq}"),
        seen: format!("epoch={epoch}&since={seq}"),
    })
}

/// Lets the client in once, or it might give up for good, and cuts it off.
async fn begin(door: &mut Door) -> Verdict {
    let knock = door.knock(SLACK).await?;
    let guest = door.greet(knock).await?;
    door.cut(guest);
    Ok(())
}

/// Refuses the next knock: how long it was waited for.
async fn refused(door: &mut Door, patience: Duration) -> Result<Duration, Failure> {
    let knock = door.knock(patience).await?;
    let waited = knock.waited;
    door.refuse(knock, StatusCode::SERVICE_UNAVAILABLE);
    Ok(waited)
}
