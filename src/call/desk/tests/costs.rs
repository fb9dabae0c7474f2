//! What a call used is in its record, before its end; and a day that is spent changes what new calls are served by, and no other.

use std::path::Path;

use super::*;
use crate::call::event::Gone;
use crate::call::providers::Plans;
use crate::clinic::Clinic;
use crate::costs::budget::{Budget, BudgetConfig};
use crate::costs::{Money, Paid, Prices};
use crate::language::Language;
use crate::provider::chain;
use crate::records::{Library, Past, RecordsConfig};

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

fn providers(voice: Arc<dyn Voice>) -> Providers {
    Providers {
        recognisers: vec![Arc::new(ScriptedRecognizer(ScriptedConfig::default()))],
        voices: chain::voices(vec![voice], chain::Order::new()),
        agents: Arc::new(ScriptedAgents(ScriptedConfig::default())),
    }
}

fn canned() -> Canned {
    let mut canned = Canned::default();
    canned.insert(Language::English, Phrase::Greeting, Line { text: "Good day.".into(), audio: None });
    canned
}

/// Once the day is spent.
struct Free;

impl Plans for Free {
    fn plan(&self, _call: CallId, level: Level) -> Option<Plan> {
        let providers = Arc::new(providers(Arc::new(ScriptedVoice(ScriptedConfig::default()))));
        let plan = Plan { providers, canned: Arc::new(canned()), cheaper: true, arms: Default::default() };
        (level == Level::Spent).then_some(plan)
    }
}

/// 1 for a thousand characters, and so much for a day.
fn paid_desk(path: &Path, day: Money) -> Arc<Desk> {
    let records = RecordsConfig { path: Some(path.to_owned()), ..RecordsConfig::default() };
    let prices = "[[models]]\nprovider = \"cartesia\"\nmodel = \"*\"\nper_1000_characters = 1\n";
    let prices = Prices::new(&toml::from_str(prices).expect("prices"));
    let budget = Budget::new(BudgetConfig { day, alarm_percent: 80 }, Clinic::sample().zone, clock::now());
    Desk::open(DeskSetup {
        config: CallConfig::default(),
        media: MediaConfig::default(),
        clinic: "sample".to_owned(),
        share: None,
        language: Language::English,
        canned: canned(),
        providers: providers(Arc::new(PaidVoice)),
        records: Records::open(&records).expect("the folder is writable"),
        till: Arc::new(Till::new(prices, Some(budget))),
        plans: Arc::new(Free),
        workers: 1,
    })
    .expect("a thread")
}

/// A call that has begun to speak.
async fn greeted(desk: &Desk, is_paid: bool) -> (UdpSocket, CallHandle, mpsc::Receiver<Command>) {
    let (caller, handle, commands) = call(desk).await;
    assert!(handle.mailbox.send(Event::Signal(Signal::Answered)).await);
    if is_paid {
        let spoken = async {
            while handle.mailbox.meter().lines().is_empty() {
                tokio::task::yield_now().await;
            }
        };
        timeout(PATIENCE, spoken).await.expect("a voice is asked");
    }
    (caller, handle, commands)
}

async fn over(desk: Arc<Desk>, calls: Vec<CallHandle>, path: &Path) -> Vec<Past> {
    for call in calls {
        assert!(call.mailbox.send(Event::Signal(Signal::Gone(Gone::HungUp))).await);
    }
    timeout(PATIENCE, desk.until_empty()).await.expect("the desk hears of its end");
    drop(desk);
    let mut past = Library::new(path.to_owned()).newest(9).expect("records are readable");
    past.reverse();
    past
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_call_used_is_priced_in_its_record() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("records");
    let desk = paid_desk(&path, Money(1_000_000));
    let (_caller, handle, _commands) = greeted(&desk, true).await;
    let past = over(desk, vec![handle], &path).await.remove(0);
    let [.., Entry::Costs { bill, .. }, Entry::Ended { counters, .. }] = &past.entries[..] else { panic!("{past:?}") };
    let [line] = &bill.lines[..] else { panic!("{bill:?}") };
    assert_eq!((line.provider.as_str(), line.model.as_str(), line.usage.characters), ("cartesia", "sonic-3", 9));
    assert_eq!((bill.total, bill.cached_characters, counters.cached_characters), (Money(9_000), 0, 0));
    let bills = Library::new(path).bills("2026-01-01").expect("records are readable");
    assert_eq!(bills.iter().map(|(_, _, bill)| bill.total).collect::<Vec<_>>(), [Money(9_000)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_that_is_spent_gives_new_calls_the_cheaper_providers_and_touches_no_other() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("records");
    let desk = paid_desk(&path, Money(9_000));
    assert_eq!(desk.look_at_budget(), Level::Within);
    // It costs the whole day's budget, and goes on.
    let (_first, one, _commands) = greeted(&desk, true).await;
    assert_eq!(desk.look_at_budget(), Level::Spent);
    let (_second, two, _commands_too) = greeted(&desk, false).await;
    let past = over(desk, vec![one, two], &path).await;
    let planned = |past: &Past| past.entries.iter().find(|entry| matches!(entry, Entry::Planned { .. })).cloned();
    assert_eq!(planned(&past[0]), None);
    assert_eq!(planned(&past[1]), Some(Entry::Planned { cheaper: true, arms: Default::default() }));
    assert!(!past[1].entries.iter().any(|entry| matches!(entry, Entry::Costs { .. })), "it costs nothing");
}
