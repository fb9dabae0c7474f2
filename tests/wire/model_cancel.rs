//! The agent with real models behind real sockets: wherever an answer is cancelled, nothing of it comes any more and no connection stays.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use attendant::agent::conversation::{Books, Desk};
use attendant::agent::graph::Graph;
use attendant::agent::llm::Model;
use attendant::agent::tools::{Ledger, Messages};
use attendant::agent::{Agent, Agents, CallFacts, Line, Reports, Turn, Who};
use attendant::call::CallId;
use attendant::call::event::Mailbox;
use attendant::clinic::Clinic;
use attendant::language::Language;
use attendant::privacy::Pii;
use attendant::provider::chain::{Order, Thinkers};
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};

use super::models::{APIS, Api};
use crate::desk::in_time;

/// The first token, and each of the others.
const FIRST: Duration = Duration::from_millis(200);
const TOKEN: Duration = Duration::from_millis(40);
const TOKENS: usize = 25;

/// Answers that are open at a server: they are closed when their connection is.
#[derive(Clone, Default)]
struct Open(Arc<AtomicUsize>);

struct Held(Open);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Words one after the other; or nothing, ever.
fn answer(api: Api, open: &Open, is_silent: bool) -> Response {
    open.0.fetch_add(1, Ordering::Relaxed);
    let held = Held(open.clone());
    let begun = tokio::time::Instant::now();
    let words = stream::iter(0..=TOKENS).then(move |n| {
        let _held = &held;
        let due = begun + FIRST + TOKEN * n as u32;
        async move {
            if is_silent {
                std::future::pending::<()>().await;
            }
            tokio::time::sleep_until(due).await;
            Ok::<_, std::io::Error>(if n < TOKENS { api.says(&format!("word{n} ")) } else { api.ends() })
        }
    });
    ([("content-type", "text/event-stream")], Body::from_stream(words)).into_response()
}

async fn model(api: Api, open: Open, is_silent: bool, name: &str) -> Arc<dyn Model> {
    let address = api.server(move || answer(api, &open, is_silent)).await;
    api.model(address, name, 2_800, 100)
}

/// The agent of a call that has come in, for which these models think.
pub fn agent_of(models: Vec<Arc<dyn Model>>, folder: &Path) -> Box<dyn Agent> {
    agent_in(Graph::built_in(), models, folder)
}

/// The same among these agents.
pub fn agent_in(graph: Graph, models: Vec<Arc<dyn Model>>, folder: &Path) -> Box<dyn Agent> {
    let desk = Desk::new(
        Thinkers::new(models, Order::new()),
        graph,
        vec![Clinic::sample()],
        Books::new(),
        Messages::new(folder.join("messages")),
        Ledger::open(folder.to_owned()).expect("the folder is writable"),
        attendant::clock::now,
    )
    .expect("there is a clinic");
    desk.open(&CallFacts {
        call: CallId::new(),
        clinic: "harbour-street".into(),
        caller: Pii::new("+16045550177".to_owned()),
        language: Language::English,
    })
}

/// The caller's first question.
pub fn ask(agent: &mut dyn Agent, mailbox: Mailbox) {
    let asked = Line { who: Who::Caller, text: Pii::new("are you open".to_owned()), cut: false };
    let turn = Turn { number: 1, language: Language::English, said: [asked].into(), draft: false };
    agent.think(turn, Reports { turn: 1, mailbox });
}

/// Asks, cancels after so long, and waits until nothing is open. What came before, and whether more came after.
async fn cancelled_after(api: Api, after: Duration, first_is_silent: bool) -> (usize, usize) {
    let open = Open::default();
    let first = model(api, open.clone(), first_is_silent, "first").await;
    let second = model(api, open.clone(), false, "second").await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut agent = agent_of(vec![first, second], folder.path());
    let (mailbox, mut events) = Mailbox::new();
    ask(agent.as_mut(), mailbox);
    let mut before = 0;
    let listening = async {
        while events.recv().await.is_some() {
            before += 1;
        }
    };
    // It goes on for as long as the agent has the mailbox, or until it is cancelled.
    drop(tokio::time::timeout(after, listening).await);
    agent.cancel();
    in_time(async {
        while open.0.load(Ordering::Relaxed) > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    // Whoever could still send has gone with the answer; what was under way already is numbered with its turn.
    let mut late = 0;
    in_time(async {
        while events.recv().await.is_some() {
            late += 1;
        }
    })
    .await;
    (before, late)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_cancelled_at_any_50_ms_closes_every_connection_and_says_no_more() {
    rustls::crypto::ring::default_provider().install_default().ok();
    for (api, first_is_silent) in APIS.into_iter().flat_map(|api| [(api, false), (api, true)]) {
        let runs = (0..28).map(|n| {
            let after = Duration::from_millis(50 * n);
            tokio::spawn(async move { (after, cancelled_after(api, after, first_is_silent).await) })
        });
        let mut heard = 0;
        for run in runs.collect::<Vec<_>>() {
            let (after, (before, late)) = run.await.expect("it goes well");
            heard = heard.max(before);
            assert!(late <= 1, "{late} events after the cancel at {after:?}, {api:?}, silent: {first_is_silent}");
        }
        assert!(heard > 5, "{api:?}: answers were under way: {heard}");
    }
}
