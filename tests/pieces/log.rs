//! A log that loses lines rather than wait.

use std::io::{self, Write};
use std::process::Command;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tracing::{Level, debug, info, span, warn};
use ws101::log::{Events, Format, Log, QUEUE_BYTES};
use ws101::{log, timestamp};

/// How long the writing thread may take, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// A sink that waits for the word before each write, and fails if that is `false`.
struct Gate {
    begun: Sender<()>,
    word: Receiver<bool>,
    written: Arc<Mutex<String>>,
}

impl Write for Gate {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Some tests do not ask.
        let _ = self.begun.send(());
        // Nobody to say the word: the gate stands open.
        if !self.word.recv().unwrap_or(true) {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.written.lock().unwrap().push_str(std::str::from_utf8(bytes).unwrap());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Gated {
    log: Log,
    begun: Receiver<()>,
    word: Sender<bool>,
    written: Arc<Mutex<String>>,
}

fn gated() -> Gated {
    let (tell, begun) = channel();
    let (word, heard) = channel();
    let written = Arc::<Mutex<String>>::default();
    let log = Log::to(Gate { begun: tell, word: heard, written: written.clone() });
    Gated { log, begun, word, written }
}

#[test]
fn lines_come_out_in_their_order() {
    let Gated { log, word, written, .. } = gated();
    drop(word);
    for line in ["one\n", "two\n", "three\n"] {
        log.put(line.as_bytes());
    }
    assert!(log.flush(PATIENCE));
    assert_eq!(*written.lock().unwrap(), "one\ntwo\nthree\n");
    assert_eq!(log.lost(), 0);
}

#[test]
fn what_finds_no_room_is_lost_and_counted_and_told() {
    let Gated { log, begun, word, written } = gated();
    log.put(b"first\n");
    begun.recv_timeout(PATIENCE).expect("the thread writes");
    // The sink takes nothing now, and the queue holds so much.
    let line = [b"x".repeat(1023), b"\n".to_vec()].concat();
    let room = QUEUE_BYTES / line.len();
    for _ in 0..room + 7 {
        log.put(&line);
    }
    assert_eq!(log.lost(), 7);
    assert!(!log.flush(Duration::from_millis(1)), "it does not wait for ever");
    drop(word);
    assert!(log.flush(PATIENCE));
    let written = written.lock().unwrap();
    assert_eq!(written.matches('x').count(), room * 1023);
    assert!(written.starts_with("first\n"));
    assert!(written.ends_with("\n-- 7 lines of this log were lost\n"));
}

#[test]
fn a_sink_that_fails_costs_the_lines_and_nothing_else() {
    let Gated { log, word, written, .. } = gated();
    word.send(false).unwrap();
    log.put(b"one\ntwo\n");
    assert!(log.flush(PATIENCE));
    assert_eq!(log.lost(), 2);
    drop(word);
    log.put(b"three\n");
    assert!(log.flush(PATIENCE));
    assert_eq!(*written.lock().unwrap(), "three\n-- 2 lines of this log were lost\n");
}

#[test]
fn a_log_that_is_dropped_writes_what_it_has() {
    let Gated { log, begun, word, written } = gated();
    log.put(b"last\n");
    begun.recv_timeout(PATIENCE).expect("the thread writes");
    log.clone().put(b"very last\n");
    drop(log);
    drop(word);
    // The sink is dropped with its thread.
    while begun.recv_timeout(PATIENCE).is_ok() {}
    assert_eq!(*written.lock().unwrap(), "last\nvery last\n");
}

/// The lines of the events that `program` emits, without the time.
fn events(program: impl FnOnce()) -> Vec<String> {
    let lines = Arc::<Mutex<Vec<String>>>::default();
    let events = Events::new({
        let lines = lines.clone();
        move |line| lines.lock().unwrap().push(line)
    });
    tracing::subscriber::with_default(events, program);
    let lines = lines.lock().unwrap();
    let time = "2026-01-01T12:00:00.000Z".len();
    lines.iter().map(|line| line[time..].to_owned()).collect()
}

#[test]
fn an_event_is_a_line_with_its_fields() {
    let lines = events(|| {
        let who = 7;
        info!(who, name = "ann", code = %1000, "left after {} s", 3);
        warn!(target: "chat", "two words");
        debug!("not printed");
        span!(Level::ERROR, "connection", who).in_scope(|| info!("inside a span"));
    });
    let expected = [
        "  INFO pieces::log: left after 3 s who=7 name=\"ann\" code=1000\n",
        "  WARN chat: two words\n",
        "  INFO pieces::log: inside a span\n",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn text_of_a_peer_cannot_begin_a_line_or_act_on_the_terminal() {
    let agent = "x\n2026-01-01T12:00:00.000Z ERROR forged: line\r\u{1b}[2J\u{202e}";
    let lines = events(|| info!(%agent, "joined\nforged"));
    let line = concat!(
        "  INFO pieces::log: joined\\nforged",
        " agent=x\\n2026-01-01T12:00:00.000Z ERROR forged: line\\u{d}\\u{1b}[2J\\u{202e}\n"
    );
    assert_eq!(lines, [line]);
}

/// Runs one test of this file in a process of its own, which prints. Gives what it wrote to standard
/// output and error.
fn printed(name: &str) -> [String; 2] {
    let mut itself = Command::new(std::env::current_exe().unwrap());
    let test = format!("log::{name}");
    let ended = itself.args(["--exact", &test, "--nocapture"]).env(PRINTS, "").output().unwrap();
    [ended.stdout, ended.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// Set in the process that prints.
const PRINTS: &str = "WS101_PRINTS";

#[test]
fn a_line_of_the_log_stays_one_line_and_a_report_keeps_its_lines() {
    if std::env::var_os(PRINTS).is_some() {
        log!("said: {}", "hi\nforged\u{1b}");
        log::report(format_args!("one\u{1b}\ntwo"));
        assert!(log::flush());
        return;
    }
    let [stdout, stderr] = printed("a_line_of_the_log_stays_one_line_and_a_report_keeps_its_lines");
    assert!(stdout.contains("said: hi\\nforged\\u{1b}\n"), "{stdout}");
    assert_eq!(stderr, "one\\u{1b}\ntwo\n");
}

/// Text that would end a JSON string, begin a line or act on a terminal.
const ODD: &str = "\",\"forged\":1}\\\n\r\0\u{1b}[2J\u{9b}\u{202e}\u{2028}\u{1f600}é\u{ffff}";

#[test]
fn a_line_of_json_is_one_object_whatever_it_quotes() {
    if std::env::var_os(PRINTS).is_some() {
        log::init();
        log::write_as(Format::Json);
        info!(who = 7, ok = true, rate = 0.5, none = f64::NAN, %ODD, "left: {ODD}");
        warn!(target: "chat", code = ?Some(ODD), text = ODD);
        log!("said: {ODD}");
        assert!(log::flush());
        return;
    }
    let [stdout, stderr] = printed("a_line_of_json_is_one_object_whatever_it_quotes");
    assert_eq!(stderr, "");
    let lines: Vec<Value> = stdout
        .lines()
        .filter_map(|line| line.find("{\"time\"").map(|at| &line[at..]))
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    assert!(!stdout.contains(['\u{1b}', '\u{9b}', '\u{202e}', '\u{2028}']), "{stdout:?}");
    let time = |line: &Value| timestamp::read(line["time"].as_str().unwrap()).is_some();
    assert!(lines.iter().all(time), "{stdout}");
    let part =
        |line: &Value| json!([line["level"], line["target"], line["message"], line["fields"]]);
    let expected = [
        json!(["INFO", "pieces::log", format!("left: {ODD}"),
            {"who": 7, "ok": true, "rate": 0.5, "none": null, "ODD": ODD}]),
        json!(["WARN", "chat", "", {"code": format!("{:?}", Some(ODD)), "text": ODD}]),
        json!(["INFO", "log", format!("said: {ODD}"), {}]),
    ];
    assert_eq!(lines.iter().map(part).collect::<Vec<_>>(), expected);
}

/// A sink that takes half of what it is given, and then nothing.
struct Half(bool);

impl Write for Half {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if std::mem::replace(&mut self.0, true) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(bytes.len() / 2)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn lines_that_a_full_disk_took_are_not_lost() {
    let log = Log::to(Half(false));
    log.put(b"one\ntwo\nthree\nfour\n");
    assert!(log.flush(PATIENCE));
    assert_eq!(log.lost(), 2, "half of them is `one`, `two` and a part of `three`");
}

/// The log is told of a file after its first lines, and a panic is in it, too.
#[test]
fn a_panic_is_in_the_file_of_the_log() {
    if let Some(file) = std::env::var_os(PRINTS_TO) {
        log!("on standard output");
        assert!(log::flush());
        log::write_as(Format::Json);
        log::to_file(file.as_ref()).unwrap();
        let panicked = std::thread::spawn(|| panic!("said \"{}\"", "hi\n")).join();
        assert!(panicked.is_err() && log::flush());
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("log");
    let mut itself = Command::new(std::env::current_exe().unwrap());
    let name = "log::a_panic_is_in_the_file_of_the_log";
    let itself = itself.args(["--exact", name, "--nocapture"]).env(PRINTS_TO, &file);
    let ended = itself.output().unwrap();
    assert!(String::from_utf8_lossy(&ended.stdout).contains("on standard output\n"));
    let written = std::fs::read_to_string(file).unwrap();
    let line: Value = serde_json::from_str(&written).unwrap();
    assert_eq!(line["level"], "ERROR");
    let said = line["message"].as_str().unwrap();
    assert!(said.contains("panicked at") && said.contains("said \"hi\\n\""), "{said}");
}

/// The file to which the process that prints writes its log.
const PRINTS_TO: &str = "WS101_PRINTS_TO";
