//! Every page under axe, which knows the rules of accessible pages (WCAG 2.2 AA): light and dark, each pane.

use anyhow::{Context, Result, ensure};
use serde_json::json;

use crate::class::{classroom::Classroom, opened, site::Site};
use crate::devtools::{Tab, View};
use crate::in_browser;
use crate::needs::clients;
use crate::person::{ENGLISH, LAPTOP, PHONE, PROJECTOR, Person};
use crate::server::{Port, Server};

/// The complaints of axe: the rule, and where.
const BEGIN: &str = "window.axed = null; void axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })
    .then(({ violations }) => violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html }) => html.slice(0, 120)).join(' | ')}`)).then((found) => { window.axed = found; })";

/// Asks axe about the page as it is now, in light and in dark.
async fn ask(tab: &Tab, page: &str, view: View) -> Result<()> {
    if tab.eval("typeof axe").await? == "undefined" {
        let file = clients().join("node_modules/axe-core/axe.min.js");
        let axe = std::fs::read_to_string(&file)
            .with_context(|| format!("{}: {}", file.display(), crate::needs::CURE))?;
        tab.eval(&format!("{axe}; 0")).await?;
    }
    for dark in [false, true] {
        tab.view(View { dark, ..view }).await?;
        // It takes long on a slow machine, so no single answer is waited for.
        tab.eval(BEGIN).await?;
        tab.until("window.axed !== null").await?;
        let complaints = tab.eval("window.axed").await?;
        ensure!(complaints == json!([]), "{page}, dark {dark}: {complaints:#}");
    }
    Ok(())
}

#[tokio::test]
async fn axe_has_nothing_to_say_of_any_page() -> Result<()> {
    in_browser(async |browser| {
        let server = Server::start(&Port::reserve()?).await;
        let person = Person::enter(browser, server.address, "Anna", &ENGLISH, LAPTOP).await?;
        person.say("Hello").await?;
        person.sees(&[("Anna", "Hello")]).await?;
        ask(&person.tab, "chat", LAPTOP).await?;

        let site = Site::start().await?;
        let recorded = opened(browser, &site, "ru").await?;
        for (key, pane) in
            [("Digit1", "handshake"), ("Digit2", "lesson"), ("Digit3", "experiments")]
        {
            recorded.press(key, "").await?;
            recorded.until(&format!("!document.querySelector('#{pane}').hidden")).await?;
            ask(&recorded, pane, PROJECTOR).await?;
        }

        let class = Classroom::start().await?;
        let teacher = class.teacher(browser).await?;
        let phone = class.phone(browser, "Anna", "en").await?;
        ask(&teacher, "teacher", PROJECTOR).await?;
        ask(&phone, "phone", PHONE).await
    })
    .await
}
