//! A caller in danger is told whom to dial, whatever is down.

use std::sync::Arc;

use attendant::agent::Who;
use attendant::agent::conversation::Books;
use attendant::call::timeline::Recovery;
use attendant::language::Language;
use attendant::phrases::Emergency;
use attendant::sim::{Fault, Trouble};
use parking_lot::Mutex;

use super::booking::{Lines, receptionist};
use super::vendors::{Told, speaks};
use super::*;
use crate::wire::streamed_voices;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_every_voice_down_a_caller_in_danger_still_hears_whom_to_dial() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let desk = receptionist(folder.path(), Books::new());
    let lines = Arc::new(Mutex::new(["I have chest pain.", "I want to kill myself."].into()));
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
    for _ in 0..2 {
        caller.act(Act::Say(question())).await;
        assert_eq!((caller.next().await, caller.next().await), (Heard::Began, Heard::Finished));
    }
    caller.hang_up().await;
    let told = Told::of(clinic.past(1).await.remove(0)).await;
    clinic.close().await;
    let agent = told.lines(Who::Agent);
    for what in [Emergency::Medical, Emergency::Crisis] {
        assert!(agent.contains(what.words(Language::English)), "{agent}");
    }
    assert!(lines.lock().is_empty());
    let recovered = [Recovery::NextVoice, Recovery::Apologised].map(|what| told.recoveries(what));
    assert_eq!(recovered, [0, 0], "{:#?}", told.past.entries);
    assert!(told.longest_silence() <= crate::recorded::LONGEST_SILENCE, "{:?}", told.longest_silence());
}
