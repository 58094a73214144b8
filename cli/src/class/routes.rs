//! The paths of the classroom.

use anyhow::Result;
use serde_json::json;
use ws101::fault::{Fault, Rule};
use ws101::http::{Method, StatusCode};
use ws101::id;
use ws101::proxy::RULES;
use ws101::serde::Deserialize;

use super::files::name_of;
use super::held;
use super::questions::{self, BALLOT, ballot};
use super::reply::{Reply, parsed};
use super::server::{Change, State};
use super::state::{Class, THROTTLE, TIMERS, told};
use super::visit::Visit;

use crate::code;
use crate::lang::Lang;

/// The page of the phones: each gets a ballot with it.
const PHONE: &str = "phone.html";

/// The front of all paths.
pub const PREFIX: &str = "/class/";

/// The answer to a request, whose origin is checked already.
pub async fn answer(class: &Class, visit: Visit) -> Reply {
    let lang = visit.lang;
    let path = visit.request.uri().path().strip_prefix(PREFIX).unwrap_or_default().to_owned();
    let mut parts = path.splitn(2, '/');
    let (first, rest) = (parts.next().unwrap_or_default(), parts.next());
    match first {
        "faults" | "holds" | "held" | "server" | "question" | "broken" | "notes.md" => {
            match refused(class, &visit) {
                Some(refusal) => refusal,
                None => teacher(class, &visit, first, rest).await,
            }
        }
        "vote" => questions::vote(class, &visit),
        _ if !visit.is_reading() => Reply::method("GET", lang),
        "join.svg" => join_code(class, lang),
        "session.jsonl" => Reply::download("session.jsonl", class.ring.as_json_lines()),
        "session.wst" => match class.ring.as_scenario(class.server.name(), class.lang) {
            Ok(text) => Reply::download("session.wst", text),
            Err(error) => Reply::error(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
        },
        "lesson.md" => Reply::file("lesson.md", class.page.text(language(class, &visit)).into()),
        _ => {
            let name = name_of(&path);
            match class.files.read(&name).await {
                Some(contents) if name == PHONE && ballot(&visit).is_none() => {
                    let ballot = id::random();
                    Reply::file(&name, contents).with_cookie(&format!("{BALLOT}={ballot}"))
                }
                Some(contents) => Reply::file(&name, contents),
                None => no_page(lang),
            }
        }
    }
}

/// The code that phones scan.
fn join_code(class: &Class, lang: Lang) -> Reply {
    let Some(join) = &class.join else {
        let sentence = lang.pick("phones join with --lan only", "телефоны входят только с --lan");
        return Reply::error(StatusCode::NOT_FOUND, sentence);
    };
    Reply::file("join.svg", code::picture(join).into())
}

fn language(class: &Class, visit: &Visit) -> Lang {
    match visit.query("lang") {
        Some("ru") => Lang::Ru,
        Some("en") => Lang::En,
        _ => class.lang,
    }
}

/// Why somebody may not act as the teacher.
fn refused(class: &Class, visit: &Visit) -> Option<Reply> {
    let sentence = match (visit.is_near, class.key.is_in(visit.request.headers())) {
        (true, true) => return None,
        (true, false) => visit.lang.pick(
            "only the teacher's page has the key: open the address that the terminal shows",
            "ключ есть только у страницы учителя: откройте адрес из терминала",
        ),
        (false, _) => visit.lang.pick(
            "the teacher's page works on the teacher's computer only",
            "страница учителя работает только на компьютере учителя",
        ),
    };
    Some(Reply::error(StatusCode::FORBIDDEN, sentence))
}

fn no_page(lang: Lang) -> Reply {
    let sentence = lang.pick("the classroom has no such page", "такой страницы в классе нет");
    Reply::error(StatusCode::NOT_FOUND, sentence)
}

async fn teacher(class: &Class, visit: &Visit, first: &str, rest: Option<&str>) -> Reply {
    let lang = visit.lang;
    match (first, rest, visit.request.method()) {
        ("faults", None, &Method::GET) => list(class, false),
        ("faults", None, &Method::POST) => fault(class, &visit.body, lang),
        ("faults", None, &Method::DELETE) => undo_all(class, lang).await,
        ("holds", None, &Method::GET) => list(class, true),
        ("holds", None, &Method::POST) => hold(class, &visit.body, lang),
        ("holds", None, _) => Reply::method("GET, POST", lang),
        ("faults" | "holds", Some(id), &Method::DELETE) => undo(class, id, lang),
        ("faults" | "holds", Some(_), _) => Reply::method("DELETE", lang),
        ("held", Some(id), &Method::POST) => held::decide(&class.faults, id, &visit.body, lang),
        ("server", None, &Method::POST) => server(class, &visit.body, lang).await,
        ("held", Some(_), _) | ("server", None, _) => Reply::method("POST", lang),
        ("question", None, &Method::GET) => questions::list(class),
        ("question", None, &Method::POST) => questions::ask(class, &visit.body, lang),
        ("question", None, &Method::DELETE) => questions::close(class, lang),
        ("faults" | "question", None, _) => Reply::method("GET, POST, DELETE", lang),
        ("broken", None, &Method::POST) => break_server(class, &visit.body, lang).await,
        ("broken", None, &Method::DELETE) => changed(class, class.server.mend().await, lang),
        ("broken", None, _) => Reply::method("POST, DELETE", lang),
        ("notes.md", None, &Method::GET) => {
            Reply::file("notes.md", class.page.notes(language(class, visit)).into())
        }
        ("notes.md", None, _) => Reply::method("GET", lang),
        _ => no_page(lang),
    }
}

/// The faults, or the holds and the frames that wait.
fn list(class: &Class, are_holds: bool) -> Reply {
    let rulings = class.rulings();
    let rulings = rulings.iter().filter(|one| is_hold(&one.rule) == are_holds).map(told);
    let rulings: Vec<_> = rulings.chain(class.throttled().filter(|_| !are_holds)).collect();
    Reply::ok(&match are_holds {
        true => json!({"holds": rulings, "held": held::list(&class.faults)}),
        false => json!({"faults": rulings}),
    })
}

fn is_hold(rule: &Rule) -> bool {
    matches!(rule.fault, Fault::Hold(..))
}

/// `{"fault": "drop pong on c2"}`; with `"now": true` only for the connections that are open now.
#[derive(Deserialize)]
#[serde(crate = "ws101::serde")]
struct Asked {
    fault: String,
    #[serde(default)]
    now: bool,
}

fn fault(class: &Class, body: &[u8], lang: Lang) -> Reply {
    let asked: Asked = match parsed(body, r#"{"fault": "drop pong on c2"}"#, lang) {
        Ok(asked) => asked,
        Err(refusal) => return refusal,
    };
    if asked.fault == THROTTLE {
        class.throttle(true);
        return Reply::json(StatusCode::CREATED, &json!({"id": TIMERS, "fault": THROTTLE}));
    }
    match asked.fault.parse::<Rule>() {
        Ok(rule) => add(class, rule, asked.now, lang),
        Err(error) => {
            let sentence = lang.pick(error.to_string(), error.in_russian());
            Reply::error(StatusCode::BAD_REQUEST, &sentence)
        }
    }
}

fn hold(class: &Class, body: &[u8], lang: Lang) -> Reply {
    let form =
        r#"{"kind": "text", "from": "client", "on": "c1", "path": "/type", "value": "message"}"#;
    match parsed::<held::Asked>(body, form, lang).and_then(|asked| asked.rule(form, lang)) {
        Ok(rule) => add(class, rule, false, lang),
        Err(refusal) => refusal,
    }
}

fn add(class: &Class, rule: Rule, is_for_present: bool, lang: Lang) -> Reply {
    let written = rule.to_string();
    match class.faults.add(rule, is_for_present) {
        Ok(id) => {
            class.tell();
            Reply::json(StatusCode::CREATED, &json!({"id": id, "fault": written}))
        }
        Err(error) => {
            let russian = format!("неисправностей уже {RULES}: уберите часть");
            Reply::error(StatusCode::CONFLICT, &lang.pick(error.to_string(), russian))
        }
    }
}

fn undo(class: &Class, id: &str, lang: Lang) -> Reply {
    if id == TIMERS && class.throttle(false) {
        return Reply::ok(&json!({"undone": 1}));
    }
    if id.parse().is_ok_and(|id| class.faults.remove(id)) {
        class.tell();
        return Reply::ok(&json!({"undone": 1}));
    }
    let sentence = lang.pick(
        "there is no such fault: it may be undone already",
        "такой неисправности нет: возможно, её уже убрали",
    );
    Reply::error(StatusCode::NOT_FOUND, sentence)
}

/// `{"do": "stop"}`.
#[derive(Deserialize)]
#[serde(crate = "ws101::serde")]
struct Do {
    r#do: Change,
}

async fn server(class: &Class, body: &[u8], lang: Lang) -> Reply {
    let asked: Do = match parsed(body, r#"{"do": "stop"}, "kill", "start", "restart""#, lang) {
        Ok(asked) => asked,
        Err(refusal) => return refusal,
    };
    changed(class, class.server.change(asked.r#do).await, lang)
}

async fn break_server(class: &Class, body: &[u8], lang: Lang) -> Reply {
    match questions::break_server(class, body, lang).await {
        Ok(state) => changed(class, Ok(state), lang),
        Err(refusal) => {
            class.tell();
            refusal
        }
    }
}

/// Tells all pages of the server's state, and the teacher's what came of the request.
fn changed(class: &Class, changed: Result<State>, lang: Lang) -> Reply {
    class.tell();
    match changed {
        Ok(state) => Reply::ok(&json!({"server": state.code()})),
        Err(error) => Reply::error(StatusCode::CONFLICT, &lang.error(&error)),
    }
}

async fn undo_all(class: &Class, lang: Lang) -> Reply {
    match class.undo().await {
        Ok(count) => Reply::ok(&json!({"undone": count})),
        Err(error) => Reply::error(StatusCode::CONFLICT, &lang.error(&error)),
    }
}
