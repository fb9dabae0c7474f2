use super::spoken;
use proptest::prelude::*;

fn each(cases: &[(&str, &str)]) {
    for (written, said) in cases {
        assert_eq!(spoken(written), *said, "{written}");
    }
}

#[test]
fn times_are_said() {
    each(&[
        ("We open at 9:30 a.m. today.", "We open at nine thirty AM today."),
        ("until 5 p.m.", "until five PM."),
        ("at 9am, or 2:05pm.", "at nine AM, or two oh five PM."),
        ("at 10:00.", "at ten o'clock."),
        ("at 14:30 or 16:00", "at two thirty PM or four PM"),
        ("9:00-17:00, or 9-5", "nine to five PM, or nine to five"),
        ("8:30–11:45 AM", "eight thirty to eleven forty-five AM"),
        ("open 24/7!", "open twenty-four seven!"),
        ("I am here at 9", "I am here at nine"),
    ]);
}

#[test]
fn dates_are_said() {
    each(&[
        ("on November 21, 2026.", "on November twenty-first, twenty twenty-six."),
        ("born 1985-03-02", "born March second, nineteen eighty-five"),
        ("Friday, December 25", "Friday, December twenty-fifth"),
        ("the 3rd of May 2006", "the third of May two thousand six"),
        ("here since 1998", "here since nineteen ninety-eight"),
    ]);
}

#[test]
fn long_numbers_are_said_digit_by_digit_in_groups() {
    let number = "six zero four, five five five, zero one four two";
    for written in ["604-555-0142", "(604) 555-0142", "604 555 0142", "604.555.0142", "6045550142"] {
        assert_eq!(spoken(&format!("Call {written}, please.")), format!("Call {number}, please."), "{written}");
    }
    each(&[
        ("+1 604 555 0142 ext. 12", &format!("plus one, {number} extension twelve")),
        ("555-0142?", "five five five, zero one four two?"),
        ("code 007", "code zero zero seven"),
        ("9876 543 210", "nine eight seven six, five four three, two one zero"),
    ]);
}

#[test]
fn addresses_and_titles_are_said() {
    each(&[
        ("Dr. Chen is in.", "Doctor Chen is in."),
        ("at 1234 West Broadway.", "at twelve thirty-four West Broadway."),
        ("405 Main St. in Delta", "four oh five Main Street in Delta"),
        ("12 Park Dr. and St. Paul's", "twelve Park Drive and Saint Paul's"),
        ("near Oak St.", "near Oak Street."),
        ("Mrs. Gill, Suite 210", "Missus Gill, Suite two ten"),
        ("postal code V5K 0A1, B12", "postal code V5K 0A1, B12"),
    ]);
}

#[test]
fn amounts_are_said() {
    each(&[
        ("It is $40, or $9.01.", "It is forty dollars, or nine dollars and one cent."),
        ("$1,250.00", "one thousand two hundred fifty dollars"),
        ("3.5 of 2,000 (99%)", "three point five of two thousand (ninety-nine percent)"),
        ("your 21st visit, #4 today", "your twenty-first visit, number four today"),
        ("tea & coffee", "tea and coffee"),
    ]);
}

proptest! {
    #[test]
    fn any_text_is_taken_and_plain_words_stay(text in "\\PC{0,60}", words in prop::collection::vec("[a-z]{3,8}", 0..6)) {
        spoken(&text);
        prop_assume!(!words.iter().any(|word| word == "etc" || word == "approx"));
        prop_assert_eq!(spoken(&words.join(" ")), words.join(" "));
    }

    #[test]
    fn no_bare_number_is_left(number in "[0-9]{1,20}", mark in "[.,?!]?") {
        let said = spoken(&format!("it is {number}{mark} then"));
        prop_assert!(!said.contains(|c: char| c.is_ascii_digit()), "{}", said);
    }
}
