//! A house whose calls fail takes no new ones for a while, whatever the callers do when they hear the apology. Calls pass in virtual time.

use tokio::task::LocalSet;

use super::*;
use crate::call::event::Gone;
use crate::call::worker::Workers;
use crate::provider::{ErrorKind, ProviderError};
use crate::stt::{self, Recognizer};

/// A recogniser that fails every session so.
pub(super) struct Fails(pub(super) ErrorKind);

impl Recognizer for Fails {
    fn name(&self) -> &'static str {
        "fails"
    }

    fn capabilities(&self, _language: Language) -> Option<stt::Capabilities> {
        Some(stt::Capabilities { partials: stt::Partials::Changing, end_of_turn: false })
    }

    fn open(&self, _setup: stt::Setup, reports: stt::Reports) -> mpsc::Sender<stt::Input> {
        let (kind, what) = (self.0, "it fails".to_owned());
        let error = ProviderError { provider: "fails", kind, what, retry_after: None };
        tokio::spawn(async move { reports.send(stt::Event::Failed(error)).await });
        mpsc::channel(64).0
    }
}

/// Nobody who hears can be reached.
fn deaf() -> Vec<Arc<dyn Recognizer>> {
    vec![Arc::new(Fails(ErrorKind::Connection)), Arc::new(Fails(ErrorKind::Connection))]
}

pub(super) const PERSON: &str = "sip:person@clinic.example";

/// In the test's own time; to be made on a [`LocalSet`].
pub(super) fn desk(recognisers: Vec<Arc<dyn Recognizer>>, transfer_to: Option<&str>) -> Arc<Desk> {
    let mut canned = Canned::default();
    for phrase in [Phrase::Greeting, Phrase::Transfer] {
        let line = Line { text: "Good day.".into(), audio: Some(vec![0; 3_200].into()) };
        canned.insert(Language::English, phrase, line);
    }
    let apology = Line { text: "I am sorry.".into(), audio: Some(vec![6_000; 3_200].into()) };
    canned.insert(Language::English, Phrase::Apology, apology);
    let transfer_to = transfer_to.map(str::to_owned);
    let setup = DeskSetup {
        config: CallConfig { transfer_to, ..CallConfig::default() },
        media: MediaConfig::default(),
        clinic: "sample".to_owned(),
        share: None,
        language: Language::English,
        canned,
        providers: Providers {
            recognisers,
            voices: vec![Arc::new(ScriptedVoice(ScriptedConfig::default()))],
            agents: Arc::new(ScriptedAgents(ScriptedConfig::default())),
        },
        records: Records::none(),
        till: Arc::default(),
        plans: Arc::new(AsUsual),
        workers: 1,
    };
    let premises = Premises::with(Workers::here(), setup.config.max_calls);
    Desk::with(setup, premises)
}

/// The far side has heard something louder than the line's own noise.
async fn hears_the_apology(caller: &UdpSocket) {
    let mut packet = [0; 1_500];
    loop {
        let length = caller.recv(&mut packet).await.expect("the call speaks");
        if packet[12..length].iter().any(|sample| !matches!(sample, 0xff | 0x7f)) {
            return;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn five_callers_who_hang_up_on_the_apology_are_enough() {
    let calls = async {
        let desk = desk(deaf(), None);
        for _ in 0..5 {
            let (caller, handle, _commands) = call(&desk).await;
            assert!(handle.mailbox.send(Event::Signal(Signal::Answered)).await);
            hears_the_apology(&caller).await;
            assert!(handle.mailbox.send(Event::Signal(Signal::Gone(Gone::HungUp))).await);
            desk.until_empty().await;
        }
        assert!(matches!(desk.admit(&arriving()), Err(Refusal::Busy { .. })), "the sixth is refused");
        assert_eq!(desk.ready(), Err(NotReady::Unwell));
        crate::clock::elapse(Duration::from_secs(60)).await;
        assert_eq!(desk.ready(), Ok(()), "for a minute");
    };
    LocalSet::new().run_until(calls).await;
}

#[tokio::test(start_paused = true)]
async fn callers_who_are_passed_on_after_the_apology_were_failed_and_those_who_asked_nothing_tell_nothing() {
    let calls = async {
        let desk = desk(deaf(), Some(PERSON));
        for _ in 0..5 {
            assert_eq!(desk.ready(), Ok(()));
            let (_caller, handle, mut commands) = call(&desk).await;
            assert!(handle.mailbox.send(Event::Signal(Signal::Answered)).await);
            let told = commands.recv().await;
            assert!(matches!(told, Some(Command::Transfer { .. })), "{told:?}");
            assert!(handle.mailbox.send(Event::Signal(Signal::Transferred(Ok(())))).await);
            desk.until_empty().await;
            if desk.ready().is_err() {
                continue;
            }
            let (_caller, handle, _commands) = call(&desk).await;
            assert!(handle.mailbox.send(Event::Signal(Signal::Gone(Gone::Cancelled))).await);
            desk.until_empty().await;
        }
        assert!(matches!(desk.admit(&arriving()), Err(Refusal::Busy { .. })), "the next is refused");
    };
    LocalSet::new().run_until(calls).await;
}
