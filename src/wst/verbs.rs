//! The table of all forms that a line can have.
//!
//! `docs/wst.md`, `docs/wst.ru.md` and the grammar for editors are made from it. A test parses
//! and plays each example, and writes down the error of each mistake.

/// The subject of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Group {
    /// The file: titles, remarks, notes, time.
    File,
    /// The opening handshake.
    Handshake,
    /// Frames and bytes that a client sends.
    Send,
    /// Frames that a client receives.
    Receive,
    /// Actions on a connection, and its end.
    Connection,
    /// Placeholders in what is received: `<*>`, `<name>`, `...`.
    Pattern,
    /// The time and the bytes behind an event.
    Modifier,
    /// Lines that transcripts show and no player can repeat.
    Shown,
}

/// One form that a line, or a part of a line, can have.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Verb {
    /// Its subject.
    pub group: Group,
    /// The form: `>> text "…"`.
    pub form: &'static str,
    /// The words of the language in it, for editors.
    pub words: &'static [&'static str],
    /// Its meaning, in English.
    pub english: &'static str,
    /// Its meaning, in Russian.
    pub russian: &'static str,
    /// A scenario that has it. Except for [`Group::Shown`], it passes at the server of `tests/wst.rs`,
    /// an echo, which at `/says?8100` sends the bytes `81 00`.
    pub example: &'static str,
    /// A line with a mistake in it.
    pub mistake: &'static str,
}

/// All forms, in the order of `docs/wst.md`.
pub const VERBS: &[Verb] = &[
    Verb {
        group: Group::File,
        form: "== title",
        words: &["=="],
        english: "Begins a step. At its end the player waits for every expected event, then for silence; any other event is a difference.",
        russian: "Начинает шаг. В конце шага проигрыватель ждёт всего, что ожидается, затем тишины; всё остальное, что пришло, — расхождение.",
        example: "== bob joins\nbob -> GET /\nbob <- 101",
        mistake: "==",
    },
    Verb {
        group: Group::File,
        form: "# text",
        words: &["#"],
        english: "A remark. It changes nothing.",
        russian: "Примечание. Ничего не меняет.",
        example: "# bob is the first\nbob -> GET /\nbob <- 101",
        mistake: "bob # is the first",
    },
    Verb {
        group: Group::File,
        form: "-- wait time",
        words: &["wait"],
        english: "The player waits for this time. Times are written 200ms, 1.5s or 2m.",
        russian: "Ждёт указанное время. Время пишут так: 200ms, 1.5s или 2m.",
        example: "bob -> GET /\nbob <- 101\n-- wait 20s\nbob >> ping\nbob << pong",
        mistake: "-- wait 2 days",
    },
    Verb {
        group: Group::File,
        form: "@quiet time",
        words: &["@quiet"],
        english: "How long the clients of a real server go on reading at the end of a step; before the first step, at the end of every step.",
        russian: "Сколько клиенты настоящего сервера ещё читают в конце шага; перед первым шагом — в конце каждого.",
        example: "@quiet 50ms\n\n== bob joins\nbob -> GET /\nbob <- 101",
        mistake: "@quiet long",
    },
    Verb {
        group: Group::File,
        form: "@timeout time",
        words: &["@timeout"],
        english: "How long an expected event may take. The default is 5 s.",
        russian: "Сколько ждать ожидаемого. По умолчанию 5 с.",
        example: "@timeout 2s\n\n== bob joins\nbob -> GET /\nbob <- 101",
        mistake: "@timeout soon",
    },
    Verb {
        group: Group::File,
        form: "@fence off",
        words: &["@fence"],
        english: "No pings are sent to ask a real server whether it is done. The clients go on reading for 250 ms instead of 40 ms.",
        russian: "Не спрашивать настоящий сервер кадрами ping, закончил ли он. Клиенты тогда читают ещё 250 мс, а не 40.",
        example: "@fence off\n\n== bob joins\nbob -> GET /\nbob <- 101",
        mistake: "@fence on",
    },
    Verb {
        group: Group::File,
        form: "@ignore kinds",
        words: &["@ignore"],
        english: "Frames of these kinds, and JSON of these types, are not compared.",
        russian: "Не сравнивать кадры этих видов и JSON с таким type.",
        example: "@ignore ping type=stats\n\n== only what matters\nbob -> GET /says?8900810568656c6c6f\nbob <- 101\nbob << text \"hello\"",
        mistake: "@ignore",
    },
    Verb {
        group: Group::File,
        form: "@open",
        words: &["@open"],
        english: "Events beyond the expected ones are not compared.",
        russian: "Не сравнивать то, что пришло сверх ожидаемого.",
        example: "@open\n\n== one is enough\nbob -> GET /says?81016181016281\nbob <- 101\nbob << text \"a\"",
        mistake: "@open wide",
    },
    Verb {
        group: Group::File,
        form: "@seed number",
        words: &["@seed"],
        english: "What is random in the faults follows from this number, before the first step; 0 without it.",
        russian: "Всё случайное в неисправностях определяется этим числом; пишут его до первого шага, без него 0.",
        example: "@seed 7\n\n== a bit\nbob -> GET /\nbob <- 101\nbob -- fault flip text from server\nbob >> text \"hi\"\nbob << text ...",
        mistake: "@seed random",
    },
    Verb {
        group: Group::File,
        form: "@title, @hint, @why language \"text\"",
        words: &["@title", "@hint", "@why"],
        english: "The title in another language, a hint, and the reason for the rule: the grader shows them.",
        russian: "Заголовок на другом языке, подсказка и причина правила: их показывает грейдер.",
        example: "== bob joins\n@title ru \"приходит боб\"\n@hint en \"Answer 101.\"\n@why en \"RFC 6455 says so.\"\nbob -> GET /\nbob <- 101",
        mistake: "@hint \"Answer 101.\"",
    },
    Verb {
        group: Group::File,
        form: "@rfc, @lesson, @must",
        words: &["@rfc", "@lesson", "@must"],
        english: "The section of RFC 6455, the heading of the lesson, and the mark of a rule that is not only advice.",
        russian: "Раздел RFC 6455, заголовок урока и то, что это правило, а не совет.",
        example: "== a ping\n@rfc 5.5.3\n@lesson #the-code\n@must\nbob -> GET /\nbob <- 101\nbob >> ping\nbob << pong",
        mistake: "@rfc",
    },
    Verb {
        group: Group::File,
        form: "@env, @signal TERM, @exits time code, @client",
        words: &["@env", "@signal", "@exits", "@client"],
        english: "For the grader, which runs the server or the client: a setting, a signal before the step, the expected exit, the trial.",
        russian: "Для грейдера, который запускает сервер или клиент: настройка, сигнал перед шагом, ожидаемое завершение, проверка.",
        example: "== bob joins\n@env WS_STATS_MS 300\n@exits 3s 0\nbob -> GET /\nbob <- 101",
        mistake: "@signal KILL",
    },
    Verb {
        group: Group::File,
        form: "@distinct, @rising, @positive, @between, @grows names",
        words: &["@distinct", "@rising", "@positive", "@between", "@grows"],
        english: "The values of captured names: all different, none smaller than the one before, all above 0; numbers `from to`; the last above the first by `from` to `to`.",
        russian: "Значения захваченных имён: все разные, ни одно не меньше предыдущего, все больше 0; числа `от до`; последнее больше первого на число `от до`.",
        example: "== two ids\n@distinct id\nbob -> GET /says?810178\nbob <- 101\nbob << text \"<id>\"\nann -> GET /says?810179\nann <- 101\nann << text \"<id1>\"",
        mistake: "@rising",
    },
    Verb {
        group: Group::Handshake,
        form: "bob -> GET /path header=value no-header",
        words: &["->"],
        english: "Bob connects and sends a request. Only unusual headers are written: another one, another value, or one that is left out. `key`, `version`, `subprotocol`, `extensions` are short for `Sec-WebSocket-…`.",
        russian: "Боб подключается и посылает запрос. Пишут только необычное: другой заголовок или отсутствие обычного. `key`, `version`, `subprotocol`, `extensions` — сокращения для `Sec-WebSocket-…`.",
        example: "bob -> GET /?name=bob origin=http://ws101.test user-agent=\"a phone\"\nbob <- 101\nann -> GET / no-key\nann <- 400 ...\nann -- eof",
        mistake: "bob -> GET / version",
    },
    Verb {
        group: Group::Handshake,
        form: "bob -> \"bytes\"",
        words: &["raw"],
        english: "Bob connects and sends these bytes, in quotes or in hexadecimal. `raw` may stand before them.",
        russian: "Боб подключается и посылает эти байты, в кавычках или шестнадцатеричные. Перед ними можно написать `raw`.",
        example: "bob -> \"GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n\"\nbob <- 426 version=13 ...\nbob -- eof",
        mistake: "bob -> \"GET /",
    },
    Verb {
        group: Group::Handshake,
        form: "bob <- 400|426 header=value \"body\"",
        words: &["<-"],
        english: "The answer: one of these statuses, with this header, and this body. Without a body, or with `...`, any body will do.",
        russian: "Ответ: один из этих статусов, с этим заголовком и таким телом. Без тела или с `...` подойдёт любое тело.",
        example: "bob -> GET / version=8\nbob <- 400|426 version=13 \"<*>13<*>\"\nbob -- eof",
        mistake: "bob <- maybe",
    },
    Verb {
        group: Group::Handshake,
        form: "bob <- 101 bad-accept",
        words: &[
            "bad-accept",
            "bad-upgrade",
            "bad-connection",
            "bad-subprotocol",
            "bad-extensions",
            "bad-headers",
        ],
        english: "A 101 that browsers refuse, and the part of it that is wrong. A 101 without such a word must be sound (RFC 6455 §4.1).",
        russian: "Ответ 101, который браузер не примет, и что в нём не так. Без этих слов 101 должен быть верным (RFC 6455 §4.1).",
        example: "bob -> GET /bad-accept\nbob <- 101 bad-accept",
        mistake: "bob <- 101 bad-luck",
    },
    Verb {
        group: Group::Send,
        form: "bob >> text \"…\"",
        words: &[">>", "text"],
        english: "Bob sends a text message. The escapes are those of JSON; a `<` that would begin a placeholder is `\\u003c`.",
        russian: "Боб посылает текстовое сообщение. Экранирование как в JSON; знак `<`, который начал бы подстановку, пишут `\\u003c`.",
        example: "bob -> GET /\nbob <- 101\nbob >> text \"a \\u003cb> and a\\nline\"\nbob << text \"a \\u003cb> and a\\nline\"",
        mistake: "bob >> text \"hi",
    },
    Verb {
        group: Group::Send,
        form: "bob >> json {…}",
        words: &["json"],
        english: "Bob sends JSON as a text message.",
        russian: "Боб посылает JSON текстовым сообщением.",
        example: "bob -> GET /\nbob <- 101\nbob >> json {\"n\":1,\"list\":[true,null]}\nbob << json {\"list\":[true,null],\"n\":1.0}",
        mistake: "bob >> json {\"a\":<*>}",
    },
    Verb {
        group: Group::Send,
        form: "bob >> binary 00 ff",
        words: &["binary"],
        english: "Bob sends these bytes.",
        russian: "Боб посылает эти байты.",
        example: "bob -> GET /\nbob <- 101\nbob >> binary 00 ff\nbob << binary 00 ff",
        mistake: "bob >> binary 0",
    },
    Verb {
        group: Group::Send,
        form: "bob >> ping …, bob >> pong …",
        words: &["ping", "pong"],
        english: "Bob sends a control frame with this payload, text or bytes. The pong to a received ping is sent by itself, as browsers do.",
        russian: "Боб посылает управляющий кадр с этими данными, текстом или байтами. Pong на пришедший ping уходит сам, как у браузера.",
        example: "bob -> GET /\nbob <- 101\nbob >> ping \"abc\"\nbob << pong \"abc\"\nann -> GET /says?890131\nann <- 101\nann << ping \"1\"\nann >> pong \"1\"",
        mistake: "bob >> ping/3 \"hi\"",
    },
    Verb {
        group: Group::Send,
        form: "bob >> close code \"reason\"",
        words: &["close"],
        english: "Bob sends a close frame; without a code it is empty. The answer to a received close is sent by itself.",
        russian: "Боб посылает close; без кода — пустой. Ответ на пришедший close уходит сам.",
        example: "bob -> GET /\nbob <- 101\nbob >> close 1000 \"bye\"\nbob << close 1000 \"bye\"\nbob -- eof",
        mistake: "bob >> close 1000|1001",
    },
    Verb {
        group: Group::Send,
        form: "bob >> text \"x\"*1000, binary 2a*1000",
        words: &[],
        english: "The text or the bytes, repeated this many times, up to 64 MiB.",
        russian: "Текст или байты столько раз подряд, до 64 МиБ.",
        example: "bob -> GET /\nbob <- 101\nbob >> text \"x\"*1000\nbob << text \"x\"*1000\nbob >> binary 2a*126\nbob << binary 2a*126",
        mistake: "bob >> text \"x\"*99999999999",
    },
    Verb {
        group: Group::Send,
        form: "bob >> text/3 \"…\"",
        words: &[],
        english: "A message in this many fragments, from 1 to 1000.",
        russian: "Сообщение, разбитое на столько фрагментов, от 1 до 1000.",
        example: "bob -> GET /\nbob <- 101\nbob >> text/3 \"hello\"\nbob << text \"hello\"",
        mistake: "bob << text/3 \"hi\"",
    },
    Verb {
        group: Group::Send,
        form: "bob >> text fin=0 \"…\", bob >> cont fin=1 \"…\"",
        words: &["cont", "fin"],
        english: "Single fragments; other frames may stand between them.",
        russian: "Отдельные фрагменты, между которыми могут быть другие кадры.",
        example: "bob -> GET /\nbob <- 101\nbob >> text fin=0 \"he\"\nbob >> ping\nbob >> cont fin=1 \"llo\"\nbob << pong\nbob << text \"hello\"",
        mistake: "bob >> text fin=2 \"he\"",
    },
    Verb {
        group: Group::Send,
        form: "bob >> rsv=4 text unmasked header=10 len=2^63, opcode=3",
        words: &["rsv", "unmasked", "header", "len", "opcode"],
        english: "Frames that break rules: reserved bits (4 is RSV1), no mask, a header longer than necessary, a false length, a reserved opcode.",
        russian: "Кадры, нарушающие правила: зарезервированные биты (4 — это RSV1), без маски, слишком длинный заголовок, неверная длина, зарезервированный opcode.",
        example: "bob -> GET /\nbob <- 101\nbob >> rsv=4 text \"hi\"\nbob << close 1002 ...\nbob -- eof\nann -> GET /\nann <- 101\nann >> text unmasked \"hi\"\nann << close 1002 ...\nann -- eof",
        mistake: "bob >> rsv=8 text \"hi\"",
    },
    Verb {
        group: Group::Send,
        form: "bob >> raw 81 02 68 69",
        words: &[],
        english: "Bob sends these bytes as they are, also incomplete frames.",
        russian: "Боб посылает эти байты как есть, целыми кадрами или нет.",
        example: "bob -> GET /\nbob <- 101\nbob >> raw 81 82 00 00 00 00 68\nbob >> raw 69\nbob << text \"hi\"",
        mistake: "bob >> raw zz",
    },
    Verb {
        group: Group::Receive,
        form: "bob << text \"…\", json {…}, binary 00 ff, ping, pong, close 1000|1001 \"…\"",
        words: &["<<"],
        english: "Bob receives this frame. Text is compared exactly, JSON by its structure, a close by one of these codes. A ping or pong without a payload matches any payload.",
        russian: "Боб получает это. Текст сравнивают точно, JSON — по структуре, close — по одному из кодов. Ping и pong без данных значат «с любыми».",
        example: "bob -> GET /says?8102686982020aff89013188020fa1\nbob <- 101\nbob << text \"hi\"\nbob << binary 0a ff\nbob << ping\nbob << close 4000|4001\nbob -- eof",
        mistake: "bob << tex \"hi\"",
    },
    Verb {
        group: Group::Receive,
        form: "bob << binary 00 <*> <name> ff",
        words: &[],
        english: "Bytes with placeholders: `<*>` is any bytes or none, `<name>` at least one. Bob may send a name's bytes: `bob >> binary 40 <name>`.",
        russian: "Байты с подстановками: `<*>` — любые байты или ни одного, `<name>` — хотя бы один. Байты имени Боб может послать: `bob >> binary 40 <name>`.",
        example: "bob -> GET /says?8204000102ff\nbob <- 101\nbob << binary 00 <*> ff\nann -> GET /says?82024041\nann <- 101\nann << binary 40 <id>",
        mistake: "bob << binary 00 <*>ff",
    },
    Verb {
        group: Group::Receive,
        form: "bob << text 70000 bytes sha256:0123456789ab",
        words: &["bytes", "sha256"],
        english: "A payload of this length whose SHA-256 begins with these digits. In JSON, a long string is `<257 bytes sha256:…>`.",
        russian: "Данные такой длины, чей SHA-256 так начинается. Длинная строка в JSON — `<257 bytes sha256:…>`.",
        example: "bob -> GET /says?81026869\nbob <- 101\nbob << text 2 bytes sha256:8f434346648f",
        mistake: "bob << text 2 bytes md5:00",
    },
    Verb {
        group: Group::Receive,
        form: "bob << text masked, rsv=4, fin=0, header=10, opcode=b",
        words: &["masked"],
        english: "A frame that breaks a rule, or a single fragment. If no line names a fragment, the fragments of a message are joined before they are compared.",
        russian: "Кадр, нарушающий правило, или отдельный фрагмент. Если ни одна строка не называет фрагментов, части сообщения перед сравнением соединяют.",
        example: "bob -> GET /says?0102686580036c6c6f\nbob <- 101\nbob << text fin=0 \"he\"\nbob << cont fin=1 \"llo\"",
        mistake: "bob << header=1 text \"hi\"",
    },
    Verb {
        group: Group::Receive,
        form: "bob << torn text 2 of 5 bytes",
        words: &["torn"],
        english: "The first part of a frame whose rest does not come, before the connection ends or the time is over: this many bytes of the payload, `header` for less than a header, `...` for any part.",
        russian: "Начало кадра, остаток которого не приходит до конца соединения или срока: столько байт данных, `header` — меньше заголовка, `...` — сколько угодно.",
        example: "bob -> GET /says?81056865\nbob <- 101\nbob << torn text 2 of 5 bytes\nbob -- eof",
        mistake: "bob << torn text 2",
    },
    Verb {
        group: Group::Receive,
        form: "bob << nothing for time",
        words: &["nothing", "for"],
        english: "Bob receives nothing for this time, counted from his last event or the last action of any client, whichever is later.",
        russian: "Боб ничего не получает столько времени, считая от последнего полученного им или последнего действия любого клиента.",
        example: "bob -> GET /\nbob <- 101\nbob << nothing for 2s",
        mistake: "bob << nothing",
    },
    Verb {
        group: Group::Receive,
        form: "bob <- \"bytes\"",
        words: &[],
        english: "Bytes that are not HTTP, in quotes, in hexadecimal or by their digest. `raw` may stand before them.",
        russian: "Байты, которые не HTTP: в кавычках, шестнадцатеричные или дайджестом. Перед ними можно написать `raw`.",
        example: "bob -> GET /ssh\nbob <- \"SSH-2.0-ws101\\r\\n\\r\\n\"\nbob -- eof",
        mistake: "bob <- \"SSH",
    },
    Verb {
        group: Group::Connection,
        form: "bob -- cut, reset, half-close",
        words: &["--", "cut", "reset", "half-close"],
        english: "Bob ends his connection without a close frame, or by a TCP reset; or he ends only his half of it and goes on receiving.",
        russian: "Соединение боба обрывается без close или сбросом TCP; или боб больше не шлёт, но продолжает получать.",
        example: "bob -> GET /\nbob <- 101\nbob -- cut\nann -> GET /\nann <- 101\nann -- reset\ncat -> GET /\ncat <- 101\ncat -- half-close\ncat -- end",
        mistake: "bob -- vanish",
    },
    Verb {
        group: Group::Connection,
        form: "bob -- mute",
        words: &["mute"],
        english: "Bob answers neither pings nor closes from now on.",
        russian: "Боб больше не отвечает ни на ping, ни на close.",
        example: "bob -> GET /\nbob <- 101\nbob -- mute\nbob >> ping \"a\"\nbob << pong \"a\"",
        mistake: "bob -- mute pings",
    },
    Verb {
        group: Group::Connection,
        form: "bob -- stop reading, resume",
        words: &["stop reading", "resume"],
        english: "Bob stops reading, so that the server's buffers fill; then he reads again.",
        russian: "Боб перестаёт читать, и всё, что шлёт сервер, копится; затем читает снова.",
        example: "bob -> GET /\nbob <- 101\nbob -- stop reading\nbob >> text \"hi\"\nbob -- resume\nbob << text \"hi\"",
        mistake: "bob -- stop",
    },
    Verb {
        group: Group::Connection,
        form: "bob -- dribble 1, dribble off",
        words: &["dribble", "off"],
        english: "From now on bob writes this many bytes at a time, a millisecond apart; `off` ends that.",
        russian: "Теперь боб пишет по столько байт раз в миллисекунду; `off` это отменяет.",
        example: "bob -- dribble 7\nbob -> GET /\nbob <- 101\nbob >> text \"slow\"\nbob << text \"slow\"\nbob -- dribble off",
        mistake: "bob -- dribble 0",
    },
    Verb {
        group: Group::Connection,
        form: "bob -- fault delay pong 5s, fault off",
        words: &[
            "fault",
            "silence",
            "refuse",
            "slow",
            "split",
            "coalesce",
            "forge",
            "drop",
            "delay",
            "duplicate",
            "reorder",
            "flip",
            "from",
            "on",
            "after",
        ],
        english: "From now on this happens to bob's connections, between him and the server; `off` undoes all of it. The words are those of `ws101 tap --fault`; `on c2` is the second connection of bob.",
        russian: "Теперь это происходит с соединениями боба на пути к серверу и обратно; `off` отменяет всё. Слова те же, что у `ws101 tap --fault`; `on c2` — второе соединение боба.",
        example: "bob -> GET /\nbob <- 101\nbob -- fault duplicate text from server\nbob >> text \"hi\"\nbob << text \"hi\"\nbob << text \"hi\"\nbob -- fault off\nbob >> text \"once\"\nbob << text \"once\"",
        mistake: "bob -- fault drop ponk",
    },
    Verb {
        group: Group::Connection,
        form: "bob -- eof, reset by peer, end",
        words: &["eof", "reset by peer", "end"],
        english: "The server ends the connection: in order, by a reset, or either.",
        russian: "Сервер завершает соединение: штатно, сбросом или как угодно.",
        example: "bob -> GET /says?8800\nbob <- 101\nbob << close\nbob >> close\nbob -- eof\nann -> GET /reset\nann <- 101\nann -- reset by peer",
        mistake: "bob -- eof soon",
    },
    Verb {
        group: Group::Connection,
        form: "bob -- connection refused, timed out, …",
        words: &[
            "connection refused",
            "connection failed",
            "connection aborted",
            "host unreachable",
            "network unreachable",
            "permission denied",
            "timed out",
            "unexpected end of file",
        ],
        english: "There is no connection, or it fails in another way.",
        russian: "Соединения нет, или оно сломалось иначе.",
        example: "bob -> GET /\nbob <- 101\nbob -- ? timed out\nbob -- ? connection refused",
        mistake: "bob -- connection lost",
    },
    Verb {
        group: Group::Connection,
        form: "bob -- not connected",
        words: &["not connected"],
        english: "Bob has no connection on which he could send.",
        russian: "У боба нет соединения, по которому можно послать.",
        example: "bob -> GET /\nbob <- 101\nbob -- cut\nbob -- not connected",
        mistake: "bob -- not there",
    },
    Verb {
        group: Group::Pattern,
        form: "<name>, <*>, ...",
        words: &["..."],
        english: "`<name>` captures a value where it first stands; later it must be the same, for all clients, and it can be sent. `<*>` matches anything. `...` matches any payload, any reason of a close, and in JSON further fields or items.",
        russian: "`<имя>` захватывается там, где стоит впервые, дальше должно повторяться у всех клиентов, и его можно посылать. `<*>` — что угодно. `...` — любые данные, любая причина close, а в JSON — любые ещё поля и элементы.",
        example: "bob -> GET /says?810c7b226964223a226b37227d20\nbob <- 101\nbob << json {\"id\":<bob>,...}\nbob >> text \"I am <bob>\"\nbob << text \"I am k7\"\nbob >> text \"at noon\"\nbob << text \"at <*>\"\nbob >> text \"bye\"\nbob << text ...",
        mistake: "bob << json {\"a\":1,...,\"b\":2}",
    },
    Verb {
        group: Group::Pattern,
        form: "bob << ~ …, bob << ? …",
        words: &["~", "?"],
        english: "`~`: in any order with the neighbouring lines that have this mark. `?`: it may be missing.",
        russian: "`~`: в любом порядке с соседними строками с той же пометкой. `?`: может и не прийти.",
        example: "bob -> GET /says?810161810162\nbob <- 101\nbob << ~ text \"b\"\nbob << ~ text \"a\"\nbob << ? ping",
        mistake: "bob ~ << text \"b\"",
    },
    Verb {
        group: Group::Pattern,
        form: "ann the second -> …, \"#1\" -> …",
        words: &[],
        english: "A client's name is the text before the arrow, at most 64 characters; in quotes if it has characters of the language in it.",
        russian: "Имя клиента — всё, что стоит перед стрелкой, не длиннее 64 символов; в кавычках, если в нём есть знаки языка.",
        example: "ann the second -> GET /\nann the second <- 101\n\"#1\"           -> GET /\n\"#1\"           <- 101",
        mistake: "-bob -> GET /",
    },
    Verb {
        group: Group::Modifier,
        form: "… within 19s..21s, … within 2s",
        words: &["within"],
        english: "The time since the last event of this client or the last action of any client, whichever is later. One time alone is the latest.",
        russian: "Через столько после предыдущего полученного этим клиентом или последнего действия любого; одно время — не позже.",
        example: "bob -> GET /\nbob <- 101 within 2s\nbob >> ping\nbob << pong within 1s",
        mistake: "bob << ping within 3s..2s",
    },
    Verb {
        group: Group::Modifier,
        form: "… at 25s",
        words: &["at"],
        english: "The time since the last `-- wait` began, in tenths of a second, below 950 ms in hundredths: transcripts write it.",
        russian: "Через столько после начала последнего `-- wait`, до десятых долей секунды, до 950 мс — до сотых: так пишут стенограммы.",
        example: "bob -> GET /later\nbob <- 101\n-- wait 20s\nbob << text \"hi\" at 10s",
        mistake: "bob << ping at noon",
    },
    Verb {
        group: Group::Modifier,
        form: "… | 81 02 68 69",
        words: &["|"],
        english: "The bytes of the frame; `…` at the end says that more follow. If the payload has placeholders, only the first byte is compared.",
        russian: "Байты кадра; `…` в конце значит, что есть ещё. Если в данных есть подстановки, сравнивают только первый байт.",
        example: "bob -> GET /\nbob <- 101\nbob >> text \"hi\"\nbob << text \"hi\" | 81 02 68 69",
        mistake: "bob << text \"hi\" | 8",
    },
    Verb {
        group: Group::Shown,
        form: "bob >> text 70000 bytes sha256:…",
        words: &[],
        english: "A payload that a client of a transcript sent, too long to be written in full.",
        russian: "То, что послал клиент стенограммы и что слишком длинно, чтобы записать.",
        example: "bob -> GET /\nbob <- 101\nbob >> text 70000 bytes sha256:0123456789ab",
        mistake: "bob >> text 70000 bytes",
    },
    Verb {
        group: Group::Shown,
        form: "bob >> torn text 2 of 5 bytes",
        words: &["of"],
        english: "The bytes that a client of a transcript sent end inside a frame.",
        russian: "Отправленное клиентом стенограммы обрывается внутри кадра.",
        example: "bob -> GET /\nbob <- 101\nbob >> torn text 2 of 5 bytes",
        mistake: "bob >> torn",
    },
    Verb {
        group: Group::Shown,
        form: "bob -- server panicked: \"…\"",
        words: &["server panicked"],
        english: "The handler of this client panicked. Only a transcript of a server in its own process sees it.",
        russian: "Обработчик этого клиента запаниковал. Это видно только в стенограмме сервера из того же процесса.",
        example: "bob -> GET /\nbob <- 101\nbob -- server panicked: \"oh\"",
        mistake: "bob -- server panicked: oh",
    },
    Verb {
        group: Group::Shown,
        form: "bob -- missed 3 events",
        words: &["missed", "events"],
        english: "The server sent more events than the transcript kept.",
        russian: "Сервер прислал больше событий, чем сохранила стенограмма.",
        example: "bob -> GET /\nbob <- 101\nbob -- missed 3 events",
        mistake: "bob -- missed something",
    },
];

#[cfg(test)]
mod tests {
    use super::super::connection_action::ACTIONS;
    use super::super::end::ENDS;
    use super::super::item::ARROWS;
    use super::super::notes::NOTES;
    use super::super::{FAILURES, FORMS, ResponsePart};
    use super::VERBS;

    fn is_listed(word: &str) -> bool {
        VERBS.iter().any(|verb| verb.words.contains(&word))
    }

    /// A word that the parser knows and the table does not is missing in documents and editors.
    #[test]
    fn every_word_of_the_parser_is_in_the_table() {
        let ends = ENDS.iter().map(|(words, _)| *words);
        let failures = FAILURES.iter().map(|(words, _)| *words);
        for action in ACTIONS {
            let action = action.to_string();
            let mut words = action.split(' ').filter(|word| word.parse::<u64>().is_err());
            assert!(is_listed(&action) || words.all(is_listed), "{action}");
        }
        for word in ARROWS.into_iter().chain(ends).chain(failures) {
            assert!(is_listed(word) || word.split(' ').all(is_listed), "{word}");
        }
        for form in FORMS {
            assert!(form.split(' ').next().is_some_and(is_listed), "{form}");
        }
        for (name, _) in NOTES {
            assert!(is_listed(&format!("@{name}")), "@{name}");
        }
        for part in ResponsePart::ALL {
            assert!(is_listed(&part.to_string()), "{part}");
        }
    }
}
