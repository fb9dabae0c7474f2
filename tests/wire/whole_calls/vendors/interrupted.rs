//! Calls in which the caller interrupts, and the voice's vendor fails just then: what was cancelled is not heard on, and the next answer is
//! heard whole.

use attendant::sim::Moment;

use super::*;

/// The first is long enough to be interrupted, the last is the goodbye.
const ANSWERS: [u8; 3] = [6, 2, 1];

/// The first answer is interrupted after its first part.
async fn interrupted(number: &str, replace: impl FnOnce(&mut Providers)) -> Told {
    let clinic = Clinic::open_with(TelnyxCodec::Pcmu, |_| {}, &ANSWERS, replace).await;
    let mut caller = ring(&clinic, Over::Pcm, number).await;
    let call = call_of(number);
    hear_out(&mut caller, [GREETING].into_iter(), Over::Pcm).await;
    caller.act(Act::Say(question())).await;
    let part = |turn: u8, part| Code { call, turn, part, parts: ANSWERS[usize::from(turn) - 1] };
    while caller.next().await != Heard::Part(part(1, 0)) {}
    caller.act(Act::Say(question())).await;
    let mut of_first = 1;
    loop {
        match caller.next().await {
            Heard::Part(code) if code == part(2, 0) => break,
            Heard::Part(code) => {
                assert_eq!(code, part(1, of_first), "what was interrupted is not heard on");
                of_first += 1;
            }
            Heard::Began | Heard::Broken | Heard::Finished | Heard::Cleared => {}
            Heard::Over => panic!("the line closed: {:#?}", clinic.past(1).await.remove(0).entries),
        }
    }
    assert!(of_first <= 3, "{number}: the agent talked on");
    assert_eq!(listen(&mut caller, vec![part(2, 1)], 0).await, []);
    caller.act(Act::Say(question())).await;
    let missed = listen(&mut caller, vec![part(3, 0)], 0).await;
    let past = clinic.past(1).await.remove(0);
    assert_eq!(missed, [], "{:#?}", past.entries);
    let told = Told::of(past).await;
    clinic.close().await;
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_voice_that_fails_while_it_is_interrupted_is_not_heard_on_and_the_next_answer_is_whole() {
    let always = |fault| Trouble::always(Some(fault));
    let cancelled = |fault| always(fault).at(Moment::Between);
    let rows = [
        ("cartesia", always(Fault::Late)),
        ("cartesia", cancelled(Fault::Stalls)),
        ("cartesia", cancelled(Fault::Errors)),
        ("cartesia", cancelled(Fault::Breaks)),
        // A request for each sentence of the first answer.
        ("azure", Trouble::after(6, Fault::Stalls)),
    ];
    let calls = rows.into_iter().zip(1..).map(|((name, trouble), n)| async move {
        let first = speaks(name, cartesia::vendor(trouble.clone()).await);
        let second = speaks(name, cartesia::vendor(Trouble::default()).await);
        let number = format!("+1604555{n:04}");
        (n, name, trouble, interrupted(&number, |providers| providers.voices = vec![first, second]).await)
    });
    for (n, name, trouble, told) in at_once(calls).await {
        let row = format!("row {n}, {name}");
        told.went_well(&row, EndReason::Goodbye);
        assert!(trouble.struck().is_some(), "{row}: it never struck");
    }
}
