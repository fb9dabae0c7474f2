//! What becomes of a recording when the call's own code faults: the voice panics at the agent's first word, which comes when the test says so.

use std::path::{Path, PathBuf};

use tokio::sync::Semaphore;

use super::*;
use crate::agent::{self, Turn};
use crate::call::timeline::EndReason;
use crate::records::{Library, Recording, RecordsConfig};

const NOTICE: &str = "This call is recorded.";

/// An agent who waits to be told before it says a word.
struct Patient(Arc<Semaphore>);

impl Agents for Patient {
    fn open(&self, _call: &CallFacts) -> Box<dyn Agent> {
        Box::new(Self(self.0.clone()))
    }
}

impl Agent for Patient {
    fn think(&mut self, _turn: Turn, reports: agent::Reports) {
        let told = self.0.clone();
        tokio::spawn(async move {
            // Held no longer than this line: one word of the test's is for every time the agent is asked.
            drop(told.acquire().await.expect("it stays open"));
            for event in [agent::Event::Text(Pii::new("It is closed.".to_owned())), agent::Event::Done] {
                reports.send(event).await;
            }
        });
    }

    fn cancel(&mut self) {}
}

/// Every recording in the folder of records, those that are not to be kept yet as well.
fn recordings(folder: &Path) -> Vec<PathBuf> {
    let days =
        std::fs::read_dir(folder).into_iter().flatten().filter_map(|day| std::fs::read_dir(day.ok()?.path()).ok());
    let files = days.flatten().filter_map(|file| Some(file.ok()?.path()));
    let named = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().contains(".wav"));
    files.filter(named).collect()
}

/// A recorded call with a notice of so many samples, which faults once `when` holds of the folder of its records. Returns how many recordings
/// are left of it.
async fn faults(notice: usize, when: fn(&Path) -> bool) -> usize {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("records");
    let settings =
        RecordsConfig { path: Some(path.clone()), recording: Recording::Announced, ..RecordsConfig::default() };
    let mut canned = Canned::default();
    let line = Line { text: NOTICE.into(), audio: Some(vec![6_000; notice].into()) };
    canned.insert(Language::English, Phrase::RecordingNotice, line);
    let told = Arc::new(Semaphore::new(0));
    let records = Records::open(&settings).expect("the folder is writable");
    let desk = desk_with(canned, records, Arc::new(Patient(told.clone())), Arc::new(NoVoice));
    let (_caller, handle, mut commands) = call(&desk).await;
    assert!(handle.mailbox.send(Event::Signal(Signal::Answered)).await);
    let reached = async {
        while !when(&path) {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, reached).await.expect("the call goes on so far");
    told.add_permits(1);
    assert_eq!(timeout(PATIENCE, commands.recv()).await.expect("in time"), Some(Command::HangUp));
    timeout(PATIENCE, desk.until_empty()).await.expect("the desk hears of its end");
    // The writers finish what they have.
    drop(desk);
    let past = Library::new(path.clone()).newest(1).expect("records are readable").remove(0);
    let faulted = |entry: &Entry| matches!(entry, Entry::Ended { reason: EndReason::Fault, .. });
    assert!(past.entries.iter().any(faulted), "{past:?}");
    recordings(&path).len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_before_the_caller_has_heard_the_notice_leaves_no_recording() {
    // 10 s of notice: the fault comes long before its end, and it leaves room for a voice to be asked for what follows it.
    assert_eq!(faults(10 * 16_000, |folder| !recordings(folder).is_empty()).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_after_the_notice_was_heard_keeps_what_was_recorded() {
    let heard = |folder: &Path| {
        let said = |entry: &Entry| matches!(entry, Entry::Line { text, cut: false, .. } if text.reveal() == NOTICE);
        let past = Library::new(folder.to_owned()).newest(1).unwrap_or_default();
        !recordings(folder).is_empty() && past.iter().any(|call| call.entries.iter().any(said))
    };
    assert_eq!(faults(1_600, heard).await, 1);
}
