//! Faults planted between machine, leg and providers: each must be caught by an invariant of its own, or the invariants are
//! worth nothing.

use super::calls::script;
use super::invariants::Invariant;
use super::world::World;

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
}

impl Fault {
    /// How often it strikes in a call.
    pub const fn strikes(self) -> u32 {
        match self {
            Self::EarsUnplugged | Self::TimersLost | Self::StuckState | Self::NoFillers => u32::MAX,
            Self::LateChunkAudible
            | Self::ResumeLost
            | Self::DoubleSpeech
            | Self::ChunkLost
            | Self::SlotsRebased
            | Self::PauseLost
            | Self::HeardTooMuch
            | Self::SendsAfterTheEnd
            | Self::EndsTwice
            | Self::FinalTwice => 1,
        }
    }
}

/// Some seeds of ordinary calls with the fault in them: at least one must break this invariant.
fn is_caught(fault: Fault, by: Invariant) {
    let mut others = std::collections::BTreeSet::new();
    for seed in 0..40 {
        let mut script = script(seed);
        script.fault = Some(fault);
        let outcome = World::new(script).run();
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
    is_caught(Fault::ResumeLost, Invariant::PauseEnds);
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
fn lost_timers_are_caught() {
    is_caught(Fault::TimersLost, Invariant::CallEnds);
}
