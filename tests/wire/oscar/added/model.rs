//! Who decides, as if on another machine, as a model is: what the rules compute gets only what others leave of the cores (Linux's idle policy), so that
//! no tool waits for a core on which another caller's next sentence is being made out.

use attendant::agent::brain::RuleBrain;
use attendant::agent::llm::{Delta, Model, Request};
use attendant::provider::ProviderError;
use futures_util::future::FutureExt;
use futures_util::stream::{self, BoxStream, StreamExt};
use tokio::process::Command;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

pub struct Elsewhere(Handle);

impl Elsewhere {
    /// Threads that it starts have its policy.
    pub async fn start() -> Self {
        let (tell, told) = oneshot::channel();
        let run = move || {
            let itself = std::fs::read_link("/proc/thread-self").expect("every Linux has it");
            let runtime = Builder::new_current_thread().enable_all().build().expect("it starts");
            drop(tell.send((itself, runtime.handle().clone())));
            runtime.block_on(std::future::pending::<()>());
        };
        std::thread::Builder::new().name("model".to_owned()).spawn(run).expect("it starts");
        let (itself, handle) = told.await.expect("it runs");
        let mut idle = Command::new("chrt");
        idle.args(["--idle", "--pid", "0"]).arg(itself.file_name().expect("its number"));
        assert!(idle.status().await.expect("util-linux has it").success(), "it has a policy");
        Self(handle)
    }
}

impl Model for Elsewhere {
    fn name(&self) -> &'static str {
        "rules"
    }

    fn stream(&self, request: Request) -> BoxStream<'static, Result<Delta, ProviderError>> {
        let said = self.0.spawn(async move { RuleBrain.stream(request).collect::<Vec<_>>().await });
        stream::once(said.map(|said| stream::iter(said.expect("it goes on")))).flatten().boxed()
    }
}
