//! Whether an OSCAR can be used: asks for everything that calls will need, writes nothing, and says how to mend what is wrong.
//!
//! What is asked stays warm for the first calls: the login, the providers, a week of templates.

use jiff::ToSpan;
use jiff::civil::{DateTime, date};

use super::super::{DaySchedule, EmrError, Finding};
use super::Inner;
use super::failure::Failure;
use super::operations::{Search, ServerClock};

/// Days of templates that are looked at.
const DAYS: i64 = 7;

/// Two clocks and a slow answer may differ by so much.
const SLACK_MINUTES: i64 = 2;

/// Zones differ by whole quarters of an hour.
const QUARTER: i64 = 15;

fn good(what: impl Into<String>) -> Finding {
    Finding { what: what.into(), mend: None }
}

fn bad(what: impl Into<String>, mend: impl Into<String>) -> Finding {
    Finding { what: what.into(), mend: Some(mend.into()) }
}

impl Inner {
    /// An error: the server or the account cannot be used at all.
    pub(super) async fn health(&self, now: DateTime) -> Result<Vec<Finding>, EmrError> {
        let clock = self.soap.server_clock().await.map_err(Failure::of_read)?;
        let mut findings = vec![of_clock(&clock, now)];
        // The first guarded request: it logs in.
        let active = self.soap.active_providers().await.map_err(Failure::of_read)?;
        findings.push(good("the account is taken"));
        for (provider, name) in &self.providers {
            if !active.contains(provider) {
                findings.push(bad(
                    format!("provider {} ({name}) is not among the active ones of OSCAR", provider.0),
                    "correct the number in [emr.oscar.providers], or take the line out",
                ));
            }
        }
        match self.soap.charts(&Search { birth_date: Some(date(1870, 1, 1)), ..Search::default() }).await {
            Ok(_) => findings.push(good("charts may be searched")),
            Err(failure) => findings.push(bad(
                format!("charts cannot be searched: {}", failure.of_read()),
                "give the account's role read access to _demographic",
            )),
        }
        self.codes_known(&mut findings).await;
        self.days_ahead(now, &mut findings).await;
        Ok(findings)
    }

    async fn codes_known(&self, findings: &mut Vec<Finding>) {
        let known = match self.soap.template_codes().await {
            Ok(known) => known,
            Err(failure) => {
                let what = format!("template codes cannot be read: {}", failure.of_read());
                findings.push(bad(what, "give the account's role access to _appointment"));
                return;
            }
        };
        for code in &self.codes {
            if !known.iter().any(|k| k.code == *code) {
                findings.push(bad(
                    format!("OSCAR has no template code `{code}`"),
                    format!("take [emr.codes.{code}] out, or write the code as OSCAR does: case counts"),
                ));
            }
        }
        for (at, code) in known.iter().enumerate().filter(|(_, k)| self.codes.contains(&k.code)) {
            if known[..at].iter().any(|earlier| earlier.code == code.code) {
                let what = format!("OSCAR has template code `{}` twice; [emr.codes] decides what it allows", code.code);
                findings.push(good(what));
            }
        }
        let unmapped: Vec<String> = known
            .iter()
            .filter(|k| !self.codes.contains(&k.code))
            .map(|k| format!("{} ({})", k.code, k.description))
            .collect();
        if !unmapped.is_empty() {
            findings.push(good(format!("template codes that callers cannot book: {}", unmapped.join(", "))));
        }
    }

    /// One slot of each provider, for the staff to compare with what they see.
    async fn days_ahead(&self, now: DateTime, findings: &mut Vec<Finding>) {
        for (provider, name) in &self.providers {
            let mut first = None;
            for ahead in 0..DAYS {
                let day = now.date().saturating_add(ahead.days());
                match self.templates.of(&self.soap, provider, day).await {
                    Ok(schedule) => first = first.or_else(|| self.first_slot(schedule.as_ref(), now)),
                    Err(failure) => {
                        let what = format!("the schedule of {name} cannot be read: {}", failure.of_read());
                        findings.push(bad(what, "see to the server and to the account's role"));
                        break;
                    }
                }
            }
            findings.push(match first {
                Some((at, code)) => good(format!(
                    "{name}: the first slot that callers may book is {} with code {code}; have the staff confirm it",
                    at.strftime("%A, %B %-d at %H:%M")
                )),
                None => bad(
                    format!("{name}: no slot within {DAYS} days has a code that callers may book"),
                    "write the codes of that provider's templates into [emr.codes]",
                ),
            });
        }
    }

    fn first_slot(&self, schedule: Option<&DaySchedule>, now: DateTime) -> Option<(DateTime, char)> {
        let slots = &schedule.filter(|day| !day.holiday)?.slots;
        slots.iter().find(|s| s.start > now && self.codes.contains(&s.code)).map(|s| (s.start, s.code))
    }
}

/// Its zone does not matter, since offsets are dropped; a clock that is wrong does, for whoever works at the clinic.
fn of_clock(clock: &ServerClock, now: DateTime) -> Finding {
    let ahead = clock.digits.duration_since(now).as_mins();
    let off = (ahead + QUARTER / 2).rem_euclid(QUARTER) - QUARTER / 2;
    let reads = clock.digits.strftime("%H:%M");
    let (hours, minutes) = (clock.offset_minutes / 60, (clock.offset_minutes % 60).abs());
    if off.abs() > SLACK_MINUTES {
        bad(
            format!("the server's clock reads {reads} and is {} minutes off", off.abs()),
            "have its clock set by NTP: appointments of today depend on it",
        )
    } else if ahead.abs() > SLACK_MINUTES {
        good(format!(
            "the server's clock reads {reads} (UTC{hours:+03}:{minutes:02}), another zone than the clinic's: times are taken as they are written"
        ))
    } else {
        good(format!("the server's clock reads {reads}, as the clinic's"))
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
