//! What belongs to the caller stays in the call's own records: a whole call in a server process of its own that logs everything
//! there is to log, and nothing of who rang and what was said in what it writes or serves.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use attendant::agent::Who;
use attendant::call::timeline::Entry;
use attendant::config::{Config, Source};
use attendant::softphone::dial::{Dialling, Telephone};
use attendant::softphone::{Script, line};
use attendant::store::embedded;
use attendant::transport::sip::{CodecName, Credentials};
use attendant_media::time::Time;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::house::{said, spoken};
use crate::desk::{comes, comes_within};
use crate::recorded;

/// Of the caller over SIP, and of the one over a stream.
const NUMBERS: [&str; 2] = ["+16045550188", "+17785550177"];
const KEY: &str = "5b1f0c9d7e3a4826b1f0c9d7e3a48265";

/// Said in the call, and how it may stand in writing: a name and a telephone number.
const SAID: [&str; 5] = [
    "I would like to leave a message for the doctor.",
    "My name is Anna Fischer.",
    "Six oh four, five five five, oh one three seven.",
    "Please ask the doctor to renew my insulin prescription.",
    "Yes, that is right.",
];
const SECRETS: [&str; 12] = [
    "5550188", "555-0188", "5550177", "555-0177", "anna", "fischer", "fisher", "5550137", "555-0137", "555 0137",
    "insulin", KEY,
];

struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // Only if the test failed before it stopped the server.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// Keeps the log as it comes, to its end; the lines that name an address are handed on.
fn keep(log: ChildStderr, at: PathBuf) -> (JoinHandle<()>, mpsc::Receiver<String>) {
    let (named, addresses) = mpsc::channel(64);
    let keeping = std::thread::spawn(move || {
        let mut file = fs::File::create(at).expect("writable");
        for line in BufReader::new(log).lines() {
            let line = line.expect("the log is text");
            writeln!(file, "{line}").expect("the disk has room");
            if line.contains("listening for") {
                named.try_send(line).expect("a server has a few addresses");
            }
        }
    });
    (keeping, addresses)
}

/// The address in the next line with this in it.
async fn address(lines: &mut mpsc::Receiver<String>, what: &str) -> String {
    let found = async {
        loop {
            let line = lines.recv().await.expect("the server has not ended");
            if let Some((_, rest)) = line.split_once("address=").filter(|_| line.contains(what)) {
                return rest.split_whitespace().next().expect("an address").to_owned();
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(120), found).await.expect("up within two minutes")
}

async fn ring(target: String, from: &str, script: &mut Script) {
    let dialling = Dialling {
        target,
        from: from.to_owned(),
        codecs: vec![CodecName::Pcmu],
        credentials: Some(Credentials { name: String::new(), secret: KEY.into() }),
        patience: Duration::from_secs(10),
    };
    let telephone = Telephone::for_target(&dialling).await.expect("a free port");
    let answered = telephone.dial(&dialling).await.expect("the server answers");
    line::run(answered.line, script, None, Instant::now(), Duration::from_secs(120)).await.expect("the sockets hold");
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("it is a folder") {
        let path = entry.expect("readable").path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

/// What of the caller stands in a text in small letters. Four letters come by chance in so many sealed bytes.
fn leak(text: &str) -> Option<&'static str> {
    SECRETS.into_iter().find(|secret| secret.len() > 5 && text.contains(&secret.to_lowercase()))
}

fn nothing_leaks_in(files: &[PathBuf]) {
    // Some come and go.
    for (file, bytes) in files.iter().filter_map(|file| Some((file, fs::read(file).ok()?))) {
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        assert_eq!(leak(&text), None, "it is in {}", file.display());
    }
}

/// Who rang, which notice they hear, when it was answered, what was said first.
const SOME_LINES: usize = 4;

/// It is in the folder of a day, as nothing else is that ends so.
fn journal_among<'a>(records: &Path, files: &'a [PathBuf]) -> Option<&'a PathBuf> {
    let is_of_a_day = |file: &Path| file.parent().is_some_and(|day| day != records && !day.ends_with("book"));
    files.iter().find(|file| file.extension().is_some_and(|kind| kind == "jsonl") && is_of_a_day(file))
}

/// Looks into the journal of the call whenever it has grown, and once into every small file: what is large would hold the call up, and is looked into when
/// it is over. It never ends by itself.
fn look_while_it_goes_on(records: &Path, lines: &mut usize) -> Option<()> {
    let is_small = |file: &PathBuf| fs::metadata(file).is_ok_and(|file| file.len() < 50_000);
    let files: Vec<PathBuf> = files(records).into_iter().filter(is_small).collect();
    let journal = fs::read_to_string(journal_among(records, &files)?).ok()?;
    let grown = journal.lines().count();
    if grown > *lines {
        assert_eq!(leak(&journal.to_lowercase()), None, "it is in the journal while the call goes on");
        if *lines < SOME_LINES && grown >= SOME_LINES {
            nothing_leaks_in(&files);
        }
        *lines = grown;
    }
    None
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_the_caller_is_in_what_a_server_logs_or_serves() {
    rustls::crypto::ring::default_provider().install_default().ok();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("key"), KEY).unwrap();
    let settings = format!(
        "[log]\nfilter = \"trace\"\n[sip]\nudp = [\"127.0.0.1:0\"]\ntcp = []\n[api]\nlisten = [\"127.0.0.1:0\"]\n\
         [stream.pcm]\nkey = {{ file = \"{}\" }}\n[records]\npath = \"{}\"\nrecording = \"announced\"\n\
         [server]\nphrase_cache = \"{}\"\n",
        path("key").display(),
        path("records").display(),
        Path::new(env!("CARGO_TARGET_TMPDIR")).join("phrases").display(),
    );
    fs::write(path("attendant.toml"), settings).unwrap();
    let log = path("server.log");
    let mut server = Process(
        Command::new(env!("CARGO_BIN_EXE_attendant"))
            .arg("serve")
            .arg("--config")
            .arg(path("attendant.toml"))
            .env("RUST_LOG", "trace")
            .stdout(fs::File::create(path("server.out")).unwrap())
            .stderr(Stdio::piped())
            .stdin(Stdio::null())
            .spawn()
            .expect("the server starts"),
    );

    let (keeping, mut lines) = keep(server.0.stderr.take().expect("it is piped"), log.clone());
    let utterances = SAID.map(spoken);
    let http = address(&mut lines, "listening for HTTP").await;
    let sip = address(&mut lines, "listening for SIP").await;
    let patience = Duration::from_secs(10);
    let short = utterances[1].clone();
    let mut script = Script::new(utterances, None, patience, Time::ZERO);
    ring(format!("sip:clinic@{sip}"), NUMBERS[0], &mut script).await;
    let mut script = Script::new([short], None, patience, Time::ZERO);
    let stands = path("records");
    // That of the call before is moved once it is over.
    comes(|| journal_among(&stands, &files(&stands)).is_none().then_some(())).await;
    let mut lines = 0;
    tokio::select! {
        () = ring(format!("ws://{http}/stream/pcm"), NUMBERS[1], &mut script) => {}
        () = comes_within(Duration::from_secs(600), || look_while_it_goes_on(&stands, &mut lines)) => {}
    }
    assert!(lines >= SOME_LINES, "its journal was looked into while it went on: {lines} lines");

    let mut served = String::new();
    for path in ["/health", "/health/ready", "/metrics", "/nowhere"] {
        let response = reqwest::get(format!("http://{http}{path}")).await.expect("the server answers");
        served += &response.text().await.expect("text");
    }
    let id = rustix::process::Pid::from_raw(server.0.id() as i32).expect("it runs");
    rustix::process::kill_process(id, rustix::process::Signal::TERM).expect("it is ours");
    assert!(server.0.wait().unwrap().success());
    keeping.join().expect("the log is kept to its end");

    // The records are where these things belong.
    let config = Config::load(&Source::new(Some(path("attendant.toml")), [])).unwrap();
    let calls = recorded::past(&config).await;
    assert_eq!(calls.len(), 2);
    let records = files(&path("records"));
    let callers: Vec<&str> = (calls.iter())
        .filter_map(|call| match call.entries.first() {
            Some(Entry::Rang { caller, .. }) => Some(caller.reveal().as_str()),
            Some(_) | None => None,
        })
        .collect();
    let words: Vec<String> =
        calls.iter().flat_map(|call| said(call, Who::Caller)).map(|words| words.trim().to_lowercase()).collect();
    println!("{words:?}");
    assert!(
        NUMBERS.iter().all(|number| callers.iter().any(|caller| caller.contains(&number[1..]))),
        "who rang is known"
    );
    assert!(words.iter().any(|words| words.contains("anna")), "the name was understood: {words:?}");
    assert!(records.iter().any(|file| file.extension().is_some_and(|kind| kind == "rec")), "calls were recorded");
    // The database's own files beside it come and go.
    for (file, there) in records.iter().filter_map(|file| Some((file, fs::metadata(file).ok()?))) {
        assert_eq!(there.permissions().mode() & 0o777, 0o600, "{}", file.display());
    }

    // Not even there to be read by whoever has the database and not its keys.
    let database = String::from_utf8_lossy(&fs::read(embedded(&path("records"))).unwrap()).to_lowercase();
    assert!(calls.iter().all(|call| database.contains(&call.call)), "it is all in one file");
    assert_eq!(leak(&database), None, "it is in the database");
    nothing_leaks_in(&records);

    let logged = fs::read_to_string(&log).unwrap() + &fs::read_to_string(path("server.out")).unwrap() + &served;
    let logged = logged.to_lowercase();
    assert!(logged.contains(" debug ") && logged.contains("a call ended"), "everything was logged");
    let whole_lines = words.iter().map(String::as_str).filter(|words| words.len() > 8);
    for secret in SECRETS.into_iter().chain(whole_lines) {
        let leak = logged.lines().find(|line| line.contains(&secret.to_lowercase()));
        assert_eq!(leak, None, "`{secret}` is in the log");
    }
}
