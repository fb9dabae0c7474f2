//! Several clinics on one server: the number dialled says whose call it is, nothing of one is another's, and one that cannot be started breaks no other.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use attendant::agent::Who;
use attendant::call::timeline::Entry;
use attendant::config::Config;
use attendant::records::Past;
use attendant::server::{self, Served, Server};
use attendant::softphone::dial::{Answered, Dialling, Telephone};
use attendant::softphone::{Script, Utterance, line};
use attendant::transport::sip::CodecName;
use attendant_media::time::Time;
use tokio::time::Instant;

use super::house::{said, spoken};
use super::server::question;
use super::sip_raw_peer::{RawPeer, to_tag};
use crate::program;
use crate::recorded;

const SAMPLE: &str = include_str!("../../agents/sample-clinic.toml");

/// Longest wait until a clinic's gates have passed: each of its languages is spoken and listened to.
const PATIENCE: Duration = Duration::from_secs(120);
const LIMIT: Duration = Duration::from_secs(150);

/// The sample clinic, in English alone, with these changes.
fn clinic(folder: &Path, name: &str, changes: &[(&str, &str)]) -> PathBuf {
    let languages = "languages = [\"en-CA\", \"zh-CN\", \"zh-HK\", \"pa-IN\", \"fr-CA\"]\n\n";
    let mut text = SAMPLE.to_owned();
    for (from, to) in [(languages, "languages = [\"en-CA\"]\n\n")].iter().chain(changes) {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    let file = folder.join(name);
    std::fs::write(&file, text).expect("it is writable");
    file
}

/// Harbour Street at +1 604 555 0100, and Lakeside at +1 604 555 0110 and extension 2001, open at other hours, with the same people in its book.
fn two(folder: &Path) -> Vec<PathBuf> {
    let book = Path::new(env!("CARGO_MANIFEST_DIR")).join("agents/sample-book.toml");
    let book = format!("file = {:?}\nkind = \"book\" ", book.display().to_string());
    let harbour = clinic(folder, "harbour.toml", &[]);
    let lakeside = clinic(
        folder,
        "lakeside.toml",
        &[
            ("harbour-street", "lakeside"),
            ("Harbour Street Medical Clinic", "Lakeside Family Practice"),
            ("numbers = [\"+16045550100\"]", "numbers = [\"+16045550110\"]\nextensions = [\"2001\"]"),
            ("+16045550142", "+16045550143"),
            ("saturday = [\"09:00-13:00\"]", "saturday = [\"10:00-14:00\"]"),
            ("kind = \"book\" ", &book),
        ],
    );
    vec![harbour, lakeside]
}

/// What the program says with the configuration of this folder.
fn attendant(folder: &Path, files: &[PathBuf], arguments: &[&str]) -> (Output, String) {
    let at = folder.join("attendant.toml");
    let (records, files) = (folder.join("records").display().to_string(), files.iter().map(|file| file.display()));
    let files: Vec<String> = files.map(|file| file.to_string()).collect();
    let text =
        format!("[providers]\nkind = \"scripted\"\n[records]\npath = {records:?}\n[clinic]\nfiles = {files:?}\n");
    std::fs::write(&at, text).expect("it is writable");
    let mut attendant = Command::new(env!("CARGO_BIN_EXE_attendant"));
    let output = attendant.args(arguments).arg("--config").arg(at).output().expect("it is built");
    let said = program::said(&output);
    (output, said)
}

pub(super) async fn dial(server: &Server, number: &str) -> Result<(Telephone, Answered), String> {
    let dialling = Dialling {
        target: format!("sip:{number}@{}", server.listening()[0].address),
        from: "+16045550177".into(),
        codecs: vec![CodecName::Pcmu],
        credentials: None,
        patience: Duration::from_secs(10),
    };
    let telephone = Telephone::for_target(&dialling).await.expect("a free port");
    let answered = telephone.dial(&dialling).await.map_err(|error| error.to_string())?;
    Ok((telephone, answered))
}

/// Rings until the clinic takes its calls.
async fn opens(server: &Server, number: &str) {
    let mut due = tokio::time::interval(Duration::from_millis(100));
    let ringing = async {
        while dial(server, number).await.is_err() {
            due.tick().await;
        }
    };
    tokio::time::timeout(PATIENCE, ringing).await.expect("its gates pass");
}

/// A call in which this is asked, heard out.
async fn asks(server: &Server, number: &str, question: Utterance) {
    let (_telephone, answered) = dial(server, number).await.expect("it is answered");
    let mut script = Script::new([question], None, Duration::from_secs(20), Time::ZERO);
    line::run(answered.line, &mut script, None, Instant::now(), LIMIT).await.expect("the sockets hold");
}

/// The calls that are this clinic's, and no other's: their ids.
async fn own(served: &Served, numbers: &[&str]) -> (Vec<Past>, BTreeSet<String>) {
    let calls = recorded::past(&served.config).await;
    for call in &calls {
        let Some(Entry::Rang { clinic, dialled, .. }) = call.entries.first() else { panic!("a call rings first") };
        assert_eq!(*clinic, served.clinic.config.id);
        assert!(numbers.contains(&dialled.as_str()), "{dialled}");
    }
    let ids = calls.iter().map(|call| call.call.clone()).collect();
    (calls, ids)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_number_dialled_says_whose_call_it_is_and_a_broken_clinic_breaks_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let mut config: Config = super::server::config(&folder.path().join("records"));
    config.api.listen = vec!["127.0.0.1:0".parse().unwrap()];
    config.clinic.files = two(folder.path());
    // Neither its file nor the store has an account at its EMR.
    config.clinic.files.push(clinic(
        folder.path(),
        "hilltop.toml",
        &[
            ("harbour-street", "hilltop"),
            ("numbers = [\"+16045550100\"]", "numbers = [\"+16045550120\"]"),
            ("kind = \"book\" ", "oscar = { base_url = \"http://127.0.0.1:1/oscar/ws\", dialect = \"mcmaster\", providers = { 101 = \"Dr. Priya Singh\" } }\nkind = \"oscar\" "),
        ],
    ));
    let server = Server::start(config.clone()).await.unwrap();
    opens(&server, "+16045550100").await;
    opens(&server, "2001").await;
    for number in ["+16045550199", "6045550199", "2002", "clinic"] {
        let refused = dial(&server, number).await.map(drop).unwrap_err();
        assert!(refused.contains("404"), "{number}: {refused}");
    }
    let passed_on = dial(&server, "6045550120").await.map(drop).unwrap_err();
    assert!(passed_on.contains("302"), "{passed_on}");
    asks(&server, "16045550100", question()).await;
    asks(&server, "6045550110", question()).await;
    // A trunk rings itself, and says in To what was dialled.
    for (number, answer) in [("16045550110", "SIP/2.0 200"), ("16045550199", "SIP/2.0 404"), ("hotel", "SIP/2.0 404")] {
        let mut raw = RawPeer::bind(server.listening()[0].address, number).await;
        let offer = raw.description(1);
        let invite = raw.request("INVITE", 1, None, "", &offer);
        let invite = invite
            .replacen("sip:clinic@", "sip:trunk-7@", 1)
            .replace("To: <sip:clinic@", &format!("To: <sip:{number}@"));
        raw.send(&invite).await;
        let answer = raw.expect(answer).await;
        if answer.starts_with("SIP/2.0 200") {
            let tag = to_tag(&answer);
            for (cseq, method) in [(1, "ACK"), (2, "BYE")] {
                let request = raw.request(method, cseq, Some(&tag), "", "");
                raw.send(&request).await;
            }
            raw.expect("SIP/2.0 200").await;
        }
    }
    let metrics = reqwest::get(format!("http://{}/metrics", server.http()[0])).await.unwrap().text().await.unwrap();
    for line in [
        "clinic_takes_calls{clinic=\"harbour-street\"} 1\n",
        "clinic_takes_calls{clinic=\"lakeside\"} 1\n",
        "clinic_takes_calls{clinic=\"hilltop\"} 0\n",
        "calls_refused_total{clinic=\"hilltop\",why=\"broken\"} 1\n",
        "calls_to_nobody_total 6\n",
    ] {
        assert!(metrics.contains(&format!("\n{line}")), "{line} {metrics}");
    }
    assert!(!metrics.contains("6045550"), "no number is in the metrics");
    assert!(server.drain(Duration::from_secs(20)).await);

    let clinics = server::served(&config).unwrap();
    let (harbour, ours) = own(&clinics[0], &["+16045550100", "16045550100"]).await;
    let (lakeside, theirs) = own(&clinics[1], &["2001", "6045550110", "trunk-7"]).await;
    assert!(ours.is_disjoint(&theirs) && harbour.len() >= 2 && lakeside.len() >= 3, "{ours:?} {theirs:?}");
    let greeted = |calls: &[Past], name: &str| {
        let greetings: Vec<&str> = calls.iter().flat_map(|call| said(call, Who::Agent)).collect();
        assert!(greetings.iter().any(|words| words.contains(name)), "{name}: {greetings:?}");
        greetings.join("\n")
    };
    assert!(!greeted(&harbour, "Harbour Street Medical Clinic").contains("Lakeside"));
    assert!(!greeted(&lakeside, "Lakeside Family Practice").contains("Harbour Street Medical"));

    // Who asks for the calls of one says whose.
    let run = |arguments: &[&str]| attendant(folder.path(), &config.clinic.files, arguments);
    let (which, told) = run(&["calls"]);
    assert!(which.status.code() == Some(64) && told.contains("--clinic and one of harbour-street, lakeside"), "{told}");
    let (listed, told) = run(&["calls", "--json", "--clinic", "lakeside"]);
    assert!(listed.status.success() && theirs.iter().all(|call| told.contains(call.as_str())), "{told}");
    assert!(!ours.iter().any(|call| told.contains(call.as_str())), "{told}");
    let (checked, told) = run(&["check"]);
    assert_eq!(checked.status.code(), Some(64), "{told}");
    assert!(told.contains("Lakeside Family Practice (lakeside): +16045550110, 2001"), "{told}");
    assert!(told.contains("attendant clinic credentials set hilltop"), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_caller_hears_the_hours_of_the_clinic_that_was_dialled() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = super::house::config(folder.path());
    config.clinic.files = two(folder.path());
    let server = Server::start(config.clone()).await.expect("make models has run");
    opens(&server, "6045550100").await;
    opens(&server, "6045550110").await;
    let asked = tokio::task::spawn_blocking(|| spoken("What time do you open on Saturday?")).await.unwrap();
    for number in ["+16045550100", "+16045550110"] {
        asks(&server, number, asked.clone()).await;
    }
    assert!(server.drain(Duration::from_secs(20)).await);
    let clinics = server::served(&config).unwrap();
    for (served, numbers, opens, other) in [
        (&clinics[0], ["6045550100", "+16045550100"], "9 AM", "10 AM"),
        (&clinics[1], ["6045550110", "+16045550110"], "10 AM", "9 AM"),
    ] {
        let (calls, _) = own(served, &numbers).await;
        let told: Vec<&str> = calls.iter().flat_map(|call| said(call, Who::Agent)).collect();
        assert!(told.iter().any(|words| words.contains(opens)), "{opens}: {told:?}");
        assert!(!told.iter().any(|words| words.contains(other)), "{other}: {told:?}");
    }
}
