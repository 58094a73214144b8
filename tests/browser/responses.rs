//! Which answers to an opening handshake a browser opens a WebSocket by, and which we do.

#[path = "../odd101/mod.rs"]
mod odd101;
#[path = "../odd101/server.rs"]
mod server;

use std::collections::BTreeMap;
use std::sync::PoisonError;

use anyhow::{Context, Result, ensure};
use odd101::{OFFERED, cases};
use serde_json::json;
use server::{HELLO, serve};
use ws101::client::{Asked, ResponseFault, judge_response};

use crate::in_browser;

#[tokio::test]
async fn we_open_and_refuse_what_a_browser_opens_and_refuses() -> Result<()> {
    in_browser(async |browser| {
        let (address, exchanges) = serve().await;
        let tab = browser.open(&format!("http://{address}/")).await?;
        let cases = cases();
        let offers: Vec<_> = cases
            .iter()
            .map(|case| if case.offers { OFFERED.to_vec() } else { Vec::new() })
            .collect();
        let script = format!(
            "(async () => {{
                const one = (path, offered) => new Promise((told) => {{
                    const socket = new WebSocket(`ws://${{location.host}}/${{path}}`, offered);
                    let said = null;
                    socket.onmessage = ({{ data }}) => {{ said = data; socket.close(); }};
                    socket.onclose = () => told(said);
                }});
                const said = [];
                for (const [path, offered] of {}.entries()) said.push(await one(path, offered));
                return said;
            }})()",
            json!(offers)
        );
        let said = tab.eval(&script).await?;
        let said = said.as_array().context("no answers")?;
        let exchanges = exchanges.lock().unwrap_or_else(PoisonError::into_inner);
        let exchanges: BTreeMap<_, _> =
            exchanges.iter().map(|(number, request, head)| (*number, (request, head))).collect();
        ensure!(said.len() == cases.len() && exchanges.len() == cases.len(), "not all were asked");
        let mut wrong = Vec::new();
        for (number, (case, said)) in cases.iter().zip(said).enumerate() {
            let opens = said.as_str() == Some(HELLO);
            let (request, head) = exchanges[&number];
            let faults = judge_response(&Asked::of(request), head);
            let ours = !faults.iter().any(ResponseFault::is_fatal);
            if opens != case.opens || ours != case.is_sound() {
                let head = &case.head;
                wrong.push(format!("Chromium opens: {opens}, we: {ours} {faults:?}\n{head:?}"));
            }
        }
        ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
        Ok(())
    })
    .await
}
