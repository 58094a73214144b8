//! `ws101 doctor`: finds out why a WebSocket does not open.

use std::time::Duration;

use anyhow::Result;
use clap::Args;
use ws101::address::Address;
use ws101::doctor::{Diagnosis, Level, Target, examine};

use crate::exit::Exit;
use crate::lang::Lang;
use crate::output::print_lines;

/// Tell in one sentence why a WebSocket does not open, with the evidence; if it opens, which rules it keeps.
///
/// Exit codes: 0 it opens and keeps every rule it must, 1 it does not, 2 could not run.
#[derive(Args)]
pub struct Doctor {
    /// The address: <ws://localhost:8080/ws>
    url: Address,
    /// Send this Origin, as a page would: <https://example.com>
    #[arg(long)]
    origin: Option<String>,
    /// Offer these subprotocols, the preferred first, separated by commas
    #[arg(long, value_name = "NAMES")]
    subprotocols: Option<String>,
    /// Send nothing for this many seconds, to find out whether idle connections are closed
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    quiet: u32,
    /// How many seconds each step may take
    #[arg(long, alias = "patience", value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=600))]
    timeout: u32,
    /// The language of the report; by default that of LANG
    #[arg(long, value_enum)]
    lang: Option<Lang>,
}

impl Doctor {
    pub async fn run(self) -> Result<Exit> {
        let lang = self.lang.unwrap_or_else(Lang::of_environment);
        let target = Target {
            address: self.url,
            origin: self.origin,
            subprotocols: self.subprotocols,
            timeout: Duration::from_secs(self.timeout.into()),
            quiet: Duration::from_secs(self.quiet.into()),
        };
        let diagnosis = examine(&target).await;
        let sentence = sentence(&target, &diagnosis, lang);
        print_lines!("{sentence}");
        print_lines!("");
        for line in diagnosis.evidence.iter().flat_map(|line| line.lines()) {
            print_lines!("  {line}");
        }
        if !diagnosis.verdicts.is_empty() {
            print_lines!("\n{}", table(&diagnosis, lang));
        }
        Ok(match diagnosis.cause.is_none() && keeps_its_musts(&diagnosis) {
            true => Exit::Passed,
            false => Exit::Failed,
        })
    }
}

/// The one sentence.
pub fn sentence(target: &Target, diagnosis: &Diagnosis, lang: Lang) -> String {
    let told = match &diagnosis.cause {
        Some(cause) => lang.pick(cause.to_string(), cause.in_russian()),
        None if target.address.tls => {
            lang.pick("TLS is spoken there", "тут говорят по TLS").to_owned()
        }
        None => lang.pick("it opens and answers", "открывается и отвечает").to_owned(),
    };
    format!("{}: {told}", target.address)
}

fn keeps_its_musts(diagnosis: &Diagnosis) -> bool {
    let mut musts = diagnosis.verdicts.iter().filter(|verdict| verdict.rule.level == Level::Must);
    musts.all(|verdict| verdict.kept != Some(false))
}

/// One line for each rule of RFC 6455: whether it is kept, and what the server did.
fn table(diagnosis: &Diagnosis, lang: Lang) -> String {
    let line = |verdict: &ws101::doctor::RuleVerdict| {
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
