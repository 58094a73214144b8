//! `ws101 connect`, the doctor, scenarios and transcripts open and refuse the answers that a
//! browser opens and refuses.

#[path = "../../tests/odd101/mod.rs"]
mod odd101;
#[path = "../../tests/odd101/server.rs"]
mod server;

use std::process::Stdio;
use std::time::Duration;

use futures::{StreamExt, stream};
use odd101::{Case, OFFERED, cases};
use server::{HELLO, serve};
use tokio::process::Command;
use tokio::time::timeout;
use ws101::client::{Request, ResponsePart};
use ws101::doctor::{Target, examine};
use ws101::scenario::Scenario;
use ws101::transcript::Transcript;

/// How long a command may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long one of the four may take: the doctor asks a server more than twenty times, and waits each time.
const LONGEST: Duration = Duration::from_mins(5);

/// How many cases are tried at a time: each waits more than it works.
const AT_ONCE: usize = 40;

/// The outcome of a case, which has to end.
async fn ends<T>(path: &str, trying: impl Future<Output = T>) -> T {
    timeout(LONGEST, trying).await.unwrap_or_else(|_| panic!("{path} does not end"))
}

/// Whether `ws101 connect` opens it: it shows what the server says, and its exit code is 0.
async fn connected(case: &Case, url: &str) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ws101"));
    command.args(["connect", "--lang", "en", url]);
    if case.offers {
        command.args(["--subprotocols", &OFFERED.join(", ")]);
    }
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output = timeout(PATIENCE, command.output()).await.expect("it ends").unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let is_heard = said.contains(&format!("<< text \"{HELLO}\""));
    let code = output.status.code();
    assert_eq!(code, Some(i32::from(!is_heard)), "{said}");
    (is_heard, said)
}

/// Whether a transcript shows a 101 that no browser refuses.
async fn transcribed(mut transcript: Transcript, case: &Case, path: &str) -> (bool, String) {
    let mut request = Request::new(path);
    if case.offers {
        request = request.subprotocol(&OFFERED.join(", "));
    }
    transcript.connect("bob", request).await;
    let text = transcript.to_string();
    let is_sound = text.contains("<- 101")
        && ResponsePart::ALL.iter().all(|part| !text.contains(&part.to_string()));
    (is_sound, text)
}

/// Whether a scenario that expects a 101 passes.
async fn played(transcript: Transcript, case: &Case, path: &str) -> (bool, String) {
    let offer = if case.offers {
        format!(" subprotocol=\"{}\"", OFFERED.join(", "))
    } else {
        String::new()
    };
    let scenario = format!("bob -> GET {path}{offer}\nbob <- 101\nbob << text \"{HELLO}\"\n");
    let played = scenario.parse::<Scenario>().unwrap().play(transcript).await;
    (played.difference.is_none(), played.to_string())
}

/// Whether the doctor finds that it opens.
async fn diagnosed(case: &Case, url: &str) -> (bool, String) {
    let mut target = Target::new(url.parse().unwrap());
    target.subprotocols = case.offers.then(|| OFFERED.join(", "));
    let diagnosis = examine(&target).await;
    (diagnosis.cause.is_none(), format!("{:?} {:?}", diagnosis.cause, diagnosis.evidence))
}

#[tokio::test(flavor = "multi_thread")]
async fn connect_scenarios_transcripts_and_the_doctor_agree_with_a_browser() {
    let (address, _) = serve().await;
    let cases = cases();
    let wrong = stream::iter(cases.iter().enumerate()).map(|(number, case)| async move {
        let path = format!("/{number}");
        let url = format!("ws://{address}{path}");
        let told = [
            ("connect", ends(&path, connected(case, &url)).await),
            ("transcript", ends(&path, transcribed(Transcript::tcp(address), case, &path)).await),
            (
                "scenario",
                ends(&path, Box::pin(played(Transcript::tcp(address), case, &path))).await,
            ),
            ("doctor", ends(&path, diagnosed(case, &url)).await),
        ];
        // These offer no extension, so an answer that has one is refused.
        let wanted = case.is_sound() && !case.head.contains("Sec-WebSocket-Extensions");
        let wrong = told.into_iter().filter(|(_, (opens, _))| *opens != wanted);
        wrong.map(|(who, told)| format!("{who} {told:?}\n{:.300?}", case.head)).collect::<Vec<_>>()
    });
    let wrong: Vec<_> = wrong.buffer_unordered(AT_ONCE).collect().await;
    let wrong = wrong.concat();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A transcript's line of a bad 101, taken as a scenario, passes.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_transcript_shows_of_a_bad_101_can_be_played() {
    let (address, _) = serve().await;
    let cases = cases();
    let replayed = stream::iter(cases.iter().enumerate()).map(|(number, case)| async move {
        let path = format!("/{number}");
        let transcribing = transcribed(Transcript::tcp(address), case, &path);
        let (is_sound, text) = ends(&path, transcribing).await;
        if is_sound || !text.contains("<- 101") {
            return 0;
        }
        let scenario: Scenario = text.parse().unwrap();
        let played = ends(&path, Box::pin(scenario.play(Transcript::tcp(address)))).await;
        assert!(played.difference.is_none(), "{text}\n{played}");
        1
    });
    let replayed = replayed.buffer_unordered(AT_ONCE).fold(0, |sum, one| async move { sum + one });
    assert!(replayed.await > 50, "most cases are bad");
}
