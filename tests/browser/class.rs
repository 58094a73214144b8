//! The classroom page with a recorded session: no server of a class, and what each panel shows.

mod asking;
pub mod classroom;
mod experiments;
mod frames;
mod hostile;
mod live;
mod panels;
mod place;
mod room;
pub mod site;
mod words;

use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::Value;

use crate::devtools::{Browser, Tab, View};
use site::Site;

/// The page on a projector.
pub const PROJECTOR: View =
    View { width: 1920, height: 1080, mobile: false, dark: false, locale: "en-GB" };

/// A session of `full_chat` with five clients and two faults, as `ws101 tap --json` prints it.
fn recording() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/class/session.jsonl")
}

/// Its events.
fn events() -> Vec<Value> {
    let text = std::fs::read_to_string(recording()).expect("it is in the repository");
    text.lines().map(|line| serde_json::from_str(line).expect("an event")).collect()
}

/// The page with the recording opened, in one of its languages.
pub async fn opened(browser: &Browser, site: &Site, lang: &str) -> Result<Tab> {
    let tab = browser.tab().await?;
    tab.view(PROJECTOR).await?;
    tab.go(&site.page(lang)).await?;
    open(&tab, &recording()).await?;
    Ok(tab)
}

/// Opens a file on the page, and waits until it is shown.
async fn open(tab: &Tab, file: &Path) -> Result<()> {
    tab.choose_file("#recording", file).await?;
    tab.until("document.querySelector('#state').dataset.state === 'recorded'").await?;
    tab.until("document.querySelectorAll('#frameList li').length > 0").await
}

/// Chooses a connection.
async fn choose(tab: &Tab, name: &str) -> Result<()> {
    let line = format!("#connectionList [data-key='{name}']");
    tab.eval(&format!("document.querySelector({line:?}).scrollIntoView()")).await?;
    tab.click(&line).await?;
    tab.until(&format!("document.querySelector('#wireOf').textContent.startsWith('{name}')")).await
}

/// Chooses the frame of this event, wherever it is in the list.
async fn choose_frame(tab: &Tab, n: usize) -> Result<()> {
    let line = format!("#frameList [data-key='{n}']");
    tab.eval(&format!("document.querySelector({line:?}).scrollIntoView()")).await?;
    tab.click(&line).await
}

/// The complaints of the console, but for those about the class that is not there.
fn complaints(tab: &Tab) -> Vec<String> {
    tab.console().into_iter().filter(|line| !line.contains("/class/events")).collect()
}
