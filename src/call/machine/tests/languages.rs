//! Another language in mid-call: who hears it, and what is waited for of whom.

use super::*;
use crate::call::settings::deadline;
use crate::stt::{Capabilities, Hearer, Hearers, Partials};

/// One who tells the end of turns.
const EAGER: Hearer = Hearer { who: 0, capabilities: Capabilities { partials: Partials::Changing, end_of_turn: true } };
/// The same one, who cannot do it in every language.
const PLAIN: Hearer =
    Hearer { who: 0, capabilities: Capabilities { partials: Partials::Changing, end_of_turn: false } };
/// One who says nothing before the end.
const SILENT: Hearer = Hearer { who: 1, capabilities: Capabilities { partials: Partials::None, end_of_turn: false } };

/// By place, who hears English and who hears French.
fn heard_by(places: &[(Hearer, Option<Hearer>)]) -> Setup {
    let hearers = |(english, french): &(Hearer, Option<Hearer>)| -> Hearers {
        let french = french.map(|french| (Language::French, french));
        [(Language::English, *english)].into_iter().chain(french).collect()
    };
    Setup { recognisers: places.iter().map(hearers).collect(), ..setup(false) }
}

/// Place, language and whether frames come at once, of every session.
fn opened(bench: &Bench) -> Vec<(usize, Language, bool)> {
    bench
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Stt(SttEffect::Open { recogniser, setup, end_of_turn, .. }) => {
                Some((*recogniser, setup.language, *end_of_turn))
            }
            _ => None,
        })
        .collect()
}

/// A caller who asked for French, which the agent speaks now.
fn in_french(bench: &mut Bench) {
    bench.say("En français, s'il vous plaît.");
    bench.agent(agent::Event::Language(Language::French));
    let id = bench.speaks("Nous sommes ouverts. ", 3_200);
    bench.agent(agent::Event::Done);
    bench.event(Event::Tts(tts::Event::Done { id, samples: 3_200 }));
    bench.hear_out();
}

#[test]
fn a_session_goes_on_in_another_language_only_if_the_same_recogniser_hears_both_alike() {
    let first = (0, Language::English, true);
    for (french, sessions) in [
        (Some(EAGER), vec![first]),
        (Some(PLAIN), vec![first, (0, Language::French, false)]),
        (Some(Hearer { who: 1, ..EAGER }), vec![first, (0, Language::French, true)]),
        (None, vec![first, (0, Language::French, false)]),
    ] {
        let mut bench = Bench::answered(heard_by(&[(EAGER, french)]));
        in_french(&mut bench);
        assert_eq!(opened(&bench), sessions, "{french:?}");
        let told = |effect: &Effect| matches!(effect, Effect::Stt(SttEffect::Input(stt::Input::Language(_))));
        assert_eq!(bench.count(told), usize::from(french == Some(EAGER)), "{french:?}");
        assert_eq!(bench.recovered(Recovery::SttReopened), 0, "nothing has failed");
    }
}

#[test]
fn a_language_begins_with_whoever_is_first_asked_in_it_whatever_failed_before() {
    let mut bench = Bench::answered(heard_by(&[(EAGER, Some(SILENT)), (SILENT, Some(EAGER))]));
    bench.stt(stt::Event::Failed(ProviderError { kind: ErrorKind::Limited, ..refused() }));
    bench.stt(stt::Event::Ready);
    assert_eq!(opened(&bench).last(), Some(&(1, Language::English, false)));
    in_french(&mut bench);
    assert_eq!(opened(&bench).last(), Some(&(0, Language::French, false)));
}

#[test]
fn what_is_awaited_of_a_voice_is_asked_of_who_hears_it_now() {
    let mut bench = Bench::answered(heard_by(&[(EAGER, Some(SILENT)), (SILENT, Some(PLAIN))]));
    let awaited = |bench: &mut Bench| {
        let at = bench.clock();
        bench.leg(&Output::SpeechStart { at, echo: 0.0 });
        bench.due(Timer::SttPartial)
    };
    assert_eq!(awaited(&mut bench), Some(deadline::STT_PARTIAL));
    bench.leg(&Output::SpeechEnd { at: bench.clock() });
    in_french(&mut bench);
    bench.stt(stt::Event::Ready);
    assert_eq!(awaited(&mut bench), None, "it says nothing before the end");
    // The next one does, and hears the voice again.
    bench.stt(stt::Event::Failed(ProviderError { kind: ErrorKind::Limited, ..refused() }));
    assert_eq!(opened(&bench).last(), Some(&(1, Language::French, false)));
    assert_eq!(bench.due(Timer::SttPartial), Some(deadline::STT_PARTIAL));
}

#[test]
fn a_session_that_is_left_for_another_language_is_no_loss_and_its_words_are_asked_of_the_next() {
    let mut bench = Bench::answered(heard_by(&[(EAGER, Some(EAGER)), (SILENT, Some(PLAIN))]));
    bench.say("En français, s'il vous plaît.");
    let (from, to) = bench.voice();
    bench.agent(agent::Event::Language(Language::French));
    // As often as would be hopeless of sessions that fail.
    for _ in 0..5 {
        bench.stt(stt::Event::Left);
        bench.stt(stt::Event::Ready);
    }
    assert_eq!(opened(&bench)[1..], [(0, Language::French, true); 5]);
    assert_eq!((bench.recovered(Recovery::SttReopened), bench.recovered(Recovery::Apologised)), (0, 0));
    let asked =
        |effect: &Effect| matches!(effect, Effect::Stt(SttEffect::Input(stt::Input::Flush { up_to })) if *up_to == to);
    assert_eq!(bench.count(asked), 6, "once of each session");
    bench.fin("Attendez, je préfère mardi.", from, to);
    bench.stt(stt::Event::Flushed { up_to: to });
    bench.settle();
    bench.stt(stt::Event::Flushed { up_to: to });
    assert_eq!(bench.caller_lines(), ["En français, s'il vous plaît. Attendez, je préfère mardi."]);
}

#[test]
fn words_that_are_owed_when_the_language_changes_are_asked_of_the_next_session() {
    let mut bench = Bench::answered(heard_by(&[(EAGER, Some(PLAIN))]));
    bench.say("En français, s'il vous plaît.");
    // Over the agent, who is about to answer: its words have not come.
    let (from, to) = bench.voice();
    bench.agent(agent::Event::Language(Language::French));
    assert_eq!(opened(&bench).last(), Some(&(0, Language::French, false)));
    let asked =
        |effect: &Effect| matches!(effect, Effect::Stt(SttEffect::Input(stt::Input::Flush { up_to })) if *up_to == to);
    assert_eq!(bench.count(asked), 2, "once of each session");
    bench.stt(stt::Event::Ready);
    bench.fin("Attendez, je préfère mardi.", from, to);
    bench.stt(stt::Event::Flushed { up_to: to });
    bench.settle();
    bench.stt(stt::Event::Flushed { up_to: to });
    assert_eq!(bench.caller_lines(), ["En français, s'il vous plaît. Attendez, je préfère mardi."]);
}
