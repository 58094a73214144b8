//! A Redis of a test's own: Debian's `redis-server` on a free port.

use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::time::sleep;

/// A server. It ends with the value.
pub struct RedisServer {
    process: Child,
    port: u16,
    options: Vec<String>,
    directory: TempDir,
}

impl RedisServer {
    /// Starts a server with these options. `None` where there is no `redis-server`, which the test says.
    ///
    /// # Panics
    ///
    /// There is none though `CI` is set.
    pub async fn start(options: &[&str]) -> Option<Self> {
        let directory = TempDir::new().unwrap();
        let options: Vec<_> = options.iter().map(ToString::to_string).collect();
        let port = free_port();
        let process = match spawn(port, &options, &directory) {
            Ok(process) => process,
            Err(error) => {
                assert!(std::env::var_os("CI").is_none(), "no redis-server: {error}");
                eprintln!("skipped: there is no redis-server ({error}); bash .ci/install");
                return None;
            }
        };
        let server = Self { process, port, options, directory };
        server.answers().await;
        Some(server)
    }

    pub fn address(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Waits until the server accepts connections.
    async fn answers(&self) {
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await.is_err() {
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// Kills the server, and starts it again with what is on its disk.
    pub async fn restart(&mut self) {
        self.kill();
        self.process = spawn(self.port, &self.options, &self.directory).unwrap();
        self.answers().await;
    }

    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Sends the process a signal: `STOP` or `CONT`.
    pub fn signal(&self, signal: &str) {
        let mut kill = Command::new("kill");
        kill.args(["-s", signal, &self.process.id().to_string()]);
        assert!(kill.status().unwrap().success());
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// A port that nobody listens on now.
pub fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

fn spawn(port: u16, options: &[String], directory: &TempDir) -> std::io::Result<Child> {
    Command::new("redis-server")
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""])
        .args(options)
        .current_dir(directory)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
}
