//! As much Rust as the ladder needs: the statements of a source.
//!
//! A statement is what a reader takes in at once: up to a `;`, to the brace that opens a block, or
//! to the comma behind a match arm or a field. Braces of values, `Point { x, y }` or
//! `json!({"a": 1})`, open no block. A closure's block does, so that no code is hidden in one.

/// A bracket that is open.
#[derive(PartialEq)]
enum Open {
    /// The brace of a block.
    Block,
    /// `<` of `Result<(), Error>`.
    Generics,
    Other,
}

/// The statements of a source in their order, without comments, each on one line.
pub fn statements(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut statement = String::new();
    let mut open = Vec::new();
    let mut tokens = tokens(source).into_iter().peekable();
    while let Some(token) = tokens.next() {
        let inside = open.last().unwrap_or(&Open::Block);
        let ends = match token {
            "{" => opens_block(&statement),
            "}" | ";" | "," => *inside == Open::Block,
            _ => false,
        };
        match token {
            "{" if ends => open.push(Open::Block),
            "(" | "[" | "{" => open.push(Open::Other),
            "<" => open.push(Open::Generics),
            ">" if *inside != Open::Generics => {}
            ")" | "]" | "}" | ">" => drop(open.pop()),
            _ => {}
        }
        if ends {
            found.push(std::mem::take(&mut statement));
            continue;
        }
        statement += token;
        if token.ends_with(is_word) && tokens.peek().is_some_and(|next| next.starts_with(is_word)) {
            statement.push(' ');
        }
    }
    // Nothing but brackets is left of `});`.
    found.retain(|statement| statement.contains(is_word));
    found
}

/// The `let`s of a source that bind several names to as many values: `let (a, b) = (x, y);`
pub fn packed_lets(source: &str) -> Vec<String> {
    let mut found = statements(source);
    found.retain(|statement| {
        let bindings = statement.strip_prefix("let(").or_else(|| statement.strip_prefix("let["));
        bindings.is_some_and(|rest| rest.contains(")=(") || rest.contains("]=["))
    });
    found
}

/// Whether a `{` behind this opens a block, and no value or list of imports.
fn opens_block(statement: &str) -> bool {
    let last = statement.rsplit(|char| !is_word(char)).next().unwrap_or_default();
    let is_item = ["impl ", "struct ", "enum ", "fn "].iter().any(|item| statement.contains(item));
    let is_value = last.starts_with(char::is_uppercase) && !is_item;
    !is_value && !statement.ends_with(['(', ',', ':', '['])
}

fn is_word(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}

/// Words, strings and signs, without comments and spaces. A `<` behind a space compares, and keeps it.
fn tokens(source: &str) -> Vec<&str> {
    const PAIRS: [&str; 5] = ["->", "=>", ">=", "<=", "<<"];
    let mut found = Vec::new();
    let mut rest = source.trim_start();
    while let Some(first) = rest.chars().next() {
        let len = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if let Some(raw) = rest.strip_prefix("r#\"") {
            raw.find("\"#").map_or(rest.len(), |end| end + 5)
        } else if PAIRS.iter().any(|pair| rest.starts_with(pair)) {
            2
        } else if first == '"' || (first == '\'' && is_char(rest)) {
            quoted(rest)
        } else if is_word(first) {
            rest.find(|char| !is_word(char)).unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        let at = source.len() - rest.len();
        if &rest[..len] == "<" && source[..at].ends_with(' ') {
            found.push(&source[at - 1..at + len]);
        } else if !rest.starts_with("//") {
            found.push(&rest[..len]);
        }
        rest = rest[len..].trim_start();
    }
    found
}

/// Whether this is a character and no lifetime: `'a'` or `'\n'`, not `'static`.
fn is_char(rest: &str) -> bool {
    let mut chars = rest.chars().skip(1);
    chars.next() == Some('\\') || chars.next() == Some('\'')
}

/// The length of a string or character, quotes included.
fn quoted(rest: &str) -> usize {
    let mut escaped = false;
    let quote = rest.as_bytes()[0];
    let end = rest.bytes().skip(1).position(|byte| {
        let is_end = byte == quote && !escaped;
        escaped = byte == b'\\' && !escaped;
        is_end
    });
    end.map_or(rest.len(), |end| end + 2)
}

#[test]
fn statements_are_told_from_lines() {
    let source = r##"
        //! A program.
        use std::{fs, io};

        struct Point { x: i32, y: i32 }

        fn main() -> Result<(), Error> {
            let (a, b) = pair();
            let long = a
                .first(b, ';')
                .second(); // A remark; with a semicolon.
            let at = Point { x: 1 << 2, y: 2 };
            let map: Map<A, (B, C)> = if at.x < 1 && b > 2 { x } else { y };
            spawn(async move {
                let text = "a; { b";
                send(json!({"type": r#"x"y"#, "n": [1, 2]}));
            });
            match at {
                Point { x: 0, .. } => stop(),
                Point { .. } if a => {
                    go();
                }
                _ => {}
            }
            Ok(())
        }
    "##;
    let wanted = [
        "use std::{fs,io}",
        "struct Point",
        "x:i32",
        "y:i32",
        "fn main()->Result<(),Error>",
        "let(a,b)=pair()",
        "let long=a.first(b,';').second()",
        "let at=Point{x:1<<2,y:2}",
        "let map:Map<A,(B,C)>=if at.x <1&&b>2",
        "x",
        "else",
        "y",
        "spawn(async move",
        r#"let text="a; { b""#,
        r##"send(json!({"type":r#"x"y"#,"n":[1,2]}))"##,
        "match at",
        "Point{x:0,..}=>stop()",
        "Point{..}if a=>",
        "go()",
        "_=>",
        "Ok(())",
    ];
    assert_eq!(statements(source), wanted);
}

#[test]
fn packed_lets_are_found() {
    let source = "fn f() { let (a, mut b) = (x(), y.z()); let (c, Err(d)) = (\n1, w.await);
        let [e, f] = [1, 2]; let (g, h) = pair(1, (2, 3)); let (i, j) = channel(); }";
    let wanted = ["let(a,mut b)=(x(),y.z())", "let(c,Err(d))=(1,w.await)", "let[e,f]=[1,2]"];
    assert_eq!(packed_lets(source), wanted);
}
