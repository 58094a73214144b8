//! Faults of a connection, made on purpose: to see what a server and a client do about them.
//!
//! A [`Rule`] is a [`Fault`], the connections that it is for, and when it begins. It has one written
//! form, which [`FromStr`] reads and [`Display`] writes: it is a part of the [wire language](crate::wst). A [`Line`] is one
//! connection under rules: a function of the frames that come and of the time, without sockets or a
//! clock. A proxy gives it what it reads, and sends what it says.
//!
//! [`FromStr`]: std::str::FromStr
//! [`Display`]: std::fmt::Display
//!
//! ```
//! use ws101::fault::{Fault, Rule};
//!
//! let rule: Rule = "close 1001 \"bye\" on c2 after 5".parse().unwrap();
//! assert_eq!(rule.fault, Fault::Close(1001, "bye".to_owned()));
//! assert_eq!((rule.socket, rule.after), (Some(2), 5));
//! assert_eq!(rule.to_string(), "close 1001 \"bye\" on c2 after 5");
//! ```

mod active;
mod chance;
mod hold;
mod line;
mod queue;
mod side;

pub use crate::wst::{
    FAULT_NAMES, FORMS, Fault, FaultError, FrameKind, Member, Refusal, Rule, fault_name,
};
pub use hold::{Decision, PATIENCE};
pub use line::{HELD_BYTES, Line, Out, WHOLE_FRAME};
