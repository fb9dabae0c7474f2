//! What is said to be another's (`--except`) has to be among what was found: an id that was mistyped would spare nothing, and what it was to spare would be
//! given out or erased.

use std::collections::BTreeSet;

use anyhow::anyhow;

use crate::emr::book::person::Theirs;
use crate::store::person::Held;

/// Those of `except` that nothing has which was found, each once.
pub(super) fn strangers<const N: usize>(except: &[String], found: [(&Held, &Theirs); N]) -> Vec<String> {
    let known: BTreeSet<String> = found.into_iter().flat_map(|(held, theirs)| ids(held, theirs)).collect();
    let except: BTreeSet<&String> = except.iter().collect();
    except.into_iter().filter(|id| !known.contains(*id)).cloned().collect()
}

/// By which something of it can be spared.
fn ids(held: &Held, theirs: &Theirs) -> BTreeSet<String> {
    let calls = held.calls.iter().map(|call| call.past.call.clone());
    let messages = held.messages.iter().map(|left| left.message.id.clone());
    let appointments = held.appointments.iter().map(|booked| booked.id.clone());
    let charts = held.charts.iter().map(|made| made.id.clone());
    let numbers = theirs.numbers.iter().map(|chart| format!("chart-{}", chart.0.reveal()));
    let looks = held.looks.iter().filter_map(|row| row.subject.split('/').next()).map(str::to_owned);
    let spared = held.spared_looks.iter().cloned();
    calls.chain(messages).chain(appointments).chain(charts).chain(numbers).chain(looks).chain(spared).collect()
}

/// What was typed is repeated: who sees the error typed it, and ids say nothing of anybody.
pub(super) fn refusal(strangers: &[String]) -> anyhow::Error {
    anyhow!(
        "--except {}: not among what was found, and nothing was given out or erased; copy whole ids from the list of what was found without --except, and leave out what is gone since",
        strangers.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::super::{Served, Sought, held};
    use crate::cli::Exit;
    use crate::clinic::Clinic;
    use crate::config::Config;
    use crate::emr::book::{self, Book};
    use crate::emr::{Emr, NewAppointment, PatientRef, Place, ProviderRef, VisitKind};
    use crate::privacy::Pii;
    use crate::records::RecordsConfig;
    use crate::store::{Store, StoreConfig};

    #[tokio::test]
    async fn an_id_that_is_not_among_what_was_found_is_refused_before_anything_is_given_out_or_erased() {
        let (folder, clinic) = (tempfile::tempdir().unwrap(), Clinic::sample());
        let (id, at) = (clinic.config.id.clone(), folder.path().join(book::FOLDER));
        let store = Store::open(&StoreConfig::default(), folder.path(), clinic.tenant()).unwrap();
        store.make_ready().await.unwrap();
        let (today, day) = (date(2026, 11, 21), date(2026, 11, 30));
        let own = Book::sealed(&at, &clinic, today, &store.sealing().of_clinic(&id)).unwrap();
        let new = NewAppointment {
            patient: PatientRef(Pii::new("1001".to_owned())),
            place: Place {
                provider: ProviderRef("101".to_owned()),
                start: day.at(9, 0, 0, 0),
                end: day.at(9, 15, 0, 0),
            },
            kind: VisitKind::FollowUp,
            reason: None,
            key: "hers".to_owned(),
        };
        own.book(new).await.unwrap();
        drop(own);
        let who = folder.path().join("who.txt");
        std::fs::write(&who, "+1 604-555-0177\n").unwrap();
        let records = RecordsConfig { path: Some(folder.path().to_owned()), ..RecordsConfig::default() };
        let served = Served { clinic, config: Config { records, ..Config::default() } };
        let sought = |except: &[&str]| Sought {
            clinic: id.clone(),
            who: who.clone(),
            except: except.iter().map(|id| (*id).to_owned()).collect(),
        };
        let (all, _) = held(&served, &store, &sought(&[]), "request-1").await.unwrap();
        let hers = all.appointments[0].id.clone();

        let mistyped = sought(&[&hers, "chart-1001", "apointment-7"]);
        let refused = held(&served, &store, &mistyped, "request-2").await.err().unwrap();
        let told = refused.why.to_string();
        assert_eq!(refused.exit, Exit::Usage);
        assert!(told.contains("--except apointment-7: not among what was found"), "{told}");

        let (spared, _) = held(&served, &store, &sought(&[&hers, "chart-1001"]), "request-3").await.unwrap();
        assert!(spared.appointments.is_empty());
    }
}
