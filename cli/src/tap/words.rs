//! The words around the lines of a tap, in both languages.

use ws101::client::ConnectError;
use ws101::fault::fault_name;
use ws101::frame::{Role, Violation};
use ws101::proxy::{Totals, What};

use crate::lang::Lang;

/// A frame of `lane` breaks a rule.
pub fn broken(name: &str, violation: Violation, lang: Lang) -> String {
    lang.pick(
        format!("{name} breaks a rule: {}", violation.reason()),
        format!("{name} нарушает правило: {}", violation.in_russian()),
    )
}

/// A request for a page, and its answer.
pub fn page(request: &str, status: u16, len: u64, lang: Lang) -> String {
    let size = size(len, lang);
    format!("{request} {status}, {size}")
}

/// An extension was agreed on, so payloads are not what they seem.
pub fn extended(name: &str, lang: Lang) -> String {
    lang.pick(
        format!("{name}: an extension is on, so payloads are shown as they cross, compressed"),
        format!("{name}: включено расширение, payload показан как есть, в сжатом виде"),
    )
}

/// The texts of the other events.
pub fn told(name: &str, what: &What, lang: Lang) -> Option<String> {
    Some(match what {
        What::Unreachable(error) => {
            let told = reason(error, lang);
            lang.pick(
                format!("the server cannot be reached, the client gets 502: {told}"),
                format!("до сервера не достучаться, клиент получает 502: {told}"),
            )
        }
        What::Full(peer) => lang.pick(
            format!("too many connections: {peer} gets 503"),
            format!("слишком много соединений: {peer} получает 503"),
        ),
        What::Fault(fault) => {
            let russian = fault_name(fault).unwrap_or_default();
            lang.pick(
                format!("{name}: the tap does: {fault}"),
                format!("{name}: tap делает: {russian} ({fault})"),
            )
        }
        What::Missed { sender, frames, bytes } => {
            let from = side(*sender, lang);
            let amount = size(*bytes, lang);
            lang.pick(
                format!("{name}: too fast to show, but sent on: frames from the {from} {frames}, {amount}"),
                format!("{name}: показ не успевает, но всё передано: кадров от {from} {frames}, {amount}"),
            )
        }
        _ => return None,
    })
}

/// Why there was no connection.
pub fn reason(error: &ConnectError, lang: Lang) -> String {
    lang.pick(error.to_string(), error.in_russian())
}

fn side(sender: Role, lang: Lang) -> &'static str {
    match sender {
        Role::Client => lang.pick("client", "клиента"),
        Role::Server => lang.pick("server", "сервера"),
    }
}

/// The first line: where to go.
pub fn open(at: &str, target: &str, server: &str, lang: Lang) -> String {
    lang.pick(
        format!("tap: http://{at}/ and ws://{at}{target} go to {server}; Ctrl-C ends it"),
        format!("tap: http://{at}/ и ws://{at}{target} ведут на {server}; Ctrl-C — конец"),
    )
}

/// The seed of the faults, so that a run can be repeated.
pub fn seed(seed: u64, lang: Lang) -> String {
    lang.pick(
        format!("faults are on: --seed {seed} repeats them"),
        format!("неисправности включены: --seed {seed} их повторит"),
    )
}

/// The warning of `--lan`.
pub fn lan(at: &str, lang: Lang) -> String {
    lang.pick(
        format!("--lan: whoever reaches {at} over the network reaches the server"),
        format!("--lan: кто дотянется до {at} по сети, дотянется и до сервера"),
    )
}

/// The last line: what there was.
pub fn summary(totals: &Totals, lang: Lang) -> String {
    let (all, sockets) = (totals.connections(), totals.sockets());
    let count = |role| (totals.frames_from(role), size(totals.bytes_from(role), lang));
    let ((up, up_bytes), (down, down_bytes)) = (count(Role::Client), count(Role::Server));
    let unseen = match totals.unobserved() {
        0 => String::new(),
        unseen => lang.pick(
            format!("; connections not shown because the output was too slow: {unseen}"),
            format!("; не показано соединений: {unseen}, вывод не успевал"),
        ),
    };
    lang.pick(
        format!(
            "connections {all}, WebSockets {sockets}; from clients: frames {up}, {up_bytes}; from the server: frames {down}, {down_bytes}{unseen}"
        ),
        format!(
            "соединений {all}, WebSocket {sockets}; от клиентов: кадров {up}, {up_bytes}; от сервера: кадров {down}, {down_bytes}{unseen}"
        ),
    )
}

/// The file of `--save` is longer than the player reads.
pub fn too_long(file: &str, lang: Lang) -> String {
    lang.pick(
        format!("{file} is whole, but `ws101 play` reads at most 1 MiB: cut it to what you need"),
        format!("{file} записан целиком, но `ws101 play` читает не больше 1 МиБ: оставьте нужное"),
    )
}

/// The file of `--har` does not have everything.
pub fn left_out(file: &str, count: u64, lang: Lang) -> String {
    lang.pick(
        format!("{file}: {count} messages are not in it, because it keeps at most 64 MiB; --save FILE.wst keeps all"),
        format!("{file}: сообщений не вошло {count}, потому что предел — 64 МиБ; --save ФАЙЛ.wst сохраняет все"),
    )
}

/// `412 bytes`, `38.1 kB`.
pub fn size(bytes: u64, lang: Lang) -> String {
    let (unit, by) = match bytes {
        0..10_000 => return lang.pick(format!("{bytes} bytes"), format!("{bytes} байт")),
        10_000..10_000_000 => (lang.pick("kB", "кБ"), 1e3),
        10_000_000..10_000_000_000 => (lang.pick("MB", "МБ"), 1e6),
        _ => (lang.pick("GB", "ГБ"), 1e9),
    };
    // A size is for people: half a kilobyte does not matter.
    #[expect(clippy::cast_precision_loss)]
    let size = format!("{:.1} {unit}", bytes as f64 / by);
    lang.pick(size.clone(), size.replace('.', ","))
}
