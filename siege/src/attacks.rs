//! One module for each kind of attack.

pub mod crowd;
pub mod evictions;
pub mod flood;
pub mod growth;
pub mod herd;
pub mod logs;
pub mod odd;
pub mod renames;
pub mod silent;
pub mod upload;
