//! A Redis of a test's own: the real program, on a free port of this machine, in a temporary folder.

use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use attendant::config::SecretSource;
use attendant::state::{Shared, StateConfig};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdout, Command};

/// A slow machine.
const PATIENCE: Duration = Duration::from_secs(20);

pub struct Redis {
    folder: TempDir,
    port: u16,
    is_cluster: bool,
    running: Option<(Child, Lines<BufReader<ChildStdout>>)>,
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port").port()
}

impl Redis {
    pub async fn start() -> Self {
        Self::open(false).await
    }

    /// A cluster of one node: keys of different slots in one question are refused all the same.
    pub async fn start_cluster() -> Self {
        let redis = Self::open(true).await;
        assert!(redis.say("CLUSTER ADDSLOTSRANGE 0 16383").await.starts_with("+OK"));
        let ready = async {
            // A master waits two seconds before it says so.
            while !redis.say("CLUSTER INFO").await.contains("cluster_state:ok") {
                attendant::clock::elapse(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(PATIENCE, ready).await.expect("the cluster becomes ready");
        redis
    }

    async fn open(is_cluster: bool) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(folder.path().join("secret"), "a secret of more than thirty-two characters").expect("writable");
        let mut redis = Self { folder, port: free_port(), is_cluster, running: None };
        redis.start_again().await;
        redis
    }

    /// On the same port, without what it held.
    pub async fn start_again(&mut self) {
        let port = self.port.to_string();
        let mut command = Command::new("redis-server");
        command.args(["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
        if self.is_cluster {
            let bus = free_port().to_string();
            command.args(["--cluster-enabled", "yes", "--cluster-port", &bus, "--cluster-announce-ip", "127.0.0.1"]);
        }
        command.arg("--dir").arg(self.folder.path()).stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().expect("redis-server is installed: `make tools`");
        let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let ready = async {
            while let Some(line) = lines.next_line().await.expect("readable") {
                if line.contains("Ready to accept connections") {
                    return;
                }
            }
            panic!("redis-server ended before it was ready");
        };
        tokio::time::timeout(PATIENCE, ready).await.expect("redis-server starts");
        self.running = Some((child, lines));
    }

    /// As of a machine that loses its power.
    pub async fn kill(&mut self) {
        let (mut child, _) = self.running.take().expect("it runs");
        child.kill().await.expect("it can be killed");
    }

    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let (child, _) = self.running.as_ref().expect("it runs");
        let id = child.id().and_then(|id| Pid::from_raw(id.cast_signed())).expect("it has an id");
        kill_process(id, signal).expect("it is ours");
    }

    pub fn config(&self) -> StateConfig {
        StateConfig {
            redis: vec![format!("redis://127.0.0.1:{}", self.port)],
            cluster: self.is_cluster,
            secret: Some(SecretSource { env: None, file: Some(self.folder.path().join("secret")) }),
            ..StateConfig::default()
        }
    }

    /// The state of an instance whose records are in this folder.
    pub fn shared(&self, records: &Path) -> Shared {
        Shared::open(&self.config(), records).expect("it can be opened")
    }

    /// The answer to a command, as it comes over the wire.
    pub async fn say(&self, command: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await.expect("it listens");
        stream.write_all(format!("{command}\r\nQUIT\r\n").as_bytes()).await.expect("it reads");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.expect("it answers");
        String::from_utf8_lossy(&answer).into_owned()
    }
}
