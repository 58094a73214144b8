//! The doctor's report for programs: one JSON object.

use serde_json::{Value, json};
use ws101::doctor::{Diagnosis, Level, RuleVerdict};
use ws101::escape::Lines;

use crate::lang::Lang;
use crate::request::Secrets;

/// The version of the form. It rises when a field is renamed or removed.
const VERSION: u32 = 1;

/// `version`, `status`, `url`, `message`, `cause`, the `evidence` and the `rules`, without the secrets.
pub fn document(url: &str, diagnosis: &Diagnosis, lang: Lang, secrets: &Secrets) -> Value {
    let text = |text: &str| secrets.hide(&Lines(text).to_string());
    let cause = diagnosis.cause.as_ref().map(|cause| {
        json!({
            "id": cause.id(),
            "english": text(&cause.to_string()),
            "russian": text(&cause.in_russian()),
        })
    });
    let steps = diagnosis.evidence.iter().map(|step| lang.evidence(step));
    let lines: Vec<_> =
        steps.flat_map(|step| step.lines().map(&text).collect::<Vec<_>>()).collect();
    let rules: Vec<_> = diagnosis.verdicts.iter().map(|verdict| rule(verdict, lang)).collect();
    json!({
        "version": VERSION,
        "status": status(Some(diagnosis.is_well())),
        "url": text(url),
        "message": text(&lang.diagnosis(diagnosis)),
        "cause": cause,
        "evidence": lines,
        "rules": rules,
    })
}

fn rule(verdict: &RuleVerdict, lang: Lang) -> Value {
    let rule = verdict.rule;
    json!({
        "name": lang.pick(rule.english, rule.russian),
        "rfc": rule.section,
        "level": match rule.level {
            Level::Must => "MUST",
            Level::Should => "SHOULD",
        },
        "status": status(verdict.kept),
        "seen": lang.reaction(verdict.seen),
    })
}

/// The words of `check --json`, and `unknown` for a test without an answer.
fn status(is_good: Option<bool>) -> &'static str {
    match is_good {
        Some(true) => "pass",
        Some(false) => "fail",
        None => "unknown",
    }
}
