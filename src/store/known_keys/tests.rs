use std::path::{Path, PathBuf};

use sea_orm::ConnectionTrait;

use crate::call::CallId;
use crate::clinic::Tenant;
use crate::records::Library;
use crate::store::audit::{Action, Note};
use crate::store::import::{Found, Importer};
use crate::store::tests::{entries, folder, journal, store};
use crate::store::{Store, StoreConfig, keys};

const CLINIC: &str = "clinic-of-the-journal";

fn file(folder: &Path) -> PathBuf {
    folder.join("store/keys.toml")
}

fn opened(folder: &Path) -> Store {
    Store::open(&StoreConfig::default(), folder, &Tenant::made_up(CLINIC)).unwrap()
}

/// Keys of the same versions that are others.
fn others(folder: &Path) {
    std::fs::remove_file(file(folder)).unwrap();
    keys::create(&file(folder)).unwrap();
}

#[tokio::test]
async fn a_database_takes_no_other_keys_than_those_that_it_is_sealed_by() {
    let folder = folder();
    store(folder.path(), CLINIC).await.close().await;
    let right = std::fs::read(file(folder.path())).unwrap();
    others(folder.path());
    let refused = opened(folder.path()).make_ready().await.unwrap_err().to_string();
    assert!(refused.contains("version 1") && refused.contains("store.keys"), "{refused}");
    std::fs::write(file(folder.path()), right).unwrap();
    opened(folder.path()).make_ready().await.unwrap();
}

#[tokio::test]
async fn other_keys_of_more_versions_leave_none_of_them_in_the_database() {
    let folder = folder();
    store(folder.path(), CLINIC).await.close().await;
    let right = std::fs::read(file(folder.path())).unwrap();
    others(folder.path());
    keys::add(&file(folder.path())).unwrap();
    let refused = opened(folder.path()).make_ready().await.unwrap_err().to_string();
    assert!(refused.contains("version 1"), "{refused}");
    // The next version is still to come.
    std::fs::write(file(folder.path()), right).unwrap();
    keys::add(&file(folder.path())).unwrap();
    opened(folder.path()).make_ready().await.unwrap();
}

#[tokio::test]
async fn other_keys_migrate_nothing_and_leave_the_audit_whole() {
    let folder = folder();
    let before = opened(folder.path());
    before.migrate_by_its_keys().await.unwrap();
    before.note(&Note::new("user root", Action::CallRead, "call", "done")).await.unwrap();
    before.database.execute_unprepared("DELETE FROM attendant_migrations WHERE version > 2").await.unwrap();
    let pending = before.standing().await.unwrap();
    others(folder.path());
    let refused = opened(folder.path()).migrate_by_its_keys().await.unwrap_err().to_string();
    assert!(refused.contains("version 1") && refused.contains("store.keys"), "{refused}");
    assert_eq!(before.standing().await.unwrap(), pending, "nothing was done to the tables");
    let chains = before.verify_audit().await.unwrap();
    assert_eq!((chains[0].rows, chains[0].broken.clone()), (1, vec![]));
}

#[tokio::test]
async fn of_two_rotations_the_first_counts_and_who_has_not_its_file_cannot_rotate() {
    let folder = folder();
    let before = store(folder.path(), CLINIC).await;
    let old = std::fs::read(file(folder.path())).unwrap();
    assert_eq!(keys::add(&file(folder.path())).unwrap(), 2);
    store(folder.path(), CLINIC).await;
    assert_eq!(before.check_keys().await.unwrap(), [2]);
    // Another server, which has the file of before: it goes on, and may not add a second version 2.
    std::fs::write(file(folder.path()), &old).unwrap();
    let behind = store(folder.path(), CLINIC).await;
    let refused = behind.rotate_keys(&file(folder.path()), "user root").await.unwrap_err().to_string();
    assert!(refused.contains("version 2") && refused.contains("copy"), "{refused}");
    assert_eq!(std::fs::read(file(folder.path())).unwrap(), old);
    // One that did at the same moment seals nothing with it.
    keys::add(&file(folder.path())).unwrap();
    let refused = opened(folder.path()).make_ready().await.unwrap_err().to_string();
    assert!(refused.contains("version 2"), "{refused}");
}

#[tokio::test]
async fn a_rotation_whose_keys_were_read_before_another_one_changes_nothing_and_leaves_no_row() {
    let folder = folder();
    let (first, second) = (store(folder.path(), CLINIC).await, store(folder.path(), CLINIC).await);
    let added = keys::add(&file(folder.path())).unwrap();
    let rotated = std::fs::read(file(folder.path())).unwrap();
    let refused = second.rotate_keys(&file(folder.path()), "user root").await.unwrap_err().to_string();
    assert!(refused.contains("somebody else") && refused.contains("keys show"), "{refused}");
    assert_eq!((added, std::fs::read(file(folder.path())).unwrap()), (2, rotated));
    assert_eq!(first.verify_audit().await.unwrap().len(), 0, "nobody began anything");
}

#[tokio::test]
async fn with_other_keys_nothing_is_sealed_by_a_server_that_started_while_the_database_was_away() {
    let folder = folder();
    store(folder.path(), CLINIC).await.close().await;
    let right = std::fs::read(file(folder.path())).unwrap();
    others(folder.path());
    let day = folder.path().join("2026-11-21");
    std::fs::create_dir(&day).unwrap();
    let call = CallId::new();
    std::fs::write(day.join(format!("{call}.jsonl")), journal(&entries(call))).unwrap();
    let look = async || Importer::new(opened(folder.path()), Library::new(folder.path().to_owned())).look().await;
    let (found, failure) = look().await;
    assert_eq!(found, Found { kept: 0, waiting: 1 });
    assert!(failure.unwrap().to_string().contains("version 1"));
    std::fs::write(file(folder.path()), right).unwrap();
    let (found, failure) = look().await;
    assert!(failure.is_none() && found == Found { kept: 1, waiting: 0 }, "{failure:?}");
}
