//! Calls whose vendor is slow all along: five find it out, and the next one begins elsewhere.

use super::*;

/// One answer, long enough for a slow voice to be noticed. Then the line closes.
const ANSWER: [u8; 1] = [6];

/// Asks once, and listens to the end.
async fn asked_once(number: &str, replace: impl FnOnce(&mut Providers)) -> Told {
    let clinic = Clinic::open_with(TelnyxCodec::Pcmu, |_| {}, &ANSWER, replace).await;
    let mut caller = ring(&clinic, Over::Pcm, number).await;
    hear_out(&mut caller, [GREETING].into_iter(), Over::Pcm).await;
    caller.act(Act::Say([spoken(asked(call_of(number))), question()].concat())).await;
    while caller.next().await != Heard::Over {}
    let told = Told::of(clinic.past(1).await.remove(0)).await;
    clinic.close().await;
    told
}

/// Five calls at once, and then one more: how often each was recovered so.
async fn six(name: &str, what: Recovery, replace: impl Fn(&mut Providers) + Clone + Send + 'static) -> Vec<usize> {
    let call = |n: usize| {
        let replace = replace.clone();
        async move {
            let number = format!("+1604555{n:04}");
            (call_of(&number), asked_once(&number, replace).await)
        }
    };
    let mut all = at_once((1..=5).map(call)).await;
    all.extend(at_once([call(6)]).await);
    let mut recovered = Vec::new();
    for (number, told) in all {
        told.went_well(name, EndReason::Goodbye);
        told.said_once(name, number, &ANSWER);
        // Who is scripted hears no words.
        if what == Recovery::SttReopened {
            let sentence = Code { turn: 200, ..asked(number) }.sentence();
            assert_eq!(told.lines(Who::Caller).matches(&sentence).count(), 1, "{name}: {:#?}", told.past.entries);
        }
        recovered.push(told.recoveries(what));
    }
    recovered
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recogniser_that_lags_behind_is_passed_over_by_the_sixth_call() {
    for name in ["nova-3", "sarvam"] {
        let first = hears(name, hearing::at(name, Trouble::always(Some(Fault::Lags))).await);
        let second = hears(name, hearing::at(name, Trouble::default()).await);
        let ears = chain::recognisers(vec![first, second], chain::Order::new());
        let reopened = six(name, Recovery::SttReopened, move |providers| providers.recognisers = ears.clone()).await;
        assert!(reopened[..5].iter().all(|times| *times > 0), "{name}: {reopened:?}");
        assert_eq!(reopened[5], 0, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_voice_slower_than_speech_is_passed_over_by_the_sixth_call() {
    for name in ["cartesia", "sarvam"] {
        let first = speaks(name, streamed_voices::at(name, Trouble::always(Some(Fault::Lags))).await);
        let second = speaks(name, streamed_voices::at(name, Trouble::default()).await);
        let voices = chain::voices(vec![first, second], chain::Order::new());
        let replaced = six(name, Recovery::NextVoice, move |providers| providers.voices = voices.clone()).await;
        assert!(replaced[..5].iter().all(|times| *times > 0), "{name}: {replaced:?}");
        assert_eq!(replaced[5], 0, "{name}");
    }
}

/// Each word is 100 ms of sound. Since the next clause is asked for meanwhile, half of real time may do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_voice_that_is_asked_for_each_clause_is_heard_as_it_comes_and_replaced_if_it_is_far_slower_than_speech() {
    let paces = [(400, Some(true)), (200, None), (100, Some(false)), (50, Some(false))];
    let rows = ["azure", "openai_tts"].into_iter().flat_map(|name| paces.map(|pace| (name, pace)));
    let calls = rows.zip(1..).map(|((name, (word, is_replaced)), n)| async move {
        let number = format!("+1604555{n:04}");
        let paced = Trouble::paced(std::time::Duration::from_millis(word));
        let first = speaks(name, streamed_voices::at(name, paced).await);
        let second = speaks(name, streamed_voices::at(name, Trouble::default()).await);
        let told = asked_once(&number, |providers| providers.voices = vec![first, second]).await;
        (format!("{name}, a word in {word} ms"), is_replaced, call_of(&number), told)
    });
    for (row, is_replaced, number, told) in at_once(calls).await {
        told.went_well(&row, EndReason::Goodbye);
        told.said_once(&row, number, &ANSWER);
        let replaced = told.recoveries(Recovery::NextVoice) > 0;
        assert!(is_replaced.is_none_or(|is| is == replaced), "{row}: {:#?}", told.past.entries);
    }
}
