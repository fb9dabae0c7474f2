//! Places of voices. Who stands at a place is decided for each utterance, by its language and by who is well then.

use std::sync::Arc;

use attendant_media::speech::SpeechId;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::{Member, Order, Watch, at, in_order};
use crate::language::Language;
use crate::provider::breaker::Breaker;
use crate::provider::{ErrorKind, ProviderError};
use crate::tts::{Capabilities, Event, Input, Reports, Voice};

/// Texts waiting to be passed on.
const INPUTS: usize = 64;

/// As many places as there are voices, in the order in which they are asked.
pub fn voices(providers: Vec<Arc<dyn Voice>>, order: Order) -> Vec<Arc<dyn Voice>> {
    let members: Arc<[Member<dyn Voice>]> = providers
        .into_iter()
        .map(|provider| Member { breaker: Arc::new(Breaker::new(provider.name())), provider })
        .collect();
    let order = Arc::new(order);
    let place = |place| Place { place, members: members.clone(), order: order.clone() };
    (0..members.len()).map(|n| Arc::new(place(n)) as Arc<dyn Voice>).collect()
}

#[derive(Clone)]
struct Place {
    place: usize,
    members: Arc<[Member<dyn Voice>]>,
    order: Arc<Order>,
}

impl Place {
    fn who_knows(&self, language: Language) -> Vec<usize> {
        let knows = |n: usize| self.members[n].provider.capabilities(language).is_some();
        in_order(&self.order, language, self.members.len(), knows)
    }

    fn now(&self, language: Language) -> Option<usize> {
        let now = Instant::now();
        at(self.place, &self.who_knows(language), |n| self.members[n].breaker.is_well(now))
    }
}

impl Voice for Place {
    fn name(&self) -> &'static str {
        self.members[self.place].provider.name()
    }

    fn capabilities(&self, language: Language) -> Option<Capabilities> {
        self.members[self.now(language)?].provider.capabilities(language)
    }

    fn timbre(&self, language: Language) -> String {
        self.members[self.now(language).unwrap_or(self.place)].provider.timbre(language)
    }

    fn open(&self, reports: Reports) -> mpsc::Sender<Input> {
        let (inputs, queue) = mpsc::channel(INPUTS);
        let sessions = self.members.iter().map(|_| None).collect();
        tokio::spawn(Session { place: self.clone(), reports, sessions, speaking: None }.serve(queue));
        inputs
    }
}

/// One call's voices of one place.
struct Session {
    place: Place,
    reports: Reports,
    sessions: Vec<Option<mpsc::Sender<Input>>>,
    /// The utterance that is open, and who has it.
    speaking: Option<(SpeechId, usize)>,
}

impl Session {
    async fn serve(mut self, mut inputs: mpsc::Receiver<Input>) {
        // The first connects before it is needed.
        if self.place.members[self.place.place].breaker.is_well(Instant::now()) {
            self.open(self.place.place);
        }
        while let Some(input) = inputs.recv().await {
            if !self.pass_on(input).await {
                return;
            }
        }
    }

    fn open(&mut self, member: usize) -> mpsc::Sender<Input> {
        let Member { provider, breaker } = &self.place.members[member];
        let mailbox = self.reports.mailbox.watched(Watch(breaker.clone()));
        let session = self.sessions[member].get_or_insert_with(|| provider.open(Reports { mailbox }));
        session.clone()
    }

    /// `false` once the call is gone.
    async fn pass_on(&mut self, input: Input) -> bool {
        let id = match &input {
            Input::Begin { id, .. } | Input::Text { id, .. } | Input::End { id } | Input::Cancel { id } => *id,
        };
        if let Input::Begin { language, .. } = &input {
            let chosen = self.place.now(*language).unwrap_or(self.place.place);
            // Two are never to speak at once.
            if let Some((before, member)) = self.speaking.replace((id, chosen))
                && member != chosen
                && let Some(session) = &self.sessions[member]
                && session.send(Input::Cancel { id: before }).await.is_err()
            {
                self.sessions[member] = None;
            }
            self.place.members[chosen].breaker.asked(Instant::now());
        }
        let Some((_, member)) = self.speaking.filter(|(speaking, _)| *speaking == id) else { return true };
        if self.open(member).send(input).await.is_ok() {
            return true;
        }
        self.sessions[member] = None;
        self.speaking = None;
        let provider = self.place.members[member].provider.name();
        let what = "the session takes no more text".to_owned();
        let error = ProviderError { provider, kind: ErrorKind::Connection, what, retry_after: None };
        self.reports.send(Event::Failed { id, error }).await
    }
}
