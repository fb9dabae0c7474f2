//! Telling the staff that a message waits: by webhook or e-mail, and others if nobody sees to it.
//!
//! Decides who is told of what and when; the store keeps what is still to be told ([`crate::store::notices`]), so that a crash, a restart or a database that
//! was away loses nothing: every notice is taken at least once, and again, with the same id, only if the process ended before it could note
//! that, or if the database went away meanwhile and another server was the first to ask it when it was back and the next try was due. No call waits for any of it. What a caller left is in
//! no notice unless the clinic's file says so, and never in a log. Time is an argument: [`Notices::round`] does what is due at one moment.

mod config;
mod link;
mod mail;
mod notice;
mod schedule;
mod webhook;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::clinic::Clinic;
use crate::store::acknowledged::Acknowledging;
use crate::store::notices::{Due, Stage, Told, Wanted};
use crate::store::{Store, StoreError, in_time};
use mail::Mailer;
use notice::{Notice, Trouble, Urgency, Wait};
use webhook::Webhooks;

pub use config::{Address, Content, During, EscalationConfig, MailConfig, NoticesConfig, shown};

/// The outbox is looked through this often: a message is told of within seconds of the end of its call.
const LOOK: Duration = Duration::from_secs(5);

/// Messages left longer ago than this are old news, as those of a clinic that has just begun to be told.
const NEWS: SignedDuration = SignedDuration::from_hours(14 * 24);

/// Notices that are tried at once.
const AT_ONCE: i64 = 16;

/// How long one try may take: less than the shortest wait between two. A mail server may greet slowly on purpose.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    pub webhook: Duration,
    pub mail: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self { webhook: Duration::from_secs(10), mail: Duration::from_secs(20) }
    }
}

/// Tells the staff of one clinic. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Notices(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Store,
    clinic: Clinic,
    config: NoticesConfig,
    webhooks: Option<Webhooks>,
    mailer: Option<Mailer>,
    /// Our address, without a slash at its end, under which links are opened.
    public_url: Option<String>,
    /// Notices that were taken at their addresses, and when, while the store could not be told: it is told before any is sent again. Not more than are
    /// tried at once.
    taken: Mutex<BTreeMap<String, i64>>,
}

/// Why a link leads nowhere.
#[derive(Debug, thiserror::Error)]
pub enum NoLink {
    #[error("this is no link of a notice")]
    Unknown,
    #[error("this link is too old")]
    Expired,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Notices {
    /// `None`: the clinic's file has no `[notices]`. An error is `key: what is wrong; what to write instead`.
    pub fn open(
        clinic: &Clinic,
        store: &Store,
        public_url: Option<&str>,
        deadlines: Deadlines,
    ) -> Result<Option<Self>, String> {
        let Some(config) = clinic.config.notices.clone() else { return Ok(None) };
        let webhooks = config.secret.as_ref().map(|secret| {
            let secret = secret.read().map_err(|what| format!("notices.secret: {what}"))?;
            Webhooks::new(secret, config.ca.as_ref(), deadlines.webhook)
        });
        let mailer = config.mail.as_ref().map(|mail| Mailer::new(mail, deadlines.mail));
        Ok(Some(Self(Arc::new(Inner {
            store: store.clone(),
            clinic: clinic.clone(),
            webhooks: webhooks.transpose()?,
            mailer: mailer.transpose()?,
            public_url: public_url.map(|url| url.trim_end_matches('/').to_owned()),
            config,
            taken: Mutex::default(),
        }))))
    }

    /// Round after round, until `stop`.
    pub async fn run(self, now: impl Fn() -> Timestamp + Send + Sync, stop: CancellationToken) {
        let mut due = interval(LOOK);
        due.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut is_well = true;
        while stop.run_until_cancelled(due.tick()).await.is_some() {
            // A try that was begun is ended: what came of it is to be known.
            match self.round(now()).await {
                Ok(()) if is_well => {}
                Ok(()) => tracing::info!("notices for the staff are sent again"),
                Err(error) if is_well => {
                    tracing::error!(%error, "notices for the staff wait until the store is back");
                    is_well = false;
                    continue;
                }
                Err(_) => continue,
            }
            is_well = true;
        }
    }

    /// Makes the notices that are to be made, and tries each that is due once.
    pub async fn round(&self, now: Timestamp) -> Result<(), StoreError> {
        let Inner { store, config, .. } = &*self.0;
        let now_ms = now.as_millisecond();
        self.note_taken().await?;
        let untold = in_time(store.untold(Stage::First, (now - NEWS).as_millisecond())).await?;
        in_time(store.tell(Stage::First, &untold, &addresses(&config.to), now_ms)).await?;
        self.escalate(now).await?;
        loop {
            let wanted = match config.content {
                Content::Waiting => Wanted::Nothing,
                Content::Whole => Wanted::Whole,
            };
            let due = in_time(store.due(now_ms, AT_ONCE, wanted)).await?;
            let tried = join_all(due.iter().map(|due| self.attempt(due, now))).await;
            tried.into_iter().collect::<Result<(), StoreError>>()?;
            if due.is_empty() {
                return self.measure(now_ms).await;
            }
        }
    }

    /// Makes the notices of messages that nobody has acknowledged in time.
    async fn escalate(&self, now: Timestamp) -> Result<(), StoreError> {
        let Inner { store, clinic, config, .. } = &*self.0;
        let Some(patience) = config.patience() else { return Ok(()) };
        let mut late = in_time(store.untold(Stage::Escalation, (now - NEWS).as_millisecond())).await?;
        late.retain(|open| schedule::escalation(moment(open.left_ms), patience, Urgency::of(open.kind), clinic) <= now);
        let others = addresses(config.escalates_to());
        let escalated = in_time(store.tell(Stage::Escalation, &late, &others, now.as_millisecond())).await?;
        if escalated > 0 {
            metrics::counter!("messages_escalated_total").increment(escalated as u64);
            tracing::warn!(messages = escalated, "nobody has acknowledged these messages in time; others are told");
        }
        Ok(())
    }

    async fn attempt(&self, due: &Due, now: Timestamp) -> Result<(), StoreError> {
        let Inner { store, clinic, config, .. } = &*self.0;
        let everybody = match due.stage {
            Stage::First => &config.to[..],
            Stage::Escalation => config.escalates_to(),
        };
        let Some(address) = everybody.iter().find(|address| address.to_string() == due.address) else {
            return in_time(store.readdress(due, &addresses(everybody), now.as_millisecond())).await;
        };
        let usual = now + schedule::wait(due.tries + 1);
        if !in_time(store.take(due, usual.as_millisecond())).await? {
            return Ok(());
        }
        let notice = Notice {
            id: &due.id,
            stage: due.stage,
            clinic: &clinic.config.id,
            message: &due.open.message,
            kind: due.open.kind,
            left: moment(due.open.left_ms),
            made: moment(due.made_ms),
            acknowledge: self.link(&due.id),
            whole: due.whole.as_ref(),
        };
        match self.send(address, &notice, now).await {
            Ok(()) => {
                metrics::counter!("notices_sent_total", "channel" => address.channel(), "stage" => due.stage.word())
                    .increment(1);
                self.0.taken.lock().insert(due.id.clone(), now.as_millisecond());
                self.note_taken_of(&due.id).await
            }
            Err(Trouble { what, wait }) => {
                metrics::counter!("notices_failed_total", "channel" => address.channel()).increment(1);
                let next = match wait {
                    Wait::Usual => usual,
                    Wait::AtLeast(told) => usual.max(now + told.min(schedule::LONGEST)),
                    Wait::Longest => now + schedule::LONGEST,
                };
                tracing::warn!(notice = due.id, message = due.open.message, to = address.shown(), tries = due.tries + 1, %next, "a notice was not taken: {what}");
                in_time(store.put_off(&due.id, &what, next.as_millisecond())).await
            }
        }
    }

    /// Tells the store what it could not be told before.
    async fn note_taken(&self) -> Result<(), StoreError> {
        let taken: Vec<String> = self.0.taken.lock().keys().cloned().collect();
        for notice in taken {
            self.note_taken_of(&notice).await?;
        }
        Ok(())
    }

    async fn note_taken_of(&self, notice: &str) -> Result<(), StoreError> {
        let Some(at_ms) = self.0.taken.lock().get(notice).copied() else { return Ok(()) };
        in_time(self.0.store.delivered(notice, at_ms)).await?;
        self.0.taken.lock().remove(notice);
        Ok(())
    }

    async fn send(&self, address: &Address, notice: &Notice<'_>, now: Timestamp) -> Result<(), Trouble> {
        match (address, &self.0.webhooks, &self.0.mailer) {
            (Address::Webhook(url), Some(webhooks), _) => webhooks.post(url, notice, now).await,
            (Address::Mail(to), _, Some(mailer)) => mailer.send(to, notice, &self.0.clinic).await,
            (Address::Webhook(_), None, _) | (Address::Mail(_), _, None) => {
                Err(Trouble::lasting("it is not configured how; see `attendant check`"))
            }
        }
    }

    fn link(&self, notice: &str) -> Option<String> {
        let Inner { store, clinic, public_url, .. } = &*self.0;
        let token = link::token(store.keys(), &clinic.config.id, notice)?;
        Some(format!("{}/notices/{token}", public_url.as_ref()?))
    }

    async fn measure(&self, now_ms: i64) -> Result<(), StoreError> {
        let waiting = in_time(self.0.store.waiting()).await?;
        let oldest = waiting.oldest_ms.map_or(0, |left| now_ms.saturating_sub(left).max(0));
        let clinic = || self.0.clinic.config.id.clone();
        metrics::gauge!("notices_waiting", "clinic" => clinic()).set(waiting.notices as f64);
        metrics::gauge!("notices_oldest_seconds", "clinic" => clinic()).set(oldest as f64 / 1e3);
        metrics::gauge!("messages_unacknowledged", "clinic" => clinic()).set(waiting.unacknowledged as f64);
        Ok(())
    }

    /// Whether this is the token of a link of this clinic's.
    pub fn is_own(&self, token: &str) -> bool {
        link::notice(self.0.store.keys(), &self.0.clinic.config.id, token).is_some()
    }

    /// What the link of a notice is about.
    pub async fn linked(&self, token: &str, now: Timestamp) -> Result<Told, NoLink> {
        let Inner { store, clinic, .. } = &*self.0;
        let notice = link::notice(store.keys(), &clinic.config.id, token).ok_or(NoLink::Unknown)?;
        let told = store.told(&notice).await?.ok_or(NoLink::Unknown)?;
        let is_old = now.as_millisecond() > told.made_ms.saturating_add(link::LIVES_MS);
        if is_old { Err(NoLink::Expired) } else { Ok(told) }
    }

    /// Whoever has the link of a notice sees to its message.
    pub async fn acknowledge(&self, token: &str, now: Timestamp) -> Result<Acknowledging, NoLink> {
        let told = self.linked(token, now).await?;
        let by = format!("the notice to {}", config::shown(&told.address));
        Ok(self.0.store.acknowledge(&told.open.message, &by, now.as_millisecond()).await?)
    }
}

fn addresses(all: &[Address]) -> Vec<String> {
    all.iter().map(ToString::to_string).collect()
}

fn moment(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests;
