//! Calls with a voice whose letters run ahead of their audio, and do not come with all of it, which breaks off: wherever it does, every word is
//! heard once, and none counts as said that was not heard.

use std::sync::Arc;

use attendant::call::providers::Providers;
use attendant::call::timeline::{EndReason, Recovery};
use attendant::sim::{Fault, Moment, Trouble};

use super::vendors::{SHORT, at_once, call_with_cuts, speaks};
use super::*;
use crate::wire::{cartesia, elevenlabs};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_voice_with_letters_ahead_of_its_audio_that_breaks_off_costs_no_word() {
    // The first answer has 18 words, in two sentences.
    let calls = (1..=16).step_by(3).map(|words| async move {
        let trouble = Trouble::always(Some(Fault::Breaks)).at(Moment::Words(words));
        let first = Arc::new(elevenlabs::ahead(cartesia::vendor(trouble.clone()).await));
        let second = speaks("cartesia", cartesia::vendor(Trouble::default()).await);
        let number = format!("+1604555{words:04}");
        let replace = |providers: &mut Providers| providers.voices = vec![first, second];
        (words, trouble, call_of(&number), call_with_cuts(&number, 1, replace).await)
    });
    for (words, trouble, number, told) in at_once(calls).await {
        let row = format!("after {words} words");
        told.went_well(&row, EndReason::Goodbye);
        assert!(trouble.struck().is_some(), "{row}: it never struck");
        assert!(told.recoveries(Recovery::NextVoice) > 0, "{row}: {:#?}", told.past.entries);
        told.said_once(&row, number, &SHORT);
    }
}
