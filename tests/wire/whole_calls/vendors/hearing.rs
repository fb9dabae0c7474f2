//! Calls whose ears are at a simulated vendor that fails: in its first session or in all, and wherever in a call.

use attendant::sim::Moment;

use super::*;

/// What goes wrong, and whether it costs the session.
struct Row {
    name: String,
    trouble: Trouble,
    costs: Option<bool>,
}

impl Row {
    fn new(fault: Fault, trouble: Trouble) -> Self {
        let costs = !matches!(fault, Fault::Disorder | Fault::Unanswered | Fault::Slow);
        Self { name: format!("{fault:?}"), trouble, costs: Some(costs) }
    }

    fn at(self, moment: Moment) -> Self {
        // A connection that breaks while nobody says anything may be missed by nobody, and words that were heard so far may be all.
        let costs = self.costs.filter(|_| !matches!(moment, Moment::Between | Moment::LastWords));
        Self { name: format!("{} at {moment:?}", self.name), trouble: self.trouble.at(moment), costs }
    }
}

/// Where this one's simulated vendor is.
async fn at(model: &str, trouble: Trouble) -> SocketAddr {
    if model == "google" { google::vendor(trouble).await } else { vendor(trouble).await }
}

/// One call a row, all at once: a recogniser with trouble, and a second one that is well.
async fn table(model: &'static str, rows: Vec<Row>) {
    let calls = rows.into_iter().zip(1..).map(|(row, n)| async move {
        let first = hears(model, at(model, row.trouble.clone()).await);
        let second = hears(model, at(model, Trouble::default()).await);
        let number = format!("+1604555{n:04}");
        let told = call(&number, |providers| providers.recognisers = vec![first, second]).await;
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

/// What every recogniser can have in a session.
const FAULTS: [Fault; 7] =
    [Fault::Stalls, Fault::Deaf, Fault::Errors, Fault::Breaks, Fault::Unauthorised, Fault::Limits, Fault::Fails];

fn in_the_first_session() -> Vec<Row> {
    let mut rows: Vec<Row> = FAULTS.map(|fault| Row::new(fault, Trouble::first(1, fault))).into();
    rows.push(Row::new(Fault::Unanswered, Trouble::always(Some(Fault::Unanswered))));
    rows
}

fn disorder() -> Row {
    Row::new(Fault::Disorder, Trouble::first(1, Fault::Disorder))
}

/// In every session, and at other moments than in the middle of the first words.
fn in_every_session() -> Vec<Row> {
    let always = |fault| Row::new(fault, Trouble::always(Some(fault)));
    let mut rows = vec![always(Fault::Slow), always(Fault::Deaf), always(Fault::Fails)];
    for moment in [Moment::LastWords, Moment::Between] {
        rows.extend([Fault::Stalls, Fault::Errors, Fault::Breaks].map(|fault| always(fault).at(moment)));
    }
    rows.push(Row::new(Fault::Stalls, Trouble::first(1, Fault::Stalls)).at(Moment::Connecting));
    rows
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_at_nova_that_fails_costs_no_word() {
    table("nova-3", [in_the_first_session(), vec![disorder()]].into_iter().flatten().collect()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_at_sarvam_that_fails_costs_no_word() {
    table("sarvam", [in_the_first_session(), vec![disorder()]].into_iter().flatten().collect()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_at_google_that_fails_costs_no_word() {
    table("google", [in_the_first_session(), vec![disorder()]].into_iter().flatten().collect()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_at_openai_that_fails_costs_no_word() {
    let rows = FAULTS.map(|fault| Row::new(fault, Trouble::first(1, fault)));
    table("openai_stt", rows.into_iter().chain([disorder()]).collect()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_at_azure_that_fails_costs_no_word() {
    table("azure_stt", in_the_first_session()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_at_flux_that_fails_costs_no_word() {
    table("flux", in_the_first_session()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_vendor_whose_every_session_fails_is_replaced_and_no_word_is_lost() {
    table("flux", FAULTS.map(|fault| Row::new(fault, Trouble::always(Some(fault)))).into()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nova_that_fails_at_any_moment_of_a_call_costs_no_word() {
    table("nova-3", in_every_session()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flux_that_fails_at_any_moment_of_a_call_costs_no_word() {
    table("flux", in_every_session()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sarvam_that_fails_at_any_moment_of_a_call_costs_no_word() {
    table("sarvam", in_every_session()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn google_that_fails_at_any_moment_of_a_call_costs_no_word() {
    table("google", in_every_session()).await;
}
