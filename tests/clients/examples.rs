//! Each client and the examples that speak as its source document does.

use crate::client::{CHAT, Client, NOTE, PINGING, PYTHON_CHAT, TEST_PAGE};
use crate::needs::Need::{Node, Python};
use crate::needs::with;
use crate::program::{Port, Program};
use anyhow::{Result, ensure};

pub const WELCOME: &str = "system: Добро пожаловать в чат!";

#[tokio::test]
async fn node_chat_everyone_hears_and_comes_back() -> Result<()> {
    with(&[Node], async || {
        let port = Port::reserve()?;
        let settings = [("PORT", &*port.number())];
        let program = Program::start("broadcast", &settings).await;
        let mut anna = Client::start(&CHAT, program.address, "")?;
        let mut boris = Client::start(&CHAT, program.address, "/")?;
        for client in [&mut anna, &mut boris] {
            client.sees("open").await?;
            client.sees(WELCOME).await?;
        }
        for text in ["Привет всем!", "{\"type\":\"system\"}", "\u{1f44b} \\ \" \u{202e}"]
        {
            anna.types(text).await?;
            for client in [&mut anna, &mut boris] {
                client.sees(&format!("user: {text}")).await?;
            }
        }
        boris.leaves().await?;
        anna.types("Есть кто?").await?;
        anna.sees("user: Есть кто?").await?;

        anna.types(&"х".repeat(40_000)).await?;
        anna.sees("close 1009 a message may have 65536 bytes (RFC 6455 7.4.1)").await?;
        anna.sees("open").await?;
        anna.sees(WELCOME).await?;

        program.stop().await;
        anna.sees_at_last("close 1006").await?;
        let _program = Program::start("broadcast", &settings).await;
        anna.sees_at_last("open").await?;
        anna.sees(WELCOME).await?;
        anna.types("Я снова здесь").await?;
        anna.sees("user: Я снова здесь").await?;
        anna.leaves().await
    })
    .await
}

/// Three tabs, each of which presses the button, as the source tells to test it.
pub async fn three_tabs(program: &Program, path: &str) -> Result<[Client; 2]> {
    let mut tabs: Vec<Client> = Vec::new();
    for count in 1..=3 {
        let mut tab = Client::start(&TEST_PAGE, program.address, path)?;
        tab.sees("open").await?;
        tab.sees("welcome: Добро пожаловать!").await?;
        for other in &mut tabs {
            let news = format!(r#"client_connected: {{*"clientsCount":{count}*}}"#);
            other.sees(&news).await?;
        }
        tabs.push(tab);
    }
    for presser in 0..3 {
        tabs[presser].types("Тест").await?;
        for (n, tab) in tabs.iter_mut().enumerate() {
            tab.sees(if n == presser { "echo: Тест" } else { "broadcast: Тест" }).await?;
        }
    }
    let [mut first, mut second, third] = <[Client; 3]>::try_from(tabs).ok().unwrap();
    third.leaves().await?;
    for tab in [&mut first, &mut second] {
        tab.sees(r#"client_disconnected: {*"clientsCount":2*}"#).await?;
    }
    Ok([first, second])
}

#[tokio::test]
async fn broadcast_server_echo_broadcast() -> Result<()> {
    with(&[Node], async || {
        let program = Program::start("echo_broadcast", &[]).await;
        let [first, mut second] = three_tabs(&program, "/").await?;
        first.leaves().await?;
        second.sees(r#"client_disconnected: {*"clientsCount":1*}"#).await?;
        second.leaves().await
    })
    .await
}

#[tokio::test]
async fn broadcast_server_heartbeat_lets_go_of_a_sleeping_tab_only() -> Result<()> {
    with(&[Node], async || {
        let settings = [("WS_HEARTBEAT_MS", "500"), ("WS_PONG_TIMEOUT_MS", "3000")];
        let program = Program::start("heartbeat", &settings).await;
        let [mut awake, mut asleep] = three_tabs(&program, "/").await?;
        asleep.signal("STOP").await?;
        awake.sees(r#"client_disconnected: {*"clientsCount":1*}"#).await?;
        awake.types("Тест").await?;
        awake.sees("echo: Тест").await?;
        asleep.signal("CONT").await?;
        asleep.sees("close 1011 no pong in 3000 ms (RFC 6455 5.5.3)").await?;
        asleep.ends(&[]).await?;
        awake.leaves().await
    })
    .await
}

#[tokio::test]
async fn broadcast_server_stats_come_by_themselves() -> Result<()> {
    with(&[Node], async || {
        let program = Program::start("stats", &[("WS_STATS_MS", "300")]).await;
        let stats = |tabs: usize| {
            let connections = format!(r#""activeConnections":{tabs},"#);
            format!(r#"system: {{*{connections}"memory":{{"rssBytes":*}},"uptime":*}}*}}"#)
        };
        let mut tab = Client::start(&TEST_PAGE, program.address, "/")?;
        tab.sees("open").await?;
        tab.sees("welcome: Добро пожаловать!").await?;
        for _ in 0..2 {
            tab.sees(&stats(1)).await?;
        }
        let _other = Client::start(&TEST_PAGE, program.address, "/")?;
        tab.sees_at_last(&stats(2)).await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn broadcast_server_shutdown_says_goodbye() -> Result<()> {
    with(&[Node], async || {
        let program = Program::start("shutdown", &[("WS_STATS_MS", "600000")]).await;
        let tabs = three_tabs(&program, "/").await?;
        let ended = program.stop().await;
        ensure!(ended.code == Some(0), "{ended:?}");
        for mut tab in tabs {
            tab.sees(r#"system: {*"event":"shutdown"*"message":"Сервер завершает работу"*}"#)
                .await?;
            tab.sees_at_last("close 1001 *").await?;
            tab.ends(&[]).await?;
        }
        Ok(())
    })
    .await
}

pub const ESTABLISHED: &str = "connection_established: WebSocket connection established";

#[tokio::test]
async fn reconnect_connections_answers_pings() -> Result<()> {
    with(&[Node], async || {
        let program = Program::start("connections", &[]).await;
        let often = [("PING_MS", "200")];
        let mut client = Client::start_with(&PINGING, program.address, "/ws", &often)?;
        client.sees("open").await?;
        client.sees(ESTABLISHED).await?;
        for _ in 0..3 {
            client.sees("pong").await?;
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn reconnect_resumes() -> Result<()> {
    with(&[Node], async || {
        let port = Port::reserve()?;
        let settings = [("PORT", &*port.number())];
        let program = Program::start("reconnect", &settings).await;
        let mut tabs = Vec::new();
        for _ in 0..2 {
            let mut tab = Client::start(&PINGING, program.address, "/ws")?;
            tab.sees("open").await?;
            tab.sees(ESTABLISHED).await?;
            tabs.push(tab);
        }
        tabs[0].types("Привет").await?;
        for tab in &mut tabs {
            tab.sees("message: Привет").await?;
        }
        let ended = program.stop().await;
        ensure!(ended.code == Some(0), "{ended:?}");
        for tab in &mut tabs {
            tab.sees("close 1001 server shutting down").await?;
        }
        let _program = Program::start("reconnect", &settings).await;
        for tab in &mut tabs {
            tab.sees_at_last("open").await?;
            tab.sees(ESTABLISHED).await?;
        }
        tabs[1].types("Я снова здесь").await?;
        for tab in &mut tabs {
            tab.sees("message: Я снова здесь").await?;
        }
        for tab in tabs {
            tab.leaves().await?;
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn note_is_echoed() -> Result<()> {
    with(&[Node], async || {
        for example in ["raw_echo", "echo"] {
            let program = Program::start(example, &[]).await;
            let mut client = Client::start(&NOTE, program.address, "/chat")?;
            client.sees("Connected").await?;
            client.sees("Новое сообщение: Принято: Привет, сервер!").await?;
            client.types("И ещё раз").await?;
            client.sees("Новое сообщение: Принято: И ещё раз").await?;
            client.leaves().await?;
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn python_chat_names_and_typing() -> Result<()> {
    with(&[Python], async || {
        let port = Port::reserve()?;
        let settings = [("PORT", &*port.number())];
        let program = Program::start("names_and_typing", &settings).await;
        let mut anna = Client::start(&PYTHON_CHAT, program.address, "/")?;
        anna.sees("open").await?;
        anna.types("Аня").await?;
        anna.sees("welcome: Аня: Добро пожаловать в чат, Аня!").await?;
        let mut boris = Client::start(&PYTHON_CHAT, program.address, "/")?;
        boris.sees("open").await?;
        boris.types("Борис").await?;
        boris.sees("welcome: Борис: Добро пожаловать в чат, Борис!").await?;
        anna.sees("user_joined: Борис: Борис присоединяется к чату").await?;

        anna.begins("Привет, ").await?;
        boris.sees("typing: Аня").await?;
        anna.types("Борис!").await?;
        for client in [&mut anna, &mut boris] {
            client.sees("message: Аня: Привет, Борис!").await?;
        }
        let mut other = Client::start(&PYTHON_CHAT, program.address, "/")?;
        other.sees("open").await?;
        other.types("аня").await?;
        other.sees("error: Это имя уже занято").await?;
        other.leaves().await?;
        boris.leaves().await?;
        anna.sees("user_left: Борис: Борис покидает чат").await?;

        let ended = program.stop().await;
        ensure!(ended.code == Some(0), "{ended:?}");
        anna.sees("close 1001 server shutting down").await?;
        let _program = Program::start("names_and_typing", &settings).await;
        anna.sees("open").await?;
        anna.sees("welcome: Аня: Добро пожаловать в чат, Аня!").await?;
        anna.leaves().await
    })
    .await
}
