//! Finds text that could reach a terminal or a log as a peer sent it.
//!
//! Two rules. Only a printer may write to standard output or error; the printers escape whatever they
//! get. And text of a peer that stands in a printed line is wrapped in `Line`, `Shown` or `Hex`,
//! because a printer of lines keeps line feeds, by which a peer could forge a line.

/// What writes to standard output or error unescaped.
const RAW: [&str; 7] =
    ["print!(", "println!(", "eprint!(", "eprintln!(", "dbg!(", "stdout()", "stderr()"];

/// The macros that print through a printer: the log's, the command's, those of `tracing`.
const PRINTING: [&str; 7] = ["log!(", "say!(", "trace!(", "debug!(", "info!(", "warn!(", "error!("];

/// What this code calls the text of a peer.
const PEERS: [&str; 21] = [
    "agent",
    "body",
    "content",
    "headers",
    "host",
    "message",
    "nickname",
    "origin",
    "path",
    "payload",
    "query",
    "reason",
    "request",
    "said",
    "target",
    "text",
    "uri",
    "user_agent",
    "username",
    "value",
    "words",
];

/// What makes a peer's text one harmless line.
const WRAPPERS: [&str; 4] = ["Line::", "Shown::", "Hex::", "Line {"];

/// The lines of a source that break a rule; `is_printer` lifts the first.
pub fn raw(source: &str, is_printer: bool) -> Vec<String> {
    let code = code(source);
    let mut found = Vec::new();
    for (at, line) in code.lines().enumerate() {
        let writes = RAW.iter().any(|raw| ends_a_path(line, raw));
        if writes && !is_printer {
            found.push(format!("line {}: {}", at + 1, line.trim()));
        }
    }
    for name in PRINTING.iter().chain(if is_printer { &RAW[..5] } else { &[] }) {
        let mut rest = code.as_str();
        while let Some(at) = position(rest, name) {
            let inside = &rest[at + name.len()..];
            let call = &inside[..closing(inside)];
            for word in peers(call) {
                if !is_wrapped(&code, word) {
                    let line = code[..code.len() - inside.len()].lines().count();
                    found.push(format!("line {line}: {name}..{word}..)"));
                }
            }
            rest = inside;
        }
    }
    found
}

/// The source without comments and without its unit tests.
fn code(source: &str) -> String {
    let code = source.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let line = |line: &str| {
        if line.trim_start().starts_with("//") { String::new() } else { line.to_owned() }
    };
    code.lines().map(|text| line(text) + "\n").collect()
}

fn ends_a_path(line: &str, name: &str) -> bool {
    position(line, name).is_some()
}

/// Where `name` stands as a word of its own, and not as a method: `.stdout()` is another's.
fn position(text: &str, name: &str) -> Option<usize> {
    let is_free =
        |at: &usize| !text[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '.');
    text.match_indices(name).map(|(at, _)| at).find(is_free)
}

/// Where the parenthesis closes that is open at the start. Parentheses in strings are pairs, or the
/// call seems longer than it is.
fn closing(text: &str) -> usize {
    let mut depth = 1;
    for (at, c) in text.char_indices() {
        depth += i32::from(c == '(') - i32::from(c == ')');
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

/// The words of [`PEERS`] in a call that are printed: `{text}`, `{text:?}`, `%text`, `, text` and
/// `.text)`. Those inside a wrapper are not.
fn peers(call: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for word in words(call) {
        let at = word.as_ptr() as usize - call.as_ptr() as usize;
        let (before, after) = (&call[..at], &call[at + word.len()..]);
        let in_string = before.matches('"').count() % 2 == 1;
        let printed = if in_string {
            before.ends_with('{') && after.starts_with(['}', ':'])
        } else {
            // The object of a field or a method is another's; its last part counts.
            !after.starts_with(['.', '(', '=', ':']) || after.starts_with("()")
        };
        let wrapped = WRAPPERS.iter().any(|wrapper| {
            let begins = before.rfind(wrapper);
            begins.is_some_and(|at| {
                before[at..].matches('(').count() > before[at..].matches(')').count()
            })
        });
        if PEERS.contains(&word) && printed && !wrapped {
            found.push(word);
        }
    }
    found
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// Whether the source binds that name to a wrapped text.
fn is_wrapped(code: &str, name: &str) -> bool {
    WRAPPERS.iter().any(|wrapper| code.contains(&format!("let {name} = {wrapper}")))
}

#[test]
fn raw_text_is_found() {
    for (source, is_printer, count) in [
        ("println!(\"{reason}\");", false, 1),
        ("    println!(\"hi\");", false, 1),
        ("eprint!(\"{}\", x);", false, 1),
        ("std::io::stdout().write_all(&payload)?;", false, 1),
        ("dbg!(name);", false, 1),
        ("log!(\"{who}: {text}\");", false, 1),
        ("log!(\"{}\", message.text);", false, 1),
        ("log!(\"{}\", closed.reason);", false, 1),
        ("log!(\n    \"{:?} came\",\n    request.uri()\n);", false, 1),
        ("info!(%reason, \"closed\");", false, 1),
        ("say!(\"{}\", frame.payload);", false, 1),
        ("debug!(\"{}\", peer.user_agent());", false, 1),
        ("println!(\"{text}\");", true, 1),
        // What is right.
        ("println!(\"{}\", Lines(line));", true, 0),
        ("log!(\"{id}: {}\", Line::of(&*text));", false, 0),
        ("log!(\"{}\", Line::of(&request.uri().to_string()));", false, 0),
        ("let agent = Line::of(peer.user_agent());\ninfo!(%agent, \"joined\");", false, 0),
        ("log!(\"the text of {count} messages\");", false, 0),
        ("// println!(\"{text}\");", false, 0),
        ("guard.0.stdout.take(); child.stdout(Stdio::piped());", false, 0),
        ("writeln!(out, \"{text}\")", false, 0),
        ("x\n#[cfg(test)]\nmod tests { println!(\"{text}\"); }", false, 0),
    ] {
        assert_eq!(raw(source, is_printer).len(), count, "{source}: {:?}", raw(source, is_printer));
    }
}
