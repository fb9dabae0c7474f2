//! A PostgreSQL of the test's own: in a temporary folder, on a socket there, with a password; ended with the test.
//!
//! It does not run as root: there it runs as the user that Debian's package makes, or as nobody.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use attendant::config::SecretSource;
use attendant::store::{StoreConfig, keys};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// Longest wait for a server to be ready.
const PATIENCE: Duration = Duration::from_secs(60);
const PASSWORD: &str = "kq7-Vx20-mmT4-psw9";

/// Locks that keep writers waiting and readers not, as `LOCK TABLE ... IN SHARE ROW EXCLUSIVE MODE` takes them.
pub const HELD: &str = "mode = 'ShareRowExclusiveLock' AND granted";

/// Locks that somebody waits for.
pub const WAITED_FOR: &str = "NOT granted";

/// As whom a program of PostgreSQL's logs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Login {
    Administrator,
    /// The user of the servers, whose database it is.
    Owner,
}

impl Login {
    const fn name(self) -> &'static str {
        match self {
            Self::Administrator => "postgres",
            Self::Owner => "attendant",
        }
    }
}

/// What a change waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Disk {
    Nothing,
    /// As a clinic's does: for measurements.
    Synchronised,
}

pub struct Postgres {
    disk: Disk,
    folder: TempDir,
    /// Where keys and password are.
    ours: TempDir,
    server: Option<Child>,
}

impl Postgres {
    pub fn start() -> Self {
        Self::with(Disk::Nothing)
    }

    /// One whose changes are on the disk before they count.
    pub fn start_durable() -> Self {
        Self::with(Disk::Synchronised)
    }

    fn with(disk: Disk) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let ours = tempfile::tempdir().expect("a temporary folder");
        let secret = folder.path().join("password");
        std::fs::write(&secret, PASSWORD).expect("it is writable");
        std::fs::copy(&secret, ours.path().join("password")).expect("it is writable");
        keys::create(&ours.path().join("keys.toml")).expect("it is writable");
        if let Some((user, group)) = instead_of_root() {
            for path in [folder.path(), &secret] {
                chown(path, Some(user), Some(group)).expect("root may");
            }
        }
        let made = program("initdb")
            .args(["--username=postgres", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"])
            .arg(format!("--pwfile={}", secret.display()))
            .arg(data(folder.path()))
            .current_dir(folder.path())
            .output()
            .expect("make tools has run");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let mut postgres = Self { disk, folder, ours, server: None };
        postgres.again();
        // As a clinic would have it: a user that owns its database, and is nobody's administrator.
        for sql in
            [&format!("CREATE ROLE attendant LOGIN PASSWORD '{PASSWORD}'"), "CREATE DATABASE attendant OWNER attendant"]
        {
            postgres.ask("postgres", Login::Administrator, None, sql).expect("it may");
        }
        postgres
    }

    /// Starts it, the first time or after [`Self::stop`]; returns when it answers.
    pub fn again(&mut self) {
        let fsync = match self.disk {
            Disk::Nothing => "fsync=off",
            Disk::Synchronised => "fsync=on",
        };
        let mut server = program("postgres")
            .arg("-D")
            .arg(data(self.folder.path()))
            .arg("-k")
            .arg(self.folder.path())
            .args(["-c", "listen_addresses=", "-c", fsync, "-c", "lc_messages=C"])
            .current_dir(self.folder.path())
            .stderr(Stdio::piped())
            .spawn()
            .expect("make tools has run");
        let log = server.stderr.take().expect("it is piped");
        let (ready, is_ready) = sync_channel(1);
        std::thread::spawn(move || {
            // To its end, or the server would stop at a full pipe.
            for line in BufReader::new(log).lines().map_while(Result::ok) {
                if line.contains("ready to accept connections") {
                    ready.try_send(()).ok();
                }
            }
        });
        self.server = Some(server);
        is_ready.recv_timeout(PATIENCE).expect("it is ready in time");
    }

    /// Ends it at once, as a machine that goes down; also one that stands still, which hears nothing.
    pub fn stop(&mut self) {
        if self.server.is_some() {
            self.thaw();
        }
        let Some(mut server) = self.server.take() else { return };
        let id = Pid::from_raw(server.id().cast_signed()).expect("it runs");
        kill_process(id, Signal::QUIT).expect("it is ours");
        server.wait().expect("it ends");
    }

    /// Runs a statement, as its administrator.
    pub fn run(&self, sql: &str) {
        self.ask("attendant", Login::Administrator, None, sql).expect("it may");
    }

    /// What a statement says to the user of the servers, on a connection of this clinic.
    pub fn as_clinic(&self, clinic: Option<&str>, sql: &str) -> Result<String, String> {
        self.ask("attendant", Login::Owner, clinic, sql)
    }

    /// How many such locks of a table there are.
    pub fn locks(&self, table: &str, which: &str) -> usize {
        let sql = format!("SELECT COUNT(*) FROM pg_locks WHERE relation = '{table}'::regclass AND {which}");
        let count = self.ask("attendant", Login::Administrator, None, &sql).expect("it may");
        count.parse().expect("it is a number")
    }

    fn ask(&self, database: &str, login: Login, clinic: Option<&str>, sql: &str) -> Result<String, String> {
        let arguments =
            ["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--dbname", database, "--command", sql];
        self.program("psql", login, clinic, &arguments)
    }

    /// What one of PostgreSQL's own programs says, on a connection of this clinic.
    pub fn program(&self, name: &str, login: Login, clinic: Option<&str>, rest: &[&str]) -> Result<String, String> {
        let done = Command::new(name)
            .args(["--username", login.name(), "--host"])
            .arg(self.folder.path())
            .args(rest)
            .env("PGPASSWORD", PASSWORD)
            .env("PGOPTIONS", clinic.map_or_else(String::new, |clinic| format!("-c app.clinic={clinic}")))
            .output()
            .expect("make tools has run");
        let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        if done.status.success() { Ok(said(&done.stdout)) } else { Err(said(&done.stderr)) }
    }

    /// Every process of it stands still, as on a machine whose disk hangs.
    pub fn freeze(&self) {
        self.signal_all(Signal::STOP);
    }

    pub fn thaw(&self) {
        self.signal_all(Signal::CONT);
    }

    /// The server and the processes that it started.
    fn signal_all(&self, signal: Signal) {
        let server = self.server.as_ref().expect("it runs").id();
        let processes = std::fs::read_dir("/proc").expect("every Linux has it").filter_map(|entry| {
            let id: i32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
            let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
            // State and parent come after the name, which is in brackets.
            let parent: u32 = stat.rsplit(')').next()?.split_whitespace().nth(1)?.parse().ok()?;
            (parent == server).then_some(id)
        });
        for id in [server.cast_signed()].into_iter().chain(processes) {
            // One may have ended meanwhile.
            Pid::from_raw(id).map(|id| kill_process(id, signal).ok());
        }
    }

    /// Where it listens.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join(".s.PGSQL.5432")
    }

    /// [`Self::settings`] for a store that comes by another way, which leads there.
    pub fn settings_by(&self, way: SocketAddr) -> StoreConfig {
        StoreConfig { url: Some(format!("postgres://attendant@{way}/attendant?sslmode=disable")), ..self.settings() }
    }

    pub fn settings(&self) -> StoreConfig {
        let file = |name: &str| self.ours.path().join(name);
        StoreConfig {
            url: Some(format!("postgres://attendant@localhost/attendant?host={}", self.folder.path().display())),
            password: Some(SecretSource { env: None, file: Some(file("password")) }),
            keys: Some(file("keys.toml")),
            ..StoreConfig::default()
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.stop();
    }
}

fn data(folder: &Path) -> PathBuf {
    folder.join("data")
}

/// One of PostgreSQL's programs, which Debian keeps out of the way.
fn program(name: &str) -> Command {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let found =
        versions.map(|version| version.expect("readable").path().join("bin").join(name)).filter(|path| path.exists());
    let mut command = Command::new(found.max().unwrap_or_else(|| name.into()));
    command.stdin(Stdio::null()).stdout(Stdio::null());
    if let Some((user, group)) = instead_of_root() {
        command.uid(user).gid(group);
    }
    command
}

/// User and group to run it as, if we are root.
fn instead_of_root() -> Option<(u32, u32)> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let users = std::fs::read_to_string("/etc/passwd").expect("every system has it");
    let of = |name: &str| {
        let line = users.lines().find(|line| line.starts_with(&format!("{name}:")))?;
        let mut fields = line.split(':').skip(2).map(|field| field.parse().ok());
        Some((fields.next()??, fields.next()??))
    };
    of("postgres").or_else(|| of("nobody"))
}
