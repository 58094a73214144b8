//! What is wrong, in Russian.

use std::time::Duration;

use ws101::scenario::{Unlike, Why};

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
pub fn why(why: &Why) -> String {
    match why {
        Why::Silence(after) => format!("за {} ничего не пришло", time(*after)),
        Why::Open(after) => format!("через {} соединение всё ещё открыто", time(*after)),
        Why::Ended => "вместо этого соединение закончилось".to_owned(),
        Why::Other => "пришло другое".to_owned(),
        Why::Differs(how) => unlike(how),
        Why::Early(after) => format!("пришло через {}, слишком рано", time(*after)),
        Why::Late(after) => format!("пришло через {}, слишком поздно", time(*after)),
        Why::Unexpected => "этого не ждали".to_owned(),
        Why::NotConnected => "соединение закончилось или не началось".to_owned(),
        Why::Unknown(name) => format!("{name} ничего не значит: раньше этого не было"),
        Why::Flood => "пришло так быстро, что не всё удалось услышать".to_owned(),
        Why::Endless(after) => format!("всё вместе заняло больше чем {}", time(*after)),
    }
}

/// In what something of the right kind is not as it should be.
fn unlike(how: &Unlike) -> String {
    match how {
        Unlike::Status(found) => format!("статус {found}"),
        Unlike::NoHeader(name) => format!("нет заголовка {name}"),
        Unlike::Header { name, found, wanted } => {
            format!("в заголовке {name} стоит {found:?}, а не {wanted}")
        }
        Unlike::Word { name, found, word } => {
            format!(
                "в заголовке {name} стоит {found:?}, а должно быть слово {word} (RFC 6455 §4.1)"
            )
        }
        Unlike::Accept { found, wanted } => format!(
            "в Sec-WebSocket-Accept стоит {found:?}, а должно быть {wanted:?} (RFC 6455 §4.2.2)"
        ),
        Unlike::Unasked(name) => {
            format!("есть заголовок {name}, которого никто не просил (RFC 6455 §4.1)")
        }
        Unlike::Response(fault) => {
            format!("{}: браузер такого не примет (RFC 6455 §4.1)", fault.in_russian())
        }
        Unlike::Sound(part) => format!("в ответе 101 нет ошибки {part}"),
        Unlike::Reserved { found, wanted } => {
            format!("зарезервированные биты равны {found}, а не {wanted} (RFC 6455 §5.2)")
        }
        Unlike::Fin(found) => {
            format!("FIN равен {}, а не {} (RFC 6455 §5.4)", u8::from(*found), u8::from(!found))
        }
        Unlike::Masked => "кадр с маской, а сервер никогда не маскирует (RFC 6455 §5.1)".to_owned(),
        Unlike::LongHeader(size) => {
            format!("заголовок кадра занимает больше байт, чем нужно: {size} (RFC 6455 §5.2)")
        }
        Unlike::Length { found, wanted } => format!("длина в байтах {found}, а не {wanted}"),
        Unlike::Byte { at, found, wanted } => {
            format!("байт {at} равен {found:02x}, а не {wanted:02x}")
        }
        Unlike::Bytes => "длина верная, а байты другие".to_owned(),
        Unlike::Pattern(wanted) => format!("это не {wanted}"),
        Unlike::Text { at: 1, found, wanted } => format!("это {found:?}, а не {wanted:?}"),
        Unlike::Text { at, found, wanted } => {
            format!("начиная со знака {at} стоит {found:?}, а не {wanted:?}")
        }
        Unlike::NoText(at) => format!("байт {at} не UTF-8 (RFC 6455 §8.1)"),
        Unlike::NoJson(error) => format!("это не JSON: {error}"),
        Unlike::Value { at, found, wanted } => format!("{at} равно {found}, а не {wanted}"),
        Unlike::Name { at, found, name, known } => {
            format!("{at} равно {found}, а раньше на месте <{name}> было {known}")
        }
        Unlike::Items { at, found, wanted } => {
            format!("в {at} элементов {found}, а не {wanted}")
        }
        Unlike::NoField(at) => format!("нет поля {at}"),
        Unlike::Field(at) => format!("лишнее поле {at}"),
        Unlike::NoCode => "в close нет кода".to_owned(),
        Unlike::Code(found) => format!("код {found}"),
        Unlike::Reason(found) => format!("причина {found:?}"),
        Unlike::Torn(how) => format!("кадр оборван: {how}"),
        Unlike::Moment(at) => format!("это пришло в {at}"),
        Unlike::Wire => "байты не те".to_owned(),
    }
}
