use super::*;
use crate::store::tests::{folder, store};

async fn filled(store: &Store) {
    for n in 0..5 {
        let note = Note::new("user root", Action::CallRead, &format!("call-{n}"), "done");
        // The third has one.
        let note = Note { detail: (n == 2).then(|| "{\"tool\":\"verify_identity\"}".to_owned()), ..note };
        store.note(&note).await.unwrap();
    }
}

/// What is found after this was done to the database.
async fn after(change: &[&str]) -> Vec<String> {
    let folder = folder();
    let store = store(folder.path(), "c").await;
    filled(&store).await;
    let sound = store.verify_audit().await.unwrap();
    assert_eq!((sound.len(), sound[0].rows, sound[0].broken.clone()), (1, 5, vec![]));
    for statement in change {
        let sql = statement.replace("OURS", "clinic = 'c'");
        store.database.execute_unprepared(&sql).await.unwrap();
    }
    store.verify_audit().await.unwrap().remove(0).broken
}

#[tokio::test]
async fn a_row_that_was_changed_taken_out_or_put_in_is_found() {
    let changed = |seq: u32| vec![format!("row {seq} is not what was written there")];
    assert_eq!(after(&[]).await, Vec::<String>::new());
    // Changed: each column of it.
    for change in [
        "at_ms = 7",
        "actor = 'user jane'",
        "action = 'appointment_booked'",
        "action = 'sung'",
        "subject = 'x'",
        "outcome = 'x'",
        "detail = '{}'",
        "detail = NULL",
    ] {
        assert_eq!(
            after(&[&format!("UPDATE audit SET {change} WHERE OURS AND seq = 3")]).await,
            changed(3),
            "{change}"
        );
    }
    assert_eq!(
        after(&["UPDATE audit SET detail = '{}' WHERE OURS AND seq = 4"]).await,
        changed(4),
        "where there was none"
    );
    let other_code = "UPDATE audit SET code = (SELECT code FROM audit WHERE OURS AND seq = 1) WHERE OURS AND seq = 3";
    assert_eq!(after(&[other_code]).await, [changed(3), changed(4)].concat());
    let other_key = after(&["UPDATE audit SET key = 9 WHERE OURS AND seq = 3"]).await;
    assert!(other_key.len() == 1 && other_key[0].starts_with("row 3 cannot be checked"), "{other_key:?}");
    // Taken out: the first, one between, the last, and the last with the head made to fit.
    assert_eq!(after(&["DELETE FROM audit WHERE OURS AND seq = 1"]).await, ["row 1 is gone"]);
    assert_eq!(after(&["DELETE FROM audit WHERE OURS AND seq IN (2, 3)"]).await, ["rows 2 to 3 are gone"]);
    assert_eq!(after(&["DELETE FROM audit WHERE OURS AND seq = 5"]).await, ["rows 5 to 5 are gone"]);
    let cut = "DELETE FROM audit WHERE OURS AND seq = 5";
    let fit = "UPDATE audit_heads SET seq = 4, code = (SELECT code FROM audit WHERE OURS AND seq = 4) WHERE OURS";
    assert_eq!(after(&[cut, fit]).await, ["the head was changed: rows may be missing at the end"]);
    assert_eq!(
        after(&[cut, "DELETE FROM audit_heads WHERE OURS"]).await,
        ["the head is gone: rows may be missing at the end"]
    );
    // Taken out, and the rest moved up to hide it.
    let hide = ["DELETE FROM audit WHERE OURS AND seq = 3", "UPDATE audit SET seq = seq - 1 WHERE OURS AND seq > 3"];
    assert_eq!(after(&hide).await, [changed(3), changed(4), vec!["rows 5 to 5 are gone".to_owned()]].concat());
    // Put in.
    let copy = "INSERT INTO audit SELECT clinic, instance, 6, at_ms, actor, action, subject, outcome, key, code, detail FROM audit WHERE OURS AND seq = 5";
    assert_eq!(after(&[copy]).await, [changed(6), vec!["rows 6 to 6 were put in".to_owned()]].concat());
    // Two that changed places.
    let swap = [
        "UPDATE audit SET seq = 9 WHERE OURS AND seq = 2",
        "UPDATE audit SET seq = 2 WHERE OURS AND seq = 3",
        "UPDATE audit SET seq = 3 WHERE OURS AND seq = 9",
    ];
    assert_eq!(after(&swap).await, [changed(2), changed(3), changed(4)].concat());
}

#[tokio::test]
async fn who_adds_at_the_same_time_adds_to_the_same_chain_one_after_the_other() {
    let folder = folder();
    let (one, two) = (store(folder.path(), "c").await, store(folder.path(), "c").await);
    let elsewhere = store(folder.path(), "another").await;
    let ((), (), ()) = tokio::join!(filled(&one), filled(&two), filled(&elsewhere));
    let chains = one.verify_audit().await.unwrap();
    assert_eq!((chains.len(), chains[0].rows, chains[0].broken.clone()), (1, 10, vec![]));
    assert_eq!(elsewhere.verify_audit().await.unwrap()[0].rows, 5);
    assert_eq!(one.audited(3).await.unwrap().iter().map(|(_, seq, _)| *seq).collect::<Vec<_>>(), [8, 9, 10]);
}

#[tokio::test]
async fn a_chain_that_grows_while_it_is_gone_through_is_whole() {
    let folder = folder();
    let (server, command) = (store(folder.path(), "c").await, store(folder.path(), "c").await);
    filled(&server).await;
    let mut adding = std::pin::pin!(async {
        for _ in 0..10 {
            filled(&server).await;
        }
    });
    let mut verified = 0;
    loop {
        tokio::select! {
            () = &mut adding => break,
            chains = command.verify_audit() => {
                assert_eq!(chains.unwrap().remove(0).broken, Vec::<String>::new());
                verified += 1;
            }
        }
    }
    assert!(verified > 0);
    // And once with rows that came after the head was read, whoever was quicker before.
    let moment = command.begin_snapshot().await.unwrap();
    rows(&moment, "SELECT seq FROM audit_heads", vec![]).await.unwrap();
    filled(&server).await;
    let chain = command.verify(&moment, command.instance.to_string()).await.unwrap();
    assert_eq!((chain.rows, chain.broken), (55, vec![]));
    moment.rollback().await.unwrap();
    assert_eq!(command.verify_audit().await.unwrap()[0].rows, 60);
}

#[tokio::test]
async fn rows_are_told_in_the_order_of_their_chain_whatever_the_clock_said() {
    let folder = folder();
    let store = store(folder.path(), "c").await;
    for (at_ms, subject) in [(20, "a"), (10, "b"), (30, "c"), (5, "d")] {
        store.note(&Note { at_ms, ..Note::new("user root", Action::CallRead, subject, "done") }).await.unwrap();
    }
    let told = async |limit| -> Vec<String> {
        store.audited(limit).await.unwrap().into_iter().map(|(_, _, note)| note.subject).collect()
    };
    assert_eq!((told(9).await.concat(), told(2).await.concat()), ("abcd".to_owned(), "cd".to_owned()));
    let of: Vec<i64> = store.audited_of("").await.unwrap().into_iter().map(|note| note.at_ms).collect();
    assert_eq!(of, [20, 10, 30, 5]);
}

#[tokio::test]
async fn a_chain_that_was_taken_out_whole_is_missed_by_its_own_server() {
    let folder = folder();
    let store = store(folder.path(), "c").await;
    assert_eq!(store.verify_audit().await.unwrap(), [], "nothing was done yet");
    let notes = crate::store::notes::Notes::open(folder.path()).unwrap();
    notes.write(&Note::new("attendant", Action::ServerStarted, "release 1", "done"));
    let file = folder.path().join(crate::store::notes::FILE);
    store.follow(&file, crate::store::tail::Lines::Notes).await.unwrap();
    assert_eq!(store.verify_audit().await.unwrap()[0].broken, Vec::<String>::new());
    store.database.execute_unprepared("DELETE FROM audit; DELETE FROM audit_heads").await.unwrap();
    let chains = store.verify_audit().await.unwrap();
    assert!(chains.len() == 1 && chains[0].broken[0].starts_with("the whole chain is gone"), "{chains:?}");
}
