use super::*;
use crate::server::Kind;
use crate::store::clinics::switch::{Position, Switch};

const SAMPLE: &str = include_str!("../../../agents/sample-clinic.toml");
const OFFICER: &str = "[privacy_officer]\nname = \"Maria Santos\"\nemail = \"privacy@harbour-street.example\"\n";

/// What a server with this file of its clinic begins with.
async fn begun(folder: &Path, file: &str) -> (Standing, Store) {
    let path = folder.join("clinic.toml");
    std::fs::write(&path, file).unwrap();
    let mut config = Config::default();
    config.providers.kind = Kind::Scripted;
    config.records.path = Some(folder.join("records"));
    let clinic = Clinic::load(&path).unwrap();
    config.clinic.file = Some(path);
    let store = Store::open(&config.store, &config.records.folder(), clinic.tenant()).unwrap();
    store.make_ready().await.unwrap();
    let mut standing = Standing::of(&config, &clinic, Graph::built_in(), None, Some(&store)).unwrap();
    standing.decide().await;
    (standing, store)
}

#[tokio::test]
async fn what_a_command_imports_stays_though_a_server_waits_with_the_file_before() {
    let folder = tempfile::tempdir().unwrap();
    let before = SAMPLE.replace(OFFICER, "");
    let (mut standing, store) = begun(folder.path(), &before).await;
    let in_store = async || store.roster().all().await.unwrap().remove(0).file;
    assert_eq!(in_store().await, before);
    let clinic = Clinic::of(SAMPLE, "clinic.toml").unwrap();
    assert_eq!(store.put_clinic(&clinic, "user jane").await.unwrap(), Put::Changed);
    standing.look(&Gate::ALL).await;
    standing.ask().await.unwrap();
    assert_eq!((in_store().await.as_str(), *standing.state().borrow()), (SAMPLE, State::Waiting));
}

#[tokio::test]
async fn a_start_waits_for_no_gate_and_the_first_look_follows_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let (standing, _store) = begun(folder.path(), SAMPLE).await;
    let mut state = standing.state();
    assert_eq!((standing.findings.len(), *state.borrow()), (0, State::Waiting));
    let stop = CancellationToken::new();
    let following = tokio::spawn(standing.follow(stop.clone()));
    state.wait_for(|state| *state == State::Active).await.unwrap();
    stop.cancel();
    following.await.unwrap();
    // The next start opens at once.
    let (standing, _store) = begun(folder.path(), SAMPLE).await;
    assert_eq!(*standing.state().borrow(), State::Active);
}

#[tokio::test]
async fn a_clinic_that_was_disabled_by_a_file_is_disabled_in_the_store_once_that_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let (mut standing, store) = begun(folder.path(), SAMPLE).await;
    standing.look(&Gate::ALL).await;
    assert_eq!(*standing.state().borrow(), State::Active);
    let switch = Switch::of(&folder.path().join("records"));
    assert!(switch.turn(Position::Off, "harbour-street", "user jane").unwrap());
    standing.ask().await.unwrap();
    assert_eq!((*standing.state().borrow(), switch.position()), (State::Disabled, Position::On));
    // The next server reads it in the store.
    assert_eq!(store.clinic_state(&fingerprint(SAMPLE)).await.unwrap(), Some(State::Disabled));
    assert!(store.enable_clinic("user jane").await.unwrap());
    standing.ask().await.unwrap();
    assert_eq!(*standing.state().borrow(), State::Active);
}

#[tokio::test]
async fn a_start_without_the_store_opens_no_clinic_that_a_file_disables() {
    let folder = tempfile::tempdir().unwrap();
    let (mut standing, store) = begun(folder.path(), SAMPLE).await;
    standing.look(&Gate::ALL).await;
    let switch = Switch::of(&folder.path().join("records"));
    switch.turn(Position::Off, "harbour-street", "user jane").unwrap();
    store.close().await;
    standing.decide().await;
    assert_eq!(*standing.state().borrow(), State::Disabled);
    assert!(standing.ask().await.is_err());
    switch.turn(Position::On, "harbour-street", "user jane").unwrap();
    standing.sign.look();
    assert_eq!(*standing.state().borrow(), State::Active, "it had passed");
}
