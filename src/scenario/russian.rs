//! The sentences about a difference, in Russian.

use std::time::Duration;

use super::detail::Detail;
use super::mismatch::Mismatch;
use crate::frame::Torn;
use crate::wst::seconds;

/// `300 мс`, `4,5 с`.
fn time(time: Duration) -> String {
    match time.as_secs_f64() {
        secs if secs < 1.0 => format!("{} мс", time.as_millis()),
        secs => format!("{secs} с").replace('.', ","),
    }
}

impl Mismatch {
    /// The sentence in Russian.
    #[must_use]
    pub fn in_russian(&self) -> String {
        match self {
            Self::Silence(after) => format!("за {} ничего не пришло", time(*after)),
            Self::Open(after) => format!("через {} соединение всё ещё открыто", time(*after)),
            Self::Ended => "вместо этого соединение закончилось".to_owned(),
            Self::Other => "пришло другое".to_owned(),
            Self::Opcode { found, wanted } => format!(
                "это кадр {found} (код операции {:x}), а не {wanted} (код операции {:x})",
                found.bits(),
                wanted.bits()
            ),
            Self::TornHead(lines) => {
                format!("заголовок ответа не закончен: нет пустой строки; строк пришло: {lines}")
            }
            Self::Torn(Torn { header: Some(header), received }) => {
                format!("кадр обещает байт: {}, а пришло: {received}", header.len)
            }
            Self::Torn(_) => "пришла только часть заголовка кадра".to_owned(),
            Self::Differs(how) => how.in_russian(),
            Self::Early(after) => format!("пришло через {}, слишком рано", time(*after)),
            Self::Late(after) => format!("пришло через {}, слишком поздно", time(*after)),
            Self::Unexpected => "этого не ждали".to_owned(),
            Self::NotConnected => "соединение закончилось или не началось".to_owned(),
            Self::Unknown(name) => format!("{name} ничего не значит: раньше этого не было"),
            Self::NotWritten(what) => {
                format!("{what} нельзя отправить: сами байты здесь не записаны")
            }
            Self::TooLong(limit) => {
                format!("вместе со значениями имён в строке больше {limit} байт")
            }
            Self::Captured(limit) => format!("запомненные имена занимают больше {limit} байт"),
            Self::Connected => "соединение ещё есть".to_owned(),
            Self::Flood => "пришло так быстро, что не всё удалось услышать".to_owned(),
            Self::Panicked => "сервер запаниковал".to_owned(),
            Self::Running(time) => format!(
                "обработчик работает ещё {} после конца соединения: он ждёт не клиента, а чего-то другого",
                seconds(*time)
            ),
            Self::Restless => {
                "сервер не умолкает: его задача работает без остановки, а часы стоят".to_owned()
            }
            Self::BreaksNote(fault) => fault.in_russian(),
            Self::NoProcess(note) => {
                format!(
                    "{note} относится к процессу сервера, а он здесь неизвестен: его запускает `ws101 play --cmd`"
                )
            }
            Self::Endless(after) => format!("всё вместе заняло больше чем {}", time(*after)),
        }
    }
}

impl Detail {
    /// The sentence in Russian.
    #[must_use]
    pub fn in_russian(&self) -> String {
        match self {
            Self::Status(found) => format!("статус {found}"),
            Self::NoHeader(name) => format!("нет заголовка {name}"),
            Self::Header { name, found, wanted } => {
                format!("в заголовке {name} стоит {found:?}, а не {wanted}")
            }
            Self::Word { name, found, word } => {
                format!(
                    "в заголовке {name} стоит {found:?}, а должно быть слово {word} (RFC 6455 §4.1)"
                )
            }
            Self::Accept { found, wanted } => format!(
                "в Sec-WebSocket-Accept стоит {found:?}, а должно быть {wanted:?} (RFC 6455 §4.2.2)"
            ),
            Self::Unasked(name) => {
                format!("есть заголовок {name}, которого никто не просил (RFC 6455 §4.1)")
            }
            Self::Response(fault) => {
                format!("{}: браузер такого не примет (RFC 6455 §4.1)", fault.in_russian())
            }
            Self::Sound(part) => format!("в ответе 101 нет ошибки {part}"),
            Self::Reserved { found, wanted } => {
                format!("зарезервированные биты равны {found}, а не {wanted} (RFC 6455 §5.2)")
            }
            Self::Fin(found) => {
                format!("FIN равен {}, а не {} (RFC 6455 §5.4)", u8::from(*found), u8::from(!found))
            }
            Self::Masked => {
                "кадр с маской, а сервер никогда не маскирует (RFC 6455 §5.1)".to_owned()
            }
            Self::LongHeader(size) => {
                format!("заголовок кадра занимает больше байт, чем нужно: {size} (RFC 6455 §5.2)")
            }
            Self::Length { found, wanted } => format!("длина в байтах {found}, а не {wanted}"),
            Self::Byte { at, found, wanted } => {
                format!("байт {at} равен {found:02x}, а не {wanted:02x}")
            }
            Self::Bytes => "длина верная, а байты другие".to_owned(),
            Self::OpenBytes(wanted) => format!("байты не такие: {wanted}"),
            Self::Pattern(wanted) => format!("это не {wanted}"),
            Self::Text { at: 1, found, wanted } => format!("это {found:?}, а не {wanted:?}"),
            Self::Text { at, found, wanted } => {
                format!("начиная со знака {at} стоит {found:?}, а не {wanted:?}")
            }
            Self::NoText(at) => format!("байт {at} не UTF-8 (RFC 6455 §8.1)"),
            Self::NoJson(error) => match error.rsplit_once(" column ") {
                Some((_, column)) => format!("это не JSON: ошибка в столбце {column}"),
                None => "это не JSON".to_owned(),
            },
            Self::Value { at, found, wanted } => format!("{at} равно {found}, а не {wanted}"),
            Self::Name { at, found, name, known } => {
                format!("{at} равно {found}, а раньше на месте <{name}> было {known}")
            }
            Self::Items { at, found, wanted } => {
                format!("в {at} элементов {found}, а не {wanted}")
            }
            Self::NoField(at) => format!("нет поля {at}"),
            Self::Field(at) => format!("лишнее поле {at}"),
            Self::NoCode => "в close нет кода".to_owned(),
            Self::Code(found) => format!("код {found}"),
            Self::Reason(found) => format!("причина {found:?}"),
            Self::Torn(how) => format!("кадр оборван: {how}"),
            Self::Moment(at) => format!("это пришло в {at}"),
            Self::Wire => "байты не те".to_owned(),
        }
    }
}
