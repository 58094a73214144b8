//! `ws101 lesson --mine` with servers in Node and Python, which it starts, stops, kills and starts again, and
//! a lesson with its own example.

#![cfg(unix)]

mod classroom;
#[path = "../../tests/needs/mod.rs"]
mod needs;

use std::path::Path;

use anyhow::Result;
use classroom::{Lesson, PATIENCE, command, event, received};
use needs::Need::{self, Node, Python};
use needs::ensure_there;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;
use ws101::client::Received;
use ws101::frame::{Frame, Opcode};

fn sources() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/servers").display().to_string()
}

/// A started server under the teacher's buttons.
async fn obeys(need: Need, file: &str) -> Result<()> {
    ensure_there(&[need])?;
    let (program, sources) = (need.program().display().to_string(), sources());
    let lesson = Lesson::start(&format!("{program} {sources}/{file} --lesson 3"), &[]).await;
    let mut viewer = lesson.viewer().await;
    let is = |state: &'static str| move |event: &Value| event["server"] == state;
    let ask = async |what: &str| {
        let body = json!({ "do": what }).to_string();
        let (status, told) = lesson.teacher("POST /class/server", &body).await;
        assert_eq!(status, 200, "{told}");
        told["server"].as_str().unwrap().to_owned()
    };
    for change in ["stop", "kill"] {
        let mut client = lesson.client().await;
        client.send(Frame::text("hi")).await?;
        assert!(received(&mut client).await.header.opcode == Opcode::Text);
        assert_eq!(ask(change).await, "stopped");
        event(&mut viewer, is("stopped")).await;
        // It may say goodbye first.
        let ended = timeout(PATIENCE, async {
            while !matches!(client.receive().await, Received::End(_)) {}
        });
        ended.await.expect("the connection ends");
        // The classroom goes on, and says why there is no server.
        let (status, answer) = lesson.ask("GET /ws", &["Connection: close"], "").await;
        assert!(status == 502 && answer.contains("cannot be reached"), "{answer}");
        event(&mut viewer, |event| event["event"] == "unreachable").await;
        assert_eq!(ask("start").await, "running");
        event(&mut viewer, is("running")).await;
    }
    assert_eq!(ask("restart").await, "running");
    let mut client = lesson.client().await;
    client.send(Frame::text("back")).await?;
    received(&mut client).await;
    lesson.end().await;
    Ok(())
}

#[tokio::test]
async fn node_server_obeys_the_teacher() -> Result<()> {
    obeys(Node, "server.js").await
}

#[tokio::test]
async fn python_server_obeys_the_teacher() -> Result<()> {
    obeys(Python, "server.py").await
}

#[tokio::test]
async fn node_server_that_ends_by_itself_is_told() -> Result<()> {
    ensure_there(&[Node])?;
    let script =
        "require('net').createServer(() => process.exit(3)).listen(process.env.PORT, '127.0.0.1')";
    // Readiness is one connection, which must not end it.
    let script =
        script.replace("() =>", "s => s.once('data', () =>").replace("exit(3))", "exit(3)))");
    let mine = format!("{} -e \"{script}\"", Node.program().display());
    let lesson = Lesson::start(&mine, &[]).await;
    let mut viewer = lesson.viewer().await;
    let mut page = TcpStream::connect(lesson.at).await?;
    page.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await?;
    event(&mut viewer, |event| event["server"] == "stopped").await;
    Ok(())
}

/// Builds and starts the example, also from below the repository, and serves its page through the tap.
#[tokio::test]
async fn a_lesson_has_its_example() -> Result<()> {
    let mut child = command(&["5", "--port", "0"]).current_dir("tests").spawn()?;
    let mut said = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let page = loop {
        let line = timeout(10 * PATIENCE, said.next_line()).await??.expect("it is ready");
        if let Some((_, page)) = line.split_once("example    http://") {
            break page.trim_end_matches('/').to_owned();
        }
    };
    let mut tcp = TcpStream::connect(&*page).await?;
    let request = format!("GET / HTTP/1.1\r\nHost: {page}\r\n\r\n");
    tcp.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    tcp.read_to_string(&mut answer).await?;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("<title>"), "{answer}");
    Ok(())
}
