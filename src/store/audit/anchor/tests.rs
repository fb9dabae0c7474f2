use super::*;
use crate::store::audit::Chain;
use crate::store::tests::{count, folder, store};
use crate::store::{commit, rollback};

/// Rows of these moments.
async fn filled(store: &Store, moments: &[i64]) {
    for at_ms in moments {
        let note = Note { at_ms: *at_ms, ..Note::new("user root", Action::CallRead, &format!("call-{at_ms}"), "done") };
        store.note(&note).await.unwrap();
    }
}

async fn purged(store: &Store, before_ms: i64) -> u64 {
    let transaction = store.begin().await.unwrap();
    let gone = store.purge_audit(&transaction, before_ms, "attendant").await.unwrap();
    if gone > 0 {
        commit(transaction).await.unwrap();
    } else {
        rollback(transaction).await.unwrap();
    }
    gone
}

async fn chain(store: &Store) -> Chain {
    store.verify_audit().await.unwrap().remove(0)
}

#[tokio::test]
async fn the_old_end_of_a_chain_goes_and_the_rest_is_still_proved_also_when_it_goes_on() {
    let folder = folder();
    let store = store(folder.path(), "c").await;
    // The clock was set back once: what comes after a younger row stays with it.
    filled(&store, &[10, 20, 30, 15, 40]).await;
    let whole = chain(&store).await;
    assert_eq!((whole.rows, whole.purged), (5, 0));
    assert_eq!(purged(&store, 5).await, 0);
    assert_eq!(purged(&store, 25).await, 2);
    let left = chain(&store).await;
    assert_eq!((left.rows, left.purged, left.broken), (6, 2, vec![]), "and that of the purge");
    let (_, number, note) = store.audited(1).await.unwrap().remove(0);
    assert_eq!((number, note.action, note.outcome.len()), (6, Action::AuditPurged, 64));
    assert_eq!(note.subject, format!("{} up to 2", store.instance));
    filled(&store, &[50]).await;
    assert_eq!((purged(&store, 25).await, purged(&store, 41).await), (0, 3), "once, and then the next");
    let left = chain(&store).await;
    assert_eq!((left.rows, left.purged, left.broken, count(&store, "audit").await), (8, 5, vec![], 3));
}

#[tokio::test]
async fn what_is_past_its_time_is_counted_as_it_is_purged_and_without_a_look_back_for_each_row() {
    let folder = folder();
    let store = store(folder.path(), "c").await;
    filled(&store, &[10, 20, 30, 15, 40]).await;
    let of = |before_ms: i64| -> Vec<Value> { vec![store.clinic.to_string().into(), before_ms.into()] };
    for (before_ms, wanted) in [(5, 0), (25, 2), (40, 4), (i64::MAX, 5)] {
        let found = store.rows(HOW_MANY_OLD, of(before_ms)).await.unwrap();
        assert_eq!(found[0].try_get_by_index::<i64>(0).unwrap(), wanted, "before {before_ms}");
    }
    let plan = store.rows(&format!("EXPLAIN QUERY PLAN {HOW_MANY_OLD}"), of(25)).await.unwrap();
    let plan: Vec<String> = plan.iter().map(|step| step.try_get_by_index(3).unwrap()).collect();
    assert!(!plan.is_empty() && !plan.iter().any(|step| step.contains("CORRELATED")), "{plan:?}");
}

#[tokio::test]
async fn whoever_takes_more_away_or_hides_what_was_purged_is_found() {
    for (change, wanted) in [
        ("DELETE FROM audit WHERE seq = 3", "row 3 is gone"),
        ("DELETE FROM audit_anchors", "rows 1 to 2 are gone"),
        (
            "UPDATE audit_anchors SET seq = 3, code = (SELECT code FROM audit WHERE seq = 3)",
            "the anchor was changed: rows may be missing at the beginning",
        ),
        ("UPDATE audit_anchors SET key = 9", "the anchor cannot be checked"),
        (
            "INSERT INTO audit SELECT clinic, instance, 2, at_ms, actor, action, subject, outcome, key, code, detail FROM audit WHERE seq = 3",
            "1 rows up to 2, which were purged, were put in",
        ),
    ] {
        let folder = folder();
        let store = store(folder.path(), "c").await;
        filled(&store, &[10, 20, 30, 40]).await;
        assert_eq!(purged(&store, 25).await, 2);
        store.database.execute_unprepared(change).await.unwrap();
        let broken = chain(&store).await.broken;
        assert!(broken[0].starts_with(wanted), "{change}: {broken:?}");
    }
}

#[tokio::test]
async fn a_part_that_is_not_whole_is_not_purged_with_what_is_wrong_with_it() {
    let folder = folder();
    let store = store(folder.path(), "c").await;
    filled(&store, &[10, 20, 30, 40]).await;
    store.database.execute_unprepared("UPDATE audit SET actor = 'user jane' WHERE seq = 2").await.unwrap();
    assert_eq!(purged(&store, 35).await, 0);
    assert_eq!(chain(&store).await.broken, ["row 2 is not what was written there"]);
    assert_eq!(count(&store, "audit").await, 4);
}
