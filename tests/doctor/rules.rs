//! Which rules of RFC 6455 a server keeps.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::time::Duration;

use futures::future::FutureExt;
use tokio::io::AsyncReadExt;
use tokio::time::sleep;
use ws101::chat::Chat;
use ws101::doctor::{Cause, Manner, Reaction, RuleVerdict, Target, examine};
use ws101::endpoint::Endpoint;
use ws101::frame::{Decoder, Frame, Opcode};
use ws101::settings::Settings;
use ws101::{program, server};

use super::ward::{Illness, diagnosed, target};

/// A healthy server: ours, which keeps every rule.
#[tokio::test(flavor = "multi_thread")]
async fn the_healthy_are_told_which_rules_they_keep() {
    let settings = Settings { port: 0, ..Settings::default() };
    let listener = program::listen(&settings).unwrap();
    let chat = Endpoint::open(Chat::new(&settings), &settings);
    let address = listener.local_addr().unwrap();
    tokio::spawn(server::serve(&settings, listener, [chat.sockets()], chat.shutdown().clone()));
    let target =
        Target { timeout: Duration::from_secs(10), ..target(&format!("ws://{address}/ws")) };
    let diagnosis = examine(&target).await;
    assert_eq!(diagnosis.cause, None, "{:#?}", diagnosis.evidence);
    let told = |verdict: &RuleVerdict| {
        let kept = match verdict.kept {
            Some(true) => "kept",
            Some(false) => "broken",
            None => "unknown",
        };
        let (rule, seen) = (verdict.rule, verdict.seen);
        format!("{kept} {:?} {} {} ({seen})", rule.level, rule.section, rule.english)
    };
    let verdicts: Vec<_> = diagnosis.verdicts.iter().map(told).collect();
    insta::assert_snapshot!(verdicts.join("\n"));
}

/// A test that was not let in shows nothing, so the server is not called well.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_lets_in_only_a_few_is_not_well() {
    // The doctor opens four before it tests the rules: three manners, and the one that pings.
    static OPENED: AtomicUsize = AtomicUsize::new(0);
    let few: Illness = |mut call| {
        async move {
            if call.header("Sec-WebSocket-Key").is_empty() || OPENED.fetch_add(1, Relaxed) > 3 {
                return call.say("HTTP/1.1 400 No\r\nSec-WebSocket-Version: 13\r\n\r\n").await;
            }
            call.switch("").await;
            call.answer_pings().await;
        }
        .boxed()
    };
    let (mut diagnosis, _) = diagnosed(few).await;
    let cause = diagnosis.cause.clone().expect("it lets in nobody any more");
    assert_eq!(cause.id(), "lets-in-no-more");
    assert_eq!(cause.to_string().matches("400 Bad Request").count(), 1, "{cause}");
    diagnosis.verdicts.retain(|verdict| verdict.seen == Reaction::NotOpened);
    assert!(diagnosis.verdicts.len() > 3, "{:#?}", diagnosis.verdicts);
    assert!(!diagnosis.is_well());
}

/// One that locks something for ever when it meets a frame that breaks a rule: it lives, and lets in nobody, or
/// leaves everybody unanswered.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_broken_by_a_test_is_not_said_to_answer() {
    static LOCKED: [AtomicBool; 2] = [const { AtomicBool::new(false) }; 2];
    macro_rules! locks {
        ($at:expr, $call:ident => $locked:expr) => {
            |mut $call| {
                async move {
                    if $call.header("Sec-WebSocket-Key").len() != 24 {
                        return $call.say("HTTP/1.1 400 No\r\n\r\n").await;
                    }
                    if LOCKED[$at].load(Relaxed) {
                        return $locked;
                    }
                    $call.switch("").await;
                    let (mut decoder, mut heard) = (Decoder::new(1024), Vec::new());
                    while $call.tcp.read_buf(&mut heard).await.is_ok_and(|n| n > 0) {
                        decoder.push(&heard);
                        heard.clear();
                        while let Some(frame) = decoder.next_frame() {
                            if frame.header.opcode == Opcode::Ping {
                                $call.say(Frame::pong(frame.payload).to_bytes()).await;
                            } else if frame.payload == "bare" {
                                LOCKED[$at].store(true, Relaxed);
                            }
                        }
                    }
                }
                .boxed()
            }
        };
    }
    let refuses: Illness = locks!(0, call => call.say("HTTP/1.1 500 Poisoned\r\n\r\n").await);
    let leaves: Illness = locks!(1, call => {
        call.switch("").await;
        call.hold().await;
    });
    let since = "(500 Internal Server Error), since it was tested that a frame without a mask";
    for (illness, words) in [(refuses, since), (leaves, "(no answer)")] {
        let (diagnosis, _) = diagnosed(illness).await;
        let told = diagnosis.cause.expect("the server is broken").to_string();
        assert!(told.contains(&format!("lets in nobody any more {words}")), "{told}");
    }
}

/// One that lets in two at a time is asked again, one test after the other.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_lets_in_two_at_a_time_is_known() {
    static SEATS: AtomicUsize = AtomicUsize::new(2);
    let narrow: Illness = |mut call| {
        async move {
            let take = SEATS.fetch_update(Relaxed, Relaxed, |seats| seats.checked_sub(1));
            if take.is_err() {
                return call.say("HTTP/1.1 503 Full\r\n\r\n").await;
            }
            call.switch("").await;
            call.answer_pings().await;
            SEATS.fetch_add(1, Relaxed);
        }
        .boxed()
    };
    let (diagnosis, _) = diagnosed(narrow).await;
    let mut verdicts = diagnosis.verdicts.iter();
    assert!(verdicts.all(|verdict| verdict.seen != Reaction::NotOpened), "{diagnosis:#?}");
}

/// A server that takes everything and breaks every rule it can.
#[tokio::test(flavor = "multi_thread")]
async fn the_lax_are_told_which_rules_they_break() {
    let lax: Illness = switches!("", call => call.answer_pings().await);
    let (diagnosis, _) = diagnosed(lax).await;
    assert_eq!(diagnosis.cause, None, "{:#?}", diagnosis.evidence);
    let broken: Vec<_> =
        diagnosis.verdicts.iter().filter(|verdict| verdict.kept == Some(false)).collect();
    let sections: Vec<_> = broken.iter().map(|verdict| verdict.rule.section).collect();
    assert_eq!(
        sections,
        [
            "4.2.1", "4.2.1", "4.2.1", "4.2.2", "5.1", "5.2", "5.2", "5.2", "5.4", "5.4", "5.5",
            "5.5", "5.5.1", "5.5.1", "5.5.2", "5.5.2", "7.4.1", "8.1"
        ]
    );
}

/// One that compares where it should ignore case, in one header of the two.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_minds_the_case_is_told() {
    macro_rules! minds {
        ($name:expr, $value:expr) => {
            |mut call| {
                async move {
                    if call.header($name) != $value {
                        return call.say("HTTP/1.1 400 Bad Request\r\n\r\n").await;
                    }
                    call.switch("").await;
                    call.answer_pings().await;
                }
                .boxed()
            }
        };
    }
    let (diagnosis, _) = diagnosed(minds!("Upgrade", "websocket")).await;
    let in_any_case = |verdict: &&RuleVerdict| verdict.rule.english.contains("in any case");
    let verdict = diagnosis.verdicts.iter().find(in_any_case).unwrap();
    assert_eq!((verdict.kept, verdict.seen), (Some(false), Reaction::Status(400)));
    // Firefox sends two values there, so it is not let in at all.
    let (diagnosis, _) = diagnosed(minds!("Connection", "Upgrade")).await;
    let Some(Cause::Manner { refused, minds, .. }) = diagnosis.cause else {
        panic!("{:#?}", diagnosis.evidence);
    };
    assert_eq!((&refused[..], minds.unwrap().0), (&[Manner::Firefox][..], "Connection"));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_repeats_what_may_not_be_said_is_told() {
    let parrot: Illness = switches!("", call => {
        let (mut decoder, mut heard) = (Decoder::new(1024), Vec::new());
        while call.tcp.read_buf(&mut heard).await.is_ok_and(|n| n > 0) {
            decoder.push(&heard);
            heard.clear();
            while let Some(frame) = decoder.next_frame() {
                match frame.header.opcode {
                    Opcode::Ping => call.say(Frame::pong(frame.payload).to_bytes()).await,
                    Opcode::Close => {
                        let echo = Frame::new(Opcode::Close, frame.payload);
                        return call.say(echo.to_bytes()).await;
                    }
                    _ => {}
                }
            }
        }
    });
    let (diagnosis, _) = diagnosed(parrot).await;
    let forbidden = |verdict: &&RuleVerdict| verdict.rule.section == "7.4.1";
    let verdict = diagnosis.verdicts.iter().find(forbidden).unwrap();
    assert_eq!(verdict.kept, Some(false), "{}", verdict.seen);
}

/// As Python's websockets: its pongs overtake the messages that are yet to be looked at.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_ends_it_after_the_pong_has_ended_it() {
    let late: Illness = switches!("", call => {
        let mut heard = Vec::new();
        while call.tcp.read_buf(&mut heard).await.is_ok_and(|n| n > 0) {
            let ping = heard.windows(2).position(|two| two == [0x89, 0x8c] || two == [0x89, 0x8b]);
            let Some(at) = ping else { continue };
            let size = usize::from(heard[at + 1] & 0x7f);
            let Some(frame) = heard.get(at + 2..at + 6 + size) else { continue };
            let (key, payload) = frame.split_at(4);
            let payload: Vec<u8> = payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect();
            call.say(Frame::pong(payload).to_bytes()).await;
            // The first ping asks whether it is there, the one behind a message whether it goes on.
            if at > 0 {
                sleep(Duration::from_millis(100)).await;
                call.say(Frame::close(1007, "").to_bytes()).await;
                return;
            }
            heard.clear();
        }
    });
    let (diagnosis, _) = diagnosed(late).await;
    let utf8 = diagnosis.verdicts.iter().find(|verdict| verdict.rule.section == "8.1").unwrap();
    assert_eq!((utf8.kept, utf8.seen), (Some(true), Reaction::Close(1007)));
}
