//! A whole call in which the softphone presses keys: the server hears each once and answers them.

use std::time::Duration;

use attendant::agent::Who;
use attendant::softphone::dial::{Dialling, Telephone};
use attendant::softphone::report::Report;
use attendant::softphone::{Ended, Keys, Script, line as softphone};
use attendant_media::time::Time;
use tokio::time::Instant;

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_pressed_by_the_softphone_are_heard_and_answered() {
    let clinic = Clinic::open(TelnyxCodec::Pcmu, |_| {}).await;
    let dialling = Dialling {
        target: format!("sip:clinic@{}", clinic.sip),
        from: "+16045550101".into(),
        codecs: vec![CodecName::Pcmu],
        credentials: None,
        patience: PATIENCE,
    };
    let telephone = Telephone::for_target(&dialling).await.expect("a free port");
    let answered = telephone.dial(&dialling).await.expect("the clinic answers");
    let keys = Keys::groups("1,2#").expect("they are keys");
    let mut script = Script::new([], None, PATIENCE, Time::ZERO).with_keys(keys);
    let limit = Duration::from_secs(60);
    let outcome = softphone::run(answered.line, &mut script, None, Instant::now(), limit).await.expect("it sends");
    assert_eq!(outcome.ended, Ended::HungUp);
    let report = Report::of(&outcome, script.steps());
    assert!(report.complete(), "{}", report.text());
    let pressed: Vec<&str> = report.exchanges.iter().map(|exchange| exchange.said.as_str()).collect();
    assert_eq!(pressed, ["keys 1", "keys 2#"]);

    let past = clinic.past(1).await.remove(0);
    let keys = past.entries.iter().filter(|entry| matches!(entry, Entry::Key { .. })).count();
    assert_eq!(keys, 3, "{:#?}", past.entries);
    let said = past.entries.iter().filter_map(|entry| match entry {
        Entry::Line { who: Who::Caller, text, .. } => Some(text.reveal().as_str()),
        _ => None,
    });
    assert_eq!(said.collect::<Vec<_>>(), ["1", "2"]);
    clinic.close().await;
}
