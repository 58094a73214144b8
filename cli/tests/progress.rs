//! `ws101 check` keeps what passed, and says what is next.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// A server whose HTTP answers are all 400: it passes check 1.2, and no other of lesson 1.
const REFUSING: &str = "\
use IO::Socket::INET;
my $listener = IO::Socket::INET->new(LocalAddr => \"127.0.0.1:$ENV{PORT}\", Listen => 9, ReuseAddr => 1);
while (my $client = $listener->accept) {
    while (<$client>) { last if /^\\r\\n/ }
    print $client \"HTTP/1.1 400 Bad Request\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n\";
    close $client;
}
";

/// Runs `ws101 check` in a folder. Returns its exit code, its last line, and what it says on standard error.
fn check(folder: &Path, what: &str, more: &[&str]) -> (Option<i32>, String, String) {
    let server = folder.join("server.pl");
    if !server.exists() {
        fs::write(&server, REFUSING).unwrap();
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_ws101"));
    command.args(["check", what, "--cmd", &format!("perl {}", server.display())]).args(more);
    command.current_dir(folder).stdin(Stdio::null()).env("LC_ALL", "C").env_remove("CARGO");
    let output = command.output().expect("it runs");
    let [out, err] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    (output.status.code(), out.lines().last().unwrap_or_default().to_owned(), err)
}

#[test]
fn what_passed_is_kept_and_what_is_next_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(".progress.toml");
    let (code, last, err) = check(folder.path(), "1.2", &[]);
    assert_eq!((code, &*err), (Some(0), ""));
    assert_eq!(last, "1 of 4 in this lesson; next: check 1.1");
    assert!(fs::read_to_string(&file).unwrap().ends_with("handshake = [2]\n"));
    // A check that passed on another day counts. A failure takes nothing away, and names no next step.
    fs::write(&file, "handshake = [1, 2, 3, 4]").unwrap();
    let (_, last, _) = check(folder.path(), "1.2", &["--lang", "ru"]);
    assert_eq!(last, "дальше: урок 2, lessons/ru/02_raw_echo.md");
    let (code, last, _) = check(folder.path(), "1.4", &[]);
    assert_eq!((code, &*last), (Some(1), "0 passed, 1 failed, 0 skipped"));
    assert!(fs::read_to_string(&file).unwrap().ends_with("handshake = [1, 2, 3, 4]\n"));
    // Programs that read a report keep their own books.
    fs::remove_file(&file).unwrap();
    check(folder.path(), "1.2", &["--json"]);
    assert!(!file.exists());
}

#[test]
fn a_file_that_cannot_be_read_fails_no_check_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(".progress.toml");
    fs::write(&file, "handshake = oops").unwrap();
    let (code, last, err) = check(folder.path(), "1.2", &[]);
    assert_eq!((code, &*last), (Some(0), "1 of 4 in this lesson; next: check 1.1"));
    let wanted = "ws101: .progress.toml:1 is not like `broadcast = [1, 2]`: mend the line, or delete \
                  the file to begin anew\n";
    assert_eq!(err, wanted);
    assert_eq!(fs::read_to_string(&file).unwrap(), "handshake = oops");
}

/// Root may write anywhere: then only the exit code is seen.
#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_written_fails_no_check() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("server.pl"), REFUSING).unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o555)).unwrap();
    let may_write = fs::write(folder.path().join("probe"), "").is_ok();
    let (code, last, err) = check(folder.path(), "1.2", &[]);
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!((code, &*last), (Some(0), "1 of 4 in this lesson; next: check 1.1"));
    assert!(may_write || err.starts_with("ws101: what passed is not kept: "), "{err}");
}
