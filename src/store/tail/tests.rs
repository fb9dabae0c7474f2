use std::io::Write;

use super::*;
use crate::agent::tools::{Ledger, Step};
use crate::store::import::Keeper;
use crate::store::tests::{count, folder, store};

fn add(path: &Path, text: &str) {
    let mut file = File::options().append(true).create(true).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

fn step(id: &str, tool: &str, state: &str, rest: &str) -> String {
    format!(
        "{{\"at\":\"2026-11-21T18:00:00.250Z\",\"call\":\"c1\",\"id\":\"{id}\",\"turn\":3,\"tool\":\"{tool}\",\"state\":\"{state}\"{rest}}}\n"
    )
}

#[tokio::test]
async fn what_tools_did_is_moved_once_and_every_run_that_ended_is_in_the_audit() {
    let folder = folder();
    let store = store(folder.path(), "c").await;
    let ledger = folder.path().join("tools.jsonl");
    assert_eq!(store.follow(&ledger, Lines::Tools).await.unwrap(), 0, "there is none yet");
    let asked = ",\"code\":\"not_confirmed\"";
    add(&ledger, &step("a", "create_appointment", "started", ""));
    add(&ledger, &step("a", "create_appointment", "refused", asked));
    add(&ledger, &step("b", "create_appointment", "started", ""));
    assert_eq!(store.follow(&ledger, Lines::Tools).await.unwrap(), 3);
    // A line that is being written waits for its end.
    let done = step("b", "create_appointment", "done", "");
    let (first, rest) = done.split_at(40);
    add(&ledger, first);
    assert_eq!(store.follow(&ledger, Lines::Tools).await.unwrap(), 0);
    add(&ledger, rest);
    add(&ledger, &step("c", "cancel_appointment", "refused", ",\"code\":\"outcome_unknown\""));
    add(&ledger, &step("d", "clinic_info", "done", ""));
    let trace = ",\"code\":\"no_match\",\"trace\":{\"patients\":[{\"digest\":\"1:d\",\"sealed\":\"s\"}],\"read\":[\"postal_code\"],\"ms\":7}";
    add(&ledger, &step("e", "verify_identity", "refused", trace));
    add(&ledger, &step("f", "register_new_patient", "done", ""));
    add(&ledger, &step("g", "hand_off", "not_run", ""));
    add(&ledger, &step("h", "unknown_tool", "not_run", ",\"code\":\"unknown_tool\""));
    add(&ledger, "no line of ours\n");
    assert_eq!(store.follow(&ledger, Lines::Tools).await.unwrap(), 8);
    assert_eq!(store.follow(&ledger, Lines::Tools).await.unwrap(), 0);
    assert_eq!((count(&store, "tools").await, count(&store, "audit").await), (10, 7));
    // The file is told of anew from its beginning, as after a restore: nothing is there twice.
    store.database.execute_unprepared("DELETE FROM spools").await.unwrap();
    store.follow(&ledger, Lines::Tools).await.unwrap();
    assert_eq!((count(&store, "tools").await, count(&store, "audit").await), (10, 7));
    let told: Vec<Note> = store.audited(9).await.unwrap().into_iter().map(|(_, _, note)| note).collect();
    let note = |action, id: &str, outcome: &str, detail: &str| Note {
        at_ms: 1_795_284_000_250,
        actor: "attendant".to_owned(),
        action,
        subject: format!("c1/{id}"),
        outcome: outcome.to_owned(),
        detail: Some(format!("{{{detail}}}")),
    };
    let failed = "\"tool\":\"verify_identity\",\"patients\":[{\"digest\":\"1:d\",\"sealed\":\"s\"}],\"read\":[\"postal_code\"],\"ms\":7";
    let wanted = [
        note(Action::AppointmentBooked, "b", "done", "\"tool\":\"create_appointment\""),
        note(Action::AppointmentCancelled, "c", "outcome_unknown", "\"tool\":\"cancel_appointment\""),
        note(Action::ToolUsed, "d", "done", "\"tool\":\"clinic_info\""),
        note(Action::ToolUsed, "e", "no_match", failed),
        note(Action::ToolUsed, "f", "done", "\"tool\":\"register_new_patient\""),
        note(Action::ToolUsed, "g", "done", "\"tool\":\"hand_off\""),
        note(Action::ToolUsed, "h", "unknown_tool", "\"tool\":\"unknown_tool\""),
    ];
    assert_eq!(told, wanted);
    assert_eq!(store.tool_steps().await.unwrap().len(), 10);
    assert!(store.verify_audit().await.unwrap()[0].broken.is_empty());
}

#[tokio::test]
async fn no_name_that_a_model_gives_its_question_is_refused_by_a_database() {
    let folder = folder();
    let store = store(folder.path(), "c").await;
    let ledger = folder.path().join(LEDGER);
    add(&ledger, &step("a\\u0000b", "clinic_info", "done", ""));
    assert_eq!(store.follow(&ledger, Lines::Tools).await.unwrap(), 1);
    assert_eq!(store.audited(1).await.unwrap()[0].2.subject, "c1/a\u{fffd}b");
}

#[tokio::test]
async fn a_line_of_the_ledger_that_does_not_fit_keeps_no_note_out_of_the_chain() {
    let folder = folder();
    let store = store(folder.path(), "c").await;
    let refuse = "CREATE TRIGGER refuse AFTER INSERT ON tools BEGIN INSERT INTO spools (instance, file, position) VALUES (NULL, NULL, NULL); END";
    store.database.execute_unprepared(refuse).await.unwrap();
    add(&folder.path().join(LEDGER), &step("a", "clinic_info", "done", ""));
    let notes = crate::store::notes::Notes::open(folder.path()).unwrap();
    notes.write(&Note::new("attendant", Action::RecordingDeleted, "a call", "done"));
    let failed = Keeper::follow(&store, folder.path()).await.unwrap_err();
    assert!(failed.is_of_one_record(), "{failed}");
    assert_eq!((count(&store, "tools").await, count(&store, "audit").await), (0, 1));
}

#[tokio::test]
async fn notes_of_a_running_server_are_moved_into_the_chain_once() {
    let folder = folder();
    let store = store(folder.path(), "c").await;
    let notes = crate::store::notes::Notes::open(folder.path()).unwrap();
    let path = folder.path().join(crate::store::notes::FILE);
    let note = |subject| Note::new("attendant", Action::RecordingDeleted, subject, "done");
    notes.write(&note("one"));
    assert_eq!(store.follow(&path, Lines::Notes).await.unwrap(), 1);
    notes.write(&note("two"));
    notes.write(&note("three"));
    assert_eq!(store.follow(&path, Lines::Notes).await.unwrap(), 2);
    let told: Vec<String> = store.audited(9).await.unwrap().into_iter().map(|(_, _, note)| note.subject).collect();
    assert_eq!(told, ["one", "two", "three"]);
    assert!(store.verify_audit().await.unwrap()[0].broken.is_empty());
}

#[tokio::test]
async fn half_a_line_left_by_a_full_disk_costs_no_other_line() {
    let folder = folder();
    let store = store(folder.path(), "c").await;
    let (ledger, notes) = (folder.path().join(LEDGER), folder.path().join(crate::store::notes::FILE));
    // Cut within a letter.
    for path in [&ledger, &notes] {
        std::fs::write(path, b"{\"subject\":\"Ren\xc3").unwrap();
    }
    let note = Note::new("attendant", Action::RecordingDeleted, "one", "done");
    crate::store::notes::Notes::open(folder.path()).unwrap().write(&note);
    let step = Step {
        at: "2026-11-21T18:00:00Z",
        call: crate::call::CallId::new(),
        id: "a",
        turn: 1,
        tool: "create_appointment",
        state: State::Done,
        code: None,
        trace: None,
    };
    Ledger::open(folder.path().to_owned()).unwrap().write(&step).await.unwrap();
    store.follow(&notes, Lines::Notes).await.unwrap();
    store.follow(&ledger, Lines::Tools).await.unwrap();
    let told = store.audited(9).await.unwrap();
    let is_told = |action| told.iter().any(|(_, _, note)| note.action == action);
    assert!(is_told(Action::RecordingDeleted) && is_told(Action::AppointmentBooked), "{told:?}");
}

#[tokio::test]
async fn lines_are_moved_once_though_their_folder_moves() {
    let folder = folder();
    let (before, after) = (folder.path().join("before"), folder.path().join("after"));
    let first = store(&before, "c").await;
    add(&before.join(LEDGER), &step("b", "create_appointment", "done", ""));
    assert_eq!(first.follow(&before.join(LEDGER), Lines::Tools).await.unwrap(), 1);
    first.close().await;
    std::fs::rename(&before, &after).unwrap();
    let store = store(&after, "c").await;
    assert_eq!(store.follow(&after.join(LEDGER), Lines::Tools).await.unwrap(), 0);
    add(&after.join(LEDGER), &step("c", "create_appointment", "done", ""));
    assert_eq!(store.follow(&after.join(LEDGER), Lines::Tools).await.unwrap(), 1);
    let chains = store.verify_audit().await.unwrap();
    assert_eq!((chains.len(), chains[0].rows), (1, 2), "and its chain goes on");
}

#[tokio::test]
async fn lines_of_a_shorter_file_in_place_of_the_ledger_are_moved_and_those_that_were_there_not_again() {
    let folder = folder();
    let store = store(folder.path(), "c").await;
    let ledger = folder.path().join(LEDGER);
    let of = |ids: &[&str]| ids.iter().map(|id| step(id, "create_appointment", "done", "")).collect::<String>();
    std::fs::write(&ledger, of(&["a", "b", "c"])).unwrap();
    store.follow(&ledger, Lines::Tools).await.unwrap();
    // Another file, whose first lines stand where those stood.
    std::fs::write(&ledger, of(&["d", "e"])).unwrap();
    store.follow(&ledger, Lines::Tools).await.unwrap();
    // And an older copy, with a line more.
    std::fs::write(&ledger, of(&["a"])).unwrap();
    store.follow(&ledger, Lines::Tools).await.unwrap();
    add(&ledger, &of(&["f"]));
    store.follow(&ledger, Lines::Tools).await.unwrap();
    let told: Vec<String> = store.audited(9).await.unwrap().into_iter().map(|(_, _, note)| note.subject).collect();
    assert_eq!(told, ["c1/a", "c1/b", "c1/c", "c1/d", "c1/e", "c1/f"]);
    assert_eq!(count(&store, "tools").await, 6);
    assert!(store.verify_audit().await.unwrap()[0].broken.is_empty());
}

#[tokio::test]
async fn what_a_release_before_moved_is_known_by_its_place_and_hides_no_other_line_there() {
    let folder = folder();
    let store = store(folder.path(), "c").await;
    let ledger = folder.path().join(LEDGER);
    let of = |id| step(id, "create_appointment", "done", "");
    std::fs::write(&ledger, [of("a"), of("b"), of("c")].concat()).unwrap();
    store.follow(&ledger, Lines::Tools).await.unwrap();
    store.database.execute_unprepared("UPDATE tools SET line = ''").await.unwrap();
    std::fs::write(&ledger, [of("a"), of("d")].concat()).unwrap();
    store.follow(&ledger, Lines::Tools).await.unwrap();
    let told: Vec<String> = store.audited(9).await.unwrap().into_iter().map(|(_, _, note)| note.subject).collect();
    assert_eq!(told, ["c1/a", "c1/b", "c1/c", "c1/d"]);
    assert_eq!(count(&store, "tools").await, 4);
}

#[tokio::test]
async fn steps_of_a_call_that_was_erased_do_not_come_back() {
    let folder = folder();
    let store = store(folder.path(), "c").await;
    let ledger = folder.path().join(LEDGER);
    add(&ledger, &step("b", "create_appointment", "done", ""));
    store.database.execute_unprepared("INSERT INTO erased (id, clinic, at_ms) VALUES ('c1', 'c', 1)").await.unwrap();
    assert_eq!(store.follow(&ledger, Lines::Tools).await.unwrap(), 1);
    assert_eq!((count(&store, "tools").await, count(&store, "audit").await), (0, 0));
}
