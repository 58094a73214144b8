//! Rooms with links, and what is unread in each.

use anyhow::{Result, ensure};
use serde_json::json;

use crate::in_browser;
use crate::person::{ENGLISH, LAPTOP, PEOPLE, Person, RUSSIAN, SAID, STATUS};
use crate::server::{Port, Server};

/// The rooms in the list, each with its address, the number of members and what is unread.
const ROOMS: &str = "[...document.querySelectorAll('#rooms li')]
    .map((room) => [room.textContent, new URL(room.querySelector('a').href).pathname])";

#[tokio::test]
async fn a_room_has_a_link_and_counts_what_is_unread() -> Result<()> {
    in_browser(async |browser| {
        let server = Server::start(&Port::reserve()?).await;
        let boris = Person::enter(browser, server.address, "Борис", &RUSSIAN, LAPTOP).await?;
        let [hall, second] = browser.tabs().await?;
        let anna = Person::enter_in(hall, server.address, "Anna", &ENGLISH, LAPTOP).await?;
        for person in [&anna, &boris] {
            person.tab.until_is(ROOMS, &json!([["general 2", "/"]])).await?;
        }

        // By the form, with another case and a letter of another script.
        anna.tab.click("#roomInput").await?;
        anna.tab.write("Комната-1").await?;
        anna.tab.enter().await?;
        anna.is_live().await?;
        anna.tab.until_is("decodeURIComponent(location.pathname)", &json!("/r/Комната-1")).await?;
        anna.tab
            .until_is("document.querySelector('#roomName').textContent", &json!("# комната-1"))
            .await?;
        anna.tab.until_is(PEOPLE, &json!(["Anna · you"])).await?;
        anna.tab.until_is(SAID, &json!([])).await?;
        let path = "/r/%D0%BA%D0%BE%D0%BC%D0%BD%D0%B0%D1%82%D0%B0-1";
        boris.tab.until_is(ROOMS, &json!([["general 1", "/"], ["комната-1 1", path]])).await?;

        // A message of one room is not shown in the other, but counted.
        anna.say("in the room").await?;
        anna.sees(&[("Anna", "in the room")]).await?;
        for line in ["one", "two"] {
            boris.say(line).await?;
        }
        boris.sees(&[("Борис", "one"), ("Борис", "two")]).await?;
        anna.tab
            .until_is(ROOMS, &json!([["general 1 2 unread", "/"], ["комната-1 1", path]]))
            .await?;
        anna.tab.until_is("document.title", &json!("(2) WebSocket chat")).await?;
        boris.tab.until_is(ROOMS, &json!([["general 1", "/"], ["комната-1 1", path]])).await?;

        // Another tab of Anna's reads it.
        second.view(LAPTOP).await?;
        second.go(&format!("http://{}/?lang=en", server.address)).await?;
        second.until_is(&format!("{STATUS}[0]"), &json!("live")).await?;
        second.until_is("document.title", &json!("WebSocket chat")).await?;
        anna.tab.until_is("document.title", &json!("WebSocket chat")).await?;
        // A draft stays in its room.
        second.click("#messageInput").await?;
        second.write("half a thought").await?;
        second.click(&format!("#rooms a[href^='{path}']")).await?;
        second.until_is("messageInput.value", &json!("")).await?;
        second.until_is(PEOPLE, &json!(["Anna · you · 2 tabs"])).await?;
        second.click("#rooms a[href^='/?']").await?;
        second.until_is("messageInput.value", &json!("half a thought")).await?;
        ensure!(anna.tab.console().is_empty(), "{:#?}", anna.tab.console());
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_name_that_is_none_is_refused_in_the_persons_language() -> Result<()> {
    in_browser(async |browser| {
        let server = Server::start(&Port::reserve()?).await;
        let tab = browser.open(&format!("http://{}/r/a.b?lang=ru", server.address)).await?;
        tab.until_is(&format!("{STATUS}[0]"), &json!("stopped")).await?;
        let reason = "document.querySelector('#reason').textContent";
        tab.until(&format!("{reason}.startsWith('Такой комнаты быть не может: ')")).await?;
        Ok(())
    })
    .await
}
