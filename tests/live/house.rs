//! A whole server with the embedded speech on free ports of this machine, calls to it, and what it keeps of them.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use attendant::agent::Who;
use attendant::call::timeline::Entry;
use attendant::config::Config;
use attendant::records::Past;
use attendant::server::Server;
use attendant::softphone::dial::{Dialling, Telephone};
use attendant::softphone::{Behaviour, Outcome, Utterance, line};
use attendant::transport::sip::CodecName;
use tempfile::TempDir;
use tokio::time::Instant;

use crate::recorded;

/// A call longer than this has gone wrong.
const LIMIT: Duration = Duration::from_secs(150);

pub struct House {
    server: Server,
    config: Config,
    folder: TempDir,
}

/// The default configuration on free ports, its records in `folder`. Fixed phrases are rendered once for all tests of a build.
pub fn config(folder: &Path) -> Config {
    let mut config = Config::default();
    let free = "127.0.0.1:0".parse().expect("it is an address");
    config.sip.udp = vec![free];
    config.sip.tcp = Vec::new();
    config.api.listen = Vec::new();
    config.records.path = Some(folder.join("records"));
    config.server.phrase_cache = Some(Path::new(env!("CARGO_TARGET_TMPDIR")).join("phrases"));
    config
}

impl House {
    pub async fn open(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut config = config(folder.path());
        change(&mut config);
        let server = Server::start(config.clone()).await.expect("make models has run");
        Self { server, config, folder }
    }

    /// A mu-law call from `caller`, lived through as `behaviour` wants.
    pub async fn call(&self, caller: &str, behaviour: &mut impl Behaviour) -> Outcome {
        let dialling = Dialling {
            target: format!("sip:clinic@{}", self.server.listening()[0].address),
            from: caller.to_owned(),
            codecs: vec![CodecName::Pcmu],
            credentials: None,
            patience: Duration::from_secs(10),
        };
        let telephone = Telephone::for_target(&dialling).await.expect("a free port");
        let answered = telephone.dial(&dialling).await.expect("the server answers");
        line::run(answered.line, behaviour, None, Instant::now(), LIMIT).await.expect("the sockets hold")
    }

    /// Waits until every call is over and written down; the newest first.
    pub async fn close(self) -> (Vec<Past>, TempDir) {
        assert!(self.server.drain(Duration::from_secs(20)).await, "calls end by themselves");
        (recorded::past(&self.config).await, self.folder)
    }
}

/// A text said by the English voice, in a process of its own: a process can have the voice once.
pub fn spoken(text: &str) -> Utterance {
    let file = tempfile::Builder::new().suffix(".wav").tempfile().expect("a temporary file");
    let command = [env!("CARGO_BIN_EXE_attendant"), "say", text, "-o"];
    let done = Command::new(command[0]).args(&command[1..]).arg(file.path()).output().expect("it runs");
    assert!(done.status.success(), "make models has run: {}", String::from_utf8_lossy(&done.stderr));
    Utterance::read(file.path()).expect("it is speech")
}

/// What one side said in a call, in order.
pub fn said(call: &Past, who: Who) -> Vec<&str> {
    let line = |entry| match entry {
        &Entry::Line { who: by, ref text, .. } if by == who => Some(text.reveal().as_str()),
        _ => None,
    };
    call.entries.iter().filter_map(line).collect()
}
