//! Several providers of one kind as the places of a call's list: who is asked at the first place, at the second, and so on.
//!
//! When to go on to the next place is the call's decision alone (`call::hearing`, `call::mouth`): it knows what was heard and what is
//! owed. A place only decides who stands there: providers that do not know the language are left out, and one that is not well
//! ([`Standing`]) is passed over while another is. So a provider that fails costs the first calls their second attempt, and the others nothing.

mod hearing;
mod speaking;
mod standing;
mod thinking;

use std::collections::BTreeMap;
use std::sync::Arc;

use attendant_media::speech::SpeechId;
use parking_lot::Mutex;
use tokio::time::Instant;

use super::{ErrorKind, ProviderError};
use crate::call::event::Event;
use crate::language::Language;
use crate::{stt, tts};

pub use hearing::{Ears, recognisers};
use speaking::{Line, Utterance};
pub use speaking::{Mouths, voices};
use standing::Standing;
pub use thinking::{Asking, News, Thinkers};

/// A provider and what is known of it.
#[derive(Debug)]
struct Member<P: ?Sized> {
    provider: Arc<P>,
    standing: Standing,
}

impl<P: ?Sized> Clone for Member<P> {
    fn clone(&self) -> Self {
        Self { provider: self.provider.clone(), standing: self.standing.clone() }
    }
}

/// Who is asked in a language, by place in the list of providers, where the list's own order will not do.
pub type Order = BTreeMap<Language, Vec<usize>>;

/// The providers to ask in this language.
pub(crate) fn in_order(order: &Order, language: Language, members: usize, knows: impl Fn(usize) -> bool) -> Vec<usize> {
    match order.get(&language) {
        Some(named) => named.iter().copied().filter(|member| *member < members && knows(*member)).collect(),
        None => (0..members).filter(|member| knows(*member)).collect(),
    }
}

/// An order in which these alone are asked, in every language that one of them knows.
fn only(wanted: &[usize], usual: &Order, knows: impl Fn(usize, Language) -> bool) -> Order {
    let known = |language| wanted.iter().any(|member| knows(*member, language));
    let theirs =
        Language::ALL.into_iter().filter(|language| known(*language)).map(|language| (language, wanted.to_vec()));
    usual.clone().into_iter().chain(theirs).collect()
}

/// Of those who know the language, in their order, who stands at `place`: the first from there on who is well, else one before
/// it, else whoever it would be.
fn at(place: usize, know: &[usize], is_well: impl Fn(usize) -> bool) -> Option<usize> {
    let last = know.len().checked_sub(1)?;
    let (before, from) = know.split_at(place.min(last));
    let well = |members: &[usize]| members.iter().copied().find(|member| is_well(*member));
    well(from).or_else(|| well(before)).or_else(|| from.first().copied())
}

/// Sees what a session reports on its way to the call.
#[derive(Clone, Debug)]
pub struct Watch {
    standing: Standing,
    /// Of a recogniser's session, what it hears.
    language: Option<Language>,
    /// What the utterance that a voice has costs.
    utterance: Option<Utterance>,
    /// Of a voice's session.
    line: Option<Line>,
    heard: Arc<Mutex<Heard>>,
}

/// What a recogniser's session has shown since it was last asked for last words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Heard {
    #[default]
    Nothing,
    Words,
    /// The call waited for it in vain: whatever it still says comes too late.
    Late,
}

impl Watch {
    fn of(standing: Standing) -> Self {
        Self { standing, language: None, utterance: None, line: None, heard: Arc::default() }
    }

    pub(crate) fn see(&self, event: &Event) {
        if let (Event::Tts(event), Some(utterance)) = (event, &self.utterance) {
            utterance.see(event);
        }
        if let (Event::Tts(event), Some(line)) = (event, &self.line) {
            line.see(event);
        }
        match event {
            Event::Stt { event: stt::Event::Failed(error), .. } | Event::Tts(tts::Event::Failed { error, .. }) => {
                self.failed(error);
            }
            Event::Stt { event: stt::Event::Final { text, .. }, .. } if !text.reveal().trim().is_empty() => {
                let mut heard = self.heard.lock();
                if *heard == Heard::Nothing {
                    *heard = Heard::Words;
                }
            }
            // A word in mid-voice may be late already. Of a flush after which nothing was owed the vendor knows nothing: that it was answered
            // says nothing of the vendor.
            Event::Stt { event: stt::Event::Flushed { .. } | stt::Event::EndOfTurn { .. }, .. } => {
                let mut heard = self.heard.lock();
                if *heard == Heard::Words {
                    *heard = Heard::Nothing;
                    self.standing.succeeded_in(self.language());
                }
            }
            Event::Tts(tts::Event::Done { .. }) => self.standing.succeeded_in(self.language()),
            Event::Stt { .. } | Event::Tts(_) | Event::Signal(_) | Event::Agent { .. } => {}
        }
    }

    /// Its session found no word in a voice in which the finder's session found some. Two sessions of one provider say nothing of it.
    pub(crate) fn missed_words(&self, finder: &Self) {
        if self.standing.is(&finder.standing) {
            return;
        }
        self.found_out(ErrorKind::Empty, "found no word in a voice in which another recogniser found some");
    }

    /// The call waited for it in vain. Its own deadlines may not tell: whatever a vendor sends resets them.
    pub(crate) fn late(&self, what: &str) {
        *self.heard.lock() = Heard::Late;
        self.found_out(ErrorKind::Timeout, what);
    }

    /// It is not there to be connected to before it is needed.
    pub(crate) fn unreached(&self, error: &ProviderError) {
        self.failed(error);
        if let Some(line) = &self.line {
            line.unreached();
        }
    }

    fn found_out(&self, kind: ErrorKind, what: &str) {
        let provider = self.standing.provider();
        self.failed(&ProviderError { provider, kind, what: what.to_owned(), retry_after: None });
    }

    fn failed(&self, error: &ProviderError) {
        metrics::counter!("provider_failures_total", "provider" => error.provider, "kind" => format!("{:?}", error.kind))
            .increment(1);
        tracing::warn!(%error, "a session failed");
        self.standing.failed_in(self.language(), error, Instant::now());
    }

    fn language(&self) -> Option<Language> {
        self.language.or_else(|| self.utterance.as_ref()?.language())
    }
}

/// Who has the utterance that a place of voices was given last. Its clones are one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Speaker(Arc<Mutex<Option<(SpeechId, Watch)>>>);

impl Speaker {
    pub(crate) fn begins(&self, id: SpeechId, watch: Watch) {
        *self.0.lock() = Some((id, watch));
    }

    /// The call waited in vain for audio of this utterance. Of an earlier one nobody waits.
    pub(crate) fn late(&self, id: SpeechId) {
        let speaking = self.0.lock().clone();
        if let Some((_, watch)) = speaking.filter(|(speaking, _)| *speaking == id) {
            watch.late("no audio as soon as it was to be heard");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use attendant_media::frame::Samples;

    use super::*;
    use crate::costs::Kind;
    use crate::privacy::Pii;

    #[tokio::test(start_paused = true)]
    async fn a_recogniser_that_finds_no_words_is_not_taken_for_well_again() {
        let watch = Watch::of(Standing::of(Kind::Hearing, "deaf", None));
        let stt = |event| Event::Stt { session: 1, event };
        let what = "nothing came".to_owned();
        let error = ProviderError { provider: "deaf", kind: ErrorKind::Timeout, what, retry_after: None };
        let words = |text: &str| stt::Event::Final {
            text: Pii::new(text.to_owned()),
            from: Samples::ZERO,
            to: Samples(320),
            confidence: 1.0,
            language: None,
        };
        for _ in 0..5 {
            watch.see(&stt(stt::Event::Failed(error.clone())));
            // After a cough nothing is owed, and the session says so by itself; a vendor whose quota is used up finds no words.
            watch.see(&stt(stt::Event::Flushed { up_to: Samples(640) }));
            watch.see(&stt(words(" ")));
        }
        assert!(!watch.standing.is_well(Instant::now()));
        tokio::time::advance(Duration::from_secs(60)).await;
        assert!(watch.standing.try_ask(Instant::now()));
        // Words alone may be late already.
        watch.see(&stt(words("Are you open?")));
        watch.see(&stt(stt::Event::Flushed { up_to: Samples(640) }));
        assert!(watch.standing.is_well(Instant::now()));
    }

    #[test]
    fn a_language_with_an_order_of_its_own_is_asked_in_it_and_nobody_else() {
        let order = Order::from([(Language::Cantonese, vec![2, 0, 7])]);
        assert_eq!(in_order(&order, Language::Cantonese, 3, |_| true), [2, 0]);
        assert_eq!(in_order(&order, Language::Cantonese, 3, |member| member != 2), [0]);
        assert_eq!(in_order(&order, Language::French, 3, |_| true), [0, 1, 2]);
    }

    #[test]
    fn some_alone_are_asked_where_one_of_them_knows_the_language() {
        let usual = Order::from([(Language::Cantonese, vec![0]), (Language::French, vec![2, 1])]);
        let order = only(&[1], &usual, |_, language| language != Language::Cantonese);
        assert_eq!(order[&Language::Cantonese], [0]);
        assert_eq!((&order[&Language::French], &order[&Language::English]), (&vec![1], &vec![1]));
    }

    #[test]
    fn a_place_passes_over_who_is_not_well_and_never_goes_back_while_somebody_is() {
        let know = [0, 1, 2];
        let sick = |sick: &'static [usize]| move |member: usize| !sick.contains(&member);
        assert_eq!([0, 1, 2, 9].map(|place| at(place, &know, sick(&[]))), [Some(0), Some(1), Some(2), Some(2)]);
        assert_eq!([0, 1, 2].map(|place| at(place, &know, sick(&[0]))), [Some(1), Some(1), Some(2)]);
        assert_eq!([0, 1, 2].map(|place| at(place, &know, sick(&[1, 2]))), [Some(0), Some(0), Some(0)]);
        assert_eq!([0, 1, 2].map(|place| at(place, &know, sick(&[0, 1, 2]))), [Some(0), Some(1), Some(2)]);
        assert_eq!(at(0, &[], |_| true), None);
    }
}
