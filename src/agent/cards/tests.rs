use super::looked::{Looked, texts};
use super::*;
use crate::agent::Line;
use crate::privacy::Pii;

fn hidden(said: &[Line], language: Language) -> Vec<Line> {
    Cards::default().hidden(said, language)
}

fn transcript(said: &[Line], text: &str, language: Language) -> String {
    Cards::default().transcript(said, text, language)
}

fn filled(arguments: &Pii<String>, said: &[Line], language: Language) -> Pii<String> {
    Cards::default().filled(arguments, said, language)
}

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
    assert_eq!(shown(&[asked, (Who::Caller, "nine six nine"), go_on, (Who::Caller, "865 8215")]), "[card 2]");
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
    assert_eq!(placeholder_in("[card 1], no, [card 2]"), Some("[card 2]"));
    assert_eq!(placeholder_in("it is [card 2"), None);
}

/// What a model is shown of the caller's lines.
fn all_shown(said: &[(Who, &str)], language: Language) -> Vec<String> {
    let shown = hidden(&lines(said), language).into_iter().filter(|line| line.who == Who::Caller);
    shown.map(|line| line.text.into_inner()).collect()
}

#[test]
fn a_card_said_in_pieces_is_hidden_piece_by_piece_in_every_language() {
    for (language, asked, go_on, pieces) in [
        (
            Language::English,
            "What is your health card number?",
            "Mm-hm?",
            ["nine six nine eight", "um, it's six five", "eight", "two one five"],
        ),
        (
            Language::French,
            "Le numéro de votre carte, s'il vous plaît?",
            "Oui, continuez.",
            ["neuf six neuf huit", "soixante-cinq", "huit", "deux un cinq"],
        ),
        (Language::Mandarin, "请问您的健康卡号码是多少?", "嗯。", ["九六九八", "嗯六五", "八", "二一五"]),
        (Language::Cantonese, "請問你嘅健康卡號碼?", "係。", ["係九六九八", "六五", "八", "二一五"]),
        (Language::Punjabi, "ਤੁਹਾਡੇ ਹੈਲਥ ਕਾਰਡ ਦਾ ਨੰਬਰ?", "ਜੀ।", ["ਨੌਂ ਛੇ ਨੌਂ ਅੱਠ", "6 5", "ਅੱਠ", "ਦੋ ਇੱਕ ਪੰਜ"]),
    ] {
        let said: Vec<_> = std::iter::once((Who::Agent, asked))
            .chain(pieces.iter().flat_map(|piece| [(Who::Caller, *piece), (Who::Agent, go_on)]))
            .collect();
        let shown = all_shown(&said, language);
        assert!(shown.iter().all(|piece| piece.contains("[card ")), "{language:?}: {shown:?}");
        let numbers: String = (1..=4).map(|nth| format!("[card {nth}]")).collect();
        let arguments = Pii::new(format!(r#"{{"number":"{numbers}"}}"#));
        let filled = filled(&arguments, &lines(&said), language).into_inner();
        assert_eq!(filled, r#"{"number":"9698658215"}"#, "{language:?}: {shown:?}");
    }
}

#[test]
fn a_pause_a_correction_and_an_interruption_do_not_show_a_piece() {
    let asked = (Who::Agent, "Which province is your health card from?");
    let said = [
        asked,
        (Who::Caller, "British Columbia"),
        (Who::Agent, "And the number?"),
        (Who::Caller, "one second, I have to get it"),
        (Who::Agent, "Of course."),
        (Who::Caller, "nine six nine, hold on, where are my glasses, eight six five"),
        (Who::Agent, "Yes?"),
        (Who::Caller, "no sorry nine six nine eight"),
        (Who::Agent, "Could you repeat that?"),
        (Who::Caller, "9698"),
    ];
    let shown = all_shown(&said, Language::English);
    assert_eq!(
        shown[1..],
        [
            "one second, I have to get it".to_owned(),
            "[card 1], hold on, where are my glasses, [card 2]".to_owned(),
            "no sorry [card 3]".to_owned(),
            "[card 3]".to_owned(),
        ]
    );
    let before = lines(&said[..3]);
    assert_eq!(transcript(&before, "nine six nine eight", Language::English), "[card 1]");
}

#[test]
fn what_is_asked_for_after_a_card_is_not_hidden_though_it_is_digits() {
    let asked = (Who::Agent, "What is your health card number?");
    for (after, answer) in [
        ("Thank you. How many people are coming?", "two"),
        ("Thanks. I have Tuesday, November 24 at 9:30 AM or 10:15 AM. Which one?", "10:15"),
        ("And your phone number?", "five five five"),
        ("And the street you live in?", "1420 Main"),
    ] {
        let given = [asked, (Who::Caller, "9698 658 215"), (Who::Agent, after), (Who::Caller, answer)];
        assert_eq!(shown(&given, Language::English), answer, "{after}");
        let refused = [asked, (Who::Caller, "I don't have one"), (Who::Agent, after), (Who::Caller, answer)];
        assert_eq!(shown(&refused, Language::English), answer, "{after}");
    }
    assert_eq!(
        shown(&[asked, (Who::Caller, "I live at 1420 Main Street")], Language::English),
        "I live at 1420 Main Street"
    );
}

#[test]
fn who_speaks_of_their_card_unasked_is_not_giving_its_number() {
    let message = (Who::Agent, "What should I tell them?");
    for text in ["my health card expired in 2024", "I need 1420 dollars back, they say my card was no good"] {
        assert_eq!(shown(&[message, (Who::Caller, text)], Language::English), text);
    }
    let said =
        [message, (Who::Caller, "my health card number is nine six nine"), (Who::Agent, "Yes?"), (Who::Caller, "8 6")];
    assert_eq!(all_shown(&said, Language::English), ["my health card number is [card 1]", "[card 2]"]);
    let asked = (Who::Agent, "And your card's number?");
    let expired = "it's no good, it expired in 2024";
    assert_eq!(shown(&[asked, (Who::Caller, expired)], Language::English), expired);
}

#[test]
fn the_last_four_stay_where_they_are_asked_for_and_no_more_of_the_number() {
    for (language, asked, four) in [
        (
            Language::English,
            "To be sure who you are, what is your postal code, or the last four digits of your health card?",
            "eight two one five",
        ),
        (Language::Mandarin, "为了确认身份,请告诉我您的邮政编码,或者健康卡的最后四位数字。", "八二一五"),
        (Language::Cantonese, "為咗確認身份,請講你嘅郵政編碼,或者健康卡最後四個數字。", "八二一五"),
        (Language::Punjabi, "ਪਛਾਣ ਲਈ, ਆਪਣਾ ਪੋਸਟਲ ਕੋਡ ਜਾਂ ਹੈਲਥ ਕਾਰਡ ਦੇ ਆਖਰੀ ਚਾਰ ਅੰਕ ਦੱਸੋ।", "8215"),
        (
            Language::French,
            "Pour confirmer votre identité, quel est votre code postal, ou les quatre derniers chiffres de votre carte santé?",
            "huit deux un cinq",
        ),
    ] {
        for answer in [four, "V6B 1A1"] {
            assert_eq!(shown(&[(Who::Agent, asked), (Who::Caller, answer)], language), answer, "{language:?}");
        }
        let more = [(Who::Agent, asked), (Who::Caller, "9698"), (Who::Agent, "OK."), (Who::Caller, "658")];
        assert_eq!(shown(&more, language), "[card 1]", "{language:?}");
        let then =
            [(Who::Agent, asked), (Who::Caller, four), (Who::Agent, "OK. Which of them?"), (Who::Caller, "10:15")];
        assert_eq!(shown(&then, language), "10:15", "{language:?}");
    }
}

#[test]
fn a_number_is_hidden_in_whatever_language_it_is_said_and_however_it_is_written() {
    let english = (Who::Agent, "What is your health card number?");
    // The call went on in another language.
    let said = [english, (Who::Caller, "nine six nine eight six five eight two one five")];
    for language in Language::ALL {
        assert_eq!(shown(&said, language), "[card 1]", "{language:?}");
    }
    assert_eq!(shown(&[english, (Who::Caller, "九六九八六五八二一五")], Language::English), "[card 1]");
    for (written, wanted) in
        [("TREM80611512", "TREM[card 1]"), ("it's N1234567.", "it's N[card 1]."), ("1234567897AB", "[card 1]AB")]
    {
        assert_eq!(shown(&[english, (Who::Caller, written)], Language::English), wanted);
    }
}

#[test]
fn of_two_numbers_that_are_asked_for_at_once_the_one_that_is_nothing_else_is_the_cards() {
    let asked = (Who::Agent, "Your health card number and your date of birth?");
    for (said, wanted) in [
        ("123456789 and 1984 03 09", "[card 1] and 1984 03 09"),
        ("1984 03 09", "1984 03 09"),
        ("123456789", "[card 1]"),
    ] {
        assert_eq!(shown(&[asked, (Who::Caller, said)], Language::English), wanted);
    }
}

/// A call in which a card's number is said piece by piece.
const IN_PIECES: [(Who, &str); 9] = [
    (Who::Agent, "Hello, how can I help you?"),
    (Who::Caller, "I want to register"),
    (Who::Agent, "What is your health card number?"),
    (Who::Caller, "nine six nine eight"),
    (Who::System, "a note"),
    (Who::Agent, "Mm-hm?"),
    (Who::Caller, "six five eight"),
    (Who::Agent, "Yes?"),
    (Who::Caller, "two one five"),
];

#[test]
fn each_line_of_a_call_is_looked_at_once_however_often_it_is_asked_about() {
    let said = lines(&IN_PIECES);
    let mut looked = Looked::default();
    for so_far in 1..=said.len() {
        assert_eq!(looked.look(texts(&said[..so_far]), Language::English), 1, "{so_far}");
        assert_eq!(looked.look(texts(&said[..so_far]), Language::English), 0, "{so_far}");
    }
    assert_eq!(looked.look(texts(&said), Language::French), said.len(), "another language hears other digits");
    let mut other = said.clone();
    other[6].text = Pii::new("six five nine".to_owned());
    assert_eq!(looked.look(texts(&other), Language::French), 3, "it, and what follows it");
}

#[test]
fn what_is_remembered_of_a_call_finds_what_is_found_at_one_look() {
    let said = lines(&IN_PIECES);
    let cards = Cards::default();
    let texts_of = |lines: Vec<Line>| lines.into_iter().map(|line| line.text.into_inner()).collect::<Vec<_>>();
    for so_far in 1..=said.len() {
        let now = &said[..so_far];
        let wanted = texts_of(hidden(now, Language::English));
        assert_eq!(texts_of(cards.hidden(now, Language::English)), wanted, "{so_far}");
        // A draft, of words that turn out to be others.
        let drafted = cards.transcript(now, "nine six", Language::English);
        assert_eq!(drafted, transcript(now, "nine six", Language::English), "{so_far}");
        assert_eq!(texts_of(cards.hidden(now, Language::English)), wanted, "{so_far}, after a draft");
    }
    let shown = texts_of(cards.hidden(&said, Language::English));
    assert_eq!((&*shown[3], &*shown[6], &*shown[8]), ("[card 1]", "[card 2]", "[card 3]"));
    let arguments = Pii::new("[card 1][card 2][card 3]".to_owned());
    assert_eq!(cards.filled(&arguments, &said, Language::English).into_inner(), "9698658215");
}

proptest::proptest! {
    /// Whatever is said, nothing breaks, and all but digits stays.
    #[test]
    fn nothing_said_breaks_it(
        text in "(\\PC|[0-9 A-Za-zéœ九六ਨੌ਼'’]){0,40}",
        asked in "Your card number\\?|Phone\\?|\\PC{0,12}",
    ) {
        for language in Language::ALL {
            let said = lines(&[(Who::Agent, asked.as_str()), (Who::Caller, text.as_str()), (Who::Agent, "?"), (Who::Caller, text.as_str())]);
            proptest::prop_assert_eq!(hidden(&said, language).len(), 4);
        }
    }
}
