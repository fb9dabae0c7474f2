//! What each fault of a provider costs a caller, measured: whole calls in real time with Deepgram, a model behind chat completions and
//! Cartesia, simulated, each with a second one that is well. A measurement, of some minutes (`make bench-vendors`): it judges nothing, and
//! says how many calls did not go as planned, as some do where the machine has other work. Their times are not in it.

use std::collections::BTreeMap;

use attendant::sim::{Fault, Trouble, openai};
use attendant_media::frame::Samples;
use futures_util::{StreamExt, stream};

use super::models;
use super::vendors::{Told, call, hears, speaks};
use super::*;
use crate::wire::models::Api;
use crate::wire::{cartesia, deepgram};

/// How often each fault is tried.
const CALLS: usize = 9;

/// Calls at once. Each has a server of its own, not compiled for speed: with all faults at once two cores were late with everything.
const AT_ONCE: usize = 8;

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
        let thinking = [openai::Fault::Stalls, openai::Fault::Fails, openai::Fault::Limits, openai::Fault::Breaks];
        let thinking = [None].into_iter().chain(thinking.map(Some)).map(Self::Thinking);
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

    async fn call(self, number: &str) -> Told {
        let well = Trouble::default;
        let fault = |fault| Trouble::always(Some(fault));
        let (hearing, speaking) = match self {
            Self::None | Self::Thinking(_) => (well(), well()),
            Self::Hearing(struck) => (Trouble::first(1, struck), well()),
            Self::Speaking(struck) => (well(), fault(struck)),
        };
        let ears = [hearing, well()].map(deepgram::vendor);
        let [first, second] = ears;
        let ears = vec![hears("nova-3", first.await), hears("nova-3", second.await)];
        let [first, second] = [speaking, well()].map(cartesia::vendor);
        let voices = vec![speaks("cartesia", first.await), speaks("cartesia", second.await)];
        match self {
            Self::None | Self::Hearing(_) | Self::Speaking(_) => {
                call(number, |providers| (providers.recognisers, providers.voices) = (ears, voices)).await
            }
            Self::Thinking(struck) => {
                let folder = tempfile::tempdir().expect("a temporary folder");
                let first = models::model(Api::OpenAi, struck, "first").await;
                let second = models::model(Api::OpenAi, None, "second").await;
                let agents = models::desk(vec![first, second], folder.path());
                let replace = |providers: &mut attendant::call::providers::Providers| {
                    (providers.recognisers, providers.voices, providers.agents) = (ears, voices, agents);
                };
                models::converse(number, replace).await
            }
        }
    }
}

/// What the calls with one fault came to, in milliseconds.
#[derive(Default)]
struct Cost {
    noticed_to_word: Vec<u64>,
    silence: Vec<u64>,
}

impl Cost {
    fn add(&mut self, told: &Told) {
        let ms = |samples: Samples| samples.as_duration().as_millis() as u64;
        self.silence.push(ms(told.longest_silence()));
        let noticed = told.past.entries.iter().filter_map(|entry| match entry {
            Entry::Recovered { at_us, .. } => usize::try_from(at_us / 20_000).ok(),
            _ => None,
        });
        self.noticed_to_word.extend(noticed.filter_map(|slot| told.recorded.next_word(slot)).map(ms));
    }
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
            Ok(told) => costs.entry(row).or_default().add(&told),
            Err(_) => otherwise += 1,
        }
    }
    println!("{otherwise} of {} calls went otherwise than planned", CALLS * Outage::all().len());
    println!("{:<26}{:>26}{:>26}", "ms: p50 p99 (count)", "noticed to next word", "longest silence owed");
    for (row, outage) in Outage::all().into_iter().enumerate() {
        let cost = costs.entry(row).or_default();
        println!("{:<26}{:>26}{:>26}", outage.name(), spread(&mut cost.noticed_to_word), spread(&mut cost.silence));
    }
}
