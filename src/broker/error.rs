//! Why a broker did not do what it was asked to.

use super::entry::ENTRY_BYTES;
use crate::escape::Shown;

/// Why a broker did not do, or may not have done, what it was asked to. Whoever asked may ask again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BrokerError {
    /// It cannot be reached, or did not answer within its deadline.
    #[error("the broker does not answer: {0}")]
    Away(Shown),
    /// It does not accept the credentials, or they do not permit a command.
    #[error("the broker refuses this server: {0}. Check the user and the password of its address")]
    Refused(Shown),
    /// Something else is stored under the keys of the topic. It is left as it is.
    #[error("somebody else's data is under the keys of the broker: {0}. Use another database")]
    Foreign(Shown),
    /// It lacks commands that are needed.
    #[error("the broker is Redis {0}, and 6.2 is the oldest that will do")]
    TooOld(Shown),
    /// It answered with an error of its own.
    #[error("the broker failed: {0}")]
    Failed(Shown),
    /// The entry is too long.
    #[error("an entry has at most {ENTRY_BYTES} bytes")]
    TooLong,
}
