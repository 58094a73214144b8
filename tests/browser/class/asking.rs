//! The class is asked: questions on phones, a server with a mistake, and the speaker's notes.

use anyhow::Result;
use serde_json::json;

use super::classroom::{Classroom, STATE};
use super::{PROJECTOR, complaints};
use crate::devtools::{Tab, View, album};
use crate::in_browser;

/// The answers of the question on a phone.
const BUTTONS: &str = "document.querySelectorAll('#ballot button:enabled').length";

/// The line below the question, on the projector.
const COUNT: &str = "document.querySelector('#question .count')?.textContent";

/// The pictures of a page on this screen, light and dark.
async fn pictures(tab: &Tab, view: View, name: &str) -> Result<()> {
    for (scheme, dark) in [("light", false), ("dark", true)] {
        tab.view(View { dark, ..view }).await?;
        tab.drawn().await?;
        let wide = format!("document.documentElement.scrollWidth > {}", view.width);
        tab.until_is(&wide, &json!(false)).await?;
        let file = format!("{name}-{}-{scheme}.png", view.width);
        tab.screenshot(&album()?.join(file)).await?;
    }
    Ok(())
}

const PHONE: View = View { width: 390, height: 844, mobile: true, ..PROJECTOR };
const LAPTOP: View = View { width: 1280, height: 720, ..PROJECTOR };

#[tokio::test]
async fn a_class_answers_on_its_phones_and_the_projector_shows_who_was_right() -> Result<()> {
    in_browser(async |browser| {
        let class = Classroom::start().await?;
        let teacher = class.teacher(browser).await?;
        let projector = class.on_projector(browser, "").await?;
        let anna = class.phone(browser, "Anna", "en").await?;
        // Another host has another cookie, as another phone has.
        let boris = class.on_127_0_0_1().phone(browser, "Борис", "ru").await?;

        teacher.press("Digit4", "4").await?;
        teacher.until("document.querySelector('#quiz-1') !== null").await?;
        teacher.click("#quiz-1").await?;
        for phone in [&anna, &boris] {
            phone.until_is(BUTTONS, &json!(3)).await?;
        }
        projector.until_is(COUNT, &json!("0 phones have answered")).await?;
        let shown = "document.querySelector('#question .asked').textContent";
        projector.until_is(shown, &json!("\"It works in two tabs, so it works.\"")).await?;
        pictures(&anna, PHONE, "phone-asked-en").await?;
        boris.click("#ballot button:nth-of-type(2)").await?;
        projector.until_is(COUNT, &json!("1 phone has answered")).await?;
        anna.click("#ballot button:nth-of-type(1)").await?;
        anna.until_is(BUTTONS, &json!(0)).await?;
        projector.until_is(COUNT, &json!("2 phones have answered")).await?;
        projector
            .until_is("document.querySelectorAll('#question .right').length", &json!(0))
            .await?;

        teacher.press("Digit5", "5").await?;
        projector.until_is(COUNT, &json!("Right: 1 of 2")).await?;
        let right = "document.querySelector('#question .right').textContent";
        projector.until(&format!("{right}.startsWith('ANo')")).await?;
        let said = |words: &str| {
            format!("document.querySelector('#ballot').textContent.includes({words:?})")
        };
        anna.until(&said("You were right.")).await?;
        boris.until(&said("Две вкладки не молчат")).await?;
        pictures(&boris, PHONE, "phone-answered-ru").await?;
        pictures(&projector, PROJECTOR, "class-question-en").await?;
        for tab in [&teacher, &projector, &anna] {
            assert_eq!(complaints(tab), Vec::<String>::new(), "the console is clean");
        }

        // An experiment is asked about before somebody presses it.
        teacher.press("Digit5", "5").await?;
        anna.until("document.querySelector('#ballot').hidden").await?;
        teacher.press("Digit3", "3").await?;
        teacher.click("#ask-no_code").await?;
        boris.until_is(BUTTONS, &json!(3)).await
    })
    .await
}

#[tokio::test]
async fn a_server_with_a_mistake_is_started_and_undone_from_the_panel() -> Result<()> {
    in_browser(async |browser| {
        let class = Classroom::start().await?;
        let teacher = class.teacher(browser).await?;
        let phone = class.phone(browser, "Anna", "ru").await?;
        let state = "document.querySelector('#state').textContent";
        teacher.press("Digit4", "4").await?;
        teacher.until("document.querySelectorAll('#mistake option').length > 3").await?;
        pictures(&teacher, LAPTOP, "teacher-question-en").await?;
        teacher.press("Digit6", "6").await?;
        teacher.until_is(state, &json!("A server with a mistake")).await?;
        phone.until_is(BUTTONS, &json!(3)).await?;
        // The phone comes back to the server that is in the place of the other.
        phone.until_is(STATE, &json!("live")).await?;
        teacher.view(PROJECTOR).await?;
        teacher.click(".languages [lang=ru]").await?;
        pictures(&teacher, PROJECTOR, "teacher-mistake-ru").await?;
        teacher.press("Digit5", "5").await?;
        teacher.until("document.querySelector('#question .reason') !== null").await?;
        teacher.press("KeyU", "u").await?;
        teacher.until_is(state, &json!("Сервер работает")).await?;
        phone.until_is(STATE, &json!("live")).await
    })
    .await
}

#[tokio::test]
async fn the_notes_open_in_a_second_window_and_count_minutes() -> Result<()> {
    in_browser(async |browser| {
        let class = Classroom::start().await?;
        let teacher = class.teacher(browser).await?;
        teacher.eval("window.open = (...words) => { window.asked = words; }").await?;
        teacher.press("KeyN", "n").await?;
        teacher.until_is("window.asked?.slice(0, 2)", &json!(["/class/notes", "notes"])).await?;

        // Without the key there are none.
        let pupil = browser.tab().await?;
        pupil.go(&class.address("notes?lang=en")).await?;
        pupil
            .until("document.querySelector('#notes').textContent.startsWith('Only the teacher')")
            .await?;

        let notes = browser.tab().await?;
        notes.go(&class.address(&format!("notes?lang=en#{}", class.key))).await?;
        notes.until_is("location.hash", &json!("")).await?;
        notes.until("document.querySelectorAll('#notes li.answer.right').length === 3").await?;
        let now = "document.querySelector('[aria-current]')?.cells[1].textContent";
        notes.until_is(now, &json!(null)).await?;
        notes.press("ArrowRight", "ArrowRight").await?;
        notes.until_is(now, &json!("Run it, Who talks")).await?;
        notes
            .until("/^0:0[1-9]/.test(document.querySelector('[aria-current] .spent').textContent)")
            .await?;
        notes.press("ArrowRight", "ArrowRight").await?;
        notes.until_is(now, &json!("The idea")).await?;
        for (lang, view) in [("en", LAPTOP), ("ru", PHONE), ("ru", PROJECTOR)] {
            notes.click(&format!(".languages [lang={lang}]")).await?;
            notes.until_is("document.documentElement.lang", &json!(lang)).await?;
            notes.until("document.querySelectorAll('#notes li.answer.right').length === 3").await?;
            pictures(&notes, view, &format!("notes-{lang}")).await?;
        }
        // The place in the lesson is kept in the other language.
        notes.until_is(now, &json!("Идея")).await
    })
    .await
}
