//! Servers that answer badly or not at all: each becomes an error that says whether something may have been written, and names nobody.

use std::time::Duration;

use attendant::emr::oscar::Oscar;
use attendant::emr::{Emr, EmrError, ProviderRef};
use jiff::civil::date;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::timeout;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::clinic::Settings;
use super::envelopes::answer;

const LOGIN: &str = "<return><securityId>134</securityId><securityTokenKey>1</securityTokenKey></return>";

const NAMESPACE: &str = "http://ws.oscarehr.org/";

/// Milliseconds in which an answer of a busy machine has come.
const PATIENT: u64 = 4_000;

/// A server whose schedule answers so, whatever it is asked, and who waits this many milliseconds for it.
async fn server(schedule: ResponseTemplate, read_ms: u64) -> (MockServer, Oscar) {
    let server = MockServer::start().await;
    let login = answer(NAMESPACE, "login2", LOGIN);
    Mock::given(method("POST")).and(path("/oscar/ws/LoginService")).respond_with(login).mount(&server).await;
    Mock::given(path("/oscar/ws/ScheduleService")).respond_with(schedule).mount(&server).await;
    let base_url = format!("{}/oscar/ws/", server.uri());
    let oscar = Settings { base_url: &base_url, read_ms, ..Settings::default() }.oscar().1;
    (server, oscar)
}

async fn ask(oscar: &Oscar) -> EmrError {
    oscar.appointments_for_provider(&ProviderRef("101".into()), date(2026, 3, 3)).await.expect_err("an error")
}

fn fault(code: &str, words: &str) -> ResponseTemplate {
    let body = format!(
        "<soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body><soap:Fault><faultcode>{code}</faultcode>\
         <faultstring>{words}</faultstring></soap:Fault></soap:Body></soap:Envelope>"
    );
    ResponseTemplate::new(500).set_body_raw(body, "text/xml")
}

#[tokio::test]
async fn what_is_no_answer_is_told_by_kind_and_never_quoted() {
    type Is = fn(&EmrError) -> bool;
    let unavailable: Is = |error| matches!(error, EmrError::Unavailable(_));
    let invalid: Is = |error| matches!(error, EmrError::Invalid(_));
    let forbidden: Is = |error| matches!(error, EmrError::Forbidden(_));
    let auth: Is = |error| matches!(error, EmrError::Auth(_));
    let timeout: Is = |error| matches!(error, EmrError::Timeout(_));
    let html = |status| ResponseTemplate::new(status).set_body_raw("<html>Jane Roe</html>", "text/html");
    let xml = |body: &str| ResponseTemplate::new(200).set_body_raw(body.to_owned(), "text/xml; charset=utf-8");
    let day = |inner| answer(NAMESPACE, "getAppointmentsForDateRangeAndProvider2", inner);
    let long = format!("<x>{}</x>", "Jane Roe ".repeat(500_000));
    let cases: Vec<(&str, ResponseTemplate, Is)> = vec![
        ("a proxy's 503", html(503), unavailable),
        ("a web application firewall", html(403), forbidden),
        ("no such application", html(404), unavailable),
        ("a redirect", ResponseTemplate::new(302).insert_header("location", "/login.jsp"), unavailable),
        ("a page with 200", html(200), unavailable),
        ("malformed XML", xml("<soap:Envelope><soap:Body><x>Jane Roe"), invalid),
        ("an entity bomb", xml("<!DOCTYPE a [<!ENTITY b \"Jane Roe\">]><a>&b;</a>"), invalid),
        ("too much", xml(&long), invalid),
        ("another operation's answer", answer(NAMESPACE, "getAppointment2", ""), invalid),
        ("an appointment without a time", day("<return><id>1</id><name>Jane Roe</name></return>"), invalid),
        ("a role that is missing", fault("soap:Server", "missing required security object (_appointment)"), forbidden),
        ("an argument that is not taken", fault("soap:Client", "Unmarshalling Error: Jane Roe"), invalid),
        ("an exception", fault("soap:Server", "Fault occurred while processing Jane Roe."), invalid),
        ("a token that is never taken", fault("ns1:FailedAuthentication", "Jane Roe"), auth),
        ("the same from CXF 3.5", fault("ns1:SecurityError", "A security error was encountered"), auth),
        ("silence", day("").set_delay(Duration::from_secs(60)), timeout),
    ];
    for (name, response, is) in cases {
        let read_ms = if name == "silence" { 300 } else { PATIENT };
        let (_server, oscar) = server(response, read_ms).await;
        let error = ask(&oscar).await;
        assert!(is(&error), "{name}: {error:?}");
        assert!(!format!("{error} {error:?}").contains("Jane"), "{name}: {error}");
    }
}

#[tokio::test]
async fn a_refused_token_is_asked_for_anew_once() {
    for code in ["ns1:FailedAuthentication", "ns1:SecurityError"] {
        let (server, oscar) = server(fault(code, "no"), PATIENT).await;
        assert!(matches!(ask(&oscar).await, EmrError::Auth(_)));
        let requests = server.received_requests().await.unwrap();
        let of = |service: &str| requests.iter().filter(|r| r.url.path().ends_with(service)).count();
        assert_eq!((of("LoginService"), of("ScheduleService")), (2, 2));
    }
}

#[tokio::test]
async fn a_wrong_password_is_tried_once_and_then_not_for_a_while() {
    let server = MockServer::start().await;
    let refused = "<soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body><soap:Fault>\
        <faultcode>soap:Server</faultcode><faultstring>Invalid Username/Password</faultstring><detail>\
        <ns1:NotAuthorisedException xmlns:ns1=\"ws.oscarehr.org\"/></detail></soap:Fault></soap:Body></soap:Envelope>";
    let refused = ResponseTemplate::new(500).set_body_raw(refused, "text/xml;charset=UTF-8");
    Mock::given(path("/oscar/ws/LoginService")).respond_with(refused).mount(&server).await;
    let base_url = format!("{}/oscar/ws", server.uri());
    let oscar = Settings { base_url: &base_url, ..Settings::default() }.oscar().1;
    let error = ask(&oscar).await;
    assert!(matches!(&error, EmrError::Auth(what) if what.contains("emr.oscar.password")), "{error}");
    assert!(matches!(ask(&oscar).await, EmrError::Unavailable(_)));
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_service_that_fails_five_times_is_not_asked_for_a_while_and_the_others_are() {
    let (server, oscar) = server(ResponseTemplate::new(503).set_body_raw("<html/>", "text/html"), PATIENT).await;
    for _ in 0..8 {
        assert!(matches!(ask(&oscar).await, EmrError::Unavailable(_)));
    }
    let requests = server.received_requests().await.unwrap();
    assert_eq!(requests.iter().filter(|r| r.url.path().ends_with("ScheduleService")).count(), 5);
    assert_eq!(requests.iter().filter(|r| r.url.path().ends_with("LoginService")).count(), 1);
}

#[tokio::test]
async fn nobody_there_is_said_with_what_to_look_at() {
    let oscar = Settings { base_url: "http://127.0.0.1:1/oscar/ws", ..Settings::default() }.oscar().1;
    let error = ask(&oscar).await;
    assert!(matches!(&error, EmrError::Unavailable(what) if what.contains("emr.oscar.base_url")), "{error}");
}

/// A host that takes no connection and refuses none, as behind a firewall that drops packets: whoever listens there has no room for another.
async fn full() -> (TcpListener, Vec<TcpStream>) {
    let socket = TcpSocket::new_v4().expect("as the test has it");
    socket.bind("127.0.0.1:0".parse().expect("as the test has it")).expect("as the test has it");
    let listener = socket.listen(0).expect("as the test has it");
    let address = listener.local_addr().expect("as the test has it");
    let mut waiting = Vec::new();
    while let Ok(connected) = timeout(Duration::from_millis(200), TcpStream::connect(address)).await {
        waiting.push(connected.expect("as the test has it"));
    }
    (listener, waiting)
}

#[tokio::test]
async fn a_host_that_takes_no_connection_is_given_up_before_an_answer_would_be() {
    let (listener, _waiting) = full().await;
    let base_url = format!("http://{}/oscar/ws", listener.local_addr().unwrap());
    let settings = Settings { base_url: &base_url, connect_ms: 300, read_ms: 5_000, ..Settings::default() };
    let error = ask(&settings.oscar().1).await;
    assert!(matches!(&error, EmrError::Unavailable(what) if what.contains("does not answer")), "{error}");
}
