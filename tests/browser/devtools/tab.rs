//! One page: what somebody does with it, and what the browser tells about it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use data_encoding::BASE64;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use super::POLL;
use super::wire::{Wire, text};

/// For the page to become what a test says it will be.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where pictures are kept.
pub fn album() -> Result<PathBuf> {
    let album = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/screenshots");
    std::fs::create_dir_all(&album)?;
    Ok(album)
}

/// How a tab is looked at.
#[derive(Clone, Copy, Debug)]
pub struct View {
    pub width: u32,
    pub height: u32,
    /// A touch screen, and a page that fits itself to it.
    pub mobile: bool,
    pub dark: bool,
    /// As in `ru-RU`.
    pub locale: &'static str,
}

/// A WebSocket, as the browser saw it.
#[derive(Clone, Debug, Default)]
pub struct Socket {
    pub url: String,
    /// The answer to the handshake, if there was one.
    pub status: Option<u64>,
    pub subprotocol: Option<String>,
    pub closed: bool,
}

/// A page in a window of its own, which everyone of them believes to be in front.
pub struct Tab {
    wire: Wire,
    session: String,
    user_agent: String,
}

impl Tab {
    pub(super) async fn attached(wire: Wire, session: String, user_agent: &str) -> Result<Self> {
        let tab = Self { wire, session, user_agent: user_agent.to_owned() };
        for domain in ["Page", "Runtime", "Log", "Network", "Audits"] {
            tab.call(&format!("{domain}.enable"), json!({})).await?;
        }
        tab.call("Emulation.setFocusEmulationEnabled", json!({ "enabled": true })).await?;
        Ok(tab)
    }

    pub(super) async fn call(&self, method: &str, params: Value) -> Result<Value> {
        self.wire.call(Some(&self.session), method, params).await
    }

    // ---- going and looking

    /// Runs `script` before the scripts of every page that this tab will load.
    pub async fn before_load(&self, script: &str) -> Result<()> {
        self.call("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script })).await?;
        Ok(())
    }

    /// Loads `url`.
    pub async fn go(&self, url: &str) -> Result<()> {
        let went = self.call("Page.navigate", json!({ "url": url })).await?;
        ensure!(went["errorText"].is_null(), "{url}: {}", went["errorText"]);
        self.until("document.readyState === 'complete'").await
    }

    /// Loads `url` from nowhere: an empty page with these headers, whatever is there.
    pub async fn go_to_made(&self, url: &str, headers: &Value) -> Result<()> {
        let asked = || {
            self.wire.events(&self.session, |event| {
                let is_asked = event["method"] == "Fetch.requestPaused";
                is_asked.then(|| event["params"]["requestId"].clone())
            })
        };
        let before = asked().len();
        self.call("Fetch.enable", json!({ "patterns": [{ "urlPattern": url }] })).await?;
        let make = async {
            let request = loop {
                match asked().into_iter().nth(before) {
                    Some(request) => break request,
                    None => sleep(POLL).await,
                }
            };
            let answer = json!({
                "requestId": request, "responseCode": 200, "responseHeaders": headers, "body": "",
            });
            self.call("Fetch.fulfillRequest", answer).await
        };
        let going = timeout(PATIENCE, async { tokio::try_join!(self.go(url), make) });
        going.await.context("the page was not asked for")??;
        self.call("Fetch.disable", json!({})).await?;
        Ok(())
    }

    /// The value of `script`; a promise is waited for.
    pub async fn eval(&self, script: &str) -> Result<Value> {
        let params = json!({ "expression": script, "awaitPromise": true, "returnByValue": true });
        let result = self.call("Runtime.evaluate", params).await?;
        if let Some(exception) = result.get("exceptionDetails") {
            bail!("{script}: {}", text(&exception["exception"]["description"]));
        }
        Ok(result["result"]["value"].clone())
    }

    /// Waits until `script` is true.
    pub async fn until(&self, script: &str) -> Result<()> {
        self.until_is(script, &json!(true)).await
    }

    /// Waits until `script` is `wanted`; fails with what it is, the page and the console.
    pub async fn until_is(&self, script: &str, wanted: &Value) -> Result<()> {
        let mut last = String::new();
        let met = timeout(PATIENCE, async {
            loop {
                // A page that is still loading may not have what the script looks for.
                match self.eval(script).await {
                    Ok(value) if value == *wanted => return,
                    Ok(value) => last = format!("{value:#}"),
                    Err(error) => last = format!("{error:#}"),
                }
                sleep(POLL).await;
            }
        });
        if met.await.is_ok() {
            return Ok(());
        }
        let page = self.eval("document.body.innerText").await.unwrap_or_default();
        let picture = album()?.join(format!("failed-{}.png", self.session));
        let pictured = self.screenshot(&picture).await;
        bail!(
            "not within {PATIENCE:?}: {script}\n--- wanted\n{wanted:#}\n--- is\n{last}\n\
             --- page\n{}\n--- console\n{}\n--- picture\n{} {pictured:?}",
            text(&page),
            self.console().join("\n"),
            picture.display()
        )
    }

    /// Looks at the tab as someone with that screen and those habits does.
    pub async fn view(&self, view: View) -> Result<()> {
        let View { width, height, mobile, dark, locale } = view;
        let screen =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile });
        self.call("Emulation.setDeviceMetricsOverride", screen).await?;
        self.call("Emulation.setTouchEmulationEnabled", json!({ "enabled": mobile })).await?;
        let scheme = if dark { "dark" } else { "light" };
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.call("Emulation.setEmulatedMedia", media).await?;
        self.call("Emulation.setLocaleOverride", json!({ "locale": locale })).await?;
        let agent = json!({ "userAgent": self.user_agent, "acceptLanguage": locale });
        self.call("Emulation.setUserAgentOverride", agent).await?;
        self.drawn().await
    }

    /// Waits until what has happened so far is on the screen.
    pub async fn drawn(&self) -> Result<()> {
        // After the second frame, the first one is.
        let frame = "new Promise((shown) => requestAnimationFrame(shown))";
        self.eval(&format!("{frame}.then(() => {frame})")).await?;
        Ok(())
    }

    /// Writes what is to be seen into a PNG file.
    pub async fn screenshot(&self, path: &Path) -> Result<()> {
        let shot = self.call("Page.captureScreenshot", json!({ "format": "png" })).await?;
        let png = BASE64.decode(text(&shot["data"]).as_bytes())?;
        std::fs::write(path, png).with_context(|| path.display().to_string())
    }

    // ---- what the browser tells

    /// What went to the console as a complaint: messages, exceptions, the browser's own.
    pub fn console(&self) -> Vec<String> {
        self.wire.events(&self.session, |event| {
            complaint(text(&event["method"]).as_str(), &event["params"])
        })
    }

    /// The addresses of all that was loaded.
    pub fn requests(&self) -> Vec<String> {
        self.wire.events(&self.session, |event| {
            let request = event["method"] == "Network.requestWillBeSent";
            request.then(|| text(&event["params"]["request"]["url"]))
        })
    }

    /// The messages of all WebSockets as the browser tells them: whether the page sent it, and the text.
    pub fn messages(&self) -> Vec<(bool, String)> {
        self.wire.events(&self.session, |event| {
            let is_sent = match event["method"].as_str()? {
                "Network.webSocketFrameSent" => true,
                "Network.webSocketFrameReceived" => false,
                _ => return None,
            };
            Some((is_sent, text(&event["params"]["response"]["payloadData"])))
        })
    }

    /// Every WebSocket that this tab has opened, the first one first.
    pub fn sockets(&self) -> Vec<Socket> {
        let mut sockets: Vec<Socket> = Vec::new();
        let mut numbers: HashMap<String, usize> = HashMap::new();
        self.wire.events(&self.session, |event| {
            let params = &event["params"];
            let id = text(&params["requestId"]);
            if event["method"] == "Network.webSocketCreated" {
                numbers.insert(id, sockets.len());
                sockets.push(Socket { url: text(&params["url"]), ..Socket::default() });
                return None::<()>;
            }
            let socket = &mut sockets[*numbers.get(&id)?];
            match event["method"].as_str()? {
                "Network.webSocketHandshakeResponseReceived" => {
                    let response = &params["response"];
                    socket.status = response["status"].as_u64();
                    let mut headers = response["headers"].as_object()?.iter();
                    let chosen = headers
                        .find(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-protocol"));
                    socket.subprotocol = chosen.map(|(_, value)| text(value));
                }
                "Network.webSocketClosed" => socket.closed = true,
                _ => {}
            }
            None
        });
        sockets
    }
}

/// One line of the console, if this event is one.
fn complaint(method: &str, params: &Value) -> Option<String> {
    Some(match method {
        // A page may tell there how it does; only what else it says is a complaint.
        "Runtime.consoleAPICalled" if params["type"] != "info" => {
            format!("console.{}: {}", text(&params["type"]), params["args"])
        }
        "Runtime.exceptionThrown" => {
            let details = &params["exceptionDetails"];
            format!(
                "exception: {} {}",
                text(&details["text"]),
                text(&details["exception"]["description"])
            )
        }
        "Log.entryAdded" => {
            let [source, level, words, url] =
                ["source", "level", "text", "url"].map(|field| text(&params["entry"][field]));
            format!("{source} {level}: {words} {url}")
        }
        "Audits.issueAdded" if params["issue"]["code"] == "ContentSecurityPolicyIssue" => {
            format!("policy: {}", params["issue"]["details"])
        }
        "Page.javascriptDialogOpening" => format!("dialog: {}", params["message"]),
        _ => return None,
    })
}
