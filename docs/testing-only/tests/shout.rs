//! A conversation with the server as a snapshot, and what it costs to depend on ws101 for that.

use std::collections::BTreeSet;
use std::process::Command;

use ws101::frame::Frame;
use ws101::transcript::Transcript;

/// The most crates that `features = ["testing"]` may cost, ws101 itself among them.
const MAX_CRATES: usize = 35;

#[tokio::test(start_paused = true)]
async fn a_text_comes_back_in_capitals() {
    let mut t = Transcript::new(shout::serve);
    t.step("ann says hello");
    t.connect("ann", "/").await;
    t.send("ann", Frame::text("hello")).await;
    t.close("ann", 1000, "bye").await;
    insta::assert_snapshot!(t);
}

#[test]
fn ws101_for_tests_brings_no_server() {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
    // With the edges of this project's tests, which ask for the feature `testing`.
    let edges = ["--edges", "normal,build,dev"];
    cargo.args(["tree", "--locked", "--offline", "--package", "ws101"]).args(edges);
    let output = cargo.args(["--prefix", "none", "--format", "{p}"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).unwrap();
    let crates: BTreeSet<_> =
        tree.lines().filter_map(|line| line.split(' ').next()).filter(|n| !n.is_empty()).collect();
    assert!(crates.contains("ws101") && crates.contains("serde_json"), "{crates:#?}");
    for server in ["warp", "hyper", "tungstenite", "tokio-tungstenite"] {
        assert!(!crates.contains(server), "{server} is here: {crates:#?}");
    }
    assert!(crates.len() <= MAX_CRATES, "{} crates: {crates:#?}", crates.len());
}
