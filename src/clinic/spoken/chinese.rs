//! Opening times in Mandarin and Cantonese: one grammar here, two sets of words.

use jiff::civil::{Time, Weekday};

use super::super::Span;
use super::super::calendar::{Day, Group, Hours, Near};
use super::{needs_date, twelve};
use crate::language::Language;

/// The words in which the two differ.
pub(super) struct Words {
    language: Language,
    we: &'static str,
    open: &'static str,
    closed: &'static str,
    now_open: &'static str,
    now_closed: &'static str,
    morning: &'static str,
    noon: &'static str,
    afternoon: &'static str,
    hour: &'static str,
    to: &'static str,
    today: &'static str,
    tomorrow: &'static str,
    minutes: &'static str,
    opens_next: &'static str,
    none: &'static str,
    two: &'static str,
    day: &'static str,
}

pub(super) const MANDARIN: Words = Words {
    language: Language::Mandarin,
    we: "我们",
    open: "开门",
    closed: "休息",
    now_open: "现在开门,到",
    now_closed: "现在已经关门了。",
    morning: "上午",
    noon: "中午",
    afternoon: "下午",
    hour: "点",
    to: "到",
    today: "今天",
    tomorrow: "明天",
    minutes: "分",
    opens_next: "下次开门是",
    none: "近期没有节假日。",
    two: "两",
    day: "号",
};

pub(super) const CANTONESE: Words = Words {
    language: Language::Cantonese,
    we: "我哋",
    open: "開門",
    closed: "休息",
    now_open: "而家開緊門,到",
    now_closed: "而家已經閂咗門。",
    morning: "上晝",
    noon: "中午",
    afternoon: "下晝",
    hour: "點",
    to: "到",
    today: "今日",
    tomorrow: "聽日",
    minutes: "分",
    opens_next: "下次開門係",
    none: "近期冇假期。",
    two: "兩",
    day: "號",
};

pub(super) fn hours(hours: &Hours<'_>, w: &Words) -> String {
    match hours {
        Hours::Week { groups, today } => {
            let week = week(groups, w);
            match today {
                Some(holiday) => {
                    let name = super::in_language(&holiday.name, w.language);
                    format!("{}{name},{}。{week}", w.today, state(&holiday.hours, w))
                }
                None => week,
            }
        }
        Hours::Day(day) => format!("{}{}。", on(day, w), state(day.spans, w)),
        Hours::Days(days) | Hours::Holidays(days) if days.is_empty() => w.none.to_owned(),
        Hours::Days(days) | Hours::Holidays(days) => {
            days.iter().map(|d| format!("{}{}。", on(d, w), state(d.spans, w))).collect()
        }
        Hours::Now { until: Some(until), .. } => format!("{}{}{}。", w.we, w.now_open, time(*until, w)),
        Hours::Now { until: None, next: Some((day, opens)) } => {
            format!("{}{}{}{}{}。", w.we, w.now_closed, w.opens_next, on(day, w), time(*opens, w))
        }
        Hours::Now { until: None, next: None } => format!("{}{}", w.we, w.now_closed),
    }
}

fn state(open: &[Span], w: &Words) -> String {
    if open.is_empty() { format!("{}{}", w.we, w.closed) } else { format!("{}{}{}", w.we, spans(open, w), w.open) }
}

fn week(groups: &[Group<'_>], w: &Words) -> String {
    groups
        .iter()
        .map(|g| {
            let days: Vec<_> = g.days.iter().map(|d| weekday(*d)).collect();
            let days = days.join("、");
            if g.spans.is_empty() {
                format!("{days}{}。", w.closed)
            } else {
                format!("{days}{}{}。", spans(g.spans, w), w.open)
            }
        })
        .collect()
}

fn on(day: &Day<'_>, w: &Words) -> String {
    let weekday = weekday(day.date.weekday());
    let near = match day.near {
        Near::Today => w.today.to_owned(),
        Near::Tomorrow => format!("{}{weekday}", w.tomorrow),
        near if needs_date(near) => {
            format!("{}{weekday}", date(day.date, w))
        }
        Near::ThisWeek | Near::Later => weekday.to_owned(),
    };
    match day.holiday {
        Some(holiday) => format!("{near}{},", super::in_language(&holiday.name, w.language)),
        None => near,
    }
}

fn spans(spans: &[Span], w: &Words) -> String {
    spans.iter().map(|s| format!("{}{}{}", time(s.from, w), w.to, time(s.to, w))).collect::<Vec<_>>().join("、")
}

pub(super) fn time(at: Time, w: &Words) -> String {
    let (hour, minute, afternoon) = twelve(at);
    let part = match (at.hour(), afternoon) {
        (12, _) => w.noon,
        (_, true) => w.afternoon,
        (_, false) => w.morning,
    };
    let spoken = if hour == 2 { w.two.to_owned() } else { number(hour) };
    match minute {
        0 => format!("{part}{spoken}{}", w.hour),
        30 => format!("{part}{spoken}{}半", w.hour),
        m => format!("{part}{spoken}{}{}{}", w.hour, number(m), w.minutes),
    }
}

/// 1 to 59.
pub(super) fn number(n: i8) -> String {
    const DIGITS: [&str; 10] = ["零", "一", "二", "三", "四", "五", "六", "七", "八", "九"];
    let digit = |d: i8| DIGITS[usize::from(d.unsigned_abs())];
    match (n / 10, n % 10) {
        (0, ones) => digit(ones).to_owned(),
        (1, 0) => "十".to_owned(),
        (1, ones) => format!("十{}", digit(ones)),
        (tens, 0) => format!("{}十", digit(tens)),
        (tens, ones) => format!("{}十{}", digit(tens), digit(ones)),
    }
}

pub(super) const fn weekday(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "星期一",
        Weekday::Tuesday => "星期二",
        Weekday::Wednesday => "星期三",
        Weekday::Thursday => "星期四",
        Weekday::Friday => "星期五",
        Weekday::Saturday => "星期六",
        Weekday::Sunday => "星期日",
    }
}

/// Date, weekday and time: 十一月二十四号星期二上午十点十五分.
pub(super) fn moment(at: jiff::civil::DateTime, w: &Words) -> String {
    let day = at.date();
    format!("{}{}{}", date(day, w), weekday(day.weekday()), time(at.time(), w))
}

/// 十一月二十四号.
pub(super) fn date(date: jiff::civil::Date, w: &Words) -> String {
    format!("{}月{}{}", number(date.month()), number(date.day()), w.day)
}
