//! What each fault of a provider costs a caller, measured: whole calls in real time with Deepgram, a model behind chat completions and
//! Cartesia, simulated, each with a second one that is well. A measurement, of some minutes (`make bench-vendors`): it judges nothing, and
//! says how many calls did not go as planned, as some do where the machine has other work. Their times are not in it.
//!
//! Counted is from the moment at which the simulated vendor strikes, by its own clock, to the next word that the caller hears: for a voice
//! the first word that is not of what it had given by then, whatever of that was still to be heard. While the caller talks no word is owed: a
//! fault that strikes then is counted from the end of their voice.

use std::collections::BTreeMap;

use attendant::sim::{Fault, Struck, Trouble, openai};
use attendant_media::frame::{Frame, SLOT_SAMPLES, Samples};
use futures_util::{StreamExt, stream};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::models;
use super::vendors::{Told, call, hears, speaks};
use super::*;
use crate::wire::models::Api;
use crate::wire::{cartesia, deepgram};

/// How often each fault is tried: with fewer, the 99th percentile would be the worst of all.
const CALLS: usize = 100;

/// Calls at once. Each has a server and vendors of its own, all in this process.
const AT_ONCE: usize = 40;

/// What goes wrong.
#[derive(Clone, Copy, Debug)]
enum Outage {
    None,
    /// In the recogniser's first session.
    Hearing(Fault),
    /// In every answer of the first model.
    Thinking(Option<openai::Fault>),
    /// In every connection of the first voice.
    Speaking(Fault),
}

impl Outage {
    fn all() -> Vec<Self> {
        use Fault::{Breaks, Deaf, Empty, Errors, Fails, Limits, Silence, Slow, Stalls, Unauthorised};
        let hearing = [Stalls, Deaf, Errors, Breaks, Slow, Unauthorised, Limits, Fails].map(Self::Hearing);
        let thinking = [None].into_iter().chain(models::FAULTS.map(Some)).map(Self::Thinking);
        let speaking = [Stalls, Deaf, Errors, Breaks, Slow, Empty, Silence, Unauthorised, Limits, Fails];
        [Self::None].into_iter().chain(hearing).chain(thinking).chain(speaking.map(Self::Speaking)).collect()
    }

    fn name(self) -> String {
        match self {
            Self::None => "no fault".into(),
            Self::Hearing(fault) => format!("Deepgram {fault:?}"),
            Self::Thinking(None) => "no fault, with a model".into(),
            Self::Thinking(Some(fault)) => format!("model {fault:?}"),
            Self::Speaking(fault) => format!("Cartesia {fault:?}"),
        }
    }

    /// The call, and when the fault struck first.
    async fn call(self, number: &str) -> (Told, Option<Struck>) {
        let trouble = match self {
            Self::None | Self::Thinking(_) => Trouble::default(),
            Self::Hearing(fault) => Trouble::first(1, fault),
            Self::Speaking(fault) => Trouble::always(Some(fault)),
        };
        let of = |is_here: bool| if is_here { trouble.clone() } else { Trouble::default() };
        let hearing = of(matches!(self, Self::Hearing(_)));
        let speaking = of(matches!(self, Self::Speaking(_)));
        let [first, second] = [hearing, Trouble::default()].map(deepgram::vendor);
        let ears = vec![hears("nova-3", first.await), hears("nova-3", second.await)];
        let [first, second] = [speaking, Trouble::default()].map(cartesia::vendor);
        let voices = vec![speaks("cartesia", first.await), speaks("cartesia", second.await)];
        let told = match self {
            Self::None | Self::Hearing(_) | Self::Speaking(_) => {
                call(number, |providers| (providers.recognisers, providers.voices) = (ears, voices)).await
            }
            Self::Thinking(fault) => {
                let folder = tempfile::tempdir().expect("a temporary folder");
                let lapse = openai::Lapse::new(fault, openai::Stage::Usual);
                let first = models::model_called("m", Api::OpenAi, lapse.clone(), "first").await;
                let agents = models::desk(vec![first, models::model(Api::OpenAi, None, "second").await], folder.path());
                let replace = |providers: &mut attendant::call::providers::Providers| {
                    (providers.recognisers, providers.voices, providers.agents) = (ears, voices, agents);
                };
                return (models::converse(number, replace).await, lapse.struck());
            }
        };
        (told, trouble.struck())
    }
}

/// What the calls with one fault came to, in milliseconds.
#[derive(Default)]
struct Cost {
    struck_to_word: Vec<u64>,
    silence: Vec<u64>,
}

impl Cost {
    fn add(&mut self, told: &Told, struck: Option<Struck>) {
        let ms = |samples: Samples| samples.as_duration().as_millis() as u64;
        self.silence.push(ms(told.longest_silence()));
        let waited = struck.and_then(|struck| {
            let both = [&told.recorded.caller, &told.recorded.agent].map(|side| side.as_chunks::<SLOT_SAMPLES>().0);
            waited(both, slot_of(&told.past, struck.at)?, struck.words)
        });
        self.struck_to_word.extend(waited.map(ms));
    }
}

/// The slot of the call at this time; nought if it rang after that.
fn slot_of(past: &Past, at: OffsetDateTime) -> Option<usize> {
    let rang = past.entries.iter().find_map(|entry| match entry {
        Entry::Rang { at, .. } => OffsetDateTime::parse(at, &Rfc3339).ok(),
        _ => None,
    })?;
    Some(usize::try_from((at - rang).whole_milliseconds() / 20).unwrap_or_default())
}

/// Mean square under which a frame is silence: -45 dB of full scale.
fn sounds(frame: &Frame) -> bool {
    frame.iter().map(|sample| f32::from(*sample).powi(2)).sum::<f32>() / SLOT_SAMPLES as f32 >= 33_000.0
}

/// From the strike, or the end of the caller's voice after it, to the next word. Of the utterance in which it struck so many words
/// are not counted.
fn waited([caller, agent]: [&[Frame]; 2], struck: usize, words: u32) -> Option<Samples> {
    let talks = |slots: std::ops::Range<usize>| slots.rev().find(|slot| caller.get(*slot).is_some_and(sounds));
    let begins = |slot: &usize| sounds(&agent[*slot]) && (*slot == 0 || !sounds(&agent[*slot - 1]));
    // A word of a scripted voice begins after 40 ms of silence.
    let from = if words == 0 { struck } else { talks(0..struck).unwrap_or_default() };
    let next = (from..agent.len()).filter(begins).nth(words as usize)?;
    let since = talks(struck..next).map_or(struck, |last| last + 1);
    Some(Samples::from_slots(next.saturating_sub(since) as u64))
}

#[test]
fn what_was_given_before_a_fault_is_not_the_next_word() {
    let slots = |spans: &[(usize, i16)]| -> Vec<i16> {
        spans.iter().flat_map(|&(slots, level)| vec![level; slots * SLOT_SAMPLES]).collect()
    };
    // A question; two words of an answer, the second still to be heard when the voice stalls; after 100 slots the next voice.
    let caller = slots(&[(50, 5_000), (200, 0)]);
    let agent = slots(&[(60, 0), (3, 5_000), (2, 0), (3, 5_000), (100, 0), (3, 5_000), (79, 0)]);
    let wait = |struck, words| {
        let both = [&caller, &agent].map(|side| side.as_chunks::<SLOT_SAMPLES>().0);
        waited(both, struck, words).map(|wait| wait.0 / SLOT_SAMPLES as u64)
    };
    assert_eq!(wait(62, 2), Some(168 - 62));
    // In the middle of the question: no word is owed before its end.
    assert_eq!(wait(20, 0), Some(10));
    assert_eq!(wait(62, 9), None);
}

fn spread(of: &mut [u64]) -> String {
    of.sort_unstable();
    let at = |percent| *attendant::softphone::report::percentile(of, percent).expect("there is one");
    if of.is_empty() { "-".into() } else { format!("{} {} ({})", at(50), at(99), of.len()) }
}

#[ignore = "a measurement of some minutes: make bench-vendors"]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_each_fault_costs_a_caller() {
    let mut costs: BTreeMap<usize, Cost> = BTreeMap::new();
    let mut otherwise = 0;
    let calls = (0..CALLS).flat_map(|_| Outage::all().into_iter().enumerate());
    let calls = stream::iter(calls).map(|(row, outage)| async move {
        // A task of its own: a call that goes otherwise ends in a panic.
        (row, tokio::spawn(async move { outage.call(&format!("+1604555{:04}", row + 1)).await }).await)
    });
    let mut calls = calls.buffer_unordered(AT_ONCE);
    while let Some((row, told)) = calls.next().await {
        match told {
            Ok((told, struck)) => costs.entry(row).or_default().add(&told, struck),
            Err(_) => otherwise += 1,
        }
    }
    println!("{otherwise} of {} calls went otherwise than planned", CALLS * Outage::all().len());
    println!("{:<26}{:>26}{:>26}", "ms: p50 p99 (count)", "fault to next word", "longest silence owed");
    for (row, outage) in Outage::all().into_iter().enumerate() {
        let cost = costs.entry(row).or_default();
        println!("{:<26}{:>26}{:>26}", outage.name(), spread(&mut cost.struck_to_word), spread(&mut cost.silence));
    }
}
