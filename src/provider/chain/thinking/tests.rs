use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::stream;
use parking_lot::Mutex;

mod costs;

use super::*;
use crate::agent::llm::{Finish, Message};
use crate::clinic::operator::Operator;
use crate::costs::Paid;
use crate::language::Language;
use crate::privacy::Pii;

type Piece = (u64, Result<Delta, ErrorKind>);

/// Answers each request with the next script: pieces, each so many milliseconds after the one before, then silence.
struct Scripted {
    name: &'static str,
    account: Option<&'static str>,
    hedge_ms: Option<u64>,
    is_rules: bool,
    answers: Mutex<VecDeque<Vec<Piece>>>,
    asked: AtomicUsize,
    /// Requests that are open.
    open: Arc<AtomicUsize>,
}

struct Open(Arc<AtomicUsize>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Model for Scripted {
    fn name(&self) -> &'static str {
        self.name
    }

    fn capabilities(&self, _language: Language) -> Capabilities {
        Capabilities { goes_on: !self.is_rules }
    }

    fn hedge_after(&self) -> Option<Duration> {
        self.hedge_ms.map(Duration::from_millis)
    }

    fn account(&self) -> Option<&str> {
        self.account
    }

    fn paid_as(&self) -> Option<Paid<'_>> {
        (!self.is_rules).then_some(Paid { provider: self.name, model: "m" })
    }

    fn stream(&self, _: Request) -> BoxStream<'static, Result<Delta, ProviderError>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.open.fetch_add(1, Ordering::Relaxed);
        let name = self.name;
        let open = Open(self.open.clone());
        let pieces = self.answers.lock().pop_front().unwrap_or_default();
        stream::iter(pieces)
            .then(move |(after, piece)| {
                let _held = &open;
                let due = Instant::now() + Duration::from_millis(after);
                async move {
                    sleep_until(due).await;
                    let what = "scripted".to_owned();
                    piece.map_err(|kind| ProviderError { provider: name, kind, what, retry_after: None })
                }
            })
            .chain(stream::pending())
            .boxed()
    }
}

fn model(name: &'static str, answers: Vec<Vec<Piece>>) -> Scripted {
    Scripted {
        name,
        account: None,
        hedge_ms: None,
        is_rules: false,
        answers: Mutex::new(answers.into()),
        asked: AtomicUsize::new(0),
        open: Arc::default(),
    }
}

fn text(words: &str) -> Result<Delta, ErrorKind> {
    Ok(Delta::Text(Pii::new(words.to_owned())))
}

fn answer(after: u64, words: &str) -> Vec<Piece> {
    vec![(after, text(words)), (20, Ok(Delta::Finish(Finish::Stop)))]
}

fn chain(models: Vec<Scripted>) -> (Arc<Thinkers>, Vec<Arc<Scripted>>) {
    let models: Vec<Arc<Scripted>> = models.into_iter().map(Arc::new).collect();
    let members = models.iter().map(|model| model.clone() as Arc<dyn Model>).collect();
    (Arc::new(Thinkers::new(members, Order::new())), models)
}

fn request() -> Request {
    Request {
        messages: vec![Message::User(Pii::new("open?".to_owned()))],
        tools: Arc::default(),
        language: Language::English,
        today: None,
        operator: Operator::There,
        temperature: None,
        max_tokens: None,
    }
}

/// Asks as an asker does that has given nothing out: what was said, who failed, and how often two were asked.
async fn whole(thinkers: &Arc<Thinkers>, hedge: bool) -> (String, Vec<ErrorKind>, usize) {
    metered(thinkers, hedge, &Meter::default()).await
}

async fn metered(thinkers: &Arc<Thinkers>, hedge: bool, meter: &Meter) -> (String, Vec<ErrorKind>, usize) {
    let mut asking = thinkers.ask(request(), &[], hedge, meter);
    let (mut said, mut failed, mut hedged) = (String::new(), Vec::new(), 0);
    loop {
        match asking.next().await {
            News::Piece(Delta::Text(words)) => said.push_str(words.reveal()),
            News::Piece(Delta::Finish(_)) | News::Ended => {
                asking.accept();
                return (said, failed, hedged);
            }
            News::Piece(_) => {}
            News::Hedged => hedged += 1,
            News::Failed(error) => {
                failed.push(error.kind);
                if !asking.next_model(None) {
                    return (said, failed, hedged);
                }
            }
        }
    }
}

fn asked(models: &[Arc<Scripted>]) -> Vec<usize> {
    models.iter().map(|model| model.asked.load(Ordering::Relaxed)).collect()
}

#[tokio::test(start_paused = true)]
async fn other_words_are_asked_of_whoever_answers_and_then_of_those_after_it() {
    let breaks = vec![(0, Err(ErrorKind::Server))];
    let (thinkers, models) =
        chain(vec![model("a", vec![answer(0, "one"), breaks]), model("b", vec![answer(0, "two")])]);
    let mut asking = thinkers.ask(request(), &[], false, &Meter::default());
    assert!(matches!(asking.next().await, News::Piece(Delta::Text(_))));
    assert!(asking.again(request(), true));
    assert_eq!(asking.name(), "a");
    assert!(matches!(asking.next().await, News::Failed(_)));
    assert!(asking.next_model(None));
    assert!(matches!(asking.next().await, News::Piece(Delta::Text(words)) if words.reveal() == "two"));
    assert_eq!(models.iter().map(|model| model.asked.load(Ordering::Relaxed)).collect::<Vec<_>>(), [2, 1]);

    let rules = Scripted { is_rules: true, ..model("rules", vec![answer(0, "one"), answer(0, "two")]) };
    let (thinkers, _) = chain(vec![rules]);
    for (goes_on, is_asked) in [(true, false), (false, true)] {
        let mut asking = thinkers.ask(request(), &[], false, &Meter::default());
        assert_eq!(asking.again(request(), goes_on), is_asked, "rules never go on");
    }
}

#[tokio::test(start_paused = true)]
async fn the_next_model_is_asked_at_once_and_a_silent_one_after_3_s() {
    for (kind, first, ms) in [
        (ErrorKind::Server, vec![(100, Err(ErrorKind::Server))], 300),
        (ErrorKind::Limited, vec![(100, Err(ErrorKind::Limited))], 300),
        (ErrorKind::Timeout, vec![], 3_200),
    ] {
        let (thinkers, models) = chain(vec![model("a", vec![first]), model("b", vec![answer(200, "Yes.")])]);
        let began = Instant::now();
        assert_eq!(whole(&thinkers, false).await, ("Yes.".to_owned(), vec![kind], 0));
        assert_eq!(began.elapsed(), Duration::from_millis(ms + 20), "{kind:?}");
        assert_eq!(asked(&models), [1, 1]);
        assert!(models.iter().all(|model| model.open.load(Ordering::Relaxed) == 0), "nothing stays open");
    }
}

#[tokio::test(start_paused = true)]
async fn five_failures_pass_a_model_over_for_a_minute_and_then_one_request_tries() {
    let fails = || vec![(10, Err(ErrorKind::Server))];
    let first = model("a", vec![fails(), fails(), fails(), fails(), fails(), answer(10, "Well.")]);
    let (thinkers, models) = chain(vec![first, model("b", (0..9).map(|_| answer(10, "Yes.")).collect())]);
    for _ in 0..7 {
        assert_eq!(whole(&thinkers, false).await.0, "Yes.");
    }
    assert_eq!(asked(&models), [5, 7]);
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(whole(&thinkers, false).await.0, "Well.");
    assert_eq!(asked(&models), [6, 7]);
}

#[tokio::test(start_paused = true)]
async fn a_refused_key_is_not_tried_again_with_any_model_of_the_account() {
    let refused = Scripted { account: Some("x"), ..model("a", vec![vec![(10, Err(ErrorKind::Unauthorised))]]) };
    let sibling = Scripted { account: Some("x"), ..model("b", vec![]) };
    let (thinkers, models) = chain(vec![refused, sibling, model("c", vec![answer(10, "Yes."), answer(10, "Yes.")])]);
    for _ in 0..2 {
        assert_eq!(whole(&thinkers, true).await.0, "Yes.");
    }
    assert_eq!(asked(&models), [1, 0, 2]);
}

#[tokio::test(start_paused = true)]
async fn when_nobody_is_well_the_first_is_asked_all_the_same() {
    let (thinkers, models) =
        chain(vec![model("a", vec![vec![(10, Err(ErrorKind::Unauthorised))], answer(10, "Yes.")])]);
    assert_eq!(whole(&thinkers, true).await.1, [ErrorKind::Unauthorised]);
    assert_eq!(whole(&thinkers, true).await.0, "Yes.");
    assert_eq!(asked(&models), [2]);
}

#[tokio::test(start_paused = true)]
async fn a_late_first_token_is_raced_and_the_loser_is_cancelled_once_it_is_known_whether_it_is_well() {
    for (first, second, wanted, ms) in [(2_000, 300, "second.", 1_050), (900, 300, "first.", 900)] {
        let late = Scripted { hedge_ms: Some(750), ..model("a", vec![answer(first, "first.")]) };
        let (thinkers, models) = chain(vec![late, model("b", vec![answer(second, "second.")])]);
        let began = Instant::now();
        let mut asking = thinkers.ask(request(), &[], true, &Meter::default());
        assert!(matches!(asking.next().await, News::Hedged));
        assert_eq!(began.elapsed(), Duration::from_millis(750));
        let News::Piece(Delta::Text(words)) = asking.next().await else { panic!("a word") };
        assert_eq!((words.reveal().as_str(), began.elapsed()), (wanted, Duration::from_millis(ms)));
        let open = || models.iter().map(|model| model.open.load(Ordering::Relaxed)).sum::<usize>();
        let beaten = usize::from(wanted == "second.");
        assert_eq!(open(), 1 + beaten, "a spare that loses is cancelled with the winner's first token");
        sleep_until(began + TRULY_LATE + Duration::from_millis(1)).await;
        assert_eq!(open(), 1, "and a first when it is late beyond doubt");
        drop(asking);
        assert!(models.iter().all(|model| model.open.load(Ordering::Relaxed) == 0));
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_is_raced_without_leave_nor_in_time_nor_against_rules_or_the_sick() {
    let late = |ms| Scripted { hedge_ms: Some(750), ..model("a", vec![answer(ms, "first.")]) };
    let other = || model("b", vec![answer(10, "second.")]);
    for (models, hedge, name) in [
        (vec![late(2_000), other()], false, "no leave"),
        (vec![late(700), other()], true, "in time"),
        (vec![late(2_000), Scripted { is_rules: true, ..other() }], true, "rules"),
        (vec![late(2_000)], true, "alone"),
    ] {
        let (thinkers, _) = chain(models);
        assert_eq!(whole(&thinkers, hedge).await, ("first.".to_owned(), vec![], 0), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn of_two_the_one_that_fails_leaves_the_other_alone() {
    for (first, second) in [
        (vec![(800, Err(ErrorKind::Server))], answer(300, "Yes.")),
        (answer(1_500, "Yes."), vec![(10, Err(ErrorKind::Connection))]),
        (vec![(800, Ok(Delta::Finish(Finish::Stop)))], answer(300, "Yes.")),
    ] {
        let late = Scripted { hedge_ms: Some(750), ..model("a", vec![first]) };
        let (thinkers, _) = chain(vec![late, model("b", vec![second])]);
        assert_eq!(whole(&thinkers, true).await, ("Yes.".to_owned(), vec![], 1));
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_beaten_and_truly_late_five_times_in_a_row_is_passed_over() {
    let late = Scripted { hedge_ms: Some(750), ..model("a", vec![]) };
    let (thinkers, models) = chain(vec![late, model("b", (0..6).map(|_| answer(10, "Yes.")).collect())]);
    for turn in 0..6 {
        assert_eq!(whole(&thinkers, true).await, ("Yes.".to_owned(), vec![], usize::from(turn < 5)));
        // The caller speaks. A short answer is whole before it is known that the first is late.
        sleep_until(Instant::now() + TRULY_LATE).await;
    }
    assert_eq!(asked(&models), [5, 6]);
}

#[tokio::test(start_paused = true)]
async fn a_fast_spare_does_not_close_a_model_that_is_well() {
    let good = Scripted { hedge_ms: Some(750), ..model("a", (0..20).map(|_| answer(900, "first.")).collect()) };
    let (thinkers, models) = chain(vec![good, model("b", (0..20).map(|_| answer(10, "Yes.")).collect())]);
    for _ in 0..20 {
        assert_eq!(whole(&thinkers, true).await, ("Yes.".to_owned(), vec![], 1));
        sleep_until(Instant::now() + TRULY_LATE).await;
    }
    assert_eq!(asked(&models), [20, 20]);
}

#[tokio::test(start_paused = true)]
async fn who_tries_again_and_is_beaten_but_well_is_asked_from_then_on() {
    let fails = (0..5).map(|_| vec![(10, Err(ErrorKind::Server))]);
    let answers = fails.chain((0..3).map(|_| answer(900, "first."))).collect();
    let recovered = Scripted { hedge_ms: Some(750), ..model("a", answers) };
    let (thinkers, models) = chain(vec![recovered, model("b", (0..8).map(|_| answer(10, "Yes.")).collect())]);
    for _ in 0..5 {
        whole(&thinkers, true).await;
    }
    sleep_until(Instant::now() + Duration::from_secs(60)).await;
    for _ in 0..3 {
        assert_eq!(whole(&thinkers, true).await, ("Yes.".to_owned(), vec![], 1));
        sleep_until(Instant::now() + TRULY_LATE).await;
    }
    assert_eq!(asked(&models), [8, 8]);
}

#[tokio::test(start_paused = true)]
async fn a_beaten_model_goes_with_the_call() {
    let late = Scripted { hedge_ms: Some(750), ..model("a", vec![]) };
    let (thinkers, models) = chain(vec![late, model("b", vec![answer(10, "Yes.")])]);
    let mut asking = thinkers.ask(request(), &[], true, &Meter::default());
    while !matches!(asking.next().await, News::Piece(_)) {}
    drop(asking);
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    assert!(models.iter().all(|model| model.open.load(Ordering::Relaxed) == 0));
}

#[tokio::test(start_paused = true)]
async fn only_who_can_is_asked_to_go_on() {
    let breaks = vec![(10, text("We are open. ")), (10, Err(ErrorKind::Connection))];
    let rules = Scripted { is_rules: true, ..model("rules", vec![answer(10, "Sorry?")]) };
    let (thinkers, models) = chain(vec![model("a", vec![breaks]), rules, model("c", vec![answer(10, "Until five.")])]);
    let mut asking = thinkers.ask(request(), &[], false, &Meter::default());
    assert!(matches!(asking.next().await, News::Piece(_)));
    assert!(matches!(asking.next().await, News::Failed(_)));
    assert!(asking.next_model(Some(request())));
    assert!(matches!(asking.next().await, News::Piece(_)));
    assert_eq!(asked(&models), [1, 0, 1]);
    asking.reject(ErrorKind::Empty, "not good");
    assert!(!asking.next_model(Some(request())), "nobody is left who could");
    assert!(asking.next_model(None));
}

#[tokio::test(start_paused = true)]
async fn an_agent_or_a_language_has_its_own_order() {
    let models = || vec![model("a", vec![answer(10, "a")]), model("b", vec![answer(10, "b")])];
    let (thinkers, asked_of) = chain(models());
    let mut asking = thinkers.ask(request(), &["b".to_owned()], false, &Meter::default());
    assert!(matches!(asking.next().await, News::Piece(_)));
    assert_eq!(asked(&asked_of), [0, 1]);
    asking.reject(ErrorKind::Server, "not good");
    assert!(!asking.next_model(None), "who is not named is not asked");

    let members = models().into_iter().map(|model| Arc::new(model) as Arc<dyn Model>).collect();
    let thinkers = Arc::new(Thinkers::new(members, Order::from([(Language::English, vec![1, 0])])));
    assert_eq!(whole(&thinkers, false).await.0, "b");
}
