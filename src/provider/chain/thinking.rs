//! Language models as one list: who is asked first in a language or by an agent, who next when one fails, and whom a late one is raced
//! against.
//!
//! It knows neither calls nor speech. Whether words were given out already, so that the next one must be asked to go on rather than the
//! same again, is the asker's decision ([`Asking::next_model`]); so is whether an answer that ended was one ([`Asking::accept`],
//! [`Asking::reject`]), and whether other words are wanted ([`Asking::again`]). At most two requests are open at once, and only until the first token of either; a first that is beaten stays until its own, unheard,
//! or until it is known to be late ([`TRULY_LATE`]). Dropping an [`Asking`] closes all.
//!
//! Every request of a model that is paid is counted from its beginning, by our estimate until the vendor says its own count; one that is
//! refused, or cannot be made, is taken off again. One that is cancelled, or silent until its deadline, stays: the vendor may have worked.

mod bill;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use tokio::time::{Instant, sleep_until};
use tokio_util::task::AbortOnDropHandle;

use super::{Order, Standing, Watch, in_order};
use crate::agent::llm::{Capabilities, Delta, Model, Request};
use crate::costs::{Kind, Meter};
use crate::language::Language;
use crate::provider::warming::Warming;
use crate::provider::{ErrorKind, ProviderError};
use bill::OneBill;

/// Without a piece for so long a model has failed, whatever deadlines of its own it has: with it the caller hears a filler or an apology
/// within the 3 s of V4.
const PIECE: Duration = Duration::from_secs(3);

/// A first model that is beaten has failed if it had nothing for so long, or for twice as long as it had before the race. A fast spare wins often against
/// one that is well: that says nothing.
const TRULY_LATE: Duration = Duration::from_millis(1_500);

/// Requests that are open for one answer: the first, and the one that it is raced against.
const AT_ONCE: usize = 2;

/// A model and what is known of it.
#[derive(Clone)]
struct Thinker {
    model: Arc<dyn Model>,
    standing: Standing,
}

impl Thinker {
    fn failed(&self, error: &ProviderError) {
        Watch::of(self.standing.clone()).failed(error);
    }
}

/// See the module header. One for all calls of a server.
pub struct Thinkers {
    thinkers: Vec<Thinker>,
    order: Order,
}

impl std::fmt::Debug for Thinkers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.thinkers.iter().map(|thinker| thinker.model.name())).finish()
    }
}

impl Thinkers {
    /// In the order in which they are asked, but for languages that have one of their own.
    pub fn new(models: Vec<Arc<dyn Model>>, order: Order) -> Self {
        let thinker = |model: Arc<dyn Model>| Thinker {
            standing: Standing::of(Kind::Thinking, model.name(), model.account()),
            model,
        };
        Self { thinkers: models.into_iter().map(thinker).collect(), order }
    }

    /// The first one's name: for errors that are nobody's.
    pub fn name(&self) -> &'static str {
        self.thinkers.first().map_or("models", |thinker| thinker.model.name())
    }

    /// Whoever would be asked next, whom a late one is raced against, and who would be asked first of each list in `later`, connects now: when a
    /// call comes in, and for as long as the call keeps what is returned. Must be called within a tokio runtime.
    pub fn warm<'a>(
        &self,
        language: Language,
        wanted: &[String],
        later: impl IntoIterator<Item = &'a [String]>,
    ) -> Vec<Warming> {
        let now = Instant::now();
        let mut places: Vec<usize> = self.waiting(language, wanted, now).into_iter().take(AT_ONCE).collect();
        for wanted in later {
            let first = self.waiting(language, wanted, now).pop_front();
            places.extend(first.filter(|first| !places.contains(first)));
        }
        places.into_iter().filter_map(|place| self.thinkers[place].model.warm()).collect()
    }

    fn waiting(&self, language: Language, wanted: &[String], now: Instant) -> VecDeque<usize> {
        let all = match wanted {
            [] => in_order(&self.order, language, self.thinkers.len(), |_| true),
            named => {
                let place = |name: &String| self.thinkers.iter().position(|thinker| thinker.model.name() == name);
                named.iter().filter_map(place).collect()
            }
        };
        let mut waiting: VecDeque<usize> =
            all.iter().copied().filter(|place| self.thinkers[*place].standing.is_well(now)).collect();
        if waiting.is_empty() {
            waiting.extend(all.first());
        }
        waiting
    }

    /// Begins to ask: those that `wanted` names, in its order, or everybody who is asked in the request's language. Those whose breaker
    /// is open are left out while another is well. `hedge`: a second one may be asked if the first is late. What they are paid for is
    /// counted on `meter`.
    pub fn ask(self: &Arc<Self>, request: Request, wanted: &[String], hedge: bool, meter: &Meter) -> Asking {
        let now = Instant::now();
        let waiting = self.waiting(request.language, wanted, now);
        let (thinkers, meter) = (self.clone(), meter.clone());
        let mut asking =
            Asking { thinkers, meter, request, waiting, first: None, rival: None, beaten: None, race_at: None };
        // Nobody is well: whoever comes first.
        if let Some(place) = asking.next_well(|_| true).or_else(|| asking.waiting.pop_front()) {
            let attempt = asking.attempt(place, asking.request.clone());
            asking.race_at = hedge.then(|| attempt.thinker.model.hedge_after()).flatten().map(|late| now + late);
            asking.first = Some(attempt);
        }
        asking
    }
}

/// What comes of asking.
#[derive(Debug)]
pub enum News {
    /// A piece of the one answer that counts.
    Piece(Delta),
    /// The first one is late: a second was asked as well.
    Hedged,
    /// The answer ended; the last piece may have said why.
    Ended,
    /// It failed, or nobody is asked. Of the answer nothing more comes.
    Failed(ProviderError),
}

/// One request to one model.
struct Attempt {
    thinker: Thinker,
    /// In the list.
    place: usize,
    stream: BoxStream<'static, Result<Delta, ProviderError>>,
    asked: Instant,
    due: Instant,
    bill: Option<OneBill>,
}

impl Attempt {
    fn error(&self, kind: ErrorKind, what: &str) -> ProviderError {
        ProviderError { provider: self.thinker.model.name(), kind, what: what.to_owned(), retry_after: None }
    }

    /// The next piece; `Ok(None)` when the answer has ended.
    async fn next(&mut self) -> Result<Option<Delta>, ProviderError> {
        tokio::select! {
            biased;
            piece = self.stream.next() => {
                let piece = piece.transpose();
                if !matches!(piece, Ok(Some(Delta::Usage(_)))) {
                    self.due = Instant::now() + PIECE;
                }
                if let Some(bill) = &mut self.bill {
                    bill.piece(&piece);
                }
                piece
            }
            () = sleep_until(self.due) => Err(self.error(ErrorKind::Timeout, "no piece of the answer for 3 s")),
        }
    }

    /// When it is late beyond doubt.
    fn truly_late(&self) -> Instant {
        let twice = self.thinker.model.hedge_after().unwrap_or_default() * 2;
        self.asked + TRULY_LATE.max(twice).min(PIECE)
    }

    /// Waits for its first word, which nobody wants any more: whether it is well is to be known.
    async fn prove(mut self) {
        let late = self.truly_late();
        let error = loop {
            let piece = tokio::select! {
                biased;
                piece = self.next() => piece,
                () = sleep_until(late) => break self.error(ErrorKind::Timeout, "its first token was late and another's came first"),
            };
            match piece {
                Ok(Some(Delta::Text(text))) if text.reveal().is_empty() => {}
                Ok(Some(Delta::Usage(_))) => {}
                Ok(Some(Delta::Text(_) | Delta::ToolCall(_))) => return self.thinker.standing.succeeded(),
                Ok(Some(Delta::Finish(_)) | None) => {
                    break self.error(ErrorKind::Empty, "the answer ended without words");
                }
                Err(error) => break error,
            }
        };
        self.thinker.failed(&error);
    }
}

async fn next_of(attempt: &mut Option<Attempt>) -> Result<Option<Delta>, ProviderError> {
    match attempt {
        Some(attempt) => attempt.next().await,
        None => std::future::pending().await,
    }
}

async fn moment(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// A request on its way to its answer.
pub struct Asking {
    thinkers: Arc<Thinkers>,
    meter: Meter,
    request: Request,
    /// Who may still be asked, in order.
    waiting: VecDeque<usize>,
    first: Option<Attempt>,
    /// Asked as well since the first is late; whoever has a token first stays alone.
    rival: Option<Attempt>,
    /// A first that was beaten, until it is known whether it is well.
    beaten: Option<AbortOnDropHandle<()>>,
    race_at: Option<Instant>,
}

impl std::fmt::Debug for Asking {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = |attempt: &Option<Attempt>| attempt.as_ref().map(|attempt| attempt.thinker.model.name());
        f.debug_struct("Asking").field("first", &name(&self.first)).field("rival", &name(&self.rival)).finish()
    }
}

/// Whose piece it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    First,
    Rival,
}

enum Happened {
    Piece(Side, Result<Option<Delta>, ProviderError>),
    Late,
}

impl Asking {
    fn attempt(&self, place: usize, request: Request) -> Attempt {
        let thinker = self.thinkers.thinkers[place].clone();
        let bill = OneBill::open(thinker.model.as_ref(), &request, &self.meter);
        let stream = thinker.model.stream(request);
        let asked = Instant::now();
        Attempt { thinker, place, stream, asked, due: asked + PIECE, bill }
    }

    /// Takes from those who wait the first that may be asked now.
    fn next_well(&mut self, fits: impl Fn(Capabilities) -> bool) -> Option<usize> {
        let (now, language) = (Instant::now(), self.request.language);
        let may = |place: &usize| {
            let Thinker { model, standing } = &self.thinkers.thinkers[*place];
            fits(model.capabilities(language)) && standing.try_ask(now)
        };
        let at = self.waiting.iter().position(may)?;
        self.waiting.remove(at)
    }

    /// Who is being asked.
    pub fn name(&self) -> &'static str {
        self.first.as_ref().map_or_else(|| self.thinkers.name(), |attempt| attempt.thinker.model.name())
    }

    pub async fn next(&mut self) -> News {
        loop {
            if self.first.is_none() {
                return News::Failed(self.nobody());
            }
            let happened = tokio::select! {
                biased;
                piece = next_of(&mut self.first) => Happened::Piece(Side::First, piece),
                piece = next_of(&mut self.rival) => Happened::Piece(Side::Rival, piece),
                () = moment(self.race_at) => Happened::Late,
            };
            match happened {
                Happened::Late => {
                    self.race_at = None;
                    if self.race() {
                        return News::Hedged;
                    }
                }
                Happened::Piece(side, Ok(Some(delta))) if self.rival.is_some() => match delta {
                    Delta::Text(ref text) if text.reveal().is_empty() => {}
                    Delta::Usage(_) => {}
                    Delta::Text(_) | Delta::ToolCall(_) => {
                        self.won(side);
                        return News::Piece(delta);
                    }
                    Delta::Finish(_) => {
                        if let Some(error) = self.drop_out(side, None) {
                            return News::Failed(error);
                        }
                    }
                },
                Happened::Piece(_, Ok(Some(delta))) => {
                    if matches!(delta, Delta::Text(_) | Delta::ToolCall(_)) {
                        self.race_at = None;
                    }
                    return News::Piece(delta);
                }
                Happened::Piece(side, Ok(None)) if self.rival.is_some() => {
                    if let Some(error) = self.drop_out(side, None) {
                        return News::Failed(error);
                    }
                }
                Happened::Piece(_, Ok(None)) => return News::Ended,
                Happened::Piece(side, Err(error)) => {
                    if let Some(error) = self.drop_out(side, Some(error)) {
                        return News::Failed(error);
                    }
                }
            }
        }
    }

    /// The first is late. Whom it is raced against must be well, and a model: rules would win every time.
    fn race(&mut self) -> bool {
        let Some(place) = self.next_well(|can| can.goes_on) else { return false };
        let rival = self.attempt(place, self.request.clone());
        let late = self.name();
        tracing::debug!(late, asked = rival.thinker.model.name(), "the first token is late; a second model is asked");
        metrics::counter!("llm_hedges_total", "provider" => late).increment(1);
        self.rival = Some(rival);
        true
    }

    /// One of two has the first token: the other's answer is not wanted. A first that is truly late again and again is as good as failing, and its
    /// breaker opens: else every turn would pay for two.
    fn won(&mut self, side: Side) {
        let Some(rival) = self.rival.take() else { return };
        let loser = match side {
            Side::First => rival.thinker.model.name(),
            Side::Rival => {
                let Some(first) = self.first.replace(rival) else { return };
                let name = first.thinker.model.name();
                self.beaten = Some(AbortOnDropHandle::new(tokio::spawn(first.prove())));
                name
            }
        };
        metrics::counter!("llm_hedges_lost_total", "provider" => loser).increment(1);
    }

    /// One fails, or ends without a word in a race. The error, if it was alone.
    fn drop_out(&mut self, side: Side, error: Option<ProviderError>) -> Option<ProviderError> {
        let attempt = match side {
            Side::First => std::mem::replace(&mut self.first, self.rival.take()),
            Side::Rival => self.rival.take(),
        }?;
        let error = error.unwrap_or_else(|| attempt.error(ErrorKind::Empty, "the answer ended without words"));
        attempt.thinker.failed(&error);
        self.first.is_none().then_some(error)
    }

    /// The answer that ended was one.
    pub fn accept(&mut self) {
        if let Some(attempt) = self.first.take() {
            attempt.thinker.standing.succeeded();
        }
        // A short answer may be whole before that is known.
        if let Some(beaten) = self.beaten.take() {
            drop(beaten.detach());
        }
    }

    /// The answer that ended was none, for this reason.
    pub fn reject(&mut self, kind: ErrorKind, what: &str) -> ProviderError {
        let Some(attempt) = self.first.take() else { return self.nobody() };
        let error = attempt.error(kind, what);
        attempt.thinker.failed(&error);
        error
    }

    /// The present one's answer is not wanted, through no fault of its own.
    pub fn leave(&mut self) {
        (self.first, self.rival, self.beaten) = (None, None, None);
    }

    /// Asks the next one who is well: the same, or to go on with what another began. `false`: nobody is left who could.
    pub fn next_model(&mut self, go_on: Option<Request>) -> bool {
        self.race_at = None;
        let Some(place) = self.next_well(|can| go_on.is_none() || can.goes_on) else { return false };
        self.first = Some(self.attempt(place, go_on.unwrap_or_else(|| self.request.clone())));
        true
    }

    /// Asks another question, from the one on who answers now: it does answer, and its words are not wanted. `goes_on`: some were given out already.
    /// `false`: nobody is left who could.
    pub fn again(&mut self, request: Request, goes_on: bool) -> bool {
        if let Some(attempt) = self.first.take() {
            attempt.thinker.standing.succeeded();
            self.waiting.push_front(attempt.place);
        }
        (self.rival, self.race_at) = (None, None);
        self.request = request;
        let Some(place) = self.next_well(|can| !goes_on || can.goes_on) else { return false };
        self.first = Some(self.attempt(place, self.request.clone()));
        true
    }

    fn nobody(&self) -> ProviderError {
        let what = "no model is left to be asked".to_owned();
        ProviderError { provider: self.thinkers.name(), kind: ErrorKind::Request, what, retry_after: None }
    }
}

#[cfg(test)]
mod tests;
