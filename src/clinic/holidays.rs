//! How far ahead a clinic's holidays are known: its file names each by its date, so that they run out.
//!
//! From the day after the last one the clinic's hours and its book are those of any week, Christmas Day included. Says when somebody must be told of it, never
//! closes anything: a clinic that is off the telephone for a list of dates serves nobody.

use jiff::civil::Date;

use super::ClinicConfig;

/// Whoever has fewer days left than this is told: longer than callers are offered times ahead, and long enough to find out the next year's.
pub const TOLD_DAYS: i32 = 60;

/// What it means that none is known, and what to do.
const SINCE: &str = "every day has its usual hours, and its times are offered unless OSCAR closes it; write the holidays to come as [[holidays]]";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ahead {
    /// Neither today nor any day after is one.
    Nothing,
    Until {
        last: Date,
        /// Holidays from today to the last one.
        coming: usize,
        /// From today to the last one; 0: it is today's.
        days: i32,
    },
}

impl Ahead {
    pub fn of(config: &ClinicConfig, today: Date) -> Self {
        let coming = || config.holidays.iter().map(|holiday| holiday.date).filter(|date| *date >= today);
        coming().max().map_or(Self::Nothing, |last| {
            let days = today.duration_until(last).as_hours() / 24;
            Self::Until { last, coming: coming().count(), days: i32::try_from(days).unwrap_or(i32::MAX) }
        })
    }

    /// Days that are still covered, from today on.
    pub const fn days(self) -> i32 {
        match self {
            Self::Nothing => 0,
            Self::Until { days, .. } => days,
        }
    }

    /// In a line of a table.
    pub fn told(self) -> String {
        let known = match self {
            Self::Nothing => "none to come".to_owned(),
            Self::Until { last, coming, .. } => format!("{coming} to come, the last on {last}"),
        };
        self.warning().map_or(known, |warning| format!("WARNING: {warning}"))
    }

    /// What is to be told of it, if they run out soon.
    pub fn warning(self) -> Option<String> {
        match self {
            Self::Nothing => Some(format!("no holiday is known from today on: {SINCE}")),
            Self::Until { last, days, .. } if days < TOLD_DAYS => {
                Some(format!("no holiday is known after {last}, in {days} days: from then on {SINCE}"))
            }
            Self::Until { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::clinic::Clinic;

    #[test]
    fn who_runs_out_of_holidays_is_told_sixty_days_before_and_from_then_on() {
        // The sample's last one is the 11th of November 2027.
        let ahead = |today| Ahead::of(&Clinic::sample().config, today);
        assert_eq!(ahead(date(2026, 12, 24)), Ahead::Until { last: date(2027, 11, 11), coming: 13, days: 322 });
        for (today, days, told) in [
            (date(2027, 9, 12), 60, None),
            (date(2027, 9, 13), 59, Some("no holiday is known after 2027-11-11, in 59 days")),
            (date(2027, 11, 11), 0, Some("no holiday is known after 2027-11-11, in 0 days")),
            (date(2027, 11, 12), 0, Some("no holiday is known from today on")),
        ] {
            let (ahead, warning) = (ahead(today), ahead(today).warning().unwrap_or_default());
            assert_eq!((ahead.days(), ahead.warning().is_some()), (days, told.is_some()), "{today}");
            assert!(warning.starts_with(told.unwrap_or_default()), "{today}: {warning}");
        }
        assert_eq!(ahead(date(2027, 11, 12)), Ahead::Nothing);
        assert_eq!(ahead(date(2026, 12, 24)).told(), "13 to come, the last on 2027-11-11");
        assert!(ahead(date(2027, 11, 12)).told().starts_with("WARNING: no holiday"));
    }
}
