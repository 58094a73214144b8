//! The pages of the lessons, as a part of the program.

use std::fmt::Display;

use crate::lang::Lang;

/// A lesson's page in both languages.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// The number of the lesson.
    pub number: usize,
    /// Its name, which is the name of its example.
    pub name: &'static str,
    texts: [&'static str; 2],
    notes: [&'static str; 2],
}

/// Every file of `lessons/en/` and its twin, in the order of their numbers: `build.rs` writes this list.
pub const PAGES: &[Page] = include!(concat!(env!("OUT_DIR"), "/pages.rs"));

impl Page {
    /// The page of the lesson with this number.
    pub fn find(number: usize) -> Option<Self> {
        PAGES.iter().find(|page| page.number == number).copied()
    }

    /// Its text, Markdown.
    pub fn text(&self, lang: Lang) -> &'static str {
        let [english, russian] = self.texts;
        lang.pick(english, russian)
    }

    /// The speaker's notes on it, Markdown.
    pub fn notes(&self, lang: Lang) -> &'static str {
        let [english, russian] = self.notes;
        lang.pick(english, russian)
    }

    /// Its title, without the number.
    pub fn title(&self, lang: Lang) -> &'static str {
        let line = self.text(lang).lines().next().unwrap_or_default();
        line.split_once(". ").map_or(line, |(_, title)| title)
    }
}

/// Says that there is no lesson `number`, as the command line names it, and which lessons there are.
pub fn no_lesson(number: impl Display, lang: Lang) -> String {
    let [first, last] =
        [PAGES.first(), PAGES.last()].map(|page| page.map_or(0, |page| page.number));
    lang.pick(
        format!("there is no lesson {number}: there are {first} to {last}"),
        format!("урока {number} нет, есть с {first} по {last}"),
    )
}

#[cfg(test)]
mod tests {
    use super::{Lang, PAGES};

    #[test]
    fn every_page_has_a_number_and_a_title_in_both_languages() {
        for page in PAGES {
            for lang in [Lang::En, Lang::Ru] {
                let front = format!("# {}. {}", page.number, page.title(lang));
                assert!(page.text(lang).starts_with(&front), "{}", page.name);
            }
        }
    }
}
