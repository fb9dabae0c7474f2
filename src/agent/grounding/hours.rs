//! The clinic's opening times as facts: what its file says of them, and whether they are being spoken of.
//!
//! They are known where they are the subject alone: that the clinic opens at half past eight makes no appointment at half past eight true.
//! Pure.

use std::sync::LazyLock;

use jiff::ToSpan;
use jiff::civil::Date;

use super::facts::Facts;
use crate::clinic::calendar::{WEEK, of_weekday};
use crate::clinic::{ClinicConfig, Span};
use crate::language::Language;
use crate::tokens::{Phrases, tokens};

/// Days from today that opening times may be told of by their date.
const TOLD: i64 = 14;

/// Weekdays, short days and holidays with their hours, and the days to come.
pub(super) fn facts(clinic: &ClinicConfig, today: Date) -> Facts {
    let mut facts = Facts::default();
    let spans = |facts: &mut Facts, spans: &[Span]| {
        for span in spans {
            facts.time(span.from);
            facts.time(span.to);
        }
    };
    for weekday in WEEK {
        facts.weekday(weekday);
        spans(&mut facts, of_weekday(clinic, weekday));
    }
    for holiday in &clinic.holidays {
        facts.date(holiday.date);
        spans(&mut facts, &holiday.hours);
    }
    (0..=TOLD).for_each(|ahead| facts.date(today.saturating_add(ahead.days())));
    facts
}

/// Whether these words speak of opening times. "An open time on Tuesday" is none.
pub(super) fn are_spoken_of(text: &str, language: Language) -> bool {
    let said = tokens(text, language);
    let all = Words::of(language);
    let mut at = 0;
    while at < said.len() {
        if let Some(free) = all.free.prefix(&said[at..]) {
            at += free;
        } else if all.opening.prefix(&said[at..]).is_some() && !is_offer(&said, at, language) {
            return true;
        } else {
            at += 1;
        }
    }
    false
}

/// "I have Monday at 8:30 open", "8:30 is open": it is a time that is open, and not the clinic.
fn is_offer(said: &[String], at: usize, language: Language) -> bool {
    const NOBODY: [&str; 14] = [
        "were", "are", "is", "be", "you", "we", "they", "its", "stay", "stays", "clinic", "office", "doors", "usually",
    ];
    if language != Language::English || said[at] != "open" || at == 0 {
        return false;
    }
    let (before, last) = (&said[..at], said[at - 1].as_str());
    let number = |word: &String| word.bytes().all(|byte| byte.is_ascii_digit()) || matches!(word.as_str(), "am" | "pm");
    let is_free = matches!(last, "is" | "are") && at.checked_sub(2).is_some_and(|at| number(&said[at]));
    let has = |words: &[String]| {
        let who = matches!(words[0].as_str(), "i" | "we" | "he" | "she" | "they" | "doctor");
        matches!(words[0].as_str(), "ive" | "weve") || (who && matches!(words[1].as_str(), "have" | "has" | "got"))
    };
    is_free || (before.windows(2).any(has) && !NOBODY.contains(&last))
}

struct Words {
    opening: Phrases,
    /// Of a time that is free.
    free: Phrases,
}

impl Words {
    fn of(language: Language) -> &'static Self {
        static ALL: LazyLock<[Words; 5]> = LazyLock::new(|| Language::ALL.map(Words::new));
        let place = Language::ALL.iter().position(|known| *known == language);
        &ALL[place.unwrap_or_default()]
    }

    fn new(language: Language) -> Self {
        let opening: &[&str] = match language {
            Language::English => &["open", "opens", "opened", "close", "closes", "closed", "hours", "opening hours"],
            Language::French => &[
                "ouvert",
                "ouverts",
                "ouverte",
                "ouvertes",
                "ouvre",
                "ouvrons",
                "ouvrez",
                "ouverture",
                "ferme",
                "fermé",
                "fermés",
                "fermée",
                "fermons",
                "fermez",
                "fermeture",
                "horaire",
                "horaires",
            ],
            Language::Mandarin => &["开门", "关门", "开到", "营业", "休息", "门诊时间", "开放"],
            Language::Cantonese => &["開門", "開緊門", "閂門", "閂咗門", "開到", "營業", "休息", "收工", "應診時間"],
            Language::Punjabi => {
                &["ਖੁੱਲ੍ਹਾ", "ਖੁੱਲ੍ਹੇ", "ਖੁੱਲ੍ਹੀ", "ਖੁੱਲ੍ਹਦਾ", "ਖੁੱਲ੍ਹਦੇ", "ਖੁੱਲ੍ਹਦੀ", "ਖੁੱਲ੍ਹਾਂਗੇ", "ਖੁੱਲ੍ਹੇਗਾ", "ਖੁਲਾ", "ਖੁਲ੍ਹਾ", "ਖੁਲ੍ਹੇ", "ਬੰਦ"]
            }
        };
        let free: &[&str] = match language {
            Language::English => &[
                "open slot",
                "open slots",
                "open spot",
                "open spots",
                "open time",
                "open times",
                "open appointment",
                "open appointments",
            ],
            Language::French => &[
                "place ouverte",
                "places ouvertes",
                "plage ouverte",
                "plages ouvertes",
                "plage horaire",
                "plages horaires",
                "case horaire",
                "cases horaires",
                "d'ouvert",
                "d'ouverte",
            ],
            Language::Mandarin | Language::Cantonese | Language::Punjabi => &[],
        };
        Self { opening: Phrases::new(opening, language), free: Phrases::new(free, language) }
    }
}
