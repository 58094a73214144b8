//! The lessons and their checks, from the files in `checks/`.

use anyhow::{Result, anyhow};

use crate::lang::Lang;
use crate::pages::{Page, no_lesson};

/// A lesson that has checks.
#[derive(Debug)]
pub struct Lesson {
    /// Its number.
    pub number: usize,
    /// Its name, which is the name of its example.
    pub name: &'static str,
    text: &'static str,
}

/// Every file of `checks/`, in the order of their numbers: `build.rs` writes this list.
const LESSONS: &[Lesson] = include!(concat!(env!("OUT_DIR"), "/lessons.rs"));

/// One check: the template of a scenario.
#[derive(Clone, Debug)]
pub struct Check {
    /// `5.3`.
    pub number: String,
    /// Its title in English.
    pub title: String,
    /// The template: the notes of the whole lesson, then the steps of this check.
    pub template: String,
}

impl Check {
    /// Its title in Russian.
    pub fn russian_title(&self) -> &str {
        // The first one: its later steps have titles of their own.
        let mut lines = self.template.lines();
        let title = lines.find_map(|line| line.strip_prefix("@title ru "));
        title.unwrap_or_default().trim().trim_matches('"')
    }

    /// Whether it checks a client; then it has a `@client` note instead of lines.
    pub fn is_of_clients(&self) -> bool {
        self.template.contains("\n@client ")
    }

    /// Whether it ends its server, which must then be started here.
    pub fn ends_server(&self) -> bool {
        ["\n@signal ", "\n@exits "].iter().any(|note| self.template.contains(note))
    }
}

impl Lesson {
    /// The lesson with this number.
    pub fn find(number: usize) -> Option<&'static Self> {
        LESSONS.iter().find(|lesson| lesson.number == number)
    }

    /// The lesson that the command line calls `number`.
    ///
    /// # Errors
    ///
    /// There is no such lesson, or it has no checks.
    pub fn named(number: &str, lang: Lang) -> Result<&'static Self> {
        let parsed = number.parse().ok();
        parsed.and_then(Self::find).ok_or_else(|| {
            let (first, last) = Self::numbers();
            match parsed.and_then(Page::find) {
                Some(_) => anyhow!(lang.pick(
                    format!("lesson {number} has no checks: lessons {first} to {last} have some"),
                    format!("в уроке {number} нет проверок: они есть в уроках с {first} по {last}"),
                )),
                None => anyhow!(no_lesson(number, lang)),
            }
        })
    }

    /// The first and the last number of a lesson with checks.
    pub fn numbers() -> (usize, usize) {
        let number = |lesson: Option<&Self>| lesson.map_or(0, |lesson| lesson.number);
        (number(LESSONS.first()), number(LESSONS.last()))
    }

    /// The path of its page with the anchor of a section, given by the section's English anchor.
    pub fn page(&self, section: &str, lang: Lang) -> String {
        let code = lang.code();
        let anchor = lang.anchor(section);
        format!("lessons/{code}/{:02}_{}.md{anchor}", self.number, self.name)
    }

    /// The settings for the server's environment: the `@env` lines of the lesson.
    pub fn settings(&self) -> Vec<(&'static str, &'static str)> {
        let lines = self.text.lines().filter_map(|line| line.strip_prefix("@env "));
        lines.filter_map(|line| line.split_once(' ')).collect()
    }

    /// The checks in their order. A step whose title begins with `5.3` begins the check 5.3.
    pub fn checks(&self) -> Vec<Check> {
        let front = format!("== {}.", self.number);
        let mut checks: Vec<Check> = Vec::new();
        let mut head = String::new();
        for line in self.text.lines() {
            if line.starts_with(&front) {
                let (number, title) = line[3..].split_once(' ').unwrap_or((&line[3..], ""));
                checks.push(Check {
                    number: number.to_owned(),
                    title: title.to_owned(),
                    template: head.clone(),
                });
            }
            // Remarks before the first check are for readers of the file only.
            if checks.is_empty() && line.starts_with('#') {
                continue;
            }
            let text = checks.last_mut().map_or(&mut head, |check| &mut check.template);
            text.push_str(line);
            text.push('\n');
        }
        checks
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{LESSONS, Lang};

    /// `## On the wire` is at `#on-the-wire`.
    fn anchors(page: &str) -> Vec<String> {
        let headings = page.lines().filter_map(|line| line.strip_prefix("## "));
        headings.map(|heading| format!("#{}", heading.to_lowercase().replace(' ', "-"))).collect()
    }

    #[test]
    fn every_step_has_a_title_in_both_languages() {
        for lesson in LESSONS {
            let count = |front| lesson.text.lines().filter(|line| line.starts_with(front)).count();
            assert_eq!(count("== "), count("@title ru "), "{}", lesson.name);
        }
    }

    #[test]
    fn every_check_points_to_a_section_that_is_there() {
        for lesson in LESSONS {
            let sections = lesson.text.lines().filter_map(|line| line.split_once("@lesson "));
            for (_, section) in sections {
                for lang in [Lang::En, Lang::Ru] {
                    let page = lesson.page(section, lang);
                    let (file, anchor) = page.split_once('#').expect("it has an anchor");
                    let text = fs::read_to_string(format!("../{file}")).expect(file);
                    assert!(anchors(&text).contains(&format!("#{anchor}")), "{page}");
                }
            }
        }
    }
}
