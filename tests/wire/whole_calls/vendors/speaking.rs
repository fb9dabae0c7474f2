//! Calls whose voice is at a simulated vendor that fails: while it is connected with, in the first clause, in a later sentence, in the goodbye, and
//! while the model still writes.

use attendant::agent::{Agent, Agents, CallFacts, Event, Reports, Turn};
use attendant::privacy::Pii;

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_voice_that_fails_is_replaced_at_the_sentence_that_was_cut() {
    for name in ["cartesia", "elevenlabs"] {
        voices(name).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_voice_without_word_times_that_fails_is_replaced_at_the_sentence_that_was_cut() {
    for name in ["sarvam", "qwen", "azure"] {
        voices(name).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_voice_over_grpc_or_http_that_fails_is_replaced_at_the_sentence_that_was_cut() {
    for name in ["google_tts", "openai_tts"] {
        voices(name).await;
    }
}

const FAULTS: [Fault; 10] = [
    Fault::Stalls,
    Fault::Deaf,
    Fault::Errors,
    Fault::Breaks,
    Fault::Slow,
    Fault::Empty,
    Fault::Silence,
    Fault::Unauthorised,
    Fault::Limits,
    Fault::Fails,
];

/// Those that strike within an answer.
const WITHIN: [Fault; 3] = [Fault::Stalls, Fault::Errors, Fault::Breaks];

/// The first answer has 18 words.
const IN_THE_FIRST_CLAUSE: Moment = Moment::Words(4);
const IN_THE_GOODBYE: Moment = Moment::Words(20);

async fn voices(name: &'static str) {
    table(FAULTS.map(|fault| Row { name, fault, at: Moment::Usual }).into(), As::Usual, 0).await;
}

struct Row {
    name: &'static str,
    fault: Fault,
    at: Moment,
}

/// Every voice, with each of these faults that it can have at this moment.
fn rows<const N: usize>(at: Moment, faults: [Fault; N]) -> Vec<Row> {
    let of = |(name, vendor)| possible(vendor, at, faults).map(move |fault| Row { name, fault, at });
    VOICES.into_iter().flat_map(of).collect()
}

/// How the agent writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum As {
    /// All at once.
    Usual,
    /// A word every 80 ms.
    Paced,
}

/// One call a row, some at once: a voice with trouble, and a second one that is well. In each answer so many parts may be heard in two pieces.
async fn table(rows: Vec<Row>, agent: As, cuts: usize) {
    for rows in rows.chunks(AT_ONCE) {
        let calls = rows.iter().zip(1..).map(|(Row { name, fault, at }, n)| {
            let (name, row) = (*name, format!("{name} {fault:?} {at:?}"));
            let trouble = Trouble::always(Some(*fault)).at(*at);
            async move {
                let first = speaks(name, streamed_voices::at(name, trouble.clone()).await);
                let second = speaks(name, streamed_voices::at(name, Trouble::default()).await);
                let number = format!("+1604555{n:04}");
                let replace = |providers: &mut Providers| {
                    providers.voices = vec![first, second];
                    if agent == As::Paced {
                        providers.agents = Arc::new(Writers);
                    }
                };
                let told = call_with_cuts(&number, cuts, replace).await;
                (row, trouble, call_of(&number), told)
            }
        });
        for (row, trouble, number, told) in at_once(calls).await {
            told.went_well(&row, EndReason::Goodbye);
            assert!(trouble.struck().is_some(), "{row}: it never struck");
            assert!(told.recoveries(Recovery::NextVoice) > 0, "{row}: {:#?}", told.past.entries);
            told.said_once(&row, number, &SHORT);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_voice_that_cannot_be_connected_with_is_replaced() {
    table(rows(Moment::Connecting, FAULTS), As::Usual, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_voice_that_fails_in_its_first_clause_is_replaced() {
    let [stalls, errors, breaks] = WITHIN;
    table(rows(IN_THE_FIRST_CLAUSE, [stalls, errors, breaks, Fault::Silence]), As::Usual, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_voice_that_fails_in_the_goodbye_is_replaced() {
    let [stalls, errors, breaks] = WITHIN;
    let faults = [stalls, errors, breaks, Fault::Silence, Fault::Unauthorised, Fault::Limits, Fault::Fails];
    table(rows(IN_THE_GOODBYE, faults), As::Usual, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_voice_that_fails_while_the_model_still_writes_is_replaced() {
    table(rows(Moment::Usual, WITHIN), As::Paced, 1).await;
}

/// A receptionist that writes as a model does: word by word.
struct Writers;

impl Agents for Writers {
    fn open(&self, facts: &CallFacts) -> Box<dyn Agent> {
        Box::new(Writer { call: call_of(facts.caller.reveal()), turn: 0 })
    }
}

struct Writer {
    call: u16,
    turn: u8,
}

impl Agent for Writer {
    fn think(&mut self, _turn: Turn, reports: Reports) {
        let parts = SHORT[usize::from(self.turn).min(SHORT.len() - 1)];
        self.turn += 1;
        let (call, turn) = (self.call, self.turn);
        tokio::spawn(async move {
            for part in 0..parts {
                let sentence = Code { call, turn, part, parts }.sentence();
                for word in sentence.split(' ') {
                    attendant::clock::elapse(std::time::Duration::from_millis(80)).await;
                    if !reports.send(Event::Text(Pii::new(format!("{word} ")))).await {
                        return;
                    }
                }
            }
            let last = usize::from(turn) == SHORT.len();
            for event in last.then_some(Event::HangUp).into_iter().chain([Event::Done]) {
                if !reports.send(event).await {
                    return;
                }
            }
        });
    }

    fn cancel(&mut self) {}
}
