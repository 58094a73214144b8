//! The place in a session: pause, one event back and forth, and all panels with it.

use anyhow::Result;
use serde_json::json;

use super::{Site, events, opened};
use crate::in_browser;

/// The number of the event that is looked at.
const PLACE: &str = "Number(document.querySelector('#place').value)";

#[tokio::test]
async fn a_session_is_stepped_through_and_every_panel_follows() -> Result<()> {
    in_browser(async |browser| {
        let site = Site::start().await?;
        // The keys are the same ones in a Russian layout.
        for (lang, letter) in [("en", "m"), ("ru", "ь")] {
            let tab = opened(browser, &site, lang).await?;
            let events = events();
            let last = events.len() - 1;
            tab.until_is(PLACE, &json!(last)).await?;
            tab.press("ArrowLeft", "ArrowLeft").await?;
            tab.until_is(PLACE, &json!(last - 1)).await?;
            tab.press("ArrowRight", "ArrowRight").await?;
            tab.until_is(PLACE, &json!(last)).await?;

            // Right after the third frame: two connections are known, and one is there.
            let place = events.iter().position(|it| it["socket"] == "c2").expect("it joins");
            tab.eval(&format!("(({{ place }}) => {{ place.value = {place}; place.dispatchEvent(new Event('input')); }})({{ place: document.querySelector('#place') }})")).await?;
            let frames = events[..=place].iter().filter(|it| it["event"] == "frame").count();
            let shown = "[document.querySelectorAll('#connectionList li').length, document.querySelectorAll('#frameList li').length]";
            tab.until_is(shown, &json!([2, frames])).await?;
            let states = "[...document.querySelectorAll('#connectionList li')].map((it) => it.dataset.state)";
            tab.until_is(states, &json!(["open", "asking"])).await?;
            tab.until_is("document.querySelector('#pause').getAttribute('aria-pressed')", &json!("true")).await?;
            tab.press("Space", " ").await?;
            tab.until_is(PLACE, &json!(last)).await?;

            // The lists by the keyboard alone.
            tab.eval("document.querySelector('#connectionList').focus()").await?;
            for _ in 0..2 {
                tab.press("ArrowDown", "ArrowDown").await?;
            }
            let chosen = "document.querySelector('#connectionList').getAttribute('aria-activedescendant')";
            tab.until_is(chosen, &json!("connectionList-c4")).await?;
            tab.press("Escape", "Escape").await?;
            tab.until_is(chosen, &json!(null)).await?;
            tab.press("KeyM", letter).await?;
            tab.until_is("document.querySelector('#unmask').getAttribute('aria-pressed')", &json!("true")).await?;
        }
        Ok(())
    })
    .await
}

/// A key of the page is a letter in a field.
#[tokio::test]
async fn every_button_has_a_key_of_its_own_and_a_list_names_them() -> Result<()> {
    in_browser(async |browser| {
        let site = Site::start().await?;
        let tab = browser.tab().await?;
        tab.view(super::PROJECTOR).await?;
        tab.go(&format!("{}#key", site.page("en"))).await?;
        tab.until("document.querySelectorAll('#teacher .breaks').length === 15").await?;
        let twice = "(() => { const keys = [...document.querySelectorAll('[aria-keyshortcuts]')].map((it) => it.getAttribute('aria-keyshortcuts'));
            return keys.length - new Set(keys).size; })()";
        tab.until_is(twice, &json!(0)).await?;
        // Languages and colours are the person's own, not the lesson's.
        let keyless = "[...document.querySelectorAll('main button:not([aria-keyshortcuts]), #keysButton:not([aria-keyshortcuts])')]
            .filter((button) => !button.closest('.card')).length";
        tab.until_is(keyless, &json!(0)).await?;
        tab.until_is("location.hash", &json!("")).await?;
        tab.press("Slash", "?").await?;
        tab.until("document.querySelector('#keysDialog').open && document.querySelectorAll('#keysDialog dt').length > 25").await?;
        tab.eval("document.querySelector('#keysDialog').close()").await?;
        tab.click("#teacher [name='code']").await?;
        tab.press("KeyM", "m").await?;
        tab.until_is("document.querySelector('#unmask').getAttribute('aria-pressed')", &json!("false")).await
    })
    .await
}
