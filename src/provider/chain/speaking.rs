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
mod tests {
    use super::super::Speaker;
    use super::*;
    use crate::costs::Paid;
    use crate::privacy::Pii;
    use crate::sim::{ScriptedConfig, ScriptedVoice};
    use crate::tts::Times;

    /// Paid, or this machine's own; fails each utterance so, or speaks.
    struct Hosted(&'static str, Option<ErrorKind>);

    impl Voice for Hosted {
        fn name(&self) -> &'static str {
            self.0
        }

        fn capabilities(&self, language: Language) -> Option<Capabilities> {
            ScriptedVoice(ScriptedConfig::default()).capabilities(language)
        }

        fn paid_as(&self, language: Language) -> Option<Paid<'_>> {
            (self.0 != "own").then_some(Paid { provider: self.0, model: language.tag() })
        }

        fn open(&self, reports: Reports) -> mpsc::Sender<Input> {
            let Some(kind) = self.1 else { return ScriptedVoice(ScriptedConfig::default()).open(reports) };
            let (inputs, mut queue) = mpsc::channel(INPUTS);
            let provider = self.0;
            tokio::spawn(async move {
                while let Some(input) = queue.recv().await {
                    if let Input::End { id } = input {
                        let error = ProviderError { provider, kind, what: "planted".to_owned(), retry_after: None };
                        reports.send(Event::Failed { id, error }).await;
                    }
                }
            });
            inputs
        }
    }

    /// The same, by a request for each clause.
    struct Posted(Hosted);

    impl Voice for Posted {
        fn name(&self) -> &'static str {
            self.0.name()
        }

        fn capabilities(&self, language: Language) -> Option<Capabilities> {
            self.0.capabilities(language)
        }

        fn paid_as(&self, language: Language) -> Option<Paid<'_>> {
            self.0.paid_as(language)
        }

        fn keeps_connection(&self) -> bool {
            false
        }

        fn open(&self, reports: Reports) -> mpsc::Sender<Input> {
            self.0.open(reports)
        }
    }

    /// Takes so many characters at once.
    struct Short(Option<usize>);

    impl Voice for Short {
        fn name(&self) -> &'static str {
            "short"
        }

        fn capabilities(&self, language: Language) -> Option<Capabilities> {
            (language == Language::English).then_some(Capabilities { words: Times::Estimated, longest: self.0 })
        }

        fn open(&self, _reports: Reports) -> mpsc::Sender<Input> {
            mpsc::channel(1).0
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_takes_a_text_that_whoever_may_stand_there_takes() {
        let longest = |texts: &[Option<usize>], language| {
            let scripted: Arc<dyn Voice> = Arc::new(ScriptedVoice(ScriptedConfig::default()));
            let short = texts.iter().map(|text| Arc::new(Short(*text)) as Arc<dyn Voice>);
            let place = voices([scripted].into_iter().chain(short).collect(), Order::new()).remove(0);
            place.capabilities(language).map(|can| (can.words, can.longest))
        };
        assert_eq!(longest(&[Some(600), None, Some(240)], Language::English), Some((Times::Exact, Some(240))));
        assert_eq!(longest(&[None], Language::English), Some((Times::Exact, None)));
        // Who does not know the language is never asked in it.
        assert_eq!(longest(&[Some(240)], Language::French), Some((Times::Exact, None)));
    }

    /// Says a word in French, and hears it out.
    async fn says(
        session: &mpsc::Sender<Input>,
        events: &mut mpsc::Receiver<crate::call::event::Event>,
        utterance: u16,
    ) -> Result<(), ProviderError> {
        let id = SpeechId { generation: 1, utterance, attempt: 0 };
        let text = Pii::new("Oui.".to_owned());
        for input in [Input::Begin { id, language: Language::French }, Input::Text { id, text }, Input::End { id }] {
            session.send(input).await.unwrap();
        }
        loop {
            match events.recv().await {
                Some(crate::call::event::Event::Tts(Event::Done { .. })) => return Ok(()),
                Some(crate::call::event::Event::Tts(Event::Failed { error, .. })) => return Err(error),
                Some(_) => {}
                None => panic!("the call goes on"),
            }
        }
    }

    /// Who says an utterance before the first voice wants to be left alone, and one after that.
    async fn who_speaks(first: Arc<dyn Voice>) -> Vec<(&'static str, u64)> {
        let mouths = Mouths::new(vec![first, Arc::new(Hosted("other", None))]);
        let (mailbox, mut events) = crate::call::event::Mailbox::new();
        let meter = mailbox.meter().clone();
        let session = mouths.places(Order::new())[0].open(Reports { mailbox });
        for utterance in 1..=2 {
            says(&session, &mut events, utterance).await.unwrap();
            let retry_after = Some(std::time::Duration::from_secs(30));
            let what = "at another call".to_owned();
            let limited = ProviderError { provider: "first", kind: ErrorKind::Limited, what, retry_after };
            mouths.0[0].standing.failed(&limited, Instant::now());
        }
        meter.lines().into_iter().map(|line| (line.provider, line.usage.characters)).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn who_wants_to_be_left_alone_keeps_who_is_connected_and_is_asked_no_new_request() {
        assert_eq!(who_speaks(Arc::new(Hosted("first", None))).await, [("first", 8)]);
        assert_eq!(who_speaks(Arc::new(Posted(Hosted("first", None)))).await, [("first", 4), ("other", 4)]);
    }

    /// Nobody is there to be connected to.
    struct Gone;

    impl Gone {
        fn error() -> ProviderError {
            let what = "cannot be connected to".to_owned();
            ProviderError { provider: "gone", kind: ErrorKind::Connection, what, retry_after: None }
        }
    }

    impl Voice for Gone {
        fn name(&self) -> &'static str {
            "gone"
        }

        fn capabilities(&self, _language: Language) -> Option<Capabilities> {
            Some(Capabilities { words: Times::Estimated, longest: None })
        }

        fn open(&self, reports: Reports) -> mpsc::Sender<Input> {
            Hosted("gone", Some(ErrorKind::Connection)).open(reports)
        }

        fn open_ahead(&self, _language: watch::Receiver<Language>, reports: Reports) -> mpsc::Sender<Input> {
            reports.mailbox.unreached(&Self::error());
            self.open(reports)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_not_reached_while_the_phone_rings_is_not_asked_in_that_call_and_after_five_in_none() {
        let mouths = Mouths::new(vec![Arc::new(Gone), Arc::new(Hosted("other", None))]);
        let well = || mouths.0[0].standing.is_well(Instant::now());
        for utterance in 1..=5 {
            assert!(well());
            let (mailbox, mut events) = crate::call::event::Mailbox::new();
            let meter = mailbox.meter().clone();
            let (_language, spoken) = watch::channel(Language::French);
            let session = mouths.places(Order::new())[0].open_ahead(spoken, Reports { mailbox });
            // It rings.
            crate::clock::elapse(std::time::Duration::from_secs(1)).await;
            says(&session, &mut events, utterance).await.expect("the call loses nothing");
            let paid: Vec<_> = meter.lines().into_iter().map(|line| line.provider).collect();
            assert_eq!(paid, ["other"]);
        }
        assert!(!well());
    }

    #[tokio::test(start_paused = true)]
    async fn a_voice_that_refuses_what_is_asked_in_a_language_is_passed_over_there() {
        let refuses = Arc::new(Hosted("misnamed", Some(ErrorKind::Request)));
        let mouths = Mouths::new(vec![refuses, Arc::new(Hosted("other", None))]);
        let place = &mouths.places(Order::new())[0];
        let mut spoken = Vec::new();
        for utterance in 1..=6 {
            let (mailbox, mut events) = crate::call::event::Mailbox::new();
            let session = place.open(Reports { mailbox });
            spoken.push(says(&session, &mut events, utterance).await.is_ok());
        }
        assert_eq!(spoken, [false, false, false, false, false, true]);
        let well = |language| mouths.0[0].standing.is_well_in(language, Instant::now());
        assert_eq!([Language::French, Language::English].map(well), [false, true]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_voice_for_which_calls_waited_in_vain_is_passed_over_after_five() {
        let late = Arc::new(Hosted("late", None));
        let mouths = Mouths::new(vec![late, Arc::new(Hosted("other", None))]);
        let well = || [0, 1].map(|n| mouths.0[n].standing.is_well(Instant::now()));
        let id = |utterance| SpeechId { generation: 1, utterance, attempt: 0 };
        for utterance in 1..=5 {
            assert_eq!(well(), [true, true]);
            let (mailbox, mut events) = crate::call::event::Mailbox::new();
            let speaker = Speaker::default();
            let session = mouths.places(Order::new())[0].open(Reports { mailbox: mailbox.spoken_by(speaker.clone()) });
            let text = Pii::new("Oui.".to_owned());
            for input in [
                Input::Begin { id: id(utterance), language: Language::French },
                Input::Text { id: id(utterance), text },
            ] {
                session.send(input).await.unwrap();
            }
            while !matches!(events.recv().await, Some(crate::call::event::Event::Tts(Event::Audio { .. }))) {}
            // Nobody waits for another one.
            speaker.late(id(7));
            speaker.late(id(utterance));
        }
        assert_eq!(well(), [false, true]);
    }

    /// Says two clauses of 4 and 6 characters as a call does, at the next place when one fails: what is counted.
    async fn counted(voices: Vec<Hosted>) -> Vec<(&'static str, u64)> {
        let places = voices.into_iter().map(|voice| Arc::new(voice) as Arc<dyn Voice>).collect();
        let (mailbox, mut events) = crate::call::event::Mailbox::new();
        let meter = mailbox.meter().clone();
        for (attempt, place) in super::voices(places, Order::new()).into_iter().enumerate() {
            let id = SpeechId { generation: 1, utterance: 1, attempt: attempt as _ };
            let session = place.open(Reports { mailbox: mailbox.clone() });
            let text = |text: &str| Input::Text { id, text: Pii::new(text.to_owned()) };
            for input in
                [Input::Begin { id, language: Language::French }, text("Oui,"), text(" déjà."), Input::End { id }]
            {
                session.send(input).await.unwrap();
            }
            let done = loop {
                match events.recv().await {
                    Some(crate::call::event::Event::Tts(Event::Done { .. })) => break true,
                    Some(crate::call::event::Event::Tts(Event::Failed { .. })) => break false,
                    Some(_) => {}
                    None => panic!("the call goes on"),
                }
            };
            if done {
                break;
            }
        }
        let lines = meter.lines();
        assert!(lines.iter().all(|line| line.model == "fr-CA"));
        lines.into_iter().map(|line| (line.provider, line.usage.characters)).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_text_counts_for_who_spoke_it_and_not_for_who_refused_it() {
        let well = |name| Hosted(name, None);
        let sick = |name, kind| Hosted(name, Some(kind));
        assert_eq!(counted(vec![well("a"), well("b")]).await, [("a", 10)]);
        assert_eq!(counted(vec![sick("a", ErrorKind::Limited), well("b")]).await, [("b", 10)]);
        assert_eq!(counted(vec![sick("a", ErrorKind::Connection), well("own")]).await, []);
        assert_eq!(counted(vec![sick("a", ErrorKind::Timeout), well("b")]).await, [("a", 10), ("b", 10)], "in doubt");
        assert_eq!(counted(vec![well("own")]).await, []);
    }
}
