//! What strangers send does not reach a terminal as it is.

use ws101::escape::{Json, LINE_LIMIT, Line, Lines, Shown, acts};

#[test]
fn a_line_stays_one_line_and_says_what_it_hides() {
    for (text, shown) in [
        ("привет, \"мир\" 🦀", "привет, \"мир\" 🦀"),
        ("a\r\n[INFO] forged", r"a\r\n[INFO] forged"),
        ("\x1b[2J\x07\0", r"\u{1b}[2J\u{7}\0"),
        ("abc\u{202e}cba", r"abc\u{202e}cba"),
        ("zero\u{200b}width\u{feff}", r"zero\u{200b}width\u{feff}"),
        ("not \\n an escape", r"not \\n an escape"),
        ("two\u{2028}lines\u{2029}", r"two\u{2028}lines\u{2029}"),
        ("C1 \u{9b}31m\u{85}\u{9d}", r"C1 \u{9b}31m\u{85}\u{9d}"),
        ("\u{2066}isolated\u{2069}\u{61c}", r"\u{2066}isolated\u{2069}\u{61c}"),
        ("a lone\rreturn", r"a lone\rreturn"),
        ("tags \u{e0041}", r"tags \u{e0041}"),
    ] {
        assert_eq!(Line::of(text).to_string(), shown);
    }
    assert_eq!(Line::of(b"caf\xe9 \xff").to_string(), r"caf\xe9 \xff");
}

#[test]
fn a_line_has_an_end() {
    assert_eq!(Line::new("abcdef", 6).to_string(), "abcdef");
    assert_eq!(Line::new("abcdef", 5).to_string(), "abcde…");
    assert_eq!(Line::new("abc\ndef", 4).to_string(), "abc…", "an escape is not cut in two");
    assert_eq!(Line::new("", 0).to_string(), "");
    let long = Line::of(&"\u{1b}".repeat(10_000)).to_string();
    assert!(long.chars().count() <= LINE_LIMIT + 1 && long.ends_with('…'));
}

/// Every character that acts on a terminal, in each printer: none is printed.
#[test]
fn no_character_acts_on_a_terminal() {
    let mut count = 0;
    for char in ('\0'..=char::MAX).filter(|char| acts(*char)) {
        count += 1;
        let text = char.to_string();
        let [line, lines, shown] =
            [Line::of(&text).to_string(), Lines(&text).to_string(), Shown::of(&text).to_string()];
        assert!(!line.contains(acts) && !shown.contains(acts), "{char:?}: {line:?}");
        assert!(!lines.contains(|c| c != '\n' && acts(c)), "{char:?}: {lines:?}");
    }
    // C0; DEL and C1; marks of direction; separators, embeddings and overrides; isolates.
    assert_eq!(count, 32 + 33 + 3 + 7 + 4);
}

#[test]
fn json_for_a_terminal_is_the_same_value() {
    let value = serde_json::json!({"\u{9b}31m": "\u{1b}[2J\u{7f}\u{202e}\u{2028}\u{2066}é\n"});
    let shown = Json(&value.to_string()).to_string();
    assert!(!shown.contains(acts), "{shown:?}");
    assert!(shown.contains("é"), "what prints stays: {shown}");
    assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
}
