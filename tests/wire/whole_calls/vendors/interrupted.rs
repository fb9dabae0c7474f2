//! Calls in which the caller interrupts, and the voice's vendor fails just then: what was cancelled is not heard on, and the next answer is
//! heard whole.

use super::*;

/// Of the first not all is made yet when the second begins, at the pace of a voice that is to be cancelled; the last is the goodbye.
const ANSWERS: [u8; 3] = [10, 2, 1];

/// How the first answer is interrupted, after its first part.
pub(super) struct Interruption {
    pub said: Vec<i16>,
    /// Of what follows in it so many parts may be heard in two pieces, as one is over which the agent went on at first.
    pub cuts: u8,
    /// So many parts of it are heard at most.
    pub most: u8,
}

pub(super) async fn interrupted(number: &str, how: Interruption, replace: impl FnOnce(&mut Providers)) -> Told {
    let clinic = Clinic::open_with(TelnyxCodec::Pcmu, |_| {}, &ANSWERS, replace).await;
    let mut caller = ring(&clinic, Over::Pcm, number).await;
    let call = call_of(number);
    hear_out(&mut caller, [GREETING].into_iter(), Over::Pcm).await;
    caller.act(Act::Say(question())).await;
    let part = |turn: u8, part| Code { call, turn, part, parts: ANSWERS[usize::from(turn) - 1] };
    while caller.next().await != Heard::Part(part(1, 0)) {}
    let Interruption { said, mut cuts, most } = how;
    caller.act(Act::Say(said)).await;
    let mut of_first = 1;
    loop {
        match caller.next().await {
            Heard::Part(code) if code == part(2, 0) => break,
            Heard::Part(code) => {
                while cuts > 0 && code != part(1, of_first) {
                    cuts -= 1;
                    of_first += 1;
                }
                assert_eq!(code, part(1, of_first), "{number}: what was interrupted is not heard on");
                of_first += 1;
            }
            Heard::Began | Heard::Broken | Heard::Finished | Heard::Cleared => {}
            Heard::Over => panic!("the line closed: {:#?}", clinic.past(1).await.remove(0).entries),
        }
    }
    assert!(of_first <= most, "{number}: the agent talked on for {of_first} parts");
    assert_eq!(listen(&mut caller, vec![part(2, 1)], 0).await, []);
    caller.act(Act::Say(question())).await;
    let missed = listen(&mut caller, vec![part(3, 0)], 0).await;
    let past = clinic.past(1).await.remove(0);
    assert_eq!(missed, [], "{:#?}", past.entries);
    let told = Told::of(past).await;
    clinic.close().await;
    told
}

/// What is felt at once, or when the next answer is to be said.
const FAULTS: [Fault; 8] = [
    Fault::Late,
    Fault::Stalls,
    Fault::Errors,
    Fault::Breaks,
    Fault::Deaf,
    Fault::Unauthorised,
    Fault::Limits,
    Fault::Fails,
];

struct Row {
    name: &'static str,
    fault: Fault,
    trouble: Trouble,
    /// The next answer is another voice's.
    is_replaced: bool,
}

/// From when it was cancelled on.
fn rows(name: &'static str, vendor: Vendor) -> impl Iterator<Item = Row> {
    possible(vendor, Moment::Cancelled, FAULTS).map(move |fault| {
        let trouble = Trouble::always(Some(fault)).at(Moment::Cancelled);
        Row { name, fault, trouble, is_replaced: fault != Fault::Late }
    })
}

/// One call a row, some at once: a voice with trouble, and a second one that is well.
async fn table(rows: impl IntoIterator<Item = Row>) {
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let calls = rows.by_ref().take(AT_ONCE).zip(1..).map(|(row, n)| async move {
            let first = speaks(row.name, streamed_voices::at(row.name, row.trouble.clone()).await);
            let second = speaks(row.name, streamed_voices::at(row.name, Trouble::default()).await);
            let number = format!("+1604555{n:04}");
            let how = Interruption { said: question(), cuts: 0, most: 3 };
            let told = interrupted(&number, how, |providers| providers.voices = vec![first, second]).await;
            (row, told)
        });
        for (Row { name, fault, trouble, is_replaced }, told) in at_once(calls).await {
            let row = format!("{name} {fault:?}");
            told.went_well(&row, EndReason::Goodbye);
            assert!(trouble.struck().is_some(), "{row}: it never struck");
            let replaced = told.recoveries(Recovery::NextVoice) > 0;
            assert_eq!(replaced, is_replaced, "{row}: {:#?}", told.past.entries);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_voice_that_is_told_to_cancel_and_fails_is_not_heard_on_and_the_next_answer_is_whole() {
    let told = VOICES.into_iter().filter(|(name, _)| ["cartesia", "elevenlabs"].contains(name));
    // A connection that breaks then, and only that one.
    let (fault, once) = (Fault::Breaks, Trouble::first(1, Fault::Breaks).at(Moment::Cancelled));
    let broken = Row { name: "cartesia", fault, trouble: once, is_replaced: false };
    table(told.flat_map(|(name, vendor)| rows(name, vendor)).chain([broken])).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_voice_whose_connection_is_left_and_the_next_one_fails_is_not_heard_on_and_the_next_answer_is_whole() {
    let left = VOICES.into_iter().filter(|(name, _)| ["sarvam", "qwen"].contains(name));
    table(left.flat_map(|(name, vendor)| rows(name, vendor))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_voice_whose_clause_is_left_and_the_next_one_fails_is_not_heard_on_and_the_next_answer_is_whole() {
    let asked = VOICES.into_iter().filter(|(name, _)| ["azure", "google_tts", "openai_tts"].contains(name));
    table(asked.flat_map(|(name, vendor)| rows(name, vendor))).await;
}
