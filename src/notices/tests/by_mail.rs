//! Notices by e-mail: what they say, and mail servers with faults.

use super::smtp::{Behaviour, Security, Smtp, certificate};
use super::*;
use crate::store::notices::Stage;

fn through(port: u16) -> String {
    format!("[mail]\nserver = \"smtp://127.0.0.1:{port}\"\nfrom = \"attendant@clinic.example\"")
}

fn notice(stage: Stage, whole: Option<&Message>) -> Notice<'_> {
    Notice {
        id: "00112233445566778899aabbccddeeff",
        stage,
        clinic: "harbour-street",
        message: "a1",
        kind: whole.map_or(MessageKind::UnknownOutcome, |message| message.kind),
        left: at(0),
        made: at(3),
        acknowledge: Some("https://calls.clinic.example/notices/AAAA".to_owned()),
        whole,
    }
}

fn written(notice: &Notice<'_>) -> String {
    let (from, to) = ("attendant@clinic.example".parse().unwrap(), "desk@clinic.example".parse().unwrap());
    let mail = mail::mail(&from, &to, notice, &Clinic::sample()).unwrap();
    String::from_utf8(mail.formatted()).unwrap().replace("\r\n", "\n")
}

#[test]
fn a_mail_says_that_a_message_waits_and_nothing_of_the_patient() {
    let golden = "\
From: attendant <attendant@clinic.example>
To: desk@clinic.example
Subject: Urgent: a message waits (harbour-street)
Date: Fri, 20 Nov 2026 18:00:03 +0000
Message-ID: <00112233445566778899aabbccddeeff@clinic.example>
Auto-Submitted: auto-generated
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 7bit

It is not known whether a change in the book of appointments was made.
Look there, then call the patient back.

Clinic:   Harbour Street Medical Clinic
Left:     Friday, November 20, 2026, 11:00 (America/Vancouver)
Message:  a1

Read it on the server: attendant messages show a1
Say that you see to it: https://calls.clinic.example/notices/AAAA
";
    assert_eq!(written(&notice(Stage::First, None)), golden);
}

#[test]
fn all_that_a_caller_left_is_in_a_mail_only_if_it_is_given() {
    let left = message("a1", MessageKind::Message);
    let mail = written(&notice(Stage::Escalation, Some(&left)));
    for line in [
        "Subject: nobody has seen to a message (harbour-street)",
        "A caller left a message and waits to be called back.",
        "From:     Jane Roe",
        "Call:     +16045550123",
        "my insulin",
        "Those who were told first have not said that they see to it.",
    ] {
        assert!(mail.lines().any(|there| there == line), "{line}: {mail}");
    }
}

#[tokio::test]
async fn a_mail_server_that_greylists_refuses_or_drops_is_tried_again_with_the_same_id_until_it_takes_it() {
    use Behaviour::{Drops, Greylists, Refuses, Takes};
    let mut smtp = Smtp::new([Greylists, Drops, Refuses, Takes], (Security::None, None)).await;
    let house = House::new().await;
    let notices = house.notices("desk@clinic.example", &through(smtp.port));
    let mut now = 3;
    for (trouble, wait) in [
        ("the mail server wants it later (451)", 30),
        ("the mail server broke off, or answers in no SMTP", 60),
        ("the mail server refuses it (550)", 900),
    ] {
        notices.round(at(now)).await.unwrap();
        // The server's own words are not kept.
        assert_eq!(house.trouble().await, (trouble.to_owned(), now + wait), "{trouble}");
        now += wait;
    }
    notices.round(at(now)).await.unwrap();
    let id = format!("Message-ID: <{}@clinic.example>", digest("a1", "first", "desk@clinic.example"));
    for mail in [smtp.mail().await, smtp.mail().await] {
        assert!(mail.contains(&id), "{mail}");
        for word in ["Jane", "5550123", "insulin"] {
            assert!(!mail.contains(word), "{word}");
        }
        assert!(mail.contains("EHLO clinic.example\r\nMAIL FROM:<attendant@clinic.example>"), "{mail}");
    }
    assert_eq!(house.store.waiting().await.unwrap().notices, 0);
}

#[tokio::test]
async fn a_mail_server_that_does_not_greet_is_given_up_in_time() {
    let smtp = Smtp::new([Behaviour::Silence], (Security::None, None)).await;
    let house = House::new().await;
    house.within("desk@clinic.example", &through(smtp.port), Duration::from_millis(100)).round(at(3)).await.unwrap();
    let (trouble, next) = house.trouble().await;
    assert!(["no answer within 0.1 s", "the mail server does not answer"].contains(&trouble.as_str()), "{trouble}");
    assert_eq!(next, 33);
}

#[tokio::test]
async fn a_mail_server_is_believed_by_its_certificate_alone_and_given_the_password_only_then() {
    rustls::crypto::ring::default_provider().install_default().ok();
    let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::write(ours.path().join("password"), SECRET).unwrap();
    let (acceptor, ca) = certificate(ours.path());
    let (_, other) = certificate(theirs.path());
    for (security, tls) in
        [(Security::FromTheFirstByte, config::Tls::FromTheFirstByte), (Security::Starttls, config::Tls::Starttls)]
    {
        let mut smtp = Smtp::new([Behaviour::Takes; 3], (security, Some(acceptor.clone()))).await;
        let mailer = |ca: &Path| {
            let text = format!(
                "server = \"smtps://localhost\"\nuser = \"attendant\"\npassword = {{ file = {:?} }}\nfrom = \"attendant@clinic.example\"\nca = {:?}",
                ours.path().join("password").display().to_string(),
                ca.display().to_string()
            );
            let server = config::Server { host: "localhost".to_owned(), port: smtp.port, tls };
            Mailer::through(server, &toml::from_str(&text).unwrap(), Duration::from_secs(10)).unwrap()
        };
        let (clinic, to) = (Clinic::sample(), "desk@clinic.example".parse().unwrap());
        let refused = mailer(&other).send(&to, &notice(Stage::First, None), &clinic).await.unwrap_err();
        assert!(refused.what.contains("certificate"), "{refused:?}");
        mailer(&ca).send(&to, &notice(Stage::First, None), &clinic).await.unwrap();
        let mail = smtp.mail().await;
        assert!(mail.contains("AUTH PLAIN ") && mail.contains("Message:  a1"), "{mail}");
    }
}
