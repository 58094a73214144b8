//! The dialect `python_chat`: `names_and_typing`.

use ws101::frame::Frame;

use crate::program::Program;
use crate::talk_to;

#[tokio::test]
async fn g7_a_visitor_becomes_a_member_and_errors_are_no_crash() {
    let program = Program::start("names_and_typing", &[]).await;
    let mut t = talk_to(program.address);
    for name in ["ann", "bob", "visitor"] {
        t.connect(name, "/").await;
    }
    t.step("nothing can be said before a name is");
    t.send("ann", r#"{"type":"message","message":"hi"}"#).await;
    t.send("ann", r#"{"type":"typing"}"#).await;
    t.step("names that will not do");
    t.send("ann", r#"{"type":"join","username":"  "}"#).await;
    t.send("ann", r#"{"type":"join"}"#).await;
    t.send("ann", format!(r#"{{"type":"join","username":"{}"}}"#, "я".repeat(10_000))).await;
    t.step("nor will what nobody sees, nor the server's own words");
    for name in [r"\u0007\u0000", r"\u3164", r"\u0301", "server", "Учитeль"] {
        t.send("ann", format!(r#"{{"type":"join","username":"{name}"}}"#)).await;
    }
    t.step("a welcome for who joins, news for the members");
    t.send("ann", r#"{"type":"join","username":"Аня"}"#).await;
    t.send("bob", r#"{"type":"join","name":"аня"}"#).await;
    t.send("bob", r#"{"type":"join","name":"Aня"}"#).await;
    t.send("bob", r#"{"type":"join","nickname":" Борис "}"#).await;
    t.step("everyone hears a message, under the name that the server knows");
    t.send("bob", r#"{"type":"message","text":"Привет","username":"Аня"}"#).await;
    t.step("typing never comes back to its author");
    t.send("ann", r#"{"type":"typing","is_typing":true}"#).await;
    t.send("ann", r#"{"type":"typing","is_typing":false}"#).await;
    t.step("what is not understood is an error that names it");
    t.send("ann", r#"{"type":"dance"}"#).await;
    t.send("ann", r#"{"type":"user_left","username":"Борис"}"#).await;
    t.send("ann", r#"{"type":"join","username":"Анна"}"#).await;
    for text in ["not JSON", r#"["join"]"#, "7", "null", "{}", r#"{"type":7}"#] {
        t.send("ann", text).await;
    }
    t.send("ann", r#"{"type":"message","content":" "}"#).await;
    t.send("ann", Frame::binary(vec![1, 2, 3])).await;
    t.step("bob is cut off; the visitor leaves, and nobody knew that it was here");
    t.vanish("bob").await;
    t.close("visitor", 1000, "").await;
    t.step("SIGTERM");
    let ended = program.stop().await;
    t.pass(std::time::Duration::from_millis(10)).await;
    assert_eq!(ended.code, Some(0), "{}", ended.said);
    insta::assert_snapshot!(t);
}
