use proptest::prelude::*;

use super::*;

fn pieces<'a>(language: Language, chunks: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut splitter = Splitter::new(language);
    let mut all = Vec::new();
    for chunk in chunks {
        splitter.push(chunk);
        while let Some(piece) = splitter.poll() {
            all.push(piece);
        }
    }
    while let Some(piece) = splitter.finish() {
        all.push(piece);
    }
    all
}

fn english(text: &str) -> Vec<String> {
    pieces(Language::English, [text])
}

#[test]
fn the_first_clause_goes_at_once_and_sentences_follow_whole() {
    let mut splitter = Splitter::new(Language::English);
    splitter.push("Yes, we are open today, ");
    assert_eq!(splitter.poll().as_deref(), Some("Yes, we are open today, "));
    splitter.push("from nine, as always. Is there");
    assert_eq!(splitter.poll().as_deref(), Some("from nine, as always. "));
    assert_eq!(splitter.poll(), None);
    splitter.push(" more?");
    assert_eq!(splitter.finish().as_deref(), Some("Is there more?"));
    assert_eq!(splitter.finish(), None);
}

#[test]
fn numbers_times_and_titles_do_not_end_sentences() {
    assert_eq!(
        english("It is 3.5 km away. Dr. Lee starts at 10:30 and takes 1,000 steps. Go on."),
        ["It is 3.5 km away. ", "Dr. Lee starts at 10:30 and takes 1,000 steps. ", "Go on."]
    );
}

#[test]
fn what_a_number_or_a_name_follows_ends_no_sentence() {
    for (language, text) in [
        (Language::English, "Your visit is on Nov. 24 at Hwy. 1. "),
        (Language::French, "C'est la porte du fond, app. 3, au C.P. 12. "),
        (Language::Mandarin, "约Dr. Singh好吗? "),
    ] {
        assert_eq!(pieces(language, [text]).concat(), text);
        let last = pieces(language, [text]).pop().unwrap();
        assert!(last.len() > 12, "{last:?} was cut off {text:?}");
    }
}

#[test]
fn streets_end_sentences_and_saints_do_not() {
    assert_eq!(
        english("We are at 12 Main St. We open at 9 a.m. on weekdays."),
        ["We are at 12 Main St. ", "We open at 9 a.m. on weekdays."]
    );
    assert_eq!(english("Go to St. Paul's Hospital. Ask there."), ["Go to St. Paul's Hospital. ", "Ask there."]);
    assert_eq!(english("We open at 9 a.m. Come early."), ["We open at 9 a.m. ", "Come early."]);
}

#[test]
fn a_full_stop_waits_for_what_follows() {
    let mut splitter = Splitter::new(Language::English);
    splitter.push("The fee is 3.");
    assert_eq!(splitter.poll(), None);
    splitter.push("50 today. ");
    assert_eq!(splitter.poll(), None);
    splitter.push("No more");
    assert_eq!(splitter.poll().as_deref(), Some("The fee is 3.50 today. "));
}

#[test]
fn chinese_needs_no_blanks() {
    assert_eq!(
        pieces(Language::Mandarin, ["您好，这里是诊所，我们今天开门。请问有什么可以帮您？"]),
        ["您好，这里是诊所，", "我们今天开门。", "请问有什么可以帮您？"]
    );
    assert_eq!(pieces(Language::Cantonese, ["你話「可以。」我哋就去。"]), ["你話「可以。」", "我哋就去。"]);
}

#[test]
fn the_danda_ends_a_sentence() {
    let text = "ਸਤ ਸ੍ਰੀ ਅਕਾਲ। ਮੈਂ ਤੁਹਾਡੀ ਕੀ ਮਦਦ ਕਰ ਸਕਦੀ ਹਾਂ?";
    assert_eq!(pieces(Language::Punjabi, [text]), ["ਸਤ ਸ੍ਰੀ ਅਕਾਲ। ", "ਮੈਂ ਤੁਹਾਡੀ ਕੀ ਮਦਦ ਕਰ ਸਕਦੀ ਹਾਂ?"]);
}

#[test]
fn french_titles_and_spaced_marks() {
    assert_eq!(
        pieces(Language::French, ["Bonjour ! Mme. Roy vous attend. À bientôt."]),
        ["Bonjour ! ", "Mme. Roy vous attend. ", "À bientôt."]
    );
}

#[test]
fn a_sentence_without_end_is_cut_at_a_blank() {
    let text = "word ".repeat(200);
    let all = english(&text);
    assert!(all.len() > 2 && all.iter().all(|piece| piece.len() <= ENDLESS + 8), "{} pieces", all.len());
}

proptest! {
    #[test]
    fn pieces_joined_are_the_text_however_it_was_chopped(
        language in prop::sample::select(Language::ALL.to_vec()),
        text in "([a-zA-Z0-9 .,!?:\n]|Dr\\. |3\\.5|[，。？」您好诊所]|[ਸਤ। ]|St\\. |Mme\\. |app\\. |« | »|！|：|、|\"){0,120}",
        sizes in prop::collection::vec(1usize..9, 1..40),
    ) {
        let characters: Vec<char> = text.chars().collect();
        let mut chunks = Vec::new();
        let mut at = 0;
        for size in sizes.iter().cycle() {
            if at >= characters.len() { break; }
            let end = (at + size).min(characters.len());
            chunks.push(characters[at..end].iter().collect::<String>());
            at = end;
        }
        let whole = pieces(language, [text.as_str()]);
        prop_assert_eq!(whole.concat(), text.clone());
        prop_assert_eq!(pieces(language, chunks.iter().map(String::as_str)), whole);
    }
}
