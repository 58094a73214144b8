//! The page of `full_chat` through a proxy: the page works, and the proxy sees what the browser tells of its
//! messages, and the control frames that the browser hides.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::net::TcpListener;
use tokio::time::timeout;
use ws101::client::{Connection, connect};
use ws101::frame::{Opcode, Role};
use ws101::proxy::{Dial, Options, What, serve};

use crate::in_browser;
use crate::person::{ENGLISH, LAPTOP, Person, RUSSIAN};
use crate::server::Server;

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_proxy_sees_what_the_browser_tells_and_what_it_hides() -> Result<()> {
    in_browser(async |browser| {
        // Pings soon, so that there is something to hide.
        let settings = [("PORT", "0"), ("PORT_004", "0"), ("WS_HEARTBEAT_MS", "300")];
        let server = Server::example("full_chat", &settings).await;
        let to = server.address;
        let dial: Dial = Arc::new(move || {
            Box::pin(
                async move { Ok(Box::new(connect(to, PATIENCE).await?) as Box<dyn Connection>) },
            )
        });
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let at = listener.local_addr()?;
        let (mut events, _, serving) =
            serve(listener, dial, Options { is_lossless: true, ..Options::default() });
        tokio::spawn(serving);
        let reading = tokio::spawn(async move {
            let (mut seen, mut ended) = (Vec::new(), 0);
            while ended < 2
                && let Some(event) = events.recv().await
            {
                let is_end = matches!(event.what, What::Ended { sender: Role::Server, .. });
                ended += usize::from(is_end && event.socket > 0);
                seen.push(event);
            }
            seen
        });

        let anna = Person::enter(browser, at, "Anna", &ENGLISH, LAPTOP).await?;
        let boris = Person::enter(browser, at, "Борис", &RUSSIAN, LAPTOP).await?;
        let said = [("Anna", "through the proxy"), ("Борис", "вижу 👋")];
        anna.say(said[0].1).await?;
        boris.sees(&said[..1]).await?;
        boris.say(said[1].1).await?;
        anna.sees(&said).await?;
        ensure!(anna.tab.console().is_empty(), "{:#?}", anna.tab.console());
        // A page that is left closes its connection, and then Chromium tells no more.
        anna.tab.go("about:blank").await?;
        boris.tab.go("about:blank").await?;
        let seen = timeout(PATIENCE, reading).await.context("both WebSockets end")??;

        for (socket, person) in [(1, &anna), (2, &boris)] {
            let mut messages = Vec::new();
            let mut hidden = Vec::new();
            for event in seen.iter().filter(|event| event.socket == socket) {
                let What::Frame { sender, frame, violation, .. } = &event.what else { continue };
                ensure!(violation.is_none(), "{event:?}");
                ensure!(frame.header.mask.is_some() == (*sender == Role::Client), "{event:?}");
                match frame.header.opcode {
                    Opcode::Text => {
                        let text = String::from_utf8(frame.payload.to_vec())?;
                        messages.push((*sender == Role::Client, text));
                    }
                    opcode => hidden.push((*sender, opcode)),
                }
            }
            let told = person.tab.messages();
            ensure!(!told.is_empty() && told.len() <= messages.len(), "{told:#?}");
            // The two directions have no order between them.
            for is_sent in [true, false] {
                let of = |all: &[(bool, String)]| -> Vec<String> {
                    let mine = all.iter().filter(|(sent, _)| *sent == is_sent);
                    mine.map(|(_, text)| text.clone()).collect()
                };
                let (told, seen) = (of(&told), of(&messages));
                ensure!(seen.starts_with(&told), "{told:#?}\n{seen:#?}");
            }
            for (sender, opcode) in [
                (Role::Server, Opcode::Ping),
                (Role::Client, Opcode::Pong),
                (Role::Client, Opcode::Close),
            ] {
                ensure!(hidden.contains(&(sender, opcode)), "{sender:?} {opcode}: {hidden:?}");
            }
        }
        let pages = seen.iter().filter(|event| event.socket == 0);
        let pages = pages.filter(|event| matches!(event.what, What::Answer { .. })).count();
        ensure!(pages >= 10, "{pages} pages and scripts");
        Ok(())
    })
    .await
}
