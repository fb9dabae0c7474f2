//! Calls whose ears are at a simulated vendor that fails: in its first session or in all, and wherever in a call.

use super::*;

/// What goes wrong, and whether it costs the session.
struct Row {
    name: String,
    trouble: Trouble,
    costs: Option<bool>,
}

impl Row {
    fn new(vendor: Vendor, fault: Fault, trouble: Trouble) -> Self {
        let costs = match fault {
            // Words that are never final are owed at OpenAI; the others end a turn, or an utterance, with what they said of it.
            Fault::Unanswered => vendor == Vendor::OpenAiEars,
            fault => !matches!(fault, Fault::Disorder | Fault::Slow),
        };
        Self { name: format!("{fault:?}"), trouble, costs: Some(costs) }
    }

    fn at(self, moment: Moment) -> Self {
        // A connection that breaks while nobody says anything may be missed by nobody, and words that were heard so far may be all.
        let costs = self.costs.filter(|_| !matches!(moment, Moment::Between | Moment::LastWords));
        Self { name: format!("{} at {moment:?}", self.name), trouble: self.trouble.at(moment), costs }
    }
}

/// Where this one's simulated vendor is.
pub(super) async fn at(model: &str, trouble: Trouble) -> SocketAddr {
    if model == "google" { google::vendor(trouble).await } else { vendor(trouble).await }
}

/// One call a row, all at once: a recogniser with trouble, and a second one that is well.
async fn table(model: &'static str, rows: Vec<Row>) {
    let calls = rows.into_iter().zip(1..).map(|(row, n)| async move {
        let first = hears(model, at(model, row.trouble.clone()).await);
        let second = hears(model, at(model, Trouble::default()).await);
        let number = format!("+1604555{n:04}");
        let ears = chain::recognisers(vec![first, second], chain::Order::new());
        let told = call(&number, |providers| providers.recognisers = ears).await;
        (row, call_of(&number), told)
    });
    for (Row { name, trouble, costs }, number, told) in at_once(calls).await {
        let row = format!("{model} {name}");
        told.went_well(&row, EndReason::Goodbye);
        assert!(trouble.struck().is_some(), "{row}: it never struck");
        for turn in [201, 202] {
            let sentence = Code { turn, ..asked(number) }.sentence();
            let times = told.lines(Who::Caller).matches(&sentence).count();
            assert_eq!(times, 1, "{row}: {:?} {:#?}", told.lines(Who::Caller), told.past.entries);
        }
        let questions = told.lines(Who::Caller).matches("The caller has").count();
        assert_eq!(questions, 2, "{row}: {:?} {:#?}", told.lines(Who::Caller), told.past.entries);
        let reopened = told.recoveries(Recovery::SttReopened) > 0;
        assert!(costs.is_none_or(|costs| costs == reopened), "{row}: {:#?}", told.past.entries);
    }
}

/// What a recogniser can have in a session, besides being slow.
const FAULTS: [Fault; 10] = [
    Fault::Stalls,
    Fault::Deaf,
    Fault::Errors,
    Fault::Breaks,
    Fault::Disorder,
    Fault::Unanswered,
    Fault::Empty,
    Fault::Unauthorised,
    Fault::Limits,
    Fault::Fails,
];

pub(super) fn vendor_of(name: &str) -> Vendor {
    EARS.into_iter().find(|(ears, _)| *ears == name).expect("it is tried").1
}

fn in_the_first_session(vendor: Vendor) -> Vec<Row> {
    let trouble = |fault| match fault {
        // Whom it costs no session has it in all.
        Fault::Unanswered if vendor != Vendor::OpenAiEars => Trouble::always(Some(fault)),
        _ => Trouble::first(1, fault),
    };
    possible(vendor, Moment::Usual, FAULTS).map(|fault| Row::new(vendor, fault, trouble(fault))).collect()
}

/// In every session, and at other moments than in the middle of the first words.
fn in_every_session(vendor: Vendor) -> Vec<Row> {
    let always = |fault| Row::new(vendor, fault, Trouble::always(Some(fault)));
    let mut rows = vec![always(Fault::Slow), always(Fault::Deaf), always(Fault::Empty), always(Fault::Fails)];
    for moment in [Moment::LastWords, Moment::Between] {
        rows.extend(possible(vendor, moment, FAULTS).map(|fault| always(fault).at(moment)));
    }
    let never_made = possible(vendor, Moment::Connecting, FAULTS);
    rows.extend(never_made.map(|f| Row::new(vendor, f, Trouble::first(1, f)).at(Moment::Connecting)));
    rows
}

async fn first_session(name: &'static str) {
    table(name, in_the_first_session(vendor_of(name))).await;
}

async fn every_session(name: &'static str) {
    table(name, in_every_session(vendor_of(name))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_at_nova_that_fails_costs_no_word() {
    first_session("nova-3").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_at_sarvam_that_fails_costs_no_word() {
    first_session("sarvam").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_at_google_that_fails_costs_no_word() {
    first_session("google").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_at_openai_that_fails_costs_no_word() {
    first_session("openai_stt").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_at_azure_that_fails_costs_no_word() {
    first_session("azure_stt").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_at_flux_that_fails_costs_no_word() {
    first_session("flux").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_vendor_whose_every_session_fails_is_replaced_and_no_word_is_lost() {
    let lost = possible(Vendor::Flux, Moment::Usual, FAULTS).filter(|fault| *fault != Fault::Unanswered);
    table("flux", lost.map(|fault| Row::new(Vendor::Flux, fault, Trouble::always(Some(fault)))).collect()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nova_that_fails_at_any_moment_of_a_call_costs_no_word() {
    every_session("nova-3").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flux_that_fails_at_any_moment_of_a_call_costs_no_word() {
    every_session("flux").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sarvam_that_fails_at_any_moment_of_a_call_costs_no_word() {
    every_session("sarvam").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn google_that_fails_at_any_moment_of_a_call_costs_no_word() {
    every_session("google").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openai_that_fails_at_any_moment_of_a_call_costs_no_word() {
    every_session("openai_stt").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn azure_that_fails_at_any_moment_of_a_call_costs_no_word() {
    every_session("azure_stt").await;
}
