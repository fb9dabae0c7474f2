use std::path::Path;

use super::*;
use crate::agent::Who;
use crate::agent::tools::MessageKind;
use crate::call::CallId;
use crate::call::timeline::Entry;
use crate::privacy::Pii;
use crate::store::tests::{count, folder, journal, rang, store};
use crate::store::{Kept, Record};

const CLINIC: &str = "ours";
const JANE: &str = "+16045550137";
const OTHER: &str = "+16045550199";

struct Told {
    id: CallId,
    record: Record,
}

/// A call from this number in which this was said, as its journal tells it.
fn call(caller: &str, said: &str) -> Told {
    let id = CallId::new();
    let line = Entry::Line { at_us: 1, who: Who::Caller, text: Pii::new(said.to_owned()), cut: false, turn: 1 };
    let text = journal(&[rang(id, CLINIC), Entry::Answered { at_us: 0 }, line]).replace(JANE, caller);
    Told { id, record: Record::of(&id.to_string(), &text) }
}

fn message(id: &str, call: CallId, name: &str, number: &str) -> Message {
    let pii = |text: &str| Pii::new(text.to_owned());
    Message {
        id: id.to_owned(),
        kind: MessageKind::Message,
        at: "2026-11-21T23:59:59.500Z".to_owned(),
        call,
        clinic: CLINIC.to_owned(),
        caller: pii(OTHER),
        name: pii(name),
        number: pii(number),
        text: pii("please call"),
    }
}

/// Where the recording of a call is to be.
fn recording(folder: &Path, call: CallId) -> std::path::PathBuf {
    let path = folder.join("2026-11-21").join(format!("{call}.wav"));
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, "RIFF").unwrap();
    path
}

fn sought(phone: &[&str], name: &[&str], except: &[&str]) -> Person {
    Person {
        phones: phone.iter().map(|phone| phone.parse().unwrap()).collect(),
        names: name.iter().map(|name| name.parse().unwrap()).collect(),
        except: except.iter().map(|id| (*id).to_owned()).collect(),
    }
}

/// Ids, and by what each was found.
type Found = Vec<(String, Vec<By>)>;

fn found(held: &Held) -> (Found, Found) {
    let by = |found_by: &Why| found_by.iter().copied().collect();
    let calls = held.calls.iter().map(|call| (call.past.call.clone(), by(&call.found_by)));
    let messages = held.messages.iter().map(|left| (left.message.id.clone(), by(&left.found_by)));
    (calls.collect(), messages.collect())
}

#[tokio::test]
async fn what_is_held_about_a_person_is_found_by_number_and_name_in_their_clinic_alone() {
    let folder = folder();
    let (store, theirs) = (store(folder.path(), CLINIC).await, store(folder.path(), "theirs").await);
    let (rang, named, left, strange) =
        (call(JANE, "hello"), call(OTHER, "it is Jane Roe"), call(OTHER, "a message"), call(OTHER, "hello Jane"));
    for call in [&rang, &named, &left, &strange] {
        assert_eq!(store.keep(&call.record).await.unwrap(), Kept::Now);
    }
    for message in [
        message("m1", left.id, "Jane Roe", OTHER),
        message("m2", left.id, "John Doe", OTHER),
        message("m3", strange.id, "John Doe", OTHER),
        message("m4", strange.id, "John Doe", "604-555-0137"),
    ] {
        store.keep_message(&message).await.unwrap();
    }
    store.note(&Note::new("user jane", Action::CallRead, &rang.id.to_string(), "done")).await.unwrap();
    let held = store.held_about(&sought(&["6045550137"], &["Jane Roe"], &["m4"])).await.unwrap();
    let id = |call: &Told| call.id.to_string();
    let wanted = vec![(id(&rang), vec![By::Phone]), (id(&named), vec![By::Name]), (id(&left), vec![By::SameCall])];
    let messages = vec![("m1".to_owned(), vec![By::Name, By::SameCall]), ("m2".to_owned(), vec![By::SameCall])];
    assert_eq!(found(&held), (wanted, messages));
    assert_eq!((held.calls[0].past.entries.len(), held.calls[0].audit.len()), (3, 1));
    let held = store.held_about(&sought(&[JANE], &[], &[&id(&rang)])).await.unwrap();
    assert_eq!(found(&held).0, [(id(&strange), vec![By::SameCall])], "by whom is to be called back");
    let elsewhere = theirs.held_about(&sought(&[JANE], &["Jane Roe"], &[])).await.unwrap();
    assert_eq!(found(&elsewhere), (vec![], vec![]));
}

#[tokio::test]
async fn what_is_erased_is_gone_and_does_not_come_back_and_the_audit_proves_it_and_stands() {
    let folder = folder();
    let store = store(folder.path(), CLINIC).await;
    let (hers, another) = (call(JANE, "insulin"), call(OTHER, "hello"));
    for call in [&hers, &another] {
        store.keep(&call.record).await.unwrap();
        store.note(&Note::new("user jane", Action::CallRead, &call.id.to_string(), "done")).await.unwrap();
    }
    let (one, two) = (message("m1", hers.id, "Jane Roe", JANE), message("m2", another.id, "John Doe", OTHER));
    store.keep_message(&one).await.unwrap();
    store.keep_message(&two).await.unwrap();
    let (gone, stays) = (recording(folder.path(), hers.id), recording(folder.path(), another.id));
    let held = store.held_about(&sought(&[JANE], &[], &[])).await.unwrap();
    let counts = store.erase(&held, "request-1", "user jane").await.unwrap();
    assert_eq!(counts.to_string(), "calls 1, lines 1, events 1, messages 1, recordings 1");
    assert_eq!((gone.exists(), stays.exists()), (false, true));
    assert_eq!(store.unclaimed_recordings().await.unwrap(), 0);
    let strange = recording(folder.path(), CallId::new());
    assert_eq!(store.unclaimed_recordings().await.unwrap(), 1, "of a call that the store does not know");
    std::fs::remove_file(strange).unwrap();
    let left = std::fs::metadata(folder.path().join("store/attendant.db-wal")).unwrap().len();
    assert_eq!(left, 0, "what was erased is in no journal of SQLite's either");
    assert_eq!(found(&store.held_about(&sought(&[JANE], &["Jane Roe"], &[])).await.unwrap()), (vec![], vec![]));
    assert_eq!((count(&store, "calls").await, count(&store, "messages").await), (1, 1));

    // A file that somebody still had.
    assert_eq!(store.keep(&hers.record).await.unwrap(), Kept::Before);
    assert_eq!(store.keep_message(&one).await.unwrap(), Kept::Before);
    assert_eq!((count(&store, "calls").await, count(&store, "messages").await), (1, 1));

    let chain = store.verify_audit().await.unwrap().remove(0);
    assert_eq!((chain.rows, chain.broken), (3, vec![]));
    let (_, _, proof) = store.audited(1).await.unwrap().remove(0);
    assert_eq!(
        (proof.action, proof.subject.as_str(), proof.outcome),
        (Action::PersonErased, "request-1", counts.to_string())
    );
    assert_eq!(store.erased().await.unwrap(), BTreeSet::from([hers.id.to_string(), "m1".to_owned()]));
}
