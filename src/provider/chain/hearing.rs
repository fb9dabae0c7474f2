//! Places of recognisers.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::{Member, Watch, at};
use crate::language::Language;
use crate::provider::breaker::Breaker;
use crate::stt::{Capabilities, Input, Recognizer, Reports, Setup};

/// As many places as there are recognisers, in the order in which they are asked.
pub fn recognisers(providers: Vec<Arc<dyn Recognizer>>) -> Vec<Arc<dyn Recognizer>> {
    let members: Arc<[Member<dyn Recognizer>]> = providers
        .into_iter()
        .map(|provider| Member { breaker: Arc::new(Breaker::new(provider.name())), provider })
        .collect();
    (0..members.len()).map(|place| Arc::new(Place { place, members: members.clone() }) as Arc<dyn Recognizer>).collect()
}

struct Place {
    place: usize,
    members: Arc<[Member<dyn Recognizer>]>,
}

impl Place {
    fn who_knows(&self, language: Language) -> Vec<usize> {
        (0..self.members.len()).filter(|n| self.members[*n].provider.capabilities(language).is_some()).collect()
    }

    /// Who stands here while everybody is well: what is promised at the beginning of a call.
    fn usual(&self, language: Language) -> Option<&Member<dyn Recognizer>> {
        at(self.place, &self.who_knows(language), |_| true).map(|member| &self.members[member])
    }
}

impl Recognizer for Place {
    fn name(&self) -> &'static str {
        self.members[self.place].provider.name()
    }

    fn capabilities(&self, language: Language) -> Option<Capabilities> {
        self.usual(language)?.provider.capabilities(language)
    }

    fn capacity(&self, language: Language) -> Option<usize> {
        self.usual(language)?.provider.capacity(language)
    }

    fn open(&self, setup: Setup, reports: Reports) -> mpsc::Sender<Input> {
        let now = Instant::now();
        let chosen = at(self.place, &self.who_knows(setup.language), |n| self.members[n].breaker.is_well(now));
        // Nobody knows the language: whoever stands here says so.
        let member = &self.members[chosen.unwrap_or(self.place)];
        member.breaker.asked(now);
        let mailbox = reports.mailbox.watched(Watch(member.breaker.clone()));
        member.provider.open(setup, Reports { mailbox, ..reports })
    }
}
