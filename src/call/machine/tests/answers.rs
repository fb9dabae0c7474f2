//! Answers without words, voices without sound, text without end.

use super::*;
use crate::tts;

fn text(words: &str) -> agent::Event {
    agent::Event::Text(Pii::new(words.to_owned()))
}

#[test]
fn an_answer_without_words_behind_a_filler_is_asked_for_again() {
    let mut bench = Bench::new(false);
    bench.say("Are you open?");
    while bench.machine.counters().fillers == 0 {
        bench.time_out();
    }
    bench.agent(agent::Event::Done);
    bench.hear_out();
    assert_eq!(bench.asked().len(), 2);
    assert_eq!(bench.machine.floor(), Floor::Agent);
}

#[test]
fn an_answer_of_blanks_is_asked_for_again() {
    let mut bench = Bench::new(false);
    bench.say("Are you open?");
    bench.agent(text("  "));
    bench.agent(text("\n"));
    bench.agent(agent::Event::Done);
    assert_eq!(bench.asked().len(), 2);
    assert_eq!(bench.machine.floor(), Floor::Agent);
}

#[test]
fn a_caller_to_whom_nothing_can_be_said_is_passed_to_a_person_all_the_same() {
    let config = CallConfig { transfer_to: Some(PERSON.to_owned()), ..CallConfig::default() };
    let canned = Canned::texts();
    let mut bench = Bench::answered(Setup { config: Arc::new(config), canned: Arc::new(canned), ..setup(false) });
    bench.agent(text("Hello."));
    bench.agent(agent::Event::Done);
    bench.wait(Duration::from_secs(8));
    assert_eq!((bench.transfers(), bench.ended()), (1, None));
}

fn danger(what: Emergency) -> agent::Event {
    agent::Event::Danger { what, expect: Expect { kind: ExpectKind::YesNo, ..Expect::default() } }
}

#[test]
fn whom_to_dial_in_danger_is_said_from_its_recording_and_waits_for_no_voice() {
    let mut bench = Bench::new(false);
    bench.say("I have chest pain.");
    let before = bench.effects.len();
    bench.agent(danger(Emergency::Medical));
    bench.agent(agent::Event::Done);
    bench.hear_out();
    let effects = &bench.effects[before..];
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Tts { .. })), "{effects:?}");
    let said = effects.iter().find_map(|effect| match effect {
        Effect::Journal(Entry::Line { who: Who::Agent, text, cut, .. }) => Some((text.reveal().as_str(), *cut)),
        _ => None,
    });
    assert_eq!(said, Some(("Emergency(Medical)", false)));
    assert_eq!((bench.asked().len(), bench.machine.floor()), (1, Floor::Open), "answered, and the caller's turn");
    assert_eq!(bench.machine.asked.kind, ExpectKind::YesNo);
}

#[test]
fn whom_to_dial_in_danger_is_said_by_a_voice_where_nobody_recorded_it() {
    let mut bench = Bench::new(false);
    bench.say("I want to kill myself.");
    let before = bench.effects.len();
    bench.agent(danger(Emergency::Crisis));
    bench.agent(agent::Event::Done);
    let given = |effect: &Effect| match effect {
        Effect::Tts { input: tts::Input::Text { text, .. }, .. } => Some(text.reveal().clone()),
        _ => None,
    };
    let given: String = bench.effects[before..].iter().filter_map(given).collect();
    assert_eq!(given.trim(), Emergency::Crisis.words(Language::English));
}

#[test]
fn the_goodbye_and_the_words_before_a_transfer_are_said_from_their_recordings_and_then_the_call_moves_on() {
    let to = || agent::Event::Transfer { to: Pii::new(PERSON.to_owned()) };
    for (parting, then, line) in
        [(Parting::Farewell, agent::Event::HangUp, "Farewell"), (Parting::Transfer, to(), "Transfer")]
    {
        let mut bench = Bench::new(false);
        bench.say("That is all.");
        let before = bench.effects.len();
        for event in [agent::Event::Parting(parting), then, agent::Event::Done] {
            bench.agent(event);
        }
        bench.hear_out();
        bench.wait(crate::call::settings::deadline::HANG_UP_TAIL);
        let effects = &bench.effects[before..];
        assert!(!effects.iter().any(|effect| matches!(effect, Effect::Tts { .. })), "{effects:?}");
        let said = |effect: &Effect| matches!(effect, Effect::Journal(Entry::Line { who: Who::Agent, text, cut: false, .. }) if text.reveal() == line);
        assert_eq!(effects.iter().filter(|effect| said(effect)).count(), 1, "{effects:?}");
        let (ended, transfers) = if parting == Parting::Farewell { (Some(EndReason::Goodbye), 0) } else { (None, 1) };
        assert_eq!((bench.ended(), bench.transfers()), (ended, transfers));
    }
}

#[test]
fn last_words_that_no_voice_can_say_do_not_hold_up_the_end() {
    let mut bench = Bench::answered(Setup { canned: Arc::new(Canned::texts()), ..setup(false) });
    bench.signal(Signal::Drain);
    bench.wait(Duration::from_secs(3));
    assert_eq!(bench.ended(), Some(EndReason::Drained));
}

#[test]
fn half_a_sentence_that_breaks_off_is_not_said_and_the_agent_is_asked_again() {
    let mut bench = Bench::new(false);
    bench.say("Are you open?");
    bench.agent(text("We are open from"));
    bench.agent(agent::Event::Failed(refused()));
    assert_eq!(bench.asked().len(), 2);
    bench.agent(text("Yes, we are. "));
    bench.agent(agent::Event::Done);
    let said = |effect: &&Effect| matches!(effect, Effect::Tts { input: tts::Input::Text { .. }, .. });
    let given: Vec<&Effect> = bench.effects.iter().filter(said).collect();
    assert!(
        matches!(given[..], [Effect::Tts { input: tts::Input::Text { text, .. }, .. }] if text.reveal() == "Yes, we are. ")
    );
}

#[test]
fn the_next_model_says_what_follows_the_last_whole_clause() {
    let mut bench = Bench::new(false);
    bench.say("Are you open?");
    bench.agent(text("We are open today. Tom"));
    bench.agent(agent::Event::NextModel { why: "large: the connection broke".to_owned() });
    bench.agent(text("Tomorrow we are closed."));
    bench.agent(agent::Event::Done);
    let given: String = bench
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Tts { input: tts::Input::Text { text, .. }, .. } => Some(text.reveal().as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(given, "We are open today. Tomorrow we are closed.");
    let begun = bench.count(|effect| matches!(effect, Effect::Tts { input: tts::Input::Begin { .. }, .. }));
    assert_eq!(begun, 1, "it is one utterance");
}

#[test]
fn what_asking_again_cannot_mend_is_apologised_for_at_once() {
    let mut bench = Bench::with_person();
    bench.say("Are you open?");
    bench.agent(agent::Event::Failed(ProviderError { kind: ErrorKind::Unauthorised, ..refused() }));
    assert_eq!(bench.asked().len(), 1);
    bench.wait(Duration::from_secs(5));
    assert_eq!(bench.transfers(), 1);
}

#[test]
fn text_for_more_than_15_s_of_speech_waits_until_it_is_played() {
    let mut bench = Bench::new(false);
    bench.say("Tell me everything.");
    let sentence = "This sentence takes about three seconds to say to the caller. ";
    for _ in 0..40 {
        bench.agent(text(sentence));
    }
    bench.agent(agent::Event::Done);
    let given: usize = bench
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Tts { input: tts::Input::Text { text, .. }, .. } => Some(text.reveal().len()),
            _ => None,
        })
        .sum();
    assert!((1..=5 * sentence.len()).contains(&given), "{given} bytes of text were given to the voice at once");
}

#[test]
fn a_voice_that_is_silent_while_an_apology_waits_behind_it_holds_nothing_up() {
    let mut bench = Bench::with_person();
    bench.say("Are you open?");
    bench.agent(text("Let me see, please wait. A"));
    // The answer never goes on, and the voice never says what there is of it.
    bench.wait(Duration::from_secs(20));
    assert_eq!((bench.transfers(), bench.ended()), (1, None));
}

#[test]
fn an_agent_that_changes_the_language_is_spoken_and_heard_in_it_from_then_on() {
    let mut bench = Bench::new(false);
    assert_eq!(bench.machine.language(), Language::English);
    bench.say("En français, s'il vous plaît.");
    bench.agent(agent::Event::Language(Language::French));
    assert_eq!(bench.machine.language(), Language::French);
    let told =
        bench.count(|effect| matches!(effect, Effect::Stt(SttEffect::Input(stt::Input::Language(Language::French)))));
    assert_eq!(told, 1);
    assert_eq!(bench.count(|effect| matches!(effect, Effect::Speaks(Language::French))), 1, "its voice may connect");
    bench.speaks("Nous sommes ouverts. ", 3_200);
    let begun = |effect: &Effect| {
        matches!(effect, Effect::Tts { input: tts::Input::Begin { language: Language::French, .. }, .. })
    };
    assert_eq!(bench.count(begun), 1);
}

#[test]
fn a_voice_that_never_ends_what_it_was_given_is_given_up() {
    let mut bench = Bench::new(false);
    bench.say("Are you open?");
    let id = bench.speaks("Yes, we are. ", 160_000);
    let gives_up = |bench: &Bench| {
        let cancelled =
            |effect: &Effect| matches!(effect, Effect::Tts { input: tts::Input::Cancel { id: of }, .. } if *of == id);
        bench.effects.iter().any(cancelled)
    };
    assert!(!gives_up(&bench), "ten seconds are slow");
    bench.event(Event::Tts(tts::Event::Audio { id, audio: vec![1; 160_000].into() }));
    assert!(gives_up(&bench), "twenty are babble");
}
