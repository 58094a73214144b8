//! `ws101 check 10 --client`: runs the server, and judges a client.

mod failure;
mod test_server;
mod waits;

use std::cell::RefCell;
use std::time::Duration;

use anyhow::{Result, bail};
use tokio_tungstenite::tungstenite::http::StatusCode;
use ws101::scenario::{Note, Scenario};

use super::trial::Trial;
use crate::lang::Lang;
use crate::notes::noted;
use failure::Failure;
use test_server::{Connection, Next, TestServer, Waits};

/// How much later than its longest wait a client may connect: a busy machine delays it.
const SLACK: Duration = Duration::from_secs(2);

/// How long to wait beyond the cap in trials that do not judge the length of a wait.
const ANY_WAIT: Duration = Duration::from_secs(5);

/// How long to wait for a client in the trial of random waits. A client without a cap comes seven times
/// within it, which is enough to compare; that it has no cap is judged by [`is_capped`].
const UNCAPPED_WAIT: Duration = Duration::from_secs(40);

/// How many attempts a client may make when it gets 404 each time.
const TRIES: usize = 30;

/// The number of the last line when a client first connects.
const BEFORE: u64 = 40;

/// Starts the client `command` and runs the trial that the scenario's `@client` note names.
///
/// # Errors
///
/// The client cannot be started, or does not connect for the first time within `timeout`.
pub async fn tried(
    command: &str,
    scenario: &Scenario,
    timeout: Duration,
    lang: Lang,
) -> Result<Trial> {
    let words = noted(scenario).find_map(|note| match note {
        Note::Client(words) => Some(words),
        _ => None,
    });
    let words: Vec<&str> = words.into_iter().flatten().map(String::as_str).collect();
    let open = |name, retry, cap| {
        let [retry, cap] = [retry, cap].map(Duration::from_millis);
        TestServer::open(name, command, Waits { retry, cap }, timeout * 2, lang)
    };
    let (verdict, servers) = match words[..] {
        ["returns"] => {
            let mut server = open("client", 50, 1000).await?;
            (returns(&mut server).await, vec![server])
        }
        ["grows"] => {
            let (mut first, mut second, mut third, mut fourth) = tokio::try_join!(
                open("first", 80, 2560),
                open("second", 80, 2560),
                open("third", 80, 2560),
                open("fourth", 80, 2560)
            )?;
            let verdict = grow([&mut first, &mut second, &mut third, &mut fourth]).await;
            (verdict, vec![first, second, third, fourth])
        }
        ["varies"] => {
            let (mut first, mut second) =
                tokio::try_join!(open("first", 600, 600), open("second", 600, 600))?;
            (varies([&mut first, &mut second]).await, vec![first, second])
        }
        ["is-capped"] => {
            let mut server = open("client", 100, 500).await?;
            (is_capped(&mut server).await, vec![server])
        }
        ["stays-away"] => {
            let (mut done, mut kicked, mut full, mut flood) = tokio::try_join!(
                open("done", 50, 1000),
                open("kicked", 50, 1000),
                open("full", 50, 1000),
                open("flood", 50, 1000)
            )?;
            let verdict = tokio::try_join!(
                stays_away(&mut done, 1000),
                stays_away(&mut kicked, 4001),
                stays_away(&mut full, 4077),
                stays_away(&mut flood, 1008)
            );
            (verdict.map(drop), vec![done, kicked, full, flood])
        }
        ["gives-up"] => {
            let mut server = open("client", 10, 40).await?;
            (gives_up(&mut server).await, vec![server])
        }
        ["resumes", epoch, other] => {
            let mut server = open("client", 20, 100).await?;
            (resumes(&mut server, epoch, other).await, vec![server])
        }
        _ => bail!("there is no such trial of a client: {words:?}"),
    };
    let ended = lang.pick("the client has ended", "клиент закончил работу");
    let failure = verdict.err();
    let is_late = failure.as_ref().is_some_and(Failure::is_of_lateness);
    let mut trial = Trial {
        wire: String::new(),
        difference: None,
        is_beyond_doubt: failure.is_some() && !is_late,
        fault: failure.map(|failure| failure.told(lang)),
        tail: String::new(),
        starved: None,
    };
    if is_late {
        trial.starved = servers.iter().filter_map(|server| server.strain.excuse(SLACK)).max();
    }
    for server in servers {
        let (wire, tail) = server.into_report(ended);
        trial.wire.push_str(&wire);
        trial.tail = tail;
    }
    Ok(trial)
}

/// The client must reconnect after a cut, and after the close codes 1001 and 1011.
async fn returns(server: &mut TestServer) -> Result<(), Failure> {
    for code in [None, Some(1001), Some(1011)] {
        let request = server.request(server.waits.cap + SLACK).await?;
        let connection = server.accept_with_hello(request).await?;
        match code {
            None => server.cut(connection),
            Some(code) => server.close(connection, code),
        }
    }
    server.request(server.waits.cap + SLACK).await.map(drop)
}

/// Four runs of the client are never let in to stay: early waits must be short, and later ones grow up to the cap.
///
/// Two of them get 503 each time. The other two are let in and cut off at once, which is a failure as well.
async fn grow(servers: [&mut TestServer; 4]) -> Result<(), Failure> {
    let Waits { retry, cap } = servers[0].waits;
    let all = [const { RefCell::new(Vec::new()) }; 4];
    let judgement = || {
        let all = all.each_ref().map(|waits| waits.borrow());
        waits::grown(&all.each_ref().map(|waits| &waits[..]), retry, cap)
    };
    let run = async |server: &mut TestServer, waits: &RefCell<Vec<Duration>>, is_let_in| {
        begin(server).await?;
        while judgement().is_none() {
            let request = match server.request(cap + ANY_WAIT).await {
                Ok(request) => request,
                // Its waits have grown. That they grow beyond the cap is judged by `is_capped`.
                Err(Failure::Away(_)) if waits.borrow().len() >= waits::GROWING => return Ok(()),
                Err(failure) => return Err(failure),
            };
            // Early waits are judged for being too long, and later ones for being too short.
            let is_early = waits.borrow().len() < waits::EARLY;
            waits.borrow_mut().push(if is_early { request.least() } else { request.waited });
            if is_let_in {
                let connection = server.accept(request).await?;
                server.cut(connection);
            } else {
                server.refuse(request, StatusCode::SERVICE_UNAVAILABLE);
            }
        }
        Ok(())
    };
    let [first, second, third, fourth] = servers;
    tokio::try_join!(
        run(first, &all[0], false),
        run(second, &all[1], true),
        run(third, &all[2], false),
        run(fourth, &all[3], true)
    )?;
    judgement().unwrap_or(Ok(()))
}

/// Two runs of the client get 503 each time: their waits must differ.
async fn varies(servers: [&mut TestServer; 2]) -> Result<(), Failure> {
    let limit = servers[0].waits.cap;
    let all = [const { RefCell::new(Vec::new()) }; 2];
    let judgement = || {
        let [first, second] = all.each_ref().map(|waits| waits.borrow());
        waits::random(&first, &second, limit)
    };
    let run = async |server: &mut TestServer, waits: &RefCell<Vec<Duration>>| {
        begin(server).await?;
        while judgement().is_none() {
            let (wait, _) = refused(server, UNCAPPED_WAIT).await?;
            waits.borrow_mut().push(wait);
        }
        Ok(())
    };
    let [first, second] = servers;
    tokio::try_join!(run(first, &all[0]), run(second, &all[1]))?;
    judgement().unwrap_or(Ok(()))
}

/// The client gets 503 many times: no wait may be longer than the cap. After [`waits::FAITHFUL`] it may give up.
async fn is_capped(server: &mut TestServer) -> Result<(), Failure> {
    begin(server).await?;
    let mut all = Vec::new();
    let limit = server.waits.cap;
    loop {
        match refused(server, limit + SLACK).await {
            Ok((_, least)) => all.push(least),
            Err(failure @ (Failure::Ended | Failure::Away(_))) => {
                return waits::gave_up(&all, limit).unwrap_or(match failure {
                    Failure::Away(longest) => Err(Failure::Long { longest, limit }),
                    failure => Err(failure),
                });
            }
            Err(failure) => return Err(failure),
        }
        if let Some(judgement) = waits::capped(&all, limit) {
            return judgement;
        }
    }
}

/// The client must not reconnect after this close code.
async fn stays_away(server: &mut TestServer, code: u16) -> Result<(), Failure> {
    let request = server.request(SLACK).await?;
    let connection = server.accept_with_hello(request).await?;
    server.close(connection, code);
    match server.next(server.waits.retry + SLACK).await {
        Next::Request(_) | Next::Malformed(_) => Err(Failure::Returned(code)),
        Next::Ended | Next::Silence => Ok(()),
    }
}

/// The client gets 404 each time: it must give up within [`TRIES`] attempts.
async fn gives_up(server: &mut TestServer) -> Result<(), Failure> {
    for _ in 0..TRIES {
        match server.next(server.waits.cap + SLACK).await {
            Next::Request(request) => server.refuse(request, StatusCode::NOT_FOUND),
            Next::Malformed(why) => return Err(Failure::Handshake(why)),
            Next::Ended | Next::Silence => return Ok(()),
        }
    }
    match server.next(server.waits.cap + SLACK).await {
        Next::Ended | Next::Silence => Ok(()),
        Next::Request(_) | Next::Malformed(_) => Err(Failure::Stubborn(TRIES + 1)),
    }
}

/// The client must ask for the lines after the last one it has got: after a cut, after a cut within the
/// missed lines and one before them, and after a new epoch.
async fn resumes(server: &mut TestServer, epoch: &str, other: &str) -> Result<(), Failure> {
    let timeout = server.waits.cap + SLACK;
    let request = server.request(timeout).await?;
    let mut connection = server.accept(request).await?;
    server.send_hello(&mut connection, epoch, BEFORE, false).await;
    server.send_line(&mut connection, BEFORE + 1).await;
    server.send_line(&mut connection, BEFORE + 2).await;
    server.cut(connection);

    let mut connection = back(server, epoch, BEFORE + 2).await?;
    // The hello counts two lines that the client has not got yet.
    server.send_hello(&mut connection, epoch, BEFORE + 4, true).await;
    server.send_line(&mut connection, BEFORE + 3).await;
    // The client has got this line before.
    server.send_line(&mut connection, BEFORE + 2).await;
    server.cut(connection);

    let mut connection = back(server, epoch, BEFORE + 3).await?;
    // The missed line does not come: the connection is cut behind the hello.
    server.send_hello(&mut connection, epoch, BEFORE + 4, true).await;
    server.cut(connection);

    let mut connection = back(server, epoch, BEFORE + 3).await?;
    server.send_hello(&mut connection, other, 1, false).await;
    server.send_line(&mut connection, 2).await;
    server.cut(connection);

    back(server, other, 2).await.map(drop)
}

/// Accepts the client, which must ask for what follows the line `seq` of `epoch`.
async fn back(server: &mut TestServer, epoch: &str, seq: u64) -> Result<Connection, Failure> {
    let request = server.request(server.waits.cap + SLACK).await?;
    let connection = server.accept(request).await?;
    let said = |name| connection.peer.query(name).unwrap_or_default();
    let said_epoch = said("epoch");
    let said_seq = said("since");
    if said_epoch == epoch && said_seq == seq.to_string() {
        return Ok(connection);
    }
    Err(Failure::Position {
        said: format!("epoch={said_epoch}&since={said_seq}"),
        seen: format!("epoch={epoch}&since={seq}"),
    })
}

/// Accepts the client once, so that it does not give up for good, and cuts the connection.
async fn begin(server: &mut TestServer) -> Result<(), Failure> {
    let request = server.request(SLACK).await?;
    let connection = server.accept_with_hello(request).await?;
    server.cut(connection);
    Ok(())
}

/// Refuses the next request with 503; gives how long the client waited before it, as measured and at least.
async fn refused(
    server: &mut TestServer,
    timeout: Duration,
) -> Result<(Duration, Duration), Failure> {
    let request = server.request(timeout).await?;
    let waited = (request.waited, request.least());
    server.refuse(request, StatusCode::SERVICE_UNAVAILABLE);
    Ok(waited)
}
