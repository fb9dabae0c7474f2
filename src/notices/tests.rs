//! Rounds with a clock that tests move, a real outbox, and webhooks and mail servers with faults on loopback.

mod by_mail;
mod hook;
mod smtp;

use std::path::Path;

use super::*;
use crate::agent::tools::{Message, MessageKind};
use crate::call::CallId;
use crate::privacy::Pii;
use crate::store::StoreConfig;
use hook::{Answer, Hook};

const SECRET: &str = "q7Vx-20mm-T4ps-w9Lk-3Zhd-88Rn-aE";

/// Friday, 11:00 at the clinic: it is open until 17:00.
const LEFT: &str = "2026-11-20T18:00:00Z";

fn at(seconds: i64) -> Timestamp {
    LEFT.parse::<Timestamp>().unwrap() + SignedDuration::from_secs(seconds)
}

fn message(id: &str, kind: MessageKind) -> Message {
    let pii = |text: &str| Pii::new(text.to_owned());
    Message {
        id: id.to_owned(),
        kind,
        at: LEFT.to_owned(),
        call: CallId(uuid::Uuid::nil()),
        clinic: "harbour-street".to_owned(),
        caller: pii("+16045550177"),
        name: pii("Jane Roe"),
        number: pii("+16045550123"),
        text: pii("my insulin"),
    }
}

/// A clinic whose staff is told so, with a message left; the deadline of a try is short.
struct House {
    folder: tempfile::TempDir,
    store: Store,
}

impl House {
    async fn new() -> Self {
        rustls::crypto::ring::default_provider().install_default().ok();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("secret"), SECRET).unwrap();
        let store = Store::open(&StoreConfig::default(), folder.path(), Clinic::sample().tenant()).unwrap();
        store.make_ready().await.unwrap();
        store.keep_message(&message("a1", MessageKind::Message)).await.unwrap();
        Self { folder, store }
    }

    /// `rest` follows `to` and the secret.
    fn notices(&self, to: &str, rest: &str) -> Notices {
        self.within(to, rest, Duration::from_secs(10))
    }

    fn within(&self, to: &str, rest: &str, deadline: Duration) -> Notices {
        let secret = self.folder.path().join("secret").display().to_string();
        let text = format!("to = [\"{to}\"]\nsecret = {{ file = {secret:?} }}\n{rest}");
        let mut clinic = Clinic::sample();
        let config: NoticesConfig = toml::from_str(&text).unwrap();
        assert_eq!(config.check(), Vec::<String>::new());
        clinic.config.notices = Some(config);
        let deadlines = Deadlines { webhook: deadline, mail: deadline };
        Notices::open(&clinic, &self.store, Some("https://calls.clinic.example/"), deadlines).unwrap().unwrap()
    }

    /// What hinders the only notice, and in how many seconds of the message it is tried next.
    async fn trouble(&self) -> (String, i64) {
        let [sent] = &self.store.notices_of("a1").await.unwrap()[..] else { panic!("one notice") };
        (sent.trouble.clone().unwrap_or_default(), (sent.due_ms - at(0).as_millisecond()) / 1_000)
    }
}

#[tokio::test]
async fn a_webhook_says_that_a_message_waits_signed_and_with_nothing_of_the_patient() {
    let (house, mut hook) = (House::new().await, Hook::new([Answer::Status(204)]).await);
    house.notices(&hook.url(), "").round(at(3)).await.unwrap();
    let request = hook.request().await;
    let id = digest("a1", "first", &hook.url());
    let told = request.body();
    let link = told["acknowledge"].as_str().unwrap();
    assert!(link.starts_with("https://calls.clinic.example/notices/"), "{link}");
    let golden = format!(
        "{{\"id\":\"{id}\",\"event\":\"message.waiting\",\"clinic\":\"harbour-street\",\"message\":\"a1\",\"kind\":\"message\",\
         \"urgency\":\"normal\",\"left_at\":\"2026-11-20T18:00:00Z\",\"acknowledge\":\"{link}\"}}"
    );
    assert_eq!(request.text, golden);
    assert_eq!((request.header("attendant-notice"), request.header("content-type")), (id.as_str(), "application/json"));
    let timestamp = request.header("attendant-timestamp");
    assert_eq!(timestamp, at(3).as_second().to_string());
    let signed = webhook::signature(&crate::config::Secret::new(SECRET.to_owned()), timestamp, request.text.as_bytes());
    assert_eq!(request.header("attendant-signature"), signed);
    for word in ["Jane", "5550123", "5550177", "insulin"] {
        assert!(!request.whole.contains(word), "{word}");
    }
    // It was taken: nothing more is sent.
    house.notices(&hook.url(), "").round(at(3_600)).await.unwrap();
    assert_eq!(hook.count(), 1);
}

#[tokio::test]
async fn all_that_a_caller_left_is_sent_only_if_the_clinic_says_so() {
    let (house, mut hook) = (House::new().await, Hook::new([Answer::Status(200)]).await);
    house.notices(&hook.url(), "content = \"whole\"").round(at(3)).await.unwrap();
    let left = serde_json::json!({ "name": "Jane Roe", "number": "+16045550123", "caller": "+16045550177", "text": "my insulin" });
    assert_eq!(hook.request().await.body()["left"], left);
}

#[test]
fn a_signature_is_the_one_that_receivers_compute() {
    // printf '1795197603.{"id":"x"}' | openssl dgst -sha256 -hmac q7Vx-20mm-T4ps-w9Lk-3Zhd-88Rn-aE
    let signed = webhook::signature(&crate::config::Secret::new(SECRET.to_owned()), "1795197603", b"{\"id\":\"x\"}");
    assert_eq!(signed, "v1=f5f8202a198b8fb5ea62a426f57157f55a772dc0a552f17eb8cd9aebd5276310");
}

#[tokio::test]
async fn a_webhook_with_faults_is_tried_again_ever_later_with_the_same_id_until_it_takes_it() {
    let answers = [
        Answer::Status(503),
        Answer::Close,
        Answer::RetryAfter(429, 240),
        Answer::Redirect,
        Answer::Status(404),
        Answer::Status(201),
    ];
    let (house, mut hook) = (House::new().await, Hook::new(answers).await);
    let notices = house.notices(&hook.url(), "");
    let mut now = 3;
    let mut ids = Vec::new();
    for (trouble, wait) in [
        ("HTTP 503", 30),
        ("the connection broke before an answer came", 60),
        ("HTTP 429", 240),
        ("HTTP 302: a redirect, which is not followed", 900),
        ("HTTP 404", 900),
    ] {
        notices.round(at(now)).await.unwrap();
        ids.push(hook.request().await.header("attendant-notice").to_owned());
        assert_eq!(house.trouble().await, (trouble.to_owned(), now + wait), "{trouble}");
        // Not a second too early.
        notices.round(at(now + wait - 1)).await.unwrap();
        assert_eq!(hook.count(), ids.len());
        now += wait;
    }
    // As after a restart: all that is known is in the store.
    house.notices(&hook.url(), "").round(at(now)).await.unwrap();
    ids.push(hook.request().await.header("attendant-notice").to_owned());
    ids.dedup();
    assert_eq!((ids.len(), hook.count()), (1, 6), "the same notice, six times");
    assert_eq!(house.store.waiting().await.unwrap().notices, 0);
}

#[tokio::test]
async fn a_webhook_that_says_nothing_or_is_not_there_hinders_nobody_else() {
    let (house, slow) = (House::new().await, Hook::new([Answer::Silence]).await);
    let mut good = Hook::new([Answer::Status(200)]).await;
    let to = format!("{}\", \"{}\", \"{}", slow.url(), hook::closed().await, good.url());
    house.within(&to, "", Duration::from_millis(100)).round(at(3)).await.unwrap();
    assert_eq!(good.request().await.body()["message"], "a1");
    let sent = house.store.notices_of("a1").await.unwrap();
    let troubles: Vec<&str> = sent.iter().filter_map(|sent| sent.trouble.as_deref()).collect();
    assert!(
        troubles.contains(&"no answer within 0.1 s") && troubles.contains(&"it cannot be connected to"),
        "{troubles:?}"
    );
    assert_eq!(troubles.len(), 2);
}

const ESCALATION: &str = "[escalation]\nto = [\"HOOK\"]\nafter_minutes = 30";

#[tokio::test]
async fn what_nobody_acknowledges_in_time_is_told_to_others_once_and_what_somebody_does_is_not() {
    let (house, mut desk) = (House::new().await, Hook::new([Answer::Status(200), Answer::Status(200)]).await);
    let mut manager = Hook::new([Answer::Status(200), Answer::Status(200)]).await;
    house.store.keep_message(&message("b1", MessageKind::Message)).await.unwrap();
    let notices = house.notices(&desk.url(), &ESCALATION.replace("HOOK", &manager.url()));
    notices.round(at(3)).await.unwrap();
    let (one, other) = (desk.request().await.body(), desk.request().await.body());
    let seen_to = if one["message"] == "a1" { one } else { other };
    let token = seen_to["acknowledge"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    assert_eq!(notices.acknowledge(&token, at(60)).await.unwrap(), Acknowledging::Now);
    assert!(matches!(notices.acknowledge(&token, at(61)).await, Ok(Acknowledging::Before(_))), "once");
    notices.round(at(30 * 60 - 1)).await.unwrap();
    assert_eq!(manager.count(), 0);
    notices.round(at(30 * 60)).await.unwrap();
    let told = manager.request().await.body();
    assert_eq!((told["message"].as_str(), told["event"].as_str()), (Some("b1"), Some("message.escalated")));
    notices.round(at(90 * 60)).await.unwrap();
    assert_eq!((desk.count(), manager.count()), (2, 1));
}

#[tokio::test]
async fn an_urgent_message_does_not_wait_for_the_clinic_to_open() {
    let (house, desk) = (House::new().await, Hook::new([Answer::Status(200), Answer::Status(200)]).await);
    let mut manager = Hook::new([Answer::Status(200), Answer::Status(200)]).await;
    // Eight hours later the clinic is closed, until Saturday at nine.
    for (id, kind) in [("c1", MessageKind::Message), ("d1", MessageKind::UnknownOutcome)] {
        let late = Message { at: "2026-11-21T02:00:00Z".to_owned(), ..message(id, kind) };
        house.store.keep_message(&late).await.unwrap();
    }
    house.store.acknowledge("a1", "user jane", 0).await.unwrap();
    let notices = house.notices(&desk.url(), &ESCALATION.replace("HOOK", &manager.url()));
    notices.round(at(8 * 3_600)).await.unwrap();
    notices.round(at(8 * 3_600 + 30 * 60)).await.unwrap();
    let told = manager.request().await.body();
    assert_eq!((told["message"].as_str(), told["urgency"].as_str()), (Some("d1"), Some("urgent")));
    assert_eq!(manager.count(), 1);
    // 9:30 on Saturday.
    notices.round("2026-11-21T16:30:00Z".parse().unwrap()).await.unwrap();
    assert_eq!(manager.request().await.body()["message"], "c1");
}

#[tokio::test]
async fn a_link_is_good_for_two_weeks_and_for_its_message_alone() {
    let (house, mut desk) = (House::new().await, Hook::new([Answer::Status(200)]).await);
    let notices = house.notices(&desk.url(), "");
    notices.round(at(0)).await.unwrap();
    let told = desk.request().await.body();
    let token = told["acknowledge"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    assert_eq!(notices.linked(&token, at(0)).await.unwrap().open.message, "a1");
    let weeks = 14 * 24 * 3_600;
    assert!(notices.linked(&token, at(weeks)).await.is_ok());
    assert!(matches!(notices.acknowledge(&token, at(weeks + 1)).await, Err(NoLink::Expired)));
    assert!(matches!(notices.acknowledge("AAAA", at(0)).await, Err(NoLink::Unknown)));
    house.store.acknowledge("a1", "user jane", 0).await.unwrap();
    assert!(notices.linked(&token, at(0)).await.unwrap().acknowledged.is_some());
}

#[tokio::test]
async fn who_was_taken_off_the_list_is_told_no_more_and_who_is_on_it_is() {
    let (house, before) = (House::new().await, Hook::new([Answer::Status(503)]).await);
    let mut after = Hook::new([Answer::Status(200)]).await;
    house.notices(&before.url(), "").round(at(0)).await.unwrap();
    house.notices(&after.url(), "").round(at(30)).await.unwrap();
    assert_eq!(after.request().await.body()["message"], "a1");
    assert_eq!(before.count(), 1);
}

fn digest(message: &str, stage: &str, address: &str) -> String {
    crate::state::key::digest(&[message, stage, address])
}
