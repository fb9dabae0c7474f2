//! Dates and times written as data are: `2026-11-24`, `2026-11-24T10:15`, `08:30-17:00`. The project's tools and prompts write no others.
//!
//! Pure. Whatever else stands in the text is passed over.

use jiff::civil::{Date, Time};

/// Those of a text, in order.
pub(super) fn moments(text: &str) -> (Vec<Date>, Vec<Time>) {
    let (mut dates, mut times) = (Vec::new(), Vec::new());
    for token in text.split(|c: char| !(c.is_ascii_digit() || matches!(c, '-' | ':' | 'T'))) {
        for part in token.split('T') {
            if part.contains(':') {
                // Seconds are not said.
                let minutes = part.split('-').filter_map(|one| Time::strptime("%H:%M", one.get(..5)?).ok());
                times.extend(minutes);
            } else {
                dates.extend(part.trim_matches('-').parse::<Date>());
            }
        }
    }
    (dates, times)
}

#[cfg(test)]
mod tests {
    use jiff::civil::{date, time};

    use super::*;

    #[test]
    fn dates_and_times_of_data_are_read_wherever_they_stand() {
        let (dates, times) =
            moments("only days from 2026-11-21 to 2026-12-21; 2026-11-24T10:15, 08:30-17:00 and 604-555-0123");
        assert_eq!(dates, [date(2026, 11, 21), date(2026, 12, 21), date(2026, 11, 24)]);
        assert_eq!(times, [time(10, 15, 0, 0), time(8, 30, 0, 0), time(17, 0, 0, 0)]);
        assert_eq!(moments("slot_0a2f, T, 2026-13-40, 25:70"), (vec![], vec![]));
    }
}
