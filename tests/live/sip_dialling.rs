//! What our telephone sends when the answers are awkward: proxies that ask, fork and stay on the way, races, early media.

use attendant::call::event::{Command, Gone, Signal};
use attendant::transport::sip::{Answered, Credentials, DialError, DialOptions, Phone, PhoneConfig};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::sip_peer::PATIENCE;
use super::sip_raw_answerer::{RawAnswerer, all};
use super::sip_raw_peer::header;

type Dialling = JoinHandle<Result<Answered, DialError>>;

/// Dials a raw telephone; the call can be given up through the token.
async fn dial(raw: &RawAnswerer, credentials: Option<Credentials>) -> (Phone, CancellationToken, Dialling) {
    let bind = "127.0.0.1:0".parse().expect("it is an address");
    let config = PhoneConfig { bind, credentials, ..PhoneConfig::default() };
    let phone = Phone::bind(config, CancellationToken::new()).await.expect("loopback has free ports");
    let give_up = CancellationToken::new();
    let options = DialOptions { patience: PATIENCE, give_up: give_up.clone(), ..DialOptions::default() };
    let (dialler, target) = (phone.clone(), format!("sip:desk@{}", raw.address));
    (phone, give_up, tokio::spawn(async move { dialler.dial(&target, options).await }))
}

async fn answered(dialling: Dialling) -> Answered {
    dialling.await.expect("no panic").expect("the call is up")
}

async fn hang_up(call: &Answered) {
    call.commands.send(Command::HangUp).await.expect("the session listens");
}

#[tokio::test]
async fn a_proxy_that_asks_for_a_password_gets_it() {
    let mut raw = RawAnswerer::bind().await;
    let user = Credentials { name: "desk".into(), secret: "correct horse".into() };
    let (_phone, _, dialling) = dial(&raw, Some(user)).await;
    let first = raw.expect("INVITE").await;
    let challenge = "Proxy-Authenticate: Digest realm=\"edge\", nonce=\"n1\", qop=\"auth\"\r\n";
    raw.reply(&first, "407 Proxy Authentication Required", "proxy", challenge, "").await;
    let ack = raw.expect("ACK").await;
    assert_eq!(header(&ack, "Via"), header(&first, "Via"), "the ACK of a refusal belongs to its transaction");
    let second = raw.expect("INVITE").await;
    assert_eq!(header(&second, "CSeq"), Some("2 INVITE"));
    assert_eq!(header(&second, "Call-ID"), header(&first, "Call-ID"));
    assert_ne!(header(&second, "Via"), header(&first, "Via"));
    let proof = header(&second, "Proxy-Authorization").expect("it answers");
    let uri = format!("uri=\"sip:desk@{}\"", raw.address);
    for part in ["username=\"desk\"", "realm=\"edge\"", "nonce=\"n1\"", "nc=00000001", uri.as_str()] {
        assert!(proof.contains(part), "{part}: {proof}");
    }
    raw.take(&second, "a", "").await;
    let ack = raw.expect("ACK").await;
    assert_eq!(header(&ack, "CSeq"), Some("2 ACK"));
    let call = answered(dialling).await;
    hang_up(&call).await;
    let bye = raw.expect("BYE").await;
    raw.reply(&bye, "200 OK", "a", "", "").await;
}

#[tokio::test]
async fn of_two_that_answer_a_forked_call_the_second_is_hung_up() {
    let mut raw = RawAnswerer::bind().await;
    let (_phone, _, dialling) = dial(&raw, None).await;
    let invite = raw.expect("INVITE").await;
    raw.take(&invite, "first", "").await;
    let ack = raw.expect("ACK").await;
    assert!(header(&ack, "To").is_some_and(|to| to.ends_with(";tag=first")), "{ack}");
    let mut call = answered(dialling).await;

    raw.take(&invite, "second", "").await;
    let ack = raw.expect("ACK").await;
    assert!(ack.starts_with(&format!("ACK sip:second@{} ", raw.address)), "{ack}");
    assert!(header(&ack, "To").is_some_and(|to| to.ends_with(";tag=second")), "{ack}");
    let bye = raw.expect("BYE").await;
    assert!(bye.starts_with(&format!("BYE sip:second@{} ", raw.address)), "{bye}");
    assert!(header(&bye, "To").is_some_and(|to| to.ends_with(";tag=second")), "{bye}");
    raw.reply(&bye, "200 OK", "second", "", "").await;

    // What the second one says is no word in the first one's call.
    let stray = raw.request("BYE", 9, &invite, "second");
    raw.send(&stray).await;
    assert!(raw.receive().await.starts_with("SIP/2.0 481"));
    let goodbye = raw.request("BYE", 9, &invite, "first");
    raw.send(&goodbye).await;
    assert!(raw.receive().await.starts_with("SIP/2.0 200"));
    assert_eq!(call.signals.recv().await, Some(Signal::Gone(Gone::HungUp)));
}

#[tokio::test]
async fn requests_go_by_the_proxies_that_stayed_on_the_way_the_nearest_first() {
    let mut raw = RawAnswerer::bind().await;
    let (_phone, _, dialling) = dial(&raw, None).await;
    let invite = raw.expect("INVITE").await;
    let hop = |name: &str| format!("<sip:{}@{};lr>", name, raw.address);
    let (far, near) = (hop("far"), hop("near"));
    raw.take(&invite, "a", &format!("Record-Route: {far}\r\nRecord-Route: {near}\r\n")).await;
    let ack = raw.expect("ACK").await;
    let target = format!("sip:a@{}", raw.address);
    assert!(ack.starts_with(&format!("ACK {target} SIP/2.0\r\n")), "loose routing leaves the target in place: {ack}");
    assert_eq!(all(&ack, "Route"), [near.as_str(), far.as_str()]);
    let call = answered(dialling).await;
    hang_up(&call).await;
    let bye = raw.expect("BYE").await;
    assert!(bye.starts_with(&format!("BYE {target} SIP/2.0\r\n")), "{bye}");
    assert_eq!(all(&bye, "Route"), [near.as_str(), far.as_str()]);
    raw.reply(&bye, "200 OK", "a", "", "").await;
}

#[tokio::test]
async fn a_call_given_up_before_anyone_answered_at_all_is_cancelled_once_someone_does() {
    let mut raw = RawAnswerer::bind().await;
    let (_phone, give_up, dialling) = dial(&raw, None).await;
    let invite = raw.expect("INVITE").await;
    give_up.cancel();
    assert_eq!(dialling.await.expect("no panic").expect_err("given up"), DialError::GivenUp);
    raw.reply(&invite, "180 Ringing", "a", "", "").await;
    let cancel = raw.expect("CANCEL").await;
    for name in ["Via", "From", "To", "Call-ID"] {
        assert_eq!(header(&cancel, name), header(&invite, name), "{name}");
    }
    assert_eq!(header(&cancel, "CSeq"), Some("1 CANCEL"));
    raw.reply(&cancel, "200 OK", "a", "", "").await;
    raw.reply(&invite, "487 Request Terminated", "a", "", "").await;
    raw.expect("ACK").await;
}

#[tokio::test]
async fn an_answer_that_crosses_the_cancel_is_acknowledged_and_hung_up() {
    let mut raw = RawAnswerer::bind().await;
    let (phone, give_up, dialling) = dial(&raw, None).await;
    let invite = raw.expect("INVITE").await;
    raw.reply(&invite, "180 Ringing", "a", "", "").await;
    // The 180 is on its way through the phone's tasks; the CANCEL waits for it either way.
    give_up.cancel();
    assert_eq!(dialling.await.expect("no panic").expect_err("given up"), DialError::GivenUp);
    let cancel = raw.expect("CANCEL").await;
    raw.take(&invite, "a", "").await;
    raw.reply(&cancel, "200 OK", "a", "", "").await;
    raw.expect("ACK").await;
    let bye = raw.expect("BYE").await;
    assert!(header(&bye, "To").is_some_and(|to| to.ends_with(";tag=a")), "{bye}");
    raw.reply(&bye, "200 OK", "a", "", "").await;
    assert_eq!(phone.calls(), 0);
}

#[tokio::test]
async fn early_media_and_reliable_provisional_answers_do_not_hold_up_a_call() {
    let mut raw = RawAnswerer::bind().await;
    let (_phone, _, dialling) = dial(&raw, None).await;
    let invite = raw.expect("INVITE").await;
    assert_eq!(header(&invite, "Supported"), Some("timer"), "100rel is not offered");
    raw.reply(&invite, "100 Trying", "a", "", "").await;
    raw.reply(&invite, "183 Session Progress", "a", "Require: 100rel\r\nRSeq: 1\r\n", &raw.description()).await;
    raw.take(&invite, "a", "").await;
    // No PRACK comes between: nobody agreed to send one.
    raw.expect("ACK").await;
    let call = answered(dialling).await;
    assert!(call.times.ringing.expect("183 counts as ringing") <= call.times.answered);
    hang_up(&call).await;
    let bye = raw.expect("BYE").await;
    raw.reply(&bye, "200 OK", "a", "", "").await;
}
