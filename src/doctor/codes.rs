//! What the numbers of close frames mean (RFC 6455 §7.4, and the IANA registry).

/// A code's meaning in a few words.
pub(super) fn meaning(code: u16) -> &'static str {
    match code {
        1000 => "done",
        1001 => "going away",
        1002 => "you broke the protocol",
        1003 => "this kind of data is not accepted",
        1005 => "no code was given",
        1006 => "no close frame came",
        1007 => "text that is not UTF-8",
        1008 => "against the rules of this server",
        1009 => "too big",
        1010 => "an extension is missing",
        1011 => "the server failed",
        1012 => "restarting",
        1013 => "try again later",
        1014 => "nobody behind the proxy",
        1015 => "TLS failed",
        3000..=3999 => "a library's own code",
        4000..=4999 => "this application's own code",
        _ => "no code that may be sent",
    }
}

/// The same in Russian.
pub(super) fn meaning_in_russian(code: u16) -> &'static str {
    match code {
        1000 => "всё сказано",
        1001 => "сервер или страница уходит",
        1002 => "вы нарушили протокол",
        1003 => "такие данные не принимают",
        1005 => "кода не было",
        1006 => "кадра закрытия не было",
        1007 => "текст не в UTF-8",
        1008 => "против правил этого сервера",
        1009 => "слишком большое сообщение",
        1010 => "не хватает расширения",
        1011 => "ошибка на сервере",
        1012 => "сервер перезапускается",
        1013 => "попробуйте позже",
        1014 => "за прокси никого нет",
        1015 => "не вышло с TLS",
        3000..=3999 => "код библиотеки",
        4000..=4999 => "код этого приложения",
        _ => "такой код слать нельзя",
    }
}
