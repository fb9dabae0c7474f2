//! Whether an OSCAR can be used: asks for everything that calls will need, writes nothing, and says how to mend what is wrong.
//!
//! What is asked stays warm for the first calls: the login, the providers, a week of templates.

use jiff::civil::{DateTime, date};

use super::super::failure::Failure;
use super::super::{EmrError, Finding};
use super::Inner;
use super::operations::{Search, ServerClock};

/// Two clocks and a slow answer may differ by so much.
const SLACK_MINUTES: i64 = 2;

/// Zones differ by whole quarters of an hour.
const QUARTER: i64 = 15;

impl Inner {
    /// An error: the server or the account cannot be used at all.
    pub(super) async fn health(&self, now: DateTime) -> Result<Vec<Finding>, EmrError> {
        let clock = self.soap.server_clock().await.map_err(Failure::of_read)?;
        let mut findings = vec![of_clock(&clock, now)];
        // The first guarded request: it logs in.
        let active = self.ask_bookable().await?;
        findings.push(Finding::good("the account is taken"));
        for (provider, name) in &self.providers {
            if !active.iter().any(|known| known.id == *provider) {
                findings.push(Finding::bad(
                    format!("provider {} ({name}) is not among the active ones of OSCAR", provider.0),
                    "correct the number in [emr.oscar.providers], or take the line out",
                ));
            }
        }
        match self.soap.charts(&Search { birth_date: Some(date(1870, 1, 1)), ..Search::default() }).await {
            Ok(_) => findings.push(Finding::good("charts may be searched")),
            Err(failure) => findings.push(Finding::bad(
                format!("charts cannot be searched: {}", failure.of_read()),
                "give the account's role read access to _demographic",
            )),
        }
        self.codes_known(&mut findings).await;
        Ok(findings)
    }

    async fn codes_known(&self, findings: &mut Vec<Finding>) {
        let known = match self.soap.template_codes().await {
            Ok(known) => known,
            Err(failure) => {
                let what = format!("template codes cannot be read: {}", failure.of_read());
                findings.push(Finding::bad(what, "give the account's role access to _appointment"));
                return;
            }
        };
        for code in &self.codes {
            if !known.iter().any(|k| k.code == *code) {
                findings.push(Finding::bad(
                    format!("OSCAR has no template code `{code}`"),
                    format!("take [emr.codes.{code}] out, or write the code as OSCAR does: case counts"),
                ));
            }
        }
        for (at, code) in known.iter().enumerate().filter(|(_, k)| self.codes.contains(&k.code)) {
            if known[..at].iter().any(|earlier| earlier.code == code.code) {
                let what = format!("OSCAR has template code `{}` twice; [emr.codes] decides what it allows", code.code);
                findings.push(Finding::good(what));
            }
        }
        let unmapped: Vec<String> = known
            .iter()
            .filter(|k| !self.codes.contains(&k.code))
            .map(|k| format!("{} ({})", k.code, k.description))
            .collect();
        if !unmapped.is_empty() {
            findings.push(Finding::good(format!("template codes that callers cannot book: {}", unmapped.join(", "))));
        }
    }
}

/// Its zone does not matter, since offsets are dropped; a clock that is wrong does, for whoever works at the clinic.
fn of_clock(clock: &ServerClock, now: DateTime) -> Finding {
    let ahead = clock.digits.duration_since(now).as_mins();
    let off = (ahead + QUARTER / 2).rem_euclid(QUARTER) - QUARTER / 2;
    let reads = clock.digits.strftime("%H:%M");
    let (hours, minutes) = (clock.offset_minutes / 60, (clock.offset_minutes % 60).abs());
    if off.abs() > SLACK_MINUTES {
        Finding::bad(
            format!("the server's clock reads {reads} and is {} minutes off", off.abs()),
            "have its clock set by NTP: appointments of today depend on it",
        )
    } else if ahead.abs() > SLACK_MINUTES {
        Finding::good(format!(
            "the server's clock reads {reads} (UTC{hours:+03}:{minutes:02}), another zone than the clinic's: times are taken as they are written"
        ))
    } else {
        Finding::good(format!("the server's clock reads {reads}, as the clinic's"))
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::datetime;

    use super::*;

    #[test]
    fn another_zone_is_no_fault_and_a_wrong_clock_is() {
        let now = datetime(2026, 3, 3, 9, 58, 0, 0);
        let clock = |h, m, offset_minutes| ServerClock { digits: datetime(2026, 3, 3, h, m, 0, 0), offset_minutes };
        assert_eq!(of_clock(&clock(9, 59, -300), now).what, "the server's clock reads 09:59, as the clinic's");
        let utc = of_clock(&clock(14, 58, 0), now);
        assert!(utc.mend.is_none() && utc.what.contains("(UTC+00:00), another zone"), "{utc:?}");
        let india = of_clock(&clock(20, 29, 330), now);
        assert!(india.mend.is_none() && india.what.contains("UTC+05:30"), "{india:?}");
        for (h, m) in [(10, 3), (9, 53), (14, 51)] {
            assert!(of_clock(&clock(h, m, 0), now).mend.is_some(), "{h}:{m}");
        }
    }
}
