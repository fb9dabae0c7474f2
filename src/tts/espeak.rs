//! espeak-ng as a process of its own: all five languages, plain but always there. GPL: never linked.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use attendant_media::frame::RATE;
use attendant_media::resample;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;

use super::pieces::{self, Speaker, Speaking};
use super::{Capabilities, Input, Reports, Times, Voice};
use crate::language::Language;
use crate::provider::{ErrorKind, ProviderError};

/// A sentence takes 13-24 ms; a machine that needs longer than this is in trouble.
const AT_MOST: Duration = Duration::from_secs(5);
/// Processes at once: more would only wait for each other.
const PROCESSES: usize = 4;
/// Of the header of a WAV file on a pipe.
const HEADER: usize = 44;

/// The voice of last resort.
#[derive(Debug)]
pub struct Espeak {
    speaker: Arc<Process>,
}

impl Default for Espeak {
    fn default() -> Self {
        Self { speaker: Arc::new(Process { room: Arc::new(Semaphore::new(PROCESSES)) }) }
    }
}

impl Espeak {
    /// Whether the program is there and knows every language: what is missing and what to do.
    pub fn check() -> Result<(), String> {
        let listed = std::process::Command::new("espeak-ng").arg("--voices").output();
        let Ok(listed) = listed else {
            return Err("espeak-ng is not installed; run `make deps`, or `apt-get install espeak-ng`".to_owned());
        };
        let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
        let known = |language| listed.lines().any(|line| line.split_whitespace().nth(1) == Some(code(language)));
        match Language::ALL.into_iter().find(|language| !known(*language)) {
            Some(language) => {
                Err(format!("espeak-ng has no voice `{}` for {language}; install espeak-ng-data", code(language)))
            }
            None => Ok(()),
        }
    }
}

impl Voice for Espeak {
    fn name(&self) -> &'static str {
        "espeak"
    }

    fn capabilities(&self, _language: Language) -> Option<Capabilities> {
        Some(Capabilities { words: Times::Estimated, longest: None })
    }

    fn open(&self, reports: Reports) -> mpsc::Sender<Input> {
        pieces::open(self.speaker.clone(), reports)
    }
}

const fn code(language: Language) -> &'static str {
    match language {
        Language::English => "en-us",
        Language::Mandarin => "cmn",
        Language::Cantonese => "yue",
        Language::Punjabi => "pa",
        Language::French => "fr-fr",
    }
}

#[derive(Debug)]
struct Process {
    room: Arc<Semaphore>,
}

impl Speaker for Process {
    fn name(&self) -> &'static str {
        "espeak"
    }

    fn speak(&self, text: String, language: Language) -> Speaking {
        let room = self.room.clone();
        Box::pin(async move {
            let _place = room.acquire_owned().await.map_err(|_| failed(ErrorKind::Connection, "closed"))?;
            let arguments = ["--stdout", "-v", code(language), "-s", "165"];
            let wav = timeout(AT_MOST, run(&arguments, &text))
                .await
                .map_err(|_| failed(ErrorKind::Timeout, "no audio in 5 s"))??;
            let rate = wav.get(24..28).and_then(|bytes| bytes.try_into().ok()).map_or(22_050, u32::from_le_bytes);
            let samples: Vec<i16> =
                wav.get(HEADER..).unwrap_or(&[]).chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect();
            resample::whole(&samples, rate, RATE).map_err(|bad| failed(ErrorKind::Server, &bad.to_string()))
        })
    }
}

/// The phonemes of an English text in IPA, a line for each clause.
pub(super) async fn phonemes(text: &str) -> Result<String, ProviderError> {
    let arguments = ["--ipa", "-q", "-v", code(Language::English)];
    let ipa = timeout(AT_MOST, run(&arguments, text))
        .await
        .map_err(|_| failed(ErrorKind::Timeout, "no phonemes in 5 s"))??;
    Ok(String::from_utf8_lossy(&ipa).into_owned())
}

/// Runs the program with the text on its input, never on its command line: others could read that. It is killed if dropped.
async fn run(arguments: &[&str], text: &str) -> Result<Vec<u8>, ProviderError> {
    let mut child = Command::new("espeak-ng")
        .args(arguments)
        .arg("--stdin")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| failed(ErrorKind::Connection, &format!("cannot be started ({error}); run `make deps`")))?;
    let broken = |error: std::io::Error| failed(ErrorKind::Connection, &error.to_string());
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(text.as_bytes()).await.map_err(broken)?;
    }
    let output = child.wait_with_output().await.map_err(broken)?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(failed(ErrorKind::Server, &format!("ended with {}", output.status)))
    }
}

fn failed(kind: ErrorKind, what: &str) -> ProviderError {
    ProviderError { provider: "espeak", kind, what: what.to_owned(), retry_after: None }
}
