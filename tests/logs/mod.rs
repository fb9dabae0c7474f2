//! No log of any test tells of anybody: what is logged in a process of tests, at every level and by every library that a clinic can ask
//! to log, is looked through for the people of the sample clinic and of the simulators. The first line that tells of one of them ends
//! the process, which fails the test. What the program's commands say is looked through by [`crate::program`].
//!
//! Ten digits may stand with what divides them, and birth dates as people write and say them. Names count as whole words, also as ears write them: in
//! small letters. Nobody is looked for who has a doctor's name.

use std::io::{self, Write};
use std::sync::LazyLock;

use attendant::telemetry;
use jiff::civil::Date;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Everything of ours; of libraries what tells how they were used. `TEST_LOG` goes before it: `off` for measures, which are of programs that
/// log as clinics have them.
const FILTER: &str = "debug,attendant=trace,attendant_media=trace";

/// Of the sample clinic's book and of the simulators' patients.
const NAMES: [&str; 12] =
    ["Roe", "ROE", "Wong", "Sandhu", "SANDHU", "Gagnon", "Gagné", "Xiao Ming", "Osgood", "Lopez", "O'Brien", "Gill"];

/// In no order; the first digits are the area's.
const NUMBERS: [&str; 19] = [
    "6045550177",
    "6045550123",
    "7785550124",
    "7785550131",
    "6045550145",
    "6045550158",
    "6045550166",
    "6045550167",
    "6045550168",
    "6045550170",
    "6045550171",
    "6045550172",
    "6045550163",
    "6045550112",
    "6045550113",
    "6045550114",
    "9698658215",
    "1234567897",
    "GAGE01580212",
];

const BIRTH_DATES: [&str; 12] = [
    "1984-03-09",
    "1957-11-30",
    "1971-06-18",
    "1990-01-25",
    "2001-08-02",
    "1962-04-12",
    "1988-12-01",
    "1931-02-14",
    "1979-07-07",
    "1995-05-05",
    "1971-11-30",
    "1950-06-01",
];

/// As callers of tests say them.
const SPOKEN: [&str; 3] =
    ["march ninth nineteen eighty four", "six zero four five five five zero one", "six oh four five five five oh one"];

/// [`NAMES`], and as they are in small letters.
static FAMILIES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut all: Vec<String> = NAMES.iter().flat_map(|name| [(*name).to_owned(), name.to_lowercase()]).collect();
    all.sort();
    all.dedup();
    all
});

/// A birth date as people write it.
fn written(date: &str) -> Vec<String> {
    let date: Date = date.parse().expect("a date");
    let forms = ["%B %-d, %Y", "%B %-d %Y", "%-d %B %Y", "%Y/%m/%d", "%m/%d/%Y", "%d/%m/%Y", "%m %d %Y"];
    let written = forms.map(|form| date.strftime(form).to_string());
    written.iter().map(|form| form.to_lowercase()).chain(written.iter().cloned()).collect()
}

/// Each of them as it may be written.
static TELLING: LazyLock<Vec<String>> = LazyLock::new(|| {
    let divided = |number: &&str| {
        let (area, rest) = number.split_at(3);
        let (three, four) = rest.split_at(3);
        let divided = ["-", " ", "."].map(|between| [area, three, four].join(between));
        [(*number).to_owned(), format!("({area}) {three}-{four}")].into_iter().chain(divided)
    };
    let numbers = NUMBERS.iter().flat_map(divided);
    let dates = BIRTH_DATES.into_iter().flat_map(|date| [date.to_owned(), date.replace('-', "")]);
    let said = BIRTH_DATES.into_iter().flat_map(written).chain(SPOKEN.map(str::to_owned));
    numbers.chain(dates).chain(said).collect()
});

#[ctor::ctor(unsafe)]
fn every_log_is_looked_through() {
    let lines = tracing_subscriber::fmt::layer().with_ansi(false).without_time().with_writer(LookedThrough);
    let filter = EnvFilter::try_from_env("TEST_LOG").unwrap_or_else(|_| EnvFilter::new(FILTER));
    let filtered = tracing_subscriber::registry().with(filter).with(telemetry::discreet());
    filtered.with(lines).init();
}

#[derive(Clone, Copy)]
struct LookedThrough;

impl Write for LookedThrough {
    /// A whole line at a time.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        if let Some(telling) = told(&text) {
            // No panic: whoever logs may catch it.
            writeln!(io::stderr().lock(), "a log tells of {telling}: {text}").ok();
            std::process::abort();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for LookedThrough {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        *self
    }
}

/// Whom a text tells of.
pub fn told(text: &str) -> Option<&str> {
    let named = FAMILIES.iter().find(|name| has_word(text, name));
    named.or_else(|| TELLING.iter().find(|telling| text.contains(telling.as_str()))).map(String::as_str)
}

fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        ![before, after].into_iter().flatten().any(char::is_alphanumeric)
    })
}

#[test]
fn who_is_told_of_is_found_and_who_is_not_is_not() {
    for told_of in [
        "found Roe, Jane",
        "caller=+16045550177",
        "604-555-0177 rang",
        "(604) 555-0123 is in the chart",
        "604.555.0168",
        "card \"9698658215\"",
        "born 1984-03-09",
        "birthdate=19840309",
        "heard: my name is jane roe",
        "heard: march ninth nineteen eighty four",
        "heard: March 9, 1984",
        "birthDate=1984/03/09",
    ] {
        assert!(told(told_of).is_some(), "{told_of}");
    }
    for nobody in ["Roentgen", "hero", "call=6045550178 to the clinic", "2026-03-09 started", "Dr. Singh's slots"] {
        assert_eq!(told(nobody), None, "{nobody}");
    }
}

/// A chart of the simulators' or of the sample book's.
struct Seeded {
    family: String,
    birth_date: String,
    /// As they stand there; some are empty.
    numbers: Vec<String>,
}

/// Family names that stand in logs for other things too.
const ANYTHING: [&str; 7] = ["Example", "EXAMPLE", "Lin", "Twin", "Former", "Late", "Counter"];

/// The first is the sample clinic's own line too, the other what carriers' tests dial.
const OTHERS_TOO: [&str; 2] = ["6045550142", "6045550111"];

/// Of a file of TOML: where a patient's family name, birth date and numbers stand.
fn in_toml(text: &str, keys: [&str; 2], patient: impl Fn(&toml::Table) -> (toml::Table, Vec<String>)) -> Vec<Seeded> {
    let file: toml::Table = toml::from_str(text).expect("the seed is TOML");
    let patients = file["patients"].as_array().expect("it has patients");
    let text = |table: &toml::Table, key: &str| table[key].as_str().expect("a text").to_owned();
    let tables = patients.iter().map(|one| one.as_table().expect("a table"));
    let [family, birth_date] = keys;
    tables
        .map(|one| {
            let (names, numbers) = patient(one);
            Seeded { family: text(&names, family), birth_date: text(one, birth_date), numbers }
        })
        .collect()
}

fn texts(table: &toml::Table, keys: &[&str]) -> Vec<String> {
    keys.iter().filter_map(|key| Some(table.get(*key)?.as_str()?.to_owned())).collect()
}

fn in_the_book() -> Vec<Seeded> {
    in_toml(include_str!("../../agents/sample-book.toml"), ["last_name", "birth_date"], |one| {
        let phones = one["phones"].as_array().expect("a list").iter();
        let mut numbers: Vec<String> = phones.filter_map(|phone| Some(phone.as_str()?.to_owned())).collect();
        numbers.extend(
            one.get("card").and_then(toml::Value::as_table).map(|card| texts(card, &["number"])).unwrap_or_default(),
        );
        (one.clone(), numbers)
    })
}

fn in_oscar() -> Vec<Seeded> {
    in_toml(include_str!("../../src/sim/oscar/sample.toml"), ["lastName", "born"], |one| {
        let texts_of_it = one["texts"].as_table().expect("a table");
        (texts_of_it.clone(), texts(texts_of_it, &["phone", "phone2", "hin"]))
    })
}

/// A line of its source each.
fn in_fhir() -> Vec<Seeded> {
    let lines = include_str!("../../src/sim/fhir/seed.rs").lines().map(str::trim);
    let people = lines.filter(|line| line.starts_with("person(\""));
    let quoted = people.map(|line| line.split('"').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>());
    quoted
        .map(|one| Seeded { family: one[2].clone(), birth_date: one[3].clone(), numbers: vec![one[4].clone()] })
        .collect()
}

#[test]
fn everybody_who_is_seeded_is_looked_for() {
    let seeds = [in_the_book(), in_oscar(), in_fhir()];
    assert!(seeds.iter().all(|seed| seed.len() > 6), "{:?}", seeds.each_ref().map(Vec::len));
    for Seeded { family, birth_date, numbers } in seeds.into_iter().flatten() {
        assert!(told(&birth_date).is_some(), "{birth_date}");
        assert!(ANYTHING.contains(&family.as_str()) || told(&family).is_some(), "{family}");
        for number in numbers.iter().filter(|number| !number.is_empty()) {
            let plain: String = number.chars().filter(char::is_ascii_alphanumeric).collect();
            let is_of_others = OTHERS_TOO.iter().any(|other| plain.contains(other));
            assert!(is_of_others || told(number).is_some(), "{number}");
        }
    }
}
