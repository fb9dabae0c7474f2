//! Whole calls to the real agent whose models fail, each fault at each place: no silence over 3 s while words are owed, no word twice,
//! tools once, and every call ends as it should.

use attendant::agent::Who;
use attendant::call::timeline::{EndReason, Entry, Recovery};

use super::caller::{Act, What, When};
use super::models::{ANSWER, LOOKS, PLACES, Place, Script as Model, TROUBLES, Trouble};
use super::world::{Outcome, Script, World};

const APOLOGY: &str = "I am sorry something went wrong";

fn call(models: Vec<Model>, acts: Vec<Act>) -> Outcome {
    World::new(Script { models, transfer_to: Some("+16045550100".to_owned()), ..Script::new(7, acts, Vec::new()) })
        .run()
}

/// Asks once and hears the answer out.
fn asks() -> Vec<Act> {
    vec![
        Act { when: When::AgentQuiet(700), what: What::Say { words: 4 } },
        Act { when: When::AgentQuiet(5_000), what: What::HangUp },
    ]
}

fn said(outcome: &Outcome) -> String {
    outcome.lines(Who::Agent).join(" ")
}

fn recovered(outcome: &Outcome, wanted: Recovery) -> usize {
    let is = |entry: &&Entry| matches!(entry, Entry::Recovered { what, .. } if *what == wanted);
    outcome.transcript.iter().filter(is).count()
}

fn times(text: &str, word: &str) -> usize {
    text.split(|c: char| !c.is_alphanumeric()).filter(|other| *other == word).count()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

#[test]
fn each_fault_at_each_place_of_an_answer_costs_no_word_while_another_model_is_well() {
    println!("{:<14} {:<24} recoveries", "fault", "place");
    for trouble in TROUBLES {
        for place in PLACES {
            let what = format!("{trouble:?} {place:?}");
            let first = Model { trouble: Some((trouble, place)), tool: place.has_tool(), ..Model::well("first") };
            let second = Model { tool: place.has_tool(), ..Model::well("second") };
            let outcome = call(vec![first, second], asks());
            outcome.must_hold(&what);
            let heard = said(&outcome);
            assert_eq!(outcome.reason, Some(EndReason::Caller), "{what}: {heard}");
            assert!(!heard.contains(APOLOGY), "{what}: {heard}");
            // What ends early and says that it has ended cannot be told from a short answer.
            let shows =
                matches!(place, Place::BeforeTheFirstWord | Place::WithinTheCall | Place::BeforeTheResultIsTold);
            let is_cut = trouble == Trouble::Ends && !shows;
            for word in words(ANSWER).chain(words(LOOKS).filter(|_| place.has_tool())) {
                let times = times(&heard, word);
                assert!(times == 1 || (is_cut && times == 0), "{what}: {word} {times} times in {heard}");
            }
            assert_eq!(outcome.tools_run, usize::from(place.has_tool()), "{what}");
            let recoveries = recovered(&outcome, Recovery::NextModel) + recovered(&outcome, Recovery::Hedged);
            assert_eq!(recoveries > 0, !is_cut, "{what}: {:#?}", outcome.transcript);
            println!("{:<14} {:<24} {recoveries}", format!("{trouble:?}"), format!("{place:?}"));
        }
    }
}

#[test]
fn each_fault_at_each_place_ends_in_words_and_a_person_when_every_model_has_it() {
    for trouble in TROUBLES.into_iter().filter(|trouble| *trouble != Trouble::Ends) {
        for place in PLACES {
            let what = format!("{trouble:?} {place:?}");
            let model = |name| Model { trouble: Some((trouble, place)), tool: place.has_tool(), ..Model::well(name) };
            let outcome = call(vec![model("first"), model("second")], asks());
            outcome.must_hold(&what);
            let heard = said(&outcome);
            assert_eq!(outcome.reason, Some(EndReason::Transferred), "{what}: {heard}");
            assert!(heard.contains(APOLOGY), "{what}: {heard}");
            for word in words(ANSWER).chain(words(LOOKS)) {
                assert!(times(&heard, word) <= 1, "{what}: {word} twice in {heard}");
            }
            assert!(outcome.tools_run <= 1, "{what}");
        }
    }
}

#[test]
fn a_model_that_is_always_late_is_raced_and_the_answer_is_heard_once() {
    let late = Model { first_ms: 2_600, ..Model::well("first") };
    let outcome = call(vec![late, Model::well("second")], asks());
    outcome.must_hold("late");
    assert_eq!(recovered(&outcome, Recovery::Hedged), 1);
    for word in words(ANSWER) {
        assert_eq!(times(&said(&outcome), word), 1, "{word}");
    }
}

#[test]
fn cancelling_at_every_50_ms_of_an_answer_leaves_nothing_audible_and_no_request_open() {
    // The requests are counted by the models: one that outlives its answer fails the call.
    for stalls in [false, true] {
        let trouble = stalls.then_some((Trouble::Stalls, Place::BeforeTheFirstWord));
        for after in (0..60).map(|n| n * 50) {
            for when in [When::AgentSpeaking(after), When::AfterSelf(700 + after)] {
                let acts = vec![
                    Act { when: When::AgentQuiet(700), what: What::Say { words: 4 } },
                    Act { when, what: What::Say { words: 4 } },
                    Act { when: When::AgentQuiet(5_000), what: What::HangUp },
                ];
                let first = Model { trouble, token_ms: 120, ..Model::well("first") };
                let outcome = call(vec![first, Model { token_ms: 120, ..Model::well("second") }], acts);
                outcome.must_hold(&format!("{when:?}, stalls: {stalls}"));
                assert_eq!(outcome.reason, Some(EndReason::Caller), "{when:?}");
                assert!(said(&outcome).contains("november"), "{when:?}: the second question is answered");
            }
        }
    }
}
