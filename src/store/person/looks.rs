//! Who looked at a person's chart: rows of the audit, also of calls that neither a number nor a name finds.
//!
//! Theirs are the charts that were named. Where none was, it is the one of the clinic's own book that was found, or the one that tools looked at in the calls
//! that were found: of several nobody can say which is whose, since families share telephones, and none is taken.

use super::{Held, Person};
use crate::emr::PatientRef;
use crate::store::audit::Which;
use crate::store::{Store, StoreError};

impl Store {
    /// Puts into `held` who looked at the charts that were named, or else at the one that was found in the book or in calls of `held`; or how many were.
    pub async fn look_for_looks(
        &self,
        held: &mut Held,
        named: Vec<PatientRef>,
        in_book: &[PatientRef],
        person: &Person,
    ) -> Result<(), StoreError> {
        let mut charts = named;
        if charts.is_empty() {
            let in_calls = || self.charts_in(held.calls.iter().flat_map(|call| &call.audit));
            charts = if in_book.is_empty() { in_calls() } else { in_book.to_vec() };
            if charts.len() > 1 {
                held.unclear_charts = charts.len();
                return Ok(());
            }
        }
        for chart in charts {
            let which = Which { chart: Some(chart), ..Which::default() };
            for row in self.audit_rows(&which, u32::MAX).await? {
                let call = row.subject.split('/').next().unwrap_or_default();
                if person.is_except(call) {
                    held.spared_looks.insert(call.to_owned());
                } else if !held.looks.contains(&row) {
                    held.looks.push(row);
                }
            }
        }
        held.looks.sort_by(|one, other| {
            (&one.at, &one.instance, one.number).cmp(&(&other.at, &other.instance, other.number))
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::tools::Trace;
    use crate::privacy::Pii;
    use crate::records::Past;
    use crate::store::audit::{Action, Note};
    use crate::store::person::Call;
    use crate::store::tests::{folder, store};

    fn chart(number: &str) -> PatientRef {
        PatientRef(Pii::new(number.to_owned()))
    }

    /// A row of a tool that looked at these charts in this call.
    fn look(store: &Store, call: &str, charts: &[&str]) -> Note {
        let patients = charts.iter().map(|number| store.sealed_chart(&chart(number)).unwrap()).collect();
        let detail = serde_json::to_string(&Trace { patients, ..Trace::default() }).ok();
        Note { detail, ..Note::new("attendant", Action::ToolUsed, &format!("{call}/run"), "done") }
    }

    fn found(audit: Vec<Note>) -> Held {
        let past = Past { call: "c1".to_owned(), entries: Vec::new(), recording: None, closed: Vec::new() };
        let call = Call {
            found_by: super::super::Why::default(),
            past,
            instance: String::new(),
            in_bucket: false,
            unreadable: None,
            tools: Vec::new(),
            audit,
        };
        Held { calls: vec![call], ..Held::default() }
    }

    #[tokio::test]
    async fn looks_from_calls_that_nothing_else_finds_are_theirs_once_their_chart_is_known() {
        let folder = folder();
        let store = store(folder.path(), "c").await;
        let notes = [
            look(&store, "c1", &["100100"]),
            look(&store, "c2", &["100100", "100200"]),
            look(&store, "c3", &["100200"]),
            look(&store, "c4", &["100100"]),
        ];
        for note in &notes {
            store.note(note).await.unwrap();
        }
        let looks = async |mut held: Held, named: &[&str], in_book: &[&str], except: &[&str]| {
            let except = except.iter().map(|id| (*id).to_owned()).collect();
            let person = Person { except, ..Person::default() };
            let of = |numbers: &[&str]| numbers.iter().map(|number| chart(number)).collect::<Vec<_>>();
            store.look_for_looks(&mut held, of(named), &of(in_book), &person).await.unwrap();
            let calls: Vec<String> = held.looks.into_iter().map(|row| row.subject[..2].to_owned()).collect();
            (calls.concat(), held.unclear_charts)
        };
        let (hers, of_two) = (notes[0].clone(), notes[1].clone());
        let alone = || found(vec![hers.clone()]);
        let of_several = || found(vec![hers.clone(), of_two.clone()]);
        assert_eq!(looks(alone(), &[], &[], &[]).await, ("c1c2c4".to_owned(), 0));
        assert_eq!(looks(alone(), &[], &[], &["c4"]).await, ("c1c2".to_owned(), 0), "but for another's");
        assert_eq!(looks(of_several(), &[], &[], &[]).await, (String::new(), 2), "whose is which?");
        assert_eq!(looks(of_several(), &["100200"], &[], &[]).await, ("c2c3".to_owned(), 0), "as was named");
        assert_eq!(looks(of_several(), &[], &["100100"], &[]).await, ("c1c2c4".to_owned(), 0), "as is in the book");
        assert_eq!(looks(alone(), &[], &["100100", "100200"], &[]).await, (String::new(), 2), "of a family");
        assert_eq!(looks(Held::default(), &[], &[], &[]).await, (String::new(), 0));
        let both = looks(Held::default(), &["100100", "100200"], &["100300"], &[]).await;
        assert_eq!(both, ("c1c2c3c4".to_owned(), 0), "each once");
    }
}
