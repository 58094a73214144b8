//! How the user runs this command, for the commands that it names.

use std::env;

/// `ws101`, or the command that runs it from its sources, where there may be no `ws101` on the path.
pub fn name() -> &'static str {
    if env::var_os("CARGO").is_some() { "cargo run -p ws101-cli --" } else { "ws101" }
}
