//! What is found in each language, and what is not.

mod ahead;
mod cantonese;
mod english;
mod french;
mod mandarin;
mod punjabi;
mod sentences;

use super::*;

/// "10:30" with its half, "10:30?" without it; "11-24" and "24."; "Tue"; "+1"; "Booked".
fn written(mention: &Mention) -> String {
    match mention {
        Mention::Time { hour, minute, half: Half::Said } => format!("{hour}:{minute:02}"),
        Mention::Time { hour, minute, half: Half::Unsaid } => format!("{hour}:{minute:02}?"),
        Mention::Date { year: Some(year), month: Some(month), day } => format!("{year}-{month}-{day}"),
        Mention::Date { year: None, month: Some(month), day } => format!("{month}-{day}"),
        Mention::Date { year: _, month: None, day } => format!("{day}."),
        Mention::Weekday(day) => format!("{day:?}")[..3].to_owned(),
        Mention::FromToday(days) => format!("+{days}"),
        Mention::Done(deed) => format!("{deed:?}"),
    }
}

fn told(text: &str, language: Language) -> String {
    mentions(text, language).iter().map(|(mention, _)| written(mention)).collect::<Vec<_>>().join(" ")
}

/// Every row that is read otherwise, at once.
fn all(rows: &[(&str, &str)], language: Language) {
    let wrong: Vec<_> = rows
        .iter()
        .map(|(text, wanted)| (text, wanted, told(text, language)))
        .filter(|(_, wanted, told)| *wanted != told)
        .map(|(text, wanted, told)| format!("{text}\n    wanted: {wanted}\n    found:  {told}"))
        .collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

fn none(texts: &[&str], language: Language) {
    let rows: Vec<_> = texts.iter().map(|text| (*text, "")).collect();
    all(&rows, language);
}

#[test]
fn every_mention_knows_where_it_stands() {
    let text = "Il reste 10 h 30, à l'été: mardi.";
    let places: Vec<_> = mentions(text, Language::French).into_iter().map(|(_, place)| &text[place]).collect();
    assert_eq!(places, ["10 h 30", "mardi"]);
    let text = "Okay, you're booked for ten thirty a.m. tomorrow.";
    let places: Vec<_> = mentions(text, Language::English).into_iter().map(|(_, place)| &text[place]).collect();
    assert_eq!(places, ["you're booked", "ten thirty a.m", "tomorrow"]);
    let text = "好的，下午３點半。";
    let places: Vec<_> = mentions(text, Language::Cantonese).into_iter().map(|(_, place)| &text[place]).collect();
    assert_eq!(places, ["３點半"]);
}

#[test]
fn the_same_words_over_and_over_are_read() {
    for piece in [
        "at 1 or ",
        "the 5th and ",
        "24 or ",
        "9 到 ",
        "ten ",
        "四号和",
        "ਦਸ ਤੋਂ ",
        "you're ",
        "le 5 ou ",
        "10:",
        "10 h ",
    ] {
        let text = piece.repeat(200);
        for language in Language::ALL {
            mentions(&text, language);
        }
    }
}

proptest::proptest! {
    #[test]
    fn nothing_that_is_written_breaks_it(text in "\\PC{0,60}") {
        for language in Language::ALL {
            for (_, place) in mentions(&text, language) {
                proptest::prop_assert!(text.get(place).is_some());
            }
        }
    }

    #[test]
    fn no_row_of_its_own_words_breaks_it(words in proptest::collection::vec(proptest::sample::select(WORDS), 0..14), blanks: bool) {
        let text = words.join(if blanks { " " } else { "" });
        for language in Language::ALL {
            for (_, place) in mentions(&text, language) {
                proptest::prop_assert!(text.get(place).is_some());
            }
        }
    }
}

const WORDS: &[&str] = &[
    "at",
    "10",
    ":",
    "30",
    "half",
    "past",
    "to",
    "ten",
    "a.m.",
    "the",
    "24th",
    "November",
    "2026",
    "-",
    "11",
    "/",
    "from",
    "h",
    "heures",
    "et",
    "quart",
    "moins",
    "le",
    "midi",
    "à",
    "mardi",
    "novembre",
    "二十",
    "四",
    "号",
    "月",
    "点",
    "半",
    "星期",
    "差",
    "一刻",
    "到",
    "年",
    "十",
    "ਸਾਢੇ",
    "ਦਸ",
    "ਵਜੇ",
    "ਨਵੰਬਰ",
    "ਤੋਂ",
    "you're",
    "booked",
    "已经",
    "取消",
    "了",
    "?",
    ".",
    ",",
    "İ",
    "½",
    "٣",
    "੫",
    "é",
    "œ",
    "𝟙",
    "\u{301}",
];
