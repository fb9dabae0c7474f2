//! What is counted of each request, however it ends.

use super::*;
use crate::agent::llm;
use crate::costs::{Kind, Usage};

const NOTHING: Usage = Usage {
    audio_ms: 0,
    characters: 0,
    requests: 0,
    tokens_in: 0,
    tokens_cached: 0,
    tokens_written: 0,
    tokens_out: 0,
    estimated: 0,
};

/// Our estimate of [`request`].
const ASKED: Usage = Usage { requests: 1, tokens_in: 6, estimated: 1, ..NOTHING };

const TOLD: Usage = Usage { tokens_in: 60, tokens_cached: 40, tokens_out: 7, estimated: 0, ..ASKED };

/// What was sent as the vendor counted it, and nothing answered yet.
const BEGUN: Usage = Usage { tokens_in: 30, tokens_cached: 40, tokens_written: 30, ..ASKED };

/// After "open" alone.
const BROKEN: Usage = Usage { tokens_out: 1, ..ASKED };

/// Its name, the first model's answer, and what is counted for whom.
type Case = (&'static str, Vec<Piece>, Vec<(&'static str, Usage)>);

fn usage(prompt: u64, cached: u64, answer: u64) -> Piece {
    (0, Ok(Delta::Usage(llm::Usage { prompt, cached, written: 0, answer: Some(answer) })))
}

/// What was sent, told before the first word.
fn begun(after: u64) -> Piece {
    (after, Ok(Delta::Usage(llm::Usage { prompt: 100, cached: 40, written: 30, answer: None })))
}

/// An answer of which the vendor says what it counts.
fn told(after: u64) -> Vec<Piece> {
    vec![(after, text("open today.")), usage(100, 40, 7), (0, Ok(Delta::Finish(Finish::Stop)))]
}

fn used(meter: &Meter) -> Vec<(&'static str, Usage)> {
    let lines = meter.lines();
    assert!(lines.iter().all(|line| line.kind == Kind::Thinking && line.model == "m"), "{lines:?}");
    lines.into_iter().map(|line| (line.provider, line.usage)).collect()
}

#[tokio::test(start_paused = true)]
async fn each_request_counts_once_for_whom_it_was_made_however_it_ends() {
    let silent = || answer(u64::from(u32::MAX), "never");
    let cases: Vec<Case> = vec![
        ("told", told(100), vec![("a", TOLD)]),
        (
            "a running count",
            vec![(9, text("open")), usage(100, 40, 1), usage(100, 40, 7), (0, Ok(Delta::Finish(Finish::Stop)))],
            vec![("a", TOLD)],
        ),
        ("never told", answer(100, "open today."), vec![("a", Usage { tokens_out: 3, ..ASKED })]),
        ("refused", vec![(9, Err(ErrorKind::Limited))], vec![("b", TOLD)]),
        ("not to be reached", vec![(9, Err(ErrorKind::Connection))], vec![("b", TOLD)]),
        ("silent to its deadline", vec![(2_800, Err(ErrorKind::Timeout))], vec![("a", ASKED), ("b", TOLD)]),
        ("silent to ours", silent(), vec![("a", ASKED), ("b", TOLD)]),
        (
            "broken after its beginning",
            vec![begun(5), (9, text("open")), (9, Err(ErrorKind::Connection))],
            vec![("a", Usage { tokens_out: 1, ..BEGUN }), ("b", TOLD)],
        ),
        ("broken before a word", vec![begun(5), (9, Err(ErrorKind::Server))], vec![("a", BEGUN), ("b", TOLD)]),
        ("begun, then silent to ours", vec![begun(2_999), (2_999, text("late"))], vec![("a", BEGUN), ("b", TOLD)]),
        ("begun and told", [vec![begun(5)], told(100)].concat(), vec![("a", TOLD)]),
        ("broken within", vec![(9, text("open")), (9, Err(ErrorKind::Connection))], vec![("a", BROKEN), ("b", TOLD)]),
        (
            "broken after its count",
            vec![(9, text("open")), usage(100, 40, 7), (9, Err(ErrorKind::Server))],
            vec![("a", TOLD), ("b", TOLD)],
        ),
    ];
    for (name, first, wanted) in cases {
        let (thinkers, _) = chain(vec![model("a", vec![first]), model("b", vec![told(9)])]);
        let meter = Meter::default();
        metered(&thinkers, false, &meter).await;
        assert_eq!(used(&meter), wanted, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn both_of_a_race_are_paid_and_what_is_cancelled_too() {
    let late = Scripted { hedge_ms: Some(500), ..model("a", vec![told(2_000)]) };
    let (thinkers, _) = chain(vec![late, model("b", vec![told(100)])]);
    let meter = Meter::default();
    metered(&thinkers, true, &meter).await;
    assert_eq!(used(&meter), [("a", ASKED), ("b", TOLD)]);
    let (thinkers, _) = chain(vec![model("a", vec![told(100)])]);
    let meter = Meter::default();
    let mut asking = thinkers.ask(request(), &[], false, &meter);
    assert_eq!(used(&meter), [("a", ASKED)], "it counts from its beginning: the caller may hang up");
    assert!(matches!(asking.next().await, News::Piece(Delta::Text(_))));
    drop(asking);
    assert_eq!(used(&meter), [("a", Usage { tokens_out: 3, ..ASKED })]);
}

#[tokio::test(start_paused = true)]
async fn rules_cost_nothing() {
    let rules = Scripted { is_rules: true, ..model("rules", vec![answer(9, "open")]) };
    let (thinkers, _) = chain(vec![rules]);
    let meter = Meter::default();
    metered(&thinkers, false, &meter).await;
    assert_eq!(used(&meter), []);
}
