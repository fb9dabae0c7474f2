//! `GET /health`: the process answers. `GET /health/ready`: it takes calls, or why it does not, in a few words. `GET /health/redis`: what instances share
//! answers. For probes and balancers; no numbers.

use axum::extract::State;
use axum::http::StatusCode;

use super::Shared;
use crate::call::desk::NotReady;

pub(super) async fn live() -> &'static str {
    "ok\n"
}

/// Without it calls are taken all the same: no balancer should turn them away for this.
pub(super) async fn redis(State(shared): State<Shared>) -> (StatusCode, &'static str) {
    match shared.entrance.redis_is_up() {
        None => (StatusCode::OK, "not configured\n"),
        Some(true) => (StatusCode::OK, "ok\n"),
        Some(false) => (StatusCode::SERVICE_UNAVAILABLE, "lost\n"),
    }
}

pub(super) async fn ready(State(shared): State<Shared>) -> (StatusCode, String) {
    let stopping = if shared.entrance.stop.is_cancelled() { Err(NotReady::Draining) } else { Ok(()) };
    answer((shared.ready)().and(stopping))
}

fn answer(ready: Result<(), NotReady>) -> (StatusCode, String) {
    match ready {
        Ok(()) => (StatusCode::OK, "ready\n".to_owned()),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {why}\n")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_takes_no_calls_says_why_in_plain_words() {
        let told = |why| answer(Err(why));
        assert_eq!(told(NotReady::Draining), (StatusCode::SERVICE_UNAVAILABLE, "not ready: draining\n".into()));
        assert_eq!(told(NotReady::Full).1, "not ready: full\n");
        assert_eq!(told(NotReady::Unwell).1, "not ready: the last calls failed\n");
        assert_eq!(told(NotReady::Deaf).1, "not ready: SIP is not being served\n");
        assert_eq!(answer(Ok(())), (StatusCode::OK, "ready\n".into()));
    }
}
