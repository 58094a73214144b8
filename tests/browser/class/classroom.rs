//! A class as a teacher starts it: `ws101 lesson`, with `full_chat` behind its tap.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::PROJECTOR;
use crate::devtools::{Browser, Tab, View};
use crate::server::program::{command, ws101};

/// For the class to begin.
const START: Duration = Duration::from_secs(60);

/// The screen of a phone.
const PHONE: View = View { width: 390, height: 844, mobile: true, ..PROJECTOR };

/// A running class; when the last of its clones is dropped, it is killed.
#[derive(Clone)]
pub struct Classroom {
    /// `http://localhost:PORT/class/`
    page: String,
    pub key: String,
    _child: Arc<Child>,
}

impl Classroom {
    /// Starts a class of lesson 12, whose server pings every second.
    pub async fn start() -> Result<Self> {
        let example = command(&[], "full_chat", &[]);
        let mut lesson = Command::new(ws101());
        lesson.args(["lesson", "12", "--port", "0", "--lang", "en", "--mine"]);
        lesson.arg(example.as_std().get_program());
        lesson.envs([
            ("WS_HEARTBEAT_MS", "1000"),
            ("WS_PONG_TIMEOUT_MS", "30000"),
            ("WS_RATE", "0"),
        ]);
        let mut child =
            lesson.stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true).spawn()?;
        let mut lines = BufReader::new(child.stdout.take().context("it is piped")?).lines();
        let address = timeout(START, async {
            while let Some(line) = lines.next_line().await? {
                if let Some((_, address)) = line.split_once("http://")
                    && address.contains('#')
                {
                    return Ok(format!("http://{address}"));
                }
            }
            anyhow::bail!("it ended")
        });
        let address = address.await.context("no class")??;
        let (page, key) = address.split_once("teach#").context("a key")?;
        Ok(Self { page: page.to_owned(), key: key.to_owned(), _child: Arc::new(child) })
    }

    /// The address of a page: `phone?lang=ru`.
    pub fn address(&self, page: &str) -> String {
        format!("{}{page}", self.page)
    }

    /// The same class by its other address, where a browser keeps other cookies.
    pub fn on_127_0_0_1(&self) -> Self {
        Self { page: self.page.replace("localhost", "127.0.0.1"), ..self.clone() }
    }

    /// A page of the class on a projector: `""`, or `"teach#KEY"`.
    pub async fn on_projector(&self, browser: &Browser, path: &str) -> Result<Tab> {
        let tab = browser.tab().await?;
        tab.view(PROJECTOR).await?;
        let (path, key) = path.split_once('#').unwrap_or((path, ""));
        tab.go(&format!("{}{path}?lang=en#{key}", self.page)).await?;
        tab.until_is("document.querySelector('#state').dataset.state", &json!("live")).await?;
        Ok(tab)
    }

    /// The teacher's page.
    pub async fn teacher(&self, browser: &Browser) -> Result<Tab> {
        self.on_projector(browser, &format!("teach#{}", self.key)).await
    }

    /// A pupil's phone, which has joined by this name.
    pub async fn phone(&self, browser: &Browser, name: &str, lang: &str) -> Result<Tab> {
        let tab = browser.tab().await?;
        tab.view(PHONE).await?;
        tab.go(&format!("{}phone?lang={lang}", self.page)).await?;
        tab.click("#nameInput").await?;
        tab.write(name).await?;
        tab.enter().await?;
        tab.until_is(STATE, &json!("live")).await?;
        Ok(tab)
    }
}

/// The state of a phone.
pub const STATE: &str = "document.querySelector('#state').dataset.state";

/// Says something on a phone.
pub async fn say(phone: &Tab, words: &str) -> Result<()> {
    phone.click("#sayInput").await?;
    phone.write(words).await?;
    phone.enter().await
}

/// Waits until the log of a phone ends with this.
pub async fn hears(phone: &Tab, last: &str) -> Result<()> {
    phone.until_is("document.querySelector('#log p:last-child').textContent", &json!(last)).await
}
