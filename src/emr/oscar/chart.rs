//! A chart of OSCAR, and how the charts of a caller are found.
//!
//! Searched by birth date, which OSCAR compares exactly, and compared here: names in charts vary in accents, case and order. Where too
//! many were born that day, names in both orders and the number called from narrow it. Only active charts count, and one that was merged
//! into another is that other. Mobile numbers in OSCAR's extension table are invisible to every search.

use std::collections::BTreeSet;

use futures_util::future::try_join_all;
use jiff::civil::Date;

use super::super::failure::Failure;
use super::super::phone::number;
use super::super::{Number, Patient, PatientRef, Sought, card};
use super::operations::{CHARTS, Search};
use super::soap::Soap;
use super::xml::Element;
use crate::privacy::Pii;

/// In a chart that takes bookings.
const ACTIVE: &str = "AC";

/// A chart merged into one that was merged: more than this is a circle.
const MOST_MERGES: usize = 3;

/// Without Debug: it is a patient.
pub(super) struct Chart {
    id: u64,
    /// The chart that this one was merged into.
    head: Option<u64>,
    active: bool,
    born: Option<Date>,
    first_name: String,
    last_name: String,
    phones: Vec<String>,
    postal_code: Option<String>,
    card: String,
}

impl Chart {
    pub(super) fn read(bean: &Element) -> Option<Self> {
        let text = |name: &str| bean.text_of(name).unwrap_or_default();
        let id = bean.number_of("demographicNo")?;
        // `dateOfBirth` is the day of the month alone.
        let part = |name: &str| text(name).parse::<i16>().ok();
        let small = |name: &str| part(name).and_then(|n| i8::try_from(n).ok());
        let born = part("yearOfBirth").zip(small("monthOfBirth")).zip(small("dateOfBirth"));
        Some(Self {
            id,
            head: bean.number_of("headRecord").filter(|head| *head != 0 && *head != id),
            active: text("patientStatus") == ACTIVE,
            born: born.and_then(|((year, month), day)| Date::new(year, month, day).ok()),
            first_name: text("firstName").to_owned(),
            last_name: text("lastName").to_owned(),
            phones: ["phone", "phone2", "cellPhone"].iter().filter_map(|name| number(text(name))).collect(),
            postal_code: card::postal_code(text("postal")),
            card: text("hin").to_owned(),
        })
    }

    /// Whether new appointments may be written for it.
    pub(super) const fn takes_bookings(&self) -> bool {
        self.active && self.head.is_none()
    }

    /// As the day view shows it.
    pub(super) fn name(&self) -> String {
        format!("{}, {}", self.last_name, self.first_name)
    }

    fn has(&self, number: &Number) -> bool {
        match number {
            Number::Telephone(phone) => self.phones.contains(phone.reveal()),
            Number::HealthCard(card) => card::signs(&self.card) == *card.reveal(),
        }
    }

    fn patient(self) -> Option<Patient> {
        Some(Patient {
            id: PatientRef(Pii::new(self.id.to_string())),
            birth_date: Pii::new(self.born?),
            first_name: Pii::new(self.first_name),
            last_name: Pii::new(self.last_name),
            phones: self.phones.into_iter().map(Pii::new).collect(),
            postal_code: self.postal_code.map(Pii::new),
            card_last4: card::last4(&self.card).map(Pii::new),
        })
    }
}

/// How a number may stand in a chart, each as part of a text: OSCAR searches for exactly these signs.
fn forms(number: &str) -> Vec<String> {
    match (number.get(..3), number.get(3..6), number.get(6..10)) {
        (Some(area), Some(office), Some(line)) if number.len() == 10 => {
            vec![format!("{office}-{line}"), number.to_owned(), format!("({area}) {office}-{line}")]
        }
        _ => Vec::new(),
    }
}

/// Signs that stand for others in a search.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && !text.contains(['%', '_', '\\'])
}

impl Soap {
    pub(super) async fn find(&self, sought: &Sought) -> Result<Vec<Patient>, Failure> {
        let born = *sought.birth_date.reveal();
        let everybody = Search { birth_date: Some(born), ..Search::default() };
        let mut found = self.charts(&everybody).await?;
        if found.len() >= CHARTS {
            let names = [sought.last_name.reveal(), sought.first_name.reveal()];
            let numbers: Vec<String> = sought.calling_from.iter().flat_map(|number| forms(number.reveal())).collect();
            let by_name = names.iter().filter(|name| is_plain(name)).map(|name| Search {
                last_name: Some(name),
                birth_date: Some(born),
                ..Search::default()
            });
            let by_number =
                numbers.iter().map(|phone| Search { phone: Some(phone), birth_date: Some(born), ..Search::default() });
            let searches: Vec<Search<'_>> = by_name.chain(by_number).collect();
            let narrowed = try_join_all(searches.iter().map(|search| self.charts(search))).await?;
            found.extend(narrowed.into_iter().flatten());
        }
        self.live(found, |chart| chart.born == Some(born)).await
    }

    /// Of the mobile numbers that no search sees, none.
    pub(super) async fn find_by(&self, number: &Number) -> Result<Vec<Patient>, Failure> {
        let found = match number {
            Number::Telephone(phone) => self.with_phone(phone.reveal()).await?,
            Number::HealthCard(card) => self.charts(&Search { card: Some(card.reveal()), ..Search::default() }).await?,
        };
        self.live(found, |chart| chart.has(number)).await
    }

    /// By its last four digits, which are together however it is written; where too many have them, by the forms in which numbers are mostly written.
    async fn with_phone(&self, phone: &str) -> Result<Vec<Chart>, Failure> {
        let last = phone.get(6..).unwrap_or(phone);
        let found = self.charts(&Search { phone: Some(last), ..Search::default() }).await?;
        if found.len() < CHARTS {
            return Ok(found);
        }
        let forms = forms(phone);
        let searches: Vec<Search<'_>> =
            forms.iter().map(|form| Search { phone: Some(form), ..Search::default() }).collect();
        let more = try_join_all(searches.iter().map(|search| self.charts(search))).await?;
        Ok(found.into_iter().chain(more.into_iter().flatten()).collect())
    }

    /// Those that take bookings, each once: what was merged is what it was merged into.
    async fn live(&self, found: Vec<Chart>, fits: impl Fn(&Chart) -> bool + Send) -> Result<Vec<Patient>, Failure> {
        let mut seen = BTreeSet::new();
        let mut patients = Vec::new();
        for chart in found {
            let Some(chart) = self.head(chart).await? else { continue };
            if chart.takes_bookings() && fits(&chart) && seen.insert(chart.id) {
                patients.extend(chart.patient());
            }
        }
        Ok(patients)
    }

    /// The chart that this one became.
    async fn head(&self, mut chart: Chart) -> Result<Option<Chart>, Failure> {
        for _ in 0..MOST_MERGES {
            let Some(head) = chart.head else { return Ok(Some(chart)) };
            match self.chart(head).await? {
                Some(next) => chart = next,
                None => return Ok(None),
            }
        }
        Ok(chart.head.is_none().then_some(chart))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::xml;
    use super::*;
    use crate::agent::digits;

    fn chart(inner: &str) -> Chart {
        let text = format!("<Envelope><Body><r><return>{inner}</return></r></Body></Envelope>");
        Chart::read(xml::answer(text.as_bytes()).ok().unwrap().child("return").unwrap()).unwrap()
    }

    const JANE: &str = "<dateOfBirth>09</dateOfBirth><demographicNo>42</demographicNo><firstName>JANE</firstName>\
        <headRecord>0</headRecord><hin>9698658215</hin><lastName>ROE</lastName><monthOfBirth>03</monthOfBirth>\
        <patientStatus>AC</patientStatus><phone>604-555-0123</phone><phone2>(778) 555-0199 x12</phone2>\
        <postal>v6b 1a1</postal><yearOfBirth>1984</yearOfBirth>";

    #[test]
    fn a_chart_gives_what_tells_its_owner_and_no_more() {
        let patient = chart(JANE).patient().unwrap();
        assert_eq!(patient.id, PatientRef(Pii::new("42".into())));
        assert_eq!(*patient.birth_date.reveal(), jiff::civil::date(1984, 3, 9));
        assert_eq!(patient.phones, [Pii::new("6045550123".to_owned()), Pii::new("7785550199".to_owned())]);
        assert_eq!(patient.postal_code, Some(Pii::new("V6B1A1".into())));
        assert_eq!(patient.card_last4, Some(Pii::new("8215".into())));
        assert!(!format!("{patient:?}").contains("JANE"));
    }

    #[test]
    fn inactive_deceased_and_merged_charts_take_no_bookings() {
        assert!(chart(JANE).takes_bookings());
        for status in ["IN", "DE", "MO", "FI", "ac", ""] {
            assert!(!chart(&JANE.replace(">AC<", &format!(">{status}<"))).takes_bookings(), "{status}");
        }
        assert!(!chart(&JANE.replace("<headRecord>0<", "<headRecord>7<")).takes_bookings());
    }

    #[test]
    fn a_birth_date_that_is_none_is_nobodys() {
        assert!(chart(&JANE.replace(">03<", ">13<")).patient().is_none());
        assert!(chart(&JANE.replace("<yearOfBirth>1984</yearOfBirth>", "")).patient().is_none());
    }

    #[test]
    fn numbers_are_searched_for_as_people_write_them() {
        assert_eq!(forms("6045550123"), ["555-0123", "6045550123", "(604) 555-0123"]);
        assert_eq!(forms("123"), Vec::<String>::new());
        assert!(is_plain("O'Neil") && !is_plain("%") && !is_plain("R_e") && !is_plain(""));
    }

    proptest! {
        /// Whatever stands around them, the ten digits are found, and nothing breaks.
        #[test]
        fn ten_digits_are_found_in_any_dress(n in 0_u32..10_000_000, form in 0_usize..3, after in "( ?x[0-9]{1,4})?") {
            let number = format!("604{:07}", 2_000_000 + n % 8_000_000);
            if digits::telephone(&number).is_some() {
                let dressed = format!("{}{after}", if form == 0 { format!("1-604-{}", forms(&number)[0]) } else { forms(&number)[form].clone() });
                prop_assert_eq!(super::number(&dressed), Some(number));
            }
        }

        #[test]
        fn no_text_breaks_a_number(text in "\\PC{0,24}") {
            super::number(&text);
        }
    }
}
