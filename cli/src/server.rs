//! The server of one `play` or `record`: a running one, or one that is started for it.

use std::io;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use ws101::address::Address;
use ws101::scenario::{Note, Scenario};
use ws101::transcript::Transcript;

use crate::attempt::{Attempt, death_at, death_of};
use crate::exit::interrupted;
use crate::lang::Lang;
use crate::listeners::Listeners;
use crate::notes::noted;
use crate::place::Place;
use crate::program::{Program, READY};
use crate::request::RequestOptions;

/// The server that a scenario is played against.
pub struct ServerUnderTest {
    command: Option<String>,
    /// The variables of its environment that `@env` notes set.
    settings: Vec<(String, String)>,
    options: RequestOptions,
    place: Option<Place>,
    program: Option<Program>,
    /// The language of its sentences.
    pub lang: Lang,
}

impl ServerUnderTest {
    /// The server at `url`, or the one that `command` starts; the caller gives one of the two.
    ///
    /// # Errors
    ///
    /// Nobody listens at `url`, or a note of the scenario cannot be done with this server.
    pub async fn find(
        url: Option<&Address>,
        command: Option<&str>,
        options: &RequestOptions,
        scenario: &Scenario,
        lang: Lang,
    ) -> Result<Self> {
        for note in noted(scenario) {
            possible(note, command.is_some(), lang)?;
        }
        ensure!(
            !scenario.notes.contains(&Note::SignalTerm),
            lang.pick(
                "@signal TERM belongs below the title of the step that it precedes",
                "@signal TERM пишут под заголовком шага, перед которым нужен сигнал",
            )
        );
        let settings = noted(scenario).filter_map(|note| match note {
            Note::Env(name, value) => Some((name.clone(), value.clone())),
            _ => None,
        });
        let settings = settings.collect();
        if command.is_some() {
            options.refuse_way(lang)?;
        }
        options.warn(lang);
        let place = match url {
            Some(url) => Some(Place::find(url, options, lang).await?),
            None => None,
        };
        Ok(Self {
            command: command.map(str::to_owned),
            settings,
            options: options.clone(),
            place,
            program: None,
            lang,
        })
    }

    /// Plays a scenario once. A server with a command is restarted first, so that it has no state.
    pub async fn play(&mut self, scenario: &Scenario, late: Duration) -> Result<Attempt> {
        let place = self.restart().await?;
        Ok(match &mut self.program {
            Some(program) => Attempt::with(program, &place, scenario, late, self.lang).await,
            None => Attempt::elsewhere(&place, scenario, late, self.lang).await,
        })
    }

    /// A new transcript. A server with a command is restarted first, so that it has no state.
    pub async fn transcript(&mut self) -> io::Result<Transcript> {
        let restarted = self.restart().await;
        let place = restarted.map_err(|error| io::Error::other(format!("{error:#}")))?;
        Ok(place.transcript())
    }

    /// Restarts a server with a command; gives the place of the server.
    async fn restart(&mut self) -> Result<Place> {
        self.end().await;
        if let Some(command) = &self.command {
            let settings: Vec<_> =
                self.settings.iter().map(|(name, value)| (&**name, &**value)).collect();
            let program = Program::start(command, &settings, READY, self.lang).await?;
            self.place = Some(program.place().asking(&self.options));
            self.program = Some(program);
        }
        self.place.clone().context("there is no server")
    }

    /// The last lines on standard error of a server that was started here; if it has exited, of all its
    /// output.
    pub async fn tail(&mut self) -> Option<String> {
        let words = self.program.as_mut()?.tail(self.lang).await;
        (!words.is_empty()).then_some(words)
    }

    /// The processes that listen now, if the server was started here.
    pub fn listeners(&self) -> Option<Listeners> {
        self.program.as_ref().map(Program::listeners)
    }

    /// Asks a server that was started here to end.
    pub fn terminate(&mut self) {
        if let Some(program) = &mut self.program {
            program.process.terminate();
        }
    }

    /// The sentence about a server that serves nobody any more after what `transcript` shows.
    ///
    /// `listened` are the processes that listened before; `None` after [`terminate`](Self::terminate). A
    /// server that was started here is watched for `late` more.
    pub async fn death(
        &mut self,
        listened: Option<&Listeners>,
        transcript: &Transcript,
        late: Duration,
    ) -> Option<String> {
        let place = self.place.as_ref()?;
        let death = match (&mut self.program, listened) {
            (Some(program), Some(listened)) => {
                death_of(program, place, listened, transcript, late).await
            }
            // It was asked to end.
            (Some(_), None) => None,
            (None, _) => death_at(place, transcript).await,
        };
        death.map(|death| death.told(transcript, self.lang))
    }

    /// Does `act`, and stops the started server afterwards, also after an error or a signal.
    pub async fn with<T>(mut self, act: impl AsyncFnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let (interrupt, lang) = (interrupted()?, self.lang);
        let outcome = tokio::select! {
            outcome = act(&mut self) => outcome,
            signal = interrupt => Err(anyhow!(lang.interrupted(signal))),
        };
        self.end().await;
        outcome
    }

    async fn end(&mut self) {
        if let Some(program) = self.program.take() {
            program.process.stop().await;
        }
    }
}

/// Whether a note can be done with a server that is started here, or with one that runs already.
fn possible(note: &Note, is_started: bool, lang: Lang) -> Result<()> {
    match note {
        Note::Client(_) => Err(anyhow!(lang.pick(
            format!("{note} is for `ws101 check --client`: there is no client to try here"),
            format!("{note} нужен для `ws101 check --client`: клиента здесь нет"),
        ))),
        Note::Env(..) | Note::SignalTerm | Note::Exits(..) if !is_started => {
            Err(anyhow!(lang.pick(
                format!("{note} needs --cmd: the process of a running server is not known here"),
                format!("{note} требует --cmd: процесс уже запущенного сервера здесь неизвестен"),
            )))
        }
        _ => Ok(()),
    }
}
