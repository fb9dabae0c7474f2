//! Whole calls whose ears are at a simulated vendor, with each of its faults: the caller is never left in silence that is owed, every word
//! of theirs is heard once, and the call ends as it should.

use std::net::SocketAddr;
use std::sync::Arc;

use attendant::agent::Who;
use attendant::call::timeline::{EndReason, Recovery};
use attendant::language::Language;
use attendant::provider::chain;
use attendant::sim::{Fault, Trouble};
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

    pub fn recoveries(&self, wanted: Recovery) -> usize {
        self.past
            .entries
            .iter()
            .filter(|entry| matches!(entry, Entry::Recovered { what, .. } if *what == wanted))
            .count()
    }
}

/// Listens until all of these parts were heard and it is quiet again, or the line closes: then what was not heard is told.
async fn listen(caller: &mut Caller, mut parts: Vec<Code>) -> Vec<Code> {
    parts.reverse();
    loop {
        match caller.next().await {
            Heard::Part(code) => assert_eq!(Some(code), parts.pop(), "each part once, in order"),
            Heard::Finished if parts.is_empty() => return parts,
            Heard::Began | Heard::Finished | Heard::Broken | Heard::Cleared => {}
            Heard::Over => return parts,
        }
    }
}

pub async fn call(number: &str, replace: impl FnOnce(&mut attendant::call::providers::Providers)) -> Told {
    let clinic = Clinic::open_with(TelnyxCodec::Pcmu, |_| {}, &SHORT, replace).await;
    let mut caller = ring(&clinic, Over::Pcm, number).await;
    let (call, over) = (call_of(number), Over::Pcm);
    hear_out(&mut caller, [GREETING].into_iter(), over).await;
    for (turn, parts) in (1..).zip(SHORT) {
        let said = [spoken(Code { turn: 200 + turn, ..asked(call) }), question()].concat();
        caller.act(Act::Say(said)).await;
        let parts = (0..parts).map(|part| Code { call, turn, part, parts }).collect();
        let missed = listen(&mut caller, parts).await;
        if !missed.is_empty() {
            panic!("the line closed before {missed:?}: {:#?}", clinic.past(1).await.remove(0).entries);
        }
    }
    let past = clinic.past(1).await.remove(0);
    let told = Told::of(past).await;
    clinic.close().await;
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

/// Where this one's simulated vendor is.
async fn at(model: &str, trouble: Trouble) -> SocketAddr {
    if model == "google" { google::vendor(trouble).await } else { vendor(trouble).await }
}

/// One call a row, all at once: a recogniser with trouble, and a second one that is well.
async fn table(model: &'static str, rows: Vec<(Fault, Trouble)>) {
    let calls = rows.into_iter().zip(1..).map(|((fault, trouble), n)| {
        tokio::spawn(async move {
            let first = hears(model, at(model, trouble).await);
            let second = hears(model, at(model, Trouble::default()).await);
            let number = format!("+1604555{n:04}");
            let told = call(&number, |providers| providers.recognisers = vec![first, second]).await;
            (fault, call_of(&number), told)
        })
    });
    // Judged when all are over: to judge takes time that the others' packets would be late by.
    for call in join_all(calls.collect::<Vec<_>>()).await {
        let (fault, number, told) = call.expect("every call goes well");
        assert_eq!(told.reason(), Some(EndReason::Goodbye), "{model} {fault:?}: {:#?}", told.past.entries);
        for turn in [201, 202] {
            let sentence = Code { turn, ..asked(number) }.sentence();
            let times = told.lines(Who::Caller).matches(&sentence).count();
            assert_eq!(times, 1, "{model} {fault:?}: {:?} {:#?}", told.lines(Who::Caller), told.past.entries);
        }
        let questions = told.lines(Who::Caller).matches("The caller has").count();
        assert_eq!(questions, 2, "{model} {fault:?}: {:?} {:#?}", told.lines(Who::Caller), told.past.entries);
        assert!(told.longest_silence() <= LONGEST_SILENCE, "{model} {fault:?}: {:?}", told.longest_silence());
        let costs = !matches!(fault, Fault::Disorder | Fault::Unanswered | Fault::Slow);
        assert_eq!(told.recoveries(Recovery::SttReopened) > 0, costs, "{model} {fault:?}: {:#?}", told.past.entries);
        assert_eq!(told.recoveries(Recovery::Apologised), 0, "{model} {fault:?}");
    }
}

const FAULTS: [Fault; 8] = [
    Fault::Stalls,
    Fault::Deaf,
    Fault::Errors,
    Fault::Breaks,
    Fault::Disorder,
    Fault::Unauthorised,
    Fault::Limits,
    Fault::Fails,
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_at_nova_that_fails_costs_no_word() {
    let mut rows: Vec<_> = FAULTS.map(|fault| (fault, Trouble::first(1, fault))).into();
    rows.push((Fault::Unanswered, Trouble::always(Some(Fault::Unanswered))));
    table("nova-3", rows).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_at_sarvam_that_fails_costs_no_word() {
    let mut rows: Vec<_> = FAULTS.map(|fault| (fault, Trouble::first(1, fault))).into();
    rows.push((Fault::Unanswered, Trouble::always(Some(Fault::Unanswered))));
    table("sarvam", rows).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_at_google_that_fails_costs_no_word() {
    let mut rows: Vec<_> = FAULTS.map(|fault| (fault, Trouble::first(1, fault))).into();
    rows.push((Fault::Unanswered, Trouble::always(Some(Fault::Unanswered))));
    table("google", rows).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_at_openai_that_fails_costs_no_word() {
    table("openai_stt", FAULTS.map(|fault| (fault, Trouble::first(1, fault))).into()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_at_azure_that_fails_costs_no_word() {
    let mut rows: Vec<_> = FAULTS.map(|fault| (fault, Trouble::first(1, fault))).into();
    rows.push((Fault::Unanswered, Trouble::always(Some(Fault::Unanswered))));
    table("azure_stt", rows).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_vendor_whose_every_session_fails_is_replaced_and_no_word_is_lost() {
    table("flux", FAULTS.map(|fault| (fault, Trouble::always(Some(fault)))).into()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_voice_that_fails_is_replaced_at_the_sentence_that_was_cut() {
    for name in ["cartesia", "elevenlabs"] {
        voices(name).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_voice_without_word_times_that_fails_is_replaced_at_the_sentence_that_was_cut() {
    for name in ["sarvam", "qwen", "azure"] {
        voices(name).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_voice_over_grpc_or_http_that_fails_is_replaced_at_the_sentence_that_was_cut() {
    for name in ["google_tts", "openai_tts"] {
        voices(name).await;
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

/// One call a fault, all at once: a voice with trouble, and a second one that is well.
async fn voices(name: &'static str) {
    let faults = [
        Fault::Stalls,
        Fault::Deaf,
        Fault::Errors,
        Fault::Breaks,
        Fault::Slow,
        Fault::Empty,
        Fault::Silence,
        Fault::Unauthorised,
        Fault::Limits,
        Fault::Fails,
    ];
    let calls = faults.into_iter().zip(1..).map(|(fault, n)| {
        tokio::spawn(async move {
            let first = speaks(name, streamed_voices::at(name, Trouble::always(Some(fault))).await);
            let second = speaks(name, streamed_voices::at(name, Trouble::default()).await);
            let number = format!("+1604555{n:04}");
            (fault, call_of(&number), call(&number, |providers| providers.voices = vec![first, second]).await)
        })
    });
    // Judged when all are over: to judge takes time that the others' packets would be late by.
    for call in join_all(calls.collect::<Vec<_>>()).await {
        let (fault, number, told) = call.expect("every call goes well");
        assert_eq!(told.reason(), Some(EndReason::Goodbye), "{name} {fault:?}: {:#?}", told.past.entries);
        assert!(told.recoveries(Recovery::NextVoice) > 0, "{name} {fault:?}");
        assert_eq!(told.recoveries(Recovery::Apologised), 0, "{name} {fault:?}");
        assert!(told.longest_silence() <= LONGEST_SILENCE, "{name} {fault:?}: {:?}", told.longest_silence());
        // What the history says was said is what was heard: every sentence, once.
        let agent = told.lines(Who::Agent);
        for (turn, parts) in (1..).zip(SHORT) {
            for part in 0..parts {
                let sentence = Code { call: number, turn, part, parts }.sentence();
                assert_eq!(agent.matches(&sentence).count(), 1, "{name} {fault:?}: {agent}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_call_learns_of_its_providers_the_next_one_knows() {
    let more = "silence_ms = 2000\nmodel = \"flux\"";
    let refused: Arc<dyn Recognizer> =
        Arc::new(deepgram(vendor(Trouble::always(Some(Fault::Unauthorised))).await, more));
    let well: Arc<dyn Recognizer> = Arc::new(deepgram(vendor(Trouble::default()).await, more));
    let ears = chain::recognisers(vec![refused, well], chain::Order::new());
    let limited: Arc<dyn Voice> = Arc::new(cartesia(cartesia::vendor(Trouble::always(Some(Fault::Limits))).await));
    let second: Arc<dyn Voice> = Arc::new(azure(cartesia::vendor(Trouble::default()).await));
    let voices = chain::voices(vec![limited, second], chain::Order::new());
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
