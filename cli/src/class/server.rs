//! The server of a class, which the teacher stops, kills and starts again.

use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use tokio::sync::{mpsc, oneshot, watch};
use ws101::serde::Deserialize;

use crate::lang::Lang;
use crate::program::Program;

/// The most changes that wait for one another.
const WAITING: usize = 4;

/// Something that is done to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(crate = "ws101::serde", rename_all = "lowercase")]
pub enum Change {
    /// SIGTERM: it may say goodbye.
    Stop,
    /// SIGKILL.
    Kill,
    Start,
    /// Stops it and starts it again.
    Restart,
}

/// Whether the server runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Running,
    Stopped,
}

impl State {
    /// Its name for pages.
    pub fn code(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Stopped => "stopped",
        }
    }
}

type Asked = (Change, oneshot::Sender<Result<State>>);

/// A server of a class. Its clones are the same server.
#[derive(Clone)]
pub struct Server {
    name: String,
    state: watch::Receiver<State>,
    /// `None` if it was not started here.
    to: Option<mpsc::Sender<Asked>>,
    lang: Lang,
}

impl Server {
    /// A server that runs already; `name` is its address.
    pub fn elsewhere(name: String, lang: Lang) -> Self {
        Self { name, state: watch::channel(State::Running).1, to: None, lang }
    }

    /// A server that was started here, and the future that keeps it: it ends the server when it is dropped.
    pub fn started(
        name: String,
        program: Program,
        lang: Lang,
    ) -> (Self, impl Future<Output = ()> + Send) {
        let (to, asked) = mpsc::channel(WAITING);
        let (state, states) = watch::channel(State::Running);
        let keeper = Keeper { program, state, lang };
        (Self { name, state: states, to: Some(to), lang }, keeper.run(asked))
    }

    /// Its address, or its command.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn state(&self) -> State {
        *self.state.borrow()
    }

    /// Tells of each change of the state.
    pub fn states(&self) -> watch::Receiver<State> {
        self.state.clone()
    }

    /// Changes it, one change after another; gives the state afterwards.
    ///
    /// # Errors
    ///
    /// It was not started here, or it does not start.
    pub async fn change(&self, change: Change) -> Result<State> {
        let Some(to) = &self.to else {
            bail!(self.lang.pick(
                "this server was not started here, so it is not stopped here",
                "этот сервер запущен не здесь, поэтому и остановить его отсюда нельзя",
            ));
        };
        let (answer, changed) = oneshot::channel();
        to.try_send((change, answer)).map_err(|_| anyhow!(self.busy()))?;
        changed.await.context(self.busy())?
    }

    fn busy(&self) -> &'static str {
        self.lang.pick(
            "the server is being changed already",
            "сервер уже останавливается или запускается",
        )
    }
}

/// The task that has the process.
struct Keeper {
    program: Program,
    state: watch::Sender<State>,
    lang: Lang,
}

impl Keeper {
    async fn run(mut self, mut asked: mpsc::Receiver<Asked>) {
        loop {
            let is_running = *self.state.borrow() == State::Running;
            tokio::select! {
                next = asked.recv() => {
                    let Some((change, answer)) = next else { break };
                    let changed = self.change(change).await;
                    // An error means that the page that asked is gone.
                    let _ = answer.send(changed);
                }
                // It has ended by itself.
                () = self.program.process.end(), if is_running => {
                    self.state.send_replace(State::Stopped);
                }
            }
        }
        self.program.process.stop().await;
    }

    async fn change(&mut self, change: Change) -> Result<State> {
        let is_running = *self.state.borrow() == State::Running;
        match change {
            Change::Stop | Change::Restart if is_running => self.program.process.halt().await,
            Change::Kill if is_running => self.program.process.kill().await,
            _ => {}
        }
        if is_running && change != Change::Start {
            self.state.send_replace(State::Stopped);
        }
        if change == Change::Restart || (change == Change::Start && !is_running) {
            self.program = self.program.start_again(self.lang).await?;
            self.program.process.show();
            self.state.send_replace(State::Running);
        }
        Ok(*self.state.borrow())
    }
}

/// How long the keeper may take to stop the server at the end.
pub const END: Duration = Duration::from_secs(5);
