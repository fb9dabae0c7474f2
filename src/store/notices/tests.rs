use std::path::Path;

use super::*;
use crate::call::CallId;
use crate::privacy::Pii;
use crate::store::acknowledged::{Acknowledged, Acknowledging};
use crate::store::tests::{count, folder, store};

const HOOK: &str = "https://hooks.clinic.example/x";
const DESK: &str = "desk@clinic.example";

/// 2026-11-21T18:00:00Z.
const LEFT: i64 = 1_795_284_000_000;

fn message(id: &str) -> Message {
    let pii = |text: &str| Pii::new(text.to_owned());
    Message {
        id: id.to_owned(),
        kind: MessageKind::UnknownOutcome,
        at: "2026-11-21T18:00:00Z".to_owned(),
        call: CallId::new(),
        clinic: "ours".to_owned(),
        caller: pii("+16045550177"),
        name: pii("Jane Roe"),
        number: pii("+16045550123"),
        text: pii("my insulin"),
    }
}

/// A store with a message of which nobody was told.
async fn with_message(folder: &Path) -> (Store, Message) {
    let store = store(folder, "ours").await;
    let left = message("a1");
    store.keep_message(&left).await.unwrap();
    (store, left)
}

async fn tell(store: &Store, stage: Stage, addresses: &[&str], now_ms: i64) -> usize {
    let untold = store.untold(stage, 0).await.unwrap();
    let addresses: Vec<String> = addresses.iter().map(|address| (*address).to_owned()).collect();
    store.tell(stage, &untold, &addresses, now_ms).await.unwrap()
}

async fn due(store: &Store, now_ms: i64) -> Vec<Due> {
    store.due(now_ms, 9, Wanted::Nothing).await.unwrap()
}

#[tokio::test]
async fn a_message_is_told_of_once_at_each_address_and_opened_only_if_it_is_asked_for() {
    let folder = folder();
    let (store, left) = with_message(folder.path()).await;
    let theirs = crate::store::tests::store(folder.path(), "theirs").await;
    assert_eq!(theirs.untold(Stage::First, 0).await.unwrap(), []);
    assert_eq!(store.untold(Stage::First, LEFT + 1).await.unwrap(), [], "old news are none");
    assert_eq!(store.untold(Stage::Escalation, 0).await.unwrap(), [], "before the first, nobody is escalated to");
    let open = Open { message: "a1".to_owned(), kind: MessageKind::UnknownOutcome, left_ms: LEFT };
    assert_eq!(store.untold(Stage::First, LEFT).await.unwrap(), std::slice::from_ref(&open));
    // Two servers at once.
    let (one, other) = tokio::join!(tell(&store, Stage::First, &[HOOK, DESK], LEFT + 5), async {
        store.tell(Stage::First, std::slice::from_ref(&open), &[HOOK.to_owned()], LEFT + 5).await.unwrap()
    });
    assert_eq!(one + other, 1);
    assert_eq!(tell(&store, Stage::First, &[HOOK, DESK], LEFT + 6).await, 0);
    assert_eq!(due(&store, LEFT + 4).await, []);
    let found = due(&store, LEFT + 5).await;
    assert!(!found.is_empty() && found.iter().all(|due| due.open == open && due.whole.is_none() && due.tries == 0));
    let whole = store.due(LEFT + 5, 1, Wanted::Whole).await.unwrap();
    assert_eq!(whole[0].whole.as_ref(), Some(&left));
    assert_eq!(due(&theirs, i64::MAX).await, []);
}

#[tokio::test]
async fn a_notice_is_taken_by_one_server_for_one_try_and_comes_back_if_that_ends_in_the_middle() {
    let folder = folder();
    let (store, _) = with_message(folder.path()).await;
    tell(&store, Stage::First, &[HOOK], LEFT).await;
    let [notice] = &due(&store, LEFT).await[..] else { panic!("one is due") };
    assert!(store.take(notice, LEFT + 30).await.unwrap());
    assert!(!store.take(notice, LEFT + 31).await.unwrap(), "another server was quicker");
    assert_eq!(due(&store, LEFT + 29).await, []);
    // The server is gone, and nothing came of it.
    let [again] = &due(&store, LEFT + 30).await[..] else { panic!("it is due again") };
    assert_eq!((again.id.as_str(), again.tries, again.due_ms), (notice.id.as_str(), 1, LEFT + 30));
    assert!(store.take(again, LEFT + 90).await.unwrap());
    store.put_off(&again.id, "HTTP 503", LEFT + 300).await.unwrap();
    assert_eq!(due(&store, LEFT + 299).await, []);
    let sent = store.notices_of("a1").await.unwrap();
    assert_eq!((sent[0].tries, sent[0].trouble.as_deref(), sent[0].sent_ms), (2, Some("HTTP 503"), None));
    let waiting = Waiting { notices: 1, oldest_ms: Some(LEFT), unacknowledged: 1 };
    assert_eq!(store.waiting().await.unwrap(), waiting);
    store.delivered(&again.id, LEFT + 301).await.unwrap();
    assert_eq!(due(&store, i64::MAX).await, []);
    assert_eq!(store.waiting().await.unwrap(), Waiting { unacknowledged: 1, ..Waiting::default() });
    let sent = store.notices_of("a1").await.unwrap();
    assert_eq!((sent[0].sent_ms, sent[0].trouble.as_deref()), (Some(LEFT + 301), None));
}

#[tokio::test]
async fn whoever_is_no_longer_told_is_replaced_by_those_who_are() {
    let folder = folder();
    let (store, _) = with_message(folder.path()).await;
    tell(&store, Stage::First, &[HOOK], LEFT).await;
    let [notice] = &due(&store, LEFT).await[..] else { panic!("one is due") };
    store.readdress(notice, &[DESK.to_owned()], LEFT + 1).await.unwrap();
    let [instead] = &due(&store, LEFT + 1).await[..] else { panic!("another is due") };
    assert_eq!((instead.address.as_str(), count(&store, "notices").await), (DESK, 1));
    store.readdress(instead, &[], LEFT + 2).await.unwrap();
    assert_eq!(count(&store, "notices").await, 0);
}

#[tokio::test]
async fn a_message_is_acknowledged_once_with_a_row_of_the_audit_and_told_of_no_more() {
    let folder = folder();
    let (store, _) = with_message(folder.path()).await;
    tell(&store, Stage::First, &[HOOK], LEFT).await;
    let theirs = crate::store::tests::store(folder.path(), "theirs").await;
    assert_eq!(theirs.acknowledge("a1", "user eve", LEFT).await.unwrap(), Acknowledging::Unknown);
    let [notice] = &due(&store, LEFT).await[..] else { panic!("one is due") };
    assert!(store.told(&notice.id).await.unwrap().unwrap().acknowledged.is_none());
    assert_eq!(theirs.told(&notice.id).await.unwrap(), None);
    assert_eq!(store.acknowledge("a1", "user jane", LEFT + 7).await.unwrap(), Acknowledging::Now);
    let by = Acknowledged { at_ms: LEFT + 7, by: "user jane".to_owned() };
    assert_eq!(store.acknowledge("a1", "user joe", LEFT + 8).await.unwrap(), Acknowledging::Before(by.clone()));
    assert_eq!(store.acknowledge("a2", "user joe", LEFT + 8).await.unwrap(), Acknowledging::Unknown);
    assert_eq!(store.told(&notice.id).await.unwrap().unwrap().acknowledged, Some(by.clone()));
    assert_eq!(store.acknowledgements(&["a1", "a2"]).await.unwrap(), [("a1".to_owned(), by)].into());
    assert_eq!(theirs.acknowledgements(&["a1"]).await.unwrap(), [].into());
    assert_eq!((due(&store, i64::MAX).await, tell(&store, Stage::Escalation, &[DESK], LEFT).await), (vec![], 0));
    assert_eq!(store.waiting().await.unwrap(), Waiting::default());
    let [(_, _, note)] = &store.audited(9).await.unwrap()[..] else { panic!("one row") };
    assert_eq!(
        (note.action, note.subject.as_str(), note.actor.as_str()),
        (crate::store::audit::Action::MessageAcknowledged, "a1", "user jane")
    );
}

#[tokio::test]
async fn notices_go_with_their_message() {
    let folder = folder();
    let (store, _) = with_message(folder.path()).await;
    tell(&store, Stage::First, &[HOOK, DESK], LEFT).await;
    tell(&store, Stage::Escalation, &[DESK], LEFT).await;
    assert_eq!(count(&store, "notices").await, 3);
    store.rows("DELETE FROM messages", vec![]).await.unwrap();
    assert_eq!(count(&store, "notices").await, 0);
}

#[tokio::test]
async fn messages_are_found_by_how_their_ids_begin() {
    let folder = folder();
    let (store, left) = with_message(folder.path()).await;
    store.keep_message(&message("b1")).await.unwrap();
    assert_eq!(store.messages_like("a").await.unwrap(), [left]);
    for none in ["", "%", "c", "_1"] {
        assert_eq!(store.messages_like(none).await.unwrap(), [], "{none}");
    }
}
