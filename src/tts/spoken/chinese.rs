//! Mandarin and Cantonese: one grammar, two sets of words. Cantonese is written as it is spoken.
//!
//! In telephone and card numbers, extensions and codes Mandarin says 幺 for 1, which no line turns into 7; everything else says 一 (a 1 dialled before
//! a number among it), and so does Cantonese everywhere. Names in English stay English words, kept apart by blanks; a title before one is said behind it, as is usual.

mod title;
mod unit;

pub(super) use title::titled;

use super::money::{Amount, Currency};
use super::number::Numeral;
use super::time::{Clock, Half};
use super::tongue::{self, Sign, Tongue};
use super::unit::Unit;
use super::{Said, half, scan, time};

const DIGITS: [&str; 10] = ["零", "一", "二", "三", "四", "五", "六", "七", "八", "九"];

/// The words in which the two differ.
pub(super) struct Chinese {
    /// Of a telephone number.
    one: &'static str,
    two: &'static str,
    two_hundred: &'static str,
    /// 2,000 behind a larger part.
    two_thousand: &'static str,
    ten_thousand: &'static str,
    hundred_million: &'static str,
    point: &'static str,
    /// From one to the other.
    to: &'static str,
    /// What is counted with `two`.
    measures: &'static [&'static str],
    o_clock: &'static str,
    minutes: &'static str,
    /// Night, morning, noon, afternoon, evening.
    parts: [&'static str; 5],
    day: &'static str,
    whole_day: &'static str,
    money: Money,
    currencies: [&'static str; 4],
    signs: [&'static str; 14],
    units: fn(Unit) -> unit::Measure,
    /// Doctor, mister, missus, miss, professor.
    titles: [&'static str; 5],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Money {
    /// 块, 毛, 分.
    Mandarin,
    /// 蚊, 個半, 仙.
    Cantonese,
}

pub(super) const MANDARIN: Chinese = Chinese {
    one: "幺",
    two: "两",
    two_hundred: "两百",
    two_thousand: "两千",
    ten_thousand: "万",
    hundred_million: "亿",
    point: "点",
    to: "到",
    measures: &[
        "个", "位", "次", "天", "周", "年", "岁", "种", "名", "家", "间", "杯", "片", "粒", "颗", "支", "瓶", "盒",
        "滴", "块", "条", "张", "层", "小时", "分钟", "秒", "公斤", "公里", "米", "厘米", "毫", "克", "升", "点",
        "加元", "美元", "元", "倍", "只", "针", "剂", "趟", "段", "题", "步", "人", "磅", "度", "毛", "分之", "勺",
        "口", "包", "件", "部", "封", "条", "英尺", "盎司", "英镑", "欧元", "单位", "大卡", "微克",
    ],
    o_clock: "点",
    minutes: "分",
    parts: ["凌晨", "上午", "中午", "下午", "晚上"],
    day: "号",
    whole_day: "每天二十四小时",
    money: Money::Mandarin,
    currencies: ["加元", "美元", "欧元", "英镑"],
    signs: ["艾特", "点", "横杠", "下划线", "斜杠", "加", "负", "和", "等于", "乘", "大约", "少于", "超过", "分机"],
    units: unit::mandarin,
    titles: ["医生", "先生", "太太", "女士", "教授"],
};

pub(super) const CANTONESE: Chinese = Chinese {
    one: "一",
    two: "兩",
    two_hundred: "二百",
    two_thousand: "二千",
    ten_thousand: "萬",
    hundred_million: "億",
    point: "點",
    to: "至",
    measures: &[
        "個", "位", "次", "日", "年", "歲", "種", "名", "間", "杯", "片", "粒", "支", "樽", "盒", "滴", "條", "張",
        "層", "小時", "分鐘", "秒", "公斤", "公里", "米", "厘米", "毫", "克", "升", "點", "加元", "美元", "元", "倍",
        "隻", "針", "劑", "轉", "段", "題", "步", "人", "磅", "度", "蚊", "星期", "包", "件", "部", "封", "口", "匙",
        "安士", "呎", "單位", "千卡", "微克", "英鎊", "歐元", "個半",
    ],
    o_clock: "點",
    minutes: "分",
    parts: ["凌晨", "上晝", "中午", "下晝", "夜晚"],
    day: "號",
    whole_day: "每日廿四小時",
    money: Money::Cantonese,
    currencies: ["加元", "美元", "歐元", "英鎊"],
    signs: ["at", "dot", "dash", "underscore", "slash", "加", "負", "同", "等於", "乘", "大約", "少過", "多過", "內線"],
    units: unit::cantonese,
    titles: ["醫生", "先生", "太太", "女士", "教授"],
};

/// Written before a time already.
const PARTS: [&str; 15] = [
    "凌晨", "清晨", "早上", "上午", "中午", "下午", "傍晚", "晚上", "夜里", "朝早", "上晝", "晏晝", "下晝", "夜晚",
    "早晨",
];

impl Tongue for Chinese {
    fn own(&self, before: &str, rest: &str) -> Said {
        if let Some(part) = PARTS.into_iter().find(|part| rest.starts_with(part)) {
            let gap = scan::blanks(&rest[part.len()..]);
            let (clock, len) = time::clock(&rest[part.len() + gap..])?;
            let minute = clock.minute?;
            let (hour, _) = clock.twelve();
            return Some((part.len() + gap + len, format!("{part}{}", self.clock(hour, minute))));
        }
        if rest.starts_with("24/7") && scan::ends_word(&rest[4..]) {
            return Some((4, self.whole_day.to_owned()));
        }
        if let Some(half) = half::chinese(before, rest, self.measures) {
            return Some(half);
        }
        let digits = scan::digits(rest);
        let value = scan::value(digits).filter(|_| !digits.is_empty())?;
        let after = &rest[digits.len()..];
        let ordinal =
            ["st", "nd", "rd", "th"].into_iter().find(|end| after.strip_prefix(end).is_some_and(scan::ends_word));
        if let Some(end) = ordinal {
            return Some((digits.len() + end.len(), format!("第{}", self.cardinal(value))));
        }
        let counted = after.trim_start_matches(' ');
        let is_year = digits.len() == 4 && counted.starts_with('年');
        let is_room = digits.len() >= 3 && ["室", "号房", "號房", "房"].iter().any(|room| counted.starts_with(room));
        let is_house = digits.len() >= 4 && counted.starts_with(['号', '號']);
        if is_year || is_room || is_house {
            return Some((digits.len() + (after.len() - counted.len()), tongue::figures(digits, self)));
        }
        // 第2 and 11月2日 are no counts.
        let is_place = before.trim_end().ends_with(['第', '月', '星', '周', '初'])
            && digits.len() <= 2
            && !digits.starts_with('0');
        let is_date = before.ends_with('月') && counted.starts_with(['日', '号', '號']);
        (is_place && (is_date || !before.ends_with('月')) && !after.starts_with([':', '.', '-', '–']))
            .then(|| (digits.len() + (after.len() - counted.len()), self.cardinal(value)))
    }

    fn has_bare_years(&self) -> bool {
        false
    }

    fn cardinal(&self, value: u64) -> String {
        for (size, name) in [(100_000_000, self.hundred_million), (10_000, self.ten_thousand)] {
            if value >= size {
                let head = if value / size == 2 { self.two.to_owned() } else { self.cardinal(value / size) };
                let rest = value % size;
                let zero = if rest > 0 && rest < size / 10 { "零" } else { "" };
                let tail = if rest > 0 { self.below(rest, true) } else { String::new() };
                return format!("{head}{name}{zero}{tail}");
            }
        }
        self.below(value, false)
    }

    fn count(&self, value: u64, after: &str) -> String {
        let after = after.trim_start();
        if value == 2 && self.measures.iter().any(|measure| after.starts_with(measure)) {
            return self.two.to_owned();
        }
        self.cardinal(value)
    }

    fn decimal(&self, whole: &str, fraction: &str) -> String {
        let whole = scan::value(whole).map_or_else(|| tongue::figures(whole, self), |value| self.cardinal(value));
        format!("{whole}{}{}", self.point, tongue::figures(fraction, self))
    }

    fn digit(&self, digit: u8) -> &'static str {
        if digit == 1 { self.one } else { DIGITS[usize::from(digit)] }
    }

    fn figure(&self, digit: u8) -> &'static str {
        DIGITS[usize::from(digit)]
    }

    fn between(&self) -> &'static str {
        ""
    }

    fn pause(&self) -> &'static str {
        "，"
    }

    fn year(&self, year: u64) -> String {
        tongue::figures(&year.to_string(), self)
    }

    fn house(&self, number: u64) -> String {
        tongue::figures(&number.to_string(), self)
    }

    fn time(&self, clock: Clock, after: &str) -> (String, usize) {
        let (hour, day) = clock.twelve();
        let day = day.filter(|_| clock.half != Some(Half::Later));
        let part = match day {
            None => "",
            Some(0..6) => self.parts[0],
            Some(6..12) => self.parts[1],
            Some(12) => self.parts[2],
            Some(13..18) => self.parts[3],
            Some(_) => self.parts[4],
        };
        // "8:30分" says its minutes twice.
        let more = if clock.minute.is_some_and(|minute| minute > 0) && after.starts_with(self.minutes) {
            self.minutes.len()
        } else {
            0
        };
        (format!("{part}{}", self.clock(hour, clock.minute.unwrap_or(0))), more)
    }

    fn date(&self, year: Option<u64>, month: usize, day: u64) -> String {
        let year = year.map_or_else(String::new, |year| format!("{}年", self.year(year)));
        format!("{year}{}月{}{}", self.cardinal(month as u64), self.cardinal(day), self.day)
    }

    fn money(&self, amount: &Amount) -> String {
        let unit = match amount.currency {
            Currency::Dollar => None,
            Currency::Canadian => Some(self.currencies[0]),
            Currency::American => Some(self.currencies[1]),
            Currency::Euro => Some(self.currencies[2]),
            Currency::Pound => Some(self.currencies[3]),
        };
        let usual = match self.money {
            Money::Mandarin => "块",
            Money::Cantonese => "蚊",
        };
        let name = unit.unwrap_or(usual);
        if let Some(value) = scaled(amount) {
            return format!("{}{name}", self.count(value, name));
        }
        match (amount.parts, unit, self.money) {
            (Some((value, 0)), ..) => format!("{}{name}", self.count(value, name)),
            (Some((value, cents)), None, Money::Mandarin) => self.kuai(value, cents),
            (Some((value, cents)), None, Money::Cantonese) => self.man(value, cents),
            (Some(_), Some(_), _) | (None, ..) => format!("{}{name}", amount.number.said(name, self)),
        }
    }

    fn measure(&self, number: &Numeral, unit: Unit) -> String {
        let unit::Measure(before, after) = (self.units)(unit);
        format!("{before}{}{after}", number.said(after, self))
    }

    fn measure_range(&self, low: &str, high: &str, unit: Unit) -> Option<String> {
        let unit::Measure(before, after) = (self.units)(unit);
        (!before.is_empty()).then(|| format!("{before}{low}{}{high}{after}", self.to))
    }

    fn sign(&self, sign: Sign) -> &'static str {
        let place = match sign {
            Sign::At => 0,
            Sign::Dot => 1,
            Sign::Dash => 2,
            Sign::Underscore => 3,
            Sign::Slash => 4,
            Sign::Plus => 5,
            Sign::Minus => 6,
            Sign::And => 7,
            Sign::Equals => 8,
            Sign::Times => 9,
            Sign::About => 10,
            Sign::Less => 11,
            Sign::More => 12,
            Sign::Extension => 13,
            Sign::Number => return "第",
            Sign::To => return self.to,
            Sign::Over => return "比",
            Sign::Half => return "二分之一",
            Sign::Third => return "三分之一",
            Sign::TwoThirds => return "三分之二",
            Sign::Quarter => return "四分之一",
            Sign::ThreeQuarters => return "四分之三",
        };
        self.signs[place]
    }
}

impl Chinese {
    /// Less than 10,000. `inner`: behind a larger part, where ten is 一十.
    fn below(&self, value: u64, inner: bool) -> String {
        match value {
            10_000.. => self.cardinal(value),
            1_000.. => {
                let head = match value / 1_000 {
                    2 if inner => self.two_thousand.to_owned(),
                    2 => format!("{}千", self.two),
                    thousands => format!("{}千", DIGITS[thousands as usize]),
                };
                let rest = value % 1_000;
                let zero = if rest > 0 && rest < 100 { "零" } else { "" };
                let tail = if rest > 0 { self.below(rest, true) } else { String::new() };
                format!("{head}{zero}{tail}")
            }
            100.. => {
                let head = if value / 100 == 2 {
                    self.two_hundred.to_owned()
                } else {
                    format!("{}百", DIGITS[(value / 100) as usize])
                };
                let rest = value % 100;
                let zero = if rest > 0 && rest < 10 { "零" } else { "" };
                let tail = if rest > 0 { self.below(rest, true) } else { String::new() };
                format!("{head}{zero}{tail}")
            }
            10.. => {
                let tens = if value < 20 && !inner { "" } else { DIGITS[(value / 10) as usize] };
                let ones = if value.is_multiple_of(10) { "" } else { DIGITS[(value % 10) as usize] };
                format!("{tens}十{ones}")
            }
            _ => DIGITS[value as usize].to_owned(),
        }
    }

    fn clock(&self, hour: u64, minute: u64) -> String {
        let hour = if hour == 2 { self.two.to_owned() } else { self.cardinal(hour) };
        match minute {
            0 => format!("{hour}{}", self.o_clock),
            30 => format!("{hour}{}半", self.o_clock),
            1..10 => format!("{hour}{}零{}{}", self.o_clock, self.cardinal(minute), self.minutes),
            _ => format!("{hour}{}{}{}", self.o_clock, self.cardinal(minute), self.minutes),
        }
    }

    /// 十二块五毛, 十二块零五分, 十二块九毛九.
    fn kuai(&self, value: u64, cents: u64) -> String {
        let head = if value == 0 { String::new() } else { format!("{}块", self.count(value, "块")) };
        let (tens, ones) = (cents / 10, cents % 10);
        let tenth = || format!("{}毛", self.count(tens, "毛"));
        match (tens, ones) {
            (0, _) if value == 0 => format!("{}分", self.cardinal(ones)),
            (0, _) => format!("{head}零{}分", self.cardinal(ones)),
            (_, 0) => format!("{head}{}", tenth()),
            _ => format!("{head}{}{}", tenth(), self.cardinal(ones)),
        }
    }

    /// 十二個半, 十二蚊九十九仙.
    fn man(&self, value: u64, cents: u64) -> String {
        match (value, cents) {
            (0, _) => format!("{}仙", self.cardinal(cents)),
            (1, 50) => "個半".to_owned(),
            (_, 50) => format!("{}個半", self.count(value, "個半")),
            _ => format!("{}蚊{}仙", self.count(value, "蚊"), self.cardinal(cents)),
        }
    }
}

/// "$2.5 million" as one number.
fn scaled(amount: &Amount) -> Option<u64> {
    use super::money::Scale;
    let zeros = match amount.scale? {
        Scale::Million => 6,
        Scale::Billion => 9,
    };
    let fraction = amount.number.fraction.as_deref().unwrap_or_default();
    let digits = format!("{}{fraction:0<zeros$}", amount.number.whole);
    (fraction.len() <= zeros).then(|| digits.parse().ok())?
}
