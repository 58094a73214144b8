//! `--accept`: writes what the server does in place of the lines that differ.

use std::time::Duration;

use anyhow::{Result, anyhow};
use ws101::scenario::{Action, Difference, Item, Note, Scenario, ScenarioLine};

use super::Play;
use crate::exit::Exit;
use crate::lang::Lang;
use crate::output::print_lines;
use crate::recorded::Recorded;
use crate::scenario_file::{read, write};
use crate::server::ServerUnderTest;

/// How often a step is taken over: with the lines that were loosened by hand, then as it was recorded.
const TRIES: usize = 2;

impl Play {
    /// Takes over what differs, step by step, and keeps every line that fits.
    pub(super) async fn accept(
        &self,
        scenario: &Scenario,
        difference: &Difference,
        server: &mut ServerUnderTest,
        lang: Lang,
    ) -> Result<Exit> {
        let recording = scenario.record_with(&mut Recorded::new(server, &self.any)).await;
        let recording = recording.map_err(|why| self.refused(lang, &lang.unrecorded(&why)))?;
        let recorded = recording.scenario;
        let mut accepted = scenario.clone();
        let quiet = recording.quiet.map(Note::Quiet);
        accepted.notes.extend(quiet.filter(|quiet| !scenario.notes.contains(quiet)));
        let mut difference = difference.clone();
        for _ in 0..TRIES * scenario.steps.len() {
            let at = difference.step;
            let kept = accepted.clone().with_step_of(&recorded, at);
            if kept != accepted {
                accepted = kept;
            } else if let (Some(step), Some(new)) =
                (accepted.steps.get_mut(at), recorded.steps.get(at))
            {
                step.lines.clone_from(&new.lines);
            }
            let attempt = server.play(&accepted, Duration::ZERO).await?;
            match (attempt.fault, attempt.played.difference) {
                (Some(fault), _) => return Err(self.refused(lang, &fault)),
                (None, Some(next)) => difference = next,
                (None, None) => {
                    let accepted = asking_as(accepted, &read(&self.file, lang)?);
                    let text = self.options.secrets(self.url.as_ref()).hide(&accepted.to_string());
                    write(&self.file, &text, lang)?;
                    let file = self.file.display();
                    let told = lang.pick(
                        format!("accepted: {file} is what the server does"),
                        format!("принято: {file} — то, что делает сервер"),
                    );
                    print_lines!("{told}");
                    return Ok(Exit::Passed);
                }
            }
        }
        let why = lang.difference(&difference);
        Err(self.refused(
            lang,
            &lang.pick(
                format!("played again, it differs\n{why}"),
                format!("при повторе есть отличие\n{why}"),
            ),
        ))
    }

    /// The error for a scenario that stays as it is, without secrets.
    fn refused(&self, lang: Lang, why: &str) -> anyhow::Error {
        let why = self.options.secrets(self.url.as_ref()).hide(why);
        anyhow!("{}: {why}", lang.pick("not accepted", "не принято"))
    }
}

/// `accepted` with the requests of `file`, because `--url` has changed their paths.
fn asking_as(mut accepted: Scenario, file: &Scenario) -> Scenario {
    let is_request = |line: &ScenarioLine| matches!(line.item, Item::Action(_, Action::Ask(_)));
    for (step, of_file) in accepted.steps.iter_mut().zip(&file.steps) {
        let requests = of_file.lines.iter().filter(|line| is_request(line));
        let asked = step.lines.iter_mut().filter(|line| is_request(line));
        asked.zip(requests).for_each(|(asked, request)| asked.item = request.item.clone());
    }
    accepted
}
