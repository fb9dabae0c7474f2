//! How long a clinic keeps what it has of its callers: `[retention]` of its file, in whole days of its own calendar.
//!
//! Pure. The defaults are the longest that requirements name; of the audit it is the time that clinics keep such rows.

use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;

/// `[retention]` of a clinic's file. Days, on top of the one on which it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RetentionConfig {
    /// What was said, and whatever else happened in a call that may repeat it.
    pub transcripts_days: u16,
    pub recordings_days: u16,
    /// What callers left for the staff.
    pub messages_days: u16,
    /// Who rang and when, the figures of each turn, costs, steps of tools: a call as a whole.
    pub calls_days: u16,
    /// Who did what: rows of the audit.
    pub audit_days: u16,
}

impl Default for RetentionConfig {
    fn default() -> Self {
        Self { transcripts_days: 90, recordings_days: 90, messages_days: 90, calls_days: 365, audit_days: SEVEN_YEARS }
    }
}

/// What came before these moments is past its time. Milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cutoffs {
    pub transcripts: i64,
    pub recordings: i64,
    pub messages: i64,
    /// Of what somebody asked for and nobody has finished.
    pub open_requests: i64,
    pub calls: i64,
    pub audit: i64,
}

/// So long clinics keep who looked at a chart.
const SEVEN_YEARS: u16 = 2_557;

/// Who asks for a year back is to be answered.
const SHORTEST_AUDIT: u16 = 365;

/// Fifty years.
const LONGEST_AUDIT: u16 = 18_262;

/// Ten years.
const LONGEST: u16 = 3_650;

/// So many times as long as other messages an open request is kept: whoever asked to be registered is not forgotten because nobody looked, and not kept for
/// ever either.
const OPEN_REQUESTS: u16 = 2;

/// The staff are to have read a message before it goes.
const SHORTEST_MESSAGES: u16 = 7;

impl RetentionConfig {
    /// What is wrong, as `key: what is wrong; what to write instead`.
    pub fn check(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut within = |key: &str, days: u16, least: u16, most: u16, why: &str| {
            if !(least..=most).contains(&days) {
                wrong.push(format!("retention.{key}: {days} does not fit{why}; write {least} to {most}"));
            }
        };
        // A call's bill is counted again at the start of its day, and of the next.
        within("calls_days", self.calls_days, 1, LONGEST, "");
        let of_call = ", since it goes when its call does (retention.calls_days)";
        let calls = self.calls_days.clamp(1, LONGEST);
        within("transcripts_days", self.transcripts_days, 0, calls, of_call);
        within("recordings_days", self.recordings_days, 0, calls, of_call);
        within("messages_days", self.messages_days, SHORTEST_MESSAGES, LONGEST, "");
        // Not before the calls: who did what with them is asked as long as they are there.
        within("audit_days", self.audit_days, calls.max(SHORTEST_AUDIT), LONGEST_AUDIT, "");
        wrong
    }

    /// As of the night of this day at the clinic.
    pub fn cutoffs(&self, night: Date, zone: &TimeZone) -> Cutoffs {
        let before = |days: u16| {
            let day = night.checked_sub(i64::from(days).days());
            day.and_then(|day| day.to_zoned(zone.clone()))
                .map_or(i64::MIN, |midnight| midnight.timestamp().as_millisecond())
        };
        Cutoffs {
            transcripts: before(self.transcripts_days),
            recordings: before(self.recordings_days),
            messages: before(self.messages_days),
            open_requests: before(self.messages_days.saturating_mul(OPEN_REQUESTS)),
            calls: before(self.calls_days),
            audit: before(self.audit_days),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn check(text: &str) -> Vec<String> {
        toml::from_str::<RetentionConfig>(text).unwrap().check()
    }

    #[test]
    fn times_that_do_not_fit_are_told_with_what_to_write() {
        assert_eq!(check(""), Vec::<String>::new());
        assert_eq!(check("transcripts_days = 0\nrecordings_days = 0"), Vec::<String>::new());
        assert_eq!(check("calls_days = 0\ntranscripts_days = 1\nrecordings_days = 1").len(), 1);
        let longer = check("transcripts_days = 400");
        assert!(longer[0].starts_with("retention.transcripts_days: 400") && longer[0].ends_with("write 0 to 365"));
        assert_eq!(check("messages_days = 1"), ["retention.messages_days: 1 does not fit; write 7 to 3650"]);
        assert_eq!(check("calls_days = 800\naudit_days = 730").len(), 1, "calls without who looked at them");
        assert_eq!(check("audit_days = 364"), ["retention.audit_days: 364 does not fit; write 365 to 18262"]);
    }

    #[test]
    fn days_are_the_clinics_own_also_when_its_clocks_changed_between() {
        let zone = TimeZone::get("America/Toronto").unwrap();
        let config = RetentionConfig { transcripts_days: 0, recordings_days: 10, ..RetentionConfig::default() };
        let cutoffs = config.cutoffs(date(2026, 3, 12), &zone);
        let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_millisecond();
        // Since the 8th of March at 2 in the morning it is an hour later there.
        assert_eq!(cutoffs.transcripts, at("2026-03-12T04:00:00Z"));
        assert_eq!(cutoffs.recordings, at("2026-03-02T05:00:00Z"));
        assert_eq!(cutoffs.calls, at("2025-03-12T04:00:00Z"));
        assert_eq!(cutoffs.audit, at("2019-03-12T04:00:00Z"), "seven years, two of them with a day more");
        assert_eq!(cutoffs.messages, at("2025-12-12T05:00:00Z"));
        assert_eq!(cutoffs.open_requests, at("2025-09-13T04:00:00Z"), "twice as long");
    }
}
