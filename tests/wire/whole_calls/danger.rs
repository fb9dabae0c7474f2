//! What is said from recordings though every voice is down: a caller in danger is told whom to dial, and goodbye is said.

use std::sync::Arc;

use attendant::agent::Who;
use attendant::agent::conversation::Books;
use attendant::call::timeline::{EndReason, Recovery};
use attendant::language::Language;
use attendant::phrases::{Emergency, Parting};
use attendant::sim::{Fault, Trouble};
use parking_lot::Mutex;

use super::booking::{Lines, receptionist};
use super::vendors::{Told, speaks};
use super::*;
use crate::wire::streamed_voices;

/// What comes after the caller's last line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Last {
    CallerHangsUp,
    AgentHangsUp,
}

/// A call in which the caller says these lines, each is answered, and no voice speaks.
async fn voiceless(said: &'static [&'static str], last: Last) -> Told {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let desk = receptionist(folder.path(), Books::new());
    let lines = Arc::new(Mutex::new(said.iter().copied().collect()));
    let mut voices = Vec::new();
    for (name, fault) in [("cartesia", Fault::Fails), ("azure", Fault::Deaf)] {
        voices.push(speaks(name, streamed_voices::at(name, Trouble::always(Some(fault))).await));
    }
    let replace = |providers: &mut attendant::call::providers::Providers| {
        providers.agents = Arc::new(desk);
        providers.recognisers = vec![Arc::new(Lines(lines.clone()))];
        providers.voices = voices;
    };
    let clinic = Clinic::open_with(TelnyxCodec::Pcmu, |_| {}, &ANSWERS, replace).await;
    let mut caller = ring(&clinic, Over::Pcm, "+16045550177").await;
    hear_out(&mut caller, [GREETING].into_iter(), Over::Pcm).await;
    for n in 1..=said.len() {
        caller.act(Act::Say(question())).await;
        assert_eq!(caller.next().await, Heard::Began);
        if n < said.len() || last == Last::CallerHangsUp {
            assert_eq!(caller.next().await, Heard::Finished);
        }
    }
    match last {
        Last::CallerHangsUp => caller.hang_up().await,
        // Silence may have been noticed before the line closes, or not.
        Last::AgentHangsUp => while caller.next().await != Heard::Over {},
    }
    let told = Told::of(clinic.past(1).await.remove(0)).await;
    clinic.close().await;
    assert!(lines.lock().is_empty());
    let recovered = [Recovery::NextVoice, Recovery::Apologised].map(|what| told.recoveries(what));
    assert_eq!(recovered, [0, 0], "{:#?}", told.past.entries);
    assert!(told.longest_silence() <= crate::recorded::LONGEST_SILENCE, "{:?}", told.longest_silence());
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_every_voice_down_a_caller_in_danger_still_hears_whom_to_dial() {
    let told = voiceless(&["I have chest pain.", "I want to kill myself."], Last::CallerHangsUp).await;
    let agent = told.lines(Who::Agent);
    for what in [Emergency::Medical, Emergency::Crisis] {
        assert!(agent.contains(what.words(Language::English)), "{agent}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_every_voice_down_goodbye_is_said_and_the_call_ends_with_it() {
    let told = voiceless(&["Goodbye."], Last::AgentHangsUp).await;
    let agent = told.lines(Who::Agent);
    assert!(agent.ends_with(Parting::Farewell.words(Language::English)), "{agent}");
    assert_eq!(told.reason(), Some(EndReason::Goodbye), "{:#?}", told.past.entries);
}
