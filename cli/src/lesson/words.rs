//! The words of `ws101 lesson`, in both languages.

use crate::class::State;
use crate::lang::Lang;

pub fn no_repository(lang: Lang) -> &'static str {
    lang.pick(
        "the examples are in the repository of ws101: run this there, or give --mine",
        "примеры лежат в репозитории ws101: запустите команду там или укажите --mine",
    )
}

pub fn no_cargo(lang: Lang) -> &'static str {
    lang.pick(
        "cargo does not start: install Rust from https://rustup.rs, or give --mine",
        "cargo не запускается: установите Rust с https://rustup.rs или укажите --mine",
    )
}

pub fn building(name: &str, lang: Lang) -> String {
    lang.pick(
        format!("building the example {name}; the first time this takes about a minute"),
        format!("собираю пример {name}; в первый раз это около минуты"),
    )
}

pub fn slow_build(lang: Lang) -> &'static str {
    lang.pick("the build takes too long", "сборка идёт слишком долго")
}

pub fn not_built(name: &str, lang: Lang) -> String {
    lang.pick(format!("the example {name} does not build"), format!("пример {name} не собирается"))
}

pub fn other_port(lang: Lang) -> &'static str {
    lang.pick("choose another: --port 8090", "возьмите другой: --port 8090")
}

pub fn pages(port: u16, lang: Lang) -> [String; 2] {
    let example = format!("http://localhost:{port}/");
    let projector = format!("http://localhost:{port}/class/");
    lang.pick(
        [format!("  example    {example}"), format!("  projector  {projector}")],
        [format!("  пример     {example}"), format!("  проектор   {projector}")],
    )
}

pub fn server(name: &str, port: u16, target: &str, lang: Lang) -> String {
    lang.pick(
        format!("  server     {name}, behind the tap at ws://localhost:{port}{target}"),
        format!("  сервер     {name}, за tap: ws://localhost:{port}{target}"),
    )
}

/// The address of the teacher's page. What stands behind `#` is sent to no server.
pub fn teacher_page(port: u16, key: &str) -> String {
    format!("http://localhost:{port}/class/teach#{key}")
}

pub fn teacher(page: &str, lang: Lang) -> String {
    lang.pick(format!("  teacher    {page}"), format!("  учитель    {page}"))
}

pub fn phones(page: &str, lang: Lang) -> String {
    lang.pick(format!("  phones     {page}"), format!("  телефоны   {page}"))
}

pub fn phone_help(lang: Lang) -> &'static str {
    lang.pick(
        "  Nothing loads? Turn mobile data off, and use the Wi-Fi of this computer.",
        "  Не открывается? Отключите мобильный интернет и подключитесь к той же сети Wi-Fi.",
    )
}

pub fn no_network(lang: Lang) -> &'static str {
    lang.pick(
        "  this computer is in no network: connect it to the Wi-Fi of the class",
        "  компьютер не подключён к сети: подключите его к Wi-Fi класса",
    )
}

pub fn keys(lang: Lang) -> &'static str {
    lang.pick(
        "  [w] wire  [t] open teacher  [c] check  [s] stop or start server  [u] undo all faults  [q] quit",
        "  [w] кадры  [t] открыть учителя  [c] проверить  [s] остановить или запустить сервер  [u] убрать неисправности  [q] выход",
    )
}

pub fn wire(is_on: bool, lang: Lang) -> &'static str {
    match is_on {
        true => lang.pick("every frame is shown", "показываю каждый кадр"),
        false => lang.pick("frames are not shown", "кадры не показываю"),
    }
}

pub fn undone(count: usize, lang: Lang) -> String {
    lang.pick(format!("faults undone: {count}"), format!("убрано неисправностей: {count}"))
}

pub fn state(state: State, lang: Lang) -> &'static str {
    match state {
        State::Broken => lang.pick("a server with a mistake runs", "работает сервер с ошибкой"),
        State::Running => lang.pick("the server runs", "сервер работает"),
        State::Stopped => lang.pick("the server is stopped", "сервер остановлен"),
    }
}

pub fn no_browser(lang: Lang) -> &'static str {
    lang.pick(
        "no browser opens here: open the address above",
        "браузер не открывается: откройте адрес выше",
    )
}

pub fn checking(number: usize, lang: Lang) -> String {
    lang.pick(format!("checking lesson {number}"), format!("проверяю урок {number}"))
}

pub fn slow_checks(lang: Lang) -> &'static str {
    lang.pick("the checks take too long", "проверка идёт слишком долго")
}

pub fn saved(file: &str, lang: Lang) -> String {
    lang.pick(format!("saved: {file}"), format!("сохранено: {file}"))
}

pub fn how(lang: Lang) -> &'static str {
    lang.pick(
        "ws101 lesson 3 teaches one; --mine \"python server.py\" puts your server in the example's place",
        "ws101 lesson 3 начинает урок; --mine \"python server.py\" ставит ваш сервер на место примера",
    )
}
