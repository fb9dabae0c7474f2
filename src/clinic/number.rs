//! Which clinic was dialled: carriers, trunks and desk phones write the same number in many ways.
//!
//! A number becomes one E.164 number or none, and leads to the clinic that has it, or to nobody. Nothing is guessed: there is no clinic for a number that is
//! nobody's. Extensions, which desk phones dial, are digits as a clinic's file has them. Pure.

use std::collections::BTreeMap;

use super::{Clinic, Tenant};

/// Digits of an extension: more could be a telephone number.
const EXTENSION: std::ops::RangeInclusive<usize> = 2..=7;

/// Digits of an E.164 number (ITU-T E.164, 6.2); fewer are local ones, which say nothing outside their area.
const DIGITS: std::ops::RangeInclusive<usize> = 8..=15;

/// The E.164 number that was dialled: `+16045550100` of `+1 (604) 555-0100`, `16045550100`, `6045550100`, `01116045550100`,
/// `sip:+16045550100@host` and `tel:+1-604-555-0100`; `None` of what is no telephone number. Ten digits without a plus are North American ones.
pub fn e164(dialled: &str) -> Option<String> {
    let user = user(dialled);
    let (is_whole, rest) = match user.strip_prefix("%2B").or_else(|| user.strip_prefix("%2b")) {
        Some(rest) => (true, rest),
        None => user.strip_prefix('+').map_or((false, user), |rest| (true, rest)),
    };
    let digits: String = rest.chars().filter(|c| !is_separator(*c)).collect();
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits = match digits.strip_prefix("011").or_else(|| digits.strip_prefix("00")) {
        // How a call abroad is dialled, from North America and from elsewhere.
        Some(abroad) if !is_whole => abroad.to_owned(),
        Some(_) | None if !is_whole && is_north_american(&digits) => format!("1{digits}"),
        Some(_) | None => digits,
    };
    let is_number = match digits.strip_prefix('1') {
        Some(national) => is_north_american(national),
        None => DIGITS.contains(&digits.len()) && !digits.starts_with('0'),
    };
    is_number.then(|| format!("+{digits}"))
}

/// Ten digits whose area and exchange begin as they do there (NANP).
fn is_north_american(digits: &str) -> bool {
    let begins = |at: usize| digits.as_bytes().get(at).is_some_and(|digit| (b'2'..=b'9').contains(digit));
    digits.len() == 10 && begins(0) && begins(3)
}

const fn is_separator(c: char) -> bool {
    matches!(c, ' ' | '-' | '.' | '(' | ')' | '\u{a0}')
}

/// What stands before the host of a URI, or all of what is none; without parameters.
fn user(dialled: &str) -> &str {
    let dialled = dialled.trim();
    let rest = match dialled.split_once(':') {
        Some((scheme, rest)) if ["sip", "sips", "tel"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) => rest,
        Some(_) | None => dialled,
    };
    rest.split(['@', ';', '?']).next().unwrap_or_default().trim()
}

/// Whether it is one of the numbers kept for films and trials, 555-0100 to 555-0199 of any area (NANPA): nobody can be called there.
pub fn is_fictional(number: &str) -> bool {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let ten = if digits.len() == 11 { digits.strip_prefix('1').unwrap_or_default() } else { &digits };
    ten.len() == 10 && ten[3..].starts_with("55501")
}

/// Whether a clinic's file may have this as an extension.
pub(super) fn is_extension(text: &str) -> bool {
    EXTENSION.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Every clinic of a server, by what is dialled.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    all: BTreeMap<String, Tenant>,
    /// Names by which trunks ring whoever was dialled.
    trunks: Vec<String>,
}

impl Directory {
    /// Of these clinics, each with the name of its file. An error has a line for each thing that is wrong: `file: key: what is wrong; what to write instead`.
    pub fn of<'a>(clinics: impl IntoIterator<Item = (&'a str, &'a Clinic)>) -> Result<Self, Vec<String>> {
        let (mut all, mut wrong) = (BTreeMap::new(), Vec::new());
        let mut whose: BTreeMap<String, &str> = BTreeMap::new();
        for (file, clinic) in clinics {
            let config = &clinic.config;
            if config.numbers.is_empty() {
                wrong.push(format!(
                    "{file}: numbers: none, and there are other clinics: no call would come here; write the numbers that patients dial"
                ));
            }
            for number in config.numbers.iter().filter(|number| e164(number).as_ref() != Some(*number)) {
                wrong.push(format!(
                    "{file}: numbers: `{number}` cannot be dialled; a North American number has ten digits after +1, an area and an exchange of 2 to 9"
                ));
            }
            let numbers = config.numbers.iter().map(|number| ("numbers", number));
            for (key, dialled) in numbers.chain(config.extensions.iter().map(|extension| ("extensions", extension))) {
                if let Some(other) = whose.insert(dialled.clone(), file).filter(|other| *other != file) {
                    wrong.push(format!(
                        "{file}: {key}: `{dialled}` is in {other} as well; take it out of one of the two"
                    ));
                }
                all.insert(dialled.clone(), clinic.tenant().clone());
            }
        }
        if wrong.is_empty() { Ok(Self { all, trunks: Vec::new() }) } else { Err(wrong) }
    }

    /// The same with a trunk that rings by this name of its own, whoever was dialled.
    #[must_use]
    pub fn with_trunk(mut self, name: &str) -> Self {
        self.trunks.push(name.to_owned());
        self
    }

    /// The clinic that was dialled. `addressed` is where the call was sent before a trunk put a user of its own in the place of the number (To of SIP): it counts
    /// if what was dialled is no telephone number, and first of all if it is a trunk's own name, which may look like a number.
    pub fn clinic(&self, dialled: &str, addressed: Option<&str>) -> Option<&Tenant> {
        if self.is_trunk(dialled)
            && let Some(clinic) = addressed.and_then(|addressed| self.led_to(addressed))
        {
            return Some(clinic);
        }
        match (self.led_to(dialled), e164(dialled)) {
            (Some(clinic), _) => Some(clinic),
            (None, Some(_)) => None,
            (None, None) => addressed.and_then(|addressed| self.led_to(addressed)),
        }
    }

    fn led_to(&self, dialled: &str) -> Option<&Tenant> {
        match e164(dialled) {
            Some(number) => self.all.get(&number),
            None => self.all.get(user(dialled)),
        }
    }

    fn is_trunk(&self, dialled: &str) -> bool {
        let number = e164(dialled);
        self.trunks.iter().any(|name| user(dialled) == name || (number.is_some() && number == e164(name)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_of_films_are_known_however_they_are_written() {
        for number in ["+16045550100", "604-555-0199", "1 (778) 555 0150"] {
            assert!(is_fictional(number), "{number}");
        }
        for number in ["+16045550200", "604-555-1100", "5550100", "+445550100123", "", "00000"] {
            assert!(!is_fictional(number), "{number}");
        }
    }

    const SAMPLE: &str = include_str!("../../agents/sample-clinic.toml");

    fn clinic(id: &str, dialled: &str) -> Clinic {
        let text = SAMPLE.replace("harbour-street", id).replace("numbers = [\"+16045550100\"]", dialled);
        // Another clinic than the sample has no book without a file.
        let text = text.replace("kind = \"book\" ", "file = \"book.toml\"\nkind = \"book\" ");
        Clinic::of(&text, "clinic.toml").unwrap()
    }

    #[test]
    fn a_number_is_the_same_however_it_is_dialled() {
        for (dialled, wanted) in [
            ("+16045550100", Some("+16045550100")),
            ("16045550100", Some("+16045550100")),
            ("6045550100", Some("+16045550100")),
            ("01116045550100", Some("+16045550100")),
            ("0016045550100", Some("+16045550100")),
            ("%2B16045550100", Some("+16045550100")),
            ("%2b16045550100@host", Some("+16045550100")),
            ("sip:+16045550100@carrier.example:5060;user=phone", Some("+16045550100")),
            ("SIPS:6045550100@carrier.example", Some("+16045550100")),
            ("tel:+1-604-555-0100;phone-context=+1", Some("+16045550100")),
            ("+16045550100;npdi;rn=+16045550000", Some("+16045550100")),
            (" +1 (604) 555-0100 ", Some("+16045550100")),
            ("604.555.0100", Some("+16045550100")),
            ("+442071838750", Some("+442071838750")),
            ("442071838750", Some("+442071838750")),
            ("011442071838750", Some("+442071838750")),
            // Malaysia, if the plus is there.
            ("+6045550100", Some("+6045550100")),
            ("5550100", None),
            ("2001", None),
            ("", None),
            ("clinic", None),
            ("anonymous@anonymous.invalid", None),
            ("+1604555010", None),
            ("+11045550100", None),
            ("1604555010012", None),
            ("+06045550100", None),
            ("++16045550100", None),
            ("1604555o100", None),
            ("+1234567890123456", None),
            ("sip:@host", None),
            ("６０４５５５０１００", None),
        ] {
            assert_eq!(e164(dialled).as_deref(), wanted, "{dialled}");
        }
    }

    #[test]
    fn each_number_and_extension_leads_to_its_clinic_and_any_other_to_nobody() {
        let one = clinic("one", "numbers = [\"+16045550100\", \"+442071838750\"]\nextensions = [\"2001\"]");
        let other = clinic("other", "numbers = [\"+16045550110\"]");
        let directory = Directory::of([("one.toml", &one), ("other.toml", &other)]).unwrap();
        for (dialled, addressed, wanted) in [
            ("6045550100", None, Some("one")),
            ("sip:+442071838750@host", None, Some("one")),
            ("2001", None, Some("one")),
            ("sip:2001@10.0.0.1", None, Some("one")),
            ("+16045550110", None, Some("other")),
            // A trunk that registers is rung by its own name, and To says what was dialled.
            ("trunk-user", Some("+16045550110"), Some("other")),
            ("123456", Some("16045550110"), Some("other")),
            // What was dialled counts, whoever was rung first.
            ("2001", Some("+16045550110"), Some("one")),
            ("+16045550100", Some("+16045550110"), Some("one")),
            ("+16045550199", Some("+16045550110"), None),
            ("2002", None, None),
            ("2002", Some("2001"), Some("one")),
            ("clinic", Some("clinic"), None),
            ("", None, None),
            ("one", None, None),
        ] {
            let found = directory.clinic(dialled, addressed).map(|tenant| &**tenant);
            assert_eq!(found, wanted, "{dialled} {addressed:?}");
        }
    }

    #[test]
    fn a_trunk_s_own_name_may_look_like_a_number_and_to_counts_before_it() {
        fn found(directory: &Directory, dialled: &str, addressed: Option<&str>) -> Option<String> {
            directory.clinic(dialled, addressed).map(|clinic| clinic.to_string())
        }
        let (one, other) =
            (clinic("one", "numbers = [\"+16045550100\"]"), clinic("other", "numbers = [\"+16045550110\"]"));
        let directory = Directory::of([("one.toml", &one), ("other.toml", &other)]).unwrap();
        assert_eq!(found(&directory, "17775551234", Some("6045550110")), None, "nobody's number");
        for name in ["17775551234", "345678901"] {
            let known = directory.clone().with_trunk(name);
            assert_eq!(found(&known, name, Some("6045550110")).as_deref(), Some("other"));
            assert_eq!(found(&known, &format!("sip:{name}@10.0.0.1"), Some("+16045550100")).as_deref(), Some("one"));
            assert_eq!(found(&known, &format!("+{name}"), Some("+16045550100")).as_deref(), Some("one"));
            for addressed in [None, Some(name), Some("+16045550199")] {
                assert_eq!(found(&known, name, addressed), None, "{addressed:?}");
            }
            assert_eq!(found(&known, "+16045550199", Some("+16045550110")), None, "what was dialled is nobody's");
        }
        // A trunk may have the first of the numbers as its name.
        let pilot = directory.with_trunk("16045550100");
        for (addressed, wanted) in [(None, "one"), (Some("16045550100"), "one"), (Some("16045550110"), "other")] {
            assert_eq!(found(&pilot, "16045550100", addressed).as_deref(), Some(wanted));
        }
    }

    #[test]
    fn what_leads_to_two_clinics_or_to_none_is_told_with_its_file_and_mend() {
        let one = clinic("one", "numbers = [\"+16045550100\", \"+1604555010\"]\nextensions = [\"2001\"]");
        let other = clinic("other", "numbers = [\"+16045550100\"]\nextensions = [\"2001\"]");
        let silent = clinic("silent", "");
        let wrong = Directory::of([("1.toml", &one), ("2.toml", &other), ("3.toml", &silent)]).unwrap_err();
        let begins = [
            "1.toml: numbers: `+1604555010` cannot be dialled; ",
            "2.toml: numbers: `+16045550100` is in 1.toml as well; take",
            "2.toml: extensions: `2001` is in 1.toml as well; take",
            "3.toml: numbers: none, and there are other clinics",
        ];
        assert_eq!(wrong.len(), begins.len(), "{wrong:#?}");
        for (wrong, begins) in wrong.iter().zip(begins) {
            assert!(wrong.starts_with(begins), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn every_way_to_write_a_number_is_that_number(
            area in 200_u32..1_000, exchange in 200_u32..1_000, line in 0_u32..10_000, separator in "[-. ]?",
        ) {
            let national = format!("{area}{exchange}{line:04}");
            let apart = format!("{area}{separator}{exchange}{separator}{line:04}");
            let wanted = Some(format!("+1{national}"));
            for written in [
                national.clone(), format!("1{national}"), format!("+1{national}"), format!("0111{national}"),
                apart.clone(), format!("+1{separator}{apart}"), format!("({area}) {exchange}-{line:04}"),
                format!("sip:{national}@10.0.0.1"), format!("sips:+1{national}@h;x=y"), format!("tel:+1-{apart}"),
            ] {
                prop_assert_eq!(e164(&written), wanted.clone(), "{}", written);
            }
        }

        #[test]
        fn what_is_dialled_is_one_number_or_none(text in "[-+0-9 ().@:;a-z%]{0,24}|.{0,24}") {
            if let Some(number) = e164(&text) {
                let digits = number.strip_prefix('+').unwrap();
                prop_assert!(DIGITS.contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()));
                prop_assert_eq!(e164(&number), Some(number.clone()));
                prop_assert!(!is_extension(user(&text)));
            }
        }
    }
}
