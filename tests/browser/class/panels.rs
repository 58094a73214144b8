//! The other panels: connections, the handshake, the sequence, statistics, lenses, the lesson's text.

use anyhow::Result;
use serde_json::json;

use super::{Site, choose, complaints, events, open, opened};
use crate::in_browser;

#[tokio::test]
async fn connections_have_the_names_that_people_chose_and_how_they_ended() -> Result<()> {
    in_browser(async |browser| {
        let site = Site::start().await?;
        let tab = opened(browser, &site, "en").await?;
        let lines = "[...document.querySelectorAll('#connectionList li')].map((line) =>
            ['.id', '.person', '.how', '.faulty'].map((part) => line.querySelector(part)?.textContent ?? ''))";
        let wanted = json!([
            ["c5", "<b>Bobby</b>", "closed 1007", ""],
            ["c4", "Mia", "closed no code", ""],
            ["c3", "Ира", "closed 1001", "⚡ delay"],
            ["c2", "Олег", "lost, no close frame", "⚡ duplicate"],
            ["c1", "Аня", "closed 1000", ""],
        ]);
        tab.until_is(lines, &wanted).await?;
        // No address of anybody stands on the projector.
        tab.until("!document.body.textContent.includes('127.0.0.1:3')").await
    })
    .await
}

#[tokio::test]
async fn the_handshake_is_explained_and_its_accept_value_computed() -> Result<()> {
    in_browser(async |browser| {
        let site = Site::start().await?;
        let tab = opened(browser, &site, "en").await?;
        choose(&tab, "c1").await?;
        let events = events();
        let header = |kind: &str, name: &str| {
            let event = events.iter().find(|it| it["event"] == kind && it["socket"] == "c1");
            let event = event.expect("it is there");
            let headers = if kind == "request" { &event["request"]["headers"] } else { &event["headers"] };
            let pairs = headers.as_array().expect("pairs").iter();
            pairs.clone().find(|pair| pair[0] == name).map(|pair| pair[1].clone()).expect("a header")
        };
        let steps = "[...document.querySelectorAll('.steps code')].map((it) => it.textContent)";
        tab.until_is(&format!("{steps}[0]"), &header("request", "sec-websocket-key")).await?;
        tab.until_is(&format!("{steps}[4]"), &header("answer", "sec-websocket-accept")).await?;
        let verdict = "document.querySelector('#handshake > p').className";
        tab.until_is(verdict, &json!("good")).await?;
        let explained = "[...document.querySelectorAll('.headers tr')].filter((row) => !row.querySelector('.says')).length";
        tab.until_is(explained, &json!(0)).await?;
        // The values of RFC 6455 §1.3, and what SHA-1 gives for texts around the length of its block.
        let accept = "import('/class/accept.js').then(({ acceptSteps }) => acceptSteps('dGhlIHNhbXBsZSBub25jZQ==').accept)";
        tab.until_is(accept, &json!("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")).await?;
        let digests = "Promise.all([0, 55, 56, 63, 64, 1000].map(async (size) => {
            const bytes = new Uint8Array(size).fill(97);
            const { sha1 } = await import('/class/sha1.js');
            const theirs = new Uint8Array(await crypto.subtle.digest('SHA-1', bytes));
            return String(sha1(bytes)) === String(theirs);
        }))";
        tab.until_is(digests, &json!([true, true, true, true, true, true])).await?;

        // A server that answers another value is told on.
        let other = std::fs::read_to_string(super::recording())?;
        let told = header("answer", "sec-websocket-accept");
        let other = other.replace(told.as_str().unwrap_or_default(), "AAAAAAAAAAAAAAAAAAAAAAAAAAA=");
        let file = tempfile::Builder::new().suffix(".jsonl").tempfile()?;
        std::fs::write(file.path(), other)?;
        open(&tab, file.path()).await?;
        choose(&tab, "c1").await?;
        tab.until_is(verdict, &json!("bad")).await
    })
    .await
}

#[tokio::test]
async fn the_sequence_shows_lanes_and_leaves_as_a_file() -> Result<()> {
    in_browser(async |browser| {
        let site = Site::start().await?;
        let tab = browser.tab().await?;
        tab.before_load("const make = URL.createObjectURL; URL.createObjectURL = (blob) => { window.saved = blob; return make(blob); };").await?;
        tab.view(super::PROJECTOR).await?;
        tab.go(&site.page("en")).await?;
        open(&tab, &super::recording()).await?;
        let lanes = "[...document.querySelectorAll('.drawing .title')].map((it) => it.textContent)";
        tab.until_is(lanes, &json!(["Server", "c1 Аня", "c2 Олег", "c3 Ира", "c5 <b>Bobby</b>"])).await?;
        let rows = "[...document.querySelectorAll('.drawing .row')].map((row) => [row.classList[1], row.querySelector('text:not(.time)').textContent])";
        tab.until_is(&format!("{rows}.slice(-4)"), &json!([
            ["control", "close 1001"], ["control", "close 1001"], ["received", "end of TCP"],
            ["fault", "⚡ FAULT: delay pong \"5\""],
        ])).await?;
        tab.press("KeyE", "e").await?;
        tab.until("window.saved?.type === 'image/svg+xml'").await?;
        let drawing = "saved.text().then((text) => {
            const parsed = new DOMParser().parseFromString(text, 'image/svg+xml');
            return [parsed.querySelector('parsererror') === null, parsed.querySelectorAll('.row').length > 100,
                !text.includes('var(--') || text.includes('--sent:')];
        })";
        tab.until_is(drawing, &json!([true, true, true])).await?;
        assert_eq!(complaints(&tab), Vec::<String>::new(), "the console is clean");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn statistics_add_up() -> Result<()> {
    in_browser(async |browser| {
        let site = Site::start().await?;
        let tab = opened(browser, &site, "en").await?;
        let frames: Vec<_> = events().into_iter().filter(|it| it["event"] == "frame").collect();
        for (at, side) in [(3, "client"), (4, "server")] {
            let count = frames.iter().filter(|it| it["from"] == side).count();
            let shown = format!("document.querySelectorAll('#statistics dl > div')[{at}].querySelector('dd').textContent.split(' · ')[0]");
            tab.until_is(&shown, &json!(count.to_string())).await?;
        }
        tab.until("document.querySelectorAll('#statistics .sparkline[aria-label]').length === 3").await
    })
    .await
}

#[tokio::test]
async fn lenses_read_what_rides_on_top() -> Result<()> {
    in_browser(async |browser| {
        let site = Site::start().await?;
        let tab = opened(browser, &site, "en").await?;
        let read = |event: &str, socket: &str| {
            format!("import('/class/lenses.js').then(({{ lensFor }}) => {{
                const lens = lensFor({{ event: 'frame', opcode: 1, fin: true, {event} }}, {{ path: '/ws', subprotocol: '', {socket} }});
                return lens && [lens.name, lens.summary];
            }})")
        };
        for (event, socket, wanted) in [
            (r#"text: '{"type":"message","content":"hi"}'"#, "", json!(["JSON", "message content=hi"])),
            ("text: 'hello'", "", json!(null)),
            ("text: '{\"a\":'", "", json!(null)),
            (r#"text: '42/room,7["say","hi"]'"#, "path: '/socket.io/'", json!(["Socket.IO", "EVENT \"say\" /room #7"])),
            ("text: '2'", "path: '/socket.io/'", json!(["Socket.IO", "ping "])),
            (r#"text: '{"id":"1","type":"subscribe","payload":{"query":"subscription { news }"}}'"#, "subprotocol: 'graphql-transport-ws'", json!(["graphql-transport-ws", "subscribe #1 subscription { news }"])),
            (r"text: 'SEND\ndestination:/topic/a\n\nhello\0'", "subprotocol: 'v12.stomp'", json!(["STOMP", "SEND /topic/a"])),
            // MQTT: PUBLISH, topic "a/b", message "hi".
            ("opcode: 2, base64: btoa('\\x30\\x07\\x00\\x03a/bhi')", "subprotocol: 'mqtt'", json!(["MQTT", "PUBLISH a/b hi"])),
            ("opcode: 2, base64: btoa('\\x30\\xff\\xff\\xff\\xff')", "subprotocol: 'mqtt'", json!(null)),
        ] {
            tab.until_is(&read(event, socket), &wanted).await?;
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_lesson_is_rendered_as_text_and_never_as_markup() -> Result<()> {
    in_browser(async |browser| {
        let site = Site::start().await?;
        let tab = opened(browser, &site, "en").await?;
        let markdown = r"# Title\n<!-- block: idea -->\nWords with `<code>`, **bold** and [a link](https://example.com/), [a file](../x.md), [a trap](javascript:alert(1)).\n\n- one\n- two\n  more\n\n| a | b |\n| --- | --- |\n| 1 | <img src=x onerror=alert(1)> |\n\n```sh\ncurl <b>\n```";
        let html = format!("import('/class/markdown.js').then(({{ render }}) => {{
            const box = document.createElement('div');
            box.append(...render('{markdown}'));
            return box.innerHTML;
        }})");
        let wanted = concat!(
            "<h2>Title</h2>",
            "<p>Words with <code>&lt;code&gt;</code>, <strong>bold</strong> and ",
            "<a href=\"https://example.com/\" rel=\"noopener noreferrer\" target=\"_blank\">a link</a>, ",
            "<span>a file</span>, <span>a trap</span>).</p>",
            "<ul><li>one</li><li>two more</li></ul>",
            "<table><tbody><tr><th>a</th><th>b</th></tr>",
            "<tr><td>1</td><td>&lt;img src=x onerror=alert(1)&gt;</td></tr></tbody></table>",
            "<pre class=\"sh\" tabindex=\"0\"><code>curl &lt;b&gt;</code></pre>",
        );
        tab.until_is(&html, &json!(wanted)).await
    })
    .await
}
