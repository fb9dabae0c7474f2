//! Agents and voices that fail: what is said twice, what is not, and after how many apologies there are no more.

use super::*;

fn text(words: &str) -> agent::Event {
    agent::Event::Text(Pii::new(words.to_owned()))
}

/// Asking again would not help.
fn hopeless() -> agent::Event {
    agent::Event::Failed(ProviderError { kind: ErrorKind::Unauthorised, ..refused() })
}

fn voice_fails(bench: &mut Bench) {
    let id = bench.begun();
    bench.event(Event::Tts(tts::Event::Failed { id, error: refused() }));
}

fn given(bench: &Bench) -> String {
    let given = bench.effects.iter().filter_map(|effect| match effect {
        Effect::Tts { input: tts::Input::Text { text, .. }, .. } => Some(text.reveal().as_str()),
        _ => None,
    });
    given.collect()
}

#[test]
fn two_failures_are_apologised_for_and_the_third_ends_the_call() {
    let mut bench = Bench::new(false);
    for _ in 0..2 {
        bench.say("Are you open?");
        bench.agent(hopeless());
        bench.wait(Duration::from_secs(2));
        assert_eq!((bench.machine.floor(), bench.ended()), (Floor::Open, None));
    }
    bench.say("Are you open?");
    bench.agent(hopeless());
    bench.wait(Duration::from_secs(2));
    assert_eq!(bench.ended(), Some(EndReason::Failed));
}

#[test]
fn an_answer_that_breaks_off_after_its_first_words_is_not_asked_for_again() {
    type Break = fn(&mut Bench);
    let breaks: [Break; 3] = [
        |_| {},
        // Tools run: the words before them are a whole utterance.
        |bench| {
            bench.agent(agent::Event::ToolStarted { name: "hours" });
            bench.agent(agent::Event::ToolDone { name: "hours", ok: true });
            bench.agent(agent::Event::ToolStarted { name: "hours" });
        },
        // All was heard to the last word, and a filler follows it.
        |bench| {
            let id = bench.speaks("", 3_200);
            for (at, word) in [(0, "We"), (3, "are"), (7, "open"), (12, "today.")] {
                let (len, from) = (word.len(), at as u64 * 160);
                bench.event(Event::Tts(tts::Event::Word { id, at, len, from, to: from + 320, exact: true }));
            }
            bench.leg(&Output::Played { id, samples: 3_200 });
            bench.leg(&Output::Dry { id, slot: 11 });
            bench.later(CallConfig::default().filler());
            assert_eq!(bench.machine.counters().fillers, 1);
        },
    ];
    for happens in breaks {
        let mut bench = Bench::new(false);
        bench.say("Are you open?");
        bench.agent(text("We are open today. And"));
        happens(&mut bench);
        bench.agent(agent::Event::Failed(refused()));
        assert_eq!((bench.asked().len(), bench.recovered(Recovery::Apologised)), (1, 1));
    }
}

#[test]
fn nothing_is_said_of_an_answer_that_was_given_up_nor_of_one_that_is_over() {
    let mut bench = Bench::new(false);
    bench.say("Are you open?");
    let first = bench.asked()[0].number;
    bench.agent(agent::Event::Failed(refused()));
    assert_eq!(bench.asked().len(), 2);
    bench.event(Event::Agent { turn: first, event: text("No, never ever. And") });
    bench.agent(text("Yes, we are. "));
    bench.agent(agent::Event::Done);
    bench.agent(text("And another thing. "));
    assert_eq!(given(&bench), "Yes, we are. ");
}

#[test]
fn an_apology_that_is_recorded_is_heard_though_no_voice_speaks() {
    let mut bench = Bench::with_person();
    bench.say("Are you open?");
    bench.agent(text("Yes, we are. "));
    bench.agent(agent::Event::Done);
    voice_fails(&mut bench);
    assert_eq!(bench.recovered(Recovery::Apologised), 1);
    assert_eq!(bench.count(|effect| matches!(effect, Effect::CancelThought)), 0, "it was complete");
    // What follows the apology is no question: a "yes" over it answers nothing.
    let (id, _) = bench.machine.poll_audio(8_000).expect("the apology");
    bench.machine.audio_taken();
    bench.collect();
    bench.leg(&Output::Finished { id, samples: 3_200 });
    assert_eq!(bench.machine.expecting(), ExpectKind::Nothing);
    bench.hear_out();
    assert_eq!(bench.transfers(), 1);
}

#[test]
fn an_answer_that_no_voice_can_say_is_not_waited_for() {
    let mut bench = Bench::new(false);
    bench.say("Are you open?");
    bench.agent(text("Yes, we are. And"));
    voice_fails(&mut bench);
    assert_eq!(bench.count(|effect| matches!(effect, Effect::CancelThought)), 1);
    assert_eq!(bench.due(Timer::Agent), None);
}

#[test]
fn a_caller_to_whom_nothing_can_be_said_is_passed_on_twice_and_then_let_go() {
    let config = CallConfig { transfer_to: Some(PERSON.to_owned()), ..CallConfig::default() };
    let canned = Canned::texts();
    let mut bench = Bench::answered(Setup { config: Arc::new(config), canned: Arc::new(canned), ..setup(false) });
    bench.agent(text("Hello. "));
    bench.agent(agent::Event::Done);
    voice_fails(&mut bench);
    for transfers in 1..=2 {
        assert_eq!((bench.transfers(), bench.recovered(Recovery::Apologised)), (transfers, 0));
        bench.signal(Signal::Transferred(Err(486)));
        voice_fails(&mut bench);
    }
    voice_fails(&mut bench);
    bench.wait(Duration::from_secs(2));
    assert_eq!((bench.transfers(), bench.ended()), (2, Some(EndReason::Failed)));
}
