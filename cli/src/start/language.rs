//! The programming languages that a lesson can be begun in: their files and their commands.

use clap::ValueEnum;

/// A programming language of the servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// Python, from lesson 3 on with `websockets`.
    Python,
    /// Node, from lesson 3 on with `ws`.
    Node,
    /// Rust, from lesson 3 on with `tokio-tungstenite`.
    Rust,
}

impl Language {
    /// The ending of its files.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Python => "py",
            Self::Node => "js",
            Self::Rust => "rs",
        }
    }

    /// The file that names the libraries, in `lessons/start/`.
    pub fn libraries(self) -> (&'static str, &'static str) {
        match self {
            Self::Python => ("python", "requirements.txt"),
            Self::Node => ("node", "package.json"),
            Self::Rust => ("rust", "Cargo.toml"),
        }
    }

    /// Where a program belongs in the folder.
    pub fn path(self, program: &str) -> String {
        match (self, program) {
            (Self::Python | Self::Node, _) => format!("{program}.{}", self.extension()),
            (Self::Rust, "server") => "src/main.rs".to_owned(),
            (Self::Rust, _) => format!("src/bin/{program}.rs"),
        }
    }

    /// The command that installs the libraries, if one must be run.
    pub fn install(self, folder: &str) -> Option<String> {
        match self {
            Self::Python => Some(format!("python3 -m pip install -r {folder}/requirements.txt")),
            Self::Node => Some(format!("npm install --prefix {folder}")),
            Self::Rust => None,
        }
    }

    /// The command that runs a program of the folder.
    pub fn run(self, folder: &str, program: &str) -> String {
        match self {
            Self::Python => format!("python3 {folder}/{program}.py"),
            Self::Node => format!("node {folder}/{program}.js"),
            Self::Rust if program == "server" => {
                format!("cargo run --quiet --manifest-path {folder}/Cargo.toml")
            }
            Self::Rust => {
                format!("cargo run --quiet --manifest-path {folder}/Cargo.toml --bin {program}")
            }
        }
    }
}
