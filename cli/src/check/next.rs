//! Keeps the checks that passed, and ends a pass with the next step.

use std::path::Path;

use super::lesson::{Check, Lesson};
use super::report::Report;
use crate::lang::Lang;
use crate::output::{print_error, print_lines};
use crate::progress::Progress;

/// Keeps what passed in the file of this folder, and says what is next if nothing failed.
///
/// A file that cannot be read or written fails no check: it is told on standard error.
pub fn remember(report: &Report, lesson: &Lesson, lang: Lang) {
    let here = Path::new(".");
    let read = Progress::read(here, lang);
    let is_ours = read.is_ok();
    let mut progress = read.unwrap_or_else(|error| {
        print_error(format_args!("ws101: {error:#}"));
        Progress::default()
    });
    progress.add(lesson, report.passes());
    let is_new = is_ours && report.passes().next().is_some();
    if is_new && let Err(error) = progress.write(here) {
        let unkept = lang.pick("what passed is not kept", "что пройдено, не сохранилось");
        print_error(format_args!("ws101: {unkept}: {error}"));
    }
    if report.passed() {
        print_lines!("{}", next(lesson, &progress, lang));
    }
}

/// The next step: the first check of the lesson that has not passed, or else the next lesson.
fn next(lesson: &Lesson, progress: &Progress, lang: Lang) -> String {
    let checks = lesson.checks();
    if let Some(check) = checks.iter().find(|check| !progress.has(lesson, &check.number)) {
        let number = &check.number;
        let option = option(check);
        let (passed, all) = progress.count(lesson);
        return lang.pick(
            format!("{passed} of {all} in this lesson; next: check {number}{option}"),
            format!("{passed} из {all} в этом уроке; дальше: проверка {number}{option}"),
        );
    }
    match Lesson::find(lesson.number + 1) {
        Some(after) => {
            let (number, page) = (after.number, after.page("", lang));
            lang.pick(
                format!("next: lesson {number}, {page}"),
                format!("дальше: урок {number}, {page}"),
            )
        }
        None => lang.pick("that was the last lesson", "это был последний урок").to_owned(),
    }
}

/// The option that a check needs, if not all will do.
fn option(check: &Check) -> &'static str {
    if check.is_of_clients() {
        " (--client)"
    } else if check.ends_server() {
        " (--cmd)"
    } else {
        ""
    }
}

#[cfg(test)]
mod tests {
    use super::next;
    use crate::check::Lesson;
    use crate::lang::Lang::{En, Ru};
    use crate::progress::Progress;

    fn after(lesson: usize, passed: &[&str]) -> [String; 2] {
        let lesson = Lesson::find(lesson).expect("it has checks");
        let mut progress = Progress::default();
        progress.add(lesson, passed.iter().copied());
        [En, Ru].map(|lang| next(lesson, &progress, lang))
    }

    #[test]
    fn the_next_step_is_a_check_or_a_lesson() {
        let one = after(1, &["1.1", "1.2", "1.4"]);
        assert_eq!(one[0], "3 of 4 in this lesson; next: check 1.3");
        assert_eq!(one[1], "3 из 4 в этом уроке; дальше: проверка 1.3");
        let all = after(1, &["1.1", "1.2", "1.3", "1.4"]);
        let (en, ru) = ("lessons/en/02_raw_echo.md", "lessons/ru/02_raw_echo.md");
        assert_eq!(all, [format!("next: lesson 2, {en}"), format!("дальше: урок 2, {ru}")]);
        assert!(after(10, &["10.8"])[0].ends_with("next: check 10.1 (--client)"));
        assert!(after(9, &[])[0].ends_with("next: check 9.1 (--cmd)"));
        let (_, last) = Lesson::numbers();
        let checks = Lesson::find(last).expect("it has checks").checks();
        let numbers: Vec<_> = checks.iter().map(|check| &*check.number).collect();
        assert_eq!(after(last, &numbers)[0], "that was the last lesson");
    }
}
