//! Fills the random parts of a check: texts, names, keys, crowds.
//!
//! `%text1%` in a template stands for a random text, the same everywhere in one check; `%word1%` for
//! ASCII letters, `%once1%` for letters that no seed
//! repeats, as an id of a message must be, `%name1%` for a person's name, `%key1%` for the key of a handshake, `%x126%` for 126
//! letters x, and `%NAME1%` for the name in capitals. `%fifty%`, `%leaving%` and `%crashes%` stand for whole conversations.
//!
//! `%send A 1 60%` is sixty messages of lesson 14 in one go, `%hear A 1 40%` the first forty of them as they come
//! back, `%may-hear A 41 59%` those that may come, and `%may-get A 19%` nineteen times anything. `%show B 39%` is a
//! `<picture>` that is sent so often, and `%see B 39%` the same as it comes back.

use std::collections::BTreeMap;
use std::fmt::Write;

use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{RngExt, SeedableRng};

const LETTERS: &[char] =
    &['П', 'р', 'и', 'в', 'е', 'т', 'Ж', 'ё', 'a', 'Z', 'é', '你', '好', '👋', '🦀', ' ', '.', '5'];
const NAMES: &[&str] = &["Аня", "Олег", "Ира", "Ann", "Bob", "Zoë"];
const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The text of a check with `%marks%` for its random parts.
pub struct Template<'t>(pub &'t str);

impl Template<'_> {
    /// Whether the scenario depends on the seed.
    pub fn is_random(&self) -> bool {
        ["%text", "%word", "%name", "%key", "%leaving%"].iter().any(|mark| self.0.contains(mark))
    }

    /// The scenario for a seed; the same seed always gives the same scenario.
    pub fn fill(&self, seed: u32) -> String {
        let mut values = Values { rng: StdRng::seed_from_u64(seed.into()), made: BTreeMap::new() };
        let mut out = String::new();
        // Every other piece stands between two percent signs.
        for (at, piece) in self.0.split('%').enumerate() {
            if at % 2 == 0 {
                out.push_str(piece);
                continue;
            }
            out.push_str(&values.value(piece));
        }
        out
    }
}

/// The values of the marks of one template.
struct Values {
    rng: StdRng,
    /// The values by mark: a mark has one value everywhere.
    made: BTreeMap<String, String>,
}

impl Values {
    /// The value of a mark, made when it is first asked for.
    fn value(&mut self, mark: &str) -> String {
        if let Some(value) = self.made.get(mark) {
            return value.clone();
        }
        let value = self.make(mark);
        self.made.insert(mark.to_owned(), value.clone());
        value
    }

    fn make(&mut self, mark: &str) -> String {
        match mark.trim_end_matches(|c: char| c.is_ascii_digit()) {
            "NAME" => self.value(&mark.to_lowercase()).to_uppercase(),
            "text" => self.text(),
            "word" => word(&mut self.rng),
            "once" => word(&mut rand::rng()),
            "name" => {
                let name = NAMES.choose(&mut self.rng).copied().unwrap_or_default();
                format!("{name}-{}", word(&mut self.rng))
            }
            "key" => self.key(),
            "x" => "x".repeat(mark[1..].parse().unwrap_or_default()),
            "fifty" => fifty(),
            "leaving" => self.leaving(),
            "crashes" => crashes(),
            _ => row(mark).unwrap_or_else(|| format!("%{mark}%")),
        }
    }

    /// A text that begins with a letter, so that it is not JSON. With `Принято: ` before it, it has at most
    /// 125 bytes, so that the length fits a short header; longer texts belong to check 2.2.
    fn text(&mut self) -> String {
        let size = self.rng.random_range(1..26);
        let letters = (0..size).filter_map(|_| LETTERS.choose(&mut self.rng).copied());
        let letters: String = letters.collect();
        format!("Ю{letters}ю")
    }

    /// 16 bytes in base64: 22 symbols, of which the last has four bits to spare.
    fn key(&mut self) -> String {
        let mut symbol = |of: &[u8]| of.choose(&mut self.rng).map(|byte| char::from(*byte));
        let mut key: String = (0..21).filter_map(|_| symbol(BASE64)).collect();
        key.extend(symbol(b"AQgw"));
        key + "=="
    }

    /// Twenty clients, most of whom leave in random order while one speaks.
    fn leaving(&mut self) -> String {
        const IGNORED: &str = "@ignore type=system\n";
        let mut here: Vec<usize> = (1..20).collect();
        here.shuffle(&mut self.rng);
        let mut out = IGNORED.to_owned();
        for n in 0..20 {
            let _ = write!(out, "c{n} -> GET /ws\nc{n} <- 101\n");
        }
        for round in 1..=3 {
            let _ = write!(
                out,
                "\n== then some leave, and one speaks, round {round}\n@title ru \"затем часть уходит, а один говорит, круг {round}\"\n{IGNORED}"
            );
            for n in here.split_off(here.len() - 5) {
                if self.rng.random() {
                    let _ = writeln!(out, "c{n} -- cut");
                } else {
                    let _ = write!(out, "c{n} >> close 1000\nc{n} << close ...\nc{n} -- end\n");
                }
            }
            let text = self.text();
            let line = format!("json {{\"type\":\"user\",\"content\":\"{text}\"}}");
            let heard = format!("json {{\"type\":\"user\",\"content\":\"{text}\",...}}");
            // Whether the sender hears is another check's question.
            let _ = write!(out, "c0 >> {line}\nc0 << ? {heard}\n");
            for n in &here {
                let _ = writeln!(out, "c{n} << {heard}");
            }
        }
        out
    }
}

fn word(rng: &mut impl RngExt) -> String {
    (0..8).map(|_| char::from(rng.random_range(b'a'..=b'z'))).collect()
}

/// Fifty clients, each with an id. The last five come when others have left: ids are not places.
fn fifty() -> String {
    let mut out = String::new();
    for n in 1..=50 {
        if n == 46 {
            (1..=5).for_each(|left| {
                let _ =
                    write!(out, "c{left} >> close 1000\nc{left} << ? close ...\nc{left} -- end\n");
            });
        }
        let _ = write!(
            out,
            "c{n} -> GET /ws\nc{n} <- 101\n\
             c{n} << json {{\"connectionId\":<id{n}>,...}}\n"
        );
    }
    out
}

/// Ten clients come, four crash, and six are counted; two say goodbye, and four are; one comes, and five are.
fn crashes() -> String {
    const IGNORED: &str =
        "@ignore ping type=welcome type=client_connected type=client_disconnected";
    let mut out = format!("{IGNORED} type=system\n");
    for n in 1..=10 {
        let _ = write!(out, "c{n} -> GET /ws\nc{n} <- 101\n");
    }
    for n in 7..=10 {
        let _ = writeln!(out, "c{n} -- cut");
    }
    let counted = |out: &mut String, count: u32, (en, ru): (&str, &str)| {
        let _ = write!(
            out,
            "-- wait 1s\n\n== then {en} are counted\n@title ru \"затем насчитывают {ru}\"\n{IGNORED}\n@open\n\
             c1 << json {{\"type\":\"system\",\"event\":\"heartbeat\",\"stats\":{{\"activeConnections\":{count},...}},...}}\n\n"
        );
    };
    counted(&mut out, 6, ("six", "шесть"));
    let _ = write!(
        out,
        "== then two say goodbye\n@title ru \"затем двое прощаются\"\n{IGNORED} type=system\n"
    );
    for n in 5..=6 {
        let _ = write!(out, "c{n} >> close 1000\nc{n} << ? close ...\nc{n} -- end\n");
    }
    counted(&mut out, 4, ("four", "четырёх"));
    let _ = write!(
        out,
        "== then one comes\n@title ru \"затем приходит ещё один\"\n{IGNORED} type=system\n\
         c11 -> GET /ws\nc11 <- 101\n"
    );
    counted(&mut out, 5, ("five", "пятерых"));
    out
}

/// Lines that differ in a number at most: `send A 1 60`.
fn row(mark: &str) -> Option<String> {
    let words: Vec<_> = mark.split(' ').collect();
    let (front, name) = (*words.first()?, *words.get(1)?);
    let number = |at: usize| words.get(at)?.parse::<usize>().ok();
    let rows = |row: &dyn Fn(usize) -> String| {
        let numbers = number(2)?..=number(3)?;
        let lines = numbers.map(|n| format!("{name} {}", row(n)));
        Some(lines.collect::<Vec<_>>().join("\n") + "\n")
    };
    let times = |row: &str| Some(format!("{name} {row}\n").repeat(number(2)?));
    match front {
        "send" => rows(&|n| format!(r#">> json {{"type":"user","content":"line {n}"}}"#)),
        "hear" => rows(&|n| format!(r#"<< json {{"type":"user","content":"line {n}",...}}"#)),
        "may-hear" => rows(&|n| format!(r#"<< ? json {{"type":"user","content":"line {n}",...}}"#)),
        "may-get" => times("<< ? json {...}"),
        "show" => times(r#">> json {"type":"user","content":<picture>}"#),
        "see" => times(r#"<< json {"type":"user","content":<picture>,...}"#),
        _ => None,
    }
}
