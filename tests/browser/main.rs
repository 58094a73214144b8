//! The page in a real browser, the server as people start it, and nothing in between.
//!
//! Chromium is looked for as `chromium`, `chromium-browser` and `google-chrome`, or
//! where `CHROMIUM` says. Without one these tests fail. The examples are built by
//! `cargo build --examples`. This target is in the slow half of the tests.

mod axe;
mod changes;
mod class;
mod delivery;
mod devtools;
mod dialects;
mod habits;
mod history;
mod identity;
mod lesson_pages;
mod limits;
#[path = "../needs/mod.rs"]
mod needs;
mod page_rules;
mod person;
mod pictures;
mod private;
mod program;
mod proxied;
mod race;
mod relay;
mod responses;
mod rooms;
mod server;

use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use devtools::{Browser, Tab, View};
use needs::Need::Chromium;
use needs::ensure_there;
use person::{
    ENGLISH, HAPPENED, LAPTOP, PEOPLE, PHONE, Person, RUSSIAN, SAID, SEEN, STATUS, Words,
};
use program::{Program, SUBPROTOCOL};
use serde_json::json;
use server::{Port, Server};
use tokio::sync::Semaphore;

/// How many browsers run at once. Each keeps two cores busy while it starts.
const AT_ONCE: usize = 3;

static TURNS: Semaphore = Semaphore::const_new(AT_ONCE);

/// Runs a test in a browser of its own, and closes the browser whatever came of the test.
async fn in_browser(test: impl AsyncFnOnce(&Browser) -> Result<()>) -> Result<()> {
    ensure_there(&[Chromium])?;
    let _turn = TURNS.acquire().await?;
    let browser = Browser::launch().await?;
    let outcome = test(&browser).await;
    let closed = browser.close().await;
    outcome.and(closed)
}

// ---- three tabs

type Said = Vec<(&'static str, &'static str)>;

#[tokio::test]
async fn three_tabs_chat_and_come_back_when_the_server_does() -> Result<()> {
    in_browser(async |browser| {
        let port = Port::reserve()?;
        let server = Server::start(&port).await;
        let three = [
            Person::enter(browser, server.address, "Anna", &ENGLISH, LAPTOP).await?,
            Person::enter(browser, server.address, "Борис", &RUSSIAN, LAPTOP).await?,
            Person::enter(browser, server.address, "Chloé", &ENGLISH, LAPTOP).await?,
        ];
        they_are_together(&three).await?;
        let mut said = they_talk(&three).await?;
        for person in &three {
            let Words { connecting, live, .. } = person.words;
            let seen = format!("{SEEN}.status.slice(-2)");
            person.tab.until_is(&seen, &json!([connecting, live])).await?;
            opened_well(person, server.address, 1)?;
            ensure!(person.tab.console().is_empty(), "{:#?}", person.tab.console());
        }

        let ended = server.stop().await;
        ensure!(ended.code == Some(0), "{ended:?}");
        for person in &three {
            let Words { connecting, live, shutdown, .. } = person.words;
            person.tab.until(&format!("{HAPPENED}.includes('{shutdown}')")).await?;
            // At least one attempt to come back has been in vain.
            let [last, first] = [connecting, live].map(|words| json!(words));
            let tried = format!(
                "(({{ status }}) => status.lastIndexOf({last}) > status.indexOf({first}))({SEEN})"
            );
            person.tab.until(&tried).await?;
            person.is_waiting().await?;
        }
        let [anna, boris, chloe] = &three;
        let meanwhile = "Is anybody there?";
        anna.say(meanwhile).await?;
        let unsent = format!("message own unsent | {}: {meanwhile}", anna.words.you);
        anna.tab.until_is(&format!("{SAID}.at(-1)"), &json!(unsent)).await?;

        let server = Server::start(&port).await;
        they_are_together(&three).await?;
        let without = said.clone();
        said.push((anna.name, meanwhile));
        anna.sees(&said).await?;
        let after = [(boris.name, "Все снова здесь?"), (chloe.name, "Oui !")];
        boris.say(after[0].1).await?;
        chloe.sees_last(after[0]).await?;
        chloe.say(after[1].1).await?;
        said.extend(after);
        anna.sees(&said).await?;
        for person in [boris, chloe] {
            // Whoever came back after Anna did not hear what she had to say.
            let logs = [&said, &[&without[..], &after].concat()].map(|said| person.log(said));
            let logs = json!(logs);
            person.tab.until(&format!("{logs}.map(String).includes(String({SAID}))")).await?;
        }
        for person in &three {
            // However many attempts have failed since: this is why we were away.
            let reason = json!([person.words.going_away]);
            person.tab.until_is(&format!("{SEEN}.reason"), &reason).await?;
            opened_well(person, server.address, 2)?;
            only_refusals_were_complained_of(person, server.address)?;
        }
        Ok(())
    })
    .await
}

/// More programs than are told one by one in a second, and more than a list names.
#[tokio::test]
async fn a_crowd_is_counted_in_one_line() -> Result<()> {
    in_browser(async |browser| {
        let server = Server::start(&Port::reserve()?).await;
        let anna = Person::enter(browser, server.address, "Anna", &ENGLISH, LAPTOP).await?;
        let boris = Person::enter(browser, server.address, "Борис", &RUSSIAN, LAPTOP).await?;
        let names: Vec<_> = (0..110).map(|n| format!("program {n}")).collect();
        let crowd = names.iter().map(|name| Program::join(server.address, name));
        let crowd = futures::future::try_join_all(crowd).await?;
        let count = "Number(document.querySelector('#count').dataset.count)";
        let more = format!("{PEOPLE}.at(-1)");
        for (person, came, more_people) in [
            (&anna, "^and [0-9]+ others joined$", "and 12 more"),
            (&boris, "^и ещё вход[иия]т [0-9]+ человек", "и ещё 12"),
        ] {
            person.tab.until_is(count, &json!(112)).await?;
            person.tab.until_is(&more, &json!(more_people)).await?;
            let told = format!("{HAPPENED}.some((line) => new RegExp({came:?}).test(line))");
            person.tab.until(&told).await?;
        }
        drop(crowd);
        for (person, went) in [(&anna, "^[0-9]+ people left$"), (&boris, "^выход.+ человек")]
        {
            let mut rows = person.rows(&["Anna", "Борис"]);
            rows.sort();
            person.tab.until_is(&format!("{PEOPLE}.sort()"), &json!(rows)).await?;
            person.tab.until_is(count, &json!(2)).await?;
            let told = format!("{HAPPENED}.some((line) => new RegExp({went:?}).test(line))");
            person.tab.until(&told).await?;
        }
        Ok(())
    })
    .await
}

/// Waits until everyone is connected and sees everyone.
async fn they_are_together(three: &[Person; 3]) -> Result<()> {
    let names = three.each_ref().map(|person| person.name);
    for person in three {
        person.is_live().await?;
        let mut rows = person.rows(&names);
        rows.sort();
        person.tab.until_is(&format!("{PEOPLE}.sort()"), &json!(rows)).await?;
        let count = "document.querySelector('#count').textContent";
        person.tab.until_is(count, &json!(person.words.three_people)).await?;
    }
    Ok(())
}

/// Everyone says something and presses the Test button; everyone sees all of it, once.
async fn they_talk(three: &[Person; 3]) -> Result<Said> {
    let mut said = Said::new();
    for (speaker, text) in three.iter().zip(["Привет, hello 👋", "Вижу", "Salut !"]) {
        speaker.say(text).await?;
        said.push((speaker.name, text));
        for person in three {
            person.sees(&said).await?;
        }
    }
    for (presser, text) in three.iter().zip(["Test 1", "Тест 1", "Test 1"]) {
        let button = "document.querySelector('#testButton').textContent";
        presser.tab.until_is(button, &json!(presser.words.test)).await?;
        presser.tab.click("#testButton").await?;
        said.push((presser.name, text));
        for person in three {
            person.sees(&said).await?;
        }
    }
    Ok(said)
}

/// So many WebSockets were opened, one after the other, each as the protocol wants it, by one page.
fn opened_well(person: &Person, server: SocketAddr, times: usize) -> Result<()> {
    let mut opened = person.tab.sockets();
    ensure!(times > 1 || opened.len() == 1, "one page, one attempt: {opened:?}");
    opened.retain(|socket| socket.status.is_some());
    ensure!(opened.len() == times, "{times} times: {opened:?}");
    for (n, socket) in opened.iter().enumerate() {
        ensure!(socket.url == format!("ws://{server}/ws"), "{socket:?}");
        ensure!(socket.status == Some(101), "{socket:?}");
        ensure!(socket.subprotocol.as_deref() == Some(SUBPROTOCOL), "{socket:?}");
        ensure!(socket.closed == (n + 1 < times), "{socket:?}");
    }
    let requests = person.tab.requests();
    let origin = format!("http://{server}/");
    ensure!(requests.iter().all(|url| url.starts_with(&origin)), "from elsewhere: {requests:#?}");
    let pages = requests.iter().filter(|url| url.contains("?lang=")).count();
    ensure!(pages == 1, "loaded {pages} times: {requests:#?}");
    Ok(())
}

/// For each attempt that failed the browser has a line of its own; there are no others.
fn only_refusals_were_complained_of(person: &Person, server: SocketAddr) -> Result<()> {
    let (sockets, console) = (person.tab.sockets(), person.tab.console());
    let refused = sockets.iter().filter(|socket| socket.status.is_none()).count();
    let refusal = format!("WebSocket connection to 'ws://{server}/ws' failed");
    ensure!(console.iter().all(|line| line.contains(&refusal)), "{console:#?}");
    ensure!(console.len() <= refused, "{refused} attempts failed: {console:#?}");
    Ok(())
}

// ---- one tab

#[tokio::test]
async fn markup_is_shown_as_it_was_typed() -> Result<()> {
    in_browser(async |browser| {
        let server = Server::start(&Port::reserve()?).await;
        let eve = "<b onclick=alert(2)>Eve</b>";
        let mut program = Program::join(server.address, eve).await?;
        let anna = Person::enter(browser, server.address, "Anna", &ENGLISH, LAPTOP).await?;
        anna.tab.until_is(PEOPLE, &json!(anna.rows(&[eve, "Anna"]))).await?;

        let mut said = Said::new();
        for text in [
            "<img src=x onerror=alert(1)>",
            "<script>alert(3)</script>",
            "<svg/onload=alert(4)>&lt;i&gt;</div></main>\u{202e}txet",
        ] {
            program.say(text).await?;
            said.push((eve, text));
        }
        for text in ["<img src=x onerror=alert(5)>", "<script>alert(6)</script>"] {
            anna.say(text).await?;
            said.push(("Anna", text));
        }
        anna.sees(&said).await?;
        program.send(&json!({ "type": "typing" })).await?;
        let typing = "document.querySelector('#typing').textContent";
        anna.tab.until_is(typing, &json!(format!("{eve} is typing…"))).await?;
        program.send(&json!({ "type": "rename", "username": "<u>Eve</u>" })).await?;
        anna.tab.until(&format!("{HAPPENED}.includes('{eve} is now <u>Eve</u>')")).await?;

        // No name and no text has become an element.
        anna.tab.until_is("document.querySelectorAll('bdi *, .text *').length", &json!(0)).await?;
        anna.tab.until("document.querySelectorAll('bdi').length > 0").await?;
        ensure!(anna.tab.console().is_empty(), "{:#?}", anna.tab.console());
        Ok(())
    })
    .await
}

#[tokio::test]
async fn new_lines_are_followed_only_by_those_who_read_the_last_one() -> Result<()> {
    in_browser(async |browser| {
        let server = Server::start(&Port::reserve()?).await;
        let anna = Person::enter(browser, server.address, "Anna", &ENGLISH, LAPTOP).await?;
        let mut program = Program::join(server.address, "Tom").await?;
        let tab = &anna.tab;
        let below = "(({ scrollHeight, scrollTop, clientHeight }) => scrollHeight - scrollTop - clientHeight)
            (document.querySelector('#chat'))";
        let further_up = format!("{below} > 100");
        let at_the_end = format!("{below} < 1 && document.querySelector('#newButton').hidden");
        let mut lines = 0;
        let mut pour = async |more: usize| {
            for _ in 0..more {
                lines += 1;
                // So long that a phone needs more than one row for it.
                program.say(&format!("line {lines}, and so many words more, one after the other")).await?;
            }
            let count = "document.querySelectorAll('#chat > .other').length";
            tab.until_is(count, &json!(lines)).await
        };
        pour(50).await?;
        tab.until(&at_the_end).await?;
        tab.until("document.querySelector('#chat').scrollTop > 1000").await?;

        // Someone reads what was said before.
        tab.wheel("#chat", -700).await?;
        tab.until(&further_up).await?;
        let place = "document.querySelectorAll('#chat > .other')[29].getBoundingClientRect().top";
        let before = tab.eval(place).await?.as_f64().context("no place")?;
        pour(50).await?;
        let button = "(({ hidden, textContent }) => [hidden, textContent])(document.querySelector('#newButton'))";
        tab.until_is(button, &json!([false, "↓ 50 new"])).await?;
        let after = tab.eval(place).await?.as_f64().context("no place")?;
        ensure!((before - after).abs() <= 1.0, "line 30 was at {before} and is at {after}");

        // The button leads to the end, and there everything new is followed.
        tab.click("#newButton").await?;
        tab.until(&at_the_end).await?;
        pour(5).await?;
        tab.until(&at_the_end).await?;
        for view in [PHONE, View { width: 640, height: 360, ..PHONE }, LAPTOP] {
            tab.view(view).await?;
            tab.until(&at_the_end).await?;
        }

        // Whoever writes wants to see it.
        tab.wheel("#chat", -700).await?;
        tab.until(&further_up).await?;
        anna.say("Here I am").await?;
        anna.sees_last(("Anna", "Here I am")).await?;
        tab.until(&at_the_end).await?;
        ensure!(tab.console().is_empty(), "{:#?}", tab.console());
        Ok(())
    })
    .await
}

#[tokio::test]
async fn the_smallest_phone_needs_no_sideways_scrolling() -> Result<()> {
    in_browser(async |browser| {
        let server = Server::start(&Port::reserve()?).await;
        let small = View { width: 320, height: 568, ..PHONE };
        let typing = View { height: 250, ..small }; // the keyboard takes more than half of it
        let long_word = "https://example.org/".to_owned() + &"verylong".repeat(40);
        let mut program = Program::join(server.address, &"W".repeat(32)).await?;
        let names = ["Анна-Мария-Александра-Виктория", "MMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMM"];
        let mut people = Vec::new();
        for (name, words) in names.into_iter().zip([&RUSSIAN, &ENGLISH]) {
            people.push(Person::enter(browser, server.address, name, words, small).await?);
        }
        for _ in 0..10 {
            program.say(&long_word).await?;
        }
        for person in &people {
            person.say(&long_word).await?;
            program.send(&json!({ "type": "typing" })).await?;
            person.tab.until("document.querySelector('#typing').textContent !== ''").await?;
            fits(&person.tab, small).await?;
            person.tab.view(typing).await?;
            fits(&person.tab, typing).await?;
            person.say("still here").await?;
            person.tab.view(small).await?;
            person.tab.click("#peopleButton").await?;
            fits(&person.tab, small).await?;
            person.tab.click("#peopleButton").await?;
        }
        drop(program); // it does not listen, and would not hear the goodbye
        server.stop().await;
        for person in &people {
            person.is_waiting().await?;
            fits(&person.tab, small).await?;
        }
        Ok(())
    })
    .await
}

/// Nothing reaches beyond the sides of the screen, and the composer and some of the chat are in sight.
async fn fits(tab: &Tab, view: View) -> Result<()> {
    let View { width, height, .. } = view;
    let faults = format!(
        "(() => {{
            const all = (selector) => [...document.querySelectorAll(selector)].filter((element) => element.checkVisibility());
            const box = (element) => element.getBoundingClientRect();
            const page = [innerWidth, document.documentElement.scrollWidth, scrollX].join() !== '{width},{width},0';
            const beyond = all('header, h1, #status, #reason, #chat > *, footer, #typing, button, input, textarea')
                .filter((element) => box(element).left < 0 || box(element).right > {width});
            const cut = all('#chat, .text, #people').filter((element) => element.scrollWidth > element.clientWidth);
            const hidden = all('#chat, #messageInput, #messageForm button')
                .filter((element) => box(element).top < 0 || box(element).bottom > {height} || box(element).height < 24);
            const names = (elements) => elements.map(({{ localName, id, className }}) => [localName, id, className].join(' '));
            return [page && `the page is ${{innerWidth}} wide`, names(beyond), names(cut), names(hidden)].flat().filter(Boolean);
        }})()"
    );
    // Not waited for: what is too wide now may be gone in a moment.
    tab.drawn().await?;
    let faults = tab.eval(&faults).await?;
    ensure!(faults == json!([]), "{view:?}: {faults:#}");
    Ok(())
}

#[tokio::test]
async fn each_language_is_spoken_throughout() -> Result<()> {
    in_browser(async |browser| {
        let server = Server::start(&Port::reserve()?).await;
        let page = format!("http://{}/", server.address);
        let tab = browser.open(&format!("{page}?lang=ru")).await?;
        speaks(&tab, &RUSSIAN).await?;
        // Another one without loading anything again.
        let loaded = tab.requests().len();
        tab.click(".languages [lang=en]").await?;
        speaks(&tab, &ENGLISH).await?;
        tab.click(".languages [lang=ru]").await?;
        speaks(&tab, &RUSSIAN).await?;
        ensure!(tab.requests().len() == loaded && tab.sockets().len() == 1, "loaded again");

        let tab = browser.open(&format!("{page}?lang=en")).await?;
        speaks(&tab, &ENGLISH).await?;

        // Without a wish in the address: the browser's own, or what was chosen here before.
        let tab = browser.tab().await?;
        tab.view(View { locale: "ru-RU", ..LAPTOP }).await?;
        tab.go(&page).await?;
        speaks(&tab, &RUSSIAN).await?;
        tab.click(".languages [lang=en]").await?;
        tab.go(&page).await?;
        speaks(&tab, &ENGLISH).await?;
        ensure!(tab.console().is_empty(), "{:#?}", tab.console());
        Ok(())
    })
    .await
}

/// Waits until the page speaks this language, and no other one beside it.
async fn speaks(tab: &Tab, words: &Words) -> Result<()> {
    let Words { lang, live, test, .. } = words;
    tab.until_is(STATUS, &json!(["live", live])).await?;
    tab.until_is("document.documentElement.lang", &json!(lang)).await?;
    tab.until_is("document.querySelector('#testButton').textContent", &json!(test)).await?;
    let pressed =
        "[...document.querySelectorAll('.languages [aria-pressed=true]')].map(({ lang }) => lang)";
    tab.until_is(pressed, &json!([lang])).await?;
    tab.until("!document.querySelector('#stats').hidden").await?;
    // All there is to read, to hover over and to be read aloud, except the names of people.
    let foreign = format!(
        "[document.title, ...[...document.querySelectorAll('body :not(noscript, bdi, #nameInput)')].flatMap((element) => [
            ...[...element.childNodes].filter(({{ nodeType }}) => nodeType === 3).map(({{ data }}) => data),
            element.placeholder, element.title, element.ariaLabel])]
         .map((text) => (text ?? '').replace(/WebSocket|English|русский|EN|RU/g, ''))
         .filter((text) => /{}/i.test(text))",
        if *lang == "ru" { "[a-z]" } else { "[а-яё]" }
    );
    tab.until_is(&foreign, &json!([])).await
}
