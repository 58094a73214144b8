//! How a server ended that was to end: `@exits 3s 0`.

use ws101::scenario::{Note, Scenario};

use crate::lang::Lang;
use crate::notes::noted;
use crate::program::Program;
use crate::strain::Strain;

/// The fault in how the server ended: too late, a wrong exit code, or a port still in use.
pub async fn fault(scenario: &Scenario, program: &mut Program, lang: Lang) -> Option<String> {
    let (timeout, wanted) = noted(scenario).find_map(|note| match note {
        Note::Exits(time, code) => Some((*time, *code)),
        _ => None,
    })?;
    let strain = Strain::of(program.process.group());
    let status = tokio::select! {
        () = program.process.end() => program.process.ended(),
        _ = strain.over(timeout) => None,
    };
    let Some(status) = status else {
        let time = lang.time(timeout);
        return Some(lang.pick(
            format!("the server still runs {time} later"),
            format!("через {time} сервер всё ещё работает"),
        ));
    };
    let wanted = wanted?;
    match status.code() {
        Some(code) if code == wanted => {}
        Some(code) => {
            return Some(lang.pick(
                format!("the exit code is {code}, not {wanted}"),
                format!("код выхода {code}, а не {wanted}"),
            ));
        }
        None => {
            let how = lang.status(status);
            return Some(lang.pick(
                format!("there is no exit code: a signal ended the server ({how})"),
                format!("кода выхода нет: сервер завершён сигналом ({how})"),
            ));
        }
    }
    if !program.is_port_free() {
        return Some(lang.pick(
            "the server has ended, and its port is not free".to_owned(),
            "сервер закончил работу, а порт не свободен".to_owned(),
        ));
    }
    // The system keeps a port for a minute where a server closed first: without SO_REUSEADDR it cannot be bound.
    match program.start_again(program.process.command(), lang).await {
        Ok(again) => {
            again.process.stop().await;
            None
        }
        Err(error) => Some(lang.pick(
            format!("started again on the same port, the server does not listen: {error:#}"),
            format!("при новом запуске на том же порту сервер не слушает: {error:#}"),
        )),
    }
}
