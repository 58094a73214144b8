//! What is wrong, in Russian.

use std::time::Duration;

use ws101::scenario::{Detail, Mismatch};

/// `300 мс`, `4,5 с`.
pub fn time(time: Duration) -> String {
    match time.as_secs_f64() {
        secs if secs < 1.0 => format!("{} мс", time.as_millis()),
        secs => format!("{secs} с").replace('.', ","),
    }
}

/// The anchor of a section that all lesson pages have.
pub fn anchor(section: &str) -> &str {
    match section {
        "#the-idea" => "#идея",
        "#the-code" => "#код",
        "#on-the-wire" => "#на-проводе",
        "#the-trap" => "#ловушка",
        other => other,
    }
}

/// What is wrong with what was seen.
pub fn why(why: &Mismatch) -> String {
    match why {
        Mismatch::Silence(after) => format!("за {} ничего не пришло", time(*after)),
        Mismatch::Open(after) => format!("через {} соединение всё ещё открыто", time(*after)),
        Mismatch::Ended => "вместо этого соединение закончилось".to_owned(),
        Mismatch::Other => "пришло другое".to_owned(),
        Mismatch::Differs(how) => unlike(how),
        Mismatch::Early(after) => format!("пришло через {}, слишком рано", time(*after)),
        Mismatch::Late(after) => format!("пришло через {}, слишком поздно", time(*after)),
        Mismatch::Unexpected => "этого не ждали".to_owned(),
        Mismatch::NotConnected => "соединение закончилось или не началось".to_owned(),
        Mismatch::Unknown(name) => format!("{name} ничего не значит: раньше этого не было"),
        Mismatch::NotWritten(what) => {
            format!("{what} нельзя отправить: сами байты здесь не записаны")
        }
        Mismatch::Connected => "соединение ещё есть".to_owned(),
        Mismatch::Flood => "пришло так быстро, что не всё удалось услышать".to_owned(),
        Mismatch::Endless(after) => format!("всё вместе заняло больше чем {}", time(*after)),
    }
}

/// In what something of the right kind is not as it should be.
fn unlike(how: &Detail) -> String {
    match how {
        Detail::Status(found) => format!("статус {found}"),
        Detail::NoHeader(name) => format!("нет заголовка {name}"),
        Detail::Header { name, found, wanted } => {
            format!("в заголовке {name} стоит {found:?}, а не {wanted}")
        }
        Detail::Word { name, found, word } => {
            format!(
                "в заголовке {name} стоит {found:?}, а должно быть слово {word} (RFC 6455 §4.1)"
            )
        }
        Detail::Accept { found, wanted } => format!(
            "в Sec-WebSocket-Accept стоит {found:?}, а должно быть {wanted:?} (RFC 6455 §4.2.2)"
        ),
        Detail::Unasked(name) => {
            format!("есть заголовок {name}, которого никто не просил (RFC 6455 §4.1)")
        }
        Detail::Response(fault) => {
            format!("{}: браузер такого не примет (RFC 6455 §4.1)", fault.in_russian())
        }
        Detail::Sound(part) => format!("в ответе 101 нет ошибки {part}"),
        Detail::Reserved { found, wanted } => {
            format!("зарезервированные биты равны {found}, а не {wanted} (RFC 6455 §5.2)")
        }
        Detail::Fin(found) => {
            format!("FIN равен {}, а не {} (RFC 6455 §5.4)", u8::from(*found), u8::from(!found))
        }
        Detail::Masked => "кадр с маской, а сервер никогда не маскирует (RFC 6455 §5.1)".to_owned(),
        Detail::LongHeader(size) => {
            format!("заголовок кадра занимает больше байт, чем нужно: {size} (RFC 6455 §5.2)")
        }
        Detail::Length { found, wanted } => format!("длина в байтах {found}, а не {wanted}"),
        Detail::Byte { at, found, wanted } => {
            format!("байт {at} равен {found:02x}, а не {wanted:02x}")
        }
        Detail::Bytes => "длина верная, а байты другие".to_owned(),
        Detail::Pattern(wanted) => format!("это не {wanted}"),
        Detail::Text { at: 1, found, wanted } => format!("это {found:?}, а не {wanted:?}"),
        Detail::Text { at, found, wanted } => {
            format!("начиная со знака {at} стоит {found:?}, а не {wanted:?}")
        }
        Detail::NoText(at) => format!("байт {at} не UTF-8 (RFC 6455 §8.1)"),
        Detail::NoJson(error) => format!("это не JSON: {error}"),
        Detail::Value { at, found, wanted } => format!("{at} равно {found}, а не {wanted}"),
        Detail::Name { at, found, name, known } => {
            format!("{at} равно {found}, а раньше на месте <{name}> было {known}")
        }
        Detail::Items { at, found, wanted } => {
            format!("в {at} элементов {found}, а не {wanted}")
        }
        Detail::NoField(at) => format!("нет поля {at}"),
        Detail::Field(at) => format!("лишнее поле {at}"),
        Detail::NoCode => "в close нет кода".to_owned(),
        Detail::Code(found) => format!("код {found}"),
        Detail::Reason(found) => format!("причина {found:?}"),
        Detail::Torn(how) => format!("кадр оборван: {how}"),
        Detail::Moment(at) => format!("это пришло в {at}"),
        Detail::Wire => "байты не те".to_owned(),
    }
}
