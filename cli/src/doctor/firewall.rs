//! The firewall of this computer, and the line that lets a port through it.

use std::path::Path;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

/// The longest that a question to the system may take.
const ASKED: Duration = Duration::from_secs(5);

/// Where macOS has the program of its firewall.
const MAC: &str = "/usr/libexec/ApplicationFirewall/socketfilterfw";

/// A firewall that is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Firewall {
    Ufw,
    Firewalld,
    MacOs,
    Windows,
}

impl Firewall {
    /// The one that is on here, if the system tells anybody.
    pub async fn find() -> Option<Self> {
        if cfg!(windows) {
            let told = said("netsh", &["advfirewall", "show", "currentprofile", "state"]).await?;
            return is_on_in_windows(&told).then_some(Self::Windows);
        }
        if cfg!(target_os = "macos") {
            let told = said(MAC, &["--getglobalstate"]).await?;
            return is_on_in_macos(&told).then_some(Self::MacOs);
        }
        Self::of_linux(Path::new("/"))
    }

    /// The one of a Linux whose files are below `root`.
    fn of_linux(root: &Path) -> Option<Self> {
        let settings = std::fs::read_to_string(root.join("etc/ufw/ufw.conf")).unwrap_or_default();
        let is_ufw = settings.lines().any(|line| line.trim().eq_ignore_ascii_case("ENABLED=yes"));
        let is_firewalld =
            || ["firewalld.pid", "firewalld"].iter().any(|it| root.join("run").join(it).exists());
        match is_ufw {
            true => Some(Self::Ufw),
            false => is_firewalld().then_some(Self::Firewalld),
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Ufw => "ufw",
            Self::Firewalld => "firewalld",
            Self::MacOs => "macOS",
            Self::Windows => "Windows",
        }
    }

    /// The line that lets this port through, for a terminal with an administrator's rights.
    pub fn mend(self, port: u16) -> String {
        match self {
            Self::Ufw => format!("sudo ufw allow {port}/tcp"),
            Self::Firewalld => format!("sudo firewall-cmd --add-port={port}/tcp"),
            Self::MacOs => {
                let program = std::env::current_exe().unwrap_or_else(|_| "ws101".into());
                let program = program.display();
                format!("sudo {MAC} --add '{program}' --unblockapp '{program}'")
            }
            Self::Windows => format!(
                "netsh advfirewall firewall add rule name=ws101 dir=in action=allow protocol=TCP localport={port}"
            ),
        }
    }
}

/// The answer of a program of the system.
async fn said(program: &str, words: &[&str]) -> Option<String> {
    let mut command = Command::new(program);
    command.args(words).kill_on_drop(true);
    let output = timeout(ASKED, command.output()).await.ok()?.ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// `State    ON`: the last word is in English in every Windows but some.
fn is_on_in_windows(told: &str) -> bool {
    told.lines()
        .filter_map(|line| line.split_whitespace().last())
        .any(|word| word.eq_ignore_ascii_case("on") || word.eq_ignore_ascii_case("вкл"))
}

/// `Firewall is enabled. (State = 1)`
fn is_on_in_macos(told: &str) -> bool {
    told.contains("State = 1") || told.contains("State = 2")
}

#[cfg(test)]
mod tests {
    use super::{Firewall, is_on_in_macos, is_on_in_windows};

    #[test]
    fn a_linux_tells_its_firewall_by_its_files() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(Firewall::of_linux(root.path()), None);
        std::fs::create_dir_all(root.path().join("run/firewalld")).unwrap();
        assert_eq!(Firewall::of_linux(root.path()), Some(Firewall::Firewalld));
        let folder = root.path().join("etc/ufw");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("ufw.conf"), "# ufw\nENABLED=no\n").unwrap();
        assert_eq!(Firewall::of_linux(root.path()), Some(Firewall::Firewalld));
        std::fs::write(folder.join("ufw.conf"), "ENABLED=yes\nLOGLEVEL=low\n").unwrap();
        assert_eq!(Firewall::of_linux(root.path()), Some(Firewall::Ufw));
        assert_eq!(Firewall::Ufw.mend(8080), "sudo ufw allow 8080/tcp");
    }

    #[test]
    fn other_systems_tell_it_in_words() {
        assert!(is_on_in_windows("Public Profile Settings:\r\n----\r\nState      ON\r\nOk.\r\n"));
        assert!(!is_on_in_windows("Public Profile Settings:\r\n----\r\nState      OFF\r\nOk.\r\n"));
        assert!(is_on_in_macos("Firewall is enabled. (State = 1)\n"));
        assert!(!is_on_in_macos("Firewall is disabled. (State = 0)\n"));
    }
}
