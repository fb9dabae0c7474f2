//! No log of any test tells of anybody: what is logged in a process of tests, at every level and by every library that a clinic can ask
//! to log, is looked through for the people of the sample clinic and of the simulators. The first line that tells of one of them ends
//! the process, which fails the test. What the program's commands say is looked through by [`crate::program`].
//!
//! Ten digits may stand with what divides them. Names count as whole words. Nobody is looked for who has a doctor's name.

use std::io::{self, Write};
use std::sync::LazyLock;

use attendant::telemetry;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Everything of ours; of libraries what tells how they were used. `TEST_LOG` goes before it: `off` for measures, which are of programs that
/// log as clinics have them.
const FILTER: &str = "debug,attendant=trace,attendant_media=trace";

/// Of the sample clinic's book and of the simulators' patients.
const NAMES: [&str; 9] = ["Roe", "ROE", "Wong", "Sandhu", "SANDHU", "Gagnon", "Osgood", "Lopez", "O'Brien"];

/// In no order; the first digits are the area's.
const NUMBERS: [&str; 14] = [
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
    "9698658215",
    "1234567897",
    "GAGE01580212",
];

const BIRTH_DATES: [&str; 6] = ["1984-03-09", "1957-11-30", "1971-06-18", "1990-01-25", "2001-08-02", "1962-04-12"];

/// Each of them as it may be written.
static TELLING: LazyLock<Vec<String>> = LazyLock::new(|| {
    let divided = |number: &&str| {
        let (area, rest) = number.split_at(3);
        let (three, four) = rest.split_at(3);
        [(*number).to_owned(), format!("{area}-{three}-{four}"), format!("{area} {three} {four}")]
    };
    let numbers = NUMBERS.iter().flat_map(divided);
    numbers.chain(BIRTH_DATES.into_iter().map(str::to_owned)).collect()
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
    let named = NAMES.into_iter().find(|name| has_word(text, name));
    named.or_else(|| TELLING.iter().map(String::as_str).find(|telling| text.contains(telling)))
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
    for told_of in
        ["found Roe, Jane", "caller=+16045550177", "604-555-0177 rang", "card \"9698658215\"", "born 1984-03-09"]
    {
        assert!(told(told_of).is_some(), "{told_of}");
    }
    for nobody in ["Roentgen", "hero", "call=6045550178 to the clinic", "2026-03-09 started", "Dr. Singh's slots"] {
        assert_eq!(told(nobody), None, "{nobody}");
    }
}
