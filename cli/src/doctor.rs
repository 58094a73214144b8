//! `ws101 doctor`: why a WebSocket does not open.

use std::time::Duration;

use anyhow::Result;
use clap::Args;
use ws101::address::Address;
use ws101::doctor::{Diagnosis, Level, Patient, examine};
use ws101::escape::Lines;

use crate::{Lang, Verdict};

/// Say in one sentence why a WebSocket does not open, with the evidence; or which rules it keeps.
///
/// Exit codes: 0 it opens and keeps every rule it must, 1 it does not, 2 could not run.
#[derive(Args)]
pub struct Doctor {
    /// Where it should be: <ws://localhost:8080/ws>
    url: Address,
    /// Come as a page of this origin, such as <https://example.com>
    #[arg(long)]
    origin: Option<String>,
    /// Offer these subprotocols, the preferred first, with commas between
    #[arg(long, value_name = "NAMES")]
    subprotocols: Option<String>,
    /// Be silent for so many seconds, to find out who ends idle connections
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    quiet: u32,
    /// How many seconds each step may take
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=600))]
    patience: u32,
    /// The language of the report; else as LANG says
    #[arg(long, value_enum)]
    lang: Option<Lang>,
}

impl Doctor {
    pub async fn run(self) -> Result<Verdict> {
        let lang = self.lang.unwrap_or_else(Lang::of_environment);
        let patient = Patient {
            address: self.url,
            origin: self.origin,
            subprotocols: self.subprotocols,
            patience: Duration::from_secs(self.patience.into()),
            quiet: Duration::from_secs(self.quiet.into()),
        };
        let diagnosis = examine(&patient).await;
        println!("{}", Lines(&sentence(&patient, &diagnosis, lang)));
        println!();
        for line in diagnosis.evidence.iter().flat_map(|line| line.lines()) {
            println!("  {}", Lines(line));
        }
        if !diagnosis.verdicts.is_empty() {
            println!("\n{}", table(&diagnosis, lang));
        }
        Ok(match diagnosis.cause.is_none() && keeps_its_musts(&diagnosis) {
            true => Verdict::Passed,
            false => Verdict::Failed,
        })
    }
}

/// The one sentence.
pub fn sentence(patient: &Patient, diagnosis: &Diagnosis, lang: Lang) -> String {
    let told = match &diagnosis.cause {
        Some(cause) => lang.pick(cause.to_string(), cause.in_russian()),
        None if patient.address.tls => {
            lang.pick("TLS is spoken there", "тут говорят по TLS").to_owned()
        }
        None => lang.pick("it opens and answers", "открывается и отвечает").to_owned(),
    };
    format!("{}: {told}", patient.address)
}

fn keeps_its_musts(diagnosis: &Diagnosis) -> bool {
    let mut musts = diagnosis.verdicts.iter().filter(|verdict| verdict.rule.level == Level::Must);
    musts.all(|verdict| verdict.kept != Some(false))
}

/// Which rules of RFC 6455 are kept, a line each; what breaks one is said behind it.
fn table(diagnosis: &Diagnosis, lang: Lang) -> String {
    let line = |verdict: &ws101::doctor::Verdict| {
        let rule = verdict.rule;
        let mark = match verdict.kept {
            Some(true) => "ok  ",
            Some(false) => "FAIL",
            None => "?   ",
        };
        let level = match rule.level {
            Level::Must => "MUST  ",
            Level::Should => "SHOULD",
        };
        let text = lang.pick(rule.english, rule.russian);
        format!("  {mark} {level} {:6} {text} ({})", rule.section, verdict.seen)
    };
    let lines: Vec<_> = diagnosis.verdicts.iter().map(line).collect();
    format!("RFC 6455\n{}", lines.join("\n"))
}
