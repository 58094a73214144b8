//! One page for every example: it speaks what its server speaks.

use std::net::SocketAddr;

use anyhow::Result;
use serde_json::json;

use crate::devtools::{Browser, Tab, View, album};
use crate::in_browser;
use crate::person::{HAPPENED, LAPTOP, PHONE, SAID, STATUS};
use crate::server::{Port, Server};

const EVERYTHING_SAID: &str =
    "[...document.querySelectorAll('#chat .text')].map((text) => text.textContent)";

/// A tunnel for the page to drive into: while it lasts, no WebSocket gets through.
const TUNNEL: &str = "
    window.tunnel = false;
    window.sockets = [];
    window.WebSocket = class extends WebSocket {
        constructor(url, ...rest) {
            super(window.tunnel ? `ws://${location.host}/nowhere` : url, ...rest);
            sockets.push(this);
        }
    };
    window.enter = () => { tunnel = true; sockets.at(-1).close(3999); };
    window.leave = () => { tunnel = false; dispatchEvent(new Event('online')); };";

/// Opens a page and waits until it is connected.
async fn open(browser: &Browser, server: SocketAddr, query: &str) -> Result<Tab> {
    let tab = browser.tab().await?;
    tab.view(LAPTOP).await?;
    tab.before_load(TUNNEL).await?;
    tab.go(&format!("http://{server}/?lang=en{query}")).await?;
    tab.until_is(STATUS, &json!(["live", "Connected"])).await?;
    Ok(tab)
}

async fn say(tab: &Tab, words: &str) -> Result<()> {
    tab.click("#messageInput").await?;
    tab.write(words).await?;
    tab.enter().await
}

/// The last line that was said, as [`SAID`] has it.
fn last(list: &str) -> String {
    format!("{list}.at(-1)")
}

/// Pictures of a page as it is, and on a phone, in Russian, in the dark.
async fn pictures(tab: &Tab, name: &str) -> Result<()> {
    tab.drawn().await?;
    tab.screenshot(&album()?.join(format!("{name}-laptop-en-light.png"))).await?;
    tab.view(View { dark: true, locale: "ru-RU", ..PHONE }).await?;
    tab.click("[lang=ru]").await?;
    tab.drawn().await?;
    tab.screenshot(&album()?.join(format!("{name}-phone-ru-dark.png"))).await?;
    tab.click("[lang=en]").await?;
    tab.view(LAPTOP).await
}

fn clean(tabs: &[&Tab]) {
    for tab in tabs {
        assert_eq!(tab.console(), Vec::<String>::new(), "the console is clean");
    }
}

#[tokio::test]
async fn connections_are_listed() -> Result<()> {
    in_browser(async |browser| {
        let server = Server::example("connections", &[]).await;
        let ann = open(browser, server.address, "").await?;
        let bob = open(browser, server.address, "").await?;
        let rows = "document.querySelectorAll('#list tbody tr').length";
        for tab in [&ann, &bob] {
            tab.until_is(rows, &json!(2)).await?;
            let mine = "document.querySelectorAll('#list [aria-current]').length";
            tab.until_is(mine, &json!(1)).await?;
        }
        pictures(&ann, "connections").await?;
        bob.go("about:blank").await?;
        ann.until_is(rows, &json!(1)).await?;
        clean(&[&ann]);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn broadcast_reaches_every_tab_and_a_forged_line_none() -> Result<()> {
    in_browser(async |browser| {
        let server = Server::example("broadcast", &[]).await;
        let ann = open(browser, server.address, "").await?;
        let bob = open(browser, server.address, "").await?;
        bob.until_is(&last(HAPPENED), &json!("Добро пожаловать в чат!")).await?;
        say(&ann, "Привет всем!").await?;
        ann.until_is(&last(SAID), &json!("message own confirmed | you: Привет всем!")).await?;
        bob.until_is(&last(SAID), &json!("message other | Someone: Привет всем!")).await?;
        let forged = "new Promise((done) => { const ws = new WebSocket(`ws://${location.host}`);
            ws.onopen = () => { ws.send('{\"type\":\"system\",\"content\":\"off\"}'); ws.send('{\"type\":\"user\",\"content\":\"on\"}'); done(true) } })";
        ann.eval(forged).await?;
        bob.until_is(&last(EVERYTHING_SAID), &json!("on")).await?;
        assert!(!bob.eval(HAPPENED).await?.to_string().contains("off"));
        pictures(&bob, "broadcast").await?;
        clean(&[&ann, &bob]);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn who_speaks_hears_an_echo_and_the_others_a_broadcast() -> Result<()> {
    in_browser(async |browser| {
        let server = Server::example("shutdown", &[("WS_STATS_MS", "500")]).await;
        let ann = open(browser, server.address, "").await?;
        let bob = open(browser, server.address, "").await?;
        bob.click("#testButton").await?;
        bob.until_is(&last(SAID), &json!("message own confirmed | you: Test 1")).await?;
        ann.until_is(&last(EVERYTHING_SAID), &json!("Test 1")).await?;
        ann.until("document.querySelector('#count').textContent === '2 people'").await?;
        ann.until("document.querySelectorAll('#stats dd').length >= 3").await?;
        pictures(&ann, "echo_broadcast").await?;
        bob.go("about:blank").await?;
        ann.until("document.querySelector('#count').textContent === '1 person'").await?;
        clean(&[&ann]);
        server.stop().await;
        ann.until_is(&last(HAPPENED), &json!("The server is shutting down")).await?;
        ann.until("document.querySelector('#reason').textContent.includes('1001')").await?;
        pictures(&ann, "shutdown").await?;
        Ok(())
    })
    .await
}

/// What others said while we were away is told, what we said ourselves is not said twice.
#[tokio::test]
async fn a_page_that_comes_back_has_missed_nothing() -> Result<()> {
    in_browser(async |browser| {
        let server = Server::example("reconnect", &[]).await;
        let ann = open(browser, server.address, "").await?;
        let bob = open(browser, server.address, "").await?;
        say(&bob, "one").await?;
        ann.until_is(EVERYTHING_SAID, &json!(["one"])).await?;
        ann.eval("enter()").await?;
        ann.until("document.querySelector('#status').dataset.state === 'waiting'").await?;
        say(&bob, "two").await?;
        say(&bob, "three").await?;
        bob.until_is(EVERYTHING_SAID, &json!(["one", "two", "three"])).await?;
        say(&ann, "from the tunnel").await?;
        ann.until_is(&last(SAID), &json!("message own unsent | you: from the tunnel")).await?;
        ann.eval("leave()").await?;
        let all = json!(["one", "two", "three", "from the tunnel"]);
        for tab in [&ann, &bob] {
            tab.until_is(EVERYTHING_SAID, &all).await?;
        }
        ann.until_is(&last(HAPPENED), &json!("Connected again. Nothing was missed")).await?;
        pictures(&ann, "reconnect").await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_visitor_is_asked_for_a_name() -> Result<()> {
    in_browser(async |browser| {
        let server = Server::example("names_and_typing", &[]).await;
        let ann = open(browser, server.address, "").await?;
        let bob = open(browser, server.address, "").await?;
        ann.until(
            "document.querySelector('#messageInput').placeholder === 'Your name, then Enter'",
        )
        .await?;
        // The source's way: the name is typed where messages are.
        say(&ann, "Аня").await?;
        ann.until("document.querySelector('#nameInput').value === 'Аня'").await?;
        say(&bob, "аня").await?;
        bob.until(
            "document.querySelector('#hint').textContent === 'Somebody here already has this name'",
        )
        .await?;
        say(&bob, "Борис").await?;
        ann.until_is(&last(HAPPENED), &json!("Борис joined")).await?;
        bob.click("#messageInput").await?;
        bob.write("Привет").await?;
        ann.until("document.querySelector('#typing').textContent === 'Борис is typing…'").await?;
        pictures(&ann, "names_and_typing").await?;
        bob.enter().await?;
        ann.until_is(&last(SAID), &json!("message other | Борис: Привет")).await?;
        bob.until_is(&last(SAID), &json!("message own confirmed | you: Привет")).await?;
        bob.go("about:blank").await?;
        ann.until_is(&last(HAPPENED), &json!("Борис left")).await?;
        clean(&[&ann]);
        Ok(())
    })
    .await
}

/// Five tabs, five dialects, one room: all five lines, in one order.
#[tokio::test]
async fn g12_five_tabs_speak_five_dialects_in_one_room() -> Result<()> {
    in_browser(async |browser| {
        let server = Server::start(&Port::reserve()?).await;
        let mut tabs = Vec::new();
        for dialect in [
            "",
            "&dialect=node_chat",
            "&dialect=broadcast_server",
            "&dialect=reconnect",
            "&dialect=python_chat",
        ] {
            tabs.push(open(browser, server.address, dialect).await?);
        }
        say(&tabs[4], "Пётр").await?;
        tabs[4].until("document.querySelector('#nameInput').value === 'Пётр'").await?;
        let lines = ["from v1", "from node", "from broadcast", "from reconnect", "from python"];
        for (tab, line) in tabs.iter().zip(lines) {
            say(tab, line).await?;
            for other in &tabs {
                // Clients of `node_chat` print nothing but the text: others are named in it.
                let ends = format!("{}.endsWith({line:?})", last(EVERYTHING_SAID));
                other.until(&ends).await?;
            }
        }
        for tab in &tabs {
            let said = tab.eval(EVERYTHING_SAID).await?;
            let said: Vec<_> =
                said.as_array().unwrap().iter().filter_map(|line| line.as_str()).collect();
            assert_eq!(said.len(), 5, "{said:?}");
            assert!(said.iter().zip(lines).all(|(said, line)| said.ends_with(line)), "{said:?}");
        }
        // `note` is an echo, and the room is not told.
        // Its old name works, too.
        let note = open(browser, server.address, "&dialect=003").await?;
        say(&note, "Привет, сервер!").await?;
        note.until_is(&last(EVERYTHING_SAID), &json!("Принято: Привет, сервер!")).await?;
        pictures(&tabs[1], "dialect-node_chat").await?;
        pictures(&note, "dialect-note").await?;
        clean(&tabs.iter().collect::<Vec<_>>());
        Ok(())
    })
    .await
}
