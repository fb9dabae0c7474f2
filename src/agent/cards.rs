//! Numbers of health cards in what a caller said: no model sees them and no transcript keeps them; `[card 1]` stands in their place.
//!
//! Decides which run of digits is one: what was last named when it was said, a card or something else that has a number, and its check digit. What
//! a placeholder stands for follows from the lines alone, so that nothing is kept. Runs of fewer than six digits stay: the last four are asked for.

use std::ops::Range;
use std::sync::LazyLock;

use super::{Line, Who, digits};
use crate::emr::card;
use crate::language::Language;
use crate::privacy::Pii;
use crate::tokens::{Phrases, placed, tokens};

/// The least of a card's number that is hidden: callers pause within it.
const SHORTEST: usize = 6;

/// The most digits of a card: a longer run is several numbers.
const LONGEST: usize = 12;

/// So many lines of the agent may follow, that name nothing, before an answer is no longer about the card.
const STAYS: u8 = 2;

/// What a number belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Topic {
    Card,
    /// A telephone, a date of birth, an address.
    Other,
}

/// In five languages, whichever is spoken: people mix them.
static TOPICS: LazyLock<[(Topic, Phrases); 2]> = LazyLock::new(|| {
    let phrases = |texts: &[&str]| Phrases::new(texts, Language::English);
    [(Topic::Card, phrases(&CARDS)), (Topic::Other, phrases(&OTHERS))]
});

const CARDS: [&str; 14] = [
    "card",
    "cards",
    "carecard",
    "phn",
    "ohip",
    "hin",
    "ramq",
    "personal health number",
    "carte",
    "cartes",
    "soleil",
    "assurance maladie",
    "卡",
    "ਕਾਰਡ",
];

const OTHERS: [&str; 32] = [
    "phone",
    "telephone",
    "cell",
    "mobile",
    "call",
    "reach",
    "appeler",
    "rappeler",
    "joindre",
    "cellulaire",
    "电话",
    "手机",
    "联系",
    "联络",
    "ਫੋਨ",
    "ਮੋਬਾਈਲ",
    "birth",
    "birthday",
    "born",
    "naissance",
    "生日",
    "出生",
    "ਜਨਮ",
    "address",
    "adresse",
    "地址",
    "ਪਤਾ",
    "postal",
    "area code",
    "indicatif",
    "区号",
    "ਏਰੀਆ ਕੋਡ",
];

/// One number, and the bytes of which line it is made from.
struct Found {
    line: usize,
    at: Range<usize>,
    digits: String,
}

/// What was named so far.
#[derive(Default)]
struct Named {
    topic: Option<Topic>,
    /// Lines of the agent since.
    since: u8,
    /// In the agent's last line or after it.
    card: bool,
}

impl Named {
    fn hear(&mut self, words: &[String]) {
        for topic in topics(words) {
            (self.topic, self.since) = (Some(topic), 0);
            self.card |= topic == Topic::Card;
        }
    }

    fn asked(&mut self, words: &[String]) {
        self.since = self.since.saturating_add(1);
        self.card = false;
        self.hear(words);
        if self.since > STAYS {
            self.topic = None;
        }
    }

    /// `after`: what the caller said after it.
    fn is_card(&self, run: &str, after: &[String]) -> bool {
        let is_checked = card::is_card("BC", run) || card::is_card("ON", run);
        match self.topic.or_else(|| topics(after).next()) {
            Some(Topic::Card) => run.len() >= SHORTEST,
            // Both were asked for at once.
            Some(Topic::Other) => (is_checked || run.len() > LONGEST) && self.card,
            None => is_checked && digits::telephone(run).is_none(),
        }
    }
}

fn topics(words: &[String]) -> impl Iterator<Item = Topic> {
    (0..words.len()).filter_map(|at| {
        let named = TOPICS.iter().find(|(_, phrases)| phrases.prefix(&words[at..]).is_some());
        named.map(|(topic, _)| *topic)
    })
}

/// The runs of digits in these words, and where each is; "and" parts two numbers, though it may stand in one.
fn runs(words: &[String], language: Language) -> Vec<(digits::Run, Range<usize>)> {
    let mut runs = Vec::new();
    for (run, at) in digits::placed(words, language) {
        if run.len() <= LONGEST {
            runs.push((run, at));
            continue;
        }
        let mut from = at.start;
        for part in words[at].split(|word| matches!(word.as_str(), "and" | "then")) {
            let placed = digits::placed(part, language).into_iter();
            runs.extend(placed.map(|(run, at)| (run, from + at.start..from + at.end)));
            from += part.len() + 1;
        }
    }
    runs
}

fn found(said: &[Line], language: Language) -> Vec<Found> {
    let (mut found, mut named) = (Vec::new(), Named::default());
    for (line, Line { who, text, .. }) in said.iter().enumerate() {
        let text = text.reveal();
        match who {
            Who::System => {}
            Who::Agent => named.asked(&tokens(text, language)),
            Who::Caller => {
                let (words, places): (Vec<String>, Vec<Range<usize>>) = placed(text, language).into_iter().unzip();
                let mut heard = 0;
                for (digits, at) in runs(&words, language) {
                    named.hear(&words[heard..at.start]);
                    heard = at.end;
                    if named.is_card(&digits, &words[at.end..]) {
                        let bytes = places[at.start].start..places[at.end - 1].end;
                        found.push(Found { line, at: bytes, digits });
                    }
                }
                named.hear(&words[heard..]);
            }
        }
    }
    found
}

/// The numbers, each once, in the order in which they were first said.
fn numbers(found: &[Found]) -> Vec<&str> {
    let mut numbers: Vec<&str> = Vec::new();
    for one in found {
        if !numbers.contains(&one.digits.as_str()) {
            numbers.push(&one.digits);
        }
    }
    numbers
}

fn placeholder(nth: usize) -> String {
    format!("[card {}]", nth + 1)
}

/// The same lines with placeholders in place of numbers of cards.
pub fn hidden(said: &[Line], language: Language) -> Vec<Line> {
    let (mut lines, found) = (said.to_vec(), found(said, language));
    let numbers = numbers(&found);
    // From the end, so that what is in front stays where it is.
    for one in found.iter().rev() {
        let nth = numbers.iter().position(|number| *number == one.digits).unwrap_or_default();
        let mut text = lines[one.line].text.reveal().clone();
        text.replace_range(one.at.clone(), &placeholder(nth));
        lines[one.line].text = Pii::new(text);
    }
    lines
}

/// What the caller said after these lines, as a transcript has it.
pub fn transcript(said: &[Line], text: &str, language: Language) -> String {
    let last = Line { who: Who::Caller, text: Pii::new(text.to_owned()), cut: false };
    let lines: Vec<Line> = said.iter().cloned().chain([last]).collect();
    hidden(&lines, language).pop().map_or_else(String::new, |line| line.text.into_inner())
}

/// What a model wrote, with the numbers in place of their placeholders: for the tool alone that it calls.
pub(super) fn filled(arguments: &Pii<String>, said: &[Line], language: Language) -> Pii<String> {
    if !arguments.reveal().contains("[card ") {
        return arguments.clone();
    }
    let found = found(said, language);
    let filled = numbers(&found)
        .into_iter()
        .enumerate()
        .fold(arguments.reveal().clone(), |text, (nth, number)| text.replace(&placeholder(nth), number));
    Pii::new(filled)
}

/// The placeholder in these words, if one is there.
pub(super) fn placeholder_in(text: &str) -> Option<&str> {
    let from = &text[text.find("[card ")?..];
    from.find(']').map(|end| &from[..=end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(said: &[(Who, &str)]) -> Vec<Line> {
        said.iter().map(|(who, text)| Line { who: *who, text: Pii::new((*text).to_owned()), cut: false }).collect()
    }

    /// The caller's last words, as a model is shown them.
    fn shown(said: &[(Who, &str)], language: Language) -> String {
        hidden(&lines(said), language).pop().unwrap().text.into_inner()
    }

    #[test]
    fn a_card_that_was_asked_for_is_hidden_in_every_language_however_it_is_said() {
        for (language, asked, said, wanted) in [
            (Language::English, "What is your health card number?", "It's 9698 658 215.", "It's [card 1]."),
            (
                Language::English,
                "And the number of your card?",
                "um nine six nine eight six five eight two one five, I think",
                "um [card 1], I think",
            ),
            (Language::English, "Your card number?", "T R E M 8061 1512", "T R E M [card 1]"),
            (
                Language::French,
                "Votre numéro d'assurance maladie?",
                "C'est TREM 8061 1512 et j'ai fini",
                "C'est TREM [card 1] et j'ai fini",
            ),
            (Language::Mandarin, "请问您的健康卡号码是多少?", "是九六九八六五八二一五", "是[card 1]"),
            (Language::Cantonese, "請問你嘅健康卡號碼?", "係九六九八 六五八 二一五", "係[card 1]"),
            (Language::Punjabi, "ਤੁਹਾਡੇ ਹੈਲਥ ਕਾਰਡ ਦਾ ਨੰਬਰ?", "9698658215 ਹੈ", "[card 1] ਹੈ"),
        ] {
            assert_eq!(shown(&[(Who::Agent, asked), (Who::Caller, said)], language), wanted);
        }
    }

    #[test]
    fn wrong_ones_and_pieces_of_one_are_hidden_and_the_last_four_are_not() {
        let asked = (Who::Agent, "What is your health card number?");
        let shown = |said: &[(Who, &str)]| shown(said, Language::English);
        assert_eq!(shown(&[asked, (Who::Caller, "9698 648 215")]), "[card 1]");
        let go_on = (Who::Agent, "Go on.");
        assert_eq!(shown(&[asked, (Who::Caller, "nine six nine"), go_on, (Who::Caller, "865 8215")]), "[card 1]");
        assert_eq!(shown(&[asked, (Who::Caller, "it ends in 8215")]), "it ends in 8215");
    }

    #[test]
    fn one_that_nobody_asked_for_is_known_by_its_check_digit_or_by_its_name() {
        for (said, wanted) in [
            ("1234 567 897 if you need it", "[card 1] if you need it"),
            ("my card is 9698 658 215", "my card is [card 1]"),
            ("9698 658 215, that's my card", "[card 1], that's my card"),
            ("my number is 604 555 0123", "my number is 604 555 0123"),
            ("123456789 is the invoice", "123456789 is the invoice"),
        ] {
            assert_eq!(shown(&[(Who::Agent, "How can I help?"), (Who::Caller, said)], Language::English), wanted);
        }
    }

    #[test]
    fn telephones_and_dates_stay_though_a_card_was_named_before() {
        let card = [(Who::Agent, "Your health card number?"), (Who::Caller, "9698 658 215")];
        for (asked, answer) in [
            ("Thank you. And your phone number?", "604 555 0123"),
            ("And when were you born?", "1984 03 09"),
            ("Where can we reach you?", "nine zero five five five five one two three four"),
        ] {
            let said: Vec<_> = card.into_iter().chain([(Who::Agent, asked), (Who::Caller, answer)]).collect();
            assert_eq!(shown(&said, Language::English), answer);
        }
        let both = (Who::Caller, "my card is 9698 658 215 and my phone is 604 555 0124");
        assert_eq!(shown(&[both], Language::English), "my card is [card 1] and my phone is 604 555 0124");
        let asked = (Who::Agent, "Your card number and a phone number?");
        let both = (Who::Caller, "9698 658 215 then 604 555 0124");
        assert_eq!(shown(&[asked, both], Language::English), "[card 1] then 604 555 0124");
    }

    #[test]
    fn a_placeholder_is_filled_with_what_it_stands_for_and_no_other_is() {
        let said = lines(&[
            (Who::Agent, "Your card number?"),
            (Who::Caller, "9698 658 215, no, 9698 648 215, sorry, the first: 9698658215"),
        ]);
        let shown = hidden(&said, Language::English).pop().unwrap().text.into_inner();
        assert_eq!(shown, "[card 1], no, [card 2], sorry, the first: [card 1]");
        let filled = |arguments: &str| filled(&Pii::new(arguments.to_owned()), &said, Language::English).into_inner();
        assert_eq!(filled(r#"{"number":"[card 1]"}"#), r#"{"number":"9698658215"}"#);
        assert_eq!(filled(r#"{"number":"AB [card 2]"}"#), r#"{"number":"AB 9698648215"}"#);
        assert_eq!(filled(r#"{"number":"[card 3]"}"#), r#"{"number":"[card 3]"}"#);
        assert_eq!(placeholder_in("it is [card 2], yes"), Some("[card 2]"));
        assert_eq!(placeholder_in("it is [card 2"), None);
    }
}
