//! What is known of a clinic's EMR before its first call.

use jiff::ToSpan;
use jiff::tz::TimeZone;

use super::*;
use crate::config::Secret;
use crate::emr::{Login, ProviderRef};
use crate::sim::oscar::{Clock, Dialect, Oscar, Settings};

const SAMPLE: &str = include_str!("../../../../agents/sample-clinic.toml");

#[tokio::test(flavor = "multi_thread")]
async fn an_oscar_is_asked_for_what_calls_need_before_the_first_of_them() {
    rustls::crypto::ring::default_provider().install_default().ok();
    let zone = TimeZone::get("America/Vancouver").unwrap();
    let sim = Oscar::new(Settings::new(Dialect::Mcmaster, zone, Clock::wall()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = sim.base_url(listener.local_addr().unwrap());
    let serving = sim.clone();
    tokio::spawn(async move { serving.serve(listener, std::future::pending()).await });
    let section =
        format!("\n[emr.oscar]\nbase_url = \"{base_url}\"\n[emr.oscar.providers]\n101 = \"Dr. Priya Singh\"\n");
    let text = SAMPLE.replace("kind = \"book\"", "kind = \"oscar\"") + &section;
    let login = sim.login();
    let login = Login { user: Secret::new(login.user), password: Secret::new(login.password) };
    let clinic = Clinic::of(&text, "clinic").unwrap().with_emr_login(login);

    let folder = tempfile::tempdir().unwrap();
    let (of, records) = (clinic.clone(), folder.path().to_owned());
    let opened =
        tokio::task::spawn_blocking(move || books(&of, &records, &Shared::default(), None, &Sealing::default()));
    let opened = opened.await.unwrap().unwrap();
    let asked = |operation: &str| sim.envelopes().iter().filter(|asked| asked.operation == operation).count();
    assert_eq!((asked("login2"), asked("searchDemographicsByAttributes")), (1, 1));
    assert_eq!((asked("getProviders2"), asked("getDayWorkSchedule")), (1, 7));
    assert_eq!(asked("addAppointment") + asked("updateAppointment"), 0);

    let (emr, today) = (&opened["harbour-street"], clinic.local(clock::now()).date());
    assert_eq!(emr.providers().await.unwrap().len(), 1);
    for ahead in 0..6_i64 {
        emr.day_schedule(&ProviderRef("101".into()), today.saturating_add(ahead.days())).await.unwrap();
    }
    assert_eq!(
        (asked("getProviders2"), asked("getDayWorkSchedule"), asked("login2")),
        (1, 7, 1),
        "nobody waits for them"
    );
}
