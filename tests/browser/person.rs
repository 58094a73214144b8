//! Somebody at a tab: what they do there, what they see, and in which language.

use std::net::SocketAddr;

use anyhow::Result;
use serde_json::json;

use crate::devtools::{Browser, Tab, View};

pub const LAPTOP: View =
    View { width: 1280, height: 800, mobile: false, dark: false, locale: "en-GB" };
pub const PHONE: View = View { width: 360, height: 640, mobile: true, ..LAPTOP };
pub const PROJECTOR: View = View { width: 1920, height: 1080, ..LAPTOP };

// ---- what there is to see, as JavaScript

pub const STATUS: &str = "(({ dataset, textContent }) => [dataset.state, textContent])
    (document.querySelector('#status'))";

pub const PEOPLE: &str =
    "[...document.querySelectorAll('#people li')].map((person) => person.textContent)";

/// All that was said, one string a line: how it is shown, who said it, what.
pub const SAID: &str =
    "[...document.querySelectorAll('#chat > :not(.system-message)')].map((line) =>
    `${[line.className, line.dataset.state].filter(Boolean).join(' ')}` +
    ` | ${line.querySelector('.author').textContent}: ${line.querySelector('.text').textContent}`)";

/// All that happened besides, in words.
pub const HAPPENED: &str = "[...document.querySelectorAll('#chat > .system-message')]
    .map((line) => line.firstChild.textContent)";

/// Every text that the status, and the reason below it, have had so far.
pub const SEEN: &str = "window.seen";

const WATCH: &str = "
    window.seen = { status: [], reason: [] };
    new MutationObserver(() => {
        for (const id in seen) {
            const text = document.getElementById(id)?.textContent;
            if (text && text !== seen[id].at(-1)) seen[id].push(text);
        }
    }).observe(document, { subtree: true, childList: true, characterData: true });";

// ---- the languages

/// Those words of a language that the tests rely on.
pub struct Words {
    pub lang: &'static str,
    pub connecting: &'static str,
    pub live: &'static str,
    /// A regular expression.
    pub waiting: &'static str,
    pub going_away: &'static str,
    pub shutdown: &'static str,
    pub you: &'static str,
    pub three_people: &'static str,
    pub test: &'static str,
}

pub const ENGLISH: Words = Words {
    lang: "en",
    connecting: "Connecting…",
    live: "Connected",
    waiting: "^No connection, retrying in [0-9]+ s$",
    going_away: "The server is going away (1001): it is shutting down",
    shutdown: "The server is shutting down",
    you: "you",
    three_people: "3 people",
    test: "Test",
};

pub const RUSSIAN: Words = Words {
    lang: "ru",
    connecting: "Подключение…",
    live: "Подключено",
    waiting: "^Нет связи, повтор через [0-9]+ с$",
    going_away: "Сервер уходит (1001): он завершает работу",
    shutdown: "Сервер завершает работу",
    you: "вы",
    three_people: "3 участника",
    test: "Тест",
};

// ---- the person

pub struct Person {
    pub name: &'static str,
    pub words: &'static Words,
    pub tab: Tab,
}

impl Person {
    /// Opens the page, waits to be connected, and types a name.
    pub async fn enter(
        browser: &Browser,
        server: SocketAddr,
        name: &'static str,
        words: &'static Words,
        view: View,
    ) -> Result<Self> {
        Self::open(browser, server, name, words, view, "").await
    }

    /// Does the same in a page that runs `script` before its own scripts.
    pub async fn open(
        browser: &Browser,
        server: SocketAddr,
        name: &'static str,
        words: &'static Words,
        view: View,
        script: &str,
    ) -> Result<Self> {
        let tab = browser.tab().await?;
        tab.before_load(script).await?;
        Self::enter_in(tab, server, name, words, view).await
    }

    /// Does the same in a tab that is there already.
    pub async fn enter_in(
        tab: Tab,
        server: SocketAddr,
        name: &'static str,
        words: &'static Words,
        view: View,
    ) -> Result<Self> {
        tab.view(view).await?;
        tab.before_load(WATCH).await?;
        tab.go(&format!("http://{server}/?lang={}", words.lang)).await?;
        let person = Self { name, words, tab };
        person.is_live().await?;
        person.tab.click("#nameInput").await?;
        person.tab.write(name).await?;
        person.tab.enter().await?;
        let me = &person.rows(&[name])[0];
        person.tab.until(&format!("{PEOPLE}.includes({me:?})")).await?;
        Ok(person)
    }

    /// Types a message and presses Enter.
    pub async fn say(&self, words: &str) -> Result<()> {
        self.tab.click("#messageInput").await?;
        self.tab.write(words).await?;
        self.tab.enter().await
    }

    /// Waits until the page says that it is connected.
    pub async fn is_live(&self) -> Result<()> {
        self.tab.until_is(STATUS, &json!(["live", self.words.live])).await
    }

    /// Waits until the page says that it is not, and when it will try again.
    pub async fn is_waiting(&self) -> Result<()> {
        let waiting = self.words.waiting;
        let says = format!("([state, text]) => state === 'waiting' && /{waiting}/.test(text)");
        self.tab.until(&format!("({says})({STATUS})")).await
    }

    /// Waits until exactly this was said, by whom, in this order, and confirmed by the server.
    pub async fn sees(&self, said: &[(&str, &str)]) -> Result<()> {
        self.tab.until_is(SAID, &json!(self.log(said))).await
    }

    /// Waits until this was said, and nothing after it.
    pub async fn sees_last(&self, said: (&str, &str)) -> Result<()> {
        self.tab.until_is(&format!("{SAID}.slice(-1)"), &json!(self.log(&[said]))).await
    }

    /// The lines that this page has for what was said.
    pub fn log(&self, said: &[(&str, &str)]) -> Vec<String> {
        let line = |&(author, text): &(&str, &str)| match author {
            me if me == self.name => format!("message own confirmed | {}: {text}", self.words.you),
            other => format!("message other | {other}: {text}"),
        };
        said.iter().map(line).collect()
    }

    /// The lines that this page has for those who are here.
    pub fn rows(&self, names: &[&str]) -> Vec<String> {
        let row = |&name: &&str| match name {
            me if me == self.name => format!("{me} · {}", self.words.you),
            other => other.to_owned(),
        };
        names.iter().map(row).collect()
    }
}
