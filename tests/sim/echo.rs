//! Our own voice coming back through the whole call, at -6 to -20 dB and after 40 to 400 ms, in the default configuration: never
//! an interruption. A caller who speaks over it interrupts within 250 ms.

use attendant::agent::Who;

use super::brain::Answer;
use super::caller::{Act, Sound, What, When};
use super::line::{Echo, Line};
use super::sound;
use super::voices::Timbre;
use super::world::{Note, Outcome, Script, World};

const DELAYS_MS: [u64; 6] = [40, 95, 150, 233, 310, 400];
const LEVELS_DB: [f32; 3] = [-6.0, -12.0, -20.0];

/// 158 bytes: 9.5 s of speech.
const ANSWER: &str = "You can reach us with the bus, which stops in front of the door, or by car, and there is room for it \
                      behind the house where the first two hours are free of charge.";

/// A call in which the agent has this voice, and `over` is said over its answer. The network adds 10 ms each way.
pub fn call(agent: &str, echo: Echo, over: Option<Act>) -> Script {
    let mut acts = vec![Act { when: When::AgentQuiet(900), what: What::Say { words: 4 } }];
    acts.extend(over);
    acts.push(Act { when: When::AgentQuiet(7_000), what: What::HangUp });
    let answers = vec![Answer::new(300, ANSWER), Answer::new(300, "Very well.")];
    let seed = echo.delay_ms;
    Script {
        line: Line { echo: Some(echo), ..Line::fair() },
        timbre: Timbre::Recorded(sound::librivox(agent)),
        ..Script::new(seed, acts, answers)
    }
}

fn every_line() -> impl Iterator<Item = Echo> {
    DELAYS_MS.into_iter().flat_map(|delay_ms| LEVELS_DB.map(|db| Echo { delay_ms, db }))
}

fn stops(outcome: &Outcome) -> usize {
    outcome.times(|note| matches!(note, Note::Pause | Note::Mute)).len()
}

fn is_never_an_interruption(agent: &str) {
    let mut failed = Vec::new();
    for echo in every_line() {
        let outcome = World::new(call(agent, echo, None)).run();
        // The one cut is the end of the call.
        let cut = outcome.stretches.len() > 1 || stops(&outcome) > 0 || outcome.asked().len() != 1;
        if cut || !outcome.broken.is_empty() {
            let stopped = outcome.times(|note| matches!(note, Note::Pause | Note::Mute));
            failed.push((echo, stopped, outcome.asked().len(), outcome.broken));
        }
    }
    assert!(failed.is_empty(), "{agent}: {} of 18: {failed:#?}", failed.len());
}

#[test]
fn the_echo_of_a_first_voice_never_interrupts() {
    is_never_an_interruption("0890");
}

#[test]
fn the_echo_of_a_second_voice_never_interrupts() {
    is_never_an_interruption("0920");
}

#[test]
fn the_echo_of_a_third_voice_never_interrupts() {
    is_never_an_interruption("0880");
}

/// Milliseconds from the caller's first sound to the decision to fall silent, over every echo.
fn decided_ms(agent: &str, caller: &str) -> Vec<(u64, Echo)> {
    let caller = sound::from_onset(&sound::narrow(&sound::librivox(caller)));
    let words = "no I meant with the train";
    let mut times = Vec::new();
    for echo in every_line() {
        let speech = Sound::words(caller[..16_000].into(), words);
        let over = Act { when: When::AgentSpeaking(2_500), what: What::Sound(speech) };
        let outcome = World::new(call(agent, echo, Some(over))).run();
        outcome.must_hold(&format!("{agent} {echo:?}"));
        let began = outcome.stretches[1].from;
        let stopped = outcome.times(|note| *note == Note::Pause);
        let decided = stopped.iter().find(|at| **at >= began);
        times.push((decided.map_or(u64::MAX, |at| at.since(began).as_millis() as u64), echo));
        assert_eq!(outcome.lines(Who::Caller).get(1), Some(&words), "{agent} {echo:?}");
    }
    times.sort_by_key(|time| time.0);
    times
}

#[test]
fn a_caller_over_the_echo_interrupts_within_250_ms() {
    for (agent, caller) in [("0890", "0930"), ("0920", "0870"), ("0920", "0880")] {
        let times = decided_ms(agent, caller);
        println!(
            "{caller} over {agent}: median {} ms, worst {} ms",
            times[times.len() / 2].0,
            times[times.len() - 1].0
        );
        let late: Vec<_> = times.iter().filter(|time| time.0 > 250).collect();
        assert!(late.is_empty(), "{caller} over {agent}: {} of {} late: {late:?}", late.len(), times.len());
    }
}
