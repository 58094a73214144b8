//! The same report for programs: JSON as Exercism's test runners write it, and `JUnit`.

use std::fmt::Write;

use serde_json::{Value, json};
use ws101::escape::Lines;

use super::super::judge::{Judged, Outcome};
use super::Report;
use crate::exit::Exit;

impl Report {
    /// One JSON object: `version`, `status`, `seed`, and the `tests` with their transcripts. A check that
    /// failed at first has `replayed`; if it has passed after all, it has `unsteady`, too.
    pub fn json(&self) -> Value {
        let tests: Vec<_> = self.judged.iter().map(|judged| self.test(judged)).collect();
        let status = match self.exit() {
            Exit::Passed => "pass",
            Exit::Failed => "fail",
            Exit::Unknown => "error",
        };
        json!({"version": 3, "status": status, "seed": self.seed, "lesson": self.lesson.name, "tests": tests})
    }

    fn test(&self, judged: &Judged) -> Value {
        let wire: Vec<_> = judged.wire.lines().map(|line| Lines(line).to_string()).collect();
        let millis = u64::try_from(judged.took.as_millis()).unwrap_or(u64::MAX);
        let mut test = json!({
            "name": format!("{} {}", judged.number, judged.title),
            "task_id": task(&judged.number),
            "milliseconds": millis,
            "wire": wire,
        });
        for (name, is_so) in [("replayed", judged.is_replayed), ("unsteady", judged.is_unsteady)] {
            if is_so {
                test[name] = true.into();
            }
        }
        test["status"] = match &judged.outcome {
            Outcome::Passed => "pass".into(),
            Outcome::Skipped(why) => {
                test["message"] = (*why).into();
                "skip".into()
            }
            Outcome::Unknown(why) => {
                test["message"] = Lines(why).to_string().into();
                "error".into()
            }
            Outcome::Failed(failure) => {
                test["message"] = Lines(&self.message(judged)).to_string().into();
                test["hints"] = failure.hints.clone().into();
                test["rfc"] = failure.rfc.clone().into();
                "fail".into()
            }
        };
        test
    }

    /// One `testsuite` of `JUnit`'s XML.
    pub fn junit(&self) -> String {
        let skipped =
            self.judged.iter().filter(|j| matches!(j.outcome, Outcome::Skipped(_))).count();
        let mut out = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{skipped}\">\n",
            escaped(self.lesson.name),
            self.judged.len(),
            self.failures(),
            self.unknowns(),
        );
        for judged in &self.judged {
            let name = escaped(&format!("{} {}", judged.number, judged.title));
            let secs = judged.took.as_secs_f64();
            let class = escaped(self.lesson.name);
            let _ =
                write!(out, "  <testcase classname=\"{class}\" name=\"{name}\" time=\"{secs:.3}\"");
            let inside = match &judged.outcome {
                Outcome::Passed => None,
                Outcome::Skipped(why) => Some(format!("<skipped message=\"{}\"/>", escaped(why))),
                Outcome::Unknown(why) => Some(format!("<error message=\"{}\"/>", escaped(why))),
                Outcome::Failed(failure) => Some(format!(
                    "<failure message=\"{}\">{}</failure>",
                    escaped(&failure.because),
                    escaped(&self.message(judged))
                )),
            };
            match inside {
                None => out.push_str("/>\n"),
                Some(inside) => {
                    let _ = writeln!(out, ">{inside}</testcase>");
                }
            }
        }
        out + "</testsuite>\n"
    }

    fn message(&self, judged: &Judged) -> String {
        match &judged.outcome {
            Outcome::Failed(failure) => match &failure.difference {
                Some(difference) => self.lang.difference(difference),
                None => failure.because.clone(),
            },
            _ => String::new(),
        }
    }
}

/// The number behind the dot of a check's number.
fn task(number: &str) -> Option<u32> {
    number.split_once('.')?.1.parse().ok()
}

/// The text escaped for XML.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in Lines(text).to_string().chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\u{fffe}'..='\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
