//! Clinic facts as sentences in the caller's language, so that no model formats a date or invents a detail.
//!
//! Pure. Sentences are for the ear: digits apart, "8:30 AM" without full stops that a voice would pause at.

pub mod appointment;
mod chinese;
mod english;
mod french;
pub mod intake;
pub mod people;
mod punjabi;
pub mod refusal;

use jiff::civil::Weekday;

use super::calendar::{Hours, Near};
use super::{ClinicConfig, in_language};
use crate::language::Language;

/// What is said about opening times.
pub fn hours(hours: &Hours<'_>, language: Language) -> String {
    match language {
        Language::English => english::hours(hours),
        Language::Mandarin => chinese::hours(hours, &chinese::MANDARIN),
        Language::Cantonese => chinese::hours(hours, &chinese::CANTONESE),
        Language::Punjabi => punjabi::hours(hours),
        Language::French => french::hours(hours),
    }
}

pub fn address(clinic: &ClinicConfig, language: Language) -> String {
    let a = &clinic.address;
    let unit = a.unit.as_ref().map(|u| format!(", {u}")).unwrap_or_default();
    let code = spelled(&a.postal_code);
    let note = in_language(&a.note, language);
    let place = match language {
        Language::English => format!("We're at {}{unit}, in {}. The postal code is {code}.", a.street, a.city),
        Language::French => format!("Nous sommes au {}{unit}, à {}. Le code postal est {code}.", a.street, a.city),
        Language::Mandarin => format!("我们的地址是 {}{unit},{}。邮政编码是 {code}。", a.street, a.city),
        Language::Cantonese => format!("我哋嘅地址係 {}{unit},{}。郵政編碼係 {code}。", a.street, a.city),
        Language::Punjabi => format!("ਸਾਡਾ ਪਤਾ ਹੈ {}{unit}, {}। ਪੋਸਟਲ ਕੋਡ ਹੈ {code}।", a.street, a.city),
    };
    format!("{place} {note}").trim_end().to_owned()
}

pub fn parking(clinic: &ClinicConfig, language: Language) -> String {
    in_language(&clinic.parking, language).to_owned()
}

pub fn directions(clinic: &ClinicConfig, language: Language) -> String {
    in_language(&clinic.directions, language).to_owned()
}

pub fn phone(clinic: &ClinicConfig, language: Language) -> String {
    let phone = telephone(&clinic.phone);
    let fax = clinic.fax.as_ref().map(|f| telephone(f));
    let (number, and_fax) = match language {
        Language::English => (format!("Our phone number is {phone}."), fax.map(|f| format!(" The fax number is {f}."))),
        Language::French => {
            (format!("Notre numéro de téléphone est le {phone}."), fax.map(|f| format!(" Le télécopieur est le {f}.")))
        }
        Language::Mandarin => (format!("我们的电话是 {phone}。"), fax.map(|f| format!("传真是 {f}。"))),
        Language::Cantonese => (format!("我哋嘅電話係 {phone}。"), fax.map(|f| format!("傳真係 {f}。"))),
        Language::Punjabi => (format!("ਸਾਡਾ ਫ਼ੋਨ ਨੰਬਰ ਹੈ {phone}।"), fax.map(|f| format!(" ਫੈਕਸ ਨੰਬਰ ਹੈ {f}।"))),
    };
    number + &and_fax.unwrap_or_default()
}

pub fn providers(clinic: &ClinicConfig, language: Language) -> String {
    let names: Vec<String> = clinic
        .providers
        .iter()
        .map(|p| if language == Language::English { format!("{}, {}", p.name, p.role) } else { p.name.clone() })
        .collect();
    let all = match language {
        Language::English => list(&names, "; ", "; and "),
        Language::French => list(&names, ", ", " et "),
        Language::Mandarin | Language::Cantonese => names.join("、"),
        Language::Punjabi => list(&names, ", ", " ਅਤੇ "),
    };
    match language {
        Language::English => format!("At our clinic there are {all}."),
        Language::French => format!("À notre clinique, il y a {all}."),
        Language::Mandarin => format!("我们诊所有 {all}。"),
        Language::Cantonese => format!("我哋診所有 {all}。"),
        Language::Punjabi => format!("ਸਾਡੇ ਕਲੀਨਿਕ ਵਿੱਚ {all} ਹਨ।"),
    }
}

pub fn languages(clinic: &ClinicConfig, language: Language) -> String {
    let names: Vec<&str> = clinic.languages.iter().map(|spoken| language_name(*spoken, language)).collect();
    match language {
        Language::English => format!("At our clinic we speak {}.", list(&names, ", ", " and ")),
        Language::French => format!("À notre clinique, on parle {}.", list(&names, ", ", " et ")),
        Language::Mandarin => format!("我们诊所可以讲{}。", names.join("、")),
        Language::Cantonese => format!("我哋診所可以講{}。", names.join("、")),
        Language::Punjabi => format!("ਸਾਡੇ ਕਲੀਨਿਕ ਵਿੱਚ {} ਬੋਲੀ ਜਾਂਦੀ ਹੈ।", list(&names, ", ", " ਅਤੇ ")),
    }
}

const fn language_name(named: Language, inside: Language) -> &'static str {
    let [english, mandarin, cantonese, punjabi, french] = match named {
        Language::English => ["English", "英语", "英文", "ਅੰਗਰੇਜ਼ੀ", "anglais"],
        Language::Mandarin => ["Mandarin", "普通话", "普通話", "ਮੈਂਡਰਿਨ", "mandarin"],
        Language::Cantonese => ["Cantonese", "广东话", "廣東話", "ਕੈਂਟੋਨੀਜ਼", "cantonais"],
        Language::Punjabi => ["Punjabi", "旁遮普语", "旁遮普話", "ਪੰਜਾਬੀ", "pendjabi"],
        Language::French => ["French", "法语", "法文", "ਫਰੈਂਚ", "français"],
    };
    match inside {
        Language::English => english,
        Language::Mandarin => mandarin,
        Language::Cantonese => cantonese,
        Language::Punjabi => punjabi,
        Language::French => french,
    }
}

/// A day of the week as it is said.
pub(crate) const fn weekday(day: Weekday, language: Language) -> &'static str {
    match language {
        Language::English => english::weekday(day),
        Language::French => french::weekday(day),
        Language::Mandarin | Language::Cantonese => chinese::weekday(day),
        Language::Punjabi => punjabi::weekday(day),
    }
}

/// "a, b and c".
fn list<S: AsRef<str>>(items: &[S], between: &str, last: &str) -> String {
    match items {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [head @ .., tail] => {
            let head: Vec<&str> = head.iter().map(AsRef::as_ref).collect();
            format!("{}{last}{}", head.join(between), tail.as_ref())
        }
    }
}

/// A telephone number to be heard: +16045550100 is "6 0 4, 5 5 5, 0 1 0 0".
pub fn telephone(number: &str) -> String {
    let digits: Vec<char> = number.chars().filter(char::is_ascii_digit).collect();
    let ten = if digits.len() == 11 && digits[0] == '1' { &digits[1..] } else { &digits[..] };
    let group = |part: &[char]| part.iter().map(char::to_string).collect::<Vec<_>>().join(" ");
    if ten.len() == 10 {
        [&ten[..3], &ten[3..6], &ten[6..]].map(group).join(", ")
    } else {
        ten.chunks(3).map(group).collect::<Vec<_>>().join(", ")
    }
}

/// Signs one by one: V6B 1A1 is "V 6 B, 1 A 1".
fn spelled(code: &str) -> String {
    let part = |p: &str| p.chars().map(|c| c.to_string()).collect::<Vec<_>>().join(" ");
    code.split_whitespace().map(part).collect::<Vec<_>>().join(", ")
}

/// Hour on the 12-hour clock, minute, and whether it is after noon.
fn twelve(time: jiff::civil::Time) -> (i8, i8, bool) {
    let hour = match time.hour() % 12 {
        0 => 12,
        h => h,
    };
    (hour, time.minute(), time.hour() >= 12)
}

/// Whether the date has to be said: its weekday alone would mislead.
const fn needs_date(near: Near) -> bool {
    matches!(near, Near::Later)
}

#[cfg(test)]
mod tests {
    use super::super::Clinic;
    use super::super::calendar;
    use super::*;
    use jiff::civil::{DateTime, date};

    fn now() -> DateTime {
        date(2026, 11, 21).at(10, 5, 0, 0)
    }

    fn say(asked: Option<&str>, language: Language) -> String {
        let clinic = Clinic::sample();
        hours(&calendar::hours(&clinic.config, asked, now()).unwrap(), language)
    }

    #[test]
    fn english_hours() {
        assert_eq!(
            say(None, Language::English),
            "We're open Monday, Tuesday, Thursday and Friday from 8:30 AM to 5 PM, Wednesday from 8:30 AM to 7 PM, and Saturday from 9 AM to 1 PM. We're closed on Sunday."
        );
        assert_eq!(say(Some("sunday"), Language::English), "No, we're closed tomorrow, Sunday.");
        assert_eq!(say(Some("wednesday"), Language::English), "Yes, on Wednesday we're open from 8:30 AM to 7 PM.");
        assert_eq!(say(Some("today"), Language::English), "Yes, today we're open from 9 AM to 1 PM.");
        assert_eq!(
            say(Some("christmas"), Language::English),
            "No, we're closed on Christmas Day, Friday, December 25."
        );
        assert_eq!(say(Some("now"), Language::English), "Yes, we're open now, until 1 PM.");
        assert!(
            say(Some("weekend"), Language::English)
                .contains("Today we're open from 9 AM to 1 PM. Tomorrow, Sunday, we're closed.")
        );
        assert!(say(Some("holidays"), Language::English).contains("closed on Christmas Day"));
    }

    #[test]
    fn every_language_answers_every_question_about_hours() {
        for language in Language::ALL {
            for asked in [
                None,
                Some("now"),
                Some("today"),
                Some("tomorrow"),
                Some("monday"),
                Some("weekend"),
                Some("holidays"),
                Some("christmas"),
                Some("2026-12-24"),
            ] {
                let said = say(asked, language);
                assert!(said.chars().count() > 8, "{language} {asked:?}: {said}");
            }
        }
        assert_eq!(say(Some("tomorrow"), Language::French), "Non, demain, dimanche, nous sommes fermés.");
        assert_eq!(say(Some("monday"), Language::Mandarin), "星期一我们上午八点半到下午五点开门。");
        assert_eq!(say(Some("monday"), Language::Cantonese), "星期一我哋上晝八點半到下晝五點開門。");
    }

    #[test]
    fn places_and_numbers_are_said_for_the_ear() {
        let clinic = Clinic::sample();
        assert!(
            address(&clinic.config, Language::English)
                .starts_with("We're at 120 Harbour Street, suite 201, in Vancouver. The postal code is V 6 B, 1 A 1.")
        );
        assert!(phone(&clinic.config, Language::English).starts_with("Our phone number is 6 0 4, 5 5 5, 0 1 0 0."));
        assert_eq!(
            languages(&clinic.config, Language::English),
            "At our clinic we speak English, Mandarin, Cantonese, Punjabi and French."
        );
        assert!(providers(&clinic.config, Language::English).contains("Dr. Priya Singh, family doctor"));
    }
}
