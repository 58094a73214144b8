//! The report that a learner reads when a check fails, in both languages.

use tokio::task::JoinSet;

use super::{client, lessons, server, settled, ws101};

/// One for each lesson: the check after whose failure the server sends least, because events that are still
/// on their way may or may not be told.
const CHECKS: [&str; 15] = [
    "1.1", "2.3", "3.2", "4.2", "5.1", "6.1", "7.3", "8.4", "9.5", "10.10", "11.7", "12.6", "13.5",
    "14.1", "15.2",
];

/// Of a client.
const CLIENT_CHECKS: [&str; 3] = ["10.1", "10.6", "10.7"];

/// Events for which the check does not wait, so that they come before what a client does next, or
/// after.
const ANYWHERE: [(&str, &[&str]); 6] = [
    ("6.1", &["client_connected", "client_disconnected"]),
    ("7.3", &["welcome"]),
    ("9.5", &["welcome"]),
    ("11.7", &["user_joined"]),
    ("12.6", &["user_joined"]),
    ("14.1", &["user", "error"]),
];

/// The report of that check, in English and in Russian.
async fn report(number: &str, target: &str, cmd: &str) -> String {
    let mut told = String::new();
    for lang in ["en", "ru"] {
        let words = ["check", number, target, cmd, "--seed", "1", "--lang", lang];
        let graded = ws101(&words).await;
        assert_eq!(graded.code, Some(1), "{number}: {}{}", graded.out, graded.err);
        told += &graded.out;
    }
    let anywhere = ANYWHERE.iter().find(|(known, _)| *known == number).map_or(&[][..], |of| of.1);
    let is_told = |line: &&str| {
        let is_event = [" << ", " >> "].iter().any(|arrow| line.contains(arrow));
        let is_of = |kind: &&str| is_event && line.contains(&format!(r#""type":"{kind}""#));
        !anywhere.iter().any(is_of)
    };
    let told = told.lines().filter(is_told).collect::<Vec<_>>().join("\n");
    let told: Vec<_> = settled(&told).lines().map(without_random_bytes).collect();
    told.join("\n")
}

/// Bytes of JSON hold what differs in every run; those in front of it do not.
fn without_random_bytes(line: &str) -> String {
    const JSON: &str = " 7b 22 ";
    let is_bytes = ["bytes ", "байты "].iter().any(|word| line.trim_start().starts_with(word));
    match line.split_once(JSON) {
        Some((front, _)) if is_bytes => format!("{front}{JSON}…"),
        _ => line.to_owned(),
    }
}

#[tokio::test]
async fn a_failure_is_explained_in_both_languages() {
    for lesson in lessons() {
        let front = format!("{lesson}.");
        assert!(
            CHECKS.iter().any(|check| check.starts_with(&front)),
            "no check of lesson {lesson}"
        );
    }
    let servers = CHECKS.map(|number| async move {
        (number, report(number, "--cmd", &server(&format!("--break {number}"))).await)
    });
    let clients = CLIENT_CHECKS.map(|number| async move {
        (number, report(number, "--client", &client(&format!("--break {number}"))).await)
    });
    let mut reports = JoinSet::from_iter(servers);
    for client in clients {
        reports.spawn(client);
    }
    let mut reports = reports.join_all().await;
    reports.sort();
    for (number, report) in reports {
        insta::assert_snapshot!(format!("check_{number}"), report);
    }
}
