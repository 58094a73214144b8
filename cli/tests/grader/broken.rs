//! For every check there is a server that fails it and only it.

use std::sync::Arc;

use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::{lessons, server, ws101};

/// How many servers are graded at once. They wait more than they work.
const AT_ONCE: usize = 12;

/// The checks of a lesson with their verdicts, of a server started with `words`.
async fn verdicts(lesson: u32, words: &str, turns: &Semaphore) -> Vec<(String, String)> {
    let _turn = turns.acquire().await.expect("it is never closed");
    let graded = ws101(&["check", &lesson.to_string(), "--cmd", &server(words), "--json"]).await;
    let report: Value = serde_json::from_str(&graded.out)
        .unwrap_or_else(|error| panic!("{words}: {error}: {}{}", graded.out, graded.err));
    assert_eq!(graded.code, Some(i32::from(report["status"] == "fail")), "{words}");
    let tests = report["tests"].as_array().expect("there are tests");
    let word = |test: &Value, key: &str| {
        test[key].as_str().and_then(|text| text.split(' ').next()).expect("a text").to_owned()
    };
    tests.iter().map(|test| (word(test, "name"), word(test, "status"))).collect()
}

fn failed(verdicts: &[(String, String)]) -> Vec<&str> {
    let failed = verdicts.iter().filter(|(_, status)| status == "fail");
    failed.map(|(number, _)| number.as_str()).collect()
}

/// What is wrong with the grader, lesson by lesson: nothing, if all is well.
async fn complaints(lesson: u32, turns: Arc<Semaphore>) -> Vec<String> {
    let right = verdicts(lesson, &format!("--lesson {lesson}"), &turns).await;
    let mut complaints = Vec::new();
    if !failed(&right).is_empty() {
        complaints.push(format!("a server that is right fails {:?}", failed(&right)));
    }
    let mut grading = JoinSet::new();
    for (number, _) in right {
        let turns = turns.clone();
        grading.spawn(async move {
            let wrong = verdicts(lesson, &format!("--break {number}"), &turns).await;
            let failed = failed(&wrong);
            (failed != [&number]).then(|| format!("--break {number} fails {failed:?}"))
        });
    }
    complaints.extend(grading.join_all().await.into_iter().flatten());
    complaints
}

#[tokio::test]
async fn every_fault_is_caught_by_its_own_check_and_no_other() {
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let graded: JoinSet<_> =
        lessons().into_iter().map(|lesson| complaints(lesson, turns.clone())).collect();
    let mut complaints = graded.join_all().await.concat();
    complaints.sort();
    assert!(complaints.is_empty(), "{complaints:#?}");
}
