//! `too_fast`: a client that sends too fast gets an error, and the others hear nothing of that.

use ws101::frame::Frame;

use crate::program::Program;
use crate::talk_to;

#[tokio::test]
async fn a_client_too_fast_gets_an_error() {
    let program = Program::start("too_fast", &[("WS_RATE", "1")]).await;
    let mut t = talk_to(program.address);
    t.any("retry_after_ms");
    t.step("ann and bob come in");
    t.connect("ann", "/ws").await;
    t.connect("bob", "/ws").await;
    t.step("ann sends five at once");
    // In one packet, so that no second passes between them.
    let lines = (1..=5).map(|n| Frame::text(format!(r#"{{"type":"user","content":"line {n}"}}"#)));
    let lines: Vec<_> = lines.map(|line| line.masked([1, 2, 3, 4]).to_bytes()).collect();
    t.raw("ann", lines.concat()).await;
    insta::assert_snapshot!(t);
}
