//! Requests that are well-formed but unusual: each gets an answer in HTTP, and nothing panics.

use std::net::SocketAddr;
use std::ops::RangeInclusive;

use anyhow::Result;
use ws101_soak::server::Log;

use crate::attack::{EXAMPLES, PATIENT, Siege, target};
use crate::clients::http::Http;
use crate::outcome::Outcome;

/// Any answer.
const ANY: RangeInclusive<u16> = 200..=599;

/// A refusal: the fault of the client or of the server.
const REFUSED: RangeInclusive<u16> = 400..=505;

const UPGRADE: &str = "Host: HOST\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// A request line, header lines, a body, and the answer. `HOST` is the server's address, `PATH` where
/// it expects WebSockets, `UPGRADE` the header lines that an upgrade needs.
type Odd = (&'static str, &'static str, &'static str, RangeInclusive<u16>);

/// Targets without a path, methods that no route knows, hosts, bodies and versions.
const ODD: [Odd; 26] = [
    ("CONNECT a:80 HTTP/1.1", "Host: a:80\r\n", "", REFUSED),
    ("CONNECT a:80 HTTP/1.1", "UPGRADE", "", REFUSED),
    ("GET a:80 HTTP/1.1", "Host: HOST\r\n", "", REFUSED),
    ("GET a:80 HTTP/1.1", "UPGRADE", "", REFUSED),
    ("GET http: HTTP/1.1", "Host: HOST\r\n", "", REFUSED),
    ("OPTIONS a:80 HTTP/1.1", "Host: HOST\r\n", "", REFUSED),
    ("OPTIONS * HTTP/1.1", "Host: HOST\r\n", "", ANY),
    ("GET * HTTP/1.1", "Host: HOST\r\n", "", REFUSED),
    ("POST * HTTP/1.1", "Host: HOST\r\nContent-Length: 0\r\n", "", REFUSED),
    ("GET ?q HTTP/1.1", "Host: HOST\r\n", "", REFUSED),
    ("GET http://HOST HTTP/1.1", "Host: HOST\r\n", "", ANY),
    ("GET http://HOST?q HTTP/1.1", "Host: HOST\r\n", "", ANY),
    ("GET http://HOST/ HTTP/1.1", "Host: HOST\r\n", "", ANY),
    ("GET http://other.example/ HTTP/1.1", "Host: HOST\r\n", "", ANY),
    ("GET ws://HOST/ HTTP/1.1", "Host: HOST\r\n", "", ANY),
    ("GET //HOST// HTTP/1.1", "Host: HOST\r\n", "", ANY),
    ("GET /%00 HTTP/1.1", "Host: HOST\r\n", "", ANY),
    ("GET / HTTP/1.1", "Host: HOST\r\nHost: other.example\r\n", "", REFUSED),
    ("GET / HTTP/1.1", "Host: HOST\r\nHost: HOST\r\n", "", REFUSED),
    ("GET / HTTP/1.1", "", "", REFUSED),
    ("GET PATH HTTP/1.1", "UPGRADEContent-Length: 4\r\n", "\u{1}\u{2}\u{3}\u{4}", REFUSED),
    ("GET PATH HTTP/1.1", "UPGRADETransfer-Encoding: chunked\r\n", "1\r\nx\r\n0\r\n\r\n", REFUSED),
    ("POST PATH HTTP/1.1", "UPGRADEContent-Length: 0\r\n", "", REFUSED),
    ("GET / HTTP/1.0", "Host: HOST\r\n", "", ANY),
    ("GET PATH HTTP/1.0", "UPGRADE", "", REFUSED),
    ("BREW / HTTP/1.1", "Host: HOST\r\n", "", ANY),
];

pub async fn run(siege: &Siege) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    for example in EXAMPLES.iter() {
        let server = siege.start(example, &PATIENT, Log::Read).await?;
        let mut part = Outcome::default();
        let mut wrong = Vec::new();
        let mut asked = 0;
        let mut second = 0;
        for odd in ODD {
            let (line, headers, ..) = &odd;
            for kept in [false, true] {
                let Some(answer) = ask(server.address, example, &odd, kept).await else { continue };
                asked += 1;
                second += usize::from(kept);
                if let Err(answer) = answer {
                    let upgrade = if headers.contains("UPGRADE") { " with an upgrade" } else { "" };
                    let place = if kept { " as second" } else { "" };
                    let line = line.replace("PATH", target(example));
                    wrong.push(format!("{line}{upgrade}{place}: {answer}"));
                }
            }
        }
        part.figure(format!("{asked} requests, {second} of them as the second of a connection"));
        let seen = format!("{} not{}", wrong.len(), listed(&wrong));
        part.expect("each is answered as it should be", seen, wrong.is_empty());
        part.expect("requests were sent", asked, asked >= ODD.len());
        siege.end(example, server, &mut part).await;
        outcome.part(example, part);
    }
    Ok(outcome)
}

/// The first of the wrong answers, in words.
fn listed(wrong: &[String]) -> String {
    const SHOWN: usize = 4;
    let more = if wrong.len() > SHOWN { ", …" } else { "" };
    let first = wrong.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    if wrong.is_empty() { String::new() } else { format!(": {first}{more}") }
}

/// Sends an odd request, as the second of a connection if `kept`; `None` where there is no second.
async fn ask(
    address: SocketAddr,
    example: &str,
    (line, headers, body, wanted): &Odd,
    kept: bool,
) -> Option<Result<(), String>> {
    let host = address.to_string();
    let head = format!("{line}\r\n{headers}\r\n").replace("UPGRADE", UPGRADE);
    let request = head.replace("HOST", &host).replace("PATH", target(example)) + body;
    let mut http = match Http::connect(address).await {
        Ok(http) => http,
        Err(error) => return Some(Err(format!("cannot connect: {error}"))),
    };
    if kept {
        // The page of the race has another name; a refusal keeps a connection too.
        let path = if example == "poll_vs_push" { "/poll" } else { "/" };
        let first = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n");
        let first = http.ask(first.as_bytes()).await.ok()?;
        if !first.kept {
            return None;
        }
    }
    Some(match http.ask(request.as_bytes()).await {
        Ok(answer) if wanted.contains(&answer.status) => Ok(()),
        Ok(answer) => Err(format!("HTTP {}", answer.status)),
        Err(error) => Err(error.kind().to_string()),
    })
}
