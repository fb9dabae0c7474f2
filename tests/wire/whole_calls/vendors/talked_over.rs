//! Calls in which the caller talks over the agent, and the recogniser's vendor fails just then: the agent falls silent as it does over one that is
//! well, the interruption is heard, and no word is lost or heard twice.

use super::hearing::{at, vendor_of};
use super::interrupted::{Interruption, interrupted};
use super::*;

const FAULTS: [Fault; 4] = [Fault::Stalls, Fault::Errors, Fault::Breaks, Fault::Deaf];

/// From the voice over it to the agent's last sound, in slots: 400 ms.
const BUDGET: usize = 20;

/// Of the interruption: 2.4 s, and the agent has nothing to say before its words are answered, or have not come in 1.2 s more.
const VOICE: usize = 120;

/// One call for each fault, all at once: a recogniser with trouble in the voice of the interruption, and a second one that is well.
async fn table(names: [&'static str; 2]) {
    let rows = names
        .into_iter()
        .flat_map(|name| possible(vendor_of(name), Moment::SecondVoice, FAULTS).map(move |fault| (name, fault)));
    let calls = rows.zip(1..).map(|((name, fault), n)| async move {
        let trouble = Trouble::always(Some(fault)).at(Moment::SecondVoice);
        let first = hears(name, at(name, trouble.clone()).await);
        let second = hears(name, at(name, Trouble::default()).await);
        let number = format!("+1604555{n:04}");
        // Words at once, and a marker that is none of the agent's.
        let said = [question(), spoken(asked(call_of(&number)))].concat();
        // Where no word comes, the agent goes on after a while, until they are heard again.
        let how = Interruption { said, cuts: 2, most: if fault == Fault::Deaf { 5 } else { 3 } };
        let ears = chain::recognisers(vec![first, second], chain::Order::new());
        let told = interrupted(&number, how, |providers| providers.recognisers = ears).await;
        (format!("{name} {fault:?}"), trouble, call_of(&number), told)
    });
    for (row, trouble, number, told) in at_once(calls).await {
        told.went_well(&row, EndReason::Goodbye);
        assert!(trouble.struck().is_some(), "{row}: it never struck");
        assert!(told.recoveries(Recovery::SttReopened) > 0, "{row}: {:#?}", told.past.entries);
        let heard = told.lines(Who::Caller);
        // Whether the sound is long enough for a fourth word is for its ends to say.
        let once = [(asked(number).sentence(), 1), ("The caller has".to_owned(), 3)];
        for (words, times) in once {
            assert_eq!(heard.matches(&words).count(), times, "{row}: {heard:?} {:#?}", told.past.entries);
        }
        let over = told.recorded.caller_begins()[1];
        let is_silent = told.recorded.agent_is_silent(over + BUDGET..over + VOICE);
        assert!(is_silent, "{row}: the agent talks on over the caller: {:#?}", told.past.entries);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nova_or_flux_that_fails_while_the_caller_talks_over_the_agent_costs_no_word() {
    table(["nova-3", "flux"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn google_or_sarvam_that_fails_while_the_caller_talks_over_the_agent_costs_no_word() {
    table(["google", "sarvam"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openai_or_azure_that_fails_while_the_caller_talks_over_the_agent_costs_no_word() {
    table(["openai_stt", "azure_stt"]).await;
}
