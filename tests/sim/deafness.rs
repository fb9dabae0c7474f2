//! A recogniser that goes deaf at a flush, having said a part of the words: the next session hears the rest, and no word is lost or
//! comes twice.

use super::caller::{Act, What, When};
use super::mood::Mood;
use attendant::agent::Who;
use attendant::call::timeline::{Entry, Recovery};

use super::caller::Sound;
use super::sound;
use super::world::{Note, Outcome, Script, World};

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

fn recoveries(outcome: &Outcome, of: Recovery) -> usize {
    outcome.transcript.iter().filter(|entry| matches!(entry, Entry::Recovered { what, .. } if *what == of)).count()
}

/// Somebody who speaks as soon as the call is answered, to a recogniser that connects 2.4 s after that.
#[test]
fn first_words_are_kept_while_the_recogniser_still_connects() {
    for seed in 0..10 {
        let acts = vec![
            Act { when: When::AgentSpeaking(0), what: What::Say { words: 4 } },
            Act { when: When::AgentQuiet(16_000), what: What::HangUp },
        ];
        let outcome = World::new(Script { ears: Mood::ConnectsLate, ..Script::new(seed, acts, Vec::new()) }).run();
        outcome.must_hold(&format!("seed {seed}"));
        assert_eq!(outcome.lines(Who::Caller), ["c0w0 c0w1 c0w2 c0w3"], "seed {seed}");
        assert_eq!(recoveries(&outcome, Recovery::SttReopened), 0, "seed {seed}: it was late, and not deaf");
    }
}

/// 25 s of a sound like a voice and without a word of it: a radio, somebody who cries.
#[test]
fn a_long_sound_without_words_is_no_broken_recogniser() {
    for seed in 0..6 {
        let from = 500 * seed as usize;
        let audio = sound::speech()[from..].iter().chain(sound::speech()).cycle().take(25 * sound::RATE).copied();
        let acts = vec![
            Act { when: When::AgentQuiet(700), what: What::Sound(Sound::noise(audio.collect())) },
            Act { when: When::AfterSelf(2_000), what: What::Say { words: 4 } },
            Act { when: When::AgentQuiet(3_000), what: What::HangUp },
        ];
        let person = Some("+16045550100".to_owned());
        let outcome = World::new(Script { transfer_to: person, ..Script::new(seed, acts, Vec::new()) }).run();
        outcome.must_hold(&format!("seed {seed}"));
        // Whoever is next agrees that there is nothing in it.
        assert_eq!(recoveries(&outcome, Recovery::SttReopened), 1, "seed {seed}");
        assert_eq!(outcome.times(|note| *note == Note::Missed), [], "seed {seed}");
        assert_eq!(recoveries(&outcome, Recovery::Apologised), 0, "seed {seed}");
        assert_eq!(outcome.lines(Who::Caller), ["c1w0 c1w1 c1w2 c1w3"], "seed {seed}");
    }
}

/// A recogniser that is at work and answers, and never finds a word: its quota is used up.
#[test]
fn a_recogniser_that_finds_no_word_is_replaced_after_the_first_turn_and_no_word_is_lost() {
    for seed in 0..10 {
        for first in [When::AgentQuiet(700), When::AgentSpeaking(500)] {
            let acts = vec![
                Act { when: first, what: What::Say { words: 6 } },
                Act { when: When::AgentQuiet(1_000), what: What::Say { words: 5 } },
                Act { when: When::AgentQuiet(16_000), what: What::HangUp },
            ];
            let outcome = World::new(Script { ears: Mood::Wordless, ..Script::new(seed, acts, Vec::new()) }).run();
            outcome.must_hold(&format!("seed {seed}"));
            let said = outcome.lines(Who::Caller).join(" ");
            assert_eq!(said, "c0w0 c0w1 c0w2 c0w3 c0w4 c0w5 c1w0 c1w1 c1w2 c1w3 c1w4", "seed {seed} {first:?}");
            assert_eq!(recoveries(&outcome, Recovery::SttReopened), 1, "seed {seed} {first:?}");
            assert_eq!(outcome.times(|note| *note == Note::Missed).len(), 1, "seed {seed} {first:?}");
            assert_eq!(recoveries(&outcome, Recovery::Apologised), 0, "seed {seed} {first:?}");
        }
    }
}

/// The transcript has what a caller says on the way out, whoever had the floor.
#[test]
fn words_just_before_hanging_up_are_in_the_transcript() {
    for (seed, when) in (0..).zip([When::AgentQuiet(700), When::AgentSpeaking(400), When::AgentQuiet(2_000)].repeat(4))
    {
        let acts = vec![
            Act { when: When::AgentQuiet(700), what: What::Say { words: 3 } },
            Act { when, what: What::Say { words: 4 } },
            Act { when: When::AfterSelf(450), what: What::HangUp },
        ];
        let outcome = World::new(Script::new(seed, acts, Vec::new())).run();
        outcome.must_hold(&format!("seed {seed}"));
        assert_eq!(outcome.lines(Who::Caller).join(" "), "c0w0 c0w1 c0w2 c1w0 c1w1 c1w2 c1w3", "seed {seed}");
    }
}
