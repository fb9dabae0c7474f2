//! The state on Redis 7, standalone or a cluster: what several instances share.
//!
//! Decides how long an answer is waited for (a caller waits meanwhile) and what is known when none comes: nothing. Whoever lost it is told so at
//! once, the connection is made anew by itself, and the first answer afterwards ends it: no restart. Each question touches one key, or keys of one
//! slot, and can be asked twice without doing more than once, but for counts. Values of calls of tools are sealed, and those of tables that are a caller's.

mod connection;
mod health;
mod script;
mod seal;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use redis::{FromRedisValue, RedisError, cmd};
use tokio::time::{Instant, timeout};

use super::config::StateConfig;
use super::key::Values;
use super::{Begun, Key, Locked, Lost, Owner, State};
use connection::Connection;
use health::Health;
use seal::Seal;

pub use health::About;
pub(super) use seal::derive;

/// Four tries to connect.
const CONNECTS: Duration = Duration::from_secs(4);

/// A fence outlives every lock.
const FENCE_LIVES: Duration = Duration::from_secs(24 * 3_600);

/// See the module header. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Redis(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    connection: Connection,
    prefix: String,
    deadline: Duration,
    seal: Seal,
    health: Health,
    instance: String,
}

impl Redis {
    /// `instance`: this one's name among those that share it. Connects when it is first asked. The configuration has been checked; an error is `key: what is wrong; what to write instead`. Must be called
    /// within the shared runtime.
    pub fn new(config: &StateConfig, secret: &str, instance: &str) -> Result<Self, String> {
        Ok(Self(Arc::new(Inner {
            connection: Connection::new(config)?,
            prefix: config.prefix.clone(),
            deadline: Duration::from_millis(config.deadline_ms),
            seal: Seal::new(secret),
            health: Health::default(),
            instance: instance.to_owned(),
        })))
    }

    /// Of this one, among those that share it.
    pub fn instance(&self) -> &str {
        &self.0.instance
    }

    /// Whether it answers.
    pub async fn ping(&self) -> Result<(), Lost> {
        let connection = &mut self.0.connection.clone();
        self.ask("ping", async { cmd("PING").query_async::<String>(connection).await }).await.map(drop)
    }

    /// Whether it answered when it was last asked, which is within the last second.
    pub fn is_up(&self) -> bool {
        self.0.health.is_up()
    }

    /// What it is, and what is wrong with how it is set up. Nobody waits for this: it has time to connect, and to fail so that it tells why.
    pub async fn about(&self) -> Result<About, Lost> {
        let connection = &mut self.0.connection.clone();
        let info = self.ask_within(CONNECTS, "info", connection.info()).await?;
        let asked = Instant::now();
        self.ping().await?;
        Ok(About::of(&info, asked.elapsed()))
    }

    async fn ask<T>(
        &self,
        operation: &'static str,
        question: impl Future<Output = Result<T, RedisError>>,
    ) -> Result<T, Lost> {
        self.ask_within(self.0.deadline, operation, question).await
    }

    async fn ask_within<T>(
        &self,
        deadline: Duration,
        operation: &'static str,
        question: impl Future<Output = Result<T, RedisError>>,
    ) -> Result<T, Lost> {
        let answer = match timeout(deadline, question).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(health::what(&error)),
            Err(_) => Err(format!("Redis gave no answer within {} ms", deadline.as_millis())),
        };
        self.0.health.note(operation, &answer);
        answer.map_err(Lost)
    }

    async fn run<T: FromRedisValue>(
        &self,
        operation: &'static str,
        script: &str,
        keys: &[String],
        arguments: &[&str],
    ) -> Result<T, Lost> {
        let mut eval = cmd("EVAL");
        eval.arg(script).arg(keys.len()).arg(keys).arg(arguments);
        self.command(operation, &eval).await
    }

    async fn command<T: FromRedisValue>(&self, operation: &'static str, command: &redis::Cmd) -> Result<T, Lost> {
        let connection = &mut self.0.connection.clone();
        self.ask(operation, async { command.query_async(connection).await }).await
    }

    fn closed(&self, key: &Key, field: &str, value: &str) -> Result<String, Lost> {
        match key.values() {
            Values::Clear => Ok(value.to_owned()),
            Values::Sealed => self.0.seal.seal(&place(key, field), value).map_err(Lost),
        }
    }

    /// `None`, and said so: it was sealed with another secret, or is none of ours. It holds up no other.
    fn opened(&self, key: &Key, field: String, value: String) -> Option<(String, String)> {
        match key.values() {
            Values::Clear => Some((field, value)),
            Values::Sealed => {
                let Some(opened) = self.0.seal.open(&place(key, &field), &value) else {
                    let key = key.text();
                    tracing::error!(
                        key,
                        "a value in Redis cannot be opened; give every instance the same state.secret"
                    );
                    return None;
                };
                Some((field, opened))
            }
        }
    }

    fn name(&self, key: &Key) -> String {
        format!("{}{}", self.0.prefix, key.text())
    }

    fn fence(&self, key: &Key) -> String {
        let rest = key.text().trim_start_matches("lock:");
        format!("{}fence:{rest}", self.0.prefix)
    }
}

/// Where a field of a table is sealed.
fn place(key: &Key, field: &str) -> String {
    format!("{}/{field}", key.text())
}

fn life(key: &Key) -> String {
    key.life().as_millis().max(1).to_string()
}

/// What is kept of something that is done once.
const RUNNING: &str = "r:";
const DONE: &str = "d:";

#[async_trait::async_trait]
impl State for Redis {
    async fn lock(&self, key: &Key, owner: Owner) -> Result<Locked, Lost> {
        let keys = [self.name(key), self.fence(key)];
        let fence_lives = FENCE_LIVES.as_millis().to_string();
        let arguments = [&*owner.to_string(), &*life(key), &*fence_lives];
        let fence: Option<u64> = self.run("lock", script::LOCK, &keys, &arguments).await?;
        Ok(fence.map_or(Locked::Taken, |fence| Locked::Held { fence }))
    }

    async fn renew(&self, key: &Key, owner: Owner) -> Result<bool, Lost> {
        let arguments = [&*owner.to_string(), &*life(key)];
        self.run("renew", script::RENEW, &[self.name(key)], &arguments).await
    }

    async fn unlock(&self, key: &Key, owner: Owner) -> Result<bool, Lost> {
        self.run("unlock", script::REMOVE, &[self.name(key)], &[&owner.to_string()]).await
    }

    async fn begin(&self, key: &Key, owner: Owner) -> Result<Begun, Lost> {
        let name = self.name(key);
        let ours = format!("{RUNNING}{owner}");
        let mut set = cmd("SET");
        set.arg(&name).arg(&ours).arg("NX").arg("GET").arg("PX").arg(life(key));
        let before: Option<String> = self.command("begin", &set).await?;
        match before {
            None => Ok(Begun::New),
            Some(before) if before == ours => Ok(Begun::New),
            Some(before) => match before.strip_prefix(DONE) {
                Some(sealed) => self.0.seal.open(key.text(), sealed).map(Begun::Done).ok_or_else(|| {
                    Lost(
                        "a value in Redis was sealed with another secret; give every instance the same state.secret"
                            .into(),
                    )
                }),
                None => Ok(Begun::Running),
            },
        }
    }

    async fn finish(&self, key: &Key, owner: Owner, value: &str) -> Result<(), Lost> {
        let sealed = format!("{DONE}{}", self.0.seal.seal(key.text(), value).map_err(Lost)?);
        let arguments = [&*format!("{RUNNING}{owner}"), &*sealed, &*life(key)];
        self.run("finish", script::FINISH, &[self.name(key)], &arguments).await
    }

    async fn abandon(&self, key: &Key, owner: Owner) -> Result<(), Lost> {
        let ours = format!("{RUNNING}{owner}");
        self.run::<bool>("abandon", script::REMOVE, &[self.name(key)], &[&ours]).await.map(drop)
    }

    async fn mark(&self, key: &Key) -> Result<bool, Lost> {
        let ours = Owner::new().to_string();
        let mut set = cmd("SET");
        set.arg(self.name(key)).arg(&ours).arg("NX").arg("GET").arg("PX").arg(life(key));
        let before: Option<String> = self.command("mark", &set).await?;
        Ok(before.is_none_or(|before| before == ours))
    }

    async fn count(&self, key: &Key, by: u64) -> Result<u64, Lost> {
        self.run("count", script::COUNT, &[self.name(key)], &[&by.to_string(), &life(key)]).await
    }

    async fn set(&self, key: &Key, value: &str) -> Result<(), Lost> {
        let mut set = cmd("SET");
        set.arg(self.name(key)).arg(value).arg("PX").arg(life(key));
        self.command("set", &set).await
    }

    async fn get(&self, key: &Key) -> Result<Option<String>, Lost> {
        let mut get = cmd("GET");
        get.arg(self.name(key));
        self.command("get", &get).await
    }

    async fn put(&self, key: &Key, field: &str, value: &str) -> Result<(), Lost> {
        let value = self.closed(key, field, value)?;
        self.run("put", script::PUT, &[self.name(key)], &[field, &value, &life(key)]).await
    }

    async fn remove(&self, key: &Key, field: &str) -> Result<(), Lost> {
        let mut remove = cmd("HDEL");
        remove.arg(self.name(key)).arg(field);
        self.command("remove", &remove).await
    }

    async fn table(&self, key: &Key) -> Result<BTreeMap<String, String>, Lost> {
        let mut all = cmd("HGETALL");
        all.arg(self.name(key));
        let found: BTreeMap<String, String> = self.command("table", &all).await?;
        Ok(found.into_iter().filter_map(|(field, value)| self.opened(key, field, value)).collect())
    }

    async fn beat(&self, key: &Key, member: &str) -> Result<BTreeSet<String>, Lost> {
        self.run("beat", script::BEAT, &[self.name(key)], &[member, &life(key)]).await
    }
}
