//! Whether Redis answers: told once when it stops and once when it is back, counted each time, and what is wrong with how it is set up.

use std::time::Duration;

use parking_lot::Mutex;
use redis::{ErrorKind, RedisError};
use tokio::time::Instant;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Standing {
    #[default]
    Unknown,
    Up,
    Down {
        since: Instant,
    },
}

#[derive(Debug, Default)]
pub(super) struct Health(Mutex<Standing>);

impl Health {
    pub(super) fn is_up(&self) -> bool {
        *self.0.lock() == Standing::Up
    }

    /// An answer came, or why none did.
    pub(super) fn note<T>(&self, operation: &'static str, answer: &Result<T, String>) {
        let mut standing = self.0.lock();
        match (answer, *standing) {
            (Ok(_), Standing::Up) => {}
            (Ok(_), Standing::Unknown) => *standing = Standing::Up,
            (Ok(_), Standing::Down { since }) => {
                *standing = Standing::Up;
                let seconds = since.elapsed().as_secs_f64();
                tracing::info!(seconds, "Redis is back; appointments can be booked again");
            }
            (Err(_), Standing::Down { .. }) => {}
            (Err(what), Standing::Unknown | Standing::Up) => {
                *standing = Standing::Down { since: Instant::now() };
                tracing::error!(
                    operation,
                    what,
                    "Redis is lost: calls go on, appointments of an EMR that needs the lock are refused until it is back; see docs/shared-state.md"
                );
            }
        }
        if answer.is_err() {
            metrics::counter!("state_failures_total", "operation" => operation).increment(1);
        }
        metrics::gauge!("state_redis_up").set(if answer.is_ok() { 1.0 } else { 0.0 });
    }
}

/// Why there was no answer, and what to do. Never what was asked: keys and values stay here.
pub(super) fn what(error: &RedisError) -> String {
    match error.kind() {
        ErrorKind::AuthenticationFailed => {
            "Redis refuses the password; see to state.password and state.user".to_owned()
        }
        ErrorKind::Io if error.is_timeout() => "Redis gave no answer in time".to_owned(),
        ErrorKind::Io => "Redis cannot be reached; is it running, and is its address in state.redis right?".to_owned(),
        ErrorKind::ClusterConnectionNotFound => "no node of the Redis cluster can be reached".to_owned(),
        _ => match error.code() {
            Some(code @ ("NOAUTH" | "WRONGPASS" | "NOPERM")) => {
                format!("Redis refuses this user ({code}); see to state.password and state.user")
            }
            Some("READONLY") => "Redis is a replica that takes no writes; name the primary in state.redis".to_owned(),
            Some("OOM") => "Redis is out of memory; give it more (maxmemory)".to_owned(),
            Some("MISCONF") => "Redis cannot write to its disk and takes nothing; see to its disk".to_owned(),
            Some(code) => format!("Redis refused ({code})"),
            None => "Redis gave an answer that cannot be read".to_owned(),
        },
    }
}

/// What Redis says of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct About {
    pub version: String,
    /// For a question and its answer.
    pub took: Duration,
    /// What is wrong, with the mend.
    pub wrong: Vec<String>,
}

impl About {
    pub(super) fn of(info: &str, took: Duration) -> Self {
        let field = |name: &str| info.lines().find_map(|line| line.trim().strip_prefix(name)?.strip_prefix(':'));
        let version = field("redis_version").unwrap_or("of an unknown version").to_owned();
        let mut wrong = Vec::new();
        let major = version.split('.').next().and_then(|major| major.parse::<u32>().ok());
        if major.is_none_or(|major| major < 7) {
            wrong.push(format!("Redis {version} is too old; 7 or later is needed"));
        }
        let policy = field("maxmemory_policy").unwrap_or_default();
        if !matches!(policy, "" | "noeviction") {
            wrong.push(format!(
                "Redis forgets locks when its memory is full ({policy}); set maxmemory-policy noeviction"
            ));
        }
        if field("role") == Some("slave") {
            wrong.push("Redis is a replica that takes no writes; name the primary in state.redis".to_owned());
        }
        Self { version, took, wrong }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_will_not_do_is_told_with_the_mend() {
        let about = |info: &str| About::of(info, Duration::ZERO);
        let good = "# Server\r\nredis_version:7.0.15\r\nmaxmemory_policy:noeviction\r\nrole:master\r\n";
        assert_eq!((about(good).version.as_str(), about(good).wrong.len()), ("7.0.15", 0));
        let bad = "redis_version:6.2.1\r\nmaxmemory_policy:allkeys-lru\r\nrole:slave\r\n";
        let wrong = about(bad).wrong;
        assert_eq!(wrong.len(), 3);
        assert!(wrong[0].contains("7 or later") && wrong[1].contains("noeviction") && wrong[2].contains("primary"));
    }
}
