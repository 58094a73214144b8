//! Nothing that was said during a cut is lost, doubled or out of order.

use anyhow::{Result, ensure};
use serde_json::json;

use crate::in_browser;
use crate::person::{ENGLISH, HAPPENED, LAPTOP, PEOPLE, Person, RUSSIAN, SAID, STATUS};
use crate::program::Program;
use crate::relay::Relay;
use crate::server::{Port, Server};

/// How often the connections of both tabs are cut while everyone talks.
const CUTS: usize = 40;

/// The page tries to connect now, and does not wait for its turn.
const NUDGE: &str = "dispatchEvent(new Event('online'))";

/// The texts of all lines, whoever said them.
const TEXTS: &str = "[...document.querySelectorAll('#chat .text')].map((text) => text.textContent)";

#[tokio::test]
async fn what_was_said_during_a_cut_comes_afterwards() -> Result<()> {
    in_browser(async |browser| {
        let server = Server::start(&Port::reserve()?).await;
        let relay = Relay::start(server.address).await?;
        let mut tom = Program::join(server.address, "Tom").await?;
        let anna = Person::enter(browser, relay.address, "Anna", &ENGLISH, LAPTOP).await?;
        let boris = Person::enter(browser, relay.address, "Борис", &RUSSIAN, LAPTOP).await?;
        tom.say("before").await?;
        anna.sees(&[("Tom", "before")]).await?;
        boris.sees(&[("Tom", "before")]).await?;
        relay.down();
        anna.is_waiting().await?;
        boris.is_waiting().await?;
        anna.say("from Anna").await?;
        tom.say("during").await?;
        tom.say("still").await?;
        relay.up();
        let said = [("Tom", "before"), ("Tom", "during"), ("Tom", "still"), ("Anna", "from Anna")];
        for (person, told) in [
            (&anna, "Connected again. Nothing was missed"),
            (&boris, "Связь вернулась, ничего не пропущено"),
        ] {
            person.tab.eval(NUDGE).await?;
            person.is_live().await?;
            person.sees(&said).await?;
            person.tab.until(&format!("{HAPPENED}.includes({told:?})")).await?;
        }
        // The list of people follows from the welcome, not from the events that were missed.
        for person in [&anna, &boris] {
            let mut rows = person.rows(&["Tom", "Anna", "Борис"]);
            rows.sort();
            person.tab.until_is(&format!("{PEOPLE}.sort()"), &json!(rows)).await?;
            let count = "Number(document.querySelector('#count').dataset.count)";
            person.tab.until_is(count, &json!(3)).await?;
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_reload_loses_neither_the_lines_nor_what_waits() -> Result<()> {
    in_browser(async |browser| {
        let server = Server::start(&Port::reserve()?).await;
        let relay = Relay::start(server.address).await?;
        let mut tom = Program::join(server.address, "Tom").await?;
        let anna = Person::enter(browser, relay.address, "Anna", &ENGLISH, LAPTOP).await?;
        tom.say("hello").await?;
        anna.say("hi").await?;
        anna.sees(&[("Tom", "hello"), ("Anna", "hi")]).await?;
        relay.down();
        anna.is_waiting().await?;
        anna.say("waits").await?;
        tom.say("meanwhile").await?;
        anna.tab.go(&format!("http://{}/?lang=en", relay.address)).await?;
        let waiting = format!("{SAID}.includes('message own unsent | you: waits')");
        anna.tab.until(&waiting).await?;
        relay.up();
        anna.tab.eval(NUDGE).await?;
        anna.is_live().await?;
        let said = [
            "message other | Tom: hello",
            "message own | you: hi",
            "message other | Tom: meanwhile",
        ];
        let last = "message own confirmed | you: waits";
        anna.tab.until_is(SAID, &json!([said[0], said[1], said[2], last])).await?;
        // A second reload finds nothing that waits, and the server has said it once.
        anna.tab.go(&format!("http://{}/?lang=en", relay.address)).await?;
        let last = "message own | you: waits";
        anna.tab.until_is(SAID, &json!([said[0], said[1], said[2], last])).await?;
        Ok(())
    })
    .await
}

/// Two tabs and a program talk, while the tabs' connections break again and again.
#[tokio::test]
async fn no_line_is_lost_or_doubled_by_many_cuts() -> Result<()> {
    in_browser(async |browser| {
        // Tom reads only when he speaks, so he cannot answer pings in time.
        let settings = [("WS_RATE", "0"), ("WS_HEARTBEAT_MS", "0")];
        let server = Server::example("full_chat", &settings).await;
        let relay = Relay::start(server.address).await?;
        let mut tom = Program::join(server.address, "Tom").await?;
        let people = [
            Person::enter(browser, relay.address, "Anna", &ENGLISH, LAPTOP).await?,
            Person::enter(browser, relay.address, "Борис", &RUSSIAN, LAPTOP).await?,
        ];
        // After so many cuts the page would wait for long.
        let back = format!(
            "(([state]) => state === 'live' || (state === 'waiting' && {NUDGE} && false))({STATUS})"
        );
        for cut in 0..CUTS {
            tom.say(&format!("Tom {cut}")).await?;
            for person in &people {
                // Not by the keyboard, which is slower than a cut.
                let say = format!(
                    "messageInput.value = '{} {cut}'; messageForm.requestSubmit()",
                    person.name
                );
                person.tab.eval(&say).await?;
            }
            // At once, so that lines and answers are on their way.
            relay.down();
            relay.up();
            for person in &people {
                person.tab.until(&back).await?;
            }
        }
        let lines = format!("{TEXTS}.length >= {}", 3 * CUTS);
        for person in &people {
            person.tab.until(&lines).await?;
            person
                .tab
                .until("!document.querySelector('#chat .own:not([data-state=confirmed])')")
                .await?;
        }
        let [anna, boris] = [people[0].tab.eval(TEXTS).await?, people[1].tab.eval(TEXTS).await?];
        ensure!(anna == boris, "they differ:\n{anna}\n{boris}");
        let texts: Vec<&str> =
            anna.as_array().into_iter().flatten().filter_map(|text| text.as_str()).collect();
        ensure!(texts.len() == 3 * CUTS, "{} lines of {}", texts.len(), 3 * CUTS);
        for name in ["Tom", "Anna", "Борис"] {
            let heard = texts.iter().filter_map(|text| text.strip_prefix(name)).map(str::trim);
            let wanted = (0..CUTS).map(|cut| cut.to_string());
            ensure!(heard.eq(wanted), "{name}: {texts:?}");
        }
        Ok(())
    })
    .await
}
