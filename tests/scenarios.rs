//! Scenarios: what they may say, and that they see every difference.

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::sleep;
use tokio_tungstenite::tungstenite::Message;
use ws101::close;
use ws101::echo::echo;
use ws101::frame::{Frame, Opcode};
use ws101::handshake::Policy;
use ws101::scenario::{NotDeterministic, Played, Scenario};
use ws101::transcript::{Pipe, Transcript};
use ws101::upgrade::{HEAD_DEADLINE, accept, config};

const SWITCH: &str = "HTTP/1.1 101 Switching Protocols\r\n\
    Upgrade: websocket\r\n\
    Connection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/// A server that upgrades, then sends these bytes and listens to the end.
fn scripted(bytes: Vec<u8>) -> Transcript {
    Transcript::new(move |mut pipe: Pipe| {
        let bytes = bytes.clone();
        async move {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                if pipe.read_buf(&mut head).await.unwrap_or(0) == 0 {
                    return;
                }
            }
            pipe.write_all(SWITCH.as_bytes()).await.unwrap();
            pipe.write_all(&bytes).await.unwrap();
            while pipe.read(&mut [0; 1024]).await.is_ok_and(|size| size > 0) {}
        }
    })
}

fn says(frames: &[Frame]) -> Transcript {
    scripted(frames.iter().flat_map(Frame::to_bytes).collect())
}

/// The echo of lesson 3.
fn echoes() -> Transcript {
    Transcript::new(|pipe: Pipe| async move {
        let policy = Policy { hosts: vec!["ws101.test".into()], ..Policy::default() };
        let Ok(accepted) = accept(pipe, &policy, HEAD_DEADLINE).await else { return };
        let mut socket = accepted.into_socket(config(1 << 20)).await;
        let ended = echo(&mut socket, |said| format!("Принято: {said}")).await;
        close::reply(&mut socket, ended, close::CLOSE_DEADLINE).await;
    })
}

async fn play(text: &str, with: Transcript) -> Played {
    let scenario: Scenario = text.parse().unwrap_or_else(|error| panic!("{error}\n{text}"));
    let again: Scenario =
        scenario.to_string().parse().unwrap_or_else(|error| panic!("{error}\n{scenario}"));
    assert_eq!(again, scenario, "{scenario}");
    scenario.play(with).await
}

async fn passes(text: &str, with: Transcript) {
    let played = play(text, with).await;
    assert!(played.difference.is_none(), "{played}");
}

#[tokio::test(start_paused = true)]
async fn an_echo_in_every_way_to_say_it() {
    passes(
        r#"
# by hand
@quiet 10ms

== a text, and its bytes
ann -> GET /chat?name=ann origin=http://ws101.test
ann <- 101
ann >> text "hi"
ann << text "Принято: hi" within 1s
ann >> text "\u003cb> 1 < 2"
ann << text "Принято: \u003cb> 1 < 2"

== cut into fragments, in the middle of letters, with a ping between
ann >> text/7 "Привет"
ann << text "Принято: Привет"
ann >> text fin=0 "При"
ann >> ping 01 02
ann >> cont fin=1 "вет"
ann << pong 01 02
ann << text "Принято: Привет"

== long, by length and digest
ann >> binary 2a*126
ann << binary 2a*126
ann >> binary "x"*70000
ann << binary "x"*70000
ann >> binary "x"*200000
ann << binary "x"*200000

== byte by byte
ann -- dribble 1
ann >> text "slow"
ann << text "<*>: <word>"
ann -- dribble off
ann >> json {"said":<word>}
ann << text "Принято: {\"said\":\"<word>\"}"

== closing
ann >> close 4321 "bye"
ann << close 4321|1000 ...
ann -- eof

== a request in pieces
ann -- dribble 7
ann -> GET /
ann <- 101
ann -- cut
bob -> raw "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
bob <- 426 version=13 ...
bob -- end
cat -> GET / no-key version=13
cat <- 400 "Sec-WebSocket-Key is missing: <*>"
cat -- eof
"#,
        echoes(),
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn broken_frames_and_how_they_end() {
    passes(
        r#"
== without a mask
ann -> GET /
ann <- 101
ann >> text unmasked "hi"
ann << close 1002 ...
ann -- ? end

== reserved
bob -> GET /
bob <- 101
bob >> rsv=4 text "hi"
bob << close 1002 ...
bob -- ? end
cat -> GET /
cat <- 101
cat >> opcode=3 "hi"
cat << close 1002 ...
cat -- ? end
dan -> GET /
dan <- 101
dan >> raw 81 02 68 69
dan << close 1002 ...
dan -- ? end
eve -> GET /
eve <- 101
eve >> binary len=2^63
eve << close 1002|1009 ...
eve -- ? end
fay -> GET /
fay <- 101
fay >> text header=8 "hi"
# The echo of lesson 3 is patient with those.
fay << text "Принято: hi"
gil -> GET /
gil <- 101
gil >> text d1
gil << close 1007 ...
gil -- ? end

== ways to go
hal -> GET /
hal <- 101
hal -- half-close
hal -- ? end
ian -> GET /
ian <- 101
ian -- reset
joe -> GET /
joe <- 101
joe -- stop reading
joe >> text "hi"
joe -- resume
joe << text "Принято: hi"
"#,
        echoes(),
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_is_left_open_is_open_and_names_are_kept() {
    passes(
        r#"
@ignore pong
ann -> GET /
ann <- 101
ann << json {"id":<ann>,"at":<*>,"list":[1,2.0,...],...}
ann << ~ text "b"
ann << ~ ? text "x"
ann << ~ text "a"
ann << ? ping
ann << text "<ann> is not <*>"
ann << text fin=0 "he"
ann << ping "between" | 89 07 62 …
ann >> pong "between"
ann << cont fin=1 "llo"
ann << opcode=b "?"
ann << text masked "masked"
ann << close 1000 "bye"
ann >> close 1000 "bye"
"#,
        says(&[
            Frame::text(r#"{"list":[1.0,2,3],"more":null,"at":17,"id":"k7"}"#),
            Frame::text("a"),
            Frame::text("b"),
            Frame::text("k7 is not here"),
            Frame::text("he").unfinished(),
            Frame::ping("between"),
            Frame::new(Opcode::Continuation, "llo"),
            Frame::pong("ignored"),
            Frame::new(Opcode::Reserved(0xb), "?"),
            Frame::text("masked").masked([1, 2, 3, 4]),
            Frame::close(1000, "bye"),
        ]),
    )
    .await;
}

/// Pings every twenty seconds, and says a word after fifty.
fn beats() -> Transcript {
    Transcript::new(|mut pipe: Pipe| async move {
        let _ = pipe.read(&mut [0; 1024]).await;
        pipe.write_all(SWITCH.as_bytes()).await.unwrap();
        let mut beat = tokio::time::interval(Duration::from_secs(20));
        beat.tick().await;
        for n in 1..4 {
            beat.tick().await;
            if pipe.write_all(&Frame::ping(n.to_string()).to_bytes()).await.is_err() {
                return;
            }
        }
        tokio::time::sleep(Duration::from_secs(10)).await;
        pipe.reset();
    })
}

#[tokio::test(start_paused = true)]
async fn time_is_told_and_costs_nothing() {
    passes(
        r#"
ann -> GET /
ann <- 101
ann << nothing for 19s
ann << ping "1" within 19s..21s
ann << ping within 19.9s..20.1s

== the recorder's way
-- wait 15s
-- wait 20s
ann << ping "3" at 5s
ann >> pong "3" at 5s
ann -- reset by peer at 15s
"#,
        beats(),
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_recording_is_a_scenario_that_passes() {
    let acts: Scenario = r#"
== ann says hi
# a remark
ann -> GET /chat
ann >> text "hi"
ann >> ping 01
ann >> raw 81 02 68
-- wait 1s
ann -- cut

== bob leaves
bob -> GET /
bob >> close 1000 "bye"
"#
    .parse()
    .unwrap();
    let recorded = acts.record(async || Ok(echoes())).await.unwrap();
    insta::assert_snapshot!(recorded);
    let played = recorded.play(echoes()).await;
    assert!(played.difference.is_none(), "{played}");
}

/// Records a server that sends the first two texts six times, and the other two from then on.
async fn record_changing(sent: [&'static str; 4]) -> Result<Scenario, NotDeterministic> {
    let acts: Scenario = "ann -> GET /".parse().unwrap();
    let mut runs = 0;
    acts.record(async || {
        runs += 1;
        let at = if runs < 7 { 0 } else { 2 };
        Ok(says(&[Frame::text(sent[at]), Frame::text(sent[at + 1])]))
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn an_order_that_differs_is_not_recorded() {
    let error = record_changing(["a", "b", "b", "a"]).await.unwrap_err();
    insta::assert_snapshot!("unsteady_a", error);
    // The values differ as well, and still each line is more like the other's.
    let [a, b] = [r#"{"t":1,"type":"a"}"#, r#"{"t":2,"type":"b"}"#];
    let [b_later, a_later] = [r#"{"t":3,"type":"b"}"#, r#"{"t":4,"type":"a"}"#];
    let error = record_changing([a, b, b_later, a_later]).await.unwrap_err();
    assert!(error.to_string().contains("in two orders"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_value_that_differs_is_loosened() {
    for (sent, written) in [
        (["a", "b", "a", "c"], r#"text "<*>""#),
        (
            ["a", r#"{"at":1,"list":[1,2]}"#, "a", r#"{"at":2,"list":[1]}"#],
            r#"json {"at":<*>,"list":<*>}"#,
        ),
        (["a", r#"{"n":1,"x":1}"#, "a", r#"{"n":1}"#], r#"json {"n":1,...}"#),
        (
            ["a", r#"42["said",{"id":"k3"}]"#, "a", r#"42["said",{"id":"x9"}]"#],
            r#"text "42[\"said\",{\"id\":\"<*>\"}]""#,
        ),
        (["a", "in 3 s, 12:30", "a", "in 4 s, 12:31"], r#"text "in <*> s, <*>""#),
        (
            ["a", "on Sun, 29 Nov 2026 08:59:16 GMT", "a", "on Sun, 29 Nov 2026 08:59:17 GMT"],
            r#"text "on <*>""#,
        ),
        (
            ["a", r#"{"at":"9:59:16 AM","no":"a:1"}"#, "a", r#"{"at":"9:59:17 AM","no":"a:2"}"#],
            r#"json {"at":<*>,"no":"a:<*>"}"#,
        ),
        (["a", "one", "a", "one, two"], r#"text "one<*>""#),
    ] {
        let recorded = record_changing(sent).await.unwrap().to_string();
        let expected = format!("ann -> GET /\nann <- 101\nann << text \"a\"\nann << {written}\n");
        assert_eq!(recorded, expected);
    }
}

/// Bytes that differ are loosened one by one, the length before them too.
#[tokio::test(start_paused = true)]
async fn bytes_that_differ_are_loosened() {
    for (one, other, written) in [
        (&b"\x00\xaa\xff"[..], &b"\x00\xbb\xff"[..], "00 <*> ff"),
        (b"\x00\xaa\xab\xff", b"\x00\xbb\xff", "00 <*> ff"),
        (b"\x00\x03\xaa\x01\xff", b"\x00\x03\xbb\x01\xff", "00 <*> 01 ff"),
        (b"\xaa\xd2", b"\xbb\xe3", "<*>"),
    ] {
        let mut run: usize = 0;
        let acts: Scenario = "ann -> GET /".parse().unwrap();
        let recorded = acts.record(async || {
            run += 1;
            Ok(says(&[Frame::binary(if run.is_multiple_of(2) { other } else { one })]))
        });
        let recorded = recorded.await.unwrap().to_string();
        assert_eq!(recorded, format!("ann -> GET /\nann <- 101\nann << binary {written}\n"));
    }
}

/// An id that stands in several places has one name, and must be the same there.
#[tokio::test(start_paused = true)]
async fn an_id_that_repeats_gets_a_name() {
    let mut run: u64 = 0;
    let server = |id: &str, again: &str| {
        let text = |id: &str| Frame::text(format!(r#"42["you",{{"id":"{id}","at":17{id:.1}5}}]"#));
        says(&[text(id), Frame::text(format!(r#"{{"id":"{again}"}}"#))])
    };
    let acts: Scenario = "ann -> GET /".parse().unwrap();
    let recorded = acts.record(async || {
        run += 1;
        let id = format!("{run}{}-Kxyz", run * 7_654_321);
        Ok(server(&id, &id))
    });
    let recorded = recorded.await.unwrap();
    let text = recorded.to_string();
    assert!(text.contains(r#"text "42[\"you\",{\"id\":\"<ann>\",\"at\":<*>}]""#), "{text}");
    assert!(text.ends_with("json {\"id\":<ann>}\n"), "{text}");
    let played = recorded.play(server("1234567-abc", "1234567-abc")).await;
    assert!(played.difference.is_none(), "{played}");
    let played = recorded.play(server("1234567-abc", "7654321-abc")).await;
    assert!(played.difference.is_some(), "{played}");
}

#[tokio::test(start_paused = true)]
async fn what_a_note_leaves_out_is_not_recorded() {
    let acts: Scenario = "@ignore ping type=tick\nann -> GET /".parse().unwrap();
    let tick = Frame::text(r#"{"type":"tick"}"#);
    let sent = [Frame::ping("1"), tick, Frame::text("hi"), Frame::ping("2")];
    let recorded = acts.record(async || Ok(says(&sent))).await.unwrap().to_string();
    let expected = "@ignore ping type=tick\n\nann -> GET /\nann <- 101\nann << text \"hi\"\n";
    assert_eq!(recorded, expected);
}

/// An event that comes just before an action is no reason to write the action twice.
#[tokio::test(start_paused = true)]
async fn an_action_is_recorded_once_whatever_comes_before_it() {
    let pings = || {
        Transcript::new(|pipe: Pipe| async {
            let Ok(accepted) = accept(pipe, &Policy::default(), HEAD_DEADLINE).await else {
                return;
            };
            let mut socket = accepted.into_socket(config(1 << 16)).await;
            loop {
                tokio::select! {
                    message = socket.next() => match message {
                        Some(Ok(Message::Text(text))) => drop(socket.send(Message::Text(text)).await),
                        Some(Ok(_)) => {}
                        _ => return,
                    },
                    () = sleep(Duration::from_micros(1_300)) => {
                        drop(socket.send(Message::Ping("?".into())).await);
                    }
                }
            }
        })
    };
    let acts: Scenario =
        "@ignore ping\nann -> GET /\nann >> text \"a\"\nann >> text \"b\"\n".parse().unwrap();
    let recorded = acts.record(async || Ok(pings())).await.unwrap().to_string();
    let lines = "ann -> GET /\nann <- 101\nann >> text \"a\"\nann << text \"a\"\nann >> text \"b\"\nann << text \"b\"\n";
    assert_eq!(recorded, format!("@ignore ping\n\n{lines}"));
}

#[tokio::test(start_paused = true)]
async fn a_step_is_taken_over_and_what_was_loosened_by_hand_is_kept() {
    let by_hand = "\
        ann -> GET /\nann <- 101\n# a remark\nann << ? ping\nann << ~ json {\"id\":<me>,...}\nann << text \"b\"\n";
    let recorded = "ann -> GET /\nann <- 101\nann << json {\"id\":3,\"x\":4}\nann << text \"c\"\n";
    let parse = |text: &str| text.parse::<Scenario>().unwrap();
    let accepted = parse(by_hand).with_step_of(&parse(recorded), 0);
    assert_eq!(accepted.to_string(), by_hand.replace("text \"b\"", "text \"c\""));
}

/// Nobody does what they ask where there is no process, so a scenario with them is not green.
#[tokio::test(start_paused = true)]
async fn notes_about_a_process_and_about_captured_values_are_not_passed_over() {
    for note in ["@signal TERM", "@exits 3s 0", "@env WS_X 1", "@client returns"] {
        let scenario: Scenario = format!("== a step\n{note}\nann -> GET /\n").parse().unwrap();
        let difference = scenario.play(echoes()).await.difference.expect(note);
        assert_eq!((difference.line, &*difference.expected), (1, note));
        assert!(difference.why.to_string().starts_with(note), "{}", difference.why);
        assert!(difference.why.in_russian().starts_with(note), "{}", difference.why);
    }
    let sent = [Frame::text(r#"{"a":2,"b":2,"c":1}"#)];
    let names = "ann -> GET /\nann <- 101\nann << json {\"a\":<n>,\"b\":<n1>,\"c\":<n2>}\n";
    for (note, why) in [
        ("@distinct n", "2 clients have one id, 2, and each must have its own"),
        ("@rising n", "each must be a number, and no less than the one before: 2, 2, 1"),
        ("@between n 2 9", "1 is no number from 2 to 9"),
        ("@grows n 1 9", "it grew from 2 to 1, and must grow by 1 to 9"),
        ("@positive m", "0 were captured of m, m1 and so on, and the note compares 1 at least"),
        ("@rising n2", "1 was captured of n2, n21 and so on, and the note compares 2 at least"),
    ] {
        let scenario: Scenario = format!("{note}\n{names}").parse().unwrap();
        let played = scenario.play(says(&sent)).await;
        let difference = played.difference.expect(note);
        assert_eq!(difference.why.to_string(), why);
    }
    for note in ["@positive n", "@between n 1 2"] {
        let kept: Scenario = format!("{note}\n{names}").parse().unwrap();
        assert_eq!(kept.play(says(&sent)).await.difference, None, "{note}");
    }
}

#[test]
fn a_mistake_is_shown_where_it_is() {
    let mistakes = [
        "@timeout 2s\n@timeout 3s",
        "== a\nann -> GET /\n== b\n@seed 7",
        "@ignore bananas",
        "@rfc banana",
        "@hint xx \"no\"",
        "== ",
        "bob",
        "bob => GET /",
        "-bob -> GET /",
        "bob -> GET",
        "bob -> get /",
        "bob -> GET / version",
        "bob <- maybe",
        "bob << tex \"hi\"",
        "bob >> text \"hi",
        "bob >> text \"h\\i\"",
        "bob >> text \"\\ud800\"",
        "bob >> text \"hi\" now",
        "bob >> text \"<*>\"",
        "bob >> json {\"a\":<*>}",
        "bob >> json {\"a\":1,\"a\":2}",
        "bob >> json {\"a\" 1}",
        "bob << json {\"a\":1,...,\"b\":2}",
        "bob << json nul",
        "bob >> close 1000|1001",
        "bob >> ping/3 \"hi\"",
        "bob << text/3 \"hi\"",
        "bob >> text \"x\"*99999999999",
        "bob << ping within soon",
        "bob << ping within 3s..2s",
        "bob << nothing",
        "bob -- vanish",
        "bob -- dribble 0",
        "-- sleep 2s",
        "-- wait 2 days",
        "@hints en \"no\"",
        "@hint \"no\"",
        "@timeout long",
        "\n\nбоб >> text \"привет\" ?",
    ];
    let told = mistakes.map(|text| match text.parse::<Scenario>() {
        Ok(scenario) => panic!("{text:?} was read as {scenario:?}"),
        Err(error) => format!("{}\n  {error}\n", text.trim()),
    });
    insta::assert_snapshot!(told.concat());
}

#[tokio::test(start_paused = true)]
async fn the_first_difference_is_told_in_full() {
    let hi = || says(&[Frame::text(r#"{"type":"welcome","id":"k7","n":[1,2]}"#), Frame::text("b")]);
    let mut told = String::new();
    for (what, text) in [
        ("another value", r#"ann << json {"type":"welcome","id":<id>,"n":[1,3]}"#),
        ("a field too many", r#"ann << json {"type":"welcome","id":<id>}"#),
        ("a field too few", r#"ann << json {"type":"welcome","name":<*>,...}"#),
        ("another kind", "ann << ping"),
        ("no JSON", "ann << text ...\nann << json {}"),
        ("another text", "ann << text ...\nann << text \"c\""),
        ("other bytes", "ann << text ...\nann << text \"b\" | 81 01 63"),
        ("too much", "ann << text ..."),
        ("too little", "ann << text ...\nann << text ...\nann << text ..."),
        ("too early", "ann << text ... within 2s..3s"),
        ("noise where silence should be", "ann << text ...\nann << nothing for 1s"),
        ("a name that was another", "ann << json {\"id\":<id>,\"type\":<id>,...}"),
        (
            "a name that stands for nothing",
            "ann << text ...\nann << text ...\nann >> text \"<id>\"",
        ),
        ("nobody", "bob >> text \"hi\""),
        ("no order fits", "ann << ~ text \"x\"\nann << ~ text \"y\""),
    ] {
        let played = play(&format!("ann -> GET /\nann <- 101\n{text}"), hi()).await;
        let difference = played.difference.unwrap_or_else(|| panic!("{what} passes"));
        told.extend([what, ": ", &difference.to_string(), "\n\n"]);
    }
    let wrong = SWITCH.replace("s3pP", "S3PP");
    for (what, text, answer) in [
        ("a wrong accept", "ann <- 101", wrong.clone()),
        ("a missing header", "ann <- 101", SWITCH.replace("Upgrade: websocket\r\n", "")),
        ("another status", "ann <- 101", "HTTP/1.1 404 Nope\r\nContent-Length: 2\r\n\r\nno".into()),
        (
            "another body",
            "ann <- 404 \"yes\"",
            "HTTP/1.1 404 Nope\r\nContent-Length: 2\r\n\r\nno".into(),
        ),
        (
            "a header not asked for",
            "ann <- 101",
            SWITCH.replace("\r\n\r\n", "\r\nSec-WebSocket-Protocol: x\r\n\r\n"),
        ),
    ] {
        let server = Transcript::new(move |mut pipe: Pipe| {
            let answer = answer.clone();
            async move {
                let _ = pipe.read(&mut [0; 1024]).await;
                let _ = pipe.write_all(answer.as_bytes()).await;
                let _ = pipe.read(&mut [0; 1024]).await;
            }
        });
        let played = play(&format!("ann -> GET /\n{text}"), server).await;
        let difference = played.difference.unwrap_or_else(|| panic!("{what} passes"));
        told.extend([what, ": ", &difference.to_string(), "\n\n"]);
    }
    insta::assert_snapshot!(told);
}

/// What other tests have recorded is a scenario, but for what cannot be sent again.
#[test]
fn every_recorded_transcript_is_a_scenario() {
    let mut read = 0;
    for folder in ["tests/snapshots", "tests/examples/snapshots", "tests/transcripts/snapshots"] {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        for file in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            let text = std::fs::read_to_string(&file).unwrap();
            let text = text.splitn(3, "---\n").nth(2).unwrap();
            // Clients whose names are sentences, and what this file tells of mistakes.
            let others = ["every_way_to_say_goodbye", "refusals_are_shown", "scenarios__"];
            let is_transcript = text.lines().any(|line| line.contains(" -> GET /"))
                && !others.iter().any(|other| file.to_string_lossy().contains(other));
            let cannot_be_sent = |line: &str| {
                [">> torn", "bytes sha256:", "-- not connected", "-- missed", "-> \"", ":<*>"]
                    .iter()
                    .any(|part| line.contains(part) && !line.contains("<<"))
            };
            let text: String = text
                .lines()
                .filter(|line| !cannot_be_sent(line))
                .flat_map(|line| [line, "\n"])
                .collect();
            if is_transcript {
                let parsed = text.parse::<Scenario>();
                parsed.unwrap_or_else(|error| panic!("{}: {error}\n{text}", file.display()));
                read += 1;
            }
        }
    }
    assert!(read > 20, "{read}");
}

/// What was said to all is wrong for all, and who hears it first is chance.
#[tokio::test(start_paused = true)]
async fn of_two_differences_the_first_line_is_told() {
    let text = "ann -> GET /\nann <- 101\nbob -> GET /\nbob <- 101\nann << text \"no\"\nbob << text \"no\"\n";
    for late in ["ann", "bob"] {
        let mut lanes = ["ann", "bob"].into_iter();
        let server = Transcript::new(move |mut pipe: Pipe| {
            let is_late = lanes.next() == Some(late);
            async move {
                drop(pipe.read(&mut [0; 1024]).await);
                pipe.write_all(SWITCH.as_bytes()).await.unwrap();
                tokio::time::sleep(Duration::from_millis(if is_late { 120 } else { 100 })).await;
                pipe.write_all(&Frame::text("yes").to_bytes()).await.unwrap();
                while pipe.read(&mut [0; 1024]).await.is_ok_and(|size| size > 0) {}
            }
        });
        let difference = play(text, server).await.difference.unwrap();
        assert_eq!(difference.line, 5, "{late} is late: {difference}");
    }
}

/// A server that says so many bytes in one message, for a name to capture.
fn says_long(bytes: usize) -> Transcript {
    says(&[Frame::text("x".repeat(bytes))])
}

#[tokio::test(start_paused = true)]
async fn what_a_captured_name_makes_of_a_line_has_a_limit() {
    let many = |n: usize, between: &str| vec!["<a>"; n].join(between);
    // 100,000 bytes are captured, and 64 MiB are 671 times that.
    let too_long = [
        "bob >> text \"<a>\"*672".to_owned(),
        "bob << text \"<a>\"*672".to_owned(),
        format!("bob >> text \"{}\"", many(672, "")),
        format!("bob >> json [{}]", many(672, ",")),
        format!("bob >> close 1000 \"{}\"", many(672, "")),
        format!("eve -> GET /{}", many(672, "")),
        // Each header is within the limit; together they are not.
        format!("eve -> GET / a=\"{0}\" b=\"{0}\"", many(400, "")),
    ];
    for line in too_long {
        let text = format!("bob -> GET /ws\nbob <- 101\nbob << text \"<a>\"\n{line}\n");
        let with = says(&[Frame::text("x".repeat(100_000)), Frame::text("y")]);
        let with = if line.starts_with("bob <<") { with } else { says_long(100_000) };
        let played = play(&text, with).await;
        let difference = played.difference.unwrap_or_else(|| panic!("{line:.40}: it passes"));
        assert_eq!(difference.line, 4, "{line:.40}");
        assert_eq!(
            difference.why.to_string(),
            "with its names filled in, the line has more than 67108864 bytes",
            "{line:.40}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_repeated_name_that_was_not_seen_matches_nothing() {
    let text = "bob -> GET /ws\nbob <- 101\nbob << text \"<a>\"*3\n";
    let played = play(text, says(&[Frame::text("xyz")])).await;
    let difference = played.difference.expect("nobody knows what <a> is");
    assert_eq!(difference.why.to_string(), "<a> stands for nothing: it was not seen before");
}

/// A target has one query, and the address of the server has the last word in it.
#[test]
fn a_scenario_moves_to_the_target_of_an_address() {
    for (target, to, moved) in [
        ("/ws", "/chat", "/chat"),
        ("/ws?room=5", "/chat", "/chat?room=5"),
        ("/ws?room=5", "/chat?token=a", "/chat?token=a&room=5"),
        ("/ws?token=<secret>&room=5", "/ws?token=a&room=6", "/ws?token=a&room=6"),
        ("/ws", "/chat?token=a", "/chat?token=a"),
        ("/ws?a=<id>&name=<id>x&b=1", "/ws?name=bob", "/ws?name=bob&a=<id>&b=1"),
        ("/other", "/chat?token=a", "/other"),
    ] {
        let text = format!("bob -> GET {target}\n");
        let scenario: Scenario = text.parse().unwrap();
        assert_eq!(scenario.moved("/ws", to).to_string(), format!("bob -> GET {moved}\n"));
    }
}
