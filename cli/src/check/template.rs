//! What differs from one playing of a check to the next: texts, names, crowds.
//!
//! A template's `%text1%` is a random text, the same wherever it stands in one
//! check; `%word1%` is ASCII, `%name1%` a person's name, `%key1%` a handshake's
//! key, `%x126%` that many letters x. `%fifty%`, `%leaving%` and `%crashes%` are
//! whole conversations.

use std::collections::BTreeMap;
use std::fmt::Write;

use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{RngExt, SeedableRng};

const LETTERS: &[char] =
    &['П', 'р', 'и', 'в', 'е', 'т', 'Ж', 'ё', 'a', 'Z', 'é', '你', '好', '👋', '🦀', ' ', '.', '5'];
const NAMES: &[&str] = &["Аня", "Олег", "Ира", "Ann", "Bob", "Zoë"];
const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The text of a check, with places for what differs from one playing to the next.
pub struct Template<'t>(pub &'t str);

impl Template<'_> {
    /// Whether another seed makes another scenario of it.
    pub fn is_random(&self) -> bool {
        ["%text", "%word", "%name", "%key", "%leaving%"].iter().any(|mark| self.0.contains(mark))
    }

    /// The scenario for one seed: the same each time.
    pub fn fill(&self, seed: u32) -> String {
        let mut values = Values { rng: StdRng::seed_from_u64(seed.into()), made: BTreeMap::new() };
        let mut out = String::new();
        // Every other piece stands between two percent signs.
        for (at, piece) in self.0.split('%').enumerate() {
            if at % 2 == 0 {
                out.push_str(piece);
                continue;
            }
            if !values.made.contains_key(piece) {
                let value = values.make(piece);
                values.made.insert(piece.to_owned(), value);
            }
            out.push_str(&values.made[piece]);
        }
        out
    }
}

/// What the marks of one template stand for.
struct Values {
    rng: StdRng,
    /// A mark stands for the same wherever it stands.
    made: BTreeMap<String, String>,
}

impl Values {
    fn make(&mut self, mark: &str) -> String {
        match mark.trim_end_matches(|c: char| c.is_ascii_digit()) {
            "text" => self.text(),
            "word" => self.word(),
            "name" => {
                let name = NAMES.choose(&mut self.rng).copied().unwrap_or_default();
                format!("{name}-{}", self.word())
            }
            "key" => self.key(),
            "x" => "x".repeat(mark[1..].parse().unwrap_or_default()),
            "fifty" => fifty(),
            "leaving" => self.leaving(),
            "crashes" => crashes(),
            _ => format!("%{mark}%"),
        }
    }

    /// Begins with a letter, so that nobody takes it for JSON. Its bytes, and those of
    /// `Принято: ` before it, are never more than seven bits can count: longer is check 2.2.
    fn text(&mut self) -> String {
        let size = self.rng.random_range(1..26);
        let letters = (0..size).filter_map(|_| LETTERS.choose(&mut self.rng).copied());
        let letters: String = letters.collect();
        format!("Ю{letters}ю")
    }

    fn word(&mut self) -> String {
        (0..8).map(|_| char::from(self.rng.random_range(b'a'..=b'z'))).collect()
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

/// Fifty clients, each with an id.
fn fifty() -> String {
    let mut out = String::new();
    for n in 1..=50 {
        let _ = write!(
            out,
            "c{n} -> GET /ws\nc{n} <- 101\n\
             c{n} << json {{\"connectionId\":<id{n}>,...}}\n"
        );
    }
    out
}

/// Ten clients come, four crash, and six are counted.
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
    let _ = write!(
        out,
        "-- wait 700ms\n\n== then six are counted\n@title ru \"затем насчитывают шесть\"\n{IGNORED}\n@open\n\
         c1 << json {{\"type\":\"system\",\"event\":\"heartbeat\",\"stats\":{{\"activeConnections\":6,...}},...}}\n"
    );
    out
}
