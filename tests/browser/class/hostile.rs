//! Names, payloads and files of people who mean no good.

use anyhow::Result;
use serde_json::{Value, json};

use super::{PROJECTOR, Site, complaints, open};
use crate::devtools::Tab;
use crate::in_browser;

/// A text that would be markup, turn its line around, and cover the lines above.
fn nasty() -> String {
    let accents = "\u{30d}".repeat(500);
    format!("<img src=x onerror=alert(1)>\u{202e}\u{0}{accents}{}", "\u{1f469}".repeat(300))
}

fn handshake(socket: u64) -> [Value; 2] {
    let time = "2026-01-01T12:00:00.000Z";
    let key = json!([["sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="], [nasty(), nasty()]]);
    [
        json!({"event": "request", "socket": format!("c{socket}"), "time": time, "from": "client",
            "request": {"method": "GET", "target": nasty(), "headers": key}}),
        json!({"event": "answer", "socket": format!("c{socket}"), "time": time, "from": "server", "status": 101,
            "headers": [["sec-websocket-protocol", nasty()]]}),
    ]
}

fn frame(socket: u64, at: usize, text: &str) -> Value {
    json!({"event": "frame", "socket": format!("c{socket}"), "from": "client", "opcode": 1, "kind": "text",
        "fin": true, "rsv": 0, "mask": "01020304", "length": text.len(), "text": text,
        "time": format!("2026-01-01T12:{:02}:{:02}.{:03}Z", at / 60_000 % 60, at / 1000 % 60, at % 1000)})
}

async fn show(tab: &Tab, site: &Site, lines: impl Iterator<Item = String>) -> Result<()> {
    tab.view(PROJECTOR).await?;
    tab.go(&site.page("en")).await?;
    let file = tempfile::Builder::new().suffix(".jsonl").tempfile()?;
    std::fs::write(file.path(), lines.collect::<Vec<_>>().join("\n"))?;
    open(tab, file.path()).await
}

#[tokio::test]
async fn ten_thousand_events_leave_a_small_page() -> Result<()> {
    in_browser(async |browser| {
        let site = Site::start().await?;
        let tab = browser.tab().await?;
        let joins = (1..=300).flat_map(handshake);
        let frames = (0..12_000).map(|at| {
            frame(at as u64 % 300 + 1, at * 5, "{\"type\":\"message\",\"content\":\"hi\"}")
        });
        show(&tab, &site, joins.chain(frames).map(|it| it.to_string())).await?;
        let nodes = "document.querySelectorAll('*').length";
        tab.until(&format!("{nodes} < 4000")).await?;
        // Scrubbing to the beginning and back is a matter of a moment.
        tab.press("ArrowLeft", "ArrowLeft").await?;
        tab.until("Number(document.querySelector('#place').value) === 12598").await?;
        tab.until(&format!("{nodes} < 4000")).await
    })
    .await
}

#[tokio::test]
async fn what_peers_say_is_text_and_stays_in_its_line() -> Result<()> {
    in_browser(async |browser| {
        let site = Site::start().await?;
        let tab = browser.tab().await?;
        let hello = json!({"type": "hello", "username": nasty()}).to_string();
        let events = handshake(1).into_iter().chain([frame(1, 1, &hello), frame(1, 2, &nasty())]);
        show(&tab, &site, events.map(|it| it.to_string())).await?;
        tab.click("#connectionList [data-key='c1']").await?;
        tab.until("document.querySelectorAll('#frameList li').length === 2").await?;
        tab.until("document.querySelectorAll('main img, main script, main b b').length === 0").await?;
        tab.until("!/[\\u202e\\u0000]/.test(document.body.textContent)").await?;
        let heights = "[...document.querySelectorAll('#frameList li, #connectionList li')].every((line) => line.scrollHeight < 80)";
        tab.until(heights).await?;
        tab.until_is("document.documentElement.scrollWidth > innerWidth", &json!(false)).await?;
        assert_eq!(complaints(&tab), Vec::<String>::new(), "the console is clean");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn lines_that_are_no_events_are_counted_and_left_out() -> Result<()> {
    in_browser(async |browser| {
        let site = Site::start().await?;
        let tab = browser.tab().await?;
        let good = frame(1, 1, "hello");
        let with = |field: &str, value: Value| {
            let mut bad = good.clone();
            bad[field] = value;
            bad.to_string()
        };
        let bad = [
            "no JSON".to_owned(),
            "null".to_owned(),
            "[1]".to_owned(),
            with("time", json!("yesterday")),
            with("opcode", json!(99)),
            with("rsv", json!(-1)),
            with("length", json!(1e300)),
            with("mask", json!("zz")),
            with("text", json!({"deep": "object"})),
            with("socket", json!("__proto__")),
            with("from", json!("nobody")),
        ];
        let count = bad.len();
        show(&tab, &site, bad.into_iter().chain([good.to_string()])).await?;
        let state = "document.querySelector('#state').textContent";
        tab.until(&format!("{state}.endsWith(' {count} lines were no events')")).await?;
        tab.until("document.querySelectorAll('#frameList li').length === 1").await?;

        let file = tempfile::Builder::new().suffix(".jsonl").tempfile()?;
        std::fs::write(file.path(), "nothing here")?;
        tab.choose_file("#recording", file.path()).await?;
        tab.until_is(state, &json!("This file has no events of a tap")).await
    })
    .await
}
