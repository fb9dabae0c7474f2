//! A recogniser that goes deaf at a flush, having said a part of the words: the next session hears the rest, and no word is lost or
//! comes twice.

use super::caller::{Act, What, When};
use super::mood::Mood;
use super::world::{Script, World};

/// The caller speaks over the greeting with so many words, is answered, asks again and hangs up.
fn goes_deaf(seed: u64, words: usize) -> Script {
    let acts = vec![
        Act { when: When::AgentSpeaking(500), what: What::Say { words } },
        Act { when: When::AgentQuiet(1_000), what: What::Say { words: 3 } },
        Act { when: When::AgentQuiet(16_000), what: What::HangUp },
    ];
    Script { ears: Mood::EmptyOnce, ..Script::new(seed, acts, Vec::new()) }
}

#[test]
fn words_after_the_last_partial_are_heard_by_the_next_session() {
    for seed in 0..10 {
        World::new(goes_deaf(seed, 6)).run().must_hold(&format!("seed {seed}"));
    }
}

/// The beginning of such a turn is no longer kept when it is to be heard again.
#[test]
fn a_turn_longer_than_what_can_be_heard_again_keeps_its_first_words() {
    for seed in 0..10 {
        World::new(goes_deaf(seed, 40)).run().must_hold(&format!("seed {seed}"));
    }
}
