//! What instances tell each other, and what `attendant check` says of their Redis.

use std::process::Stdio;
use std::time::Duration;

use attendant::provider::breaker::Breaker;
use attendant::provider::{ErrorKind, ProviderError};
use attendant::state::{Key, StateConfig, Tended, tend};
use tokio::process::Command;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::redis::Redis;
use crate::program;

const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn they_know_of_each_other_and_of_what_failed_anywhere() {
    let redis = Redis::start().await;
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [one, other] = folders.each_ref().map(|folder| redis.shared(folder.path()));
    let failed = Breaker::shared("failed", "failed");
    // A service of one clinic's EMR, and the same of another's.
    let (well, others) = (Breaker::of_clinic("well", "c"), Breaker::of_clinic("well", "d"));
    let error = ProviderError {
        provider: "failed",
        kind: ErrorKind::Limited,
        what: "too many requests".into(),
        retry_after: Some(Duration::from_secs(90)),
    };
    for _ in 0..5 {
        failed.failed(&error, Instant::now());
    }
    other.all().set(&Key::circuit("c", "well"), "another 30000").await.unwrap();
    let stop = CancellationToken::new();
    let tended = Tended { clinics: vec!["c".to_owned(), "d".to_owned()], ..Tended::default() };
    let tending = [(&one, "one"), (&other, "other")]
        .map(|(shared, name)| tokio::spawn(tend(shared.clone(), tended.clone(), name.to_owned(), stop.clone())));
    let told = async {
        while well.is_well(Instant::now()) || !redis.say("ZCARD attendant:instances").await.contains(":2") {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, told).await.expect("they are told");
    assert!(others.is_well(Instant::now()), "it failed one clinic");
    let kept = redis.say("GET attendant:circuit:c:failed").await;
    assert!(kept.contains("one ") || kept.contains("other "), "{kept}");
    stop.cancel();
    for tending in tending {
        timeout(PATIENCE, tending).await.expect("it stops").unwrap();
    }
}

#[tokio::test]
async fn check_asks_redis_and_says_what_is_wrong() {
    let mut redis = Redis::start().await;
    let folder = tempfile::tempdir().unwrap();
    let check = async |state: StateConfig| {
        let file = folder.path().join("attendant.toml");
        let records = folder.path().join("records").display().to_string();
        let state =
            toml::to_string(&toml::Table::from_iter([("state".to_owned(), toml::Value::try_from(state).unwrap())]));
        let clinic = folder.path().join("clinic.toml").display().to_string();
        let text = format!(
            "[clinic]\nfile = {clinic:?}\n[providers]\nkind = \"scripted\"\n[records]\npath = {records:?}\n{}",
            state.unwrap()
        );
        std::fs::write(&file, text).unwrap();
        let mut attendant = Command::new(env!("CARGO_BIN_EXE_attendant"));
        attendant.arg("check").arg("--config").arg(&file).stdin(Stdio::null()).kill_on_drop(true);
        let ran = timeout(PATIENCE, attendant.output()).await.expect("in time").expect("the program is built");
        (ran.status.code(), program::said(&ran))
    };
    // Each instance would have a book of its own.
    let sample = include_str!("../../agents/sample-clinic.toml");
    std::fs::write(folder.path().join("clinic.toml"), sample).unwrap();
    let (code, said) = check(redis.config()).await;
    assert!(code == Some(64) && said.contains("emr.kind") && said.contains("state.redis"), "{code:?} {said}");
    let without_book = sample.split_once("[emr]").expect("it has one").0;
    std::fs::write(folder.path().join("clinic.toml"), without_book).unwrap();
    let (code, said) = check(redis.config()).await;
    assert!(code == Some(0) && said.contains("state    Redis 7."), "{code:?} {said}");
    redis.say("CONFIG SET maxmemory-policy allkeys-lru").await;
    let (code, said) = check(redis.config()).await;
    assert!(code == Some(1) && said.contains("maxmemory-policy noeviction"), "{code:?} {said}");
    redis.say("CONFIG SET requirepass hunter2hunter2").await;
    let (code, said) = check(redis.config()).await;
    assert!(code == Some(69) && said.contains("state.password"), "{code:?} {said}");
    redis.kill().await;
    let (code, said) = check(redis.config()).await;
    assert!(code == Some(69) && said.contains("state.redis"), "{code:?} {said}");
    let (code, said) = check(StateConfig { prefix: "{".to_owned(), ..redis.config() }).await;
    assert!(code == Some(64) && said.contains("state.prefix"), "{code:?} {said}");
}
