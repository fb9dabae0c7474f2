//! What is known of a provider for one purpose, and of the account with which it is asked.
//!
//! A provider that fails at one purpose says nothing of the others that its account is used for. A key that is refused is refused to all of
//! them, unless it does for another one: a key may be good for some purposes alone. What one conversation
//! is refused for is held against nobody else's. Who has no account is on this machine, and what is known
//! of them is no other instance's business.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::costs::Kind;
use crate::language::Language;
use crate::provider::breaker::Breaker;
use crate::provider::{ErrorKind, ProviderError};

/// Codes of refusals whose cause is in one conversation: all its requests are refused, and no other call's.
const OF_ONE_CALL: [&str; 2] = ["content_filter", "context_length_exceeded"];

#[derive(Clone, Debug)]
pub(super) struct Standing {
    kind: Kind,
    provider: &'static str,
    /// What it is asked for, and by whose name.
    purpose: Arc<str>,
    own: Breaker,
    /// Requests that a voice or a recogniser refuses as wrong are one language's, and the others are not to lose it. Whose name is wrong in one
    /// configuration says nothing of another: nobody shares these.
    languages: Arc<BTreeMap<Language, Breaker>>,
    account: Option<Arc<Account>>,
}

#[derive(Debug)]
struct Account {
    /// Only a refused key opens it.
    breaker: Breaker,
    /// Purposes for which the key did, and has not been refused since.
    does_for: Mutex<BTreeSet<Arc<str>>>,
}

/// Those of this process, by their names.
static ACCOUNTS: Mutex<BTreeMap<String, Weak<Account>>> = Mutex::new(BTreeMap::new());

impl Account {
    fn named(provider: &'static str, name: &str) -> Arc<Self> {
        let mut all = ACCOUNTS.lock();
        all.retain(|_, account| account.strong_count() > 0);
        if let Some(known) = all.get(name).and_then(Weak::upgrade) {
            return known;
        }
        let account = Arc::new(Self { breaker: Breaker::alone(provider), does_for: Mutex::default() });
        all.insert(name.to_owned(), Arc::downgrade(&account));
        account
    }

    fn did_for(&self, purpose: &Arc<str>) {
        let mut known = self.does_for.lock();
        if !known.contains(purpose) {
            known.insert(purpose.clone());
        }
    }

    /// Its key was refused for this purpose: whether it does for no other.
    fn does_for_none_but(&self, purpose: &Arc<str>) -> bool {
        let mut known = self.does_for.lock();
        known.remove(purpose);
        known.is_empty()
    }
}

impl Standing {
    /// Of a provider of this name, asked with this account.
    pub(super) fn of(kind: Kind, provider: &'static str, account: Option<&str>) -> Self {
        let purpose: Arc<str> = format!("{} {provider}", kind.name()).into();
        let of_language = |language: Language| (language, Breaker::in_language(provider, language.tag()));
        let languages = Arc::new(Language::ALL.into_iter().map(of_language).collect());
        let (own, account) = match account {
            Some(name) => {
                let own = Breaker::shared(provider, &format!("{purpose} {name}"));
                (own, Some(Account::named(provider, name)))
            }
            None => (Breaker::alone(provider), None),
        };
        Self { kind, provider, purpose, own, languages, account }
    }

    pub(super) const fn provider(&self) -> &'static str {
        self.provider
    }

    /// Whether what is known of one is known of the other.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.own.is(&other.own)
    }

    /// Whether it might be asked now.
    pub(super) fn is_well(&self, now: Instant) -> bool {
        self.own.is_well(now) && self.account.as_ref().is_none_or(|account| account.breaker.is_well(now))
    }

    /// Whether it may be asked now: it is to be.
    #[must_use]
    pub(super) fn try_ask(&self, now: Instant) -> bool {
        match &self.account {
            Some(account) => self.own.try_ask_both(&account.breaker, now),
            None => self.own.try_ask(now),
        }
    }

    /// Whether it might be asked in this language now.
    pub(super) fn is_well_in(&self, language: Language, now: Instant) -> bool {
        self.is_well(now) && self.languages.get(&language).is_none_or(|known| known.is_well(now))
    }

    /// Whether it may be asked in this language now: it is to be.
    #[must_use]
    pub(super) fn try_ask_in(&self, language: Language, now: Instant) -> bool {
        self.is_well(now) && self.languages.get(&language).is_none_or(|known| known.try_ask(now)) && self.try_ask(now)
    }

    /// The same of who is connected, in this language.
    pub(super) fn goes_on_in(&self, language: Language) -> bool {
        self.goes_on() && self.languages.get(&language).is_none_or(Breaker::goes_on)
    }

    /// It did what it was asked for, in this language if that is known.
    pub(super) fn succeeded_in(&self, language: Option<Language>) {
        self.succeeded();
        if let Some(known) = language.and_then(|language| self.languages.get(&language)) {
            known.succeeded();
        }
    }

    /// It failed, in this language if that is known.
    pub(super) fn failed_in(&self, language: Option<Language>, error: &ProviderError, now: Instant) {
        let is_of_language = self.kind != Kind::Thinking && error.kind == ErrorKind::Request;
        match language.and_then(|language| self.languages.get(&language)).filter(|_| is_of_language) {
            Some(known) => known.refused(error, now),
            None => self.failed(error, now),
        }
    }

    /// Whether who is connected to it already may go on, although it takes nobody else for the moment.
    pub(super) fn goes_on(&self) -> bool {
        self.own.goes_on() && self.account.as_ref().is_none_or(|account| account.breaker.goes_on())
    }

    pub(super) fn succeeded(&self) {
        self.own.succeeded();
        if let Some(account) = &self.account {
            account.breaker.succeeded();
            account.did_for(&self.purpose);
        }
    }

    pub(super) fn failed(&self, error: &ProviderError, now: Instant) {
        let is_refused =
            |account: &&Arc<Account>| error.kind == ErrorKind::Unauthorised && account.does_for_none_but(&self.purpose);
        if (self.kind, error.kind) == (Kind::Thinking, ErrorKind::Request) {
            if !is_of_one_call(error) {
                self.own.refused(error, now);
            }
            return;
        }
        let refused = self.account.as_ref().filter(is_refused);
        refused.map_or(&self.own, |account| &account.breaker).failed(error, now);
    }
}

/// The code stands last in what is kept of a refusal.
fn is_of_one_call(error: &ProviderError) -> bool {
    error.what.rsplit(", ").next().is_some_and(|code| OF_ONE_CALL.contains(&code))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::breaker::{FailedHere, failed_elsewhere, failed_here};
    use std::time::Duration;

    fn error(kind: ErrorKind) -> ProviderError {
        ProviderError { provider: "x", kind, what: "it failed".into(), retry_after: None }
    }

    /// Ears and a voice of one account, and a voice of another.
    fn three(account: &str, other: &str) -> [Standing; 3] {
        [(Kind::Hearing, account), (Kind::Speaking, account), (Kind::Speaking, other)]
            .map(|(kind, account)| Standing::of(kind, "sarvam", Some(account)))
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_key_is_refused_to_every_purpose_of_its_account_and_to_no_other_account() {
        let now = Instant::now();
        let [ears, voice, other] = three("host $KEYS", "host $OTHER_KEYS");
        ears.failed(&error(ErrorKind::Unauthorised), now);
        assert_eq!([&ears, &voice, &other].map(|known| known.is_well(now)), [false, false, true]);
        // One of all purposes tries.
        let later = now + Duration::from_secs(60);
        assert!(voice.try_ask(later) && !ears.try_ask(later));
        voice.succeeded();
        assert!(ears.try_ask(later));
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_that_does_for_one_purpose_is_refused_to_the_other_alone() {
        let now = Instant::now();
        let [ears, voice, _] = three("scoped $KEY", "scoped $OTHER");
        voice.succeeded();
        ears.failed(&error(ErrorKind::Unauthorised), now);
        assert_eq!([ears.is_well(now), voice.is_well(now)], [false, true]);
        voice.failed(&error(ErrorKind::Unauthorised), now);
        assert_eq!([ears.is_well(now), voice.is_well(now)], [false, false], "it does for none any more");
    }

    #[tokio::test(start_paused = true)]
    async fn what_fails_at_one_purpose_is_well_at_the_others_here_and_at_every_instance() {
        let now = Instant::now();
        let [ears, voice, _] = three("ours $KEY", "ours $OTHER");
        let arm = Standing::of(Kind::Speaking, "sarvam", Some("ours $KEY"));
        for _ in 0..5 {
            voice.failed(&error(ErrorKind::Timeout), now);
        }
        assert_eq!([&ears, &voice, &arm].map(|known| known.is_well(now)), [true, false, false]);
        let told: Vec<_> = failed_here(now).into_iter().filter(|failed| failed.name.contains("ours $KEY")).collect();
        let minute = Some(Duration::from_secs(60));
        let expected = [("hearing sarvam ours $KEY", None), ("speaking sarvam ours $KEY", minute)];
        assert_eq!(told, expected.map(|(name, left)| FailedHere { clinic: None, name: name.into(), left }));
        failed_elsewhere(None, "hearing sarvam ours $KEY", Duration::from_secs(90), now);
        let later = now + Duration::from_secs(60);
        assert_eq!([ears.is_well(later), voice.is_well(later)], [false, true]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_model_that_refuses_every_request_is_passed_over_and_a_voice_keeps_its_other_languages() {
        let now = Instant::now();
        let [model, voice] =
            [Kind::Thinking, Kind::Speaking].map(|kind| Standing::of(kind, "picky", Some("picky $KEY")));
        for _ in 0..5 {
            assert!(model.is_well(now));
            model.failed(&error(ErrorKind::Request), now);
            voice.failed(&error(ErrorKind::Request), now);
        }
        assert_eq!([&model, &voice].map(|known| known.is_well(now)), [false, true]);
        assert!(model.is_well(now + Duration::from_secs(60)));
    }

    #[tokio::test(start_paused = true)]
    async fn who_refuses_five_requests_in_a_row_in_a_language_rests_in_that_one() {
        let now = Instant::now();
        let voice = Standing::of(Kind::Speaking, "misnamed", Some("misnamed $KEY"));
        let wrong = || voice.failed_in(Some(Language::French), &error(ErrorKind::Request), now);
        let well = |at| [Language::French, Language::English].map(|language| voice.is_well_in(language, at));
        for _ in 0..4 {
            wrong();
        }
        // In another language, which says nothing of this one, and then in this one.
        voice.succeeded_in(Some(Language::English));
        voice.succeeded_in(Some(Language::French));
        for _ in 0..5 {
            assert_eq!(well(now), [true, true]);
            voice.succeeded_in(Some(Language::English));
            wrong();
        }
        assert_eq!(well(now), [false, true]);
        assert!(!voice.goes_on_in(Language::French) && voice.goes_on_in(Language::English));
        let arm = Standing::of(Kind::Speaking, "misnamed", Some("misnamed $KEY"));
        assert!(arm.is_well_in(Language::French, now), "another voice of the same account");
        // Then one tries.
        let later = now + Duration::from_secs(60);
        assert!(voice.try_ask_in(Language::French, later) && !voice.try_ask_in(Language::French, later));
        voice.succeeded_in(Some(Language::French));
        assert_eq!(well(later), [true, true]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_one_conversation_is_refused_for_closes_the_model_to_no_other_call() {
        let now = Instant::now();
        let model = Standing::of(Kind::Thinking, "filtered", Some("filtered $KEY"));
        let refused = |code: &str| {
            let what = format!("HTTP status 400, {code}");
            model.failed(&ProviderError { what, ..error(ErrorKind::Request) }, now);
        };
        for _ in 0..5 {
            refused("content_filter");
            refused("context_length_exceeded");
        }
        assert!(model.is_well(now));
        for _ in 0..5 {
            refused("model_not_found");
        }
        assert!(!model.is_well(now));
    }

    #[tokio::test(start_paused = true)]
    async fn two_on_this_machine_are_two_and_no_other_instance_has_them() {
        let now = Instant::now();
        let [one, other] = [(); 2].map(|()| Standing::of(Kind::Hearing, "whisper", None));
        for _ in 0..5 {
            one.failed(&error(ErrorKind::Server), now);
        }
        assert_eq!([one.is_well(now), other.is_well(now)], [false, true]);
        assert!(failed_here(now).iter().all(|failed| !failed.name.contains("whisper")));
    }
}
