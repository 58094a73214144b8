//! Events of the crate `tracing` as lines of the log.

use std::fmt::{self, Write};

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{Interest, set_global_default};
use tracing::{Event, Level, Metadata, Subscriber};

use super::OUT;
use super::format::{self, Format, one_line};
use crate::timestamp;

/// The least important level that is printed: the library uses `DEBUG` for what a peer can repeat
/// at no cost.
const LEVEL: Level = Level::INFO;

/// Prints the events of the whole program from now on: `tracing::info!`, `warn!` and `error!`.
///
/// Call it first in `main`. It does nothing if the program has set a subscriber already.
pub fn init() {
    // The error says that there is one already.
    let print = |line: String| OUT.put(line.as_bytes());
    let _ = set_global_default(Events { print, format: format::current });
}

/// A subscriber that makes one line of each event, of level `INFO` and above:
///
/// ```text
/// 2026-01-01T12:00:00.000Z  INFO ws101::endpoint: joined who=1 from=127.0.0.1
/// ```
///
/// An event is always one line: line feeds in its text are escaped too, because the text may quote
/// a peer. Spans are not printed. For spans, filters and colours use `tracing-subscriber`, with
/// [`writer`](super::writer).
///
/// [`init`] makes them JSON objects after [`write_as`](super::write_as). Numbers and booleans stay such,
/// and all other values are strings:
///
/// ```text
/// {"time":"2026-01-01T12:00:00.000Z","level":"INFO","target":"ws101::endpoint","message":"joined","fields":{"who":1}}
/// ```
#[derive(Debug)]
pub struct Events<F> {
    print: F,
    format: fn() -> Format,
}

impl<F: Fn(String) + 'static> Events<F> {
    /// Calls `print` with each line, which is text and ends with a line feed.
    pub fn new(print: F) -> Self {
        Self { print, format: || Format::Text }
    }
}

impl<F: Fn(String) + 'static> Subscriber for Events<F> {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.enabled(metadata) { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && *metadata.level() <= LEVEL
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LEVEL.into())
    }

    fn event(&self, event: &Event<'_>) {
        let line = match (self.format)() {
            Format::Text => text(event),
            Format::Json => json(event),
        };
        (self.print)(line);
    }

    /// No span is enabled, so this is never called.
    fn new_span(&self, _span: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _span: &Id, _values: &Record<'_>) {}

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn enter(&self, _span: &Id) {}

    fn exit(&self, _span: &Id) {}
}

fn text(event: &Event<'_>) -> String {
    let mut fields = Fields::default();
    event.record(&mut fields);
    let Fields { message, others } = fields;
    let level = event.metadata().level();
    let target = event.metadata().target();
    let now = timestamp::now();
    one_line(&format!("{now} {level:>5} {target}:{message}{others}"))
}

fn json(event: &Event<'_>) -> String {
    let mut fields = JsonFields::default();
    event.record(&mut fields);
    let metadata = event.metadata();
    format::object(metadata.level().as_str(), metadata.target(), &fields.message, &fields.others)
}

/// The text of an event, and its other fields as ` name=value`.
#[derive(Default)]
struct Fields {
    message: String,
    others: String,
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing into a string fails only if `Debug` of the value does; the rest is still printed.
        let _ = match field.name() {
            "message" => write!(self.message, " {value:?}"),
            name => write!(self.others, " {name}={value:?}"),
        };
    }
}

/// The text of an event, and its other fields as `"name":value` with commas between them.
#[derive(Default)]
struct JsonFields {
    message: String,
    others: String,
}

impl JsonFields {
    /// `value` is JSON.
    fn add(&mut self, field: &Field, value: &str) {
        let comma = if self.others.is_empty() { "" } else { "," };
        self.others.extend([comma, &format::string(field.name()), ":", value]);
    }
}

impl Visit for JsonFields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut text = String::new();
        // It fails only if `Debug` of the value does; the rest is still printed.
        let _ = write!(text, "{value:?}");
        match field.name() {
            "message" => self.message = text,
            _ => self.add(field, &format::string(&text)),
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => value.clone_into(&mut self.message),
            _ => self.add(field, &format::string(value)),
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, &value.to_string());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, &value.to_string());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, if value { "true" } else { "false" });
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        // JSON has no infinity, and nothing that is not a number.
        let value = if value.is_finite() { value.to_string() } else { "null".to_owned() };
        self.add(field, &value);
    }
}
