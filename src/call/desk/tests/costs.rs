//! What a call used is in its record, before its end.

use super::*;
use crate::costs::{Paid, Prices};
use crate::language::Language;
use crate::provider::chain;
use crate::records::{Library, RecordsConfig};

/// The scripted voice, for money.
struct PaidVoice;

impl Voice for PaidVoice {
    fn name(&self) -> &'static str {
        "cartesia"
    }

    fn capabilities(&self, language: Language) -> Option<tts::Capabilities> {
        ScriptedVoice(ScriptedConfig::default()).capabilities(language)
    }

    fn paid_as(&self, _language: Language) -> Option<Paid<'_>> {
        Some(Paid { provider: "cartesia", model: "sonic-3" })
    }

    fn open(&self, reports: tts::Reports) -> mpsc::Sender<tts::Input> {
        ScriptedVoice(ScriptedConfig::default()).open(reports)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_call_used_is_priced_in_its_record() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("records");
    let records = RecordsConfig { path: Some(path.clone()), ..RecordsConfig::default() };
    let prices = "[[models]]\nprovider = \"cartesia\"\nmodel = \"*\"\nper_1000_characters = 1\n";
    let till = Arc::new(Till::new(Prices::new(&toml::from_str(prices).expect("prices"))));
    let mut canned = Canned::default();
    canned.insert(Language::English, Phrase::Greeting, Line { text: "Good day.".into(), audio: None });
    let desk = Desk::open(DeskSetup {
        config: CallConfig::default(),
        media: MediaConfig::default(),
        clinic: "sample".to_owned(),
        language: Language::English,
        canned,
        providers: Providers {
            recognisers: vec![Arc::new(ScriptedRecognizer(ScriptedConfig::default()))],
            voices: chain::voices(vec![Arc::new(PaidVoice)], chain::Order::new()),
            agents: Arc::new(ScriptedAgents(ScriptedConfig::default())),
        },
        records: Records::open(&records).expect("the folder is writable"),
        till,
        workers: 1,
    })
    .expect("a thread");
    let (_caller, handle, _commands) = call(&desk).await;
    assert!(handle.mailbox.send(Event::Signal(Signal::Answered)).await);
    let spoken = async {
        while handle.mailbox.meter().lines().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, spoken).await.expect("a voice is asked");
    assert!(handle.mailbox.send(Event::Signal(Signal::Gone(crate::call::event::Gone::HungUp))).await);
    timeout(PATIENCE, desk.until_empty()).await.expect("the desk hears of its end");
    drop(handle);
    drop(desk);
    let past = Library::new(path).newest(1).expect("records are readable").remove(0);
    let [.., Entry::Costs { bill, .. }, Entry::Ended { counters, .. }] = &past.entries[..] else { panic!("{past:?}") };
    let [line] = &bill.lines[..] else { panic!("{bill:?}") };
    assert_eq!((line.provider.as_str(), line.model.as_str(), line.usage.characters), ("cartesia", "sonic-3", 9));
    assert_eq!((bill.total.0, bill.cached_characters, counters.cached_characters), (9_000, 0, 0));
}
