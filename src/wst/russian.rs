//! The mistakes of a scenario in Russian.

use super::cursor::{LINE_END, MORE, ParseError};
use super::fault_form::SCOPE;
use super::scenario::{FOR_ALL, SINGLE};

/// The forms that the parser expects, in English and in Russian. Words of the language stay as they are written in a file.
const FORMS: &[(&str, &str)] = &[
    (LINE_END, "конец строки"),
    ("text, json or binary where there are fragments", "text, json или binary: на части делят их"),
    (
        "how much of a frame came: ..., header, or text 2 of 5 bytes",
        "сколько пришло от кадра: ..., header или text 2 of 5 bytes",
    ),
    ("a number of bytes, or off", "число байт или off"),
    (
        "a frame: text, json, binary, cont, ping, pong, close or opcode=3",
        "кадр: text, json, binary, cont, ping, pong, close или opcode=3",
    ),
    (
        "a payload that can be sent: without <*>, ... or a choice of codes",
        "данные, которые можно послать: без <*>, ... и выбора из кодов",
    ),
    ("sha256: and the front of the digest", "sha256: и начало хеша"),
    (
        "a blank between a placeholder and the next byte",
        "пробел между подстановкой и следующим байтом",
    ),
    ("how often, up to 64 MiB in all", "сколько раз; всего не больше 64 МиБ"),
    ("JSON, <name>, <*> or ...", "JSON, <имя>, <*> или ..."),
    ("JSON that is less deep", "JSON меньшей вложенности"),
    ("each field once", "каждое поле один раз"),
    (": behind the name of a field", ": после имени поля"),
    ("<name> or <*>", "<имя> или <*>"),
    ("for, and a time", "for и время"),
    ("a time such as 200ms", "время, например 200ms"),
    ("a time such as 200ms or 20s, up to a day", "время, например 200ms или 20s, не больше суток"),
    ("a time such as 2s, or 19s..21s", "время, например 2s или 19s..21s"),
    ("a time such as 25s", "время, например 25s"),
    (
        "no fragments: a server may cut a message as it likes",
        "сообщение целиком: сервер делит его на части как хочет",
    ),
    ("a number of events", "число событий"),
    ("events", "events"),
    ("a status such as 101 or 400|426", "код ответа, например 101 или 400|426"),
    ("the title of the step", "название шага"),
    (FOR_ALL, "эту строку перед первым шагом"),
    (SINGLE, "эту строку один раз: она уже есть выше"),
    ("a method such as GET, or raw", "метод, например GET, или raw"),
    ("a path such as /ws", "путь, например /ws"),
    (
        "a header such as version=13, or no-key for none",
        "заголовок, например version=13, или no-key, если его нет",
    ),
    ("wait, the only action without a client", "wait: только это бывает без клиента"),
    ("a client's name, ==, @, # or -- wait", "имя клиента, ==, @, # или -- wait"),
    (
        "text that shows: in quotes, such a character is written \\u202e",
        "видимый текст: такой символ пишут в кавычках как \\u202e",
    ),
    (
        "lines that end with \\n or \\r\\n: this file has \\r alone",
        "строки с концом \\n или \\r\\n: в этом файле стоит одно \\r",
    ),
    ("a text in quotes", "текст в кавычках"),
    ("the quote that ends the text", "кавычка в конце текста"),
    // Behind the names of notes.
    (
        "a time such as 50ms: how long the clients of a real server go on reading at the end of a step",
        "время, например 50ms: сколько клиенты настоящего сервера ещё читают в конце шага",
    ),
    (
        "a time such as 5s: how long anything expected may take",
        "время, например 5s: сколько ждать ожидаемого",
    ),
    (
        "off: a real server is not asked by pings whether it is done",
        "off: не спрашивать настоящий сервер кадрами ping, закончил ли он",
    ),
    (
        "kinds of frames such as ping, or types of JSON such as type=stats: they are not compared",
        "виды кадров, например ping, или типы JSON, например type=stats: их не сравнивают",
    ),
    (
        "nothing: events beyond the expected ones are not compared",
        "ничего: то, что пришло сверх ожидаемого, не сравнивают",
    ),
    (
        "a number, from which all follows that is random in the faults",
        "число, которым определяется всё случайное в неисправностях",
    ),
    ("a section of RFC 6455, such as 5.6", "раздел RFC 6455, например 5.6"),
    ("a lesson's heading, such as #the-trap", "заголовок урока, например #the-trap"),
    ("a language, en or ru, and a text in quotes", "язык en или ru и текст в кавычках"),
    ("nothing", "ничего"),
    (
        "a setting for the server's environment, and its value",
        "переменная окружения сервера и её значение",
    ),
    ("TERM, which the server gets before the step", "TERM: сервер получит его перед шагом"),
    (
        "a time by which the server has exited, and its exit code if it matters",
        "время, за которое сервер завершится, и код выхода, если он важен",
    ),
    ("the trial of a client that is under test", "испытание проверяемого клиента"),
    ("the front of names that stand for different things", "начало имён, за которыми стоит разное"),
    (
        "the front of names that stand for numbers, none smaller than the one before",
        "начало имён, за которыми стоят числа, каждое не меньше предыдущего",
    ),
    (
        "the front of names that stand for numbers above 0",
        "начало имён, за которыми стоят числа больше 0",
    ),
    (
        "the front of names that stand for numbers, the least number and the greatest",
        "начало имён, за которыми стоят числа, наименьшее и наибольшее число",
    ),
    (
        "the front of names that stand for numbers, and by how much the last is above the first: at least and at most",
        "начало имён, за которыми стоят числа, и на сколько последнее больше первого: не меньше и не больше",
    ),
];

/// The subjects of limits, in English and in Russian.
const LIMITED: [(&str, &str); 6] = [
    ("words in the notes of a step", "слов в пометках шага"),
    ("headers", "заголовков"),
    ("characters in a client's name", "символов в имени клиента"),
    ("clients", "клиентов"),
    ("lines in a row marked ~ or ?", "строк подряд с ~ или ?"),
    ("bytes", "байт"),
];

impl ParseError {
    /// The sentence in Russian.
    #[must_use]
    pub fn in_russian(&self) -> String {
        let Self { line, column, expected, found } = self;
        let expected = form(expected);
        let found = match &**found {
            LINE_END => "конец строки",
            MORE => "больше",
            found => found,
        };
        format!("строка {line}, столбец {column}: ожидалось: {expected}; найдено: {found}")
    }
}

/// One form in Russian.
fn form(english: &str) -> String {
    if let Some((_, russian)) = FORMS.iter().find(|(form, _)| *form == english) {
        return (*russian).to_owned();
    }
    if let Some(known) = english.strip_prefix("one of ") {
        return format!("одно из: {known}");
    }
    if english.ends_with(SCOPE) {
        return format!("форма: {english}");
    }
    if let Some(end) = english.strip_prefix(", or ") {
        return format!(", или {end}");
    }
    if let Some(limit) = english.strip_prefix("a file of at most ") {
        return format!("файл не длиннее: {}", limited(limit));
    }
    if let Some(limit) = english.strip_prefix("at most ") {
        return format!("не больше: {}", limited(limit));
    }
    if let Some(rest) = english.strip_prefix("a text without ") {
        let name = rest.split(';').next().unwrap_or_default();
        return format!("текст без {name}; сам знак < пишут \\u003c");
    }
    english.to_owned()
}

/// `100 headers`.
fn limited(english: &str) -> String {
    let (count, what) = english.split_once(' ').unwrap_or((english, ""));
    let russian = LIMITED.iter().find(|(known, _)| *known == what).map_or(what, |(_, it)| it);
    format!("{count} {russian}")
}

#[cfg(test)]
mod tests {
    use super::super::{Scenario, VERBS};

    /// Whether a text outside of quotes and forms has a Russian letter for each sentence that it needs.
    fn is_russian(text: &str) -> bool {
        let (_, expected) = text.split_once("ожидалось: ").expect("it says what");
        let expected = expected.split("; найдено").next().unwrap_or_default();
        let is_form = |word: &str| !word.contains(|c: char| c.is_ascii_lowercase());
        let has_russian = expected.contains(|c| matches!(c, 'а'..='я'));
        has_russian || expected.split(' ').all(is_form) || expected == "events"
    }

    #[test]
    fn every_mistake_is_told_in_russian() {
        let more = [
            "bob << text \"a",
            "bob >> text \"\\q\"",
            "bob << json {\"a\" 1}",
            "bob << json {\"a\":1,\"a\":2}",
            "bob << json [1 2]",
            "bob -> GET",
            "bob -> get /ws",
            "bob >> text \"<a\u{202e}>\"",
            "-- sleep 2s",
            "bob -- fault drop",
            "bob -- fault burn",
            "bob ~~ text",
            "@nope",
            &format!("{} -> GET /", "b".repeat(100)),
        ]
        .map(str::to_owned);
        let mistakes = VERBS.iter().map(|verb| verb.mistake.to_owned()).chain(more);
        for mistake in mistakes {
            let error = mistake.parse::<Scenario>().expect_err(&mistake);
            let told = error.in_russian();
            assert!(is_russian(&told), "{mistake:?}: {error}: {told}");
        }
    }
}
