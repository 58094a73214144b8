//! `ws101 tap`: stands between clients and a server, and shows each handshake and each frame.

mod clock;
mod har;
pub mod json;
mod lanes;
pub mod lines;
pub mod listen;
pub mod output;
pub mod save;
pub mod terminal;
pub mod words;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use tokio::sync::mpsc;
use tokio::time::timeout;
use ws101::address::Address;
use ws101::fault::Rule;
use ws101::proxy::{Dial, Event, Faults, Options, Rewrite, What, serve};

use har::Har;
use json::Json;
use listen::Listen;
use output::Output;
use save::Save;
use terminal::Terminal;

use crate::exit::{Exit, interrupted};
use crate::form::Form;
use crate::lang::Lang;
use crate::output::print_error;
use crate::place::{address, connect};
use crate::request::{RequestOptions, head_without_secrets};

/// How long the server may take to accept a connection, TLS included.
const CONNECT: Duration = Duration::from_secs(10);

/// How long the last events may take after the end.
pub const LAST_EVENTS: Duration = Duration::from_secs(3);

/// How many bytes of each payload are kept for the terminal.
const KEEP: usize = 4 * 1024;

/// How many are kept for a file: a longer frame is in it by its length and digest.
const KEEP_IN_FILES: usize = 256 * 1024;

/// The faults, for the help.
const FAULTS: &str = "\
Faults; what a fault makes or changes is shown as a remark: [duplicate text] c1 >> text \"hi\"
  close CODE [\"REASON\"]  both sides get a close frame, and the connection ends
  reset                  both connections are reset, without a close frame
  silence                all is read and dropped, and TCP stays open
  cut BYTES              the connection ends after so many bytes, maybe inside a frame
  refuse 404|nothing     a request for a WebSocket gets this status, or no answer
  slow [BYTES]           so many bytes a second pass; 1024 if none are named
  split [BYTES]          bytes are sent in pieces of this size; 1 if none is named
  coalesce TIME          bytes wait for so long, and are sent together
  forge HEX              these bytes are sent once, as if by the side that `from` names
  drop KIND              frames are left out: text, binary, cont, close, ping, pong, or frame for all
  delay KIND TIME        they come later, such as by 5s or 300ms, and others overtake them
  duplicate KIND         they come twice
  reorder KIND           of each two, the second comes first
  flip KIND              one bit of the payload is turned, chosen by --seed
Behind each, in any order:
  from client|server     only what this side sends
  on c2, on /path        only this WebSocket, only those of this path
  after N                once N frames have passed
Such as: --fault 'delay pong 15s from client' --fault 'close 1001 on c2 after 10'";

/// Show every handshake and frame between clients and a server: point them at LISTEN instead.
///
/// Bytes are passed on unchanged, and first: looking at them delays no frame. The output is a
/// scenario, line by line: what stands there can be pasted into a .wst file and played. Ctrl-C ends
/// it with a summary. Exit codes: 0 ended by a signal, 2 could not run.
#[derive(Args)]
#[command(after_long_help = FAULTS)]
pub struct Tap {
    /// Where clients connect: a port of this computer, such as 9000, or ADDRESS:PORT
    listen: Listen,
    /// The server: <ws://localhost:8080/ws>. Pages of the same port pass, too
    #[arg(value_parser = address)]
    url: Address,
    /// Show the bytes of each frame: header, mask, payload
    #[arg(long)]
    hex: bool,
    /// Print events as JSON, one a line
    #[arg(long, conflicts_with = "hex")]
    json: bool,
    /// Write the session into this file, which `ws101 play` plays. No frame is left out of it: clients wait for it
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Write the session as an HTTP archive into this file, as Chrome does
    #[arg(long, value_name = "FILE")]
    har: Option<PathBuf>,
    /// Do this to connections: reset after 5, drop pong, refuse 404; it may come several times. --help lists all
    #[arg(long = "fault", value_name = "FAULT")]
    faults: Vec<Rule>,
    /// The seed of all that is random in the faults
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// Let the network in, not only this computer
    #[arg(long)]
    lan: bool,
    /// Send this Host to the server in place of the client's: example.com
    #[arg(long, value_name = "HOST", value_parser = host)]
    host: Option<String>,
    /// The language of messages; by default that of LANG
    #[arg(long, value_enum)]
    lang: Option<Lang>,
    #[command(flatten)]
    options: RequestOptions,
}

/// The value of a Host header.
fn host(text: &str) -> Result<String, Form> {
    let is_sound = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    let is_sound = is_sound && !text.contains('/');
    is_sound.then(|| text.to_owned()).ok_or_else(|| {
        Form::new(
            "write it as example.com or example.com:8443",
            "напишите как `example.com` или `example.com:8443`",
        )
    })
}

impl Tap {
    pub async fn run(self) -> Result<Exit> {
        let lang = self.lang.unwrap_or_else(Lang::of_environment);
        self.options.warn(lang);
        let dial = dial(&self.options, &self.url)?;
        let mut outputs = self.outputs(lang)?;
        let ended = interrupted()?;
        let seed = self.seed.unwrap_or_else(|| rand::random_range(0..1_000_000));
        let listener = self.listen.bind(self.lan, lang).await?;
        let at = listener.local_addr()?.to_string();
        let (mut events, totals, serving) = serve(listener, dial, self.proxy(seed));
        let server = self.url.at("").to_string();
        print_error(format_args!("{}", words::open(&at, &self.url.target, &server, lang)));
        if !self.faults.is_empty() {
            print_error(format_args!("{}", words::seed(seed, lang)));
        }
        if self.lan {
            print_error(format_args!("{}", words::lan(&at, lang)));
        }
        let serving = tokio::spawn(serving);
        let told = tokio::select! {
            told = tell(&mut events, &mut outputs) => told,
            _ = ended => Ok(()),
        };
        serving.abort();
        // The connections are cut, and what was seen of them until then still comes. An output that
        // fails keeps nothing from the others.
        let last = async { while tell(&mut events, &mut outputs).await.is_err() {} };
        let _ = timeout(LAST_EVENTS, last).await;
        let ended: Vec<_> = outputs.iter_mut().map(|output| output.end(&totals)).collect();
        told.and(ended.into_iter().collect()).map(|()| Exit::Passed)
    }

    fn proxy(&self, seed: u64) -> Options {
        let mut headers = self.options.all_headers();
        headers.extend(self.host.iter().map(|host| ("Host".to_owned(), host.clone())));
        let has_file = self.save.is_some() || self.har.is_some();
        Options {
            keep: kept(has_file),
            is_lossless: self.save.is_some(),
            rewrite: Rewrite::new(headers),
            faults: Faults::new(self.faults.clone(), seed),
            ..Options::default()
        }
    }

    fn outputs(&self, lang: Lang) -> Result<Vec<Box<dyn Output>>> {
        let secrets = self.options.secrets(Some(&self.url));
        let mut outputs: Vec<Box<dyn Output>> = Vec::new();
        if let Some(file) = &self.save {
            let server = self.url.at("").to_string();
            outputs.push(Box::new(Save::new(file, &server, secrets.clone(), lang)?));
        }
        if let Some(file) = &self.har {
            outputs.push(Box::new(Har::new(file, &self.url, lang)?));
        }
        outputs.push(match self.json {
            true => Box::new(Json::new(secrets)),
            false => Box::new(Terminal::new(self.hex, secrets, lang)),
        });
        Ok(outputs)
    }
}

/// Connects to the server once for each connection of a client.
pub fn dial(options: &RequestOptions, server: &Address) -> Result<Dial> {
    let (route, server) = (options.route()?, server.clone());
    Ok(Arc::new(move || {
        let (route, server) = (route.clone(), server.clone());
        Box::pin(async move { Ok(connect(&route, &server, CONNECT).await?.1) })
    }))
}

/// How many bytes of each payload are kept.
pub fn kept(has_file: bool) -> usize {
    if has_file { KEEP_IN_FILES } else { KEEP }
}

/// Tells all outputs each event, without the secrets of its head, until the last event or until one
/// of them fails.
pub async fn tell(
    events: &mut mpsc::Receiver<Event>,
    outputs: &mut [Box<dyn Output>],
) -> Result<()> {
    while let Some(mut event) = events.recv().await {
        if let What::Request { head, .. } | What::Answer { head, .. } = &mut event.what {
            *head = head_without_secrets(head).into();
        }
        let mut told = Ok(());
        for output in outputs.iter_mut() {
            told = told.and(output.event(&event));
        }
        told?;
    }
    Ok(())
}
