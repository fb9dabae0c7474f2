//! Places of voices. Who stands at a place is decided for each utterance, by its language and by who is well then. Of those only the one
//! that a call will be spoken with connects before it is needed: connections are limited, and calls in another language need them.
//!
//! What an utterance costs is counted here, by the characters given to a voice that is paid for them. A voice that fails before a sound of
//! it is not paid, unless it was silent until the deadline: then it may have worked.

use std::sync::Arc;

use attendant_media::speech::SpeechId;
use parking_lot::Mutex;
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::Instant;

use super::{Member, Order, Standing, Watch, at, in_order, only};
use crate::costs::{Charge, Kind, Meter, Usage};
use crate::language::Language;
use crate::provider::{ErrorKind, ProviderError};
use crate::tts::{Capabilities, Event, Input, Reports, Voice};

/// Texts waiting to be passed on.
const INPUTS: usize = 64;

/// As many places as there are voices, in the order in which they are asked.
pub fn voices(providers: Vec<Arc<dyn Voice>>, order: Order) -> Vec<Arc<dyn Voice>> {
    Mouths::new(providers).places(order)
}

/// Voices and what is known of each, whatever the order in which a call asks them.
#[derive(Clone)]
pub struct Mouths(Arc<[Member<dyn Voice>]>);

impl std::fmt::Debug for Mouths {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|member| member.provider.name())).finish()
    }
}

impl Mouths {
    pub fn new(providers: Vec<Arc<dyn Voice>>) -> Self {
        Self(providers.into_iter().map(Member::voice).collect())
    }

    /// The same, with another voice in the place of one. Of the same provider and account the same is known.
    #[must_use]
    pub fn with(&self, place: usize, voice: Arc<dyn Voice>) -> Self {
        let other = Member::voice(voice);
        Self(self.0.iter().enumerate().map(|(n, m)| if n == place { other.clone() } else { m.clone() }).collect())
    }

    /// As many places as there are voices, in this order.
    pub fn places(&self, order: Order) -> Vec<Arc<dyn Voice>> {
        let order = Arc::new(order);
        let place = |place| Place { place, members: self.0.clone(), order: order.clone() };
        (0..self.0.len()).map(|n| Arc::new(place(n)) as Arc<dyn Voice>).collect()
    }

    /// These alone, in every language that one of them knows; elsewhere as usual.
    pub fn only(&self, wanted: &[usize], usual: &Order) -> Order {
        only(wanted, usual, |n, language| self.0.get(n).is_some_and(|m| m.provider.speaks(language)))
    }
}

impl Member<dyn Voice> {
    fn voice(provider: Arc<dyn Voice>) -> Self {
        Self { standing: Standing::of(Kind::Speaking, provider.name(), provider.account()), provider }
    }
}

#[derive(Clone)]
struct Place {
    place: usize,
    members: Arc<[Member<dyn Voice>]>,
    order: Arc<Order>,
}

impl Place {
    fn who_knows(&self, language: Language) -> Vec<usize> {
        let knows = |n: usize| self.members[n].provider.speaks(language);
        in_order(&self.order, language, self.members.len(), knows)
    }

    fn now(&self, language: Language) -> Option<usize> {
        let now = Instant::now();
        at(self.place, &self.who_knows(language), |n| self.members[n].standing.is_well_in(language, now))
    }

    /// Who is asked now; not who was not reached, while another is well. Whoever takes nobody else for the moment keeps those who are connected;
    /// who asks anew for each piece never is.
    fn ask(&self, language: Language, line: impl Fn(usize) -> Connection) -> usize {
        let now = Instant::now();
        let may = |n: usize| {
            let Member { provider, standing } = &self.members[n];
            let is_whole = match line(n) {
                Connection::Unreached => return false,
                Connection::Whole => true,
                Connection::Broken => false,
            };
            standing.try_ask_in(language, now)
                || (provider.keeps_connection() && is_whole && standing.goes_on_in(language))
        };
        at(self.place, &self.who_knows(language), may).unwrap_or(self.place)
    }
}

impl Voice for Place {
    fn name(&self) -> &'static str {
        self.members[self.place].provider.name()
    }

    /// Who speaks an utterance is decided when it begins: whoever it will be takes a text of this length.
    fn capabilities(&self, language: Language) -> Option<Capabilities> {
        let can = |n: usize| self.members[n].provider.capabilities(language);
        let longest = self.who_knows(language).into_iter().filter_map(|n| can(n)?.longest).min();
        Some(Capabilities { longest, ..can(self.now(language)?)? })
    }

    fn timbre(&self, language: Language) -> String {
        self.members[self.now(language).unwrap_or(self.place)].provider.timbre(language)
    }

    fn open(&self, reports: Reports) -> mpsc::Sender<Input> {
        self.start(reports, None)
    }

    fn open_ahead(&self, mut language: watch::Receiver<Language>, reports: Reports) -> mpsc::Sender<Input> {
        // The one that is spoken now counts as news.
        language.mark_changed();
        self.start(reports, Some(language))
    }
}

impl Place {
    fn start(&self, reports: Reports, ahead: Option<watch::Receiver<Language>>) -> mpsc::Sender<Input> {
        let (inputs, queue) = mpsc::channel(INPUTS);
        let sessions = self.members.iter().map(|_| None).collect();
        let unreached = Arc::new(Notify::new());
        let lines = self.members.iter().map(|_| Line::new(&unreached)).collect();
        let utterance = Utterance::default();
        let session = Session {
            place: self.clone(),
            reports,
            sessions,
            lines,
            unreached,
            speaking: None,
            language: Language::default(),
            utterance,
        };
        tokio::spawn(session.serve(queue, ahead));
        inputs
    }
}

/// One call's voices of one place.
struct Session {
    place: Place,
    reports: Reports,
    sessions: Vec<Option<mpsc::Sender<Input>>>,
    /// Of each session, whether it is connected.
    lines: Vec<Line>,
    /// One of them is not there to be connected to ahead.
    unreached: Arc<Notify>,
    /// The utterance that is open, and who has it.
    speaking: Option<(SpeechId, usize)>,
    language: Language,
    utterance: Utterance,
}

impl Session {
    async fn serve(mut self, mut inputs: mpsc::Receiver<Input>, mut ahead: Option<watch::Receiver<Language>>) {
        let unreached = self.unreached.clone();
        loop {
            tokio::select! {
                biased;
                input = inputs.recv() => {
                    let Some(input) = input else { return };
                    if !self.pass_on(input).await {
                        return;
                    }
                }
                language = next(&mut ahead) => self.open_ahead(&language),
                () = unreached.notified() => {
                    if let Some(language) = ahead.clone() {
                        self.open_ahead(&language);
                    }
                }
            }
        }
    }

    /// Who will speak the language connects before there is something to say; whoever is next, if that one is not there. Nobody does for who is
    /// not well.
    fn open_ahead(&mut self, spoken: &watch::Receiver<Language>) {
        let language = *spoken.borrow();
        let now = Instant::now();
        let may = |n: usize| {
            self.place.members[n].standing.is_well_in(language, now) && !self.lines[n].is(Connection::Unreached)
        };
        let Some(member) = at(self.place.place, &self.place.who_knows(language), may) else { return };
        if self.sessions[member].is_none() && may(member) {
            let reports = self.reports_of(member);
            self.sessions[member] = Some(self.place.members[member].provider.open_ahead(spoken.clone(), reports));
        }
    }

    fn open(&mut self, member: usize) -> mpsc::Sender<Input> {
        let reports = self.reports_of(member);
        self.sessions[member].get_or_insert_with(|| self.place.members[member].provider.open(reports)).clone()
    }

    fn reports_of(&self, member: usize) -> Reports {
        let standing = self.place.members[member].standing.clone();
        let (utterance, line) = (Some(self.utterance.clone()), Some(self.lines[member].clone()));
        let watch = Watch { utterance, line, ..Watch::of(standing) };
        Reports { mailbox: self.reports.mailbox.watched(watch) }
    }

    /// `false` once the call is gone.
    async fn pass_on(&mut self, input: Input) -> bool {
        let id = match &input {
            Input::Begin { id, .. } | Input::Text { id, .. } | Input::End { id } | Input::Cancel { id } => *id,
        };
        if let Input::Begin { language, .. } = &input {
            let line = |member: usize| {
                let line = *self.lines[member].connection.lock();
                if line == Connection::Whole && self.sessions[member].is_none() { Connection::Broken } else { line }
            };
            let chosen = self.place.ask(*language, line);
            // Two are never to speak at once.
            if let Some((before, member)) = self.speaking.replace((id, chosen))
                && member != chosen
                && let Some(session) = &self.sessions[member]
                && session.send(Input::Cancel { id: before }).await.is_err()
            {
                self.sessions[member] = None;
            }
            self.language = *language;
            self.utterance.begin(id, self.language);
            self.reports.mailbox.speaks(id, Watch::of(self.place.members[chosen].standing.clone()));
        }
        let Some((_, member)) = self.speaking.filter(|(speaking, _)| *speaking == id) else { return true };
        if let Input::Text { text, .. } = &input {
            let voice = &self.place.members[member].provider;
            self.utterance.text(id, voice.as_ref(), self.language, text.reveal(), self.reports.mailbox.meter());
        }
        if self.open(member).send(input).await.is_ok() {
            return true;
        }
        self.sessions[member] = None;
        self.speaking = None;
        let provider = self.place.members[member].provider.name();
        let what = "the session takes no more text".to_owned();
        let error = ProviderError { provider, kind: ErrorKind::Connection, what, retry_after: None };
        let failed = Event::Failed { id, error };
        self.utterance.see(&failed);
        self.reports.send(failed).await
    }
}

/// The language that a call will be spoken in, whenever that is news.
async fn next(ahead: &mut Option<watch::Receiver<Language>>) -> watch::Receiver<Language> {
    if let Some(language) = ahead
        && language.changed().await.is_ok()
    {
        return language.clone();
    }
    std::future::pending().await
}

/// A session's connection, as far as it has shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Connection {
    #[default]
    Whole,
    /// What failed since it last spoke has to connect again.
    Broken,
    /// It could not be made before it was needed: while another voice is well this call does without.
    Unreached,
}

/// Its clones are one.
#[derive(Clone, Debug)]
pub(super) struct Line {
    connection: Arc<Mutex<Connection>>,
    /// Told when it is not reached.
    unreached: Arc<Notify>,
}

impl Line {
    fn new(unreached: &Arc<Notify>) -> Self {
        Self { connection: Arc::default(), unreached: unreached.clone() }
    }

    pub(super) fn see(&self, event: &Event) {
        match event {
            Event::Failed { .. } => *self.connection.lock() = Connection::Broken,
            Event::Audio { .. } | Event::Done { .. } => *self.connection.lock() = Connection::Whole,
            Event::Word { .. } => {}
        }
    }

    pub(super) fn unreached(&self) {
        *self.connection.lock() = Connection::Unreached;
        self.unreached.notify_one();
    }

    fn is(&self, connection: Connection) -> bool {
        *self.connection.lock() == connection
    }
}

/// What the utterance that is open costs. Shared by both ways: texts go one, sounds and failures come the other.
#[derive(Clone, Debug, Default)]
pub(super) struct Utterance(Arc<Mutex<Open>>);

#[derive(Debug, Default)]
struct Open {
    id: SpeechId,
    language: Option<Language>,
    /// There is a sound of it: it is paid, whatever becomes of it.
    is_heard: bool,
    charge: Option<Charge>,
}

impl Utterance {
    /// What was open before stays counted: it was given to a voice.
    fn begin(&self, id: SpeechId, language: Language) {
        *self.0.lock() = Open { id, language: Some(language), ..Open::default() };
    }

    /// The language that it is spoken in; `None`: nothing was said yet.
    pub(super) fn language(&self) -> Option<Language> {
        self.0.lock().language
    }

    fn text(&self, id: SpeechId, voice: &dyn Voice, language: Language, text: &str, meter: &Meter) {
        let Some(paid) = voice.paid_as(language) else { return };
        let usage = Usage { characters: voice.characters(text), ..Usage::default() };
        let mut open = self.0.lock();
        if open.id != id {
            return;
        }
        match &mut open.charge {
            Some(charge) => charge.more(usage),
            none @ None => *none = Some(meter.charge(Kind::Speaking, paid, usage)),
        }
    }

    pub(super) fn see(&self, event: &Event) {
        let mut open = self.0.lock();
        match event {
            Event::Audio { id, .. } | Event::Done { id, .. } if *id == open.id => open.is_heard = true,
            Event::Failed { id, error } if *id == open.id => {
                if let Some(charge) = open.charge.take()
                    && !open.is_heard
                    && error.kind != ErrorKind::Timeout
                {
                    charge.waive();
                }
            }
            Event::Audio { .. } | Event::Done { .. } | Event::Failed { .. } | Event::Word { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests;
