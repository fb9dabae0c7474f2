//! A process of attendant on a folder of records, whose runtime can be stopped as by a kill.

use std::sync::Arc;
use std::thread::JoinHandle;

use attendant::agent::CallFacts;
use attendant::agent::conversation::{Books, Desk};
use attendant::agent::graph::Graph;
use attendant::agent::tools::{self, LEDGER, Ledger, MESSAGES, Messages, ToolName};
use attendant::call::CallId;
use attendant::emr::Emr;
use attendant::language::Language;
use attendant::privacy::Pii;
use attendant::provider::chain::{Order, Thinkers};
use attendant::state::{Shared, StateConfig};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

use super::emrs::Emrs;
use super::script::Script;
use crate::desk::comes;
use crate::wire::oscar::by_voice::Talk;
use crate::wire::oscar::house::{NOW, left};

const CLINIC: &str = "harbour-street";

pub struct Process {
    runtime: Handle,
    /// None: it was killed.
    life: Option<Life>,
    pub folder: TempDir,
    pub emr: Arc<dyn Emr>,
    shared: Shared,
    messages: Arc<Messages>,
    desk: Desk,
    script: Script,
}

/// Jane Roe, who calls from the number in her chart.
pub struct Caller {
    talk: Talk,
    script: Script,
}

/// A thread that runs everything, and a second one that alone writes: see `disk`.
struct Life {
    end: oneshot::Sender<()>,
    lives: JoinHandle<()>,
}

impl Life {
    fn start() -> (Handle, Self) {
        let runtime = Builder::new_current_thread().max_blocking_threads(1).enable_all().build();
        let runtime = runtime.expect("as the test has it");
        let handle = runtime.handle().clone();
        let (end, ends) = oneshot::channel();
        let lives = std::thread::spawn(move || {
            runtime.block_on(ends).expect("it ends before it is forgotten");
            runtime.shutdown_background();
        });
        (handle, Self { end, lives })
    }
}

impl Process {
    pub fn start(emrs: &Emrs, folder: TempDir) -> Self {
        let (runtime, life) = Life::start();
        let inside = runtime.enter();
        let shared = Shared::open(&StateConfig::default(), folder.path()).expect("as the test has it");
        let (clinic, emr) = emrs.of_process(&shared, folder.path());
        let (messages, script) = (Arc::new(Messages::new(folder.path().join(MESSAGES))), Script::default());
        let desk = Desk::new(
            Thinkers::new(vec![Arc::new(script.clone())], Order::new()),
            Graph::built_in(),
            vec![clinic],
            Books::from([(CLINIC.to_owned(), emr.clone())]),
            messages.clone(),
            Ledger::open(folder.path().to_owned()).expect("as the test has it"),
            || NOW.parse().expect("as the test has it"),
        );
        let desk = desk.expect("there is a clinic").sharing(shared.clone());
        drop(inside);
        Self { runtime, life: Some(life), folder, emr, shared, messages, desk, script }
    }

    pub const fn runtime(&self) -> &Handle {
        &self.runtime
    }

    pub async fn run<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> T {
        self.runtime().spawn(work).await.expect("as the test has it")
    }

    pub fn call(&self) -> Caller {
        let _inside = self.runtime().enter();
        let facts = CallFacts {
            call: CallId::new(),
            clinic: CLINIC.to_owned(),
            caller: Pii::new("+16045550177".to_owned()),
            language: Language::English,
        };
        Caller { talk: Talk::on(&self.desk, &facts), script: self.script.clone() }
    }

    /// What the staff find when it has started.
    pub async fn delivers(&self) -> Vec<String> {
        for _again in 0..2 {
            let (shared, messages) = (self.shared.clone(), self.messages.clone());
            self.run(async move { tools::deliver(&shared, CLINIC, &messages).await }).await;
        }
        self.left()
    }

    /// What is left for the staff.
    pub fn left(&self) -> Vec<String> {
        left(self.folder.path()).lines().map(str::to_owned).collect()
    }

    fn lines(&self, file: &str) -> Vec<Value> {
        let text = std::fs::read_to_string(self.folder.path().join(file)).unwrap_or_default();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// What the ledger says of the last call of this tool, if it was for more than the question.
    pub fn ended(&self, tool: ToolName) -> Option<String> {
        let lines = self.lines(LEDGER);
        let last = lines.iter().rfind(|line| line["tool"] == tool.name())?;
        let is_open = last["state"] == "started" || last["code"] == "not_confirmed";
        (!is_open).then(|| last["state"].as_str().unwrap_or_default().to_owned())
    }

    /// The ledger has it, and nobody is to be told of it any more.
    pub fn is_over(&self, tool: ToolName) -> bool {
        let lines = self.lines("state.jsonl");
        let interrupted = |line: &&Value| line["key"].as_str().is_some_and(|key| key.starts_with("interrupted:"));
        self.ended(tool).is_some() && lines.iter().rfind(interrupted).is_some_and(|line| line["value"].is_null())
    }

    /// No tool runs, and nothing is to be written of one.
    pub async fn has_written(&self) {
        comes(|| self.desk.outlasting().is_empty().then_some(())).await;
    }

    /// Nothing of it goes on but what is in the middle of a write to the disk.
    pub fn kill(mut self) {
        self.stop();
    }

    fn stop(&mut self) {
        if let Some(Life { end, lives }) = self.life.take() {
            end.send(()).expect("it lives");
            lives.join().expect("as the test has it");
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The caller speaks on before an answer has come.
pub struct Interruption {
    pub begins: oneshot::Receiver<()>,
    pub begun: oneshot::Sender<()>,
}

impl Caller {
    pub async fn asks(&mut self, tool: ToolName, arguments: &Value) -> Value {
        self.talk.hear_out(&format!("{} {arguments}", tool.name())).await;
        self.script.returned()
    }

    /// Up to the server's question.
    pub async fn is_asked(&mut self, tool: ToolName, arguments: &Value) {
        let asked = self.asks(tool, arguments).await;
        assert_eq!(asked["code"], "not_confirmed", "{asked}");
    }

    pub async fn agrees(&mut self) -> Value {
        self.talk.hear_out("yes please").await;
        self.script.returned()
    }

    /// What is told in the end.
    pub async fn agrees_unless(mut self, Interruption { begins, begun }: Interruption) -> Value {
        let is_interrupted = tokio::select! {
            biased;
            _ = self.talk.hear_out("yes please") => false,
            Ok(()) = begins => true,
        };
        if is_interrupted {
            self.talk.interrupt();
            begun.send(()).expect("it is waited for");
            self.talk.hear_out("did that work").await;
        }
        self.script.returned()
    }
}
