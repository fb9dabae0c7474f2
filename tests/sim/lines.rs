//! Bad lines, each for itself: every promise holds on each, a packet leaves in every slot, and no disturbance is taken for a voice.

use std::time::Duration;

use attendant_media::netem::{Bursts, Conditions};

use super::brain::Answer;
use super::caller::{Act, What, When};
use super::calls::script;
use super::line::Line;
use super::world::{Note, Script, World};

/// 20 s of speech over which the caller says nothing.
const LONG: &str = "We are open on Monday and on Tuesday from nine to five, on Wednesday from nine to noon, on Thursday from \
                    nine to seven, on Friday from eight to four, and on Saturday from ten to two, but never on a Sunday, for \
                    we would not come in on that day. The rest is written on our door, on the paper next to the bell, if you \
                    come by and look at it.";

fn conditions(loss: f64, jitter_ms: u64) -> Conditions {
    Conditions { loss, jitter: Duration::from_millis(jitter_ms), ..Conditions::default() }
}

/// Ordinary calls on this line keep every promise; and while the agent speaks and the caller listens, it never falls silent.
fn holds(line: &Line) {
    for seed in 0..40 {
        let outcome = World::new(Script { line: line.clone(), ..script(seed) }).run();
        outcome.must_hold(&format!("seed {seed} on {line:?}"));
    }
    for seed in 0..6 {
        let acts = vec![
            Act { when: When::AgentQuiet(700), what: What::Say { words: 4 } },
            Act { when: When::AgentQuiet(7_000), what: What::HangUp },
        ];
        let script = Script::new(seed, acts, vec![Answer::new(300, LONG)]);
        let outcome = World::new(Script { line: line.clone(), ..script }).run();
        outcome.must_hold(&format!("listening, seed {seed} on {line:?}"));
        let stops = outcome.times(|note| matches!(note, Note::Pause | Note::Mute));
        assert!(stops.is_empty(), "seed {seed} on {line:?}: silenced at {stops:?}");
        assert_eq!(outcome.asked().len(), 1, "seed {seed} on {line:?}");
    }
}

#[test]
fn five_percent_loss_with_40_ms_jitter_costs_no_slot_and_interrupts_nobody() {
    holds(&Line::with(conditions(0.05, 40)));
}

#[test]
fn ten_percent_loss_costs_no_slot_and_interrupts_nobody() {
    holds(&Line::with(conditions(0.10, 5)));
}

/// The line of the live loss test, its 5 % in bursts of 60 ms on average: holes longer than what is made up for.
#[test]
fn five_percent_loss_in_bursts_with_40_ms_jitter_costs_no_slot_and_interrupts_nobody() {
    holds(&Line::with(Conditions { bursts: Some(Bursts::of(3.0, 0.05)), ..conditions(0.0, 40) }));
}

#[test]
fn reordering_costs_no_slot_and_interrupts_nobody() {
    let stragglers = Conditions { stragglers: 0.05, held_up: Duration::from_millis(45), ..conditions(0.0, 35) };
    holds(&Line::with(stragglers));
}

#[test]
fn duplicates_cost_no_slot_and_interrupt_nobody() {
    holds(&Line::with(Conditions { duplicates: 0.20, ..conditions(0.0, 30) }));
}

#[test]
fn a_clock_200_ppm_slow_costs_no_slot_and_interrupts_nobody() {
    holds(&Line { drift_ppm: 200, ..Line::with(conditions(0.0, 10)) });
}

#[test]
fn a_clock_200_ppm_fast_costs_no_slot_and_interrupts_nobody() {
    holds(&Line { drift_ppm: -200, ..Line::with(conditions(0.0, 10)) });
}

/// 3,000 ppm: no telephone is so wrong, and in a call of a minute it is what 200 ppm are in one of a quarter of an hour. The words
/// of the caller and the slots are what they would be, and the clock was made up for, more than once.
#[test]
fn a_clock_that_is_far_out_is_made_up_for_and_costs_no_word() {
    for drift_ppm in [3_000, -3_000] {
        for seed in 0..6 {
            let turn = Act { when: When::AgentQuiet(700), what: What::Say { words: 6 } };
            let mut acts = vec![turn; 10];
            acts.push(Act { when: When::AgentQuiet(7_000), what: What::HangUp });
            let line = Line { drift_ppm, ..Line::with(conditions(0.0, 10)) };
            let outcome = World::new(Script { line, ..Script::new(seed, acts, Vec::new()) }).run();
            outcome.must_hold(&format!("seed {seed} at {drift_ppm} ppm"));
            let (lasted, corrections) = (outcome.lasted, outcome.drift_corrections);
            assert!(corrections >= 3, "seed {seed} at {drift_ppm} ppm: {corrections} corrections in {lasted:?}");
        }
    }
}
