//! An appointment as OSCAR keeps it, with every field that came: an update overwrites them all, and what is left out becomes null.
//!
//! Decides what a status means (never a template code: the two alphabets have nothing to do with each other), which rows hold their
//! time, and how the fields of a change are written: times without offset, the end always computed anew.

use std::borrow::Cow;

use jiff::civil::DateTime;

use super::super::{Appointment, AppointmentRef, PatientRef, Place, ProviderRef, slot};
use super::envelope::Field;
use super::wall;
use super::xml::Element;
use crate::privacy::Pii;

/// A new appointment: "To Do".
const TO_DO: &str = "t";

const CANCELLED: char = 'C';

/// To do, daysheet printed, and the clinic's own. Whoever is here, was picked up, billed or did not come is no longer moved by telephone.
const MOVABLE: [char; 7] = ['t', 'T', 'a', 'b', 'c', 'd', 'e'];

/// Written by OSCAR itself; what a caller sends is ignored.
const ITS_OWN: [&str; 4] = ["createDateTime", "updateDateTime", "creator", "lastUpdateUser"];

/// Characters of the columns; longer text is refused by some databases and cut by others.
const LONGEST: [(&str, usize); 8] = [
    ("providerNo", 6),
    ("name", 50),
    ("reason", 80),
    ("notes", 255),
    ("location", 30),
    ("type", 50),
    ("remarks", 50),
    ("resources", 255),
];

const START: &str = "appointmentStartDateTime";
const END: &str = "appointmentEndDateTime";

/// Without Debug: it holds a patient's name.
#[derive(Clone)]
pub(super) struct Row {
    pub id: u64,
    /// None: nobody may be booked then.
    pub patient: Option<u64>,
    pub provider: ProviderRef,
    pub start: DateTime,
    /// Exclusive, mended.
    pub end: DateTime,
    /// The first sign; the second tells whether it was signed or verified.
    status: Option<char>,
    /// The account that made it.
    pub creator: Option<String>,
    fields: Vec<(String, String)>,
}

impl Row {
    /// `None`: no id, start or provider.
    pub(super) fn read(bean: &Element) -> Option<Self> {
        let start = wall::read(bean.text_of(START)?)?;
        let stored = bean.text_of(END).and_then(wall::read).unwrap_or(start);
        let text = |name: &str| bean.text_of(name).filter(|text| !text.is_empty());
        // Only texts: an object within would be one of a later version, which an update of this one cannot carry.
        let fields = bean.children.iter().filter(|child| child.children.is_empty() && !child.nil);
        Some(Self {
            id: bean.number_of("id")?,
            patient: bean.number_of("demographicNo").filter(|number| *number != 0),
            provider: ProviderRef(text("providerNo")?.to_owned()),
            start,
            end: wall::exclusive_end(start, stored),
            status: text("status").and_then(|status| status.chars().next()),
            creator: text("creator").map(str::to_owned),
            fields: fields.map(|child| (child.name.clone(), child.text.clone())).collect(),
        })
    }

    /// Whether it holds its time: everything but what was cancelled, blocks and rows without a status too.
    pub(super) fn is_active(&self) -> bool {
        self.status != Some(CANCELLED)
    }

    pub(super) fn is_movable(&self) -> bool {
        self.status.is_some_and(|status| MOVABLE.contains(&status))
    }

    pub(super) fn is_at(&self, provider: &ProviderRef, start: DateTime) -> bool {
        self.provider == *provider && self.start == start
    }

    /// Shares a moment; a row without length takes its first second.
    pub(super) fn overlaps(&self, place: &Place) -> bool {
        let end = self.end.max(self.start.saturating_add(jiff::SignedDuration::from_secs(1)));
        self.provider == place.provider && slot::overlap((self.start, end), (place.start, place.end))
    }

    pub(super) fn appointment(&self) -> Appointment {
        Appointment {
            id: AppointmentRef(self.id.to_string()),
            patient: self.patient.map(|number| PatientRef(Pii::new(number.to_string()))),
            provider: self.provider.clone(),
            start: self.start,
            end: self.end,
        }
    }

    pub(super) fn place(&self) -> Place {
        Place { provider: self.provider.clone(), start: self.start, end: self.end }
    }

    /// All its fields, for an update that changes its place or nothing.
    pub(super) fn at(&self, place: &Place) -> Vec<Field> {
        self.with(&[
            ("providerNo", place.provider.0.clone()),
            (START, wall::written(place.start)),
            (END, wall::written(place.end)),
        ])
    }

    pub(super) fn cancelled(&self) -> Vec<Field> {
        self.with(&[
            (START, wall::written(self.start)),
            (END, wall::written(self.end)),
            ("status", CANCELLED.to_string()),
        ])
    }

    /// What came, with these instead: in the order in which it came.
    fn with(&self, changes: &[(&'static str, String)]) -> Vec<Field> {
        let change = |name: &str| changes.iter().find(|(changed, _)| *changed == name).map(|(_, text)| text.clone());
        let kept = self.fields.iter().filter(|(name, _)| !ITS_OWN.contains(&name.as_str()));
        let mut fields: Vec<Field> =
            kept.map(|(name, text)| (Cow::Owned(name.clone()), change(name).unwrap_or_else(|| text.clone()))).collect();
        let new = changes.iter().filter(|(name, _)| !self.fields.iter().any(|(kept, _)| kept == name));
        fields.extend(new.map(|(name, text)| (Cow::Borrowed(*name), text.clone())));
        fields
    }
}

/// What a new appointment is written with.
pub(super) struct Wanted<'a> {
    pub patient: u64,
    /// "Last, First": OSCAR does not fill it in.
    pub name: &'a str,
    pub place: &'a Place,
    pub kind: &'a str,
    /// The kind, and what the visit is about.
    pub reason: &'a str,
    pub notes: &'a str,
}

impl Wanted<'_> {
    pub(super) fn fields(&self) -> Vec<Field> {
        let field = |name: &'static str, text: String| (Cow::Borrowed(name), cut(name, text));
        vec![
            field(END, wall::written(self.place.end)),
            field(START, wall::written(self.place.start)),
            field("demographicNo", self.patient.to_string()),
            field("name", self.name.to_owned()),
            field("notes", self.notes.to_owned()),
            field("programId", "0".to_owned()),
            field("providerNo", self.place.provider.0.clone()),
            field("reason", self.reason.to_owned()),
            field("status", TO_DO.to_owned()),
            field("type", self.kind.to_owned()),
        ]
    }
}

fn cut(name: &str, text: String) -> String {
    match LONGEST.iter().find(|(column, _)| *column == name) {
        Some((_, longest)) if text.chars().count() > *longest => text.chars().take(*longest).collect(),
        Some(_) | None => text,
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::datetime;

    use super::super::xml;
    use super::*;

    fn row(inner: &str) -> Option<Row> {
        let text = format!("<Envelope><Body><r><return>{inner}</return></r></Body></Envelope>");
        Row::read(xml::answer(text.as_bytes()).ok().unwrap().child("return").unwrap())
    }

    const STORED: &str = "<appointmentEndDateTime>2026-03-03T09:14:59-05:00</appointmentEndDateTime>\
        <appointmentStartDateTime>2026-03-03T09:00:00-05:00</appointmentStartDateTime><billing></billing>\
        <bookingSource>OSCAR</bookingSource><createDateTime>2026-03-01T10:00:00-05:00</createDateTime>\
        <creator>attendant</creator><demographicNo>42</demographicNo><id>18</id><lastUpdateUser>900</lastUpdateUser>\
        <name>TEST, ANNE</name><notes>bring &lt;forms&gt;</notes><programId>0</programId><providerNo>101</providerNo>\
        <status>tS</status><updateDateTime>2026-03-01T10:00:00-05:00</updateDateTime>";

    fn text(fields: &[Field], name: &str) -> Option<String> {
        fields.iter().find(|(field, _)| field == name).map(|(_, text)| text.clone())
    }

    #[test]
    fn a_row_is_read_with_its_digits_and_its_end_mended() {
        let row = row(STORED).unwrap();
        assert_eq!((row.id, row.patient), (18, Some(42)));
        assert_eq!(row.start, datetime(2026, 3, 3, 9, 0, 0, 0));
        assert_eq!(row.end, datetime(2026, 3, 3, 9, 15, 0, 0));
        assert!(row.is_active() && row.is_movable());
        assert_eq!(row.creator.as_deref(), Some("attendant"));
    }

    #[test]
    fn an_update_carries_every_field_and_no_offset() {
        let row = row(STORED).unwrap();
        let fields = row.cancelled();
        for (name, want) in [
            (END, "2026-03-03T09:15:00"),
            (START, "2026-03-03T09:00:00"),
            ("billing", ""),
            ("bookingSource", "OSCAR"),
            ("demographicNo", "42"),
            ("id", "18"),
            ("name", "TEST, ANNE"),
            ("notes", "bring <forms>"),
            ("programId", "0"),
            ("providerNo", "101"),
            ("status", "C"),
        ] {
            assert_eq!(text(&fields, name).as_deref(), Some(want), "{name}");
        }
        assert_eq!(fields.len(), 11, "what OSCAR writes itself is left out");
        let to = Place {
            provider: ProviderRef("102".into()),
            start: datetime(2026, 3, 4, 10, 0, 0, 0),
            end: datetime(2026, 3, 4, 10, 15, 0, 0),
        };
        let fields = row.at(&to);
        assert_eq!(text(&fields, "providerNo").as_deref(), Some("102"));
        assert_eq!(text(&fields, "status").as_deref(), Some("tS"));
        assert_eq!(text(&fields, END).as_deref(), Some("2026-03-04T10:15:00"));
    }

    #[test]
    fn a_status_is_no_template_code() {
        let with = |status: &str| row(&STORED.replace("<status>tS</status>", status)).unwrap();
        for (status, active, movable) in [
            ("<status>t</status>", true, true),
            ("<status>T</status>", true, true),
            ("<status>a</status>", true, true),
            ("<status>C</status>", false, false),
            ("<status>CS</status>", false, false),
            ("<status>c</status>", true, true),
            ("<status>N</status>", true, false),
            ("<status>B</status>", true, false),
            ("<status>H</status>", true, false),
            ("<status></status>", true, false),
            ("", true, false),
        ] {
            let row = with(status);
            assert_eq!((row.is_active(), row.is_movable()), (active, movable), "{status}");
        }
    }

    #[test]
    fn blocks_belong_to_nobody_and_hold_their_time() {
        let row =
            row(&STORED.replace("<demographicNo>42<", "<demographicNo>0<").replace("09:14:59", "09:00:00")).unwrap();
        assert_eq!(row.patient, None);
        assert!(row.is_active());
        let place = |from: i8, to: i8| Place {
            provider: ProviderRef("101".into()),
            start: datetime(2026, 3, 3, 9, from, 0, 0),
            end: datetime(2026, 3, 3, 9, to, 0, 0),
        };
        assert!(row.overlaps(&place(0, 15)), "without length it takes its first second");
        assert!(!row.overlaps(&place(15, 30)));
    }

    #[test]
    fn what_is_no_appointment_is_none() {
        assert!(row("<id>1</id>").is_none());
        assert!(row(&STORED.replace("<id>18</id>", "<id>x</id>")).is_none());
    }

    #[test]
    fn long_texts_are_cut_to_their_columns() {
        let place = Place {
            provider: ProviderRef("101".into()),
            start: datetime(2026, 3, 3, 9, 0, 0, 0),
            end: datetime(2026, 3, 3, 9, 15, 0, 0),
        };
        let name = "é".repeat(60);
        let wanted = Wanted {
            patient: 42,
            name: &name,
            place: &place,
            kind: "follow-up",
            reason: "follow-up",
            notes: &"x".repeat(300),
        };
        let fields = wanted.fields();
        assert_eq!(text(&fields, "name").unwrap().chars().count(), 50);
        assert_eq!(text(&fields, "notes").unwrap().len(), 255);
        assert_eq!(text(&fields, "status").as_deref(), Some("t"));
        assert_eq!(text(&fields, "programId").as_deref(), Some("0"));
    }
}
