//! The sentences about faults of an answer, and about errors of a connection, in Russian.

use std::io::ErrorKind;

use super::ResponseFault;
use super::fault::{quoted, status_named};

/// The error that kept a connection from being made, or ended it, in Russian.
#[must_use]
pub fn error_in_russian(kind: ErrorKind) -> String {
    let words = match kind {
        ErrorKind::ConnectionRefused => "никто не слушает",
        ErrorKind::ConnectionReset => "соединение сброшено",
        ErrorKind::ConnectionAborted => "соединение прервано",
        ErrorKind::TimedOut => "время вышло",
        ErrorKind::UnexpectedEof => "соединение закрыто",
        ErrorKind::HostUnreachable => "машина недоступна",
        ErrorKind::NetworkUnreachable => "сеть недоступна",
        ErrorKind::PermissionDenied => "нет разрешения",
        ErrorKind::NotFound => "такого нет",
        ErrorKind::InvalidData => "данные не те",
        ErrorKind::BrokenPipe => "другая сторона закрыла соединение",
        ErrorKind::AddrInUse => "порт занят",
        ErrorKind::AddrNotAvailable => "такого адреса здесь нет",
        ErrorKind::AlreadyExists => "уже есть",
        ErrorKind::IsADirectory => "это папка",
        ErrorKind::NotADirectory => "в пути есть не папка",
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "нет места на диске",
        ErrorKind::ReadOnlyFilesystem => "диск только для чтения",
        ErrorKind::InvalidFilename => "недопустимое имя файла",
        ErrorKind::OutOfMemory => "не хватает памяти",
        _ => "ошибка ввода-вывода",
    };
    words.to_owned()
}

impl ResponseFault {
    /// The sentence in Russian.
    #[must_use]
    pub fn in_russian(&self) -> String {
        match self {
            Self::NoAnswer(ErrorKind::TimedOut) => "на рукопожатие нет ответа".to_owned(),
            Self::NoAnswer(_) => "соединение закрыто до ответа на рукопожатие".to_owned(),
            Self::NotHttp(_) => "ответ не по HTTP/1.1 (RFC 9112 §2.1)".to_owned(),
            Self::Incomplete => "заголовки ответа неполны: нет пустой строки в конце".to_owned(),
            Self::Status(status) => format!("вместо 101 пришёл ответ {}", status_named(*status)),
            Self::OldHttp => "ответили по HTTP/1.0, а он не умеет переключаться".to_owned(),
            Self::Lacks { header, wanted, found: None } => {
                format!("в ответе 101 нет `{header}: {wanted}`")
            }
            Self::Lacks { header, wanted, found: Some(found) } => {
                format!("в ответе 101 `{header}` — {}, а нужно `{wanted}`", quoted(found))
            }
            Self::Accept { found, wanted } => {
                let found = found.as_deref();
                let found =
                    found.map_or("нет".to_owned(), |found| format!("— {}", quoted(found)));
                format!("`Sec-WebSocket-Accept` {found}, а из ключа следует {}", quoted(wanted))
            }
            Self::Repeated(header) => format!("в ответе 101 `{header}` больше одного раза"),
            Self::SubprotocolIgnored(offered) => {
                format!("ни один из подпротоколов {} не подтверждён", quoted(offered))
            }
            Self::SubprotocolUnasked(name) => {
                format!("сервер выбрал подпротокол {}, которого ему не предлагали", quoted(name))
            }
            Self::ExtensionUnasked(name) => {
                format!("сервер выбрал расширение {}, которого ему не предлагали", quoted(name))
            }
            Self::ExtensionRepeated(name) => {
                format!("сервер выбрал расширение {} дважды", quoted(name))
            }
            Self::ExtensionsMalformed(value) => {
                format!(
                    "`Sec-WebSocket-Extensions` — {}, а это не список расширений",
                    quoted(value)
                )
            }
            Self::ExtensionParameter(parameter) => format!(
                "у `permessage-deflate` параметр {}, который не следует из предложенного",
                quoted(parameter)
            ),
            Self::ExtensionLacks(parameter) => {
                format!("у `permessage-deflate` нет параметра `{parameter}`, а его требовали")
            }
            Self::Contradictory(header) => {
                format!("в ответе 101 у `{header}` несколько разных значений")
            }
            Self::Body(header) => format!("в ответе 101 есть `{header}`, а тела у 101 нет"),
            Self::Folded => "строка заголовка в ответе 101 перенесена".to_owned(),
            Self::BareLineFeed => "строка ответа 101 кончается не на CR LF".to_owned(),
            Self::Garbled => "строка заголовка в ответе 101 — не `Имя: значение`".to_owned(),
        }
    }
}
