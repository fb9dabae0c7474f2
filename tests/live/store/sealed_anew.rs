//! What was written in clear beside the store is sealed when a server starts: by keys that the database knows, and by no others.

use std::path::{Path, PathBuf};
use std::time::Duration;

use attendant::config::{Config, SecretSource};
use attendant::server::Server;
use attendant::state::local::Local;
use attendant::state::{Key, State};
use attendant::store::{Store, keys};

use super::{CLINIC, clinic};

/// In clear in the state of a release before.
const CLEAR: &str = "+16045550137";

/// A server that has a state: it is shared by a Redis where nobody listens.
fn config(folder: &Path) -> Config {
    let mut config = crate::live::server::config(&folder.join("records"));
    let secret = folder.join("secret");
    std::fs::write(&secret, "q7Vx-20mm-T4ps-w9Lk-3Zhd-88Rn-aE-6Tyc").expect("it is writable");
    config.state.redis = vec!["redis://127.0.0.1:1".to_owned()];
    config.state.secret = Some(SecretSource { env: None, file: Some(secret) });
    // Its book would be one of each process.
    let file = folder.join("clinic.toml");
    let text = include_str!("../../../agents/sample-clinic.toml");
    std::fs::write(&file, text.split("\n[emr]\n").next().unwrap_or_default()).expect("it is writable");
    config.clinic.file = Some(file);
    config
}

/// The state's file.
async fn in_clear(folder: &Path) -> PathBuf {
    let records = folder.join("records");
    let state = Local::open(&records).expect("it is writable");
    state.put(&Key::unsettled(CLINIC), "a", CLEAR).await.expect("it is writable");
    records.join("state.jsonl")
}

/// Starts and stops.
async fn serve(config: Config) -> Result<(), String> {
    let server = Server::start(config).await.map_err(|error| error.to_string())?;
    server.drain(Duration::from_secs(1)).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_that_the_database_does_not_know_seal_nothing_and_the_right_ones_seal_it_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path());
    let state = in_clear(folder.path()).await;
    let records = folder.path().join("records");
    let store = Store::open(&config.store, &records, clinic(CLINIC).tenant()).unwrap();
    store.make_ready().await.unwrap();
    store.close().await;
    let file = config.store.keys_file(&records);
    let right = std::fs::read(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    keys::create(&file).unwrap();
    let before = std::fs::read(&state).unwrap();
    let refused = serve(config.clone()).await.unwrap_err();
    assert!(refused.contains("version 1") && refused.contains("store.keys"), "{refused}");
    assert_eq!(std::fs::read(&state).unwrap(), before);

    std::fs::write(&file, right).unwrap();
    serve(config).await.unwrap();
    let after = std::fs::read_to_string(&state).unwrap();
    assert!(after.contains("\"sealed\"") && !after.contains(CLEAR), "{after}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_database_is_away_what_was_written_stays_as_it_stands() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(folder.path());
    let state = in_clear(folder.path()).await;
    let (sealing, password) = (folder.path().join("keys.toml"), folder.path().join("password"));
    keys::create(&sealing).unwrap();
    std::fs::write(&password, "pG7-wx20-T4ps-w9Lk").unwrap();
    // Nobody listens there.
    config.store.url = Some("postgres://attendant@127.0.0.1:1/attendant".to_owned());
    config.store.password = Some(SecretSource { env: None, file: Some(password) });
    config.store.keys = Some(sealing);
    serve(config).await.unwrap();
    let after = std::fs::read_to_string(&state).unwrap();
    assert!(after.contains(CLEAR), "{after}");
}
