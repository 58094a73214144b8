//! The same news four ways, side by side.

use anyhow::Result;
use serde_json::json;

use crate::devtools::{View, album};
use crate::in_browser;
use crate::person::{LAPTOP, PHONE, PROJECTOR};
use crate::server::Server;

/// The newest line of each panel.
const NEWEST: &str = "[...document.querySelectorAll('#lanes ol')].map((list) =>
    list.querySelector('li bdi')?.textContent)";

/// A number that a panel shows.
fn shown(lane: &str, row: usize) -> String {
    let cell = format!("document.querySelectorAll('#{lane} dd')[{row}].textContent");
    format!("Number({cell}.replace(/[^0-9]/g, ''))")
}

#[tokio::test]
async fn one_line_of_news_arrives_four_ways_and_is_counted() -> Result<()> {
    in_browser(async |browser| {
        let server = Server::example("poll_vs_push", &[]).await;
        let tab = browser.tab().await?;
        tab.view(LAPTOP).await?;
        tab.go(&format!("http://{}/?lang=en", server.address)).await?;
        for line in ["Earthquake in the sandbox", "100 % of <b>cats</b> agree"] {
            tab.click("#newsInput").await?;
            tab.write(line).await?;
            tab.enter().await?;
            tab.until_is(NEWEST, &json!([line, line, line, line])).await?;
        }
        // Polling has asked in vain; the two that push were asked once.
        tab.until(&format!("{} > 2 && {} > 0", shown("poll", 0), shown("poll", 1))).await?;
        for lane in ["events", "ws"] {
            tab.until(&format!("{} === 1 && {} === 0", shown(lane, 0), shown(lane, 1))).await?;
        }
        tab.until(&format!("{} > {}", shown("poll", 2), shown("ws", 2))).await?;
        assert_eq!(tab.console(), Vec::<String>::new(), "the console is clean");
        for (lang, locale) in [("en", "en-GB"), ("ru", "ru-RU")] {
            tab.go(&format!("http://{}/?lang={lang}", server.address)).await?;
            tab.until("document.querySelectorAll('#lanes li bdi').length === 8").await?;
            for (screen, view) in [("phone", PHONE), ("laptop", LAPTOP), ("projector", PROJECTOR)] {
                for (scheme, dark) in [("light", false), ("dark", true)] {
                    tab.view(View { dark, locale, ..view }).await?;
                    tab.drawn().await?;
                    let name = format!("race-{screen}-{lang}-{scheme}.png");
                    tab.screenshot(&album()?.join(name)).await?;
                }
            }
        }
        Ok(())
    })
    .await
}
