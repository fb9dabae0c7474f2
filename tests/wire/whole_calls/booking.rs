//! A whole call in which an appointment is booked: real desk, machine, legs and sockets, the rule-based brain, the tools and the embedded
//! book. The caller's sound is recorded speech; the words are given to the recogniser.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;

use attendant::agent::brain::RuleBrain;
use attendant::agent::concluded::{CallOutcome, Intent};
use attendant::agent::conversation::{Books, Desk};
use attendant::agent::graph::Graph;
use attendant::agent::tools::{Ledger, Messages};
use attendant::call::event::{Event, Mailbox};
use attendant::call::timeline::EndReason;
use attendant::clinic::Clinic as Sample;
use attendant::emr::book::Book;
use attendant::emr::{Emr, PatientRef};
use attendant::language::Language;
use attendant::provider::chain::{Order, Thinkers};
use attendant::sim::{Delay, ScriptedConfig, ScriptedRecognizer};
use attendant::stt::{self, Capabilities, Input, Recognizer, Setup};
use jiff::civil::date;
use parking_lot::Mutex;
use tokio::sync::mpsc;

use super::*;

/// A recogniser that hears these lines, one whenever something was said.
pub struct Lines(pub Arc<Mutex<VecDeque<&'static str>>>);

const QUICK: ScriptedConfig =
    ScriptedConfig { stt_ms: Delay::Fixed(20), llm_ms: Delay::Fixed(20), tts_ms: Delay::Fixed(20), parts: 1 };

impl Recognizer for Lines {
    fn name(&self) -> &'static str {
        "lines"
    }

    fn capabilities(&self, language: Language) -> Option<Capabilities> {
        ScriptedRecognizer(QUICK).capabilities(language)
    }

    fn open(&self, setup: Setup, reports: stt::Reports) -> mpsc::Sender<Input> {
        let (mailbox, mut events) = Mailbox::new();
        let inputs = ScriptedRecognizer(QUICK).open(setup, stt::Reports { mailbox, ..reports.clone() });
        let lines = self.0.clone();
        tokio::spawn(async move {
            while let Some(event) = events.recv().await {
                let event = match event {
                    Event::Stt { event: stt::Event::Final { from, to, confidence, language, .. }, .. } => {
                        let text = Pii::new(lines.lock().pop_front().unwrap_or_default().to_owned());
                        stt::Event::Final { text, from, to, confidence, language }
                    }
                    Event::Stt { event, .. } => event,
                    Event::Signal(_) | Event::Tts(_) | Event::Agent { .. } => continue,
                };
                if !reports.send(event).await {
                    return;
                }
            }
        });
        inputs
    }
}

/// The rule-based brain at the sample clinic, which keeps these books.
pub fn receptionist(folder: &Path, books: Books) -> Desk {
    Desk::new(
        Thinkers::new(vec![Arc::new(RuleBrain::new())], Order::new()),
        Graph::built_in(),
        vec![Sample::sample()],
        books,
        Messages::new(folder.join("messages")),
        Ledger::open(folder.to_owned()).expect("the folder is writable"),
        || "2026-11-21T18:05:00Z".parse().expect("it is a moment"),
    )
    .expect("there is a clinic")
}

const LINES: [&str; 7] = [
    "I need a follow-up with Dr. Singh next Tuesday morning.",
    "Jane Roe.",
    "March 9th, 1984.",
    "Yes.",
    "The second one.",
    "Yes, please.",
    "No, that's all. Goodbye.",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_appointment_is_booked_by_telephone() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let today = date(2026, 11, 21);
    let book: Arc<dyn Emr> =
        Arc::new(Book::open(&folder.path().join("book"), &Sample::sample(), today).expect("the folder is writable"));
    let desk = receptionist(folder.path(), Books::from([("harbour-street".to_owned(), book.clone())]));
    let lines = Arc::new(Mutex::new(VecDeque::from(LINES)));
    let ears = Lines(lines.clone());
    let clinic = Clinic::open_with(
        TelnyxCodec::Pcmu,
        |_| {},
        &ANSWERS,
        |providers| {
            providers.agents = Arc::new(desk);
            providers.recognisers = vec![Arc::new(ears)];
        },
    )
    .await;
    let mut caller = ring(&clinic, Over::Pcm, "+16045550177").await;
    let jane = PatientRef(Pii::new("1001".to_owned()));
    let standing = || book.appointments_for_patient(&jane, today.at(0, 0, 0, 0));
    let mut over = false;
    // Each answer is heard out before something is said to it.
    for turn in 0..LINES.len() {
        while !over {
            match caller.next().await {
                Heard::Finished => break,
                Heard::Over => over = true,
                Heard::Began | Heard::Part(_) | Heard::Broken | Heard::Cleared => {}
            }
        }
        if turn == 5 {
            assert!(standing().await.expect("the book is there").is_empty(), "booked before the yes");
        }
        caller.act(Act::Say(question())).await;
    }
    while !over {
        over = caller.next().await == Heard::Over;
    }
    let past = clinic.past(1).await.remove(0);
    clinic.close().await;
    let said = |entry: &Entry| match entry {
        Entry::Line { who, text, .. } => Some(format!("{who:?}: {}", text.reveal())),
        _ => None,
    };
    let transcript: Vec<String> = past.entries.iter().filter_map(said).collect();
    let starts: Vec<String> =
        standing().await.expect("the book is there").iter().map(|a| a.start.to_string()).collect();
    assert_eq!(starts, ["2026-11-24T09:15:00"], "{transcript:#?}");
    let booked = "You're booked for Tuesday, November 24 at 9:15 AM with Dr. Priya Singh.";
    assert!(transcript.iter().any(|line| line.contains(booked)), "{transcript:#?}");
    let ended = past.entries.iter().any(|e| matches!(e, Entry::Ended { reason: EndReason::Goodbye, .. }));
    assert!(ended && lines.lock().is_empty(), "{transcript:#?}");
    let came_to = Entry::Concluded { outcome: CallOutcome::Booked, intent: Intent::Book, language: Language::English };
    assert!(past.entries.contains(&came_to), "{:?}", past.entries);
}
