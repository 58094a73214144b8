//! Messages that only two people see.

use anyhow::{Result, ensure};
use serde_json::json;

use crate::in_browser;
use crate::person::{ENGLISH, LAPTOP, PHONE, Person, RUSSIAN};
use crate::server::{Port, Server};

/// The private lines: whose, for whom, what.
const PRIVATE: &str = "[...document.querySelectorAll('#chat .private')].map((line) =>
    [line.querySelector('.author').textContent, line.querySelector('.author + span').textContent,
     line.querySelector('.text').textContent])";

const TARGET: &str = "document.querySelector('#target:not([hidden]) span')?.textContent ?? null";

#[tokio::test]
async fn a_private_message_is_seen_by_two() -> Result<()> {
    in_browser(async |browser| {
        let server = Server::start(&Port::reserve()?).await;
        let anna = Person::enter(browser, server.address, "Anna", &ENGLISH, LAPTOP).await?;
        let boris = Person::enter(browser, server.address, "Борис", &RUSSIAN, PHONE).await?;
        let eve = Person::enter(browser, server.address, "Eve", &ENGLISH, LAPTOP).await?;

        // By keyboard: Enter on the name, then type. Escape takes it back.
        let choose = "[...document.querySelectorAll('#people button')]
            .find((button) => button.textContent === 'Борис')";
        anna.tab.until(&format!("{choose} !== undefined")).await?;
        anna.tab.eval(&format!("{choose}.focus()")).await?;
        anna.tab.enter().await?;
        anna.tab.until_is(TARGET, &json!("to Борис only")).await?;
        anna.tab.until("document.activeElement === messageInput").await?;
        anna.tab.eval("messageInput.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape' }))").await?;
        anna.tab.until_is(TARGET, &json!(null)).await?;
        anna.tab.eval(&format!("{choose}.click()")).await?;
        anna.say("just for you").await?;
        anna.tab.until_is(PRIVATE, &json!([["you", "to Борис only", "just for you"]])).await?;
        boris.tab.until_is(PRIVATE, &json!([["Anna", "только вам", "just for you"]])).await?;
        anna.tab.until_is(TARGET, &json!(null)).await?;

        // The next one is for all. Eve has seen nothing before it, on the page or on the wire.
        anna.say("for all").await?;
        eve.sees(&[("Anna", "for all")]).await?;
        let leaked = eve.tab.messages().iter().any(|(_, text)| text.contains("just for you"));
        ensure!(!leaked, "{:#?}", eve.tab.messages());

        // To somebody who is gone: the text is not lost.
        anna.tab.eval(&format!("{choose}.click()")).await?;
        boris.tab.go("about:blank").await?;
        anna.tab.until(&format!("{choose} === undefined")).await?;
        anna.say("are you there?").await?;
        let last = "(({ dataset, textContent }) => [dataset.state, textContent.includes('not here any more')])
            (document.querySelector('#chat .private:last-of-type'))";
        anna.tab.until_is(last, &json!(["refused", true])).await?;
        ensure!(anna.tab.console().is_empty(), "{:#?}", anna.tab.console());
        Ok(())
    })
    .await
}
