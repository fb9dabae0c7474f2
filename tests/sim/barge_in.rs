//! The caller speaks while the agent thinks, begins, speaks, waits for a tool, or has almost finished: in each case the wire is
//! silent within a slot of the decision, what was said is what was heard, and the caller is answered.

use attendant::agent::Who;
use attendant::stt::Partials;
use attendant_media::time::Time;

use super::brain::Answer;
use super::caller::{Act, What, When};
use super::invariants::Invariant;
use super::voices::SAMPLES_PER_BYTE;
use super::world::{Note, Outcome, Script, World};

/// 52 bytes: 3,120 ms of speech.
const ANSWER: &str = "We are open from nine to five on every working day.";
const SECOND: &str = "Then I will look for another time.";

/// The caller asks, then speaks `when` the agent is where the test wants it. Each with seeds of its own: the network and the
/// providers take other times.
fn barge_in(when: When, first: Answer, words: usize) -> Vec<Outcome> {
    (0..8)
        .map(|seed| {
            let acts = vec![
                Act { when: When::AgentQuiet(700), what: What::Say { words: 4 } },
                Act { when, what: What::Say { words } },
                // Longer than the wait for an answer, shorter than "Are you still there?".
                Act { when: When::AgentQuiet(7_000), what: What::HangUp },
            ];
            let answers = vec![first.clone(), Answer::new(300, SECOND)];
            let partials = if seed % 2 == 0 { Partials::Changing } else { Partials::WithStable };
            let outcome = World::new(Script { partials, ..Script::new(seed, acts, answers) }).run();
            outcome.must_hold(&format!("{when:?}, seed {seed}"));
            outcome
        })
        .collect()
}

/// Every word of the caller is in what the agent was asked with last, and the last answer was heard whole.
fn is_answered(outcome: &Outcome) {
    let asked = outcome.asked();
    let shown = asked.last().expect("the agent was asked");
    let caller: Vec<&str> =
        shown.iter().filter(|line| line.0 == Who::Caller).flat_map(|line| line.1.split_whitespace()).collect();
    for word in outcome.stretches.iter().flat_map(|stretch| &stretch.sound.words) {
        assert!(caller.contains(&word.as_str()), "{word} is not in {shown:?}");
    }
    let last = outcome.lines(Who::Agent).last().copied().map(str::to_owned);
    assert_eq!(last.as_deref().map(|line| line.ends_with(SECOND)), Some(true), "{last:?} after {shown:?}");
}

/// The first decision after the caller began to speak for the second time: a pause, or the cut if nothing could be paused.
fn decided(outcome: &Outcome) -> Time {
    let began = outcome.stretches[1].from;
    let stops = outcome.times(|note| matches!(note, Note::Pause | Note::Mute));
    *stops.iter().find(|at| **at >= began).expect("the agent fell silent for the caller")
}

/// From the slot after the decision's on the wire is silent, until the next speech is made audible.
fn is_silent_from_the_next_slot(outcome: &Outcome) {
    let decided = decided(outcome);
    let sounds = |note: &Note| matches!(note, Note::Audible(_) | Note::Resume { .. });
    let until = outcome.times(sounds).into_iter().find(|at| *at > decided).unwrap_or(Time::NEVER);
    let mut after = outcome.slots.iter().filter(|slot| slot.at > decided && slot.at < until);
    let first = after.next().expect("the call went on");
    assert!(first.at.since(decided).as_millis() <= 20, "the next slot is at most 20 ms away");
    // The 5 ms of the fade are in the first slot; the watch has seen to the rest of it.
    assert!(after.all(|slot| !slot.sounds), "sound after {decided:?}");
}

#[test]
fn a_caller_who_goes_on_while_the_agent_thinks_is_answered_once_and_the_first_answer_is_never_heard() {
    for outcome in barge_in(When::AfterSelf(1_300), Answer::new(2_500, ANSWER), 5) {
        assert!(outcome.times(|note| *note == Note::CancelThought).len() == 1, "the thought was dropped");
        let heard = outcome.lines(Who::Agent);
        assert!(!heard.iter().any(|line| line.contains("open")), "{heard:?}");
        is_answered(&outcome);
    }
}

#[test]
fn a_caller_who_speaks_at_the_first_audio_of_the_answer_silences_it_in_the_next_slot() {
    for after in [0, 20, 60, 120] {
        for outcome in barge_in(When::AgentSpeaking(after), Answer::new(300, ANSWER), 5) {
            is_silent_from_the_next_slot(&outcome);
            is_answered(&outcome);
        }
    }
}

#[test]
fn a_caller_who_speaks_in_the_middle_of_the_answer_silences_it_in_the_next_slot() {
    for after in [700, 1_300, 1_900] {
        for outcome in barge_in(When::AgentSpeaking(after), Answer::new(300, ANSWER), 5) {
            is_silent_from_the_next_slot(&outcome);
            let asked = outcome.asked();
            let cut = asked.last().and_then(|shown| shown.iter().find(|line| line.2)).cloned();
            let (_, heard, _) = cut.expect("the history says that the agent was cut");
            assert!(ANSWER.starts_with(&heard) && heard.len() < ANSWER.len(), "{heard:?}");
            is_answered(&outcome);
        }
    }
}

#[test]
fn a_caller_who_speaks_in_the_last_200_ms_of_the_answer_is_answered_and_nothing_is_said_twice() {
    let whole = ANSWER.len() as u64 * SAMPLES_PER_BYTE / 16;
    let mut paused = 0;
    // A voice is noticed some 100 ms after it began.
    for before in (0..=340).step_by(20) {
        for outcome in barge_in(When::AgentSpeaking(whole - before), Answer::new(300, ANSWER), 5) {
            let decided = outcome.times(|note| matches!(note, Note::Pause | Note::Mute));
            if decided.iter().any(|at| *at >= outcome.stretches[1].from) {
                paused += 1;
                is_silent_from_the_next_slot(&outcome);
            }
            is_answered(&outcome);
        }
    }
    assert!(paused > 40, "only {paused} of these calls were cut at all");
}

#[test]
fn a_tool_that_runs_when_the_caller_speaks_is_not_cancelled_and_its_result_is_used_once() {
    for outcome in barge_in(When::AfterSelf(2_000), Answer::new(300, ANSWER).with_tool(3_500), 5) {
        assert_eq!(outcome.tools_run, 1);
        let heard = outcome.lines(Who::Agent).join(" ");
        assert_eq!(heard.matches("result1").count(), 1, "{heard}");
        is_answered(&outcome);
    }
}

#[test]
fn a_filler_over_a_running_tool_falls_silent_for_the_caller_in_the_next_slot() {
    // The first filler comes 1.2 s after the endpoint, which is 700 ms after the last word.
    for outcome in barge_in(When::AgentSpeaking(300), Answer::new(300, ANSWER).with_tool(6_000), 5) {
        is_silent_from_the_next_slot(&outcome);
        assert_eq!(outcome.tools_run, 1);
        let heard = outcome.lines(Who::Agent).join(" ");
        assert_eq!(heard.matches("result1").count(), 1, "{heard}");
        is_answered(&outcome);
    }
}

#[test]
fn no_id_of_a_dropped_answer_is_ever_audible_again() {
    for after in [40, 400, 1_100, 2_600] {
        for outcome in barge_in(When::AgentSpeaking(after), Answer::new(300, ANSWER), 4) {
            let ids = outcome.notes.iter().filter_map(|(_, note)| match note {
                Note::Audible(id) => Some(*id),
                _ => None,
            });
            let ids: Vec<_> = ids.collect();
            assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "{ids:?}");
            assert!(!outcome.broken.iter().any(|(which, _)| *which == Invariant::OneAudibleSpeech));
        }
    }
}
