//! The doctor quotes the text of a server, and none of it acts on a terminal.

use futures::future::{FutureExt, join_all};
use ws101::frame::Frame;

use super::ward::{Illness, diagnosed};

/// Characters that a terminal acts upon and a header can carry: CSI in C1, an override of direction.
const ODD: &str = "\u{9b}31m\u{202e}\u{2028}";

/// Servers that plant it wherever the doctor quotes them.
const PLANTERS: &[Illness] = &[
    |mut call| {
        async move {
            call.say(format!("HTTP/1.1 302 Found\r\nLocation: /{ODD}\r\n\r\n")).await;
        }
        .boxed()
    },
    |mut call| {
        async move {
            call.say(format!("HTTP/1.1 302 Found\r\nLocation: /login{ODD}\r\n\r\n")).await;
        }
        .boxed()
    },
    |mut call| {
        async move {
            call.say(format!("HTTP/1.1 503 No {ODD}\r\nRetry-After: {ODD}\r\n\r\n")).await;
        }
        .boxed()
    },
    |mut call| {
        async move { call.say(format!("HTTP/1.1 200 OK\r\nVia: {ODD}\r\n\r\n")).await }.boxed()
    },
    |mut call| {
        async move {
            call.say(format!("HTTP/1.1 426 Upgrade Required\r\nServer: {ODD}\r\n\r\n")).await;
        }
        .boxed()
    },
    |mut call| {
        async move {
            call.say(format!("HTTP/1.1 426 No\r\nSec-WebSocket-Version: 8{ODD}\r\n\r\n")).await;
        }
        .boxed()
    },
    |mut call| {
        async move {
            let lines = "Upgrade: websocket\r\nConnection: Upgrade";
            call.say(format!("HTTP/1.1 101 Yes\r\n{lines}\r\nSec-WebSocket-Accept: {ODD}\r\n\r\n"))
                .await;
        }
        .boxed()
    },
    switches!(&format!("Sec-WebSocket-Protocol: {ODD}\r\n")),
    switches!(&format!("Sec-WebSocket-Extensions: {ODD}\r\n")),
    switches!("", call => call.say(Frame::close(1011, &format!("{ODD}\u{1b}[2J\n")).to_bytes()).await),
    switches!("", call => call.flood(Frame::text(format!("{ODD}\u{1b}[2J\n"))).await),
    says!(format!("HTTP/1.1 400 Bad Request\r\n\r\n{ODD}\u{1b}[2J\n")),
    says!(format!("HTTP/1.1 403 Forbidden\r\n\r\n{ODD}\u{1b}[2J\n")),
    says!(format!("220 {ODD}\u{1b}[2J\r\n")),
    |mut call| async move { call.say(format!("HTTP/1.1 2{ODD}\u{1b}[2J")).await }.boxed(),
];

#[tokio::test(flavor = "multi_thread")]
async fn what_strangers_say_is_quoted_and_never_obeyed() {
    let found = PLANTERS.iter().map(|&planter| tokio::spawn(diagnosed(planter)));
    for (at, found) in join_all(found.collect::<Vec<_>>()).await.into_iter().enumerate() {
        let (diagnosis, _) = found.unwrap();
        let cause = diagnosis.cause.unwrap_or_else(|| panic!("{at}: found healthy"));
        let mut said = vec![cause.to_string(), cause.in_russian()];
        // A note may have two lines, of its own making.
        let steps = diagnosis.evidence.iter();
        let steps: Vec<_> = steps.flat_map(|step| [step.to_string(), step.in_russian()]).collect();
        said.extend(steps.iter().flat_map(|step| step.lines()).map(str::to_owned));
        for text in said {
            assert!(!text.contains(ws101::escape::acts), "{at}: {text:?}");
        }
        if at < 3 {
            assert!(
                cause.to_string().contains(r"\u{9b}31m\u{202e}"),
                "{at}: it is quoted: {cause}"
            );
        }
    }
}
