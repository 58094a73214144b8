//! The reference of the wire language and the grammar for editors, made from the table of verbs.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use ws101::close;
use ws101::echo::echo;
use ws101::frame::{Decoder, Frame, Opcode, Role};
use ws101::handshake::Policy;
use ws101::scenario::{Mismatch, Played};
use ws101::transcript::{Pipe, Transcript};
use ws101::upgrade::{HEAD_DEADLINE, accept, config};
use ws101::wst::{
    Action, Ask, ConnectionAction, FAULT_NAMES, Group, Item, LineWriter, Payload, Scenario, Text,
    VERBS, Verb,
};

/// The pages, and whether they are in Russian.
const PAGES: [(&str, bool); 2] = [("docs/wst.md", false), ("docs/wst.ru.md", true)];

const GRAMMAR: &str = "docs/vscode/syntaxes/wst.tmLanguage.json";

/// The names of the faults as the classroom's page has them.
const NAMES: &str = "frontend/class/fault_names.js";

const BEGIN: &str =
    "<!-- verbs: made from src/wst/verbs.rs by UPDATE_EXCERPTS=1 cargo test --test wst -->\n";
const END: &str = "<!-- /verbs -->\n";

const SWITCH: &str = "HTTP/1.1 101 Switching Protocols\r\n\
    Upgrade: websocket\r\n\
    Connection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/// The server that examples are played at: an echo, and some paths at which it does what is asked.
fn demonstration() -> Transcript {
    Transcript::new(|mut pipe: Pipe| async move {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            if pipe.read_buf(&mut head).await.unwrap_or(0) == 0 {
                return;
            }
        }
        let line = String::from_utf8_lossy(&head).lines().next().unwrap_or_default().to_owned();
        let target = line.split(' ').nth(1).unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        match path {
            "/says" => says(pipe, &bytes(query)).await,
            "/later" => {
                let _ = pipe.write_all(SWITCH.as_bytes()).await;
                tokio::time::sleep(Duration::from_secs(10)).await;
                let _ = pipe.write_all(&Frame::text("hi").to_bytes()).await;
                drain(&mut pipe).await;
            }
            "/bad-accept" => {
                let wrong = SWITCH.replace("s3pP", "S3PP");
                let _ = pipe.write_all(wrong.as_bytes()).await;
                drain(&mut pipe).await;
            }
            "/reset" => {
                let _ = pipe.write_all(SWITCH.as_bytes()).await;
                tokio::time::sleep(Duration::from_millis(10)).await;
                pipe.reset();
            }
            "/ssh" => drop(pipe.write_all(b"SSH-2.0-ws101\r\n\r\n").await),
            _ => echoes(ws101::stream::Rewind::new(&head, pipe)).await,
        }
    })
}

async fn echoes(io: ws101::stream::Rewind<Pipe>) {
    let policy = Policy { hosts: vec!["ws101.test".into()], ..Policy::default() };
    let Ok(accepted) = accept(io, &policy, HEAD_DEADLINE).await else { return };
    let mut socket = accepted.into_socket(config(1 << 20)).await;
    let ended = echo(&mut socket, str::to_owned).await;
    close::reply(&mut socket, ended, close::CLOSE_DEADLINE).await;
}

/// Sends these bytes, then repeats texts; it hangs up behind half a frame, and once a close is answered.
async fn says(mut pipe: Pipe, said: &[u8]) {
    let _ = pipe.write_all(SWITCH.as_bytes()).await;
    let _ = pipe.write_all(said).await;
    let mut own = Decoder::new(1024);
    own.push(said);
    while own.next_frame().is_some() {}
    if own.pending().is_some() {
        return;
    }
    let mut decoder = Decoder::new(1024);
    let mut buffer = [0; 1024];
    while let Ok(size @ 1..) = pipe.read(&mut buffer).await {
        decoder.push(&buffer[..size]);
        while let Some(frame) = decoder.next_frame() {
            match frame.header.opcode {
                Opcode::Close => return,
                Opcode::Text => {
                    let again = Frame::new(Opcode::Text, frame.payload);
                    let _ = pipe.write_all(&again.to_bytes()).await;
                }
                _ => {}
            }
        }
    }
}

async fn drain(pipe: &mut Pipe) {
    while pipe.read(&mut [0; 1024]).await.is_ok_and(|size| size > 0) {}
}

fn bytes(hex: &str) -> Vec<u8> {
    let pair = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("two digits");
    (0..hex.len() / 2).map(|at| pair(2 * at)).collect()
}

async fn play(verb: &Verb) -> Played {
    let scenario: Scenario =
        verb.example.parse().unwrap_or_else(|error| panic!("{}: {error}", verb.form));
    assert_eq!(scenario.to_string().trim_end(), verb.example, "{}", verb.form);
    // The notes about a process ask for nothing here.
    scenario.play_with(demonstration(), |_| {}).await
}

#[tokio::test(start_paused = true)]
async fn every_example_is_read_and_plays() {
    for verb in VERBS {
        let played = play(verb).await;
        match (verb.group, &played.difference) {
            (Group::Shown, Some(difference)) => {
                let known =
                    matches!(difference.why, Mismatch::NotWritten(_) | Mismatch::Silence(_));
                assert!(known, "{}: {difference}", verb.form);
            }
            (Group::Shown, None) => panic!("{}: it passes", verb.form),
            (_, difference) => assert!(difference.is_none(), "{}\n{played}", verb.form),
        }
    }
}

/// The item of a line that was written, parsed again.
fn again(line: &str) -> Item {
    let scenario: Scenario = line.parse().unwrap_or_else(|error| panic!("{error}\n{line}"));
    scenario.steps[0].lines[0].item.clone()
}

#[test]
fn a_request_that_no_line_can_tell_is_written_as_its_bytes() {
    let usual = "Host: a\r\nUpgrade: websocket\r\n";
    for (first, header) in [
        ("GET / HTTP/1.1", "X: 1\r\nX: 2\r\n".to_owned()),
        ("get / HTTP/1.1", String::new()),
        ("GET / HTTP/1.0", String::new()),
    ] {
        let head = format!("{first}\r\n{usual}{header}\r\n");
        let written = LineWriter::default().request("bob", head.as_bytes());
        let whole = Payload::Text(Text::plain(&head), 1);
        assert_eq!(written, Item::Action("bob".into(), Action::Ask(Ask::Raw(whole))), "{first}");
        assert_eq!(again(&written.to_line()), written);
    }
}

#[test]
fn what_is_written_is_read_as_it_was() {
    let deep = format!("{}1{}", "[".repeat(120), "]".repeat(120));
    let unreadable = [&1000u16.to_be_bytes()[..], &[0xff; 120]].concat();
    for frame in [
        Frame::text("<b>, <*> and < are no placeholders"),
        Frame::text(r#"{"<key>":"<value>","n":1.50,"s":"\u0007"}"#),
        Frame::text(deep),
        Frame::new(Opcode::Close, unreadable),
        Frame::new(Opcode::Close, vec![0x03; 5000]),
        Frame::new(Opcode::Pong, vec![0xff; 125]),
        Frame::binary("x".repeat(70_000)),
        Frame::text("ab".repeat(40_000)),
        Frame::text("one of a kind ".repeat(100) + "!"),
    ] {
        for mut writer in [LineWriter::default(), LineWriter::replayable(), LineWriter::literal()] {
            for sender in [Role::Client, Role::Server] {
                let written = writer.frame("bob", sender, &frame);
                assert_eq!(again(&written.to_line()), written, "{}", written.to_line());
            }
        }
    }
}

#[test]
fn what_is_sent_is_written_in_full_where_it_is_to_be_played() {
    let mut writer = LineWriter::replayable();
    let frame = |text: &str| Frame::text(text.to_owned()).masked([1, 2, 3, 4]);
    let long = writer.frame("bob", Role::Client, &frame(&"ab".repeat(40_000)));
    assert_eq!(long.to_line(), r#"bob >> text "ab"*40000"#);
    let id = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6";
    // Nobody has told bob this id yet, so no name can stand for it.
    let unknown = writer.frame("bob", Role::Client, &frame(id));
    assert_eq!(unknown.to_line(), format!("bob >> text \"{id}\""));
    let told = writer.frame("bob", Role::Server, &Frame::text(id));
    assert_eq!(told.to_line(), "bob << text \"<bob>\"");
    let known = writer.frame("bob", Role::Client, &frame(id));
    assert_eq!(known.to_line(), "bob >> text \"<bob>\"");
}

#[test]
fn names_of_clients_read_back_whatever_they_are() {
    for name in [
        "bob",
        "ann the second",
        "two  blanks",
        "#1",
        "-x",
        "a >> b",
        "<b>",
        "say \"hi\"",
        "\u{202e}",
    ] {
        let item = Item::Action(name.into(), Action::Connection(ConnectionAction::Cut));
        assert_eq!(again(&item.to_line()), item, "{}", item.to_line());
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_in_chunks_is_written_without_them_and_plays() {
    let refusing = || {
        Transcript::new(|mut pipe: Pipe| async move {
            let _ = pipe.read(&mut [0; 1024]).await;
            let head = "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n";
            let _ =
                pipe.write_all(format!("{head}3\r\nno \r\n3\r\none\r\n0\r\n\r\n").as_bytes()).await;
        })
    };
    let mut t = refusing();
    t.connect("bob", "/").await;
    let text = t.to_string();
    assert_eq!(text, "bob -> GET /\nbob <- 404 \"no one\"\nbob -- eof\n");
    let played = text.parse::<Scenario>().expect("it is one").play(refusing()).await;
    assert!(played.difference.is_none(), "{played}");
}

/// What the parser says of a mistake.
fn told(verb: &Verb) -> String {
    match verb.mistake.parse::<Scenario>() {
        Ok(_) => panic!("{}: {:?} is read", verb.form, verb.mistake),
        Err(error) => error.to_string(),
    }
}

/// The part of a page that is made from the table.
fn reference(russian: bool) -> String {
    let groups = [
        (Group::File, "The file", "Файл"),
        (Group::Handshake, "The handshake", "Рукопожатие"),
        (Group::Send, "What a client sends", "Что посылает клиент"),
        (Group::Receive, "What a client receives", "Что получает клиент"),
        (Group::Connection, "What becomes of a connection", "Что происходит с соединением"),
        (Group::Pattern, "What is left open", "Что остаётся открытым"),
        (Group::Modifier, "What stands behind an event", "Что пишут после события"),
        (Group::Shown, "What is only shown", "Что только показывают"),
    ];
    let mut out = String::from(BEGIN);
    for (group, english, title) in groups {
        let _ = writeln!(out, "\n## {}", if russian { title } else { english });
        for verb in VERBS.iter().filter(|verb| verb.group == group) {
            let (meaning, mistake) = if russian {
                (verb.russian, "С ошибкой")
            } else {
                (verb.english, "With a mistake")
            };
            let _ = write!(
                out,
                "\n### `{}`\n\n{meaning}\n\n```wst\n{}\n```\n\n{mistake}: `{}`\n\n```text\n{}\n```\n",
                verb.form,
                verb.example,
                verb.mistake,
                told(verb)
            );
        }
    }
    out + "\n" + END
}

fn root(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(file)
}

/// Compares a file with what it must be; with `UPDATE_EXCERPTS` set it writes it.
fn is_current(file: &str, wanted: &str) {
    if std::env::var_os("UPDATE_EXCERPTS").is_some() {
        fs::write(root(file), wanted).expect("it can be written");
    }
    let is = fs::read_to_string(root(file)).unwrap_or_default();
    assert!(
        is == wanted,
        "{file} is not what the table says: UPDATE_EXCERPTS=1 cargo test --test wst"
    );
}

#[test]
fn the_reference_is_what_the_table_says() {
    for (page, russian) in PAGES {
        let text = fs::read_to_string(root(page)).expect("there is a page");
        let (before, rest) = text.split_once(BEGIN).expect("where the verbs begin");
        let (_, after) = rest.split_once(END).expect("where they end");
        is_current(page, &format!("{before}{}{after}", reference(russian)));
    }
}

/// The words of the table that `is` picks, the longest first, as one alternative of a pattern.
fn words(is: impl Fn(&str) -> bool) -> String {
    let mut words: Vec<&str> = VERBS.iter().flat_map(|verb| verb.words).copied().collect();
    words.retain(|word| is(word));
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    words.dedup();
    words.join("|")
}

fn pattern(pattern: &str, name: &str) -> Value {
    json!({"match": pattern, "name": name})
}

/// The grammar: titles, remarks and notes, then lines of clients with what stands behind the arrow.
fn grammar() -> String {
    let is_of = |group: Group| {
        move |word: &str| {
            let is_word = word.starts_with(|c: char| c.is_ascii_lowercase());
            is_word && VERBS.iter().any(|verb| verb.group == group && verb.words.contains(&word))
        }
    };
    let notes = words(|word| word.starts_with('@')).replace('@', "");
    let endings = words(is_of(Group::Connection));
    let faults = words(is_of(Group::Handshake));
    let sent = words(|word| is_of(Group::Send)(word) || is_of(Group::Receive)(word));
    let behind = words(|word| is_of(Group::Modifier)(word) || is_of(Group::Shown)(word));
    let lane = r##"("(?:[^"\\]|\\.)*"|[^\s"#@=~?<>|-][^"#@=~?<>|]*?)"##;
    let grammar = json!({
        "$schema": "https://raw.githubusercontent.com/martinring/tmlanguage/master/tmlanguage.json",
        "name": "ws101 scenario",
        "scopeName": "source.wst",
        "fileTypes": ["wst"],
        "patterns": [
            pattern(r"^\s*==.*$", "markup.heading.wst"),
            pattern(r"^\s*#.*$", "comment.line.number-sign.wst"),
            {
                "begin": r"^\s*(?=@)", "end": "$",
                "patterns": [pattern(&format!("@(?:{notes})\\b"), "keyword.other.note.wst"),
                    {"include": "#value"}]
            },
            {
                "begin": r"^\s*(--)\s+(wait)\b", "end": "$",
                "beginCaptures": {"1": {"name": "keyword.operator.wst"},
                    "2": {"name": "keyword.control.wst"}},
                "patterns": [{"include": "#value"}]
            },
            {
                "begin": format!("^\\s*{lane}\\s+(->|<-|>>|<<|--)(?=\\s|$)"), "end": "$",
                "beginCaptures": {"1": {"name": "entity.name.client.wst"},
                    "2": {"name": "keyword.operator.wst"}},
                "patterns": [
                    pattern(&format!("(?<=--\\s)(?:[~?]\\s)*(?:{endings})\\b"), "keyword.control.wst"),
                    pattern(&format!("\\b(?:{faults})\\b"), "invalid.wst"),
                    pattern(r"(?<=\s)[~?](?=\s)", "keyword.operator.wst"),
                    {"include": "#value"},
                    pattern(&format!("(?<=\\s)(?:{sent})\\b"), "storage.type.wst"),
                    pattern(&format!("(?<=\\s)(?:{behind})\\b"), "keyword.other.wst"),
                    pattern(r"\b[A-Z]+(?=\s+\S)", "support.function.method.wst"),
                    pattern(r"\|.*$", "comment.block.bytes.wst"),
                ]
            },
        ],
        "repository": {"value": {"patterns": [
            {
                "begin": "\"", "end": "\"", "name": "string.quoted.double.wst",
                "patterns": [pattern(r#"\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})"#, "constant.character.escape.wst"),
                    {"include": "#placeholder"}]
            },
            {"include": "#placeholder"},
            pattern(r"\b[0-9.]+(?:ms|s|m)\b", "constant.numeric.time.wst"),
            pattern(r"\b[0-9]+\b", "constant.numeric.wst"),
            pattern(r"\.\.\.", "variable.language.wst"),
        ]},
        "placeholder": pattern(r"<(?:\*|\p{L}[\p{L}\p{N}_.-]*)>", "variable.other.wst")},
    });
    serde_json::to_string_pretty(&grammar).expect("it is JSON") + "\n"
}

#[test]
fn the_grammar_is_what_the_table_says() {
    is_current(GRAMMAR, &grammar());
    let package = fs::read_to_string(root("docs/vscode/package.json")).expect("it is there");
    let package: Value = serde_json::from_str(&package).expect("it is JSON");
    let path = package["contributes"]["grammars"][0]["path"].as_str().expect("a path");
    assert!(root("docs/vscode").join(path).exists(), "{path}");
    assert_eq!(package["contributes"]["grammars"][0]["scopeName"], "source.wst");
}

#[test]
fn the_page_calls_the_faults_as_the_terminal_does() {
    let mut page = "// The names of the faults: made from src/wst/fault_names.rs by UPDATE_EXCERPTS=1 cargo test --test wst\n\nexport const faults = {\n".to_owned();
    let names = |russian: bool| {
        let name = move |&(word, english, other): &(&str, &str, &str)| {
            format!("    fault_{word}: '{}',\n", if russian { other } else { english })
        };
        FAULT_NAMES.iter().map(name).collect::<String>()
    };
    for (lang, russian) in [("en", false), ("ru", true)] {
        writeln!(page, "  {lang}: {{\n{}  }},", names(russian)).expect("a string grows");
    }
    page.push_str("};\n");
    is_current(NAMES, &page);
}
