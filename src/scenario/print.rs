//! From a scenario to text, in one canonical form.

use std::fmt::{self, Display, Write};

use super::settings::print_range;
use super::{
    Act, Answer, Ask, Deed, End, Expect, Item, Kind, Marks, Part, Payload, Scenario, Shape, Sight,
    Text, Timing,
};
use crate::escape::Hex;
use crate::transcript::seconds;

/// One line an event, lanes padded to the longest name; it reads back as the same scenario.
impl Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lanes = self.steps.iter().flat_map(|step| &step.lines).filter_map(|l| l.item.lane());
        let width = lanes.map(|lane| lane.chars().count()).max().unwrap_or(0);
        for note in &self.notes {
            writeln!(f, "{note}")?;
        }
        let mut is_first = self.notes.is_empty();
        for step in &self.steps {
            if !is_first {
                writeln!(f)?;
            }
            is_first = false;
            if !step.title.is_empty() {
                writeln!(f, "== {}", step.title)?;
            }
            for note in &step.notes {
                writeln!(f, "{note}")?;
            }
            for line in &step.lines {
                match line.item.lane() {
                    Some(lane) => writeln!(f, "{lane:width$} {}", line.item)?,
                    None => writeln!(f, "{}", line.item)?,
                }
            }
        }
        Ok(())
    }
}

impl Item {
    /// The client it is about.
    pub(super) fn lane(&self) -> Option<&str> {
        match self {
            Self::Comment(_) | Self::Wait(_) => None,
            Self::Act(lane, _) | Self::Expect(lane, _) => Some(lane),
        }
    }
}

/// Without the client's name: `>> text "hi"`.
impl Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Comment(text) => f.write_str(format!("# {text}").trim_end()),
            Self::Wait(time) => write!(f, "-- wait {}", seconds(*time)),
            Self::Act(_, Act::Ask(ask)) => write!(f, "-> {ask}"),
            Self::Act(_, Act::Say(shape, marks)) => {
                write!(f, ">> {}{marks}", shape.to_text("unmasked"))
            }
            Self::Act(_, Act::Raw(bytes)) => write!(f, ">> raw{}", spaced(bytes)),
            Self::Act(_, Act::Do(deed)) => write!(f, "-- {deed}"),
            Self::Expect(_, expect) => write!(f, "{expect}"),
        }
    }
}

impl Display for Expect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let arrow = match self.what {
            Sight::Answer(_) | Sight::Stray(_) => "<-",
            Sight::End(_) => "--",
            Sight::Frame(_) | Sight::Torn(_) | Sight::Nothing(_) => "<<",
        };
        let any_order = if self.any_order { " ~" } else { "" };
        let optional = if self.optional { " ?" } else { "" };
        write!(f, "{arrow}{any_order}{optional} {}{}", self.what, self.marks)
    }
}

impl Display for Sight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answer(answer) => write!(f, "{answer}"),
            Self::Stray(bytes) => write!(f, "raw{}", spaced(bytes)),
            Self::Frame(shape) => f.write_str(&shape.to_text("masked")),
            Self::Torn(what) => write!(f, "torn {what}"),
            Self::End(end) => f.write_str(match end {
                End::Eof => "eof",
                End::Reset => "reset by peer",
                End::Any => "end",
                End::Refused => "connection refused",
            }),
            Self::Nothing(time) => write!(f, "nothing for {}", seconds(*time)),
        }
    }
}

impl Display for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Raw(bytes) => write!(f, "raw{}", spaced(bytes)),
            Self::Usual { method, target, headers } => {
                write!(f, "{method} {}", Value(target))?;
                for (name, value) in headers {
                    match value {
                        Some(value) => write!(f, " {name}={}", Value(value))?,
                        None => write!(f, " no-{name}")?,
                    }
                }
                Ok(())
            }
        }
    }
}

impl Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let statuses: Vec<_> = self.statuses.iter().map(ToString::to_string).collect();
        f.write_str(&statuses.join("|"))?;
        for part in &self.faults {
            write!(f, " {part}")?;
        }
        for (name, value) in &self.headers {
            write!(f, " {name}={}", Value(value))?;
        }
        let json = if matches!(self.body, Payload::Json(_)) { " json" } else { "" };
        write!(f, "{json}{}", spaced(&self.body))
    }
}

impl Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cut => "cut",
            Self::Reset => "reset",
            Self::HalfClose => "half-close",
            Self::Mute => "mute",
            Self::StopReading => "stop reading",
            Self::Resume => "resume",
            Self::Dribble(0) => "dribble off",
            Self::Dribble(bytes) => return write!(f, "dribble {bytes}"),
        })
    }
}

impl Shape {
    /// `rsv=4 text fin=0 unmasked "he"`; `wrong` is what a mask the wrong way round is called.
    fn to_text(&self, wrong: &str) -> String {
        let mut out = String::new();
        if self.rsv != 0 {
            let _ = write!(out, "rsv={} ", self.rsv);
        }
        match self.kind {
            Kind::Json => out.push_str("json"),
            Kind::Frame(opcode) => {
                let _ = write!(out, "{opcode}");
            }
        }
        if let Some(fragments) = self.fragments {
            let _ = write!(out, "/{fragments}");
        }
        if let Some(fin) = self.fin {
            let _ = write!(out, " fin={}", u8::from(fin));
        }
        if self.wrong_mask {
            let _ = write!(out, " {wrong}");
        }
        if let Some(size) = self.header {
            let _ = write!(out, " header={size}");
        }
        if let Some(len) = self.len {
            let _ = write!(out, " len={len}");
        }
        out + &spaced(&self.payload)
    }
}

impl Display for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsaid => Ok(()),
            Self::Any => f.write_str("..."),
            Self::Text(text, 1) => write!(f, "{text}"),
            Self::Text(text, times) => write!(f, "{text}*{times}"),
            Self::Bytes(bytes, 1) => write!(f, "{}", Hex::new(bytes, usize::MAX)),
            Self::Bytes(bytes, times) => write!(f, "{}*{times}", Hex::new(bytes, usize::MAX)),
            Self::Json(json) => write!(f, "{json}"),
            Self::Close(codes, reason) => {
                let codes: Vec<_> = codes.iter().map(ToString::to_string).collect();
                f.write_str(&codes.join("|"))?;
                match reason {
                    None => f.write_str(" ..."),
                    Some(reason) if reason.0.is_empty() => Ok(()),
                    Some(reason) => write!(f, " {reason}"),
                }
            }
            Self::Digest(len, digest) => write!(f, "{len} bytes sha256:{digest}"),
        }
    }
}

impl Display for Marks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.timing {
            None => {}
            Some(Timing::Within(from, to)) => write!(f, " within {}", print_range((from, to)))?,
            Some(Timing::At(time)) => write!(f, " at {}", seconds(time))?,
        }
        if let Some((bytes, more)) = &self.wire {
            let more = if *more { " …" } else { "" };
            write!(f, " | {}{more}", Hex::new(bytes, usize::MAX))?;
        }
        Ok(())
    }
}

/// A payload with a blank before it, where there is one.
fn spaced(payload: &Payload) -> String {
    match payload {
        Payload::Unsaid => String::new(),
        payload => format!(" {payload}"),
    }
}

/// A text without quotes, where it reads as one word.
struct Value<'t>(&'t Text);

impl Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_word = |part: &Part| match part {
            Part::Plain(text) => {
                text.chars().all(|c| c.is_alphanumeric() || "/?=&._:;,+*()%-[]".contains(c))
            }
            _ => true,
        };
        if self.0.0.is_empty() || !self.0.0.iter().all(is_word) {
            return write!(f, "{}", self.0);
        }
        for part in &self.0.0 {
            match part {
                Part::Plain(text) => f.write_str(text)?,
                Part::Any => f.write_str("<*>")?,
                Part::Name(name) => write!(f, "<{name}>")?,
            }
        }
        Ok(())
    }
}
