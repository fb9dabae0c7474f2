//! Language models that fail where they are told to, behind the real agent, graph, tools and fail-over, in the virtual time of a
//! simulated call.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use attendant::agent::conversation::{Books, Desk};
use attendant::agent::graph::Graph;
use attendant::agent::llm::{Capabilities, Delta, Finish, Message, Model, Request, ToolCallPiece};
use attendant::agent::tools::{Ledger, Messages};
use attendant::agent::{self, Agent, Agents, CallFacts, Reports, Turn};
use attendant::call::CallId;
use attendant::call::event::{Event, Mailbox};
use attendant::clinic::Clinic;
use attendant::language::Language;
use attendant::privacy::Pii;
use attendant::provider::chain::{Order, Thinkers};
use attendant::provider::{ErrorKind, ProviderError};
use attendant_media::time::Time;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;
use tokio::task::yield_now;

use super::mood::ms;

/// What goes wrong with a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The key is refused.
    Unauthorised,
    /// Too many requests, with Retry-After.
    Limited,
    /// An error of the server's, or what is no answer at all.
    Server,
    /// The connection closes.
    Closes,
    /// Nothing more comes.
    Stalls,
    /// It ends there, as when a quota is used up: nothing says so.
    Ends,
    /// Tools are called by no name.
    Garbage,
}

pub const TROUBLES: [Trouble; 7] = [
    Trouble::Unauthorised,
    Trouble::Limited,
    Trouble::Server,
    Trouble::Closes,
    Trouble::Stalls,
    Trouble::Ends,
    Trouble::Garbage,
];

/// Where in an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    BeforeTheFirstWord,
    /// No whole clause yet.
    WithinTheFirstClause,
    /// A sentence is said already.
    WithinTheSecondSentence,
    WithinTheLastWord,
    /// Of an answer that begins with a tool.
    WithinTheCall,
    /// The tool has run.
    BeforeTheResultIsTold,
    WithinTheResult,
}

pub const PLACES: [Place; 7] = [
    Place::BeforeTheFirstWord,
    Place::WithinTheFirstClause,
    Place::WithinTheSecondSentence,
    Place::WithinTheLastWord,
    Place::WithinTheCall,
    Place::BeforeTheResultIsTold,
    Place::WithinTheResult,
];

impl Place {
    pub fn has_tool(self) -> bool {
        matches!(self, Self::WithinTheCall | Self::BeforeTheResultIsTold | Self::WithinTheResult)
    }
}

/// Every word once, so that one that is heard twice is seen.
pub const ANSWER: &str = "Alpha bravo charlie delta echo. Foxtrot golf hotel india juliett. Kilo lima mike november.";
pub const LOOKS: &str = "Oscar papa quebec romeo sierra.";

/// A model of the list.
#[derive(Clone, Debug)]
pub struct Script {
    pub name: &'static str,
    pub trouble: Option<(Trouble, Place)>,
    /// Answers begin with a tool.
    pub tool: bool,
    /// The first token after so many milliseconds, and each further one.
    pub first_ms: u64,
    pub token_ms: u64,
}

impl Script {
    pub fn well(name: &'static str) -> Self {
        Self { name, trouble: None, tool: false, first_ms: 300, token_ms: 30 }
    }
}

struct Scripted {
    script: Script,
    open: Arc<AtomicUsize>,
}

/// A request that is open until it is dropped.
struct Open(Arc<AtomicUsize>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

type Piece = Result<Delta, ErrorKind>;

impl Scripted {
    /// What it would answer if it were well, and where it fails.
    fn answer(&self, request: &Request) -> (Vec<Piece>, Option<usize>) {
        let told = matches!(request.messages.last(), Some(Message::Tool { .. }));
        let goes_on = matches!(&request.messages[..], [.., Message::Assistant { .. }, Message::System(_)]);
        let asks = self.script.tool && !told && !goes_on && !request.tools.is_empty();
        let words = |text: &str| -> Vec<Piece> {
            text.split_inclusive(' ').map(|word| Ok(Delta::Text(Pii::new(word.to_owned())))).collect()
        };
        // One that goes on begins again: what was said is for the asker to leave out.
        let mut pieces = words(if asks { LOOKS } else { ANSWER });
        if asks {
            let (id, name) = (Some("1".to_owned()), Some("clinic_info".to_owned()));
            let call = |id, name, arguments: &str| {
                Ok(Delta::ToolCall(ToolCallPiece { index: 0, id, name, arguments: Pii::new(arguments.to_owned()) }))
            };
            pieces.extend([call(id, name, "{\"topic\":"), call(None, None, "\"parking\"}")]);
        }
        let finish = if asks { Finish::ToolCalls } else { Finish::Stop };
        pieces.push(Ok(Delta::Finish(finish)));
        let at = match self.script.trouble {
            // Who has it at all cannot go on either.
            Some(_) if goes_on => Some(3),
            Some((_, Place::BeforeTheFirstWord)) => Some(0),
            Some((_, Place::WithinTheFirstClause)) => Some(2),
            Some((_, Place::WithinTheSecondSentence)) if !asks => Some(7),
            Some((_, Place::WithinTheLastWord)) if !asks => Some(13),
            Some((_, Place::WithinTheCall)) if asks => Some(6),
            Some((_, Place::BeforeTheResultIsTold)) if told => Some(0),
            Some((_, Place::WithinTheResult)) if told => Some(7),
            Some(_) | None => None,
        };
        (pieces, at)
    }
}

impl Model for Scripted {
    fn name(&self) -> &'static str {
        self.script.name
    }

    fn capabilities(&self, _language: Language) -> Capabilities {
        Capabilities { goes_on: true }
    }

    fn hedge_after(&self) -> Option<Duration> {
        Some(ms(750))
    }

    fn stream(&self, request: Request) -> BoxStream<'static, Result<Delta, ProviderError>> {
        let (mut pieces, at) = self.answer(&request);
        let mut stalls = false;
        if let (Some(at), Some((trouble, _))) = (at, self.script.trouble) {
            pieces.truncate(at);
            match trouble {
                Trouble::Unauthorised => pieces.push(Err(ErrorKind::Unauthorised)),
                Trouble::Limited => pieces.push(Err(ErrorKind::Limited)),
                Trouble::Server => pieces.push(Err(ErrorKind::Server)),
                Trouble::Closes => pieces.push(Err(ErrorKind::Connection)),
                Trouble::Stalls => stalls = true,
                Trouble::Ends => pieces.push(Ok(Delta::Finish(Finish::Stop))),
                Trouble::Garbage => {
                    // Another one, without a name.
                    pieces.push(Ok(Delta::ToolCall(ToolCallPiece { index: 9, ..ToolCallPiece::default() })));
                    pieces.push(Ok(Delta::Finish(Finish::ToolCalls)));
                }
            }
        }
        self.open.fetch_add(1, Ordering::Relaxed);
        let open = Open(self.open.clone());
        let Script { name, first_ms, token_ms, .. } = self.script;
        let retry_after = Some(Duration::from_secs(20));
        let timed = stream::iter(pieces.into_iter().enumerate()).then(move |(n, piece)| {
            let _held = &open;
            let wait = ms(if n == 0 { first_ms } else { token_ms });
            let due = tokio::time::Instant::now() + wait;
            async move {
                tokio::time::sleep_until(due).await;
                let what = "scripted".to_owned();
                piece.map_err(|kind| ProviderError {
                    provider: name,
                    kind,
                    what,
                    retry_after: retry_after.filter(|_| kind == ErrorKind::Limited),
                })
            }
        });
        if stalls { timed.chain(stream::pending()).boxed() } else { timed.boxed() }
    }
}

/// The real agent of one call, on a clock that the simulation moves.
pub struct Thinker {
    runtime: Runtime,
    agent: Option<Box<dyn Agent>>,
    mailbox: Mailbox,
    events: mpsc::Receiver<Event>,
    at: Time,
    open: Arc<AtomicUsize>,
    tools: usize,
    folder: tempfile::TempDir,
}

/// In a row without anything new: whatever could go on has.
const IDLE: usize = 24;

impl Thinker {
    pub fn new(scripts: &[Script], now: Time) -> Self {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
        let open = Arc::<AtomicUsize>::default();
        let models = scripts
            .iter()
            .map(|script| Arc::new(Scripted { script: script.clone(), open: open.clone() }) as Arc<dyn Model>)
            .collect();
        let folder = tempfile::tempdir().expect("a temporary folder");
        let desk = Desk::new(
            Thinkers::new(models, Order::new()),
            Graph::built_in(),
            vec![Clinic::sample()],
            Books::new(),
            Messages::new(folder.path().join("messages")),
            Ledger::open(folder.path().to_owned()).expect("the folder is writable"),
            || "2026-11-21T18:05:00Z".parse().expect("it is a time"),
        )
        .expect("there is a clinic");
        let facts = CallFacts {
            call: CallId::new(),
            clinic: "harbour-street".into(),
            caller: Pii::new("+16045550177".to_owned()),
            language: Language::English,
        };
        let (mailbox, events) = Mailbox::new();
        let agent = Some(desk.open(&facts));
        Self { runtime, agent, mailbox, events, at: now, open, tools: 0, folder }
    }

    pub fn think(&mut self, turn: Turn) {
        let _runtime = self.runtime.enter();
        let reports = Reports { turn: turn.number, mailbox: self.mailbox.clone() };
        if let Some(agent) = &mut self.agent {
            agent.think(turn, reports);
        }
    }

    pub fn confirm(&mut self) {
        if let Some(agent) = &mut self.agent {
            agent.confirm();
        }
    }

    /// No request may be open after it.
    pub fn cancel(&mut self) {
        if let Some(agent) = &mut self.agent {
            agent.cancel();
        }
        self.runtime.block_on(async {
            for _ in 0..IDLE {
                yield_now().await;
            }
        });
        assert_eq!(self.open.load(Ordering::Relaxed), 0, "a request outlives its answer");
    }

    /// Time goes on: what the agent has said by then.
    pub fn advance(&mut self, now: Time) -> Vec<Event> {
        let ahead = now.since(self.at);
        self.at = now;
        let Self { runtime, events, tools, .. } = self;
        runtime.block_on(async {
            if ahead > Duration::ZERO {
                tokio::time::advance(ahead).await;
            }
            let mut said = Vec::new();
            let mut idle = 0;
            // A tool writes to its ledger on a thread of its own, in no virtual time.
            while idle < IDLE || *tools > 0 {
                yield_now().await;
                idle += 1;
                while let Ok(event) = events.try_recv() {
                    idle = 0;
                    match &event {
                        Event::Agent { event: agent::Event::ToolStarted { .. }, .. } => *tools += 1,
                        Event::Agent { event: agent::Event::ToolDone { .. }, .. } => *tools -= 1,
                        _ => {}
                    }
                    said.push(event);
                }
            }
            said
        })
    }

    /// The call is over: tools that ran in it.
    pub fn end(&mut self) -> usize {
        self.cancel();
        self.agent = None;
        let ledger = std::fs::read_to_string(self.folder.path().join("tools.jsonl")).expect("the ledger is there");
        ledger.matches("\"started\"").count()
    }
}
