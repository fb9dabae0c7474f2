//! A brain that answers every turn with its code after the scripted delay.

use tokio::task::JoinHandle;

use super::ScriptedConfig;
use super::code::{Code, call_of};
use crate::agent::{Agent, Agents, CallFacts, Event, Reports, Turn};
use crate::privacy::Pii;

/// See the module header.
#[derive(Clone, Copy, Debug)]
pub struct ScriptedAgents(pub ScriptedConfig);

impl Agents for ScriptedAgents {
    fn open(&self, call: &CallFacts) -> Box<dyn Agent> {
        Box::new(ScriptedAgent { settings: self.0, call: call_of(call.caller.reveal()), thinking: None })
    }
}

struct ScriptedAgent {
    settings: ScriptedConfig,
    call: u16,
    thinking: Option<JoinHandle<()>>,
}

impl Agent for ScriptedAgent {
    fn think(&mut self, turn: Turn, reports: Reports) {
        self.cancel();
        let delay = self.settings.llm_ms.draw(&mut rand::rng());
        let parts = self.settings.parts;
        let code = Code { call: self.call, turn: (turn.number % 256) as u8, part: 0, parts };
        self.thinking = Some(tokio::spawn(async move {
            crate::clock::elapse(delay).await;
            for part in 0..parts {
                let text = format!("{} ", Code { part, ..code }.sentence());
                if !reports.send(Event::Text(Pii::new(text))).await {
                    return;
                }
            }
            // Whether the call is still there makes no difference any more.
            reports.send(Event::Done).await;
        }));
    }

    fn cancel(&mut self) {
        if let Some(thinking) = self.thinking.take() {
            thinking.abort();
        }
    }
}

impl Drop for ScriptedAgent {
    fn drop(&mut self) {
        self.cancel();
    }
}
