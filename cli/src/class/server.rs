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

/// An order to the task that has the process.
#[derive(Debug)]
enum Order {
    Change(Change),
    /// Starts this command in the server's place.
    Replace(String),
    /// Starts the right server, if another runs in its place.
    Mend,
}

/// Whether the server runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Running,
    /// One with a mistake runs in its place.
    Broken,
    Stopped,
}

impl State {
    /// Its name for pages.
    pub fn code(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Broken => "broken",
            Self::Stopped => "stopped",
        }
    }
}

type Asked = (Order, oneshot::Sender<Result<State>>);

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
        let right = program.process.command().to_owned();
        let keeper = Keeper { program, right, state, lang };
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
        self.order(Order::Change(change)).await
    }

    /// Starts `command` in its place, on the same port; gives the state afterwards.
    ///
    /// # Errors
    ///
    /// It was not started here, or the command does not listen.
    pub async fn replace(&self, command: String) -> Result<State> {
        self.order(Order::Replace(command)).await
    }

    /// Starts the right server again, if another one is in its place.
    ///
    /// # Errors
    ///
    /// It does not start.
    pub async fn mend(&self) -> Result<State> {
        match self.to {
            Some(_) => self.order(Order::Mend).await,
            None => Ok(self.state()),
        }
    }

    async fn order(&self, order: Order) -> Result<State> {
        let Some(to) = &self.to else {
            bail!(self.lang.pick(
                "this server was not started here, so it is not stopped here",
                "этот сервер запущен не здесь, поэтому и остановить его отсюда нельзя",
            ));
        };
        let (answer, changed) = oneshot::channel();
        to.try_send((order, answer)).map_err(|_| anyhow!(self.busy()))?;
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
    /// The command of the right server.
    right: String,
    state: watch::Sender<State>,
    lang: Lang,
}

impl Keeper {
    async fn run(mut self, mut asked: mpsc::Receiver<Asked>) {
        loop {
            let is_running = self.is_running();
            tokio::select! {
                next = asked.recv() => {
                    let Some((order, answer)) = next else { break };
                    let changed = self.obey(order).await;
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

    fn is_running(&self) -> bool {
        *self.state.borrow() != State::Stopped
    }

    async fn obey(&mut self, order: Order) -> Result<State> {
        match order {
            Order::Change(change) => self.change(change).await,
            Order::Replace(command) => self.replace(command).await,
            Order::Mend if self.program.process.command() == self.right => Ok(*self.state.borrow()),
            Order::Mend => self.replace(self.right.clone()).await,
        }
    }

    async fn replace(&mut self, command: String) -> Result<State> {
        if self.is_running() {
            self.program.process.halt().await;
            self.state.send_replace(State::Stopped);
        }
        self.start(&command).await
    }

    async fn start(&mut self, command: &str) -> Result<State> {
        self.program = self.program.start_again(command, self.lang).await?;
        self.program.process.show();
        let is_right = command == self.right;
        let state = if is_right { State::Running } else { State::Broken };
        self.state.send_replace(state);
        Ok(state)
    }

    async fn change(&mut self, change: Change) -> Result<State> {
        let is_running = self.is_running();
        match change {
            Change::Stop | Change::Restart if is_running => self.program.process.halt().await,
            Change::Kill if is_running => self.program.process.kill().await,
            _ => {}
        }
        if is_running && change != Change::Start {
            self.state.send_replace(State::Stopped);
        }
        if change == Change::Restart || (change == Change::Start && !is_running) {
            let command = self.program.process.command().to_owned();
            return self.start(&command).await;
        }
        Ok(*self.state.borrow())
    }
}

/// How long the keeper may take to stop the server at the end.
pub const END: Duration = Duration::from_secs(5);
