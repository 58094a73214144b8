//! The report of a check: text for people, JSON and `JUnit` for programs.

mod machines;

use ws101::escape::{Hex, Lines};
use ws101::scenario::NOTHING_MORE;

use super::judge::{Explanation, Judged, Outcome};
use super::lesson::Lesson;
use crate::exit::Exit;
use crate::invocation;
use crate::lang::Lang;
use crate::output::print_lines;

/// How many bytes of what was seen are shown.
const BYTES_SHOWN: usize = 32;

/// How many of the last lines that crossed the wire are shown with a failure.
const WIRE_SHOWN: usize = 12;

/// The longest line of a report; a longer one is cut there.
const LINE_SHOWN: usize = 150;

/// The program under test, as the command line named it.
pub struct Tested {
    /// The option with its value: `--url ws://localhost:8080/ws`.
    pub option: String,
    /// Whether it runs already, so that its settings are up to the user.
    pub is_running: bool,
}

impl Tested {
    /// The command that plays one check again and shows every frame.
    fn again(&self, number: &str, seed: u32) -> String {
        let ws101 = invocation::name();
        format!("{ws101} check {number} {} --seed {seed} --wire", self.option)
    }
}

/// The report of one lesson's checks.
pub struct Report {
    lesson: &'static Lesson,
    seed: u32,
    lang: Lang,
    tested: Tested,
    judged: Vec<Judged>,
}

impl Report {
    /// An empty report.
    pub fn new(lesson: &'static Lesson, seed: u32, lang: Lang, tested: Tested) -> Self {
        Self { lesson, seed, lang, tested, judged: Vec::new() }
    }

    /// Adds the result of the next check.
    pub fn add(&mut self, judged: Judged) {
        self.judged.push(judged);
    }

    /// Puts the result of a check in the place of its earlier one.
    pub fn replace(&mut self, judged: Judged) {
        if let Some(before) = self.judged.iter_mut().find(|before| before.number == judged.number) {
            *before = judged;
        }
    }

    /// Whether nothing failed, and nothing is unknown.
    pub fn passed(&self) -> bool {
        self.exit() == Exit::Passed
    }

    /// The verdict of all checks.
    pub fn exit(&self) -> Exit {
        match (self.failures(), self.unknowns()) {
            (0, 0) => Exit::Passed,
            (0, _) => Exit::Unknown,
            _ => Exit::Failed,
        }
    }

    fn unknowns(&self) -> usize {
        self.judged.iter().filter(|judged| matches!(judged.outcome, Outcome::Unknown(_))).count()
    }

    fn failures(&self) -> usize {
        self.judged.iter().filter(|judged| matches!(judged.outcome, Outcome::Failed(_))).count()
    }

    /// Prints the heading.
    pub fn begin(&self) {
        let word = self.lang.pick("lesson", "урок");
        print_lines!("{word} {} · {} · seed {}", self.lesson.number, self.lesson.name, self.seed);
        let settings = self.lesson.settings();
        if self.tested.is_running && !settings.is_empty() {
            let settings: Vec<_> =
                settings.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let first = self.lang.pick("your server must run with", "сервер должен работать с");
            print_lines!("{first}: {}", settings.join(" "));
        }
    }

    /// Prints the result of the next check: the first failure in full, any other result in one line.
    pub fn tell(&self, judged: &Judged, wire: bool, hints: usize) {
        let Judged { number, title, took, outcome, is_unsteady, .. } = judged;
        match outcome {
            Outcome::Passed => {
                let ms = took.as_millis();
                let width = 62usize.saturating_sub(number.chars().count() + title.chars().count());
                print_lines!("  ok    {number} {title}{:width$}{ms:>6} ms", "");
                if *is_unsteady {
                    let unsteady = self.lang.pick(
                        "it failed the first time, and passed twice when it was played again",
                        "в первый раз не прошло, при повторе прошло дважды",
                    );
                    print_lines!("        ({unsteady})");
                }
            }
            Outcome::Skipped(why) => print_lines!("  skip  {number} {title}: {why}"),
            Outcome::Unknown(why) => print_lines!("  ?     {number} {title}: {}", cut(why)),
            Outcome::Failed(failure) if self.failures() > 0 => {
                print_lines!("  FAIL  {number} {title}: {}", cut(&failure.because));
            }
            Outcome::Failed(failure) => {
                print_lines!("  FAIL  {number} {title}\n");
                self.explain(judged, failure, wire, hints);
            }
        }
        if wire && !matches!(outcome, Outcome::Failed(_)) {
            judged.wire.lines().for_each(|line| print_wire(line, usize::MAX));
        }
    }

    fn explain(&self, judged: &Judged, failure: &Explanation, wire: bool, hints: usize) {
        let pick = |en: &'static str, ru: &'static str| self.lang.pick(en, ru);
        // With --wire everything is printed, so that it can be saved as a .wst file and played.
        let (shown, width) = if wire { (usize::MAX, usize::MAX) } else { (WIRE_SHOWN, LINE_SHOWN) };
        let lines: Vec<_> = judged.wire.lines().collect();
        for line in lines.iter().skip(lines.len().saturating_sub(shown)) {
            print_wire(line, width);
        }
        print_lines!("");
        if let Some(difference) = &failure.difference {
            let lane = difference.lane.as_deref().unwrap_or("--");
            print_lines!(
                "        {:9} {lane} {}",
                pick("expected", "ждали"),
                match &*difference.expected {
                    NOTHING_MORE => pick(NOTHING_MORE, "больше ничего").to_owned(),
                    expected => self.expected(expected),
                }
            );
            let marks = [
                (" ? ", pick("? means that it may be missing", "? значит «этого может не быть»")),
                (" ~ ", pick("~ means in any order", "~ значит «в любом порядке»")),
                ("<*>", pick("<*> means anything", "<*> значит «что угодно»")),
                ("...", pick("... means anything more", "... значит «и что угодно ещё»")),
            ];
            let used = marks.iter().filter(|(mark, _)| difference.expected.contains(mark));
            let legend: Vec<_> = used.map(|(_, meaning)| *meaning).collect();
            if !legend.is_empty() {
                print_lines!("        {:9} ({})", "", legend.join(", "));
            }
            let seen = match difference.seen.as_deref().and_then(|seen| seen.lines().last()) {
                Some(seen) => format!("{lane} {}", cut(seen)),
                None => pick("nothing", "ничего").to_owned(),
            };
            print_lines!("        {:9} {seen}", pick("seen", "пришло"));
            if !difference.bytes.is_empty() {
                let bytes = Hex::new(&difference.bytes, BYTES_SHOWN);
                print_lines!("        {:9} {bytes}", pick("bytes", "байты"));
                if !difference.wanted.is_empty() {
                    let wanted = Hex::new(&difference.wanted, BYTES_SHOWN);
                    print_lines!("        {:9} {wanted}", pick("must be", "а надо"));
                }
            }
        }
        print_lines!("        {:9} {}", pick("because", "причина"), cut(&failure.because));
        for line in failure.tail.lines() {
            print_lines!("        {}", cut(line));
        }
        print_lines!("");
        let mut see =
            vec![self.lesson.page(failure.lesson.as_deref().unwrap_or_default(), self.lang)];
        see.extend(failure.rfc.as_ref().map(|section| format!("RFC 6455 §{section}")));
        print_lines!("        {:9} {}", pick("See", "Читать"), see.join(", "));
        for hint in failure.hints.iter().take(hints) {
            print_lines!("        {:9} {hint}", pick("Hint", "Подсказка"));
        }
        if hints < failure.hints.len() {
            let more = pick("there is another: --hints", "есть ещё одна: --hints");
            print_lines!("        {:9} ({more} {})", "", hints + 1);
        }
        let again = self.tested.again(&judged.number, failure.seed);
        print_lines!("        {:9} {again}\n", pick("Watch it", "Увидеть"));
    }

    /// The numbers of the checks that passed.
    pub fn passes(&self) -> impl Iterator<Item = &str> {
        let passed = self.judged.iter().filter(|judged| matches!(judged.outcome, Outcome::Passed));
        passed.map(|judged| &*judged.number)
    }

    /// An expected line: silence in the words of the report, anything else as the scenario writes it.
    fn expected(&self, line: &str) -> String {
        match line.strip_prefix("<< nothing for ") {
            Some(time) if self.lang == Lang::Ru => {
                let time = time.replace('.', ",").replace("ms", " мс").replace('s', " с");
                format!("ничего за {time}")
            }
            _ => cut(line),
        }
    }

    /// Prints how many checks passed, failed and were skipped.
    pub fn end(&self) {
        let count =
            |is: fn(&Outcome) -> bool| self.judged.iter().filter(|j| is(&j.outcome)).count();
        let passed = count(|outcome| matches!(outcome, Outcome::Passed));
        let skipped = count(|outcome| matches!(outcome, Outcome::Skipped(_)));
        let failed = self.failures();
        let unknown = match self.unknowns() {
            0 => String::new(),
            count => self.lang.pick(format!(", {count} unknown"), format!(", неизвестно {count}")),
        };
        match self.lang {
            Lang::En => {
                print_lines!("{passed} passed, {failed} failed, {skipped} skipped{unknown}");
            }
            Lang::Ru => {
                print_lines!("прошло {passed}, не прошло {failed}, пропущено {skipped}{unknown}");
            }
        }
    }
}

fn print_wire(line: &str, width: usize) {
    print_lines!("{}", format!("        {}", shortened(line, width)).trim_end());
}

/// The start of a line, safe to print: control characters are escaped.
fn cut(line: &str) -> String {
    shortened(line, LINE_SHOWN)
}

/// The first `width` characters of a line, safe to print, and a `…` if there are more.
fn shortened(line: &str, width: usize) -> String {
    let line = Lines(line).to_string().replace('\n', "\\n");
    match line.char_indices().nth(width) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
