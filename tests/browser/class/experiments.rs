//! The experiments: what the page sees of each, and that a keyboard is enough.

use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::classroom::{Classroom, STATE};
use crate::devtools::{Tab, album};
use crate::in_browser;

/// Each card, and a part of what the page sees of it. "" is nothing.
const SEEN: [(&str, &str); 21] = [
    // The frame has none, so the browser names one that no frame may carry.
    ("no_code", "close 1005"),
    ("code_999", "exception InvalidAccessError"),
    ("no_answer", "close 1006  wasClean=false"),
    ("reset", "close 1006"),
    ("half_open", "readyState OPEN"),
    ("many", "of 300"),
    ("deflate", "extensions \"\""),
    ("pong", ""),
    ("ping_inside", "message Hello"),
    ("split_letter", "message é"),
    ("split", "message {"),
    ("slow", "message {"),
    ("duplicate", "message {"),
    ("reorder", "message {"),
    ("length_lies", "close 1006"),
    ("reserved", "close 1006"),
    ("unmasked", "close 1002"),
    ("masked", "close 1006"),
    ("utf8", "close 1007"),
    ("control_126", "close 1006"),
    ("continuation", "close 1006"),
];

/// The faults that are in force.
const ACTIVE: &str = "document.querySelectorAll('.active li').length";

/// Focuses an element as somebody does who has only a keyboard, and presses Space.
async fn space(tab: &Tab, selector: &str) -> Result<()> {
    tab.until(&format!("document.querySelector({selector:?})?.disabled === false")).await?;
    tab.eval(&format!("document.querySelector({selector:?}).focus()")).await?;
    tab.space().await
}

#[tokio::test]
async fn each_experiment_shows_what_its_card_says() -> Result<()> {
    in_browser(async |browser| {
        let class = Classroom::start().await?;
        let teacher = class.teacher(browser).await?;
        teacher.press("Digit3", "3").await?;
        let cards = "import('/class/cards.js').then(({ CARDS }) => CARDS.map(({ id, right }) => [id, right]))";
        let cards = teacher.eval(cards).await?;
        let cards = cards.as_array().context("a list")?;
        ensure!(cards.len() == SEEN.len(), "each has a test");
        for (card, (wanted, part)) in cards.iter().zip(SEEN) {
            let [id, right] = [0, 1].map(|at| card[at].as_str().unwrap_or_default());
            ensure!(id == wanted, "{id} is not {wanted}");
            space(&teacher, &format!("#card-{id}-{right}")).await?;
            space(&teacher, &format!("#card-{id}")).await?;
            let card = format!("document.querySelector('#card-{id}').closest('.card')");
            teacher.until(&format!("{card}.querySelector('p.good') !== null")).await?;
            let saw = teacher.eval(&format!("{card}.querySelector('.seen').textContent")).await?;
            let saw = saw.as_str().unwrap_or_default().trim_start_matches("The page saw: ");
            let messages = saw.matches("message {").count();
            match id {
                _ if part.is_empty() => ensure!(saw == "nothing", "{id}: {saw}"),
                "split" | "slow" => ensure!(messages == 1, "{id}: {saw}"),
                "duplicate" => {
                    let (one, two) = saw.split_once(" · ").context("two messages")?;
                    ensure!(one == two, "{saw}");
                }
                // The greeting is answered second.
                "reorder" => {
                    let (one, two) = saw.split_once(" · ").context("two messages")?;
                    ensure!(!one.contains("welcome") && two.contains("welcome"), "{saw}");
                }
                "many" => {
                    // On a slow machine the server lets the first of them go meanwhile.
                    let open = saw.split("open ").nth(1).and_then(|open| open.split(' ').next());
                    let open = open.and_then(|open| open.parse::<u32>().ok());
                    ensure!(open.is_some_and(|open| (7..=255).contains(&open)), "{saw}");
                }
                _ => ensure!(saw.contains(part), "{id}: {saw}"),
            }
        }
        // Nothing is left behind.
        teacher.until_is(ACTIVE, &json!(0)).await?;
        let file = "fetch('/class/experiments/pong.wst').then((it) => it.text())";
        let file = teacher.eval(file).await?;
        ensure!(file.as_str().is_some_and(|file| file.contains("fault forge 8a 02 68 69")), "{file}");
        teacher.screenshot(&album()?.join("experiments-done.png")).await
    })
    .await
}

/// The timers of a tab in the background, at a button: a phone that lost its connection comes back late.
#[tokio::test]
async fn the_teacher_slows_the_timers_of_phones() -> Result<()> {
    in_browser(async |browser| {
        let class = Classroom::start().await?;
        let teacher = class.teacher(browser).await?;
        let anna = class.phone(browser, "Anna", "en").await?;
        teacher.press("KeyV", "v").await?;
        let shown = "document.querySelector('#slow').checkVisibility()";
        anna.until(shown).await?;
        // A timer of the browser fires, and one that is due earlier does not.
        let order = "import('/class/timers.js').then(({ native }) => new Promise((told) => {
            window.fired = false;
            setTimeout(() => { window.fired = true; }, 0);
            native.setTimeout(() => told(window.fired), 300);
        }))";
        anna.until_is(order, &json!(false)).await?;
        anna.screenshot(&album()?.join("phone-slow.png")).await?;
        teacher.press("KeyK", "k").await?;
        anna.until_is(STATE, &json!("waiting")).await?;
        teacher.until_is(ACTIVE, &json!(1)).await?;
        teacher.press("KeyU", "u").await?;
        teacher.until_is(ACTIVE, &json!(0)).await?;
        anna.until_is(&format!("!({shown}) && window.fired"), &json!(true)).await?;
        anna.until_is(STATE, &json!("live")).await
    })
    .await
}
