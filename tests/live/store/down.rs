//! A PostgreSQL that goes down with records waiting and comes back, and then the commands: who reads, asks, has erased, and what gives a change away.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use attendant::agent::tools::{MESSAGES, Message, Messages, messages};
use attendant::call::CallId;
use attendant::records::Library;
use attendant::store::Store;
use attendant::store::import::{Found, Importer};

use super::{CLINIC, attendant, clinic, journal, message};
use crate::live::postgres::Postgres;

#[tokio::test]
async fn what_waited_while_postgresql_was_down_is_written_when_it_is_back_and_the_commands_have_it() {
    let mut postgres = Postgres::start();
    let folder = tempfile::tempdir().unwrap();
    let records = folder.path().join("records");
    let settings = postgres.settings();
    let store = Store::open(&settings, &records, clinic(CLINIC).tenant()).unwrap();
    store.migrate().await.unwrap();
    store.make_ready().await.unwrap();

    // It goes down with a call and a message in the folder, and they are written when it is back.
    let call = CallId::new();
    let day = records.join("2026-11-21");
    std::fs::create_dir_all(&day).unwrap();
    let path = day.join(format!("{call}.jsonl"));
    std::fs::write(&path, journal(call)).unwrap();
    let importer = Importer::new(store.clone(), Library::new(records.clone()));
    postgres.stop();
    let left = Message { id: "0a1d".to_owned(), ..message(call) };
    Arc::new(Messages::new(records.join(MESSAGES))).keep(left).await.unwrap();
    let (found, failure) = importer.look().await;
    assert_eq!((found, failure.is_some(), path.exists()), (Found { kept: 0, waiting: 2 }, true, true));
    let told = attendant(folder.path(), &settings, &["calls"]);
    assert_eq!(told.status.code(), Some(69), "{told:?}");
    postgres.again();
    let (found, failure) = importer.look().await;
    assert!(failure.is_none(), "{failure:?}");
    assert_eq!((found, path.exists()), (Found { kept: 1, waiting: 0 }, false));
    assert!(messages::waiting(&records).unwrap().is_empty());
    let told = attendant(folder.path(), &settings, &["messages"]);
    let text = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(text.contains("ਅਮਨ Roe") && text.contains("please call me") && text.lines().count() == 3, "{text}{told:?}");
    let shown = attendant(folder.path(), &settings, &["calls", "show", &call.to_string()]);
    assert!(String::from_utf8_lossy(&shown.stdout).contains("ਦਵਾਈ"), "{shown:?}");

    // Who read it is noted, and the command tells of a row that was taken out.
    let shown = attendant(folder.path(), &settings, &["audit", "show"]);
    let text = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(
        text.lines().last().is_some_and(|row| row.contains("call_read") && row.contains(&call.to_string())),
        "{text}"
    );
    assert_eq!(attendant(folder.path(), &settings, &["audit", "verify"]).status.code(), Some(0));

    // Who rang gets what is held about them, and has it erased.
    let recording = path.with_extension("wav");
    std::fs::write(&recording, "RIFF").unwrap();
    let out = folder.path().join("export");
    let who = folder.path().join("who");
    std::fs::write(&who, "+16045550137\n").unwrap();
    let of = ["--clinic", CLINIC, "--who", who.to_str().unwrap()];
    let folder_of = out.display().to_string();
    let exported =
        attendant(folder.path(), &settings, &[&["patient", "export"], &of[..], &["--out", &folder_of]].concat());
    assert_eq!(exported.status.code(), Some(0), "{exported:?}");
    let text = std::fs::read_to_string(out.join("export.json")).unwrap();
    let told: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(told["calls"][0]["call"], call.to_string());
    assert_eq!(told["calls"][0]["entries"][3]["text"], "ਮੇਰੀ ਦਵਾਈ");
    assert_eq!(told["calls"][0]["recording"], format!("{call}.wav"));
    assert_eq!(told["calls"][0]["audit"][0]["action"], "call_read");
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(
        (mode(&out), mode(&out.join("export.json")), mode(&out.join(format!("{call}.wav")))),
        (0o700, 0o600, 0o600)
    );
    let again =
        attendant(folder.path(), &settings, &[&["patient", "export"], &of[..], &["--out", &folder_of]].concat());
    assert_eq!(again.status.code(), Some(64), "what is there is not written over");
    let asked = attendant(folder.path(), &settings, &[&["patient", "erase"], &of[..]].concat());
    assert_eq!((asked.status.code(), recording.exists()), (Some(64), true), "nobody is there to be asked");
    let erased = attendant(folder.path(), &settings, &[&["patient", "erase"], &of[..], &["--yes"]].concat());
    let text = String::from_utf8_lossy(&erased.stdout).into_owned();
    assert!(text.contains("erased: calls 1, lines 1, events 1, messages 1, recordings 1"), "{text}{erased:?}");
    assert!(!recording.exists());
    let purged = attendant(folder.path(), &settings, &["retention", "run"]);
    assert_eq!(purged.status.code(), Some(0), "{purged:?}");
    let chart = folder.path().join("chart.txt");
    std::fs::write(&chart, "100100\n").unwrap();
    let chart = chart.display().to_string();
    let asked = attendant(folder.path(), &settings, &["audit", "show", "--json", "--since", "1d", "--chart", &chart]);
    assert_eq!((asked.status.code(), String::from_utf8_lossy(&asked.stdout).trim()), (Some(0), "[]"), "{asked:?}");
    let shown = attendant(folder.path(), &settings, &["audit", "show"]);
    let text = String::from_utf8_lossy(&shown.stdout).into_owned();
    for proof in ["person_exported", "person_erased", "purged", "audit_read"] {
        assert!(text.contains(proof), "{text}");
    }
    assert_eq!(text.matches("person_sought").count(), 4, "also when it was neither given out nor erased: {text}");
    assert!(!text.contains("5550137") && !text.contains("100100"), "and nobody is named");
    assert_eq!(attendant(folder.path(), &settings, &["audit", "verify"]).status.code(), Some(0));
    postgres.run("DELETE FROM audit WHERE seq = 2");
    let told = attendant(folder.path(), &settings, &["audit", "verify"]);
    assert!(String::from_utf8_lossy(&told.stdout).contains("BROKEN: row 2 is gone"), "{told:?}");
    assert_eq!(told.status.code(), Some(1));
    let rotated = attendant(folder.path(), &settings, &["keys", "rotate"]);
    assert!(String::from_utf8_lossy(&rotated.stdout).contains("version 2"), "{rotated:?}");
}
