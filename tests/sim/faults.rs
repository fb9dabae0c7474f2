//! Faults planted between machine, leg and providers: each must be caught by an invariant of its own, or the invariants are
//! worth nothing.

use std::time::Duration;

use super::caller::{Act, Sound, What, When};
use super::calls::script;
use super::echo;
use super::invariants::Invariant;
use super::line::Echo;
use super::sound;
use super::world::{Script, World};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    LateChunkAudible,
    ResumeLost,
    DoubleSpeech,
    SlotsRebased,
    StuckState,
    ChunkLost,
    PauseLost,
    HeardTooMuch,
    SendsAfterTheEnd,
    EndsTwice,
    FinalTwice,
    NoFillers,
    EarsUnplugged,
    TimersLost,
    /// A mark of what was cleared is believed.
    StaleMark,
    EchoForCaller,
    HoldSpeaks,
    /// The machine learns late that the call was answered.
    AnsweredLate,
}

impl Fault {
    /// How often it strikes in a call.
    pub const fn strikes(self) -> u32 {
        match self {
            Self::EarsUnplugged
            | Self::TimersLost
            | Self::StuckState
            | Self::NoFillers
            | Self::StaleMark
            | Self::EchoForCaller
            | Self::HoldSpeaks => u32::MAX,
            Self::LateChunkAudible
            | Self::ResumeLost
            | Self::DoubleSpeech
            | Self::ChunkLost
            | Self::SlotsRebased
            | Self::PauseLost
            | Self::HeardTooMuch
            | Self::SendsAfterTheEnd
            | Self::EndsTwice
            | Self::FinalTwice
            | Self::AnsweredLate => 1,
        }
    }
}

/// Some seeds of ordinary calls with the fault in them: at least one must break this invariant.
fn is_caught(fault: Fault, by: Invariant) {
    is_caught_in(script, fault, by);
}

/// The same in calls of this kind, none of which breaks it without the fault.
fn is_caught_in(script: impl Fn(u64) -> Script, fault: Fault, by: Invariant) {
    let mut others = std::collections::BTreeSet::new();
    for seed in 0..40 {
        let sound = World::new(script(seed)).run();
        assert!(!sound.broken.iter().any(|(invariant, _)| *invariant == by), "{by:?} without a fault: {sound:#?}");
        let outcome = World::new(Script { fault: Some(fault), ..script(seed) }).run();
        if outcome.broken.iter().any(|(invariant, _)| *invariant == by) {
            return;
        }
        others.extend(outcome.broken.into_iter().map(|(invariant, _)| invariant));
    }
    panic!("{fault:?} was not caught by {by:?}; broken were {others:?}");
}

#[test]
fn a_late_chunk_that_is_heard_is_caught() {
    is_caught(Fault::LateChunkAudible, Invariant::OneAudibleSpeech);
}

#[test]
fn a_lost_resume_is_caught() {
    // Something without words over the first answer, and then a caller who listens.
    let groan = |seed: u64| {
        let sound = Sound::noise(sound::speech()[1_100 * seed as usize..][..2_800].into());
        let acts = vec![
            Act { when: When::AgentQuiet(700), what: What::Say { words: 4 } },
            Act { when: When::AgentSpeaking(400), what: What::Sound(sound) },
            Act { when: When::AgentQuiet(9_000), what: What::HangUp },
        ];
        Script::new(seed, acts, Vec::new())
    };
    is_caught_in(groan, Fault::ResumeLost, Invariant::PauseEnds);
}

#[test]
fn speech_played_twice_is_caught() {
    is_caught(Fault::DoubleSpeech, Invariant::NoGapNoRepeat);
}

#[test]
fn a_rebased_slot_is_caught() {
    is_caught(Fault::SlotsRebased, Invariant::SlotForSlot);
}

#[test]
fn a_stuck_state_is_caught() {
    is_caught(Fault::StuckState, Invariant::NoOwedSilence);
}

#[test]
fn a_lost_chunk_is_caught() {
    is_caught(Fault::ChunkLost, Invariant::NoGapNoRepeat);
}

#[test]
fn a_second_end_is_caught() {
    is_caught(Fault::EndsTwice, Invariant::EndReasonOnce);
}

#[test]
fn words_heard_twice_are_caught() {
    is_caught(Fault::FinalTwice, Invariant::NoCallerWordLost);
}

#[test]
fn missing_fillers_are_caught() {
    is_caught(Fault::NoFillers, Invariant::NoOwedSilence);
}

#[test]
fn a_lost_pause_is_caught() {
    is_caught(Fault::PauseLost, Invariant::SilentWithinASlot);
}

#[test]
fn more_heard_than_sent_is_caught() {
    is_caught(Fault::HeardTooMuch, Invariant::HeardAtMostSent);
}

#[test]
fn a_packet_after_the_end_is_caught() {
    is_caught(Fault::SendsAfterTheEnd, Invariant::NothingAfterTheEnd);
}

#[test]
fn unplugged_ears_are_caught() {
    is_caught(Fault::EarsUnplugged, Invariant::NoCallerWordLost);
}

#[test]
fn a_stale_mark_is_caught() {
    // The carrier plays half a second late; the fault believes it of everything at once.
    let stream = |seed| Script { carrier: Some(Duration::from_millis(500)), ..script(seed) };
    is_caught_in(stream, Fault::StaleMark, Invariant::HistoryIsWhatWasHeard);
}

#[test]
fn an_echo_taken_for_a_caller_is_caught() {
    let echoing = |seed| echo::call("0890", Echo { delay_ms: 100 + 7 * seed, db: -12.0 }, None);
    is_caught_in(echoing, Fault::EchoForCaller, Invariant::NoFalseBargeIn);
}

#[test]
fn a_hold_that_speaks_is_caught() {
    let held = |seed| {
        let mut script = script(seed);
        script.acts.insert(1, Act { when: When::AgentSpeaking(300), what: What::Hold(4_000) });
        script
    };
    is_caught_in(held, Fault::HoldSpeaks, Invariant::HoldIsSilent);
}

#[test]
fn a_late_greeting_is_caught() {
    is_caught(Fault::AnsweredLate, Invariant::GreetingInTime);
}

#[test]
fn lost_timers_are_caught() {
    is_caught(Fault::TimersLost, Invariant::CallEnds);
}
