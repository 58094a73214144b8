//! A server that asks the page to wait.

use anyhow::{Result, ensure};
use serde_json::json;

use crate::devtools::Tab;
use crate::in_browser;
use crate::person::{ENGLISH, HAPPENED, LAPTOP, Person, RUSSIAN, SAID, STATUS};
use crate::program::Program;
use crate::server::Server;

/// The states that the lines of mine have had, each once, and the texts of their marks.
const MARKS: &str = "
    window.marks = [];
    new MutationObserver(() => {
        for (const line of document.querySelectorAll('#chat .own')) {
            const mark = `${line.dataset.state}: ${line.querySelector('.mark').textContent}`;
            if (!marks.includes(mark)) marks.push(mark);
        }
        const hint = document.querySelector('#hint')?.textContent;
        if (hint && !marks.includes(hint)) marks.push(hint);
    }).observe(document, { subtree: true, childList: true, characterData: true, attributes: true });";

/// Presses the Test button so many times, faster than anyone could.
async fn press(tab: &Tab, times: usize) -> Result<()> {
    let press = format!("for (let n = 0; n < {times}; n++) testButton.click()");
    tab.eval(&press).await.map(drop)
}

/// Waits until every line was confirmed, each once.
async fn all_arrive(tab: &Tab, lines: usize) -> Result<()> {
    let confirmed = "document.querySelectorAll('#chat .own[data-state=confirmed]').length";
    tab.until_is(confirmed, &json!(lines)).await?;
    tab.until_is("document.querySelector('#status').dataset.state", &json!("live")).await
}

#[tokio::test]
async fn lines_wait_as_long_as_the_server_asks_and_all_arrive() -> Result<()> {
    in_browser(async |browser| {
        let server = Server::example("full_chat", &[("WS_RATE", "1")]).await;
        let mut witness = Program::join(server.address, "Tom").await?;
        let anna = Person::enter(browser, server.address, "Anna", &ENGLISH, LAPTOP).await?;
        anna.tab.eval(MARKS).await?;
        press(&anna.tab, 10).await?;
        all_arrive(&anna.tab, 10).await?;
        let mut heard = Vec::new();
        while heard.len() < 10 {
            heard.push(witness.until("message").await?["content"].to_string());
        }
        heard.sort();
        heard.dedup();
        ensure!(heard.len() == 10, "each once: {heard:?}");
        let marks = anna.tab.eval("marks").await?.to_string();
        ensure!(marks.contains("held: the server asks to wait: sent in "), "it is shown: {marks}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn every_dialect_waits() -> Result<()> {
    in_browser(async |browser| {
        for dialect in ["broadcast_server", "reconnect", "python_chat"] {
            let server = Server::example("full_chat", &[("WS_RATE", "1")]).await;
            let tab = browser.tab().await?;
            tab.view(LAPTOP).await?;
            tab.go(&format!("http://{}/?lang=ru&dialect={dialect}", server.address)).await?;
            tab.until_is(STATUS, &json!(["live", RUSSIAN.live])).await?;
            if dialect == "python_chat" {
                tab.click("#nameInput").await?;
                tab.write("Пётр").await?;
                tab.enter().await?;
                tab.until("document.querySelector('#people').textContent.includes('Пётр')").await?;
            }
            tab.eval(MARKS).await?;
            press(&tab, 7).await?;
            all_arrive(&tab, 7).await?;
            let marks = tab.eval("marks").await?.to_string();
            let shown = "held: сервер просит подождать: отправится через ";
            ensure!(marks.contains(shown), "{dialect}: {marks}");
        }
        Ok(())
    })
    .await
}

/// Twenty names are tried and taken, as many as may be asked for at once. The next one waits.
#[tokio::test]
async fn the_twenty_first_of_one_name_is_let_in() -> Result<()> {
    in_browser(async |browser| {
        let server = Server::example("full_chat", &[("WS_RATE", "1")]).await;
        let mut annas = Vec::new();
        for n in 1..=6 {
            let name = if n == 1 { "Anna".to_owned() } else { format!("Anna {n}") };
            annas.push(Program::join(server.address, &name).await?);
        }
        let tab = browser.tab().await?;
        tab.view(LAPTOP).await?;
        let remember = "localStorage.setItem('ws101.name', 'Anna')";
        tab.before_load(&format!("{remember};{MARKS}")).await?;
        tab.go(&format!("http://{}/?lang=en", server.address)).await?;
        tab.until_is(STATUS, &json!(["live", ENGLISH.live])).await?;
        tab.until_is("document.querySelector('#nameInput').value", &json!("Anna 7")).await?;
        let marks = tab.eval("marks").await?.to_string();
        let shown = "The server asks to wait before it takes the name: ";
        ensure!(marks.contains(shown), "{marks}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_line_sent_again_after_a_cut_is_said_once() -> Result<()> {
    in_browser(async |browser| {
        let server = Server::example("full_chat", &[("WS_RATE", "0")]).await;
        let mut witness = Program::join(server.address, "Tom").await?;
        let tab = browser.tab().await?;
        tab.view(LAPTOP).await?;
        // A network that loses what the server says after a line was sent, and then breaks.
        let deaf = "
            window.sockets = [];
            window.WebSocket = class extends WebSocket {
                constructor(...all) { super(...all); sockets.push(this); }
                send(text) {
                    super.send(text);
                    if (window.deaf && text.includes('\"message\"')) {
                        window.deaf = false;
                        const { onclose } = this;
                        this.onmessage = null;
                        setTimeout(() => { this.onclose = null; onclose({ code: 1006, reason: '' }); this.close(); }, 300);
                    }
                }
            };";
        tab.before_load(deaf).await?;
        tab.go(&format!("http://{}/?lang=en", server.address)).await?;
        tab.until_is(STATUS, &json!(["live", ENGLISH.live])).await?;
        tab.eval("window.deaf = true; testButton.click()").await?;
        let confirmed = json!("message own confirmed | you: Test 1");
        tab.until_is(&format!("{SAID}.at(-1)"), &confirmed).await?;
        tab.eval("testButton.click()").await?;
        let mut heard = Vec::new();
        while heard.last().is_none_or(|last| last != "Test 2") {
            heard.push(witness.until("message").await?["content"].as_str().unwrap_or("").to_owned());
        }
        ensure!(heard == ["Test 1", "Test 2"], "{heard:?}");
        Ok(())
    })
    .await
}

/// A server of somebody's own, which says what is wrong and not with what.
#[tokio::test]
async fn a_refusal_without_a_ref_marks_the_only_line_there_is() -> Result<()> {
    in_browser(async |browser| {
        let server = Server::example("full_chat", &[("WS_RATE", "0")]).await;
        let tab = browser.tab().await?;
        tab.view(LAPTOP).await?;
        let forgetful = "
            window.WebSocket = class extends WebSocket {
                set onmessage(then) {
                    super.onmessage = then && ((event) => {
                        const said = JSON.parse(event.data);
                        delete said.ref;
                        then({ data: JSON.stringify(said) });
                    });
                }
                send(text) {
                    // It takes these lines for too long.
                    super.send(text.replace('too long', 'x'.repeat(4001)));
                }
            };";
        tab.before_load(forgetful).await?;
        tab.go(&format!("http://{}/?lang=en", server.address)).await?;
        tab.until_is(STATUS, &json!(["live", ENGLISH.live])).await?;
        tab.click("#messageInput").await?;
        tab.write("this is too long").await?;
        tab.enter().await?;
        tab.until_is(SAID, &json!(["message own refused | you: this is too long"])).await?;
        tab.until_is(HAPPENED, &json!([])).await?;
        Ok(())
    })
    .await
}
