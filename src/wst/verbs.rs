//! One table of all that a line can say.

/// What a line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// A.
    A,
}

/// One.
#[derive(Clone, Copy, Debug)]
pub struct Verb {
    /// G.
    pub group: Group,
}

/// All.
pub const VERBS: &[Verb] = &[];
