//! A call's voice is told what the call speaks: before the first word, and when that changes.

use tokio::sync::watch;

use super::*;
use crate::agent::{Reports, Turn};

/// Goes on in French, whatever is said.
struct InFrench;

impl Agents for InFrench {
    fn open(&self, _call: &CallFacts) -> Box<dyn Agent> {
        Box::new(Self)
    }
}

impl Agent for InFrench {
    fn think(&mut self, _turn: Turn, reports: Reports) {
        // A call that is gone needs no language.
        tokio::spawn(async move { reports.send(crate::agent::Event::Language(Language::French)).await });
    }

    fn cancel(&mut self) {}
}

/// Says in which language calls open it, and nothing else.
struct Listening(mpsc::Sender<watch::Receiver<Language>>);

impl Voice for Listening {
    fn name(&self) -> &'static str {
        "listening"
    }

    fn capabilities(&self, language: Language) -> Option<tts::Capabilities> {
        NoVoice.capabilities(language)
    }

    fn open(&self, _reports: tts::Reports) -> mpsc::Sender<tts::Input> {
        mpsc::channel(1).0
    }

    fn open_ahead(&self, language: watch::Receiver<Language>, reports: tts::Reports) -> mpsc::Sender<tts::Input> {
        self.0.try_send(language).expect("one call opens it once");
        self.open(reports)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_voice_knows_the_language_while_the_phone_rings_and_every_later_one() {
    let (told, mut opened) = mpsc::channel(1);
    let desk = desk(Arc::new(InFrench), Arc::new(Listening(told)));
    let (_caller, handle, _commands) = call(&desk).await;
    let mut language = timeout(PATIENCE, opened.recv()).await.expect("while it rings").expect("it is open");
    assert_eq!(*language.borrow(), Language::English);
    assert!(handle.mailbox.send(Event::Signal(Signal::Answered)).await);
    let french = timeout(PATIENCE, language.wait_for(|language| *language == Language::French)).await;
    assert!(french.expect("the agent is asked").is_ok());
}
