//! Whole calls with a language model behind chat completions as the brain: the scripted one of `attendant sim providers`, well and
//! with every fault. Whatever it does, the caller hears something within 3 s, and the call ends in words.

use std::time::Duration;

use attendant::agent::Who;
use attendant::agent::llm::openai::OpenAiConfig;
use attendant::call::timeline::{EndReason, Entry, Recovery};
use attendant::language::Language;
use attendant::records::{Past, Recording};
use attendant::sim::openai::{self, Fault};
use attendant::sim::{Delay, ScriptedConfig};
use attendant::softphone::{Act, Behaviour, Change, Ended, Measure, Script};
use attendant_media::frame::Frame;
use attendant_media::time::Time;
use tempfile::TempDir;

use super::house::{House, said, spoken};
use super::server::question;
use crate::recorded::{LONGEST_SILENCE, Recorded};

/// After so much silence the agent has finished, and it is the caller's turn; before it prompts (10 s).
const FINISHED: Duration = Duration::from_millis(4_500);

async fn house(fault: Option<Fault>) -> House {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let settings = ScriptedConfig { llm_ms: Delay::Fixed(200), parts: 1, ..ScriptedConfig::default() };
    tokio::spawn(openai::serve(listener, settings, fault, std::future::pending()));
    let base_url = format!("http://{address}/v1");
    let model: OpenAiConfig =
        toml::from_str(&format!("base_url = \"{base_url}\"\nmodel = \"scripted\"\nkey = {{ env = \"PATH\" }}"))
            .expect("the defaults do, and any key");
    House::open(|config| {
        config.providers.openai = Some(model);
        // Nobody takes over: the rules would answer.
        config.providers.thinking = [(Language::English, vec!["openai".to_owned()])].into();
        if fault.is_some() {
            config.records.recording = Recording::Announced;
        }
    })
    .await
}

/// Asks again and again, when nothing more comes, until the other side hangs up.
struct Persistent {
    left: usize,
    talking: bool,
    /// When either of us was last heard.
    last: Time,
    unanswered: usize,
    answered: bool,
}

impl Persistent {
    fn new(left: usize) -> Self {
        Self { left, talking: false, last: Time::ZERO, unanswered: 0, answered: true }
    }
}

impl Behaviour for Persistent {
    fn heard(&mut self, now: Time, _: &Frame, _: Option<Change>, measure: &Measure) {
        let sounding = measure.sound().is_some_and(|(_, last)| last == now);
        if sounding && !self.talking {
            self.last = now;
            self.answered = true;
        }
    }

    fn said(&mut self, now: Time, measure: &Measure) {
        self.talking = false;
        self.last = measure.exchanges().last().and_then(|exchange| exchange.last_voiced).unwrap_or(now);
    }

    fn act(&mut self, now: Time, _: &Measure) -> Option<Act> {
        if self.talking || now.since(self.last) < FINISHED {
            return None;
        }
        if self.left == 0 {
            return Some(Act::HangUp);
        }
        self.left -= 1;
        self.unanswered += usize::from(!self.answered);
        self.answered = false;
        self.talking = true;
        Some(Act::Speak(question()))
    }
}

fn ended(call: &Past) -> EndReason {
    let reason = call.entries.iter().find_map(|entry| match entry {
        Entry::Ended { reason, .. } => Some(*reason),
        _ => None,
    });
    reason.expect("a call ends")
}

fn recoveries(call: &Past, what: Recovery) -> usize {
    call.entries.iter().filter(|entry| matches!(entry, Entry::Recovered { what: did, .. } if *did == what)).count()
}

/// A call to an agent whose model has this fault.
async fn call_with(fault: Fault) -> (Past, TempDir) {
    let house = house(Some(fault)).await;
    let mut caller = Persistent::new(6);
    let outcome = house.call("+16045550143", &mut caller).await;
    let (mut calls, folder) = house.close().await;
    let call = calls.remove(0);
    let lines: Vec<String> = call.entries.iter().filter_map(|entry| serde_json::to_string(entry).ok()).collect();
    let lines = lines.join("\n");
    // On the leg's clock, of what was heard and said.
    let longest = Recorded::of(&call).await.longest_silence();
    println!("{lines}\nlongest silence {} ms", longest.as_duration().as_millis());
    assert_eq!(outcome.ended, Ended::FarSide, "the call ends by itself");
    assert_eq!(caller.unanswered, 0, "a question was followed by silence:\n{lines}");
    assert!(longest <= LONGEST_SILENCE, "{longest:?} samples of silence while words were owed:\n{lines}");
    assert_eq!(ended(&call), EndReason::Failed);
    assert!(recoveries(&call, Recovery::Apologised) >= 1);
    assert!(said(&call, Who::Agent).last().is_some_and(|words| words.to_lowercase().contains("bye")), "{lines}");
    (call, folder)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_answers_in_a_stream_and_says_goodbye() {
    let goodbye = spoken("No thank you, that is all. Goodbye.");
    let house = house(None).await;
    let mut script = Script::new([question(), goodbye], None, Duration::from_secs(10), Time::ZERO);
    let outcome = house.call("+16045550143", &mut script).await;
    let (calls, _folder) = house.close().await;
    let call = &calls[0];
    let agent = said(call, Who::Agent);
    println!("{:?}\n{agent:?}", said(call, Who::Caller));
    assert_eq!(outcome.ended, Ended::FarSide);
    assert_eq!(ended(call), EndReason::Goodbye);
    assert!(agent.len() >= 3, "a greeting, an answer and a goodbye: {agent:?}");
    assert!(agent[1].starts_with("Marker"), "{agent:?}");
    assert!(agent.last().is_some_and(|words| words.starts_with("Goodbye")), "{agent:?}");
    assert_eq!(recoveries(call, Recovery::AgentAskedAgain), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_that_stalls_is_covered_and_the_call_ends_in_words() {
    let (call, _folder) = call_with(Fault::Stalls).await;
    let fillers = call.entries.iter().find_map(|entry| match entry {
        Entry::Ended { counters, .. } => Some(counters.fillers),
        _ => None,
    });
    assert!(fillers.is_some_and(|fillers| fillers >= 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_that_answers_500_is_apologised_for() {
    call_with(Fault::Fails).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_that_answers_429_is_apologised_for() {
    call_with(Fault::Limits).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_that_breaks_off_in_mid_sentence_is_apologised_for() {
    call_with(Fault::Breaks).await;
}
