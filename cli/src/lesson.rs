//! `ws101 lesson N`: an example behind a tap, and the classroom's pages beside it on the same port.

mod desk;
mod example;
mod keys;
mod wire;
mod words;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::{Result, anyhow};
use clap::Args;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use ws101::address::Address;
use ws101::log;
use ws101::proxy::{Options, serve};

use desk::Desk;
use keys::Keys;
use wire::Wire;

use crate::class::{Change, Class, END, Files, Recorder, Server, site};
use crate::code;
use crate::exit::{Exit, interrupted};
use crate::lan;
use crate::lang::Lang;
use crate::pages::{self, PAGES, Page};
use crate::place::address;
use crate::program::{Program, READY};
use crate::request::{RequestOptions, Secrets};
use crate::tap::listen::Listen;
use crate::tap::output::Output;
use crate::tap::save::Save;
use crate::tap::words::summary;
use crate::tap::{LAST_EVENTS, dial, kept, tell};

/// How long the pages of the class may take to hear of the end; then their connections are cut.
const PAGES_END: Duration = Duration::from_secs(1);

/// Where the classroom is, unless another port is named.
const PORT: u16 = 8080;

/// Teach lesson N: its example, or your server, behind a tap, with a page that shows every frame.
///
/// Without a number it lists the lessons. Exit codes: 0 ended by a signal, 2 could not run.
#[derive(Args)]
pub struct LessonCommand {
    /// The number of the lesson
    number: Option<usize>,
    /// Your own server in place of the example: a command, or the address of a running one
    #[arg(long, value_name = "COMMAND|URL")]
    mine: Option<String>,
    /// Let the network in: phones of the same Wi-Fi scan the code that is shown
    #[arg(long)]
    lan: bool,
    /// The port of the classroom; by default that of the variable PORT, or 8080
    #[arg(long)]
    port: Option<u16>,
    /// Write the session into this file, which `ws101 play` plays. No frame is left out of it
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// End once everything is ready
    #[arg(long)]
    once: bool,
    /// The seed of all that is random in the faults
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// Read the classroom's files from this folder, anew for every request
    #[arg(long, value_name = "FOLDER")]
    page: Option<PathBuf>,
    /// The language of messages and of the lesson; by default that of LANG
    #[arg(long, value_enum)]
    lang: Option<Lang>,
}

/// The server of a lesson: how it is reached, and how it is changed.
struct Serving {
    server: Server,
    address: Address,
    keeper: Option<JoinHandle<()>>,
}

impl LessonCommand {
    pub async fn run(self) -> Result<Exit> {
        let lang = self.lang.unwrap_or_else(Lang::of_environment);
        let Some(number) = self.number else {
            list(lang);
            return Ok(Exit::Passed);
        };
        let page = Page::find(number).ok_or_else(|| anyhow!(pages::no_lesson(number, lang)))?;
        let ended = interrupted()?;
        tokio::pin!(ended);
        // The port first: nobody waits for a build to be told that it is taken.
        let listener = self.listen(lang).await?;
        let mut serving = tokio::select! {
            serving = self.serving(page, lang) => serving?,
            _ = &mut ended => return Ok(Exit::Passed),
        };
        let keeper = serving.keeper.take();
        let taught = self.teach(page, listener, &serving, lang, ended).await;
        if let Some(keeper) = keeper {
            // With it ends a server that has not stopped.
            keeper.abort();
            let _ = keeper.await;
        }
        taught.map(|()| Exit::Passed)
    }

    async fn listen(&self, lang: Lang) -> Result<TcpListener> {
        let set = std::env::var("PORT").ok().and_then(|port| port.parse().ok());
        let port = self.port.or(set).unwrap_or(PORT);
        let listen: Listen = port.to_string().parse().map_err(|error| anyhow!("{error}"))?;
        let listening = listen.bind(self.lan, lang).await;
        listening.map_err(|error| anyhow!("{error}; {}", words::other_port(lang)))
    }

    /// Starts the server, unless it runs elsewhere.
    async fn serving(&self, page: Page, lang: Lang) -> Result<Serving> {
        let command = match &self.mine {
            Some(mine) => match address(mine) {
                Ok(address) => {
                    let server = Server::elsewhere(address.to_string(), lang);
                    return Ok(Serving { server, address, keeper: None });
                }
                Err(_) => mine.clone(),
            },
            None => example::build(page.name, lang).await?,
        };
        let program = Program::start(&command, &[], READY, lang).await?;
        program.process.show();
        let port = program.place().socket.port();
        let name = if self.mine.is_some() { command } else { page.name.to_owned() };
        let (server, keeping) = Server::started(name, program, lang);
        let address = address(&format!("ws://127.0.0.1:{port}/ws"))?;
        Ok(Serving { server, address, keeper: Some(tokio::spawn(keeping)) })
    }

    fn class(&self, page: Page, port: u16, serving: &Serving, lang: Lang) -> Arc<Class> {
        let seed = self.seed.unwrap_or_else(|| rand::random_range(0..1_000_000));
        let files = self.page.clone().map_or(Files::Embedded, Files::Folder);
        let target = serving.address.target.clone();
        let ip = lan::address().filter(|_| self.lan);
        let join = ip.map(|ip| format!("http://{ip}:{port}/class/phone"));
        Class::new(page, target, serving.server.clone(), seed, files, join, lang)
    }

    fn outputs(
        &self,
        class: &Class,
        shows_frames: &Arc<AtomicBool>,
        lang: Lang,
    ) -> Result<Vec<Box<dyn Output>>> {
        let mut outputs: Vec<Box<dyn Output>> = vec![
            Box::new(Recorder::new(class.ring.clone())),
            Box::new(Wire::new(shows_frames.clone(), lang)),
        ];
        if let Some(file) = &self.save {
            let server = class.server.name();
            outputs.push(Box::new(Save::new(file, server, Secrets::default(), lang)?));
        }
        Ok(outputs)
    }

    /// Serves the classroom until a signal or a key, and tells what there was.
    async fn teach(
        &self,
        page: Page,
        listener: TcpListener,
        serving: &Serving,
        lang: Lang,
        ended: impl Future<Output = &'static str>,
    ) -> Result<()> {
        let port = listener.local_addr()?.port();
        let class = self.class(page, port, serving, lang);
        let shows_frames = Arc::new(AtomicBool::new(false));
        let mut outputs = self.outputs(&class, &shows_frames, lang)?;
        let options = Options {
            keep: kept(self.save.is_some()),
            is_lossless: self.save.is_some(),
            faults: class.faults.clone(),
            site: Some(site(&class)),
            ..Options::default()
        };
        let dial = dial(&RequestOptions::default(), &serving.address)?;
        let (mut events, totals, tap) = serve(listener, dial, options);
        let tap = tokio::spawn(tap);
        let mut keys = Keys::open().filter(|_| !self.once);
        self.welcome(&class, port, keys.is_some(), lang);
        let teacher = words::teacher_page(port, class.key.as_str());
        let own = serving.address.to_string();
        let mut desk = Desk::new(class.clone(), shows_frames, own, teacher, lang);
        if !self.once {
            tokio::select! {
                told = tell(&mut events, &mut outputs) => told?,
                () = desk.attend(&mut keys) => {}
                _ = ended => {}
            }
        }
        let goodbye = async {
            // Clients hear of the end by the server's own goodbye, which passes the tap.
            let _ = timeout(END, class.server.change(Change::Stop)).await;
            let _ = timeout(PAGES_END, class.end()).await;
        };
        tokio::select! {
            () = goodbye => {}
            told = tell(&mut events, &mut outputs) => told?,
        }
        tap.abort();
        let _ = timeout(LAST_EVENTS, tell(&mut events, &mut outputs)).await;
        for output in &mut outputs {
            output.end(&totals)?;
        }
        log!("# {}", summary(&totals, lang));
        if let Some(file) = &self.save {
            log!("# {}", words::saved(&file.display().to_string(), lang));
        }
        log::flush();
        Ok(())
    }

    fn welcome(&self, class: &Class, port: u16, has_keys: bool, lang: Lang) {
        log!("");
        log!("  {} · {}", class.page.number, class.page.title(lang));
        log!("");
        for line in words::pages(port, lang) {
            log!("{line}");
        }
        log!("{}", words::server(class.server.name(), port, &class.target, lang));
        // The key is for whoever reads this terminal; no log and no recording has it.
        let teacher = words::teacher_page(port, class.key.as_str());
        log!("{}", words::teacher(&teacher, lang));
        if self.lan {
            match &class.join {
                Some(join) => {
                    log!("{}", words::phones(join, lang));
                    log!("");
                    for line in code::lines(join) {
                        log!("  {line}");
                    }
                    log!("");
                    log!("{}", words::phone_help(lang));
                }
                None => log!("{}", words::no_network(lang)),
            }
        }
        log!("");
        if has_keys {
            log!("{}", words::keys(lang));
            log!("");
        }
    }
}

/// The lessons, each with its title.
fn list(lang: Lang) {
    for page in PAGES {
        log!("{:>3}  {}", page.number, page.title(lang));
    }
    log!("");
    log!("{}", words::how(lang));
    log::flush();
}
