//! `strangers_page`: which pages may connect, and as whom.

use ws101::transcript::Request;

use crate::program::Program;
use crate::talk_to;

#[tokio::test]
async fn a_stranger_gets_403_and_the_name_is_the_sessions() {
    let program = Program::start("strangers_page", &[]).await;
    let mut t = talk_to(program.address);
    t.any("ticket");
    let page = |origin| Request::new("/ws").header("Host", "chat.test").header("Origin", origin);
    t.step("a page of another server");
    t.connect("eve", page("http://stranger.test")).await;
    t.step("a page of this server");
    t.connect("ann", page("http://chat.test")).await;
    t.send("ann", r#"{"type":"login","username":"Anna"}"#).await;
    t.step("the name is the session's, whatever the message says");
    t.send("ann", r#"{"type":"message","username":"Vera","content":"hi"}"#).await;
    t.step("a ticket");
    t.send("ann", r#"{"type":"ticket"}"#).await;
    insta::assert_snapshot!(t);
}
