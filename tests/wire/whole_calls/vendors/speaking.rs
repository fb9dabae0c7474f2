//! Calls whose voice is at a simulated vendor that fails: in the first clause, in a later sentence, in the goodbye, and while the model
//! still writes.

use attendant::agent::{Agent, Agents, CallFacts, Event, Reports, Turn};
use attendant::privacy::Pii;
use attendant::sim::Moment;

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

async fn voices(name: &'static str) {
    table(FAULTS.map(|fault| (name, format!("{fault:?}"), Trouble::always(Some(fault)))).into(), As::Usual, 0).await;
}

/// How the agent writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum As {
    /// All at once.
    Usual,
    /// A word every 80 ms.
    Paced,
}

/// One call a row, all at once: a voice with trouble, and a second one that is well.
async fn table(rows: Vec<(&'static str, String, Trouble)>, agent: As, cuts: usize) {
    let calls = rows.into_iter().zip(1..).map(|((name, row, trouble), n)| async move {
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
        (format!("{name} {row}"), trouble, call_of(&number), told)
    });
    for (row, trouble, number, told) in at_once(calls).await {
        told.went_well(&row, EndReason::Goodbye);
        assert!(trouble.struck().is_some(), "{row}: it never struck");
        assert!(told.recoveries(Recovery::NextVoice) > 0, "{row}: {:#?}", told.past.entries);
        told.said_once(&row, number, &SHORT);
    }
}

/// In the first clause, and in the goodbye: the first answer has 18 words. Azure is asked for each sentence.
fn rows(name: &'static str) -> Vec<(&'static str, String, Trouble)> {
    let faults = [Fault::Stalls, Fault::Errors, Fault::Breaks];
    let moments: Vec<Trouble> = match name {
        "azure" => faults.into_iter().flat_map(|fault| [1, 2].map(|well| Trouble::after(well, fault))).collect(),
        _ => {
            let always = |fault| Trouble::always(Some(fault));
            let moments = [Moment::Words(4), Moment::Words(20)];
            faults.into_iter().flat_map(|fault| moments.map(|moment| always(fault).at(moment))).collect()
        }
    };
    moments.into_iter().zip(0..).map(|(trouble, n)| (name, format!("row {n}"), trouble)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_voice_that_fails_in_its_first_clause_or_in_the_goodbye_is_replaced() {
    for two in [["cartesia", "azure"], ["sarvam", "qwen"]] {
        table(two.into_iter().flat_map(rows).collect(), As::Usual, 1).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_voice_that_stalls_while_the_model_still_writes_is_replaced() {
    let stalls = || Trouble::always(Some(Fault::Stalls));
    let rows = ["cartesia", "sarvam", "qwen"].map(|name| (name, "stalls".to_owned(), stalls()));
    let azure = ("azure", "stalls".to_owned(), Trouble::after(1, Fault::Stalls));
    table(rows.into_iter().chain([azure]).collect(), As::Paced, 1).await;
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
