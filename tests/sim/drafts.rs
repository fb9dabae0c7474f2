//! Answers begun where the recogniser thinks that the caller may have finished: what that saves, and that nobody hears a draft of words
//! that the caller went on from.

use std::time::Duration;

use attendant::agent::{self, Who};
use attendant::call::timeline::{EndReason, Entry};
use attendant::language::Language;
use attendant_media::time::Time;

use super::brain::Answer;
use super::caller::{Act, What, When};
use super::ears::Eager;
use super::world::{Note, Outcome, Script, World};

/// First token of the model.
const TOKEN_MS: u64 = 600;

/// A question of several words, with pauses of so many milliseconds in it, and a caller who listens to the answer.
fn asks(seed: u64, eager: Eager, pauses: &[u64], answer: Answer) -> Outcome {
    let mut acts = vec![Act { when: When::AgentQuiet(700), what: What::Say { words: 3 } }];
    acts.extend(pauses.iter().map(|pause| Act { when: When::AfterSelf(*pause), what: What::Say { words: 2 } }));
    acts.push(Act { when: When::AgentQuiet(700), what: What::HangUp });
    let outcome = World::new(Script { eager: Some(eager), ..Script::new(seed, acts, vec![answer]) }).run();
    outcome.must_hold(&format!("seed {seed}"));
    assert_eq!(outcome.reason, Some(EndReason::Caller));
    outcome
}

fn answer() -> Answer {
    Answer::new(TOKEN_MS, "We are open on Saturday from nine to one.")
}

/// From the caller's last sound to the first sound of the answer.
fn response(outcome: &Outcome) -> Duration {
    let asked = outcome.stretches.last().expect("the caller asked").to;
    let heard = outcome.slots.iter().find(|slot| slot.at > asked && slot.sounds).expect("it was answered").at;
    heard.since(asked)
}

/// Drafts begun, and answers that were drafted.
fn counters(outcome: &Outcome) -> (usize, usize) {
    let drafted = |entry: &&Entry| matches!(entry, Entry::Turn(turn) if turn.drafted_us.is_some());
    let begun = outcome.times(|note| matches!(note, Note::Draft(_))).len();
    (begun, outcome.transcript.iter().filter(drafted).count())
}

/// When a draft was begun, and when it was final or dropped: nothing may become audible in between.
fn unheard(outcome: &Outcome) {
    let mut since: Option<Time> = None;
    for (at, note) in &outcome.notes {
        match note {
            Note::Draft(_) => since = Some(*at),
            Note::ConfirmThought | Note::CancelThought => since = None,
            Note::Audible(id) => assert_eq!(since, None, "{id:?} became audible at {at:?} while a draft was no answer"),
            Note::ToolStarted => assert_eq!(since, None, "a tool ran at {at:?} for a draft"),
            Note::Think(_)
            | Note::Hears(_)
            | Note::Missed
            | Note::Pause
            | Note::Resume { .. }
            | Note::Mute
            | Note::ToolDone => {}
        }
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

#[test]
fn a_draft_with_the_same_words_is_heard_sooner_by_the_time_between_may_have_and_has_finished() {
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for seed in 0..40 {
        let drafted = asks(seed, Eager::FLUX, &[], answer());
        unheard(&drafted);
        assert_eq!(drafted.asked().len(), 0, "seed {seed}: the agent is asked once, as a draft");
        assert_eq!(counters(&drafted), (1, 1), "seed {seed}");
        with.push(response(&drafted));
        let plain = asks(seed, Eager { may_ms: None, ..Eager::FLUX }, &[], answer());
        assert_eq!(counters(&plain), (0, 0), "seed {seed}");
        without.push(response(&plain));
    }
    let (with, without) = (median(with), median(without));
    let saved = without.saturating_sub(with);
    println!(
        "response, median of 40 calls (model {TOKEN_MS} ms, may have finished after {:?} ms, has after {} ms): {} ms without drafts, {} ms with, {} ms saved",
        Eager::FLUX.may_ms,
        Eager::FLUX.has_ms,
        without.as_millis(),
        with.as_millis(),
        saved.as_millis()
    );
    // The time between the two signs, and that of the last words.
    assert!(saved >= Duration::from_millis(300), "{saved:?}");
    assert!(saved <= Duration::from_millis(TOKEN_MS), "{saved:?}");
}

#[test]
fn a_caller_who_goes_on_hears_nothing_of_the_draft_whether_the_recogniser_tells_or_not() {
    for tells_resumed in [true, false] {
        for seed in 0..20 {
            let eager = Eager { has_ms: 900, tells_resumed, ..Eager::FLUX };
            let outcome = asks(seed, eager, &[450], answer());
            unheard(&outcome);
            let (drafts, used) = counters(&outcome);
            assert_eq!((drafts, used), (2, 1), "seed {seed}: one for each end that may have been");
            let lines = outcome.lines(Who::Agent);
            let times = lines.iter().filter(|line| line.contains("Saturday")).count();
            assert_eq!(times, 1, "seed {seed}: {lines:?}");
            assert_eq!(outcome.lines(Who::Caller).len(), 1, "seed {seed}: it is one turn");
        }
    }
}

#[test]
fn a_tool_of_a_draft_runs_once_and_when_the_turn_is_final() {
    for pauses in [&[][..], &[450]] {
        for seed in 0..20 {
            let outcome = asks(seed, Eager { has_ms: 900, ..Eager::FLUX }, pauses, answer().with_tool(800));
            unheard(&outcome);
            assert_eq!(outcome.tools_run, 1, "seed {seed}");
            assert_eq!(outcome.times(|note| *note == Note::ToolStarted).len(), 1, "seed {seed}");
        }
    }
}

/// Flux knows no Punjabi: what hears it then gives no sign of an end, and our own wait ends turns.
#[test]
fn a_call_that_goes_on_in_a_language_in_which_nobody_tells_the_end_of_turns_is_heard_and_answered_all_the_same() {
    let say = |words| Act { when: When::AgentQuiet(700), what: What::Say { words } };
    for seed in 0..40 {
        let then = Some(agent::Event::Language(Language::Punjabi));
        let answers = vec![Answer { then, ..answer() }, Answer::new(TOKEN_MS, "Until one on Saturday."), answer()];
        let hang_up = Act { when: When::AgentQuiet(700), what: What::HangUp };
        let acts = vec![say(3), say(4), say(2), hang_up];
        let outcome = World::new(Script { eager: Some(Eager::FLUX), ..Script::new(seed, acts, answers) }).run();
        outcome.must_hold(&format!("seed {seed}"));
        unheard(&outcome);
        assert_eq!(outcome.reason, Some(EndReason::Caller), "seed {seed}");
        let hears: Vec<_> = outcome.notes.iter().filter_map(|(_, note)| note.hears()).collect();
        assert_eq!(hears, [Language::English, Language::Punjabi], "seed {seed}");
        assert_eq!(counters(&outcome), (1, 1), "seed {seed}: the first is drafted, and no other");
        assert_eq!(outcome.asked().len(), 2, "seed {seed}");
        assert_eq!(outcome.lines(Who::Caller).len(), 3, "seed {seed}");
        assert!(outcome.transcript.iter().all(|entry| !matches!(entry, Entry::Recovered { .. })), "seed {seed}");
    }
}

#[test]
fn a_caller_who_speaks_into_the_change_of_the_language_loses_no_word() {
    for seed in 0..60 {
        let then = Some(agent::Event::Language(Language::French));
        let answers = vec![Answer { then, ..answer() }, answer(), answer()];
        let over = Act { when: When::AfterSelf(400 + seed * 30), what: What::Say { words: 4 } };
        let first = Act { when: When::AgentQuiet(700), what: What::Say { words: 3 } };
        let hang_up = Act { when: When::AgentQuiet(900), what: What::HangUp };
        let script = Script { eager: Some(Eager::FLUX), ..Script::new(seed, vec![first, over, hang_up], answers) };
        let outcome = World::new(script).run();
        // Among the invariants: each word of the caller's is in the transcript once.
        outcome.must_hold(&format!("seed {seed}"));
        assert_eq!(outcome.reason, Some(EndReason::Caller), "seed {seed}");
    }
}
