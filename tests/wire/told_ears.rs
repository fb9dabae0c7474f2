//! The clients of recognisers that are told where a voice begins and ends against the simulated ones: the same for each vendor.

use std::net::SocketAddr;
use std::sync::Arc;

use attendant::language::Language;
use attendant::provider::ErrorKind;
use attendant::sim::vendors::Troubles;
use attendant::sim::{Fault, Habit, Trouble};
use attendant::stt::{Event, Hints, Input, Partials, Recognizer};
use attendant_media::frame::Samples;
use futures_util::future::join_all;

use super::cartesia::comes_again;
use super::deepgram::{BEGIN, Ears, code, finals, is_flushed, simulated, stable, vendor};
use super::{azure_ears, openai_ears};

/// Who is tried, in these languages, and as which model it is paid.
const VENDORS: [(&str, &[Language], &str); 2] = [
    ("openai_stt", &[Language::English, Language::French, Language::Mandarin], "gpt-live-transcribe"),
    ("azure_stt", &Language::ALL, "speech-to-text"),
];

/// `more` are further lines of its configuration.
pub fn ears(name: &str, address: SocketAddr, more: &str) -> Arc<dyn Recognizer> {
    match name {
        "openai_stt" => Arc::new(openai_ears::ears(address, more)),
        "azure_stt" => Arc::new(azure_ears::ears(address, more)),
        other => panic!("nobody is called {other}"),
    }
}

/// A simulated vendor with this habit, that answers after 50 ms.
pub async fn habitual(habit: Habit) -> SocketAddr {
    simulated(Troubles { habit: Some(habit), ..Troubles::default() }).await
}

/// The places of the finals.
pub fn places(events: &[Event]) -> Vec<(u64, u64)> {
    let place = |event: &Event| match event {
        Event::Final { from, to, .. } => Some((from.0, to.0)),
        _ => None,
    };
    events.iter().filter_map(place).collect()
}

#[tokio::test]
async fn what_is_said_is_heard_whole_and_at_its_time_in_every_language_and_paid_by_the_second() {
    for (name, languages, model) in VENDORS {
        for language in languages {
            let recogniser = ears(name, vendor(Trouble::default()).await, "");
            let hints = Hints { phrases: vec!["Wong".into()], ..Hints::default() };
            let mut ears = Ears::open(recogniser.as_ref(), *language, hints);
            assert_eq!(ears.next().await, Event::Ready, "{name} {language}");
            for round in 1..3 {
                ears.hear(&[0; 8_000]).await;
                let spoken = ears.at;
                ears.say(code()).await;
                ears.flush().await;
                let events = ears.until(is_flushed).await;
                assert_eq!(finals(&events), code().sentence(), "{name} {language} {round}: {events:?}");
                assert!(events.iter().any(|event| matches!(event, Event::Partial { .. })), "{name}: {events:?}");
                let kept = stable(&events);
                assert!(kept.iter().all(|words| code().sentence().starts_with(words)), "{name}: {kept:?}");
                let promises = recogniser.capabilities(*language).map(|all| all.partials) == Some(Partials::WithStable);
                assert_eq!(kept.iter().any(|words| !words.is_empty()), promises, "{name} {language}: {events:?}");
                let [(from, to)] = places(&events)[..] else { panic!("{name} {language}: {events:?}") };
                assert!(from == spoken && to.abs_diff(spoken + 9 * 1_600) <= 3_200, "{name}: {from} to {to}");
                // 0.3 s before the voice and 0.9 s of it: what follows it was not there yet when it ended.
                let lines = ears.bill();
                assert_eq!((lines.len(), lines[0].provider, lines[0].model.as_str()), (1, name, model));
                assert_eq!(lines[0].usage.audio_ms, 1_200 * round, "{name} {language}");
            }
            // Nothing was said since: nothing is waited for.
            let up_to = Samples(ears.at);
            ears.inputs.send(Input::Flush { up_to }).await.expect("open");
            assert_eq!(ears.until(is_flushed).await, [Event::Flushed { up_to }], "{name}");
        }
    }
}

/// What each fault is called; who never makes words final at OpenAI owes them, at Azure the turn ends and they are words.
fn rows(name: &str) -> [(Fault, Option<ErrorKind>); 10] {
    [
        (Fault::Unauthorised, Some(ErrorKind::Unauthorised)),
        (Fault::Limits, Some(ErrorKind::Limited)),
        (Fault::Fails, Some(ErrorKind::Server)),
        (Fault::Deaf, Some(ErrorKind::Timeout)),
        (Fault::Slow, Some(ErrorKind::Timeout)),
        (Fault::Errors, Some(ErrorKind::Server)),
        (Fault::Breaks, Some(ErrorKind::Connection)),
        (Fault::Stalls, Some(ErrorKind::Timeout)),
        (Fault::Unanswered, (name == "openai_stt").then_some(ErrorKind::Timeout)),
        (Fault::Disorder, None),
    ]
}

#[tokio::test]
async fn every_fault_has_its_name_or_costs_no_word() {
    let all = VENDORS.into_iter().flat_map(|(name, ..)| rows(name).map(|(fault, kind)| (name, fault, kind)));
    // Azure cannot have it.
    let all = all.filter(|(name, fault, _)| (*name, *fault) != ("azure_stt", Fault::Disorder));
    let all = all.map(|(name, fault, kind)| async move {
        let patience = if kind == Some(ErrorKind::Timeout) { "silence_ms = 700" } else { "silence_ms = 2500" };
        let recogniser = ears(name, vendor(Trouble::always(Some(fault))).await, patience);
        let mut ears = Ears::open(recogniser.as_ref(), Language::French, Hints::default());
        ears.hear(&[0; 4_800]).await;
        ears.say(code()).await;
        ears.flush().await;
        (name, fault, kind, ears.until(is_flushed).await)
    });
    for (name, fault, kind, events) in join_all(all).await {
        let failed = events.iter().find_map(|event| match event {
            Event::Failed(error) => Some(error.clone()),
            _ => None,
        });
        assert_eq!(failed.as_ref().map(|error| error.kind), kind, "{name} {fault:?}: {events:?}");
        match failed {
            Some(error) => {
                assert_eq!((error.provider, error.retry_after), (name, comes_again(fault)), "{fault:?}");
            }
            None => assert_eq!(finals(&events), code().sentence(), "{name} {fault:?}: {events:?}"),
        }
    }
}

#[tokio::test]
async fn a_noise_is_listened_to_and_a_deaf_vendor_is_given_up_in_mid_voice() {
    for (name, ..) in VENDORS {
        // Silence, which is a pause at any place, and a hum without any.
        for (fault, level, deaf, patience) in
            [(None, 0, false, ""), (None, 100, false, ""), (Some(Fault::Deaf), 0, true, "silence_ms = 150")]
        {
            let recogniser = ears(name, vendor(Trouble::always(fault)).await, patience);
            let mut ears = Ears::open(recogniser.as_ref(), Language::English, Hints::default());
            ears.inputs.send(Input::SpeechStart { at: Samples(ears.at) }).await.expect("open");
            ears.hear(&[level; 16_000]).await;
            assert_eq!(ears.next().await, Event::Ready, "{name}");
            // In which the simulated vendor finds no word.
            match ears.next().await {
                Event::Listening { up_to } => assert!(!deaf && up_to.0 > BEGIN, "{name} {fault:?}: {up_to:?}"),
                Event::Failed(error) => assert!(deaf && error.kind == ErrorKind::Timeout, "{name} {fault:?}: {error}"),
                other => panic!("{name} {fault:?}: {other:?}"),
            }
        }
    }
}
