//! Chromium, driven by its `DevTools` protocol: JSON over a WebSocket, which is what this project teaches.

mod tab;
mod wire;

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::json;
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

pub use tab::{Tab, View, album};
use wire::{Wire, text};

use crate::needs::Need::Chromium;

/// For Chromium to start, or to end.
const LAUNCH: Duration = Duration::from_secs(60);
/// Between two looks.
const POLL: Duration = Duration::from_millis(20);

const FLAGS: [&str; 10] = [
    "--headless=new",
    "--no-sandbox", // which root in a container cannot have
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-smooth-scrolling", // the wheel has turned when it has turned
    "--remote-debugging-port=0",
];

/// A Chromium of our own, with an empty profile. Dropped, it is killed.
pub struct Browser {
    wire: Wire,
    user_agent: String,
    process: Child,
    _profile: TempDir,
}

impl Browser {
    /// Starts it with a new profile.
    pub async fn launch() -> Result<Self> {
        let profile = tempfile::tempdir()?;
        let mut process = spawn(profile.path())?;
        let address = tokio::select! {
            address = timeout(LAUNCH, address(profile.path())) => address.context("Chromium did not start")?,
            ended = process.wait() => bail!("Chromium did not start: {}", ended?),
        };
        let wire = Wire::connect(&address).await?;
        let version = wire.call(None, "Browser.getVersion", json!({})).await?;
        Ok(Self { wire, user_agent: text(&version["userAgent"]), process, _profile: profile })
    }

    /// An empty tab that shares nothing with the others: no storage, no window.
    pub async fn tab(&self) -> Result<Tab> {
        let context = self.wire.call(None, "Target.createBrowserContext", json!({})).await?;
        let context = &context["browserContextId"];
        let tab = json!({ "url": "about:blank", "browserContextId": context, "newWindow": true });
        let target = self.wire.call(None, "Target.createTarget", tab).await?;
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = self.wire.call(None, "Target.attachToTarget", attach).await?;
        Tab::attached(self.wire.clone(), text(&attached["sessionId"]), &self.user_agent).await
    }

    /// A tab of its own with `url` loaded.
    pub async fn open(&self, url: &str) -> Result<Tab> {
        let tab = self.tab().await?;
        tab.go(url).await?;
        Ok(tab)
    }

    /// Ends it, and waits until it has let go of its profile.
    pub async fn close(mut self) -> Result<()> {
        self.wire.call(None, "Browser.close", json!({})).await?;
        timeout(LAUNCH, self.process.wait()).await.context("Chromium did not end")??;
        Ok(())
    }
}

fn spawn(profile: &Path) -> Result<Child> {
    let name = Chromium.program();
    Command::new(&name)
        .args(FLAGS)
        .arg(format!("--user-data-dir={}", profile.display()))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| name.display().to_string())
}

/// Where it listens, once it has written that into its profile.
async fn address(profile: &Path) -> String {
    loop {
        let written = std::fs::read_to_string(profile.join("DevToolsActivePort"));
        // Two lines; the second one may still be on its way.
        if let Ok(file) = written
            && let Some((port, path)) = file.split_once('\n')
            && path.len() > "/devtools/browser/".len()
        {
            return format!("ws://127.0.0.1:{port}{path}");
        }
        sleep(POLL).await;
    }
}
