//! Messages that are edited, deleted, answered and reacted to, and what the teacher decides.

use anyhow::{Result, ensure};
use serde_json::json;

use crate::in_browser;
use crate::person::STATUS;
use crate::person::{ENGLISH, LAPTOP, PHONE, Person, RUSSIAN};
use crate::server::{Port, Server};

/// The texts of all messages.
const TEXTS: &str = "[...document.querySelectorAll('#chat .text')].map((text) => text.textContent)";

/// The buttons below the messages.
const REACTIONS: &str = "[...document.querySelectorAll('#chat .reactions button')]
    .map((button) => [button.textContent, button.ariaPressed])";

/// Presses a key on the element that has the keyboard.
fn key(key: &str) -> String {
    format!(
        "document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {{ key: '{key}', bubbles: true }}))"
    )
}

/// Opens the tools of the last message and presses the one with this text.
async fn press(person: &Person, text: &str) -> Result<()> {
    let tools = format!(
        "(() => {{ document.querySelector('.message:last-of-type .more').click();
            const buttons = [...document.querySelectorAll('.tools button')];
            buttons.find((button) => button.textContent === '{text}').click(); }})()"
    );
    person.tab.eval(&tools).await?;
    Ok(())
}

#[tokio::test]
async fn a_message_is_edited_answered_reacted_to_and_deleted() -> Result<()> {
    in_browser(async |browser| {
        let server = Server::start(&Port::reserve()?).await;
        let anna = Person::enter(browser, server.address, "Anna", &ENGLISH, LAPTOP).await?;
        let boris = Person::enter(browser, server.address, "Борис", &RUSSIAN, PHONE).await?;

        // By keyboard: the arrow edits the last message.
        anna.say("see you at fife").await?;
        boris.tab.until_is(TEXTS, &json!(["see you at fife"])).await?;
        anna.tab.until("document.querySelector('.own')?.dataset.state === 'confirmed'").await?;
        anna.tab.eval("messageInput.focus()").await?;
        anna.tab.eval(&key("ArrowUp")).await?;
        anna.tab.until("messageInput.value === 'see you at fife'").await?;
        anna.tab.eval("messageInput.value = ''").await?;
        anna.say("see you at five: https://example.org/a_(b).").await?;
        let five = json!(["see you at five: https://example.org/a_(b)."]);
        for person in [&anna, &boris] {
            person.tab.until_is(TEXTS, &five).await?;
        }
        anna.tab.until("messageInput.value === ''").await?;
        let link = "((link) => [link.href, link.rel])(document.querySelector('#chat .text a'))";
        let there = json!(["https://example.org/a_(b)", "noopener noreferrer nofollow"]);
        boris.tab.until_is(link, &there).await?;

        // The arrows choose a message, Enter opens its tools.
        boris.tab.eval("document.querySelector('#chat').focus()").await?;
        boris.tab.eval(&key("ArrowUp")).await?;
        boris.tab.eval(&key("Enter")).await?;
        boris.tab.until("document.activeElement.textContent === '👍'").await?;
        boris.tab.eval("document.activeElement.click()").await?;
        boris.tab.until_is(REACTIONS, &json!([["👍 1", "true"]])).await?;
        anna.tab.until_is(REACTIONS, &json!([["👍 1", "false"]])).await?;
        anna.tab.eval("document.querySelector('.reactions button').click()").await?;
        boris.tab.until_is(REACTIONS, &json!([["👍 2", "true"]])).await?;

        press(&boris, RUSSIAN_REPLY).await?;
        boris.say("I will be there").await?;
        let quote = "document.querySelector('#chat .quote')?.textContent";
        anna.tab.until_is(quote, &json!(format!("↪ you: {}", five[0].as_str().unwrap()))).await?;

        // Deleted, it is in no quote either, and not there after a reload.
        anna.tab.eval("document.querySelector('.own .more').click()").await?;
        let delete = "[...document.querySelectorAll('.tools button')].at(-1).click()";
        anna.tab.eval(delete).await?;
        anna.tab.eval(delete).await?;
        boris.tab.until("document.querySelector('.other')?.dataset.deleted === ''").await?;
        boris.tab.until_is(quote, &json!("Сообщение удалено")).await?;
        boris.tab.go(&format!("http://{}/?lang=ru", server.address)).await?;
        boris.tab.until_is(TEXTS, &json!(["I will be there"])).await?;
        let leaked = "document.body.textContent.includes('at five')";
        boris.tab.until_is(leaked, &json!(false)).await?;
        ensure!(anna.tab.console().is_empty(), "{:#?}", anna.tab.console());
        ensure!(boris.tab.console().is_empty(), "{:#?}", boris.tab.console());
        Ok(())
    })
    .await
}

const RUSSIAN_REPLY: &str = "Ответить";

const KEY: &str = "correct horse battery";

/// Types a key, and sends it.
fn unlock(key: &str) -> String {
    format!(
        "(([form]) => {{ form[0].value = '{key}'; form.requestSubmit(); }})(document.querySelectorAll('#teacher form'))"
    )
}

/// Presses a button of the teacher's.
fn tool(text: &str) -> String {
    format!(
        "[...document.querySelectorAll('#teacher .actions button, #people .order')]
            .find((button) => button.textContent === '{text}').click()"
    )
}

#[tokio::test]
async fn the_teacher_keeps_order_with_the_key() -> Result<()> {
    in_browser(async |browser| {
        let port = Port::reserve()?;
        let number = port.number();
        let settings = [("PORT", number.as_str()), ("WS_TEACHER_KEY", KEY)];
        let server = Server::example("full_chat", &settings).await;
        let anna = Person::enter(browser, server.address, "Anna", &ENGLISH, LAPTOP).await?;
        let boris = Person::enter(browser, server.address, "Борис", &RUSSIAN, LAPTOP).await?;

        let hidden = "document.querySelector('#teacher .actions').hidden";
        let told = "document.querySelector('#teacher [role=status]').textContent";
        anna.tab.eval(&unlock("not the right key")).await?;
        anna.tab.until_is(told, &json!("this may not be done, or not any more")).await?;
        anna.tab.until_is(hidden, &json!(true)).await?;
        anna.tab.eval(&unlock(KEY)).await?;
        anna.tab.until_is(hidden, &json!(false)).await?;

        // A member is muted, and may write again.
        let last = "document.querySelector('#chat .system-message:last-of-type span')?.textContent";
        anna.tab.until("document.querySelector('#people .order') !== null").await?;
        anna.tab.eval(&tool("mute")).await?;
        boris.tab.until_is(last, &json!("Преподаватель не даёт вам писать 10 мин")).await?;
        anna.tab.until("document.querySelector('#people .order').textContent === 'unmute'").await?;
        anna.tab.eval(&tool("unmute")).await?;
        boris.tab.until_is(last, &json!("Вам снова можно писать")).await?;
        anna.tab.until("document.querySelector('#people .order').textContent === 'mute'").await?;

        // An announcement of the teacher is not one of many lines.
        anna.tab.eval("messageInput.value = 'Five minutes left'").await?;
        anna.tab.eval(&tool("Announce what I typed")).await?;
        let announced = "document.querySelector('#chat .announced span')?.textContent";
        boris.tab.until_is(announced, &json!("Преподаватель: Five minutes left")).await?;

        // Nobody else writes; whoever tries keeps the text, and sees why though the log is full.
        let fill = "import('/log.js').then((log) => {
            for (let nth = 0; nth < 40; nth++) {
                log.addMessage({ id: `fill${nth}`, user: { id: 'eve' }, author: 'Eve', content: 'hi' });
            }
        })";
        boris.tab.eval(fill).await?;
        anna.tab.eval(&tool("Only I may write")).await?;
        boris.tab.until("document.body.classList.contains('locked')").await?;
        boris.say("а я?").await?;
        let refused = "((line) => [line.dataset.state, line.querySelector('.mark').textContent])
            (document.querySelector('#chat .own'))";
        let why = "не принято: сейчас писать может только преподаватель";
        boris.tab.until_is(refused, &json!(["refused", why])).await?;
        let is_seen = "(([line, log]) => line.bottom <= log.bottom && line.top >= log.top)
            (['#chat .own', '#chat'].map((one) => document.querySelector(one).getBoundingClientRect()))";
        boris.tab.until(is_seen).await?;

        // The view for a projector has the address as a code; Escape ends it.
        anna.tab.eval(&tool("Projector")).await?;
        anna.tab.until("document.querySelector('#join svg') !== null").await?;
        let label = "document.querySelector('#join svg').ariaLabel";
        let address = format!("http://{}/", server.address);
        anna.tab.until_is(label, &json!(address)).await?;
        anna.tab.eval(&key("Escape")).await?;
        anna.tab.until("document.querySelector('#join').hidden").await?;

        anna.tab.until("document.querySelector('#people .order') !== null").await?;
        anna.tab.eval(&tool("remove")).await?;
        boris.tab.until_is(STATUS, &json!(["stopped", "Отключено"])).await?;
        let reason = "document.querySelector('#reason').textContent";
        boris.tab.until_is(reason, &json!("Вас удалили из комнаты (4003)")).await?;
        let gone =
            "document.querySelector('#chat').textContent.includes('was removed by the teacher')";
        anna.tab.until(gone).await?;

        // A new connection is not the teacher's until the page has sent the key again.
        let stored = format!("JSON.stringify([localStorage, sessionStorage]).includes('{KEY}')");
        anna.tab.until_is(&stored, &json!(false)).await?;
        server.stop().await;
        let server = Server::example("full_chat", &settings).await;
        anna.is_live().await?;
        anna.tab.until_is(hidden, &json!(false)).await?;
        drop(server);
        Ok(())
    })
    .await
}

/// The page as if its tab was hidden, or shown again.
fn look(visible: bool) -> String {
    let state = if visible { "visible" } else { "hidden" };
    format!(
        "Object.defineProperty(document, 'visibilityState', {{ value: '{state}', configurable: true }});
        document.dispatchEvent(new Event('visibilitychange'))"
    )
}

/// The dividers, and the lines that go on from the one above them.
const PARTS: &str = "[...document.querySelectorAll('#chat .divider, #chat .message')].map((line) =>
    line.dataset.divider ?? ('goesOn' in line.dataset ? '+' : '') + line.querySelector('.text').textContent)";

#[tokio::test]
async fn what_came_while_nobody_looked_has_a_divider_and_so_has_each_day() -> Result<()> {
    in_browser(async |browser| {
        let server = Server::start(&Port::reserve()?).await;
        let anna = Person::enter(browser, server.address, "Anna", &ENGLISH, LAPTOP).await?;
        let boris = Person::enter(browser, server.address, "Борис", &RUSSIAN, LAPTOP).await?;
        boris.say("one").await?;
        boris.say("two").await?;
        anna.tab.until_is(PARTS, &json!(["one", "+two"])).await?;
        // The page notes a moment later that these two are read.
        let read = "JSON.parse(localStorage.getItem('ws101.read.general'))?.messages";
        anna.tab.until_is(read, &json!(2)).await?;
        anna.tab.eval(&look(false)).await?;
        boris.say("three").await?;
        boris.say("four").await?;
        let parts = json!(["one", "+two", "new", "three", "+four"]);
        anna.tab.until_is(PARTS, &parts).await?;
        anna.tab.until_is("document.title", &json!("(2) WebSocket chat")).await?;
        anna.tab.eval(&look(true)).await?;
        anna.tab.until_is("document.title", &json!("WebSocket chat")).await?;
        anna.tab.until_is(PARTS, &parts).await?;
        // A reader who answers has read it.
        anna.say("five").await?;
        anna.tab.until_is(PARTS, &json!(["one", "+two", "+three", "+four", "five"])).await?;

        let older = "import('/log.js').then((log) => log.addOlder(() => {
            for (const [days, content] of [[3, 'a'], [1, 'b'], [1, 'c']]) {
                const timestamp = new Date(Date.now() - days * 864e5).toISOString();
                log.addMessage({ id: content, user: { id: 'eve' }, author: 'Eve', content, timestamp });
            }
        }))";
        anna.tab.eval(older).await?;
        let days = json!(["day", "a", "day", "b", "+c", "day", "one", "+two", "+three", "+four", "five"]);
        anna.tab.until_is(PARTS, &days).await?;
        Ok(())
    })
    .await
}

/// The code of a text as another program draws it, row by row.
const CODE: &str = "\
1111111001001001101111111\n\
1000001000111101001000001\n\
1011101011101010101011101\n\
1011101001110000101011101\n\
1011101000100101101011101\n\
1000001001000101001000001\n\
1111111010101010101111111\n\
0000000011101100000000000\n\
1110111110110111011000100\n\
0010010010110110011100001\n\
1001101001000010010010111\n\
1111000100010101111100010\n\
0100101010001110001101011\n\
0000100001011000001101001\n\
1010011111011100101110111\n\
0101000110101110110101010\n\
1000111101110011111111000\n\
0000000011010001100011111\n\
1111111011100101101010011\n\
1000001010010001100011000\n\
1011101010001000111110011\n\
1011101000011101010010100\n\
1011101010111010100011001\n\
1000001010001110101011010\n\
1111111010110010100100011";

#[tokio::test]
async fn a_code_is_drawn_as_others_draw_it() -> Result<()> {
    in_browser(async |browser| {
        let server = Server::start(&Port::reserve()?).await;
        let anna = Person::enter(browser, server.address, "Anna", &ENGLISH, LAPTOP).await?;
        let drawn = "import('/code.js').then(({ modules }) => modules('http://10.0.0.5:8080/')
            .map((row) => row.map(Number).join('')).join('\\n'))";
        let drawn = anna.tab.eval(drawn).await?;
        ensure!(drawn == CODE, "{drawn}");
        let longest = "import('/code.js').then(({ modules }) =>
            [271, 272].map((length) => modules('x'.repeat(length))?.length ?? null))";
        ensure!(anna.tab.eval(longest).await? == json!([57, null]));
        Ok(())
    })
    .await
}
