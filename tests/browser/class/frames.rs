//! The wire panel: its list equals the recording, and each byte of a frame is told.

use anyhow::Result;
use serde_json::{Value, json};

use super::{Site, choose, choose_frame, events, opened};
use crate::in_browser;

/// The lines of the list: sender, kind, size, and a word for a fault or a broken rule.
const LISTED: &str = "[...document.querySelectorAll('#frameList li')].map((line) =>
    [line.classList.contains('by-client') ? 'client' : 'server', line.querySelector('.kind').textContent,
     line.querySelector('.size').textContent, line.querySelector('.word')?.textContent ?? ''].join(' | '))";

/// The parts of the frame that is shown: which, and its bytes.
const PARTS: &str = "[...document.querySelectorAll('.bytes .part')].map((part) =>
    [part.dataset.part, part.querySelector('bdi').textContent])";

/// The sections that its fields name.
const SECTIONS: &str =
    "[...document.querySelectorAll('.anatomy .section')].map((it) => it.textContent)";

/// The list's words about a frame.
fn line(frame: &Value) -> String {
    let text = |field: &str| frame[field].as_str().unwrap_or_default();
    let more = if frame["fin"] == true { "" } else { "…" };
    let word = match (text("fault").split(' ').next(), frame["violation"].as_str()) {
        (_, Some(_)) => "BREAKS A RULE".to_owned(),
        (Some(fault), _) if !fault.is_empty() => format!("FAULT: {fault}"),
        _ => String::new(),
    };
    format!("{} | {}{more} | {} B | {word}", text("from"), text("kind"), frame["length"])
}

#[tokio::test]
async fn the_list_of_frames_equals_the_recording() -> Result<()> {
    in_browser(async |browser| {
        let site = Site::start().await?;
        let tab = opened(browser, &site, "en").await?;
        let frames: Vec<_> = events().into_iter().filter(|it| it["event"] == "frame").collect();
        assert!(frames.len() > 100, "{}", frames.len());
        let all: Vec<_> = frames.iter().map(line).collect();
        tab.until_is(LISTED, &json!(all)).await?;
        for socket in ["c1", "c2", "c3", "c4", "c5"] {
            choose(&tab, socket).await?;
            let its = frames.iter().filter(|it| it["socket"] == socket);
            tab.until_is(LISTED, &json!(its.map(line).collect::<Vec<_>>())).await?;
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn each_byte_of_a_frame_is_told() -> Result<()> {
    in_browser(async |browser| {
        let site = Site::start().await?;
        let tab = opened(browser, &site, "en").await?;
        choose(&tab, "c1").await?;
        let events = events();
        let number =
            |wanted: &dyn Fn(&Value) -> bool| events.iter().position(wanted).expect("it is there");

        // A ping with a mask.
        let ping = number(&|it| it["kind"] == "ping" && it["text"] == "in between");
        let key = events[ping]["mask"].as_str().expect("clients mask");
        let mask: Vec<_> = (0..4)
            .map(|at| u8::from_str_radix(&key[at * 2..at * 2 + 2], 16))
            .collect::<Result<_, _>>()?;
        let hex = |bytes: &mut dyn Iterator<Item = u8>| {
            bytes.map(|it| format!("{it:02x}")).collect::<Vec<_>>().join(" ")
        };
        let plain = hex(&mut b"in between".iter().copied());
        let crossed =
            hex(&mut b"in between".iter().zip(mask.iter().cycle()).map(|(byte, key)| byte ^ key));
        let parts = |payload: &str| {
            json!([
                ["flags", "89"],
                ["length", "8a"],
                ["key", hex(&mut mask.iter().copied())],
                ["payload", payload]
            ])
        };
        choose_frame(&tab, ping).await?;
        tab.until_is(PARTS, &parts(&crossed)).await?;
        tab.until_is(SECTIONS, &json!(["§5.2", "§5.2", "§5.5.2", "§5.1", "§5.2", "§5.3", "§5.2"]))
            .await?;
        tab.press("KeyM", "m").await?;
        tab.until_is(PARTS, &parts(&plain)).await?;
        tab.press("KeyT", "t").await?;
        tab.until_is(&format!("{PARTS}[3]"), &json!(["payload", "in between"])).await?;
        tab.press("KeyI", "i").await?;
        tab.until_is(
            &format!("{PARTS}.slice(0, 2)"),
            &json!([["flags", "1 000 1001"], ["length", "1 0001010"]]),
        )
        .await?;
        tab.press("KeyH", "h").await?;

        // Lengths of 7 bits and of 16; fragments; a close with its code, and one without.
        let long = number(&|it| {
            it["socket"] == "c1" && it["from"] == "client" && it["length"].as_u64() > Some(300)
        });
        let length = events[long]["length"].as_u64().expect("a number");
        choose_frame(&tab, long).await?;
        let extended = json!([
            ["length", "fe"],
            ["extended", format!("{:02x} {:02x}", length >> 8, length & 0xff)]
        ]);
        tab.until_is(&format!("{PARTS}.slice(1, 3)"), &extended).await?;
        let middle =
            number(&|it| it["kind"] == "continuation" || (it["opcode"] == 0 && it["fin"] == false));
        choose_frame(&tab, middle).await?;
        tab.until_is(&format!("{PARTS}[0]"), &json!(["flags", "00"])).await?;
        let close =
            number(&|it| it["socket"] == "c1" && it["kind"] == "close" && it["from"] == "server");
        choose_frame(&tab, close).await?;
        tab.until_is(
            PARTS,
            &json!([["flags", "88"], ["length", "05"], ["code", "03 e8"], ["reason", "62 79 65"]]),
        )
        .await?;
        choose(&tab, "c4").await?;
        let bare =
            number(&|it| it["socket"] == "c4" && it["kind"] == "close" && it["from"] == "server");
        choose_frame(&tab, bare).await?;
        tab.until_is(PARTS, &json!([["flags", "88"], ["length", "00"], ["payload", "nothing"]]))
            .await?;
        tab.until_is(&format!("{SECTIONS}.at(-1)"), &json!("§7.1.5")).await
    })
    .await
}

/// Nobody takes for the protocol what the tap did.
#[tokio::test]
async fn what_a_fault_did_is_said_in_words() -> Result<()> {
    in_browser(async |browser| {
        let site = Site::start().await?;
        let tab = opened(browser, &site, "en").await?;
        choose(&tab, "c3").await?;
        let remark = "document.querySelector('.anatomy p.fault').textContent";
        let said = "Not the protocol: the tap did this. delay pong 2000ms from client on c3";
        tab.until_is(remark, &json!(said)).await?;
        let colours =
            "(() => { const own = (selector) => getComputedStyle(document.querySelector(selector));
            return own('#frameList .fault').backgroundColor !== own('#frameList').backgroundColor
                && own('.drawing .fault line').strokeDasharray !== 'none'; })()";
        tab.until(colours).await
    })
    .await
}
