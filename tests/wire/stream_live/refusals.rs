//! Who does not get in, and how they are told.

use std::time::Duration;

use attendant::call::registry::Refusal;
use attendant::config::Secret;
use attendant::transport::stream::client::{DialError, Target, dial};

use crate::desk::in_time;
use crate::wire::accounts::{Secrets, twilio_form, twilio_signature, twilio_webhook};
use crate::wire::stream_desk::House;

fn form(call: &str) -> Vec<(String, String)> {
    twilio_form(call, "+16045550100", "+16045550111")
}

async fn webhook(house: &House, form: &[(String, String)], signature: &str) -> (u16, String) {
    twilio_webhook(house.address, form, signature).await
}

#[tokio::test]
async fn an_unsigned_or_foreign_webhook_gets_nothing() {
    let house = House::open(None).await;
    let good = form("CA1");
    assert_eq!(webhook(&house, &good, "").await.0, 403);
    assert_eq!(webhook(&house, &form("CA2"), &twilio_signature(&good)).await.0, 403);
    let mut foreign = form("CA1");
    foreign[1].1 = "ACffffffffffffffffffffffffffffffff".into();
    assert_eq!(webhook(&house, &foreign, &twilio_signature(&foreign)).await.0, 403);
    house.close().await;
}

#[tokio::test]
async fn the_answer_names_the_stream_and_no_number_in_its_url() {
    let house = House::open(None).await;
    let (status, twiml) = webhook(&house, &form("CA1"), &twilio_signature(&form("CA1"))).await;
    assert_eq!(status, 200);
    let (before, rest) =
        twiml.split_once("wss://calls.clinic.example/attendant/stream/twilio/").expect("the stream's URL");
    assert_eq!(before, "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response><Connect><Stream url=\"");
    let (token, rest) = rest.split_once('"').expect("the URL ends");
    assert!(token.len() > 80 && !token.contains("604555"), "{token}");
    assert_eq!(
        rest,
        "><Parameter name=\"caller\" value=\"+16045550100\"/><Parameter name=\"dialled\" value=\"+16045550111\"/></Stream></Connect></Response>"
    );
    let again = webhook(&house, &form("CA1"), &twilio_signature(&form("CA1"))).await;
    assert_eq!(again, (200, twiml), "Twilio may ask again; the token is the same and opens once");
    house.close().await;
}

#[tokio::test]
async fn a_full_house_declines_or_passes_the_caller_on_and_a_number_that_is_nobody_s_is_out_of_service() {
    let busy = Refusal::Busy { retry_after: Duration::from_secs(1) };
    let elsewhere = Refusal::Divert { to: "tel:+16045550199".to_owned().into() };
    for (refusal, answer) in [
        (busy, "<Reject reason=\"busy\"/>"),
        (elsewhere, "<Dial>+16045550199</Dial>"),
        (Refusal::Nobody, "<Reject reason=\"rejected\"/>"),
    ] {
        let house = House::open(Some(refusal)).await;
        let (_, twiml) = webhook(&house, &form("CA1"), &twilio_signature(&form("CA1"))).await;
        assert!(twiml.ends_with(&format!("<Response>{answer}</Response>")), "{twiml}");
        house.close().await;
    }
}

#[tokio::test]
async fn an_upgrade_without_a_good_token_or_key_is_401() {
    let house = House::open(None).await;
    let ws = |path: &str| format!("ws://{}{path}", house.address);
    let wrong = Secret::new("guess".into());
    for path in [
        "/stream/pcm",
        "/stream/twilio/xyz",
        "/stream/telnyx/xyz",
        "/stream/twilio",
        "/stream/twilio/",
        "/stream/telnyx",
        "/stream/telnyx/",
    ] {
        let refused = in_time(dial(&Target::Pcm { url: ws(path), key: wrong.clone() }, "a", "b")).await;
        assert_eq!(refused.expect_err("no key"), DialError::Refused(401), "{path}");
    }
    house.close().await;
}

#[tokio::test]
async fn a_token_opens_once_and_its_webhook_is_then_no_use() {
    let mut house = House::open(None).await;
    let (_, twiml) = webhook(&house, &form("CA1"), &twilio_signature(&form("CA1"))).await;
    let (_, rest) = twiml.split_once("/stream/twilio/").expect("a URL");
    let (token, _) = rest.split_once('"').expect("the URL ends");
    let target = Target::Pcm { url: format!("ws://{}/stream/twilio/{token}", house.address), key: Secrets::secret() };
    // It opens; what a plain client says there is no Twilio call, so nothing starts.
    let opened = in_time(dial(&target, "a", "b")).await.expect("the token is good");
    assert_eq!(in_time(dial(&target, "a", "b")).await.expect_err("used"), DialError::Refused(401));
    assert_eq!(webhook(&house, &form("CA1"), &twilio_signature(&form("CA1"))).await.0, 403);
    drop(opened);
    assert!(house.started.try_recv().is_err());
    house.close().await;
}

#[tokio::test]
async fn a_webhook_that_comes_again_after_its_token_has_expired_is_refused() {
    let house = House::with(None, |streams| streams.token_lives_s = 0).await;
    assert_eq!(webhook(&house, &form("CA1"), &twilio_signature(&form("CA1"))).await.0, 200);
    assert_eq!(webhook(&house, &form("CA1"), &twilio_signature(&form("CA1"))).await.0, 403);
    house.close().await;
}

#[tokio::test]
async fn a_call_that_one_process_has_answered_or_declined_is_not_answered_by_the_next() {
    let house = House::open(None).await;
    let first = webhook(&house, &form("CA1"), &twilio_signature(&form("CA1"))).await;
    assert_eq!(first.0, 200);
    let house = house.restarted().await;
    assert_eq!(webhook(&house, &form("CA1"), &twilio_signature(&form("CA1"))).await.0, 403);
    assert_eq!(webhook(&house, &form("CA2"), &twilio_signature(&form("CA2"))).await.0, 200, "another call");
    house.close().await;

    let busy = House::open(Some(Refusal::Busy { retry_after: Duration::from_secs(1) })).await;
    let declined = webhook(&busy, &form("CA1"), &twilio_signature(&form("CA1"))).await;
    assert_eq!(webhook(&busy, &form("CA1"), &twilio_signature(&form("CA1"))).await, declined, "Twilio may ask again");
    let house = busy.restarted().await;
    assert_eq!(webhook(&house, &form("CA1"), &twilio_signature(&form("CA1"))).await.0, 403, "there is room by now");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copies_of_a_webhook_that_come_at_once_get_one_answer() {
    let house = House::open(None).await;
    let (form, signature) = (form("CA1"), twilio_signature(&form("CA1")));
    let copies = (0..16).map(|_| webhook(&house, &form, &signature));
    let answers = futures_util::future::join_all(copies).await;
    assert_eq!(answers[0].0, 200);
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    house.close().await;
}

#[tokio::test]
async fn metrics_are_told_to_this_machine_and_to_nobody_behind_a_proxy() {
    attendant::telemetry::metrics::start();
    let house = House::open(None).await;
    assert_eq!(reqwest::get(house.url("/stream/twilio")).await.expect("an answer").status(), 401);
    let asked = reqwest::get(house.url("/metrics")).await.expect("an answer");
    assert_eq!(asked.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    let text = asked.text().await.expect("it is text");
    assert!(text.contains("\nstream_upgrades_refused_total{carrier=\"twilio\"} "), "{text}");
    assert!(text.contains("# HELP stream_upgrades_refused_total Streams answered 401"), "{text}");
    assert!(text.contains("\nrtp_strangers_total "), "{text}");
    for header in ["forwarded", "x-forwarded-for", "x-real-ip"] {
        let request = reqwest::Client::new().get(house.url("/metrics")).header(header, "127.0.0.1");
        assert_eq!(request.send().await.expect("an answer").status(), 404, "{header}");
    }
    house.close().await;
}

#[tokio::test]
async fn health_is_told_to_anybody() {
    let house = House::open(None).await;
    for path in ["/health", "/health/ready"] {
        assert_eq!(reqwest::get(house.url(path)).await.expect("an answer").status(), 200);
    }
    house.close().await;
}
