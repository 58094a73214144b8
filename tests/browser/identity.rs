//! One person in several tabs, over cuts and away from the screen.

use anyhow::{Result, ensure};
use serde_json::json;

use crate::in_browser;
use crate::person::{ENGLISH, HAPPENED, LAPTOP, PEOPLE, Person, RUSSIAN, SAID};
use crate::program::Program;
use crate::relay::Relay;
use crate::server::{Port, Server};

/// Somebody is away after a moment instead of five minutes, and looks away when a test says so.
const AWAY_SOON: &str = "
    const later = setTimeout;
    window.setTimeout = (then, wait, ...rest) => later(then, wait === 300_000 ? 50 : wait, ...rest);
    window.looking = 'visible';
    Object.defineProperty(document, 'visibilityState', { get: () => looking });
    window.look = (state) => { looking = state; document.dispatchEvent(new Event('visibilitychange')); };";

#[tokio::test]
async fn three_tabs_of_one_person_are_one_person() -> Result<()> {
    in_browser(async |browser| {
        let server = Server::start(&Port::reserve()?).await;
        let boris = Person::enter(browser, server.address, "Борис", &RUSSIAN, LAPTOP).await?;
        let [one, two, three, other] = browser.tabs().await?;
        let anna = Person::enter_in(one, server.address, "Anna", &ENGLISH, LAPTOP).await?;
        for tab in [&two, &three] {
            tab.view(LAPTOP).await?;
            tab.go(&format!("http://{}/?lang=en", server.address)).await?;
            tab.until_is(&format!("{PEOPLE}.includes('Anna · you · 2 tabs') || {PEOPLE}.includes('Anna · you · 3 tabs')"), &json!(true)).await?;
        }
        boris.tab.until_is(PEOPLE, &json!(["Борис · вы", "Anna · 3 вкладки"])).await?;
        // The other tabs show once, as their own, the line that one tab sends.
        anna.say("from one").await?;
        boris.sees(&[("Anna", "from one")]).await?;
        for tab in [&two, &three] {
            tab.until_is(SAID, &json!(["message own | you: from one"])).await?;
        }
        // A new name is that of every tab.
        two.click("#nameInput").await?;
        two.eval("nameInput.value = ''").await?;
        two.write("Anya").await?;
        two.enter().await?;
        for tab in [&anna.tab, &two, &three] {
            tab.until_is("nameInput.value", &json!("Anya")).await?;
        }
        // A tab that is closed changes the number; the last one ends it.
        two.go("about:blank").await?;
        three.go("about:blank").await?;
        boris.tab.until_is(PEOPLE, &json!(["Борис · вы", "Anya"])).await?;
        // The same browser may hold another person.
        other.view(LAPTOP).await?;
        other.go(&format!("http://{}/?lang=en&person=2", server.address)).await?;
        boris.tab.until_is(&format!("{PEOPLE}.length"), &json!(3)).await?;
        anna.tab.go("about:blank").await?;
        boris.tab.until_is(&format!("{PEOPLE}.length"), &json!(2)).await?;
        let left = format!("{HAPPENED}.filter((line) => line.includes('выходит')).length");
        boris.tab.until_is(&left, &json!(1)).await?;
        ensure!(anna.tab.console().is_empty(), "{:#?}", anna.tab.console());
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_short_cut_tells_nobody_that_somebody_left() -> Result<()> {
    in_browser(async |browser| {
        let server = Server::start(&Port::reserve()?).await;
        let relay = Relay::start(server.address).await?;
        let boris = Person::enter(browser, server.address, "Борис", &RUSSIAN, LAPTOP).await?;
        let anna = Person::enter(browser, relay.address, "Anna", &ENGLISH, LAPTOP).await?;
        let before = boris.tab.eval(HAPPENED).await?;
        for _ in 0..3 {
            relay.down();
            relay.up();
            anna.tab.eval("dispatchEvent(new Event('online'))").await?;
            anna.is_live().await?;
        }
        anna.say("still here").await?;
        boris.sees(&[("Anna", "still here")]).await?;
        let happened = boris.tab.eval(HAPPENED).await?;
        ensure!(happened == before, "{happened:#}");
        // A longer one is told, with its reason.
        relay.down();
        boris.tab.until(&format!("{HAPPENED}.includes('Anna теряет связь')")).await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_token_that_the_server_forgot_is_replaced() -> Result<()> {
    in_browser(async |browser| {
        let server = Server::start(&Port::reserve()?).await;
        let anna = Person::enter(browser, server.address, "Anna", &ENGLISH, LAPTOP).await?;
        let token = anna.tab.eval("localStorage['ws101.token']").await?;
        ensure!(token.as_str().is_some_and(|token| token.len() == 64), "{token}");
        anna.tab.eval("localStorage['ws101.token'] = 'f'.repeat(64)").await?;
        anna.tab.go(&format!("http://{}/?lang=en", server.address)).await?;
        anna.is_live().await?;
        anna.tab.until_is(PEOPLE, &json!(["Anna · you"])).await?;
        let now = anna.tab.eval("localStorage['ws101.token']").await?;
        ensure!(now != token && now != json!("f".repeat(64)), "{now}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn somebody_who_does_not_look_is_away() -> Result<()> {
    in_browser(async |browser| {
        let server = Server::start(&Port::reserve()?).await;
        let mut tom = Program::join(server.address, "Tom").await?;
        let boris = Person::enter(browser, server.address, "Борис", &RUSSIAN, LAPTOP).await?;
        let anna =
            Person::open(browser, server.address, "Anna", &ENGLISH, LAPTOP, AWAY_SOON).await?;
        anna.tab.eval("look('hidden')").await?;
        boris.tab.until(&format!("{PEOPLE}.includes('Anna · не за экраном')")).await?;
        let told = tom.until("presence").await?;
        ensure!(told["updates"][0]["state"] == "away", "{told}");
        anna.tab.eval("look('visible')").await?;
        boris.tab.until(&format!("{PEOPLE}.includes('Anna')")).await?;
        Ok(())
    })
    .await
}
