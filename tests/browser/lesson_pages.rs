//! The pages of examples that have one of their own do what the lessons say of them.

use anyhow::{Result, ensure};
use serde_json::json;

use crate::devtools::{Browser, Tab};
use crate::in_browser;
use crate::person::LAPTOP;
use crate::server::Server;

/// The log of a page.
const LOG: &str = "document.querySelector('#log').textContent";

/// Loads the page of an example.
async fn opened(browser: &Browser, server: &Server) -> Result<Tab> {
    let tab = browser.tab().await?;
    tab.view(LAPTOP).await?;
    tab.go(&format!("http://{}/", server.address)).await?;
    Ok(tab)
}

/// Waits until the page has logged so many lines that begin like this.
async fn logged(tab: &Tab, count: usize, begin: &str) -> Result<()> {
    let lines = format!("{LOG}.split('\\n').filter((line) => line.startsWith({begin:?})).length");
    tab.until_is(&lines, &json!(count)).await
}

/// Lesson 13: a session outlives a reload, a script cannot read its cookie, and a stranger's page stays out.
#[tokio::test]
async fn a_strangers_page_stays_out_and_the_own_one_is_anna() -> Result<()> {
    in_browser(async |browser| {
        let server = Server::example("strangers_page", &[]).await;
        let tab = opened(browser, &server).await?;
        let name = "document.querySelector('#name').textContent";
        tab.until_is(name, &json!("nobody yet")).await?;
        tab.click("#field").await?;
        tab.write("Anna").await?;
        tab.enter().await?;
        tab.until(&format!("{LOG}.includes('Anna')")).await?;
        tab.go(&format!("http://{}/?again", server.address)).await?;
        tab.until_is(name, &json!("Anna")).await?;
        tab.until_is("document.cookie", &json!("")).await?;
        tab.go(&format!("http://{}/", server.other_address().await)).await?;
        tab.until_is(LOG, &json!("The server did not let this page in.\n")).await?;
        tab.go(&format!("http://localhost:{}/", server.address.port())).await?;
        tab.until_is(name, &json!("nobody yet")).await
    })
    .await
}

/// Lesson 14: what is too fast is refused, and who goes on is let go.
#[tokio::test]
async fn who_sends_too_fast_is_refused_and_then_let_go() -> Result<()> {
    in_browser(async |browser| {
        let server = Server::example("too_fast", &[]).await;
        let [fast, other] = [opened(browser, &server).await?, opened(browser, &server).await?];
        for tab in [&fast, &other] {
            // A tab that is not connected yet would miss the lines.
            tab.until("socket.readyState === WebSocket.OPEN").await?;
        }
        fast.click("#lines").await?;
        logged(&fast, 20, "line ").await?;
        logged(&fast, 10, "refused: wait ").await?;
        logged(&other, 20, "line ").await?;
        logged(&other, 0, "refused").await?;
        fast.click("#pictures").await?;
        // A machine that is so slow that tokens come between the pictures is not too fast yet.
        for _ in 0..2 {
            fast.click("#lines").await?;
        }
        logged(&fast, 1, "closed: 1008 too fast").await?;
        let most = fast.eval("Number(document.querySelector('#most').textContent)").await?;
        ensure!(most.as_u64().is_some_and(|most| most > 5_000_000), "{most} is some 6 million");
        Ok(())
    })
    .await
}

/// Lesson 14: who reads nothing is let go, and nobody waits for it.
#[tokio::test]
async fn who_reads_nothing_is_let_go_and_the_others_hear_all() -> Result<()> {
    in_browser(async |browser| {
        let server = Server::example("too_fast", &[("WS_RATE", "1000")]).await;
        let [slow, other] = [opened(browser, &server).await?, opened(browser, &server).await?];
        for tab in [&slow, &other] {
            tab.until("socket.readyState === WebSocket.OPEN").await?;
        }
        // A click would be answered when the page computes no more.
        slow.eval("setTimeout(() => document.querySelector('#sleep').click()); 0").await?;
        for _ in 0..2 {
            other.click("#pictures").await?;
        }
        logged(&other, 200, "a picture of 60000 bytes").await?;
        // The close frame with 1013 waits behind the pictures, longer than the server does.
        logged(&slow, 1, "closed: 1006").await
    })
    .await
}

/// Lesson 15: the page plays, counts, and tells the end of the time.
#[tokio::test]
async fn who_guesses_is_answered_until_the_time_is_over() -> Result<()> {
    in_browser(async |browser| {
        let settings = [("WS_NUMBER", "42"), ("WS_GAME_MS", "12000")];
        let server = Server::example("guess", &settings).await;
        let tab = opened(browser, &server).await?;
        logged(&tab, 1, "a number from 1 to 100").await?;
        for n in ["50", "42", "50"] {
            tab.click("#field").await?;
            tab.write(n).await?;
            tab.enter().await?;
        }
        logged(&tab, 2, "50: lower, try 1").await?;
        logged(&tab, 1, "42: right, try 2").await?;
        tab.until_is("document.querySelector('#score').textContent", &json!("1")).await?;
        logged(&tab, 1, "the time is over: 1 guessed").await?;
        logged(&tab, 1, "closed: 1000 the time is over").await
    })
    .await
}
