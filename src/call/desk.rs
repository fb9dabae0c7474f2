//! The front desk of a clinic: room, health, and where a call is worked on. Of several clinics each has one, and they share the room.
//!
//! It admits a call or says why not; it never waits and never blocks. Full, draining or unhealthy: 503 with Retry-After, or the
//! clinic's own line.

mod health;
mod readiness;
mod room;

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::CallId;
use super::canned::Canned;
use super::cleaning::MediaConfig;
use super::driver::Start;
use super::event::{Event, Mailbox, Signal};
use super::machine::{Service, Setup};
use super::providers::{Plan, Plans, Providers};
use super::registry::{Arriving, CallHandle, FrontDesk, NewCall, Refusal, Ticket};
use super::settings::CallConfig;
use super::timeline::Entry;
use crate::agent::CallFacts;
use crate::clock;
use crate::costs::budget::Level;
use crate::costs::{Account, Till};
use crate::language::Language;
use crate::privacy::Pii;
use crate::records::Records;
use crate::stt::hearers;
use crate::stt::seats::Seat;
use health::Health;
use room::{Premises, Share};

pub use readiness::NotReady;
pub(super) use room::Room;

/// When a refused caller may try again: about a call's length over the number of calls.
const RETRY_AFTER: Duration = Duration::from_secs(20);

/// What the desk needs of the rest of the server.
pub struct DeskSetup {
    pub config: CallConfig,
    pub media: MediaConfig,
    pub clinic: String,
    /// Calls of this clinic at once, of those of `config.max_calls` that all share.
    pub share: Option<usize>,
    pub language: Language,
    pub canned: Canned,
    pub providers: Providers,
    pub records: Records,
    /// Where calls are paid.
    pub till: Arc<Till>,
    /// Who serves calls otherwise than `providers` and `canned` do.
    pub plans: Arc<dyn Plans>,
    /// Media workers; one a core.
    pub workers: usize,
}

pub struct Desk {
    config: Arc<CallConfig>,
    media: MediaConfig,
    clinic: String,
    language: Language,
    canned: Arc<Canned>,
    providers: Arc<Providers>,
    records: Arc<Records>,
    till: Arc<Till>,
    plans: Arc<dyn Plans>,
    premises: Arc<Premises>,
    /// The clinic's own part of it.
    share: Share,
    shared: Handle,
    /// Calls that the recogniser carries with which they begin while all are well; `premises` count them.
    carried: Option<usize>,
    draining: AtomicBool,
    calls: Arc<Mutex<Calls>>,
    empty: Arc<Notify>,
}

#[derive(Debug)]
struct GoingOn {
    mailbox: Mailbox,
    began: jiff::Timestamp,
}

#[derive(Debug, Default)]
struct Calls {
    going_on: HashMap<CallId, GoingOn>,
    health: Health,
}

impl Calls {
    fn level(&self, till: &Till) -> Level {
        if !till.has_budget() {
            return Level::Within;
        }
        let going_on = self.going_on.values().map(|call| (call.began, call.mailbox.meter()));
        till.standing(clock::now(), going_on).map_or(Level::Within, |standing| standing.level)
    }
}

/// What the desks of several clinics share: media workers and room for calls.
#[derive(Clone, Debug)]
pub struct Hall(Arc<Premises>);

impl Desk {
    /// Starts the media workers. Must be called within the shared runtime, on which providers will work.
    pub fn open(setup: DeskSetup) -> io::Result<Arc<Self>> {
        let premises = Premises::open(setup.workers, setup.config.max_calls)?;
        Ok(Self::with(setup, premises))
    }

    /// The desk of another clinic in this hall.
    pub fn beside(hall: &Hall, setup: DeskSetup) -> Arc<Self> {
        Self::with(setup, hall.0.clone())
    }

    /// Where there is room for desks of other clinics, for as long as it is held.
    pub fn hall(&self) -> Hall {
        Hall(self.premises.clone())
    }

    fn with(setup: DeskSetup, premises: Arc<Premises>) -> Arc<Self> {
        // The recogniser that every call begins with may carry fewer calls than are allowed.
        let carried = setup.providers.recognisers.first().and_then(|first| first.capacity(setup.language));
        let share = Share::of(setup.share);
        let (clinic, room) = (&setup.clinic, premises.left(carried).min(share.left()));
        tracing::info!(clinic, room, allowed = setup.config.max_calls, carried, "calls at once");
        Arc::new(Self {
            carried,
            premises,
            share,
            config: Arc::new(setup.config),
            media: setup.media,
            clinic: setup.clinic,
            language: setup.language,
            canned: Arc::new(setup.canned),
            providers: Arc::new(setup.providers),
            records: Arc::new(setup.records),
            till: setup.till,
            plans: setup.plans,
            shared: Handle::current(),
            draining: AtomicBool::new(false),
            calls: Arc::default(),
            empty: Arc::default(),
        })
    }

    pub fn active(&self) -> usize {
        self.calls.lock().going_on.len()
    }

    /// Whether a new call would be taken.
    pub fn ready(&self) -> Result<(), NotReady> {
        if self.draining.load(Ordering::Relaxed) {
            return Err(NotReady::Draining);
        }
        if !self.calls.lock().health.is_good(Instant::now()) {
            return Err(NotReady::Unwell);
        }
        let is_full = self.premises.left(self.carried) == 0 || self.share.left() == 0 || self.hears_nobody_else();
        if is_full { Err(NotReady::Full) } else { Ok(()) }
    }

    /// Takes no new calls, waits `grace` for those going on to end, then asks the rest to say goodbye and waits once more for as
    /// long as a goodbye takes. `true` if all have ended.
    pub async fn drain(&self, grace: Duration) -> bool {
        self.draining.store(true, Ordering::Relaxed);
        if tokio::time::timeout(grace, self.until_empty()).await.is_ok() {
            return true;
        }
        let rest: Vec<Mailbox> = self.calls.lock().going_on.values().map(|call| call.mailbox.clone()).collect();
        tracing::info!(calls = rest.len(), "grace is over; the calls going on are asked to end");
        for mailbox in rest {
            // A call that ended meanwhile needs no asking.
            tokio::spawn(async move { mailbox.send(Event::Signal(Signal::Drain)).await });
        }
        tokio::time::timeout(LAST_WORDS, self.until_empty()).await.is_ok()
    }

    /// Where what calls leave behind is written.
    pub fn records(&self) -> &Arc<Records> {
        &self.records
    }

    /// How far the day's budget is, told where it is to be told. For whoever looks now and then, so that a new day shows without a call.
    pub fn look_at_budget(&self) -> Level {
        self.calls.lock().level(&self.till)
    }

    /// Where calls are paid.
    pub const fn till(&self) -> &Arc<Till> {
        &self.till
    }

    /// Who serves this call, if not the usual ones. Cheaper ones may carry fewer calls of all clinics: beyond that calls are served as usual.
    fn plan(&self, call: CallId) -> Option<(Plan, Option<Seat>)> {
        let plan = self.plans.plan(call, self.look_at_budget())?;
        let carried = plan.providers.recognisers.first().and_then(|first| first.capacity(self.language));
        let Some(carried) = carried.filter(|_| plan.cheaper) else { return Some((plan, None)) };
        let seat = self.premises.take_cheaper(carried);
        if seat.is_none() {
            tracing::warn!(%call, "the cheaper recogniser has as many calls as it carries; this one is served as usual");
        }
        seat.map(|seat| (plan, Some(seat)))
    }

    /// Who hears new calls now, in the place of one that fails, carries no more than it has.
    fn hears_nobody_else(&self) -> bool {
        let first = self.providers.recognisers.first();
        self.carried.is_none() && first.and_then(|first| first.room(self.language)) == Some(0)
    }

    async fn until_empty(&self) {
        loop {
            let changed = self.empty.notified();
            if self.active() == 0 {
                return;
            }
            changed.await;
        }
    }

    fn refused(&self, why: &'static str) {
        metrics::counter!("calls_refused_total", "clinic" => self.clinic.clone(), "why" => why).increment(1);
    }

    fn refusal(&self) -> Refusal {
        match &self.config.transfer_to {
            Some(to) if self.config.divert_when_full => Refusal::Divert { to: Pii::new(to.clone()) },
            Some(_) | None => Refusal::Busy { retry_after: RETRY_AFTER },
        }
    }
}

/// A goodbye, its tail, and the BYE.
const LAST_WORDS: Duration = Duration::from_secs(10);

impl FrontDesk for Desk {
    fn admit(&self, arriving: &Arriving) -> Result<Ticket, Refusal> {
        if let Err(NotReady::Draining | NotReady::Unwell | NotReady::Deaf) = self.ready() {
            self.refused("not_ready");
            return Err(self.refusal());
        }
        let room = self.premises.take(self.carried, &self.share).filter(|_| !self.hears_nobody_else());
        let Some(room) = room else {
            self.refused("full");
            return Err(self.refusal());
        };
        let call = CallId::new();
        tracing::info!(%call, clinic = self.clinic, transport = ?arriving.transport, "a call comes in");
        Ok(Ticket::of(call, room))
    }

    fn start(&self, ticket: Ticket, new: NewCall) -> CallHandle {
        let call = ticket.call;
        let room = ticket.into_room();
        let (mailbox, events) = Mailbox::new();
        let began = clock::wall();
        let journal = self.records.journal(call, began);
        journal.append(&Entry::Rang {
            call,
            at: clock::stamp(began),
            clinic: self.clinic.clone(),
            transport: new.arriving.transport,
            caller: new.arriving.caller.clone(),
            dialled: new.arriving.dialled.clone(),
            language: self.language,
        });
        let plan = self.plan(call);
        let (mut providers, mut canned, mut seat) = (self.providers.clone(), self.canned.clone(), None);
        if let Some((Plan { providers: theirs, canned: said, cheaper, arms }, theirs_too)) = plan {
            seat = theirs_too;
            if cheaper {
                metrics::counter!("calls_cheaper_total").increment(1);
            }
            journal.append(&Entry::Planned { cheaper, arms });
            (providers, canned) = (theirs, said);
        }
        if let Some(version) = canned.notice(self.language) {
            journal.append(&Entry::Notice { version: version.to_owned() });
        }
        let account = Account { till: self.till.clone(), began: clock::timestamp(began) };
        let going_on = GoingOn { mailbox: mailbox.clone(), began: account.began };
        self.calls.lock().going_on.insert(call, going_on);
        let clinic = self.clinic.clone();
        metrics::gauge!("calls_active", "clinic" => clinic.clone()).increment(1.0);
        let (calls, empty) = (self.calls.clone(), self.empty.clone());
        let (paid, meter) = (account.clone(), mailbox.meter().clone());
        let ended = Box::new(move |call, reason, service| {
            drop((room, seat));
            // A call that broke off without a last record is paid all the same.
            paid.settle(&meter, 0);
            let mut calls = calls.lock();
            calls.going_on.remove(&call);
            calls.level(&paid.till);
            calls.health.ended(reason, service, Instant::now());
            metrics::gauge!("calls_active", "clinic" => clinic.clone()).decrement(1.0);
            metrics::counter!("calls_ended_total", "clinic" => clinic, "reason" => format!("{reason:?}")).increment(1);
            tracing::info!(%call, ?reason, "a call ended");
            if calls.going_on.is_empty() {
                empty.notify_waiters();
            }
        });
        let language = self.language;
        let recognisers = providers.recognisers.iter().map(|recogniser| hearers(recogniser.as_ref())).collect();
        let recorder = self.records.recorder(call, began);
        let facts = CallFacts { call, clinic: self.clinic.clone(), caller: new.arriving.caller, language };
        let names = providers.agents.names(&facts);
        let start = Start {
            facts,
            leg: self.media.of(new.leg),
            media: new.media,
            commands: new.commands,
            mailbox: mailbox.clone(),
            events,
            machine: Setup {
                config: self.config.clone(),
                canned,
                language,
                recognisers,
                names,
                voices: providers.voices.len(),
                recorded: recorder.is_some(),
            },
            providers,
            shared: self.shared.clone(),
            recorder,
            journal,
            account,
            ended,
        };
        if let Err(start) = self.premises.workers.place(start) {
            // Dropping the commands' sender tells the transport to refuse.
            tracing::error!(%call, "no media worker takes the call");
            let Start { ended, .. } = start;
            ended(call, super::timeline::EndReason::Failed, Service::Failed);
        }
        CallHandle { call, mailbox }
    }
}

impl std::fmt::Debug for DeskSetup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DeskSetup")
            .field("config", &self.config)
            .field("providers", &self.providers)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").field("config", &self.config).field("providers", &self.providers).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
