//! The page's own habits: when it tries again, what it makes of the browser's hints, whom it tells
//! that somebody types, and what it remembers of its looks.

use anyhow::{Result, ensure};
use serde_json::json;

use crate::in_browser;
use crate::person::{ENGLISH, LAPTOP, Person, SAID};
use crate::program::Program;
use crate::server::{Port, Server};

/// Waits of pages that have failed so often, compared with even chances up to the bound. The distance is that
/// of Kolmogorov and Smirnov, in units that 2.7 exceeds once in a million times.
const WAITS: &str = "import('/connection.js').then(({ backoff }) =>
    [0, 1, 3, 5, 6, 30].map((failures) => {
        const bound = Math.min(20_000, 500 * 2 ** failures);
        const waits = Array.from({ length: 4_000 }, () => backoff(failures)).sort((a, b) => a - b);
        const distances = waits.map((wait, n) => Math.abs(wait / bound - (n + 0.5) / waits.length));
        const even = Math.max(...distances) * Math.sqrt(waits.length) < 2.7;
        return even && waits[0] >= 0 && waits.at(-1) <= bound;
    }))";

#[tokio::test]
async fn waits_are_random_up_to_a_bound_that_doubles() -> Result<()> {
    in_browser(async |browser| {
        let server = Server::start(&Port::reserve()?).await;
        let anna = Person::enter(browser, server.address, "Anna", &ENGLISH, LAPTOP).await?;
        anna.tab.until_is(WAITS, &json!([true, true, true, true, true, true])).await?;
        Ok(())
    })
    .await
}

/// While `stuck` is set, no timer that the page starts ends.
const STICKY: &str = "const timer = window.setTimeout;
    window.setTimeout = (then, wait, ...rest) => window.stuck && wait > 10 ? 0 : timer(then, wait, ...rest)";

#[tokio::test]
async fn a_hint_of_the_browser_closes_nothing_and_brings_the_page_back() -> Result<()> {
    in_browser(async |browser| {
        let port = Port::reserve()?;
        let server = Server::start(&port).await;
        let at = server.address;
        let anna = Person::open(browser, at, "Anna", &ENGLISH, LAPTOP, STICKY).await?;
        // It asks the server whether the connection works, and believes the answer.
        let pings = || {
            let sent = anna.tab.messages();
            sent.iter().filter(|(mine, text)| *mine && text.contains(r#""ping""#)).count()
        };
        let before = pings();
        anna.tab.eval("dispatchEvent(new Event('offline'))").await?;
        anna.say("still here").await?;
        anna.sees(&[("Anna", "still here")]).await?;
        ensure!(pings() > before, "no ping");
        ensure!(anna.tab.sockets().len() == 1, "{} connections", anna.tab.sockets().len());

        // Nothing but the hint can bring it back.
        anna.tab.eval("window.stuck = true").await?;
        server.stop().await;
        anna.is_waiting().await?;
        let server = Server::start(&port).await;
        ensure!(anna.tab.sockets().len() == 1, "it came by itself");
        anna.tab.eval("document.dispatchEvent(new Event('visibilitychange'))").await?;
        anna.is_live().await?;
        ensure!(anna.tab.sockets().len() == 2, "{} connections", anna.tab.sockets().len());
        drop(server);
        Ok(())
    })
    .await
}

/// As if so many keys were pressed, one after the other.
fn keys(count: usize) -> String {
    format!(
        "for (let n = 0; n < {count}; n++) {{
            messageInput.value += 'x';
            messageInput.dispatchEvent(new Event('input', {{ bubbles: true }}));
        }}"
    )
}

#[tokio::test]
async fn sixty_keys_are_told_once_and_four_who_type_are_several() -> Result<()> {
    in_browser(async |browser| {
        let server = Server::start(&Port::reserve()?).await;
        let at = server.address;
        let anna = Person::open(browser, at, "Anna", &ENGLISH, LAPTOP, STICKY).await?;
        let told = || {
            let sent = anna.tab.messages();
            sent.iter().filter(|(mine, text)| *mine && text.contains(r#""typing""#)).count()
        };
        // Nobody is there to be told.
        anna.tab.eval(&keys(60)).await?;
        anna.tab.eval("messageForm.requestSubmit()").await?;
        anna.sees(&[("Anna", &"x".repeat(60))]).await?;
        ensure!(told() == 0, "{} times", told());

        let mut others = Vec::new();
        for name in ["Bo", "Cy", "Di", "Ed"] {
            others.push(Program::join(server.address, name).await?);
        }
        anna.tab.until("document.querySelectorAll('#people li').length === 5").await?;
        anna.tab.eval(&keys(60)).await?;
        others[0].until("typing").await?;
        // Three seconds later, it is told again.
        let later = "((now) => { Date.now = () => now() + 3_001; })(Date.now.bind(Date))";
        anna.tab.eval(later).await?;
        anna.tab.eval(&keys(60)).await?;
        others[0].until("typing").await?;
        ensure!(told() == 2, "{} times", told());

        // Here, nobody's typing ends by itself.
        anna.tab.eval("window.stuck = true").await?;
        let shown = "document.querySelector('#typing').textContent";
        for (who, words) in [
            (0, "Bo is typing…"),
            (1, "Bo and Cy are typing…"),
            (2, "Several people are typing…"),
            (3, "Several people are typing…"),
        ] {
            others[who].send(&json!({ "type": "typing" })).await?;
            anna.tab.until_is(shown, &json!(words)).await?;
        }
        others[3].say("done").await?;
        others[2].say("done").await?;
        anna.tab.until_is(shown, &json!("Bo and Cy are typing…")).await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_long_text_is_counted_and_one_that_is_too_long_stays() -> Result<()> {
    in_browser(async |browser| {
        let server = Server::start(&Port::reserve()?).await;
        let anna = Person::enter(browser, server.address, "Anna", &ENGLISH, LAPTOP).await?;
        let counter = "document.querySelector('#counter').textContent";
        for (length, words) in [
            (3_499, ""),
            (3_500, "500 characters left"),
            (3_999, "1 character left"),
            (4_001, "1 character too many"),
            (100_000, "96,000 characters too many"),
        ] {
            // A character that is two for JavaScript.
            let typed = format!(
                "messageInput.value = '🙂'.repeat({length}); messageInput.dispatchEvent(new Event('input'))"
            );
            anna.tab.eval(&typed).await?;
            anna.tab.until_is(counter, &json!(words)).await?;
        }
        anna.tab.eval("messageForm.requestSubmit()").await?;
        anna.tab.until_is("[...messageInput.value].length", &json!(100_000)).await?;
        anna.tab.eval("messageInput.value = ' \\n '; messageForm.requestSubmit()").await?;
        anna.tab.eval("messageInput.value = ''").await?;
        anna.say("hi").await?;
        anna.sees(&[("Anna", "hi")]).await?;
        anna.tab.until_is(&format!("{SAID}.length"), &json!(1)).await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn the_colours_are_chosen_and_remembered() -> Result<()> {
    in_browser(async |browser| {
        let server = Server::start(&Port::reserve()?).await;
        let anna = Person::enter(browser, server.address, "Anna", &ENGLISH, LAPTOP).await?;
        let ground = "getComputedStyle(document.querySelector('header')).backgroundColor";
        let automatic = anna.tab.eval(ground).await?;
        let mut seen = Vec::new();
        for theme in ["light", "dark"] {
            anna.tab.click("#themeButton").await?;
            let chosen = "document.querySelector('#themeButton').dataset.theme";
            anna.tab.until_is(chosen, &json!(theme)).await?;
            let colour = anna.tab.eval(ground).await?;
            anna.tab.go(&format!("http://{}/?lang=en", server.address)).await?;
            anna.is_live().await?;
            ensure!(anna.tab.eval(ground).await? == colour, "{theme} is forgotten");
            seen.push(colour);
        }
        ensure!(seen[0] != seen[1], "{seen:?}");
        ensure!(seen.contains(&automatic), "{automatic} is neither of {seen:?}");
        Ok(())
    })
    .await
}
