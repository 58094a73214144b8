//! Chromium, driven by its `DevTools` protocol: JSON over a WebSocket, which is what this project teaches.

mod hands;
mod tab;
mod wire;

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use serde_json::{Value, json};
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
        Self::launch_with(&[]).await
    }

    /// The same with more options of the command line.
    pub async fn launch_with(flags: &[&str]) -> Result<Self> {
        let profile = tempfile::tempdir()?;
        let mut process = spawn(profile.path(), flags)?;
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
        self.tab_in(&context["browserContextId"]).await
    }

    /// Empty tabs that share a storage, as those of one person do.
    pub async fn tabs<const N: usize>(&self) -> Result<[Tab; N]> {
        let context = self.wire.call(None, "Target.createBrowserContext", json!({})).await?;
        let mut tabs = Vec::with_capacity(N);
        for _ in 0..N {
            tabs.push(self.tab_in(&context["browserContextId"]).await?);
        }
        tabs.try_into().map_err(|_| anyhow!("{N} tabs"))
    }

    async fn tab_in(&self, context: &Value) -> Result<Tab> {
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

    /// Gives the pages of all tabs this permission, as their users would.
    pub async fn permit(&self, name: &str) -> Result<()> {
        let all = self.wire.call(None, "Target.getBrowserContexts", json!({})).await?;
        for context in all["browserContextIds"].as_array().into_iter().flatten() {
            let given = json!({
                "permission": { "name": name }, "setting": "granted", "browserContextId": context,
            });
            self.wire.call(None, "Browser.setPermission", given).await?;
        }
        Ok(())
    }

    /// Ends it, and waits until it has let go of its profile.
    pub async fn close(mut self) -> Result<()> {
        self.wire.call(None, "Browser.close", json!({})).await?;
        timeout(LAUNCH, self.process.wait()).await.context("Chromium did not end")??;
        Ok(())
    }
}

fn spawn(profile: &Path, flags: &[&str]) -> Result<Child> {
    let name = Chromium.program();
    Command::new(&name)
        .args(FLAGS)
        .args(flags)
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
