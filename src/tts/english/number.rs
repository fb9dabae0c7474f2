//! English names of numbers: cardinal, ordinal, digit by digit, and in pairs as years and house numbers are read. Pure.

const SMALL: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 10] = ["", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
const LARGE: [(u64, &str); 3] = [(1_000_000_000, "billion"), (1_000_000, "million"), (1_000, "thousand")];

/// Digits that are read as one number; a longer row of them is a code, and is read digit by digit.
const LONGEST: usize = 9;

/// A row of digits as a number: "2,000" without its comma, at most nine digits, else digit by digit; so are those with a
/// leading zero.
pub(super) fn cardinal(digits: &str) -> String {
    let coded = digits.len() > LONGEST || (digits.len() > 1 && digits.starts_with('0'));
    match digits.parse::<u64>() {
        Ok(number) if !coded => named(number),
        Ok(_) | Err(_) => one_by_one(digits),
    }
}

pub(super) fn named(number: u64) -> String {
    if let Some((size, name)) = LARGE.into_iter().find(|(size, _)| number >= *size) {
        return followed(format!("{} {name}", named(number / size)), number % size);
    }
    match number {
        0..20 => SMALL[number as usize].to_owned(),
        20..100 => {
            let tens = TENS[(number / 10) as usize];
            if number.is_multiple_of(10) {
                tens.to_owned()
            } else {
                format!("{tens}-{}", SMALL[(number % 10) as usize])
            }
        }
        _ => followed(format!("{} hundred", SMALL[(number / 100) as usize]), number % 100),
    }
}

fn followed(head: String, rest: u64) -> String {
    if rest == 0 { head } else { format!("{head} {}", named(rest)) }
}

/// "twenty-first".
pub(super) fn ordinal(number: u64) -> String {
    const ODD: [(&str, &str); 8] = [
        ("one", "first"),
        ("two", "second"),
        ("three", "third"),
        ("five", "fifth"),
        ("eight", "eighth"),
        ("nine", "ninth"),
        ("twelve", "twelfth"),
        ("y", "ieth"),
    ];
    let name = named(number);
    let odd = ODD.into_iter().find_map(|(end, ordinal)| Some(format!("{}{ordinal}", name.strip_suffix(end)?)));
    odd.unwrap_or_else(|| format!("{name}th"))
}

/// "six zero four": a telephone number, a code.
pub(super) fn one_by_one(digits: &str) -> String {
    let names = digits.bytes().filter(u8::is_ascii_digit).map(|digit| SMALL[usize::from(digit - b'0')]);
    names.collect::<Vec<_>>().join(" ")
}

/// Years and house numbers: "nineteen eighty-five", "four oh five", "two thousand six".
pub(super) fn in_pairs(number: u64) -> String {
    let (head, tail) = (number / 100, number % 100);
    match (head, tail) {
        (0, _) | (_, 0) if !(11..100).contains(&head) || head.is_multiple_of(10) => named(number),
        (_, 0) => format!("{} hundred", named(head)),
        // Nobody says "twenty oh six".
        (20, 1..10) => named(number),
        (_, 1..10) => format!("{} oh {}", named(head), named(tail)),
        _ => format!("{} {}", named(head), named(tail)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_named() {
        assert_eq!(cardinal("0"), "zero");
        assert_eq!(cardinal("42"), "forty-two");
        assert_eq!(cardinal("1250"), "one thousand two hundred fifty");
        assert_eq!(cardinal("3000007"), "three million seven");
        assert_eq!(cardinal("007"), "zero zero seven");
        assert_eq!(cardinal("9876543210"), "nine eight seven six five four three two one zero");
    }

    #[test]
    fn ordinals_are_named() {
        let named = [1, 2, 3, 4, 5, 8, 9, 12, 20, 21, 30, 100].map(ordinal).join(" ");
        let want =
            "first second third fourth fifth eighth ninth twelfth twentieth twenty-first thirtieth one hundredth";
        assert_eq!(named, want);
    }

    #[test]
    fn pairs_are_read_as_years_and_houses_are() {
        let said = |numbers: &[u64]| numbers.iter().map(|number| in_pairs(*number)).collect::<Vec<_>>().join(", ");
        assert_eq!(
            said(&[1985, 2026, 2006, 2000, 1900]),
            "nineteen eighty-five, twenty twenty-six, two thousand six, two thousand, nineteen hundred"
        );
        assert_eq!(said(&[7, 42, 100, 405, 845]), "seven, forty-two, one hundred, four oh five, eight forty-five");
        assert_eq!(said(&[1000, 1234, 12345]), "one thousand, twelve thirty-four, one hundred twenty-three forty-five");
    }
}
