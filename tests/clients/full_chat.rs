//! All five in one room: `full_chat` speaks to each as its own source document does.

use std::net::SocketAddr;

use anyhow::{Result, ensure};
use serde_json::json;

use crate::client::{CHAT, Client, NOTE, PINGING, PYTHON_CHAT, TEST_PAGE};
use crate::examples::{ESTABLISHED, WELCOME, three_tabs};
use crate::needs::Need::{Node, Python};
use crate::needs::with;
use crate::page::Program as Page;
use crate::program::{Port, Program, addresses};

/// The chat, and where it speaks `python_chat`.
async fn full_chat(settings: &[(&str, &str)]) -> (Program, SocketAddr) {
    let program = Program::start("full_chat", settings).await;
    let first = program.address;
    let second = program.said(|said| addresses(said).find(|&address| address != first)).await;
    (program, second)
}

#[tokio::test]
async fn node_chat_at_the_root() -> Result<()> {
    with(&[Node], async || {
        let (program, _) = full_chat(&[]).await;
        let mut anna = Client::start(&CHAT, program.address, "/")?;
        anna.sees("open").await?;
        anna.sees(WELCOME).await?;
        let mut boris = Client::start(&CHAT, program.address, "/")?;
        boris.sees("open").await?;
        boris.sees(WELCOME).await?;
        anna.types("Привет всем!").await?;
        for client in [&mut anna, &mut boris] {
            client.sees("user: Привет всем!").await?;
        }
        boris.leaves().await?;
        anna.types("Есть кто?").await?;
        anna.sees("user: Есть кто?").await?;
        anna.leaves().await
    })
    .await
}

#[tokio::test]
async fn broadcast_server_at_broadcast_or_where_the_source_has_it() -> Result<()> {
    with(&[Node], async || {
        for (settings, path) in
            [(&[][..], "/broadcast"), (&[("WS_ROOT_DIALECT", "broadcast_server")], "/")]
        {
            let (program, _) = full_chat(settings).await;
            let tabs = three_tabs(&program, path).await?;
            program.stop().await;
            for mut tab in tabs {
                tab.sees(r#"system: {*"event":"shutdown"*}"#).await?;
                tab.sees_at_last("close 1001 *").await?;
                tab.ends(&[]).await?;
            }
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn reconnect_at_ws() -> Result<()> {
    with(&[Node], async || {
        let (program, _) = full_chat(&[]).await;
        let often = [("PING_MS", "200")];
        let mut client = Client::start_with(&PINGING, program.address, "/ws", &often)?;
        client.sees("open").await?;
        client.sees(ESTABLISHED).await?;
        for _ in 0..3 {
            client.sees("pong").await?;
        }
        client.types("Привет").await?;
        client.sees_at_last("message: Привет").await
    })
    .await
}

#[tokio::test]
async fn note_at_chat_is_not_in_the_room() -> Result<()> {
    with(&[Node], async || {
        let (program, _) = full_chat(&[]).await;
        let mut anna = Client::start(&CHAT, program.address, "/")?;
        anna.sees("open").await?;
        anna.sees(WELCOME).await?;
        let mut note = Client::start(&NOTE, program.address, "/chat")?;
        note.sees("Connected").await?;
        note.sees("Новое сообщение: Принято: Привет, сервер!").await?;
        anna.types("Есть кто?").await?;
        anna.sees("user: Есть кто?").await?;
        note.types("И ещё раз").await?;
        note.sees("Новое сообщение: Принято: И ещё раз").await?;
        note.leaves().await?;
        anna.leaves().await
    })
    .await
}

#[tokio::test]
async fn python_chat_on_a_port_of_its_own_and_at_py() -> Result<()> {
    with(&[Python], async || {
        let (program, own) = full_chat(&[]).await;
        let mut anna = Client::start(&PYTHON_CHAT, own, "/")?;
        anna.sees("open").await?;
        anna.types("Аня").await?;
        anna.sees("welcome: Аня: *").await?;
        let mut boris = Client::start(&PYTHON_CHAT, program.address, "/py")?;
        boris.sees("open").await?;
        boris.types("аня").await?;
        boris.sees("error: *").await?;
        let mut boris = Client::start(&PYTHON_CHAT, program.address, "/py")?;
        boris.sees("open").await?;
        boris.types("Борис").await?;
        boris.sees("welcome: Борис: *").await?;
        anna.sees("user_joined: Борис: *").await?;
        anna.begins("Привет, ").await?;
        boris.sees("typing: Аня").await?;
        anna.types("Борис!").await?;
        for client in [&mut anna, &mut boris] {
            client.sees("message: Аня: Привет, Борис!").await?;
        }
        boris.leaves().await?;
        anna.sees("user_left: Борис: *").await?;
        anna.leaves().await
    })
    .await
}

/// One of each dialect, together.
struct Five {
    chat: Client,
    test_page: Client,
    pinging: Client,
    python: Client,
    page: Page,
}

impl Five {
    /// All are there, and know it.
    async fn meet((program, own): &(Program, SocketAddr)) -> Result<Self> {
        let mut chat = Client::start(&CHAT, program.address, "/")?;
        chat.sees_at_last(WELCOME).await?;
        let mut test_page = Client::start(&TEST_PAGE, program.address, "/broadcast")?;
        test_page.sees_at_last("welcome: *").await?;
        let mut pinging = Client::start(&PINGING, program.address, "/ws")?;
        pinging.sees_at_last(ESTABLISHED).await?;
        let mut python = Client::start(&PYTHON_CHAT, *own, "/")?;
        python.types("Аня").await?;
        python.sees_at_last("welcome: Аня: *").await?;
        let page = Page::join(program.address, "Борис").await?;
        Ok(Self { chat, test_page, pinging, python, page })
    }

    fn clients(&mut self) -> [&mut Client; 4] {
        [&mut self.chat, &mut self.test_page, &mut self.pinging, &mut self.python]
    }
}

/// Says it without an `id`: there is no receipt to wait for, past what others say meanwhile.
async fn says(page: &mut Page, words: &str) -> Result<()> {
    page.send(&json!({ "type": "message", "content": words })).await
}

/// Waits for the next line of the chat: who said it, and what.
async fn hears(page: &mut Page) -> Result<[String; 2]> {
    let heard = page.until("message").await?;
    Ok(["username", "content"].map(|field| heard[field].as_str().unwrap_or_default().to_owned()))
}

#[tokio::test]
async fn all_five_see_what_each_of_them_says() -> Result<()> {
    with(&[Node, Python], async || {
        let room = full_chat(&[]).await;
        let mut five = Five::meet(&room).await?;

        five.chat.types("раз").await?;
        five.chat.sees_at_last("user: раз").await?;
        five.test_page.sees_at_last("broadcast: раз").await?;
        five.pinging.sees_at_last("message: раз").await?;
        five.python.sees_at_last("message: *: раз").await?;
        ensure!(hears(&mut five.page).await?[1] == "раз");

        five.test_page.types("два").await?;
        five.chat.sees("user: *: два").await?;
        five.test_page.sees("echo: два").await?;
        five.pinging.sees("message: два").await?;
        five.python.sees("message: *: два").await?;
        ensure!(hears(&mut five.page).await?[1] == "два");

        // Who listens at /ws may yet turn out to be a page: only by speaking it is somebody.
        five.pinging.types("три").await?;
        five.chat.sees("system: * присоединяется к чату").await?;
        five.chat.sees("user: *: три").await?;
        five.test_page.sees("client_connected: *").await?;
        five.test_page.sees("broadcast: три").await?;
        five.pinging.sees("message: три").await?;
        five.python.sees("user_joined: *").await?;
        five.python.sees("message: *: три").await?;
        ensure!(hears(&mut five.page).await?[1] == "три");

        five.python.types("четыре").await?;
        five.chat.sees("user: Аня: четыре").await?;
        five.test_page.sees("broadcast: четыре").await?;
        five.pinging.sees("message: четыре").await?;
        five.python.sees("message: Аня: четыре").await?;
        ensure!(hears(&mut five.page).await? == ["Аня", "четыре"]);

        says(&mut five.page, "пять").await?;
        five.chat.sees("user: Борис: пять").await?;
        five.test_page.sees("broadcast: пять").await?;
        five.pinging.sees("message: пять").await?;
        five.python.sees("message: Борис: пять").await?;
        ensure!(hears(&mut five.page).await? == ["Борис", "пять"]);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn all_five_see_the_same_order() -> Result<()> {
    with(&[Node, Python], async || {
        /// How many lines each of them says, with no time to listen in between.
        const LINES: usize = 20;
        let room = full_chat(&[("WS_RATE", "0")]).await;
        let mut five = Five::meet(&room).await?;
        for line in 0..LINES {
            for (n, client) in five.clients().into_iter().enumerate() {
                client.types(&format!("#{n}.{line}")).await?;
            }
            says(&mut five.page, &format!("#4.{line}")).await?;
        }
        let mut order = Vec::new();
        for _ in 0..5 * LINES {
            let [_, said] = hears(&mut five.page).await?;
            order.push(said);
        }
        for client in five.clients() {
            let mut seen = Vec::new();
            while seen.len() < order.len() {
                let line = client.next().await?;
                seen.extend(line.find('#').map(|at| line[at..].to_owned()));
            }
            ensure!(seen == order, "{seen:#?}\nthe page: {order:#?}");
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn those_who_come_back_by_themselves_meet_again() -> Result<()> {
    with(&[Node, Python], async || {
        let ports = [Port::reserve()?, Port::reserve()?];
        let [port, own] = ports.each_ref().map(Port::number);
        let settings = [("PORT", port.as_str()), ("PORT_PYTHON_CHAT", own.as_str())];
        let room = full_chat(&settings).await;
        let Five { mut chat, mut test_page, mut pinging, mut python, page } =
            Five::meet(&room).await?;
        drop(page); // It would not listen to the goodbye.
        let ended = room.0.stop().await;
        ensure!(ended.code == Some(0), "{ended:?}");
        for client in [&mut chat, &mut test_page, &mut pinging, &mut python] {
            client.sees_at_last("close 1001 *").await?;
        }
        let _room = full_chat(&settings).await;
        chat.sees_at_last(WELCOME).await?;
        pinging.sees_at_last(ESTABLISHED).await?;
        python.sees_at_last("welcome: Аня: *").await?;
        python.types("Все снова здесь?").await?;
        chat.sees_at_last("user: Аня: Все снова здесь?").await?;
        pinging.sees_at_last("message: Все снова здесь?").await?;
        python.sees_at_last("message: Аня: Все снова здесь?").await?;
        test_page.ends(&[]).await
    })
    .await
}
