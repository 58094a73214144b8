//! Older messages on the page, and numbers that are skipped.

use anyhow::{Context, Result, ensure};
use serde_json::json;

use crate::in_browser;
use crate::person::{ENGLISH, HAPPENED, LAPTOP, Person, RUSSIAN, SAID};
use crate::program::Program;
use crate::server::{Port, Server};

const TEXTS: &str = "[...document.querySelectorAll('#chat .text')].map((text) => text.textContent)";

const BUTTON: &str = "(({ hidden, textContent }) => [hidden, textContent])
    (document.querySelector('#olderButton'))";

/// A WebSocket that does not tell the page of messages while `window.deaf(message)` is true.
const DEAF: &str = "
    window.deaf = () => false;
    window.WebSocket = class extends WebSocket {
        set onmessage(heard) {
            super.onmessage = heard && ((event) => { if (!deaf(JSON.parse(event.data))) heard(event); });
        }
    };";

/// The page does not hear the next message.
const MISS_ONE: &str = "deaf = ({ type }) => type === 'message' && (deaf = () => false, true)";

#[tokio::test]
async fn older_messages_come_at_the_top() -> Result<()> {
    in_browser(async |browser| {
        let server = Server::start(&Port::reserve()?).await;
        let mut tom = Program::join(server.address, "Tom").await?;
        for line in 0..120 {
            tom.say(&format!("line {line}")).await?;
        }
        for (name, words, button) in
            [("Anna", &ENGLISH, "Earlier messages"), ("Борис", &RUSSIAN, "Более ранние сообщения")]
        {
            let person = Person::enter(browser, server.address, name, words, LAPTOP).await?;
            let tab = &person.tab;
            tab.until_is(BUTTON, &json!([false, button])).await?;
            tab.click("#olderButton").await?;
            tab.until(&format!("{TEXTS}.length >= 40")).await?;
            tab.until_is(&format!("{TEXTS}.at(-1)"), &json!("line 119")).await?;

            // The line that the reader sees stays where it is while more come above it.
            let first = "document.querySelector('#chat .message')";
            tab.eval(&format!(
                "window.first = {first}; window.place = () => first.getBoundingClientRect().top"
            ))
            .await?;
            let shown = tab.eval(&format!("{TEXTS}.length")).await?.as_u64().context("no lines")?;
            tab.wheel("#chat", -100_000).await?;
            tab.until(&format!("{TEXTS}.length > {shown}")).await?;
            tab.drawn().await?;
            let place = tab.eval("place()").await?.as_f64().context("no place")?;
            ensure!(place > 0.0, "the line is {place} px below the top");
            tab.wheel("#chat", -100_000).await?;
            let all: Vec<_> = (0..120).map(|line| format!("line {line}")).collect();
            tab.until_is(TEXTS, &json!(all)).await?;
            tab.wheel("#chat", -100_000).await?;
            tab.until_is(&format!("{BUTTON}[0]"), &json!(true)).await?;
            // The list of people does not follow from what happened earlier.
            tab.until("!document.querySelector('#people').textContent.includes('Guest')").await?;
            ensure!(tab.console().is_empty(), "{:#?}", tab.console());
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_skipped_message_is_asked_for_and_shown_in_its_place() -> Result<()> {
    in_browser(async |browser| {
        let server = Server::start(&Port::reserve()?).await;
        let mut tom = Program::join(server.address, "Tom").await?;
        let anna = Person::open(browser, server.address, "Anna", &ENGLISH, LAPTOP, DEAF).await?;
        tom.say("one").await?;
        anna.sees(&[("Tom", "one")]).await?;
        anna.tab.eval(MISS_ONE).await?;
        for line in ["two", "three", "four"] {
            tom.say(line).await?;
        }
        anna.say("five").await?;
        let said =
            [("Tom", "one"), ("Tom", "two"), ("Tom", "three"), ("Tom", "four"), ("Anna", "five")];
        anna.sees(&said).await?;
        let asked = anna
            .tab
            .messages()
            .iter()
            .filter(|(sent, text)| *sent && text.contains("history"))
            .count();
        ensure!(asked == 1, "asked {asked} times");
        ensure!(
            anna.tab.eval(&format!("{HAPPENED}.some((line) => line.includes('lost'))")).await?
                == json!(false)
        );
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_message_that_does_not_come_is_told_of() -> Result<()> {
    in_browser(async |browser| {
        let server = Server::start(&Port::reserve()?).await;
        let mut tom = Program::join(server.address, "Tom").await?;
        let boris = Person::open(browser, server.address, "Борис", &RUSSIAN, LAPTOP, DEAF).await?;
        // Neither the message nor the answer to the request for it.
        boris
            .tab
            .eval("deaf = ({ type, content }) => type === 'history' || content === 'two'")
            .await?;
        for line in ["one", "two", "three"] {
            tom.say(line).await?;
        }
        boris.sees(&[("Tom", "one"), ("Tom", "three")]).await?;
        let order = "[...document.querySelectorAll('#chat > *')].slice(-3)
            .map((line) => (line.querySelector('.text') ?? line.firstChild).textContent)";
        boris
            .tab
            .until_is(order, &json!(["one", "Здесь часть сообщений потеряна", "three"]))
            .await?;
        tom.say("four").await?;
        boris.sees_last(("Tom", "four")).await?;
        boris.tab.until_is(&format!("{SAID}.length"), &json!(3)).await?;
        Ok(())
    })
    .await
}
