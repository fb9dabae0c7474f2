//! The REST interface behind a firewall that refuses SOAP: grants, rights, bookings.

use attendant::sim::oscar::{Dialect, Knob, RestLogin};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use jiff::civil::date;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sha1::Sha1;

use super::Sim;

fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// An Authorization header, signed as RFC 5849 says. `more`: further parameters of the protocol.
fn authorization(method: &Method, url: &str, login: &RestLogin, more: &[(&str, &str)]) -> String {
    let mut all = vec![
        ("oauth_consumer_key", login.key.as_str()),
        ("oauth_nonce", "n"),
        ("oauth_signature_method", "HMAC-SHA1"),
        ("oauth_timestamp", "1700000000"),
    ];
    if !login.token.is_empty() {
        all.push(("oauth_token", &login.token));
    }
    all.extend(more);
    let mut pairs: Vec<_> = all.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
    pairs.sort();
    let base = format!("{method}&{}&{}", encoded(url), encoded(&pairs.join("&")));
    let key = format!("{}&{}", encoded(&login.secret), encoded(&login.token_secret));
    let mut mac = Hmac::<Sha1>::new_from_slice(key.as_bytes()).expect("any length");
    mac.update(base.as_bytes());
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    all.push(("oauth_signature", &signature));
    let quoted: Vec<_> = all.iter().map(|(name, value)| format!("{name}=\"{}\"", encoded(value))).collect();
    format!("OAuth {}", quoted.join(", "))
}

async fn ask(sim: &Sim, method: Method, path: &str, body: Value) -> (StatusCode, String) {
    let url = format!("{}/services/{path}", sim.base_url);
    let header = authorization(&method, &url, &sim.oscar.rest_login(), &[]);
    let request = sim.http.request(method, url).header("authorization", header);
    let request = if body.is_null() { request } else { request.json(&body) };
    let response = request.send().await.expect("an answer");
    (response.status(), response.text().await.expect("its text"))
}

async fn told(sim: &Sim, method: Method, path: &str, body: Value) -> Value {
    let (status, text) = ask(sim, method, path, body).await;
    assert_eq!(status, 200, "{path}: {text}");
    serde_json::from_str(&text).expect("JSON")
}

fn booking() -> Value {
    json!({
        "providerNo": "101", "appointmentDate": "2026-11-23", "startTime": "09:30", "duration": 15,
        "demographicNo": 1004, "status": "t", "type": "", "reason": "cough", "notes": "",
    })
}

#[tokio::test]
async fn the_firewall_refuses_soap_and_wsdls() {
    let sim = Sim::start(Dialect::Rest).await;
    let reply = sim.ask("LoginService", "login2", "").await;
    assert!(reply.status == 403 && reply.body.contains("<html"), "{}", reply.body);
    assert_eq!(reqwest::get(format!("{}/LoginService?wsdl", sim.base_url)).await.unwrap().status(), 403);
    assert_eq!(ask(&Sim::start(Dialect::Mcmaster).await, Method::GET, "schedule/types", Value::Null).await.0, 404);
}

#[tokio::test]
async fn a_booking_has_its_name_filled_in_and_ends_with_its_last_minute() {
    let sim = Sim::start(Dialect::Rest).await;
    let booked = told(&sim, Method::POST, "schedule/add", booking()).await;
    let id = u32::try_from(booked["appointment"]["id"].as_u64().unwrap()).unwrap();
    assert_eq!(
        booked["appointment"]["startTime"],
        "2026-11-23T09:30:00-05:00".parse::<jiff::Timestamp>().unwrap().as_millisecond()
    );
    let row = sim.oscar.appointment(id).unwrap();
    assert_eq!((row.texts["name"].as_str(), row.end.to_string().as_str()), ("Sandhu, Gurpreet", "09:44:00"));
    let day = told(&sim, Method::GET, "schedule/101/day/2026-11-23", Value::Null).await;
    let shown = day.as_array().unwrap().iter().find(|row| row["appointmentNo"] == id).unwrap();
    assert_eq!((shown["startTime"].as_str(), shown["duration"].as_i64()), (Some("09:30 AM"), Some(15)));
    told(&sim, Method::POST, &format!("schedule/appointment/{id}/updateStatus"), json!({ "status": "C" })).await;
    assert_eq!(sim.oscar.appointment(id).unwrap().status(), Some("C"));
    let mut moved = booked["appointment"].clone();
    moved["endTime"] = json!(moved["endTime"].as_i64().unwrap() + 900_000);
    moved["startTime"] = json!(moved["startTime"].as_i64().unwrap() + 900_000);
    told(&sim, Method::POST, "schedule/updateAppointment", moved).await;
    let row = sim.oscar.appointment(id).unwrap();
    assert_eq!(
        (row.start.to_string().as_str(), row.end.to_string().as_str(), row.status()),
        ("09:45:00", "09:59:00", Some("t"))
    );
    assert_eq!(sim.oscar.archive().len(), 2);
}

#[tokio::test]
async fn a_patient_can_be_created_and_comes_out_in_capitals() {
    let sim = Sim::start(Dialect::Rest).await;
    let new = json!({
        "firstName": "Ana", "lastName": "Novak", "sex": "F", "dobYear": "1990", "dobMonth": "02", "dobDay": "03",
        "patientStatus": "IN", "phone": "416-555-0101", "address": { "city": "Toronto", "postal": "M5V 1A1" },
    });
    let echo = told(&sim, Method::POST, "demographics", new).await;
    assert_eq!(echo["phone"], Value::Null, "the echo is partial");
    let number = echo["demographicNo"].as_i64().unwrap();
    let chart = told(&sim, Method::GET, &format!("demographics/{number}"), Value::Null).await;
    assert_eq!((chart["lastName"].as_str(), chart["patientStatus"].as_str()), (Some("NOVAK"), Some("AC")));
    assert_eq!(chart["address"]["city"], "Toronto");
    let found =
        told(&sim, Method::POST, "demographics/search", json!({ "type": "HIN", "term": "9698658215", "active": true }))
            .await;
    assert_eq!(found["content"][0]["demographicNo"], 1001);
    let inactive =
        told(&sim, Method::POST, "demographics/search", json!({ "type": "Name", "term": "lopez", "active": true }))
            .await;
    assert_eq!(inactive["total"], 0);
    let cell = told(&sim, Method::GET, "demographics/1003", Value::Null).await;
    assert_eq!(cell["extras"][0], json!({ "key": "demo_cell", "value": "778-555-0131" }));
}

#[tokio::test]
async fn signatures_and_rights_are_asked_for() {
    let sim = Sim::start(Dialect::Rest).await;
    let url = format!("{}/services/schedule/types", sim.base_url);
    let unsigned = sim.http.get(&url).send().await.unwrap();
    assert_eq!(
        (unsigned.status().as_u16(), unsigned.text().await.unwrap().as_str()),
        (401, "oauth_problem=token_rejected")
    );
    let wrong = RestLogin { secret: "guess".to_owned(), ..sim.oscar.rest_login() };
    let header = authorization(&Method::GET, &url, &wrong, &[]);
    let refused = sim.http.get(&url).header("authorization", header).send().await.unwrap();
    assert_eq!(
        (refused.status().as_u16(), refused.text().await.unwrap().as_str()),
        (401, "oauth_problem=signature_invalid")
    );
    sim.oscar.turn("schedule/types=role/1".parse::<Knob>().unwrap()).unwrap();
    assert_eq!(
        ask(&sim, Method::GET, "schedule/types", Value::Null).await,
        (StatusCode::INTERNAL_SERVER_ERROR, "Access Denied".to_owned())
    );
    sim.oscar.turn("*=expired/1".parse::<Knob>().unwrap()).unwrap();
    assert_eq!(ask(&sim, Method::GET, "schedule/types", Value::Null).await.1, "oauth_problem=token_expired");
    assert_eq!(ask(&sim, Method::GET, "schedule/types", Value::Null).await.0, 200);
    assert!(sim.oscar.turn("addAppointment=hang".parse::<Knob>().unwrap()).is_err(), "that is SOAP's");
}

#[tokio::test]
async fn a_token_is_granted_in_three_steps() {
    let sim = Sim::start(Dialect::Rest).await;
    let step = async |path: &str, login: &RestLogin, more: &[(&str, &str)]| {
        let url = format!("{}/oauth/{path}", sim.base_url);
        let header = authorization(&Method::POST, &url, login, more);
        let response = sim.http.post(url).header("authorization", header).send().await.unwrap();
        let (status, text) = (response.status().as_u16(), response.text().await.unwrap());
        let value =
            |name: &str| text.split('&').find_map(|pair| pair.strip_prefix(name)).unwrap_or_default().to_owned();
        (status, value("oauth_token="), value("oauth_token_secret="))
    };
    let client = RestLogin { token: String::new(), token_secret: String::new(), ..sim.oscar.rest_login() };
    let (status, token, token_secret) = step("initiate", &client, &[("oauth_callback", "oob")]).await;
    assert_eq!(status, 200);
    let temporary = RestLogin { token, token_secret, ..client };
    assert_eq!(step("token", &temporary, &[("oauth_verifier", "guess")]).await.0, 401, "nobody has agreed");
    let page =
        sim.http.get(format!("{}/oauth/authorize?oauth_token={}", sim.base_url, temporary.token)).send().await.unwrap();
    let page = page.text().await.unwrap();
    let verifier = page.split("<code>").nth(1).and_then(|rest| rest.split("</code>").next()).unwrap();
    let (status, token, token_secret) = step("token", &temporary, &[("oauth_verifier", verifier)]).await;
    assert_eq!(status, 200);
    let granted = RestLogin { token, token_secret, ..temporary };
    let url = format!("{}/services/providerService/provider/me", sim.base_url);
    let header = authorization(&Method::GET, &url, &granted, &[]);
    let me: Value = sim.http.get(url).header("authorization", header).send().await.unwrap().json().await.unwrap();
    assert_eq!(me["providerNo"], "900");
}

#[tokio::test]
async fn faults_strike_here_too() {
    let sim = Sim::start(Dialect::Rest).await;
    sim.oscar.turn("schedule/add=rival/1".parse::<Knob>().unwrap()).unwrap();
    told(&sim, Method::POST, "schedule/add", booking()).await;
    assert_eq!(sim.oscar.active_overlaps().len(), 1);
    sim.oscar.turn("schedule/add=html503/1".parse::<Knob>().unwrap()).unwrap();
    assert_eq!(ask(&sim, Method::POST, "schedule/add", booking()).await.0, 503);
    let codes = told(&sim, Method::GET, "schedule/codes", Value::Null).await;
    assert_eq!(codes.as_array().unwrap().len(), 9);
    let statuses = told(&sim, Method::GET, "schedule/statuses", Value::Null).await;
    assert_eq!(statuses["content"][0]["status"], "t");
    assert!(told(&sim, Method::GET, "providerService/providers_json", Value::Null).await.as_array().unwrap().len() > 4);
    assert_eq!(sim.oscar.appointments("101", date(2026, 11, 23)).iter().filter(|row| row.patient == 1004).count(), 2);
}
