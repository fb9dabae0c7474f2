//! The way in for streams: what webhooks and upgrades share. Keeps room for calls between the webhook and the connection.
//!
//! A call is admitted when it is announced, so that a full server can say so while the carrier still listens; the room is given back if no
//! stream comes. An instance that did not answer the webhook admits at the connection instead.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

use super::carrier::{Carrier, Telnyx, Twilio};
use super::config::{StreamConfig, public_key};
use super::signature::seen::{MOST, Seen};
use super::signature::telnyx::Verifier;
use super::token::{Admission, Claims, Nonce, Refused, Tokens};
use super::wire::Wire;
use crate::call::registry::{Arriving, FrontDesk, Refusal, Ticket};
use crate::clock;
use crate::config::Secret;
use crate::records::FirstTimes;
use crate::state::key::digest;
use crate::state::redis::Redis;
use crate::state::{Key, Shared};

/// Connections that have not said which call they carry: more are refused with 503.
const MOST_UNSTARTED: usize = 256;

/// Carriers report an event again for minutes.
const EVENTS: Duration = Duration::from_secs(3_600);

/// Twilio signs no time: a webhook is as good after a day.
const WEBHOOKS: Duration = Duration::from_secs(24 * 3_600);

/// Connecting to a carrier's HTTP interface.
const CONNECT: Duration = Duration::from_secs(2);

/// See the module header.
pub struct Entrance {
    pub(crate) desk: Arc<dyn FrontDesk>,
    pub(crate) public: Option<Url>,
    pub(crate) twilio: Option<TwilioDoor>,
    pub(crate) telnyx: Option<TelnyxDoor>,
    pub(crate) pcm: Option<Secret>,
    /// Calls announced to us, `carrier id`: each is answered once, by whichever process.
    pub(crate) announced: FirstTimes,
    pub(crate) stop: CancellationToken,
    /// Streams going on, and commands to carriers under way.
    pub(crate) tasks: TaskTracker,
    tokens: Tokens,
    shared: Shared,
    lives: Duration,
    waiting: Arc<Mutex<HashMap<Nonce, Ticket>>>,
    unstarted: Arc<Semaphore>,
}

impl std::fmt::Debug for Entrance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entrance").field("public", &self.public).finish_non_exhaustive()
    }
}

pub(crate) struct TwilioDoor {
    pub(crate) account: String,
    pub(crate) token: Secret,
    pub(crate) carrier: Arc<Carrier>,
    /// Our answers by call: a webhook that comes again is answered the same, and not at all once its token is used or has expired. Held
    /// while a call is answered, so that two copies of its webhook get one answer.
    pub(crate) answered: Mutex<Seen<String, Answered>>,
}

/// What a webhook was answered.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) opens: Opens,
    pub(crate) answer: String,
}

/// What an answer lets in.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Opens {
    /// One stream, until then (Unix seconds).
    Stream { nonce: Nonce, expires: u64 },
    /// Nothing: the call was declined or passed on.
    Nothing,
}

pub(crate) struct TelnyxDoor {
    pub(crate) verifier: Verifier,
    pub(crate) telnyx: Arc<Telnyx>,
    pub(crate) carrier: Arc<Carrier>,
}

/// Where a stream is to connect.
#[derive(Debug)]
pub(crate) struct Invitation {
    pub(crate) nonce: Nonce,
    /// When its token has expired, Unix seconds.
    pub(crate) expires: u64,
    pub(crate) url: String,
}

impl Entrance {
    /// Reads the secrets. The configuration has been checked; an error is `key: what is wrong; what to write instead`.
    pub fn open(
        config: &StreamConfig,
        public_url: Option<&str>,
        desk: Arc<dyn FrontDesk>,
        announced: FirstTimes,
        shared: Shared,
        stop: CancellationToken,
    ) -> Result<Arc<Self>, String> {
        let at = |key: &'static str| move |what: String| format!("stream.{key}: {what}");
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .build()
            .map_err(|error| format!("stream: no HTTP client: {error}"))?;
        let twilio = match &config.twilio {
            Some(twilio) => {
                let token = twilio.auth_token.read().map_err(at("twilio.auth_token"))?;
                let carrier = Twilio::new(http.clone(), twilio, token.clone()).map_err(at("twilio.api_url"))?;
                Some(TwilioDoor {
                    account: twilio.account_sid.clone(),
                    token,
                    carrier: Arc::new(Carrier::Twilio(carrier)),
                    answered: Mutex::new(Seen::new(MOST)),
                })
            }
            None => None,
        };
        let telnyx = match &config.telnyx {
            Some(telnyx) => {
                let key = telnyx.api_key.read().map_err(at("telnyx.api_key"))?;
                let api = Arc::new(Telnyx::new(http, telnyx, key).map_err(at("telnyx.api_url"))?);
                Some(TelnyxDoor {
                    verifier: Verifier::new(public_key(&telnyx.public_key).map_err(at("telnyx.public_key"))?),
                    telnyx: api.clone(),
                    carrier: Arc::new(Carrier::Telnyx(api)),
                })
            }
            None => None,
        };
        let pcm = config.pcm.as_ref().map(|pcm| pcm.key.read().map_err(at("pcm.key"))).transpose()?;
        let key = match &config.token_secret {
            Some(source) => Tokens::key_of(source.read().map_err(at("token_secret"))?.expose()),
            None => rand::random(),
        };
        let public = public_url.map(Url::parse).transpose().map_err(|error| format!("api.public_url: {error}"))?;
        Ok(Arc::new(Self {
            desk,
            public,
            twilio,
            telnyx,
            pcm,
            announced,
            stop,
            tasks: TaskTracker::new(),
            tokens: Tokens::new(key, config.token_lives_s),
            shared,
            lives: Duration::from_secs(config.token_lives_s),
            waiting: Arc::default(),
            unstarted: Arc::new(Semaphore::new(MOST_UNSTARTED)),
        }))
    }

    /// Our address as carriers see it.
    pub(crate) fn public(&self, path: &str) -> Option<Url> {
        let mut url = self.public.clone()?;
        url.set_path(&format!("{}{path}", url.path().trim_end_matches('/')));
        Some(url)
    }

    /// Admits a call that a carrier has announced and says where its stream is to connect.
    pub(crate) fn invite(&self, wire: Wire, call: &str, arriving: &Arriving) -> Result<Invitation, Refusal> {
        let ticket = self.desk.admit(arriving)?;
        let nonce: Nonce = rand::random();
        let claims = Claims { wire, call, caller: arriving.caller.reveal(), dialled: &arriving.dialled };
        let now = now();
        let token = self.tokens.issue(&claims, nonce, now);
        let mut url = self.public(&format!("/stream/{}/{token}", wire.label())).ok_or(Refusal::Busy {
            // The check of the configuration demands a public address.
            retry_after: self.lives,
        })?;
        let scheme = if url.scheme() == "http" { "ws" } else { "wss" };
        if url.set_scheme(scheme).is_err() {
            tracing::error!("the public address cannot carry a WebSocket");
        }
        self.waiting.lock().insert(nonce, ticket);
        let (waiting, lives) = (self.waiting.clone(), self.lives);
        self.tasks.spawn(self.stop.clone().run_until_cancelled_owned(async move {
            clock::elapse(lives).await;
            if waiting.lock().remove(&nonce).is_some() {
                metrics::counter!("stream_never_connected_total", "carrier" => wire.label()).increment(1);
                tracing::warn!(carrier = wire.label(), "a call was announced and its stream never connected");
            }
        }));
        Ok(Invitation { nonce, expires: self.tokens.expiry(now), url: url.into() })
    }

    /// Gives back the room of a call that will have no stream.
    pub(crate) fn withdraw(&self, nonce: &Nonce) {
        self.waiting.lock().remove(nonce);
    }

    /// Uses a token up, for all instances.
    pub(crate) async fn redeem(&self, wire: Wire, token: &str) -> Result<Admission, Refused> {
        let admission = self.tokens.redeem(wire, token, now())?;
        let is_first = self.shared.is_unused_elsewhere(&self.used(&admission.nonce)).await;
        if is_first { Ok(admission) } else { Err(Refused::Used) }
    }

    fn used(&self, nonce: &Nonce) -> Key {
        Key::seen("token", &hex(nonce), self.lives)
    }

    /// None: nothing is shared.
    pub(crate) fn redis_is_up(&self) -> Option<bool> {
        self.shared.redis().map(Redis::is_up)
    }

    /// Whether no other instance acted on this event of a carrier.
    pub(crate) async fn is_new_event(&self, event: &str) -> bool {
        self.shared.is_unused_elsewhere(&Key::seen("event", &digest(&[event]), EVENTS)).await
    }

    /// Tells other instances that this call's webhook was answered.
    pub(crate) async fn tell_answered(&self, call: &str, nonce: &Nonce, expires: u64) {
        self.shared.leave(&answered(call), &format!("{expires} {}", hex(nonce))).await;
    }

    /// Whether another instance answered this call's webhook with a token that was used or has expired: whoever sends it again is late, or
    /// somebody else.
    pub(crate) async fn is_over_elsewhere(&self, call: &str) -> bool {
        let Some(told) = self.shared.left(&answered(call)).await else { return false };
        let Some((expires, nonce)) = told.split_once(' ') else { return false };
        let is_used = self.shared.left(&Key::seen("token", nonce, self.lives)).await.is_some();
        is_used || expires.parse::<u64>().is_ok_and(|expires| now() >= expires)
    }

    /// Whether this answer may be given again: its stream may still come, or it lets nobody in.
    pub(crate) fn is_open(&self, answered: &Answered) -> bool {
        match &answered.opens {
            Opens::Stream { nonce, expires } => self.tokens.is_open(nonce, *expires, now()),
            Opens::Nothing => true,
        }
    }

    /// Whether this is the first announcement of this call, to this process or one before it.
    pub(crate) fn is_new(&self, wire: Wire, id: &str) -> bool {
        self.announced.first_time(&format!("{} {id}", wire.label()))
    }

    pub(crate) fn is_for(&self, admission: &Admission, claims: &Claims<'_>) -> bool {
        self.tokens.is_for(admission, claims)
    }

    /// Room for the call of a stream: what was kept for it, or new room.
    pub(crate) fn ticket(&self, admission: Option<&Admission>, arriving: &Arriving) -> Result<Ticket, Refusal> {
        let kept = admission.and_then(|admission| self.waiting.lock().remove(&admission.nonce));
        kept.map_or_else(|| self.desk.admit(arriving), Ok)
    }

    pub(crate) fn carrier(&self, wire: Wire) -> Option<Arc<Carrier>> {
        match wire {
            Wire::Twilio => self.twilio.as_ref().map(|door| door.carrier.clone()),
            Wire::Telnyx => self.telnyx.as_ref().map(|door| door.carrier.clone()),
            Wire::Pcm => None,
        }
    }

    /// A place among the connections that have not begun.
    pub(crate) fn place(&self) -> Option<OwnedSemaphorePermit> {
        self.unstarted.clone().try_acquire_owned().ok()
    }

    /// Waits until every stream has closed; cancel `stop` first.
    pub async fn closed(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}

fn answered(call: &str) -> Key {
    Key::seen("webhook", &digest(&[call]), WEBHOOKS)
}

fn hex(nonce: &Nonce) -> String {
    nonce.iter().map(|b| format!("{b:02x}")).collect()
}

/// Unix seconds.
pub(crate) fn now() -> u64 {
    clock::wall().unix_timestamp().unsigned_abs()
}
