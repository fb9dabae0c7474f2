//! A stand-in for Google's services of speech, without TLS, on a port of its own of this machine: Speech-to-Text v2 (`StreamingRecognize`) and
//! Text-to-Speech v1 (`StreamingSynthesize`) over gRPC.
//!
//! It is strict where Google is: token, path, the order of messages, their sizes, the length of a stream and of its silence; it is tried with
//! Google's own Python packages (speech 2.41.0, texttospeech 2.38.0). A fault is a connection's, and of either service.

mod recognition;
mod stream;
mod synthesis;

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, Request, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use h2::RecvStream;
use h2::server::SendResponse;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use self::recognition::Recognition;
use self::stream::{Stream, Went};
use self::synthesis::Synthesis;
use super::Profile;
use super::fault::{CannotHave, Fault, Moment, Strike, Trouble};
use super::pace::Pace;
use super::vendor::Vendor;
use super::vendors::Troubles;
use crate::clock;
use crate::stt::google::messages::METHOD as RECOGNISE;
use crate::tts::google::messages::METHOD as SYNTHESISE;

/// A `google.rpc.Status` with a `google.rpc.RetryInfo` of 20 s, as Google's Python package (googleapis-common-protos 1.76.0) serialises it.
const QUOTA: &str = "CAgSBXF1b3RhGjAKKHR5cGUuZ29vZ2xlYXBpcy5jb20vZ29vZ2xlLnJwYy5SZXRyeUluZm8SBAoCCBQ=";

/// The same for UNAVAILABLE.
const LATER: &str = "CA4SBWxhdGVyGjAKKHR5cGUuZ29vZ2xlYXBpcy5jb20vZ29vZ2xlLnJwYy5SZXRyeUluZm8SBAoCCBQ=";

/// From the first turn's last words to [`Moment::Between`].
const BETWEEN: Duration = Duration::from_millis(500);

/// What [`Fault::Disorder`] adds to every other stream's: the next one's overtake them.
const LATE: Duration = Duration::from_millis(400);

/// One of the two services.
#[derive(Clone, Debug)]
struct Service {
    pace: Pace,
    trouble: Trouble,
}

/// A connection's fault in a service, from its first call on.
#[derive(Debug)]
struct Struck {
    service: Service,
    vendor: Vendor,
    strike: Option<Result<Strike, CannotHave>>,
}

impl Struck {
    const fn new(service: Service, vendor: Vendor) -> Self {
        Self { service, vendor, strike: None }
    }

    fn strike(&mut self) -> Result<Strike, CannotHave> {
        self.strike.get_or_insert_with(|| self.service.trouble.strike(self.vendor)).clone()
    }

    /// It breaks between turns.
    fn breaks_between(&self) -> bool {
        let is_so = |strike: &Strike| strike.at == Moment::Between && strike.is(Fault::Breaks);
        self.strike.as_ref().is_some_and(|strike| strike.as_ref().is_ok_and(is_so))
    }
}

/// Serves until `stop` resolves. The listener must be bound to a loopback address.
pub async fn serve(
    listener: TcpListener,
    profile: impl Into<Profile>,
    troubles: Troubles,
    stop: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let profile = profile.into();
    let hearing = Service { pace: profile.pace(profile.google, 7), trouble: troubles.hearing };
    let speaking = Service { pace: profile.pace(profile.google_tts, 8), trouble: troubles.speaking };
    let mut connections = JoinSet::new();
    tokio::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => return Ok(()),
            accepted = listener.accept() => {
                let (stream, _) = accepted?;
                let hearing = Struck::new(hearing.clone(), Vendor::Google);
                let speaking = Struck::new(speaking.clone(), Vendor::GoogleVoice);
                connections.spawn(connection(stream, hearing, speaking));
            }
        }
        while connections.try_join_next().is_some() {}
    }
}

/// Ends with the connection, or breaks it on purpose.
async fn connection(stream: TcpStream, mut hearing: Struck, mut speaking: Struck) {
    let Ok(mut calls) = h2::server::handshake(stream).await else { return };
    let mut streams = JoinSet::new();
    let mut begun = 0_u32;
    let words = Arc::new(AtomicU32::new(0));
    let mut between: Option<Instant> = None;
    loop {
        tokio::select! {
            () = sleep_until(between.unwrap_or_else(Instant::now)), if between.is_some() => {
                if let Ok(strike) = hearing.strike() {
                    strike.felt(0);
                }
                return;
            }
            call = calls.accept() => match call {
                Some(Ok((request, respond))) if request.uri().path() == SYNTHESISE => {
                    let strike = speaking.strike();
                    let (pace, words) = (speaking.service.pace.clone(), words.clone());
                    let asked = strike.as_ref().ok().map(Strike::asked);
                    streams.spawn(async move {
                        let _asked = asked;
                        match answered(request, respond, "texttospeech", strike, synthesis::IDLE).await {
                            Some((stream, strike)) => Synthesis::new(stream, strike, pace, words).run().await,
                            None => Went::Well,
                        }
                    });
                }
                Some(Ok((request, respond))) => {
                    let strike = hearing.strike();
                    let late = match strike.as_ref().ok().and_then(Strike::fault) {
                        Some(Fault::Disorder) if begun.is_multiple_of(2) => LATE,
                        Some(_) | None => strike.as_ref().map(Strike::late).unwrap_or_default(),
                    };
                    begun += 1;
                    let delay = hearing.service.pace.draw() + late;
                    streams.spawn(async move {
                        match answered(request, respond, "speech", strike, recognition::IDLE).await {
                            Some((stream, strike)) => Recognition::new(stream, strike, begun, delay).run().await,
                            None => Went::Well,
                        }
                    });
                }
                Some(Err(_)) | None => return,
            },
            Some(went) = streams.join_next() => {
                match went {
                    Ok(Went::Broke) => return,
                    Ok(Went::WellAndLast) => calls.graceful_shutdown(),
                    Ok(Went::Well) | Err(_) => {}
                }
                if hearing.breaks_between() && between.is_none() {
                    between = Some(Instant::now() + BETWEEN);
                }
            }
        }
    }
}

/// The call, if it is not refused. A fault that it cannot have is what it cannot do: UNIMPLEMENTED.
async fn answered(
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    service: &str,
    strike: Result<Strike, CannotHave>,
    idle: Duration,
) -> Option<(Stream, Strike)> {
    let refusal = match strike.as_ref().map(Strike::fault) {
        Ok(Some(Fault::Unauthorised)) => Some((16, None)),
        Ok(Some(Fault::Limits)) => Some((8, Some(QUOTA))),
        Ok(Some(Fault::Fails)) => Some((14, Some(LATER))),
        Ok(Some(_) | None) => refused(&request, service).map(|status| (status, None)),
        Err(_) => Some((12, None)),
    };
    let strike = strike.unwrap_or_default();
    let mut response = Response::new(());
    if let Some((status, details)) = refusal {
        strike.felt(0);
        *response.headers_mut() = trailers(status);
        if let Some(details) = details {
            response.headers_mut().insert("grpc-status-details-bin", HeaderValue::from_static(details));
        }
        // Whoever has left does not need it.
        respond.send_response(response, true).ok();
        return None;
    }
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/grpc"));
    if strike.at == Moment::Connecting && strike.fault().is_some() {
        strike.felt(0);
        std::future::pending::<()>().await;
    }
    let out = respond.send_response(response, false).ok()?;
    Some((Stream::new(request.into_body(), out, idle), strike))
}

/// The status that Google would refuse these headers with.
fn refused(request: &Request<RecvStream>, service: &str) -> Option<u16> {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_grpc = header("content-type").starts_with("application/grpc") && header("te") == "trailers";
    if ![RECOGNISE, SYNTHESISE].contains(&request.uri().path()) || !is_grpc {
        return Some(12);
    }
    if !header("authorization").strip_prefix("Bearer ").is_some_and(|token| is_token(token, service)) {
        return Some(16);
    }
    // Google's own packages send none.
    let routing = header("x-goog-request-params");
    (!routing.is_empty() && !routing.starts_with("recognizer=projects%2F")).then_some(3)
}

/// A JWT of a service account for this service, which holds. Its signature is not looked at.
fn is_token(token: &str, service: &str) -> bool {
    let part = |n: usize| -> Value {
        let bytes = token.split('.').nth(n).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok()).unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    };
    let (head, claims, now) = (part(0), part(1), clock::wall().unix_timestamp());
    let holds = claims["iat"].as_i64().zip(claims["exp"].as_i64());
    head["alg"] == "RS256"
        && claims["aud"] == format!("https://{service}.googleapis.com/")
        && claims["iss"] == claims["sub"]
        && claims["iss"].as_str().is_some_and(|iss| iss.ends_with(".gserviceaccount.com"))
        && holds.is_some_and(|(from, to)| from <= now + 10 && now < to && to - from <= 3_600)
}

fn trailers(status: u16) -> HeaderMap {
    let mut trailers = HeaderMap::new();
    trailers.insert("content-type", HeaderValue::from_static("application/grpc"));
    trailers.insert("grpc-status", HeaderValue::from(status));
    trailers.insert("grpc-message", HeaderValue::from_static("simulated"));
    trailers
}

#[cfg(test)]
mod tests;
