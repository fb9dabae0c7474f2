//! Times and days in Mandarin and Cantonese: 上午十点半, 下午3點半, 十點三, 差一刻九点, 11月24号, 二十四號, 星期二, 后天.
//!
//! Characters are read one by one, in simplified form. 一点 is a little unless something says that it is an hour; 号 is a day unless it
//! numbers a house, a room or a bus.

use jiff::civil::Weekday;

use super::clock::{Clock, Order, Part, am_pm, figures, in_figures, of_year};
use super::said::Said;
use super::{FAR, Found, Mention, ahead, ends_time, put, walk};
use crate::agent::digits::spoken::{self, Spoken};
use crate::language::Language;

pub(super) fn find(said: &Said<'_>) -> Vec<Found> {
    walk(said, &[dates, day, ahead::chinese, time])
}

pub(super) fn digit(said: &Said<'_>, at: usize) -> Option<u8> {
    match spoken::word(said.word(at)?, said.language) {
        Some(Spoken::Digit(digit)) if !said.is(at, &["幺", "洞"]) => Some(digit),
        Some(_) | None => None,
    }
}

/// Part of a number.
fn is_numeral(said: &Said<'_>, at: usize) -> bool {
    let sign = said.is(at, &["十", "百", "千", "万", "廿", "卅", "幺"]);
    sign || said.number(at).is_some() || digit(said, at).is_some()
}

/// A number goes on at this item.
fn goes_on(said: &Said<'_>, at: usize) -> bool {
    said.gap(at).is_empty() && is_numeral(said, at)
}

/// A number below a hundred, in figures or characters, and the item after it. Not a part of a longer one.
pub(super) fn count(said: &Said<'_>, at: usize) -> Option<(u8, usize)> {
    // 星期二十点: the first of them names the day.
    let names_day = at > 1 && said.is(at - 2, &["期", "拜", "周"]);
    if at > 0 && said.gap(at).is_empty() && is_numeral(said, at - 1) && !names_day {
        return None;
    }
    let (value, to) = match said.small(at) {
        Some(value) => (value, at + 1),
        None => in_characters(said, at)?,
    };
    (!goes_on(said, to)).then_some((value, to))
}

fn in_characters(said: &Said<'_>, at: usize) -> Option<(u8, usize)> {
    let (tens, to) = match digit(said, at) {
        Some(tens) if said.is(at + 1, &["十"]) => (tens * 10, at + 2),
        Some(digit) => return Some((digit, at + 1)),
        None if said.is(at, &["十"]) => (10, at + 1),
        None if said.is(at, &["廿"]) => (20, at + 1),
        None if said.is(at, &["卅"]) => (30, at + 1),
        None => return None,
    };
    // 十点十五 parts here; 十二 does not.
    Some(digit(said, to).map_or((tens, to), |ones| (tens + ones, to + 1)))
}

fn is_pair(said: &Said<'_>, at: usize, pairs: &[&str]) -> bool {
    let Some(last) = said.word(at) else { return false };
    pairs.iter().any(|pair| pair.strip_suffix(last).is_some_and(|first| said.is_back(at, 1, &[first])))
}

/// 明天, 聽日, 后天.
fn day(said: &Said<'_>, at: usize, found: &mut Vec<Found>) -> Option<usize> {
    if let Some((day, from, to)) = weekday(said, at, found) {
        return put(found, Mention::Weekday(day), from, to);
    }
    let next = |words: &[&str]| said.is(at + 1, words) && said.gap(at + 1).trim().is_empty();
    let days = match said.word(at)? {
        "明" if next(&["天", "日", "早", "晚"]) && !said.is(at + 2, &["气", "报"]) => 1,
        "听" if next(&["日", "朝", "晚", "晏"]) && !said.is(at + 2, &["期"]) && !said.is_back(at, 1, &["打", "收"]) => {
            1
        }
        "后" if next(&["天", "日"])
            && !said.is(at + 2, &["子"])
            && !said.is_back(at, 1, &["以", "今", "之", "然", "最", "先", "背", "落", "往"]) =>
        {
            if said.is_back(at, 1, &["大"]) { 3 } else { 2 }
        }
        _ => return None,
    };
    put(found, Mention::FromToday(days), at, at + 2)
}

/// 星期二, 周日, 礼拜三; of 星期一、三 the others too.
fn weekday(said: &Said<'_>, at: usize, found: &[Found]) -> Option<(Weekday, usize, usize)> {
    let two = |first: &str, second: &str| said.is(at, &[first]) && said.is(at + 1, &[second]);
    if two("星", "期") || two("礼", "拜") {
        return Some((named(said, at + 2)?, at, at + 3));
    }
    if said.is(at, &["周"]) {
        let before = at > 0 && (is_numeral(said, at - 1) || said.is_back(at, 1, &["几", "多", "数", "半"]));
        let counts = said.is(at + 2, &["次", "个", "年", "岁", "位", "天"]);
        return Some((named(said, at + 1).filter(|_| !before && !counts)?, at, at + 2));
    }
    let last = found.last().filter(|last| matches!(last.mention, Mention::Weekday(_)))?;
    let listed = last.to == at && said.gap(at).trim() == "、";
    let linked = last.to + 1 == at && said.is_back(at, 1, &["和", "至", "到", "同", "及"]);
    let counts = ["次", "个", "小", "点", "号", "月", "时", "分", "楼", "位", "天", "日"];
    let alone = !goes_on(said, at + 1) && !said.is(at + 1, &counts);
    Some((named(said, at).filter(|_| (listed || linked) && alone)?, at, at + 1))
}

/// 一 to 六, 日, 天, 1 to 6.
fn named(said: &Said<'_>, at: usize) -> Option<Weekday> {
    match said.small(at).or_else(|| digit(said, at)) {
        Some(day @ 1..=6) => Weekday::from_monday_one_offset(i8::try_from(day).ok()?).ok(),
        None if said.is(at, &["日", "天"]) => Some(Weekday::Sunday),
        Some(_) | None => None,
    }
}

fn dates(said: &Said<'_>, at: usize, found: &mut Vec<Found>) -> Option<usize> {
    if let Some((date, to)) = of_year(said, at).or_else(|| in_figures(said, at, Order::MonthFirst)) {
        return put(found, date, at, to);
    }
    if let Some(year) = said.year(at).filter(|_| said.is(at + 1, &["年"])) {
        let (month, to) = month_at(said, at + 2)?;
        return days_of(said, at, to, (Some(year), month), found);
    }
    if let Some((month, to)) = month_at(said, at) {
        return days_of(said, at, to, (None, month), found);
    }
    let (day, to) = count(said, at).filter(|(day, _)| (1..=31).contains(day))?;
    let month = of_last(said, at, found);
    let named = said.is(to, &["号"]) && (month.is_some() || is_day(said, at, to + 1));
    named.then(|| put(found, Mention::Date { year: None, month, day }, at, to + 1))?
}

fn month_at(said: &Said<'_>, at: usize) -> Option<(u8, usize)> {
    let (month, to) = count(said, at).filter(|(month, _)| (1..=12).contains(month))?;
    said.is(to, &["月"]).then_some((month, to + 1))
}

/// 24号, 24日, 24 before a day of the week or a stop; and the others up to which it goes.
fn days_of(
    said: &Said<'_>,
    from: usize,
    at: usize,
    (year, month): (Option<i16>, u8),
    found: &mut Vec<Found>,
) -> Option<usize> {
    let (day, to) = count(said, at).filter(|(day, _)| (1..=31).contains(day))?;
    let ends =
        said.stops(to) || said.is(to, &["星", "周", "礼", "到", "至", "上", "下", "中", "早", "晚"]) || said.dashed(to);
    let used = usize::from(said.is(to, &["号", "日"]));
    let date = Mention::Date { year, month: Some(month), day };
    (used == 1 || ends).then(|| put(found, date, from, to + used))?
}

/// The month of the date just before: 11月24号和25号.
fn of_last(said: &Said<'_>, at: usize, found: &[Found]) -> Option<u8> {
    let last = found.last()?;
    let Mention::Date { month: Some(month), .. } = last.mention else { return None };
    let linked = said.gap(at).contains('、')
        || said.dashed(at)
        || said.is_back(at, 1, &["和", "到", "至", "同", "及", "或", "者"]);
    (linked && (last.to..=last.to + 2).contains(&at)).then_some(month)
}

/// 24号 is a day, and no house, room, bus or key.
fn is_day(said: &Said<'_>, at: usize, mut to: usize) -> bool {
    const PLACES: &[&str] =
        &["街", "路", "道", "第", "楼", "房", "室", "线", "座", "巷", "按", "拨", "打", "码", "搭", "坐", "乘", "选"];
    let before = said.word(at.saturating_sub(1)).is_some_and(|word| word.chars().all(|c| c.is_ascii_alphanumeric()));
    if at > 0 && (said.is_back(at, 1, PLACES) || before || said.number(at - 1).is_some()) {
        return false;
    }
    let links = ["和", "同", "跟", "或", "及", "到", "至"];
    let far = to + FAR;
    while to < far && (said.is(to, &links) || said.gap(to).trim() == "、") {
        let next = to + usize::from(said.is(to, &links)) + usize::from(said.is(to + 1, &["者"]));
        match count(said, next) {
            Some((_, after)) if said.is(after, &["号"]) => to = after + 1,
            Some(_) | None => break,
        }
    }
    const GOES_ON: &[&str] = &[
        "星", "周", "礼", "上", "下", "中", "早", "晚", "朝", "夜", "可", "有", "得", "见", "吗", "呢", "吧", "好",
        "都", "是", "係", "到", "至", "之", "或", "和", "那", "嗰", "行", "的",
    ];
    said.stops(to) || said.is(to, GOES_ON) || count(said, to).is_some_and(|(_, after)| said.is(after, &["点"]))
}

fn time(said: &Said<'_>, at: usize, found: &mut Vec<Found>) -> Option<usize> {
    let clock = whole(said, at).or_else(|| ranged(said, at, found))?;
    put(found, clock.mention(), at, clock.to)
}

fn whole(said: &Said<'_>, at: usize) -> Option<Clock> {
    if said.is(at, &["正"]) && said.is(at + 1, &["午"]) && count(said, at + 2).is_none() {
        return Some(Clock::noon(at + 2));
    }
    if said.is(at, &["午"]) && said.is(at + 1, &["夜"]) && count(said, at + 2).is_none() {
        return Some(Clock::midnight(at + 2));
    }
    if let Some(clock) = figures(said, at) {
        return Some(match am_pm(said, clock.to) {
            Some((part, to)) => Clock { part: Some(part), to, ..clock },
            None => clock.in_part(part_near(said, at)),
        });
    }
    if said.is(at, &["差"]) {
        return before_hour(said, at);
    }
    let (hour, to) = count(said, at).filter(|(hour, _)| *hour <= 24)?;
    if !said.is(to, &["点"]) {
        let (part, to) = am_pm(said, to).filter(|_| (1..=12).contains(&hour))?;
        return Some(Clock { part: Some(part), ..Clock::new(hour, 0, to) });
    }
    let hour = if hour == 24 { 0 } else { hour };
    let part = part_near(said, at);
    let tail = tail(said, to + 1)?;
    is_hour(said, at, hour, &tail, part).then(|| match tail {
        Tail::Minutes(minute, to) => Clock { part, ..Clock::new(hour, minute, to) },
        Tail::Lacks(minutes, to) => Clock { part, ..Clock::before(hour, minutes, to) },
        Tail::Oclock(to) | Tail::Nothing(to) => Clock { part, ..Clock::new(hour, 0, to) },
    })
}

/// What stands behind 点.
enum Tail {
    Minutes(u8, usize),
    /// 差五分.
    Lacks(u8, usize),
    /// 钟, 正.
    Oclock(usize),
    Nothing(usize),
}

/// `None`: it is no hour, as 三点五公里.
fn tail(said: &Said<'_>, at: usize) -> Option<Tail> {
    if said.is(at, &["半"]) {
        return Some(Tail::Minutes(30, at + 1));
    }
    if said.is(at, &["钟", "正", "整"]) {
        return Some(Tail::Oclock(at + 1));
    }
    if said.is(at + 1, &["刻"]) && said.is(at, &["一", "三"]) {
        return Some(Tail::Minutes(if said.is(at, &["一"]) { 15 } else { 45 }, at + 2));
    }
    if said.is(at, &["差"]) {
        return match lack(said, at) {
            Some((minutes, to)) => Some(Tail::Lacks(minutes, to)),
            None => Some(Tail::Nothing(at)),
        };
    }
    let touches = said.gap(at).trim().is_empty();
    let linked = usize::from(said.language == Language::Cantonese && said.is(at, &["踏", "搭"]));
    let Some((minute, to)) = count(said, at + linked).filter(|(minute, _)| touches && *minute < 60) else {
        // Part of a longer number.
        return (!touches || !is_numeral(said, at)).then_some(Tail::Nothing(at));
    };
    if said.is(to, &["分"]) {
        return Some(Tail::Minutes(minute, to + 1));
    }
    let strokes = to - at - linked == 1 || minute > 10;
    let of_five = said.language == Language::Cantonese && (1..=11).contains(&minute) && strokes;
    if of_five && said.is(to, &["个"]) && said.is(to + 1, &["字"]) {
        return Some(Tail::Minutes(minute * 5, to + 2));
    }
    let measured = said.is(to, &["公", "里", "倍", "度", "米", "厘", "磅", "蚊", "元", "块", "个", "成", "号"]);
    let two_figures = said.minute(at).is_some();
    match (of_five && !two_figures, measured) {
        (_, true) => None,
        (true, false) => Some(Tail::Minutes(minute * 5, to)),
        (false, false) => (minute >= 10 || two_figures).then_some(Tail::Minutes(minute, to)),
    }
}

/// 差五分, 差一刻.
fn lack(said: &Said<'_>, at: usize) -> Option<(u8, usize)> {
    if said.is(at + 1, &["一"]) && said.is(at + 2, &["刻"]) {
        return Some((15, at + 3));
    }
    let (minutes, to) = count(said, at + 1).filter(|(minutes, _)| (1..30).contains(minutes))?;
    said.is(to, &["分"]).then_some((minutes, to + 1))
}

/// 差五分十点.
fn before_hour(said: &Said<'_>, at: usize) -> Option<Clock> {
    let (minutes, to) = lack(said, at)?;
    let (hour, to) = count(said, to).filter(|(hour, _)| (1..=24).contains(hour))?;
    said.is(to, &["点"]).then(|| Clock::before(hour % 24, minutes, to + 1).in_part(part_near(said, at)))
}

/// 两点 may be two points, and 一点 a little.
fn is_hour(said: &Said<'_>, at: usize, hour: u8, tail: &Tail, part: Option<Part>) -> bool {
    let to = match tail {
        Tail::Minutes(..) | Tail::Lacks(..) | Tail::Oclock(_) => return !said.is_back(at, 1, &["第", "之"]),
        Tail::Nothing(to) => *to,
    };
    if part.is_some() {
        return true;
    }
    let ranged = said.is(to, &["到", "至"])
        || (at > 0 && said.is_back(at, 1, &["到", "至"]) && said.is_back(at, 2, &["点", "半", "分"]));
    let points = said.is_back(at, 1, &["有", "这", "那", "呢", "第", "之", "几", "下", "列", "百"]);
    let little = hour == 1 && !said.is_figure(at);
    let counts = said.is(to, &["建", "意", "要", "需", "注", "原", "理"]);
    ranged || (!little && !counts && (!points || (said.is_back(at, 1, &["有"]) && hour >= 4)))
}

/// The first of two: 九到五点.
fn ranged(said: &Said<'_>, at: usize, found: &[Found]) -> Option<Clock> {
    let (hour, to) = count(said, at).filter(|(hour, _)| (1..=24).contains(hour))?;
    let second = to + usize::from(said.is(to, &["到", "至"]));
    let second = (second > to || said.dashed(to)).then_some(second)?;
    let after_date = found.last().is_some_and(|last| matches!(last.mention, Mention::Date { .. }) && last.to == at);
    let later = !ends_time(found, at) && !after_date;
    (later && whole(said, second).is_some()).then(|| Clock::new(hour % 24, 0, to).in_part(part_near(said, at)))
}

/// The part of the day before a time.
fn part_near(said: &Said<'_>, at: usize) -> Option<Part> {
    const PARTS: [(&[&str], Part); 4] = [
        (
            &["上午", "早上", "早晨", "今早", "明早", "清晨", "凌晨", "朝早", "今朝", "听朝", "上昼", "上晝", "朝头"],
            Part::Morning,
        ),
        (&["中午", "正午", "晏昼", "晏晝"], Part::Noon),
        (&["下午", "下昼", "下晝", "午后", "傍晚"], Part::Afternoon),
        (&["晚上", "夜晚", "今晚", "明晚", "听晚", "半夜", "深夜", "午夜"], Part::Night),
    ];
    let filler = usize::from(said.is_back(at, 1, &["的", "嘅", "有", "是", "係", "约"]));
    let last = at.checked_sub(1 + filler)?;
    PARTS.iter().find(|(pairs, _)| is_pair(said, last, pairs)).map(|(_, part)| *part)
}
