//! What a learner reads when a check fails, in both languages.

use tokio::task::JoinSet;

use super::{server, settled, ws101};

/// One for each lesson, in which nothing is left to chance: after another failure, what the
/// server says next is on its way, and is told or is not.
const CHECKS: [&str; 12] =
    ["1.1", "2.3", "3.2", "4.2", "5.1", "6.1", "7.3", "8.4", "9.5", "10.10", "11.7", "12.6"];

async fn report(number: &str) -> String {
    let cmd = server(&format!("--break {number}"));
    let mut told = String::new();
    for lang in ["en", "ru"] {
        let words = ["check", number, "--cmd", &cmd, "--seed", "1", "--lang", lang];
        let graded = ws101(&words).await;
        assert_eq!(graded.code, Some(1), "{number}: {}{}", graded.out, graded.err);
        told += &graded.out;
    }
    // A welcome that no check waits for has no place of its own.
    let lines = told.lines().filter(|line| !line.contains(r#""type":"welcome"}"#));
    settled(&lines.collect::<Vec<_>>().join("\n"))
}

#[tokio::test]
async fn a_failure_is_explained_in_both_languages() {
    let reports = CHECKS.map(|number| async move { (number, report(number).await) });
    let mut reports = JoinSet::from_iter(reports).join_all().await;
    reports.sort();
    for (number, report) in reports {
        insta::assert_snapshot!(format!("check_{number}"), report);
    }
}
