//! Coughs, clicks, "uh-huh" over the agent, as sound through the leg and its voice detector, in the default configuration: the
//! agent goes on with no word lost and no turn counted. And the lone "yes" that is an answer.

use attendant::agent::{ExpectKind, Who};
use attendant::call::timeline::Entry;
use attendant::language::Language;

use super::brain::Answer;
use super::caller::{Act, Sound, What, When};
use super::sound;
use super::world::{Note, Outcome, Script, World};

/// 66 bytes: 4 s of speech.
const ANSWER: &str = "The clinic is open from nine to five and closed on every holiday.";
/// 41 bytes: 2.5 s.
const QUESTION: &str = "Shall I book the visit for you on Monday?";

fn call(seed: u64, language: Language, answer: Answer, over: &[(When, Sound)]) -> Outcome {
    let mut acts = vec![Act { when: When::AgentQuiet(700), what: What::Say { words: 4 } }];
    acts.extend(over.iter().map(|(when, sound)| Act { when: *when, what: What::Sound(sound.clone()) }));
    acts.push(Act { when: When::AgentQuiet(7_000), what: What::HangUp });
    let answers = vec![answer, Answer::new(300, "Very well.")];
    World::new(Script { language, ..Script::new(seed, acts, answers) }).run()
}

/// The agent's answer was heard to its end, in one piece, and nothing but the first question was a turn.
fn went_on(outcome: &Outcome, what: &str) {
    outcome.must_hold(what);
    assert_eq!(outcome.asked().len(), 1, "{what}: counted as a turn: {:?}", outcome.lines(Who::Caller));
    let heard = |entry: &Entry| match entry {
        Entry::Line { who: Who::Agent, text, cut, .. } => text.reveal() == ANSWER && !cut,
        _ => false,
    };
    assert!(outcome.transcript.iter().any(heard), "{what}: {:?}", outcome.lines(Who::Agent));
    for (_, note) in &outcome.notes {
        if let Note::Resume { back } = note {
            assert!(*back <= 6_400, "{what}: resumed {back} samples back");
        }
    }
    let sounded = outcome.stretches.last().expect("the sound").to;
    if let Some(resumed) = outcome.times(|note| matches!(note, Note::Resume { .. })).last() {
        // 200 ms until the voice has ended, and the recogniser's last words.
        assert!(resumed.since(sounded).as_millis() < 1_000, "{what}: went on {:?} later", resumed.since(sounded));
    }
}

fn pauses(outcome: &Outcome) -> usize {
    outcome.times(|note| *note == Note::Pause).len()
}

/// The entries of a list in the language's phrase file.
fn listed(language: Language, lists: &[&str]) -> Vec<String> {
    let file = format!("{}/agents/{language}/phrases.toml", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&file).expect("every language has its phrases");
    let table: toml::Table = text.parse().expect("the phrases are TOML");
    let entries = lists.iter().flat_map(|list| table["words"][list].as_array().expect("a list").clone());
    entries.map(|entry| entry.as_str().expect("a phrase").to_owned()).collect()
}

#[test]
fn a_cough_over_the_agent_costs_no_word_and_is_no_turn() {
    for seed in 0..24 {
        let cough = Sound::noise(sound::cough(seed));
        let after = When::AgentSpeaking(300 + 130 * u64::from(seed));
        let outcome = call(seed.into(), Language::English, Answer::new(300, ANSWER), &[(after, cough)]);
        went_on(&outcome, &format!("cough {seed}"));
    }
}

#[test]
fn three_coughs_in_a_row_are_no_interruption_either() {
    for seed in 0..8 {
        let coughs = [
            (When::AgentSpeaking(900), Sound::noise(sound::cough(seed))),
            (When::AfterSelf(120), Sound::noise(sound::cough(seed + 100))),
            (When::AfterSelf(200), Sound::noise(sound::cough(seed + 200))),
        ];
        let outcome = call(seed.into(), Language::English, Answer::new(300, ANSWER), &coughs);
        went_on(&outcome, &format!("coughs {seed}"));
    }
}

#[test]
fn a_sound_like_a_voice_and_without_words_costs_no_word_and_is_no_turn() {
    let mut paused = 0;
    for seed in 0..24_usize {
        // A groan, somebody else in the room: 350 ms of recorded speech of which nothing is understood.
        let groan = Sound::noise(sound::speech()[1_800 * seed..][..2_800].into());
        let after = When::AgentSpeaking(200 + 140 * seed as u64);
        let outcome = call(seed as u64, Language::English, Answer::new(300, ANSWER), &[(after, groan)]);
        went_on(&outcome, &format!("groan {seed}"));
        paused += pauses(&outcome);
    }
    assert!(paused > 15, "only {paused} of 24 were noticed: the resume was not put to the test");
}

#[test]
fn clicks_do_not_even_pause_the_agent() {
    for seed in 0..12 {
        let clicks = [
            (When::AgentSpeaking(700), Sound::noise(sound::click(seed))),
            (When::AfterSelf(500), Sound::noise(sound::click(seed + 50))),
        ];
        let outcome = call(seed.into(), Language::English, Answer::new(300, ANSWER), &clicks);
        went_on(&outcome, &format!("click {seed}"));
        assert_eq!(pauses(&outcome), 0, "click {seed}");
    }
}

#[test]
fn a_cough_into_the_silence_after_the_answer_is_no_turn() {
    for seed in 0..12 {
        let cough = Sound::noise(sound::cough(seed));
        let outcome = call(seed.into(), Language::English, Answer::new(300, ANSWER), &[(When::AgentQuiet(900), cough)]);
        went_on(&outcome, &format!("cough {seed}"));
    }
}

fn backchannels_go_on(language: Language) {
    let mut paused = 0;
    let listed = listed(language, &["backchannels", "hesitations"]);
    for (n, words) in (0..).zip(&listed) {
        let sound = Sound::backchannel(sound::spoken(words, language), words);
        let after = When::AgentSpeaking(250 + (n * 370) % 3_000);
        let outcome = call(n, language, Answer::new(300, ANSWER), &[(after, sound)]);
        went_on(&outcome, words);
        paused += pauses(&outcome);
    }
    assert!(paused * 2 > listed.len(), "only {paused} of {} were noticed at all", listed.len());
}

#[test]
fn english_backchannels_over_the_agent_cost_no_word_and_are_no_turn() {
    backchannels_go_on(Language::English);
}

#[test]
fn french_backchannels_over_the_agent_cost_no_word_and_are_no_turn() {
    backchannels_go_on(Language::French);
}

#[test]
fn mandarin_backchannels_over_the_agent_cost_no_word_and_are_no_turn() {
    backchannels_go_on(Language::Mandarin);
}

#[test]
fn cantonese_backchannels_over_the_agent_cost_no_word_and_are_no_turn() {
    backchannels_go_on(Language::Cantonese);
}

#[test]
fn punjabi_backchannels_over_the_agent_cost_no_word_and_are_no_turn() {
    backchannels_go_on(Language::Punjabi);
}

/// The words were the caller's second turn.
fn answered(outcome: &Outcome, words: &str) {
    outcome.must_hold(words);
    assert_eq!(outcome.lines(Who::Caller).get(1), Some(&words), "no answer: {:?}", outcome.lines(Who::Caller));
    assert_eq!(outcome.asked().len(), 2, "{words}");
}

#[test]
fn a_lone_yes_or_no_after_a_question_is_an_answer_in_every_language() {
    for language in Language::ALL {
        for (n, words) in (0..).zip(listed(language, &["yes", "no"])) {
            let sound = Sound::words(sound::spoken(&words, language), &words);
            let question = Answer::new(300, QUESTION).expecting(ExpectKind::YesNo);
            answered(&call(n, language, question, &[(When::AgentQuiet(300), sound)]), &words);
        }
    }
}

#[test]
fn a_lone_yes_or_no_into_the_end_of_a_question_is_an_answer_in_every_language() {
    for language in Language::ALL {
        for (n, words) in (0..).zip(listed(language, &["yes", "no"])) {
            let sound = Sound::words(sound::spoken(&words, language), &words);
            let question = Answer::new(300, QUESTION).expecting(ExpectKind::YesNo);
            answered(&call(n, language, question, &[(When::AgentSpeaking(1_900), sound)]), &words);
        }
    }
}

#[test]
fn what_only_begins_like_a_backchannel_interrupts() {
    for (n, words) in (0..).zip(["got a question", "right but not on Monday", "I see a problem", "thank you but no"]) {
        let sound = Sound::words(sound::spoken(words, Language::English), words);
        let outcome = call(n, Language::English, Answer::new(300, ANSWER), &[(When::AgentSpeaking(800), sound)]);
        answered(&outcome, words);
        assert!(outcome.times(|note| *note == Note::Mute).len() == 1, "{words}");
    }
}
