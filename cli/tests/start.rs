//! `ws101 start`, run as people run it. Whether what it writes runs is tried in `answers.rs`.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Runs `ws101 start` with these words in a folder.
fn start(folder: &Path, words: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ws101"));
    command.arg("start").args(words).current_dir(folder).stdin(Stdio::null());
    command.env("LC_ALL", "C").env_remove("CARGO");
    let Output { status, stdout, stderr } = command.output().expect("it runs");
    let [out, err] = [stdout, stderr].map(|bytes| String::from_utf8(bytes).expect("it is text"));
    (status.code(), out, err)
}

#[test]
fn the_next_steps_are_commands() {
    let folder = tempfile::tempdir().unwrap();
    let (code, out, err) = start(folder.path(), &["10", "--in", "python"]);
    assert_eq!((code, &*err), (Some(0), ""));
    let wanted = "\
lesson-10/server.py passes the checks of lesson 7, and fails check 10.8.
lesson-10/client.py runs, and fails check 10.1.

  install    python3 -m pip install -r lesson-10/requirements.txt
  run        python3 lesson-10/server.py
  check      ws101 check 10 --cmd \"python3 lesson-10/server.py\"
  check      ws101 check 10 --client \"python3 lesson-10/client.py\"
  read       lessons/en/10_reconnect.md
";
    assert_eq!(out, wanted);
    let (_, out, _) = start(folder.path(), &["1", "my folder", "--in", "rust", "--lang", "ru"]);
    let wanted = "\
my folder/src/main.rs работает и не проходит проверку 1.1.

  запустить  cargo run --quiet --manifest-path 'my folder'/Cargo.toml
  проверить  ws101 check 1 --cmd \"cargo run --quiet --manifest-path 'my folder'/Cargo.toml\" --build --lang ru
  читать     lessons/ru/01_handshake.md
";
    assert_eq!(out, wanted);
}

#[test]
fn nothing_is_ever_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("lesson-5");
    fs::create_dir(&own).unwrap();
    fs::write(own.join("server.py"), "mine").unwrap();
    let (code, out, err) = start(folder.path(), &["5", "--in", "python"]);
    assert_eq!((code, &*out), (Some(2), ""));
    assert_eq!(err, "ws101: lesson-5 exists already, and stays as it is: name another folder\n");
    assert_eq!(fs::read_to_string(own.join("server.py")).unwrap(), "mine");
    assert_eq!(fs::read_dir(&own).unwrap().count(), 1);
    // A file in the way, and a folder that cannot be made.
    fs::write(folder.path().join("mine"), "mine").unwrap();
    let (code, _, err) = start(folder.path(), &["5", "mine", "--in", "node", "--lang", "ru"]);
    assert_eq!(code, Some(2));
    assert_eq!(err, "ws101: mine уже есть и остаётся как есть: назовите другую папку\n");
    let (code, _, err) = start(folder.path(), &["5", "no/such", "--in", "node"]);
    assert_eq!(code, Some(2));
    assert!(err.starts_with("ws101: cannot make no/such: "), "{err}");
}

#[test]
fn what_cannot_be_begun_is_said_in_a_line() {
    let folder = tempfile::tempdir().unwrap();
    for (lesson, why) in
        [("0", "lesson 0 has no checks: "), ("99", "there is no lesson 99: there are 0 to ")]
    {
        let (code, _, err) = start(folder.path(), &[lesson, "--in", "node"]);
        assert_eq!(code, Some(2));
        assert!(err.starts_with(&format!("ws101: {why}")), "{err}");
    }
    let (_, _, err) = start(folder.path(), &["99", "--in", "node", "--lang", "ru"]);
    assert!(err.starts_with("ws101: урока 99 нет, есть с 0 по "), "{err}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
