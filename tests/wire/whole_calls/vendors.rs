//! Whole calls with simulated vendors and each of their faults, at each moment of a call: the caller is never left in silence that is owed,
//! every word is heard once, and the call ends as it should. The rows of each kind of vendor are in its own file; the calls of a table go on at once.
//!
//! Which rows there are follows from `sim::vendor`, which says of the others why they cannot be. A row in which the fault never strikes fails.

mod hearing;
mod interrupted;
mod lagging;
mod languages;
mod speaking;
mod talked_over;

use std::net::SocketAddr;
use std::sync::Arc;

use attendant::agent::Who;
use attendant::call::providers::Providers;
use attendant::call::timeline::{EndReason, Recovery};
use attendant::language::Language;
use attendant::provider::chain;
use attendant::sim::vendor::Vendor;
use attendant::sim::{Fault, Moment, Trouble};
use attendant::stt::Recognizer;
use attendant::tts::Voice;
use attendant_media::frame::Samples;
use futures_util::future::join_all;

use super::*;
use crate::recorded::{LONGEST_SILENCE, Recorded};
use crate::wire::azure::azure;
use crate::wire::cartesia::{self, cartesia};
use crate::wire::deepgram::{deepgram, vendor};
use crate::wire::elevenlabs::elevenlabs;
use crate::wire::{google, sarvam, streamed_voices, told_ears};

/// Whose ears and voices are tried, as they are named here.
const EARS: [(&str, Vendor); 6] = [
    ("nova-3", Vendor::Nova),
    ("flux", Vendor::Flux),
    ("google", Vendor::Google),
    ("sarvam", Vendor::SarvamEars),
    ("openai_stt", Vendor::OpenAiEars),
    ("azure_stt", Vendor::AzureEars),
];
const VOICES: [(&str, Vendor); 7] = [
    ("cartesia", Vendor::Cartesia),
    ("elevenlabs", Vendor::ElevenLabs),
    ("azure", Vendor::Azure),
    ("sarvam", Vendor::SarvamVoice),
    ("qwen", Vendor::Qwen),
    ("google_tts", Vendor::GoogleVoice),
    ("openai_tts", Vendor::OpenAiVoice),
];

/// Calls of a table at once: they mostly wait, and leave a busy machine time to be punctual.
const AT_ONCE: usize = 8;

#[test]
fn every_simulated_vendor_is_in_a_table() {
    let tried: Vec<Vendor> = EARS.into_iter().chain(VOICES).map(|(_, vendor)| vendor).collect();
    assert!(Vendor::ALL.iter().all(|vendor| tried.contains(vendor)), "{tried:?}");
}

/// Those of these faults that this one can have at this moment.
fn possible<const N: usize>(vendor: Vendor, at: Moment, faults: [Fault; N]) -> impl Iterator<Item = Fault> {
    faults.into_iter().filter(move |fault| vendor.cannot_have_at(*fault, at).is_none())
}

/// A question of two parts in the answer, then goodbye.
pub const SHORT: [u8; 2] = [2, 1];

/// What a call of one question and a goodbye came to.
pub struct Told {
    pub past: Past,
    pub recorded: Recorded,
}

impl Told {
    pub async fn of(past: Past) -> Self {
        let recorded = Recorded::of(&past).await;
        Self { past, recorded }
    }

    /// On the leg's clock.
    pub fn longest_silence(&self) -> Samples {
        self.recorded.longest_silence()
    }

    pub fn reason(&self) -> Option<EndReason> {
        self.past.entries.iter().find_map(|entry| match entry {
            Entry::Ended { reason, .. } => Some(*reason),
            _ => None,
        })
    }

    pub fn lines(&self, wanted: Who) -> String {
        let lines = self.past.entries.iter().filter_map(|entry| match entry {
            Entry::Line { who, text, .. } if *who == wanted => Some(text.reveal().as_str()),
            _ => None,
        });
        // Where a voice was replaced, a line ends and another begins: with a blank at either, or both.
        lines.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
    }

    /// Whatever happened, the call went as it should.
    pub fn went_well(&self, row: &str, reason: EndReason) {
        assert_eq!(self.reason(), Some(reason), "{row}: {:#?}", self.past.entries);
        let longest = self.longest_silence();
        assert!(longest <= LONGEST_SILENCE, "{row}: {longest:?} {:#?}", self.past.entries);
        assert_eq!(self.recoveries(Recovery::Apologised), 0, "{row}: {:#?}", self.past.entries);
    }

    /// What the history says was said is what was heard: every sentence, once.
    pub fn said_once(&self, row: &str, call: u16, answers: &[u8]) {
        let agent = self.lines(Who::Agent);
        for (turn, parts) in (1..).zip(answers.iter().copied()) {
            for part in 0..parts {
                let sentence = Code { call, turn, part, parts }.sentence();
                assert_eq!(agent.matches(&sentence).count(), 1, "{row}: {agent} {:#?}", self.past.entries);
            }
        }
    }

    pub fn recoveries(&self, wanted: Recovery) -> usize {
        self.past
            .entries
            .iter()
            .filter(|entry| matches!(entry, Entry::Recovered { what, .. } if *what == wanted))
            .count()
    }
}

/// Listens until all of these parts were heard and it is quiet again, or the line closes: then what was not heard is told. So many
/// parts may be heard in two pieces: a voice goes on with the word after the last that was heard of another's.
async fn listen(caller: &mut Caller, mut parts: Vec<Code>, mut cuts: usize) -> Vec<Code> {
    parts.reverse();
    let mut broken = 0;
    loop {
        match caller.next().await {
            Heard::Part(code) => {
                while broken > 0 && parts.last().is_some_and(|next| *next != code) {
                    parts.pop();
                    broken -= 1;
                }
                assert_eq!(Some(code), parts.pop(), "each part once, in order");
            }
            Heard::Finished if parts.is_empty() => return parts,
            // It may be the hole in the middle of the last one: what is owed comes before so long.
            Heard::Finished if parts.len() <= broken => {
                match tokio::time::timeout(LONGEST_SILENCE.as_duration(), caller.next()).await {
                    Ok(Heard::Over) | Err(_) => return Vec::new(),
                    Ok(Heard::Part(_) | Heard::Began | Heard::Finished | Heard::Broken | Heard::Cleared) => {}
                }
            }
            Heard::Broken if cuts > 0 => {
                cuts -= 1;
                broken += 1;
            }
            Heard::Began | Heard::Finished | Heard::Broken | Heard::Cleared => {}
            Heard::Over => {
                parts.truncate(parts.len().saturating_sub(broken));
                return parts;
            }
        }
    }
}

/// Every part is heard in one piece.
pub async fn call(number: &str, replace: impl FnOnce(&mut Providers)) -> Told {
    call_with_cuts(number, 0, replace).await
}

/// In each answer so many parts may be heard in two pieces.
pub async fn call_with_cuts(number: &str, cuts: usize, replace: impl FnOnce(&mut Providers)) -> Told {
    call_in([Language::English; 2], number, cuts, replace).await
}

/// The caller speaks these languages, one for each question.
async fn call_in(languages: [Language; 2], number: &str, cuts: usize, replace: impl FnOnce(&mut Providers)) -> Told {
    let clinic = Clinic::open_in(languages[0], TelnyxCodec::Pcmu, |_| {}, &SHORT, replace).await;
    let mut caller = ring(&clinic, Over::Pcm, number).await;
    let (call, over) = (call_of(number), Over::Pcm);
    hear_out(&mut caller, [GREETING].into_iter(), over).await;
    for ((turn, parts), language) in (1..).zip(SHORT).zip(languages) {
        let said = [spoken_in(language, Code { turn: 200 + turn, ..asked(call) }), question()].concat();
        caller.act(Act::Say(said)).await;
        let parts = (0..parts).map(|part| Code { call, turn, part, parts }).collect();
        let missed = listen(&mut caller, parts, cuts).await;
        if !missed.is_empty() {
            panic!("the line closed before {missed:?}: {:#?}", clinic.past(1).await.remove(0).entries);
        }
    }
    let past = clinic.past(1).await.remove(0);
    let told = Told::of(past).await;
    clinic.close().await;
    told
}

/// Calls, some at once, and what they came to when all of those are over: to judge takes time that the others' packets would be late by.
pub async fn at_once<C>(calls: impl IntoIterator<Item = C>) -> Vec<C::Output>
where
    C: Future<Output: Send + 'static> + Send + 'static,
{
    let mut calls = calls.into_iter().peekable();
    let mut told = Vec::new();
    while calls.peek().is_some() {
        let some: Vec<_> = calls.by_ref().take(AT_ONCE).map(tokio::spawn).collect();
        told.extend(join_all(some).await.into_iter().map(|call| call.expect("every call goes well")));
    }
    told
}

/// Whose ears these are: a recogniser at a simulated vendor.
pub fn hears(model: &str, address: SocketAddr) -> Arc<dyn Recognizer> {
    match model {
        "google" => Arc::new(google::ears(address, "silence_ms = 2000")),
        "openai_stt" | "azure_stt" => told_ears::ears(model, address, "silence_ms = 2000"),
        "sarvam" => Arc::new(sarvam::ears(address, "stt_silence_ms = 2000\nhears = [\"en-CA\"]")),
        _ => Arc::new(deepgram(address, &format!("silence_ms = 2000\nmodel = \"{model}\""))),
    }
}

/// Whose voice this is: one at a simulated vendor.
pub fn speaks(name: &str, address: SocketAddr) -> Arc<dyn Voice> {
    match name {
        "cartesia" => Arc::new(cartesia(address)),
        "elevenlabs" => Arc::new(elevenlabs(address, "")),
        "azure" => Arc::new(azure(address)),
        _ => streamed_voices::voice(name, address, Language::English, 1_000),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_call_learns_of_its_providers_the_next_one_knows() {
    let more = "silence_ms = 2000\nmodel = \"flux\"";
    let refused: Arc<dyn Recognizer> =
        Arc::new(deepgram(vendor(Trouble::always(Some(Fault::Unauthorised))).await, more));
    let well: Arc<dyn Recognizer> = Arc::new(deepgram(vendor(Trouble::default()).await, more));
    let ears = chain::recognisers(vec![refused, well], chain::Order::new());
    // For a minute: a vendor that says when to come again is asked then, and both calls take longer.
    // And one that is asked by single requests: of who keeps a connection it is known while the phone rings.
    let keyless: Arc<dyn Voice> = Arc::new(azure(cartesia::vendor(Trouble::always(Some(Fault::Unauthorised))).await));
    let second: Arc<dyn Voice> = Arc::new(cartesia(cartesia::vendor(Trouble::default()).await));
    let voices = chain::voices(vec![keyless, second], chain::Order::new());
    for (n, known) in [(1, false), (2, true)] {
        let number = format!("+1604555{n:04}");
        let (ears, voices) = (ears.clone(), voices.clone());
        let told = call(&number, |providers| (providers.recognisers, providers.voices) = (ears, voices)).await;
        assert_eq!(told.reason(), Some(EndReason::Goodbye), "{:#?}", told.past.entries);
        assert!(told.longest_silence() <= LONGEST_SILENCE, "{:?}", told.longest_silence());
        let recovered = [Recovery::SttReopened, Recovery::NextVoice].map(|what| told.recoveries(what) > 0);
        assert_eq!(recovered, [!known; 2], "call {n}: {:#?}", told.past.entries);
    }
}
