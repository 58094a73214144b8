//! The pages of `ws101 doctor --class`: the teacher's with the code, and the phone's.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpSocket;
use tokio::process::{Child, Command};
use tokio::time::{Instant, timeout};
use ws101::client::{Received, Request, open};
use ws101::frame::Frame;

use super::{PROJECTOR, complaints};
use crate::devtools::{Tab, View, album};
use crate::in_browser;
use crate::server::program::ws101;

/// For anything that the doctor does, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Starts the doctor on loopback; it is killed when it is dropped.
async fn doctor() -> Result<(SocketAddr, Child)> {
    let mut doctor = Command::new(ws101());
    // A step may take a minute: no fault is found before the test is over.
    doctor.args(["doctor", "--class", "--on", "127.0.0.1", "--port", "0", "--timeout", "60"]);
    doctor.stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    let mut child = doctor.spawn()?;
    let mut lines = BufReader::new(child.stdout.take().context("it is piped")?).lines();
    loop {
        let line = timeout(PATIENCE, lines.next_line()).await??.context("it ended")?;
        if let Some((_, rest)) = line.split_once("http://") {
            let address = rest.split('/').next().unwrap_or_default().parse()?;
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return Ok((address, child));
        }
    }
}

/// Another device: it has another address of loopback. It sends a frame and repeats what comes.
#[cfg(target_os = "linux")]
async fn second_device(at: SocketAddr) -> Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from(([127, 0, 0, 2], 0)))?;
    let tcp = socket.connect(at).await?;
    let deadline = Instant::now() + PATIENCE;
    let opened = open(tcp, &at.to_string(), &Request::new("/ws"), 1 << 16, deadline).await;
    let mut client = opened.map_err(|_| anyhow::anyhow!("it does not open"))?;
    client.send(Frame::text("{}")).await?;
    let Received::Frame(frame) = timeout(PATIENCE, client.receive()).await? else {
        anyhow::bail!("no frame");
    };
    let told: Value = serde_json::from_slice(&frame.payload)?;
    client.send(Frame::text(json!({"heard": told["text"]}).to_string())).await?;
    Ok(())
}

async fn pictures(tab: &Tab, name: &str) -> Result<()> {
    for lang in ["en", "ru"] {
        tab.click(&format!(".languages [lang={lang}]")).await?;
        tab.until_is("document.documentElement.lang", &json!(lang)).await?;
        for width in [390, 1280, 1920] {
            let height = if width == 390 { 844 } else { width * 9 / 16 };
            for (scheme, dark) in [("light", false), ("dark", true)] {
                let view = View { width, height, mobile: width == 390, dark, ..PROJECTOR };
                tab.view(view).await?;
                tab.drawn().await?;
                let wide = format!("document.documentElement.scrollWidth > {width}");
                tab.until_is(&wide, &json!(false)).await?;
                let file = format!("{name}-{width}-{lang}-{scheme}.png");
                tab.screenshot(&album()?.join(file)).await?;
            }
        }
    }
    Ok(())
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_page_before_class_turns_green_when_a_second_device_gets_through() -> Result<()> {
    in_browser(async |browser| {
        let (at, _doctor) = doctor().await?;
        let state = "document.querySelector('#verdict').dataset.state";
        let teacher = browser.tab().await?;
        teacher.go(&format!("http://{at}/?lang=en")).await?;
        teacher
            .until_is(
                "document.querySelector('#url').textContent",
                &json!(format!("http://{at}/phone")),
            )
            .await?;
        teacher.until("document.querySelector('#code').naturalWidth > 0").await?;
        pictures(&teacher, "room-waiting").await?;

        // A tab of this computer gets through, and is no second device.
        let phone = browser.tab().await?;
        phone.go(&format!("http://{at}/phone?lang=en")).await?;
        phone.until_is(state, &json!("works")).await?;
        pictures(&phone, "device").await?;
        teacher.until_is(state, &json!("waiting")).await?;

        second_device(at).await?;
        teacher.until_is(state, &json!("works")).await?;
        teacher.until_is("document.querySelectorAll('#steps .good').length", &json!(4)).await?;
        pictures(&teacher, "room-works").await?;
        for tab in [&teacher, &phone] {
            let ended = |line: &String| !line.contains("state.json");
            let said: Vec<_> = complaints(tab).into_iter().filter(ended).collect();
            assert_eq!(said, Vec::<String>::new(), "the console is clean");
        }
        Ok(())
    })
    .await
}
