//! The errors of a command line: one line each, in the language that the line asks for.

use std::error::Error;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::form::Form;
use crate::lang::Lang;
use crate::request::without_secrets;

/// The error without the usage below it. A value that may be a secret is hidden.
pub fn one_line(error: &clap::Error, lang: Lang) -> String {
    let told = match lang {
        Lang::En => error.to_string(),
        Lang::Ru => russian(error),
    };
    // A value may have several lines, so it is looked for before they are joined.
    match (text(error, ContextKind::InvalidArg), text(error, ContextKind::InvalidValue)) {
        (Some(option), Some(value)) if !value.is_empty() => {
            in_one_line(&told.replace(&value, &without_secrets(&option, &value)))
        }
        _ => in_one_line(&told),
    }
}

fn in_one_line(told: &str) -> String {
    let told = told.split("\n\nUsage:").next().unwrap_or(told);
    let told = told.split("\n\nFor more information").next().unwrap_or(told);
    let lines = told.lines().map(str::trim).filter(|line| !line.is_empty());
    // Nobody who writes `--url` means a file of this name.
    let lines: Vec<_> = lines.filter(|line| !line.starts_with("tip: to pass")).collect();
    let line = lines.join(" ").replace(" tip: ", "; ");
    line.strip_prefix("error: ").unwrap_or(&line).to_owned()
}

fn russian(error: &clap::Error) -> String {
    let named = |kind| text(error, kind).unwrap_or_default();
    let option = named(ContextKind::InvalidArg);
    let value = named(ContextKind::InvalidValue);
    match error.kind() {
        ErrorKind::UnknownArgument => {
            format!("лишний аргумент \"{option}\"{}", like(error, ContextKind::SuggestedArg))
        }
        ErrorKind::InvalidSubcommand => {
            let name = named(ContextKind::InvalidSubcommand);
            format!("команды \"{name}\" нет{}", like(error, ContextKind::SuggestedSubcommand))
        }
        ErrorKind::MissingRequiredArgument => format!("не хватает: `{option}`"),
        ErrorKind::ArgumentConflict => match named(ContextKind::PriorArg) {
            prior if prior == option => format!("`{option}` указан дважды"),
            prior => format!("`{option}` нельзя указать вместе с `{prior}`"),
        },
        ErrorKind::InvalidValue if value.is_empty() => {
            format!("у `{option}` нет значения{}", choice(error))
        }
        ErrorKind::InvalidValue => {
            format!("\"{value}\" не подходит для `{option}`{}", choice(error))
        }
        ErrorKind::ValueValidation => {
            format!("\"{value}\" не подходит для `{option}`: {}", reason(error))
        }
        ErrorKind::TooManyValues => format!("у `{option}` лишнее значение \"{value}\""),
        ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues | ErrorKind::NoEquals => {
            format!("у `{option}` не столько значений")
        }
        ErrorKind::InvalidUtf8 => "аргумент не в UTF-8".to_owned(),
        _ => format!("аргументы не подходят: `{}`", in_one_line(&error.to_string())),
    }
}

/// The values of one part of an error, separated by blanks.
fn text(error: &clap::Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        ContextValue::Strings(texts) => Some(texts.join(" ")),
        _ => None,
    }
}

/// `; похоже на --url`.
fn like(error: &clap::Error, kind: ContextKind) -> String {
    let known = text(error, kind).map(|known| known.replace(' ', "`, `"));
    known.map_or_else(String::new, |known| format!("; похоже на `{known}`"))
}

/// `: бывает en, ru`.
fn choice(error: &clap::Error) -> String {
    let known = match error.get(ContextKind::ValidValue) {
        Some(ContextValue::Strings(known)) if !known.is_empty() => known.join("`, `"),
        _ => return String::new(),
    };
    format!(": бывает `{known}`")
}

/// Why a value does not fit.
fn reason(error: &clap::Error) -> String {
    let Some(source) = error.source() else { return "не та форма".to_owned() };
    if let Some(form) = source.downcast_ref::<Form>() {
        return form.russian().to_owned();
    }
    let english = source.to_string();
    match english.split_once(" is not in ") {
        Some((_, range)) => format!("нужно число из {range}"),
        None if english.contains("digit") || english.contains("number") => {
            "нужно целое число".to_owned()
        }
        None => format!("`{english}`"),
    }
}
