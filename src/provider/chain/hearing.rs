//! Places of recognisers.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::{Member, Order, Standing, Watch, at, in_order, only};
use crate::costs::Kind;
use crate::language::Language;
use crate::stt::{Capabilities, Input, Recognizer, Reports, Setup};

/// As many places as there are recognisers, in the order in which they are asked.
pub fn recognisers(providers: Vec<Arc<dyn Recognizer>>, order: Order) -> Vec<Arc<dyn Recognizer>> {
    Ears::new(providers).places(order)
}

/// Recognisers and what is known of each, whatever the order in which a call asks them.
#[derive(Clone)]
pub struct Ears(Arc<[Member<dyn Recognizer>]>);

impl std::fmt::Debug for Ears {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|member| member.provider.name())).finish()
    }
}

impl Ears {
    pub fn new(providers: Vec<Arc<dyn Recognizer>>) -> Self {
        let member = |provider: Arc<dyn Recognizer>| Member {
            standing: Standing::of(Kind::Hearing, provider.name(), provider.account()),
            provider,
        };
        Self(providers.into_iter().map(member).collect())
    }

    /// As many places as there are recognisers, in this order.
    pub fn places(&self, order: Order) -> Vec<Arc<dyn Recognizer>> {
        let order = Arc::new(order);
        let place = |place| Place { place, members: self.0.clone(), order: order.clone() };
        (0..self.0.len()).map(|n| Arc::new(place(n)) as Arc<dyn Recognizer>).collect()
    }

    /// These alone, in every language that one of them knows; elsewhere as usual.
    pub fn only(&self, wanted: &[usize], usual: &Order) -> Order {
        only(wanted, usual, |n, language| self.0.get(n).is_some_and(|m| m.provider.capabilities(language).is_some()))
    }
}

struct Place {
    place: usize,
    members: Arc<[Member<dyn Recognizer>]>,
    order: Arc<Order>,
}

impl Place {
    fn who_knows(&self, language: Language) -> Vec<usize> {
        let knows = |n: usize| self.members[n].provider.capabilities(language).is_some();
        in_order(&self.order, language, self.members.len(), knows)
    }

    /// Who stands here while everybody is well: what is promised at the beginning of a call.
    fn usual(&self, language: Language) -> Option<&Member<dyn Recognizer>> {
        self.present(language, |_| true)
    }

    /// Who stands here, as far as `may` goes.
    fn present(
        &self,
        language: Language,
        may: impl Fn(&Member<dyn Recognizer>) -> bool,
    ) -> Option<&Member<dyn Recognizer>> {
        at(self.place, &self.who_knows(language), |n| may(&self.members[n])).map(|member| &self.members[member])
    }
}

impl Recognizer for Place {
    fn name(&self) -> &'static str {
        self.members[self.place].provider.name()
    }

    fn capabilities(&self, language: Language) -> Option<Capabilities> {
        self.usual(language)?.provider.capabilities(language)
    }

    fn who(&self, language: Language) -> usize {
        at(self.place, &self.who_knows(language), |_| true).unwrap_or(self.place)
    }

    fn capacity(&self, language: Language) -> Option<usize> {
        self.usual(language)?.provider.capacity(language)
    }

    fn room(&self, language: Language) -> Option<usize> {
        let now = Instant::now();
        self.present(language, |member| member.standing.is_well_in(language, now))?.provider.room(language)
    }

    fn open(&self, setup: Setup, reports: Reports) -> mpsc::Sender<Input> {
        let now = Instant::now();
        // Nobody knows the language: whoever stands here says so.
        let member = self.present(setup.language, |member| member.standing.try_ask_in(setup.language, now));
        let member = member.unwrap_or(&self.members[self.place]);
        let mailbox =
            reports.mailbox.watched(Watch { language: Some(setup.language), ..Watch::of(member.standing.clone()) });
        member.provider.open(setup, Reports { mailbox, ..reports })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use attendant_media::frame::Samples;

    use crate::call::event::{Mailbox, Reporter};
    use crate::privacy::Pii;
    use crate::provider::{ErrorKind, ProviderError};
    use crate::sim::{ScriptedConfig, ScriptedRecognizer};
    use crate::stt;
    use crate::stt::Hints;

    /// Its quota is used up: it answers, and has no words.
    #[tokio::test(start_paused = true)]
    async fn who_misses_words_that_another_finds_in_five_calls_is_passed_over_by_the_others() {
        let ears = Ears::new((0..2).map(|_| Arc::new(ScriptedRecognizer(ScriptedConfig::default())) as _).collect());
        let places = ears.places(Order::new());
        let well = || [0, 1].map(|n| ears.0[n].standing.is_well(Instant::now()));
        for _ in 0..5 {
            assert_eq!(well(), [true, true]);
            reporter(&places[0]).missed_words(&reporter(&places[1]));
        }
        assert_eq!(well(), [false, true]);
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_late_in_five_calls_is_passed_over_by_the_others() {
        let ears = Ears::new((0..2).map(|_| Arc::new(ScriptedRecognizer(ScriptedConfig::default())) as _).collect());
        let places = ears.places(Order::new());
        let well = || [0, 1].map(|n| ears.0[n].standing.is_well(Instant::now()));
        for _ in 0..5 {
            assert_eq!(well(), [true, true]);
            reporter(&places[0]).late();
        }
        assert_eq!(well(), [false, true]);
    }

    /// Words in mid-voice, and last words that nobody waits for any more, say nothing of whether it is in time.
    #[tokio::test(start_paused = true)]
    async fn who_is_late_with_last_words_is_passed_over_although_other_words_of_it_came() {
        let ears = Ears::new(vec![Arc::new(ScriptedRecognizer(ScriptedConfig::default()))]);
        let standing = ears.0[0].standing.clone();
        let is_well = || standing.is_well(Instant::now());
        let session = |is_late: bool| {
            let watch = Watch { language: Some(Language::English), ..Watch::of(standing.clone()) };
            let (from, to) = (Samples(0), Samples(16_000));
            let text = Pii::new("Are you".to_owned());
            let event = |event| crate::call::event::Event::Stt { session: 1, event };
            watch.see(&event(stt::Event::Final { text, from, to, confidence: 1.0, language: None }));
            if is_late {
                watch.late("last words");
            }
            watch.see(&event(stt::Event::Flushed { up_to: to }));
        };
        for _ in 0..4 {
            session(true);
        }
        session(false);
        for _ in 0..4 {
            assert!(is_well());
            session(true);
        }
        assert!(is_well());
        session(true);
        assert!(!is_well());
    }

    /// While one is not asked, the other stands at both places.
    #[tokio::test(start_paused = true)]
    async fn who_finds_at_the_next_place_what_it_missed_itself_is_not_blamed() {
        for [sick, well] in [[1, 0], [0, 1]] {
            let ears =
                Ears::new((0..2).map(|_| Arc::new(ScriptedRecognizer(ScriptedConfig::default())) as _).collect());
            let places = ears.places(Order::new());
            let what = "refused".to_owned();
            let refused = ProviderError { provider: "x", kind: ErrorKind::Unauthorised, what, retry_after: None };
            ears.0[sick].standing.failed(&refused, Instant::now());
            for _ in 0..5 {
                reporter(&places[0]).missed_words(&reporter(&places[1]));
            }
            assert_eq!([sick, well].map(|n| ears.0[n].standing.is_well(Instant::now())), [false, true]);
        }
    }

    /// Of a session that begins at this place now.
    fn reporter(place: &Arc<dyn Recognizer>) -> Reporter {
        let (mailbox, _events) = Mailbox::new();
        let (mailbox, reporter) = mailbox.reporting();
        let setup = Setup { language: Language::English, hints: Hints::default() };
        let _session = place.open(setup, Reports { session: 1, mailbox });
        reporter
    }
}
