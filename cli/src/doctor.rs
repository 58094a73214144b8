//! `ws101 doctor`: finds out why a WebSocket does not open.

mod classroom;
mod firewall;
mod machine;
mod neighbours;
mod sighting;

use std::net::IpAddr;
use std::time::Duration;

use anyhow::{Result, anyhow};
use clap::Args;
use ws101::address::Address;
use ws101::doctor::{Diagnosis, Level, Page, Target, examine};

use crate::exit::Exit;
use crate::form::Form;
use crate::lang::Lang;
use crate::output::{print_document, print_lines};
use crate::place::address;
use crate::request::RequestOptions;

/// Tell in one sentence why a WebSocket does not open, with the evidence; if it opens, which rules it keeps.
///
/// Exit codes: 0 it opens and keeps every rule it must, 1 it does not, 2 could not run.
#[derive(Args)]
pub struct Doctor {
    /// The address: <ws://localhost:8080/ws>
    #[arg(value_parser = address, required_unless_present = "class")]
    url: Option<Address>,
    /// Before a class: show a code that a phone scans, and say whether it gets through, or why not
    #[arg(long, conflicts_with_all = ["url", "page", "quiet", "json"])]
    class: bool,
    /// With --class, the port; by default that of the variable PORT, or 8080
    #[arg(long, requires = "class")]
    port: Option<u16>,
    /// With --class, the one address of this computer to listen on, and to put into the code
    #[arg(long, value_name = "ADDRESS", requires = "class")]
    on: Option<IpAddr>,
    /// The page that opens it: whether a browser lets the page, by mixed content, its policy, and where it is
    #[arg(long, value_name = "URL", value_parser = page)]
    page: Option<Page>,
    /// Send nothing for this many seconds, to find out whether idle connections are closed
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    quiet: u32,
    /// How many seconds each step may take
    #[arg(long, alias = "patience", value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=600))]
    timeout: u32,
    /// The language of the report; by default that of LANG
    #[arg(long, value_enum)]
    lang: Option<Lang>,
    /// Print one JSON object instead of lines
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    options: RequestOptions,
}

/// The address of a page, as browsers take it.
fn page(text: &str) -> Result<Page, Form> {
    let is_page = ["http:", "https:"].iter().any(|scheme| {
        text.trim_start()
            .get(..scheme.len())
            .is_some_and(|front| front.eq_ignore_ascii_case(scheme))
    });
    if !is_page {
        return Err(Form::new(
            "write the page as a browser shows it: https://example.com/chat",
            "укажите страницу так, как её показывает браузер: https://example.com/chat",
        ));
    }
    Ok(Page { address: address(text.split('#').next().unwrap_or(text))? })
}

impl Doctor {
    pub async fn run(self) -> Result<Exit> {
        let lang = self.lang.unwrap_or_else(Lang::of_environment);
        let step = Duration::from_secs(self.timeout.into());
        if self.class {
            return classroom::examine(self.port, self.on, step, lang).await;
        }
        self.options.warn(lang);
        let url = self.url.as_ref().ok_or_else(|| anyhow!("no address"))?;
        let target = Target {
            address: url.clone(),
            page: self.page.clone(),
            origin: self.options.origin.clone().or(self.page.as_ref().map(Page::origin)),
            subprotocols: self.options.subprotocols.clone(),
            headers: self.options.headers(),
            route: self.options.route()?,
            timeout: step,
            quiet: Duration::from_secs(self.quiet.into()),
        };
        let diagnosis = examine(&target).await;
        let secrets = self.options.secrets(Some(url));
        if self.json {
            let url = target.address.to_string();
            let document = machine::document(&url, &diagnosis, lang, &secrets);
            print_document(&format!("{document}\n"));
        } else {
            print_lines!("{}", secrets.hide(&sentence(&target, &diagnosis, lang)));
            print_lines!("");
            for step in &diagnosis.evidence {
                for line in lang.evidence(step).lines() {
                    print_lines!("  {}", secrets.hide(line));
                }
            }
            if !diagnosis.verdicts.is_empty() {
                print_lines!("\n{}", table(&diagnosis, lang));
            }
        }
        Ok(match diagnosis.is_well() {
            true => Exit::Passed,
            false => Exit::Failed,
        })
    }
}

/// The one sentence, behind the address.
pub fn sentence(target: &Target, diagnosis: &Diagnosis, lang: Lang) -> String {
    format!("{}: {}", target.address, lang.diagnosis(diagnosis))
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
        format!("  {mark} {level} {:6} {text} ({})", rule.section, lang.reaction(verdict.seen))
    };
    let lines: Vec<_> = diagnosis.verdicts.iter().map(line).collect();
    format!("RFC 6455\n{}", lines.join("\n"))
}
