//! How much one caller may leave for the staff, and book or move, in a day: past the clinic's `[limits]` they are refused, in a sentence that offers a person
//! if one is there.
//!
//! A caller is the number called from; without one it is the call, and all such calls together have a limit of their own. Only what was done counts: neither
//! what failed nor what was asked for again. A cancellation is never refused, for it gives time back. Days are the clinic's.

use std::time::Duration;

use super::{Outcome, Session, ToolName, calling_number, operator};
use crate::clinic::limits::LimitsConfig;
use crate::clinic::operator::Operator;
use crate::clinic::spoken::refusal;
use crate::state::Key;

const DAY: Duration = Duration::from_secs(24 * 3_600);

/// What there is a limit of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Limited {
    /// What people at the clinic read: messages, registrations, places on the waiting list.
    Left,
    /// Appointments made or moved.
    Booked,
}

impl Limited {
    /// In keys and metrics.
    const fn word(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Booked => "booked",
        }
    }

    const fn most(self, limits: &LimitsConfig) -> u64 {
        match self {
            Self::Left => limits.left,
            Self::Booked => limits.booked,
        }
    }

    /// Tells what the caller can do instead.
    fn refusal(self, session: &Session) -> Outcome {
        let (operator, language) = (operator(session), session.language);
        let (say, next) = match (self, operator) {
            (Self::Left, Operator::There) => {
                (refusal::left_enough(operator, language), Some(ToolName::TransferToPerson))
            }
            (Self::Left, Operator::Away) => (refusal::left_enough(operator, language), None),
            (Self::Booked, Operator::There) => {
                (refusal::booked_enough(operator, language), Some(ToolName::TransferToPerson))
            }
            (Self::Booked, Operator::Away) => (refusal::booked_enough(operator, language), Some(ToolName::TakeMessage)),
        };
        let mut outcome = Outcome::told("rate_limited", say);
        outcome.result["next"] = next.into_iter().map(ToolName::name).collect();
        outcome
    }
}

/// Whether the caller may do one more; an error is what they are told. To be asked before the caller is, and again before it is done.
pub(super) async fn room(of: Limited, session: &Session) -> Result<(), Outcome> {
    for (key, most) in keys(of, session) {
        if session.shared.count(&key, 0).await >= most {
            let clinic = session.clinic.config.id.clone();
            metrics::counter!("rate_limited_total", "clinic" => clinic, "what" => of.word()).increment(1);
            tracing::warn!(call = %session.call.call, what = of.word(), "a caller has done as much as the clinic allows in a day");
            return Err(of.refusal(session));
        }
    }
    Ok(())
}

/// The caller did one more.
pub(super) async fn done(of: Limited, session: &Session) {
    for (key, _) in keys(of, session) {
        session.shared.count(&key, 1).await;
    }
}

/// What counts, and how much of it there may be.
fn keys(of: Limited, session: &Session) -> Vec<(Key, u64)> {
    let config = &session.clinic.config;
    let at = session.clinic.local(session.now);
    // Seconds as the clinic's own clock shows them: its day begins at its midnight.
    let now = at.timestamp().as_second() + i64::from(at.offset().seconds());
    let now = u64::try_from(now).unwrap_or_default();
    let key = |who: &str| {
        Key::rate(of.word(), &session.shared.pseudonym(&format!("{}|{}|{who}", config.id, of.word())), DAY, now)
    };
    let most = of.most(&config.limits);
    match calling_number(&session.call) {
        Some(number) => vec![(key(&number), most)],
        None => vec![(key(&session.call.call.to_string()), most), (key("withheld"), config.limits.withheld)],
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use super::super::call_back::CallBack;
    use super::super::tests::{left, session};
    use super::super::{MessageKind, for_staff};
    use super::*;
    use crate::call::CallId;
    use crate::clinic::Clinic;
    use crate::language::Language;
    use crate::privacy::Pii;
    use crate::state::{Shared, StateConfig};

    /// A further call from this number, in the same state.
    fn calls(caller: &str, first: &Session) -> Session {
        let mut again = first.clone();
        again.call.call = CallId::new();
        again.call.caller = Pii::new(caller.to_owned());
        again
    }

    async fn leaves(text: &str, session: &Session) -> Result<(), Outcome> {
        room(Limited::Left, session).await?;
        let number = CallBack::of("604-555-0123", session)?;
        for_staff::leave(MessageKind::Message, "Nova Sample", &number, text.to_owned(), session).await
    }

    #[tokio::test]
    async fn one_number_leaves_so_much_a_day_and_others_still_may() {
        let folder = tempfile::tempdir().unwrap();
        let first = session(folder.path(), &[]);
        let jane = "+16045550177";
        for note in 0..10 {
            assert_eq!(leaves(&note.to_string(), &calls(jane, &first)).await, Ok(()));
        }
        let last = calls(jane, &first);
        let mut said = BTreeSet::new();
        for language in Language::ALL {
            let refused = leaves("one more", &Session { language, ..last.clone() }).await.unwrap_err();
            assert_eq!(refused.result["code"], "rate_limited");
            said.insert(refused.result["say"].to_string());
        }
        assert_eq!(said.len(), Language::ALL.len());
        assert_eq!(left(folder.path()).lines().count(), 10, "nothing was written");
        assert_eq!(room(Limited::Booked, &last).await, Ok(()), "a limit of its own");
        assert_eq!(leaves("another", &calls("+16045550178", &first)).await, Ok(()));
        // Late in the evening there, and the next day, with summer time or without.
        let late = Session { now: "2026-11-22T06:30:00Z".parse().unwrap(), ..last.clone() };
        assert!(leaves("late", &late).await.is_err());
        let tomorrow = Session { now: "2026-11-22T08:05:00Z".parse().unwrap(), ..last };
        assert_eq!(leaves("the next day", &tomorrow).await, Ok(()));
    }

    #[tokio::test]
    async fn what_is_kept_already_does_not_count() {
        let folder = tempfile::tempdir().unwrap();
        let mut clinic = Clinic::sample();
        clinic.config.limits.left = 2;
        let first = Session { clinic: Arc::new(clinic), ..session(folder.path(), &[]) };
        for _ in 0..3 {
            assert_eq!(leaves("the same", &first).await, Ok(()));
        }
        assert_eq!(leaves("another", &first).await, Ok(()));
        assert!(leaves("a third", &first).await.is_err());
    }

    #[tokio::test]
    async fn callers_without_a_number_are_counted_by_call_and_together() {
        let folder = tempfile::tempdir().unwrap();
        let mut clinic = Clinic::sample();
        (clinic.config.limits.left, clinic.config.limits.withheld) = (2, 3);
        let first = Session { clinic: Arc::new(clinic), ..session(folder.path(), &[]) };
        let (one, other) = (calls("anonymous", &first), calls("", &first));
        for note in ["one", "two"] {
            assert_eq!(leaves(note, &one).await, Ok(()));
        }
        assert!(leaves("three", &one).await.is_err(), "of a call");
        assert_eq!(leaves("three", &other).await, Ok(()));
        assert!(leaves("four", &other).await.is_err(), "of all of them");
        assert_eq!(leaves("five", &calls("+16045550177", &first)).await, Ok(()));
    }

    #[tokio::test]
    async fn a_restart_clears_no_limit_and_no_number_stands_in_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let sealing = crate::store::at_rest::fresh(folder.path());
        let open = || Shared::sealed(&StateConfig::default(), folder.path(), sealing.clone()).unwrap();
        let mut clinic = Clinic::sample();
        clinic.config.limits.booked = 1;
        let of = |shared| Session { clinic: Arc::new(clinic.clone()), shared, ..session(folder.path(), &[]) };
        let before = of(open());
        done(Limited::Booked, &before).await;
        let name = before.shared.pseudonym("6045550177");
        drop(before);
        let after = of(open());
        assert!(room(Limited::Booked, &after).await.is_err());
        assert_eq!(after.shared.pseudonym("6045550177"), name);
        assert_ne!(Shared::default().pseudonym("6045550177"), name, "of use to nobody without the keys");
        assert!(!std::fs::read_to_string(folder.path().join("state.jsonl")).unwrap().contains("5550177"));
    }
}
