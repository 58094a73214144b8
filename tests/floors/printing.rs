//! Finds code that writes to standard output or error itself.
//!
//! Text of a peer can act on a terminal. The printers escape whatever they print, so text of a peer is
//! safe wherever it comes from if nothing else prints.

/// The calls that write to standard output or error unescaped.
const WRITES: [&str; 7] =
    ["print!(", "println!(", "eprint!(", "eprintln!(", "dbg!(", "stdout()", "stderr()"];

/// The lines of a file that write to standard output or error, with their numbers. Comments and unit
/// tests do not count.
pub fn raw(text: &str) -> Vec<String> {
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let lines = code.lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
    let raw = lines.filter(|(_, line)| !line.starts_with("//") && writes(line));
    raw.map(|(number, line)| format!("line {number}: {line}")).collect()
}

fn writes(line: &str) -> bool {
    WRITES.iter().any(|name| line.match_indices(name).any(|(at, _)| is_whole(&line[..at])))
}

/// Whether a name begins after `before`: `my_print!(` is another macro, and `child.stdout()` a method.
fn is_whole(before: &str) -> bool {
    !before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '.')
}

#[test]
fn each_way_to_print_is_found() {
    let text = r#"
        println!("{reason}");
        print!("hi"); eprintln!("{}", error);
        eprint!("hi");
        std::io::stdout().write_all(&payload)?;
        writeln!(io::stderr().lock(), "{text}")?;
        dbg!(name);
        match frame { Text(text) => println!("{text}"), _ => {} }"#;
    assert_eq!(raw(text).len(), text.lines().count() - 1, "{:#?}", raw(text));
}

#[test]
fn what_does_not_print_is_not_found() {
    let text = r#"
        //! println!("{text}");
        // println!("{text}");
        log!("{text}");
        reprint!("{text}");
        writeln!(out, "{text}")?;
        let out = child.stdout();
        command.stdout(Stdio::piped()).stderr(Stdio::null());
#[cfg(test)]
mod tests { println!("{text}"); }"#;
    assert_eq!(raw(text), Vec::<String>::new());
}
