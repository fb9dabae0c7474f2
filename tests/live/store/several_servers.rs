//! Servers that share a PostgreSQL: each moves its own files, and whoever reaches it may disable a clinic.

use attendant::call::CallId;
use attendant::clinic::Clinic;
use attendant::store::Store;
use attendant::store::clinics::switch::{Position, Switch};
use attendant::store::retention::Retention;
use attendant::store::tail::Lines;

use super::{CLINIC, attendant, clinic, file, step};
use crate::live::postgres::Postgres;

#[tokio::test]
async fn servers_of_one_machine_that_share_a_database_move_their_own_files_each_once() {
    let postgres = Postgres::start();
    let folder = tempfile::tempdir().unwrap();
    let settings = postgres.settings();
    let servers = ["one", "other"].map(|server| folder.path().join(server));
    for (at, records) in servers.iter().enumerate() {
        let store = Store::open(&settings, records, clinic(CLINIC).tenant()).unwrap();
        store.migrate().await.unwrap();
        let ledger = records.join("tools.jsonl");
        let call = CallId::new();
        let step = step(&call.to_string());
        std::fs::write(&ledger, step).unwrap();
        assert_eq!(store.follow(&ledger, Lines::Tools).await.unwrap(), 1);
        assert_eq!(store.follow(&ledger, Lines::Tools).await.unwrap(), 0);
        assert_eq!(store.tool_steps().await.unwrap().len(), at + 1);
        let chains = store.verify_audit().await.unwrap();
        assert_eq!(chains.len(), at + 1, "a chain each");
        assert!(chains.iter().all(|chain| chain.broken.is_empty()), "{chains:?}");
        let moved = "SELECT COUNT(*) FROM audit WHERE action = 'appointment_moved'";
        assert_eq!(postgres.as_clinic(Some(CLINIC), moved).unwrap(), (at + 1).to_string());
        // Each proves what it took off its own disk.
        let retention = Retention::by_hand(store, &Clinic::sample(), "user jane");
        retention.purge_now("2026-11-23T12:00:00Z".parse().unwrap()).await.unwrap();
    }
    let proofs = "SELECT COUNT(*) FROM audit WHERE action = 'purged' AND subject LIKE 'files%'";
    assert_eq!(postgres.as_clinic(Some(CLINIC), proofs).unwrap(), "2");
}

#[tokio::test]
async fn a_clinic_is_disabled_by_its_id_whatever_has_become_of_its_files() {
    let postgres = Postgres::start();
    let folder = tempfile::tempdir().unwrap();
    let settings = postgres.settings();
    let store = Store::open(&settings, &folder.path().join("records"), clinic(CLINIC).tenant()).unwrap();
    store.migrate().await.unwrap();
    store.put_clinic(&clinic(CLINIC), "user jane").await.unwrap();
    // The configured one is being edited, and this release does not read what one before put into the store.
    std::fs::write(folder.path().join("clinic.toml"), "id = 7").unwrap();
    postgres.run("UPDATE clinics SET file = 'id = 7'");
    for (switch, state) in [("disable", "is disabled"), ("enable", "takes no calls until")] {
        let told = attendant(folder.path(), &settings, &["clinic", switch, CLINIC]);
        let text = String::from_utf8_lossy(&told.stdout).into_owned();
        assert!(told.status.success() && text.contains(state), "{text}{told:?}");
    }
    let listed = attendant(folder.path(), &settings, &["clinic", "list"]);
    assert!(String::from_utf8_lossy(&listed.stdout).contains(CLINIC), "{listed:?}");
    let unknown = attendant(folder.path(), &settings, &["clinic", "disable", "nowhere"]);
    assert_eq!(unknown.status.code(), Some(64), "{unknown:?}");
    assert_eq!(store.audited(9).await.unwrap().len(), 3, "added, disabled, enabled");
}

#[tokio::test]
async fn a_clinic_is_disabled_while_the_database_is_away_and_the_database_has_it_when_it_is_back() {
    let mut postgres = Postgres::start();
    let folder = tempfile::tempdir().unwrap();
    let records = folder.path().join("records");
    let settings = postgres.settings();
    std::fs::write(folder.path().join("clinic.toml"), file(CLINIC)).unwrap();
    let store = Store::open(&settings, &records, clinic(CLINIC).tenant()).unwrap();
    store.migrate().await.unwrap();
    store.put_clinic(&clinic(CLINIC), "user jane").await.unwrap();
    let switch = Switch::of(&records);

    postgres.stop();
    let told = attendant(folder.path(), &settings, &["clinic", "disable", CLINIC]);
    let text = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(told.status.success() && text.contains("is disabled by"), "{text}{told:?}");
    assert_eq!(switch.position(), Position::Off);

    postgres.again();
    let listed = attendant(folder.path(), &settings, &["clinic", "list"]);
    assert!(String::from_utf8_lossy(&listed.stdout).contains("disabled"), "{listed:?}");
    let shown = attendant(folder.path(), &settings, &["clinic", "show", CLINIC]);
    assert!(String::from_utf8_lossy(&shown.stdout).contains("disabled, by user"), "{shown:?}");
    let told = attendant(folder.path(), &settings, &["clinic", "enable", CLINIC]);
    assert!(String::from_utf8_lossy(&told.stdout).contains("takes no calls until"), "{told:?}");
    assert_eq!(switch.position(), Position::On);
    let actions = "SELECT string_agg(action, ' ' ORDER BY seq) FROM audit";
    let done = postgres.as_clinic(Some(CLINIC), actions).unwrap();
    assert_eq!(done, "clinic_added clinic_disabled clinic_enabled");
}
