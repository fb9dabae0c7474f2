//! Whole calls whose recogniser does what it may and seldom does: nothing fails, no word is lost, and none is heard twice.

use attendant::agent::Who;
use attendant::call::timeline::{EndReason, Recovery};
use attendant::sim::Habit;

use super::vendors::{at_once, call, hears};
use super::*;
use crate::wire::told_ears;

const ROWS: [(&str, Habit); 6] = [
    ("azure_stt", Habit::Phrases),
    ("azure_stt", Habit::EndsTurns),
    ("openai_stt", Habit::FailsItems),
    ("openai_stt", Habit::Objects),
    ("openai_stt", Habit::LateDeltas),
    ("openai_stt", Habit::RefusesLikelyWords),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_recogniser_may_do_beside_costs_neither_its_session_nor_a_word() {
    let calls = ROWS.into_iter().zip(1..).map(|(row, n)| async move {
        let ears = hears(row.0, told_ears::habitual(row.1).await);
        let number = format!("+1604555{n:04}");
        let told = call(&number, |providers| providers.recognisers = vec![ears]).await;
        (row, call_of(&number), told)
    });
    for (row, number, told) in at_once(calls).await {
        let row = format!("{row:?}");
        told.went_well(&row, EndReason::Goodbye);
        let said = told.lines(Who::Caller);
        for turn in [201, 202] {
            let sentence = Code { turn, ..asked(number) }.sentence();
            assert_eq!(said.matches(&sentence).count(), 1, "{row}: {said} {:#?}", told.past.entries);
        }
        assert_eq!(said.matches("The caller has").count(), 2, "{row}: {said} {:#?}", told.past.entries);
        assert_eq!(told.recoveries(Recovery::SttReopened), 0, "{row}: {:#?}", told.past.entries);
    }
}
