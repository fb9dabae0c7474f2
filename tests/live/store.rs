//! The store on both databases, and what is shared by the tests of it: clinics, journals of calls, messages, and the program.

mod copies;
mod down;
mod everything;
mod given_up;
mod late_book;
mod one_clinic;
mod restore;
mod sealed_anew;
mod several_servers;
mod silent;

use std::path::Path;
use std::process::{Command, Output};

use attendant::agent::tools::{Message, MessageKind};
use attendant::call::CallId;
use attendant::clinic::Clinic;
use attendant::privacy::Pii;
use attendant::records::Library;
use attendant::store::{History, Store, StoreConfig};

use crate::program;

const CLINIC: &str = "harbour-street";

/// A clinic's file.
fn file(id: &str) -> String {
    let sample = include_str!("../../agents/sample-clinic.toml");
    sample
        .replace("id = \"harbour-street\"", &format!("id = \"{id}\""))
        .replace("[emr]\n", "[emr]\nfile = \"b.toml\"\n")
}

fn clinic(id: &str) -> Clinic {
    Clinic::of(&file(id), "clinic.toml").expect("it is in order")
}

/// The journal of a call, in the words of its file.
pub(super) fn journal(call: CallId) -> String {
    format!(
        "{{\"entry\":\"rang\",\"call\":\"{call}\",\"at\":\"2026-11-21T18:00:00.255Z\",\"clinic\":\"{CLINIC}\",\"transport\":\"sip\",\
           \"caller\":\"+16045550137\",\"dialled\":\"+16045550100\",\"language\":\"pa-IN\"}}\n\
         {{\"entry\":\"planned\",\"cheaper\":false,\"arms\":{{\"model\":\"small\"}}}}\n\
         {{\"entry\":\"answered\",\"at_us\":1}}\n\
         {{\"entry\":\"line\",\"at_us\":2,\"who\":\"caller\",\"text\":\"ਮੇਰੀ ਦਵਾਈ\",\"cut\":false,\"turn\":1}}\n\
         {{\"entry\":\"turn\",\"turn\":1,\"speech_end_us\":5,\"endpoint_us\":null,\"stt_final_us\":null,\"first_token_us\":null,\
           \"first_tts_us\":null,\"first_audio_us\":null,\"first_packet_us\":9,\"filler_us\":null,\"finished_us\":null,\"cut\":true}}\n\
         {{\"entry\":\"costs\",\"at_us\":10,\"bill\":{{\"currency\":\"CAD\",\"lines\":[{{\"kind\":\"thinking\",\"provider\":\"openai\",\
           \"model\":\"m\",\"requests\":2,\"cost\":\"0.0012\"}}],\"cached_characters\":3,\"total\":\"0.0012\"}}}}\n"
    )
}

/// The same of another clinic.
fn journal_of(clinic: &str, call: CallId) -> String {
    journal(call).replace(&format!("\"clinic\":\"{CLINIC}\""), &format!("\"clinic\":\"{clinic}\""))
}

/// A line of the ledger: an appointment that was moved in this call.
fn step(call: &str) -> String {
    format!(
        "{{\"at\":\"2026-11-21T18:00:00.250Z\",\"call\":\"{call}\",\"id\":\"1\",\"turn\":1,\"tool\":\"update_appointment\",\"state\":\"done\"}}\n"
    )
}

fn message(call: CallId) -> Message {
    let pii = |text: &str| Pii::new(text.to_owned());
    Message {
        id: "0a1b".to_owned(),
        kind: MessageKind::UnknownOutcome,
        at: "2026-11-21T18:00:00.255Z".to_owned(),
        call,
        clinic: CLINIC.to_owned(),
        caller: pii("+16045550137"),
        name: pii("ਅਮਨ Roe"),
        number: pii("+16045550123"),
        text: pii("please call me"),
    }
}

fn history(store: &Store, records: &Path) -> History {
    History::new(Library::new(records.to_owned()), Some(store.clone()))
}

/// What the program says with this configuration.
fn attendant(folder: &Path, settings: &StoreConfig, arguments: &[&str]) -> Output {
    let file = folder.join("attendant.toml");
    let mut config = toml::Table::new();
    config.insert("store".to_owned(), toml::Value::try_from(settings).expect("as the test has it"));
    let records = toml::Table::from_iter([("path".to_owned(), folder.join("records").display().to_string().into())]);
    config.insert("records".to_owned(), records.into());
    let clinic = folder.join("clinic.toml");
    if clinic.exists() {
        let clinic = toml::Table::from_iter([("file".to_owned(), clinic.display().to_string().into())]);
        config.insert("clinic".to_owned(), clinic.into());
    }
    std::fs::write(&file, toml::to_string(&config).expect("as the test has it")).expect("as the test has it");
    let (command, rest) = arguments.split_first().expect("a command");
    let mut attendant = Command::new(env!("CARGO_BIN_EXE_attendant"));
    let output = attendant.arg(command).arg("--config").arg(file).args(rest).output().expect("it is built");
    program::nobody_is_told_of(&output);
    output
}
