//! A live class: a teacher, two phones, and what each of them sees of a fault.

use anyhow::Result;
use serde_json::{Value, json};

use super::classroom::{Classroom, STATE, hears, say};
use super::{choose, complaints};
use crate::devtools::{Tab, album};
use crate::in_browser;

/// The connections: a name and what is said of it.
const PEOPLE: &str = "[...document.querySelectorAll('#connectionList li')].map((line) =>
    [line.querySelector('.id').textContent, line.querySelector('.person').textContent, line.dataset.state])";

/// The faults that are in force.
const ACTIVE: &str =
    "[...document.querySelectorAll('.active li')].map((it) => it.firstChild.data.trim())";

/// Data frames of the list: whether the client sent them, and their size.
const DATA: &str = "[...document.querySelectorAll('#frameList li')].filter((it) => it.querySelector('.kind').textContent === 'text')
    .map((it) => [it.classList.contains('by-client'), parseInt(it.querySelector('.size').textContent)])";

/// How the last connection of a phone was closed.
const CLOSED: &str = "document.querySelector('#closed').textContent";

#[tokio::test]
async fn a_teacher_breaks_connections_and_everyone_sees_it() -> Result<()> {
    in_browser(async |browser| {
        let class = Classroom::start().await?;
        let teacher = class.teacher(browser).await?;
        teacher.until_is("[location.hash, document.querySelector('#teacher').hidden]", &json!(["", false])).await?;
        let anna = class.phone(browser, "Anna", "en").await?;
        let boris = class.phone(browser, "Борис", "ru").await?;
        say(&anna, "hello").await?;
        hears(&boris, "Annahello").await?;
        teacher.until_is(PEOPLE, &json!([["c1", "Anna", "open"], ["c2", "Борис", "open"]])).await?;

        // The wire panel has what Chromium records of a phone, and the pings and pongs that it hides.
        choose(&teacher, "c1").await?;
        // The class tells a phone its news by a WebSocket of its own, beside the tap.
        let of_chat = |(_, text): &(bool, String)| !text.contains(r#""type":"class""#);
        let messages = anna.messages().into_iter().filter(of_chat);
        let messages = messages.map(|(is_sent, text)| json!([is_sent, text.len()]));
        teacher.until_is(DATA, &Value::Array(messages.collect())).await?;
        let hidden = "['ping', 'pong'].every((kind) => [...document.querySelectorAll('#frameList .kind')].some((it) => it.textContent === kind))";
        teacher.until(hidden).await?;

        // For the chosen one; then undone.
        teacher.press("KeyD", "d").await?;
        teacher.until_is(ACTIVE, &json!(["⚡ delay pong 5000ms on c1"])).await?;
        teacher.press("KeyU", "г").await?;
        teacher.until_is(ACTIVE, &json!([])).await?;

        // Killed: nobody sent the code that the page is told.
        teacher.press("KeyK", "k").await?;
        anna.until(&format!("{CLOSED}.includes('1006')")).await?;
        anna.until_is(STATE, &json!("live")).await?;
        // On a busy machine a phone gives up a connection that is slow, and opens one more.
        let back = format!("(({{ people }}) => [['c1', 'Anna', 'lost'], ['c2', 'Борис', 'open']].every((one) => people.includes(one.join()))
            && people.some((one) => one.endsWith('Anna,open')))({{ people: ({PEOPLE}).map((one) => one.join()) }})");
        teacher.until(&back).await?;
        choose(&teacher, "c2").await?;
        teacher.press("KeyC", "c").await?;
        boris.until(&format!("{CLOSED}.includes('1001')")).await?;
        boris.until_is(STATE, &json!("live")).await?;

        held_and_changed(&teacher, &anna, &boris).await?;
        stopped_and_started(&teacher, &boris).await?;

        let record = teacher.eval("fetch('/class/session.jsonl').then((it) => it.text())").await?;
        let record = record.as_str().unwrap_or_default();
        assert!(record.contains("reset on c1") && !record.contains(&class.key), "{record}");
        assert_eq!(complaints(&teacher), Vec::<String>::new(), "the console is clean");
        teacher.screenshot(&album()?.join("teacher-live.png")).await?;
        boris.screenshot(&album()?.join("phone-live.png")).await
    })
    .await
}

async fn held_and_changed(teacher: &Tab, anna: &Tab, boris: &Tab) -> Result<()> {
    teacher.press("Escape", "Escape").await?;
    teacher.until("document.querySelector('[name=target][value=all]').checked").await?;
    teacher.eval("document.querySelector('[name=kind]').value = 'text'; document.querySelector('[name=from]').value = 'client'").await?;
    teacher.press("KeyQ", "q").await?;
    teacher.until_is(ACTIVE, &json!(["⚡ hold text from client"])).await?;
    say(anna, "before").await?;
    teacher.until("document.querySelector('.held input')?.value.includes('before')").await?;
    let change = "(({ held }) => { held.value = held.value.replace('before', 'after'); held.focus(); })({ held: document.querySelector('.held input') })";
    teacher.eval(change).await?;
    teacher.enter().await?;
    hears(boris, "Annaafter").await?;
    teacher.until("document.querySelector('.held').childElementCount === 0").await?;
    teacher.click("#undoAll").await
}

async fn stopped_and_started(teacher: &Tab, boris: &Tab) -> Result<()> {
    let state = "document.querySelector('#state').textContent";
    teacher.press("Digit7", "7").await?;
    teacher.until_is(state, &json!("Server stopped")).await?;
    boris.until(&format!("{CLOSED}.includes('1001 server shutting down')")).await?;
    boris.until_is(STATE, &json!("waiting")).await?;
    teacher.press("Digit9", "9").await?;
    teacher.until_is(state, &json!("Server running")).await?;
    boris.until_is(STATE, &json!("live")).await
}

#[tokio::test]
async fn a_page_without_the_key_sees_all_and_breaks_nothing() -> Result<()> {
    in_browser(async |browser| {
        let class = Classroom::start().await?;
        let tab = class.on_projector(browser, "").await?;
        let anna = class.phone(browser, "Anna", "en").await?;
        tab.until_is(PEOPLE, &json!([["c1", "Anna", "open"]])).await?;
        tab.until_is("document.querySelector('#teacher').hidden", &json!(true)).await?;
        tab.press("KeyK", "k").await?;
        let refused = "fetch('/class/faults', { method: 'POST', body: '{\"fault\":\"reset\"}' }).then(({ status }) => status)";
        tab.until_is(refused, &json!(403)).await?;
        tab.until_is("document.querySelector('h1').textContent", &json!("12 · The full chat: session, room and endpoint")).await?;
        tab.press("Digit2", "2").await?;
        tab.until("document.querySelectorAll('#lesson h3').length > 3").await?;
        tab.click(".languages [lang=ru]").await?;
        tab.until("document.querySelector('#lesson').textContent.includes('урок')").await?;

        // Nobody chose to show the class which browser they have.
        tab.press("Digit1", "1").await?;
        tab.until("document.querySelector('#handshake details:not([open])') !== null").await?;
        tab.until("!document.querySelector('#handshake').innerText.includes('Mozilla')").await?;

        // A phone that is left and comes back has one connection.
        anna.go("about:blank").await?;
        tab.until_is(PEOPLE, &json!([["c1", "Anna", "closed"]])).await?;
        anna.eval("history.back()").await?;
        anna.until("document.querySelector('#nameInput')?.value === 'Anna'").await?;
        let open = format!("{PEOPLE}.filter(([, , state]) => state === 'open').length");
        // The form is there once the page knows that the example has names.
        anna.until("!document.querySelector('#joinForm').hidden").await?;
        anna.eval("document.querySelector('#joinForm').requestSubmit()").await?;
        anna.until_is(STATE, &json!("live")).await?;
        tab.until_is(&open, &json!(1)).await
    })
    .await
}
