mod booking;

use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::agent::llm::ToolCall;
use crate::agent::tools::{self, Ending, ToolName};
use crate::agent::{Line, Who, context};
use crate::clinic::Clinic;
use crate::clinic::operator::Operator;
use crate::clinic::spoken::refusal::{self, left_enough};

/// A caller and the brain, with the real tools and no audio.
struct Talk {
    language: Language,
    /// With the sample clinic's book, if it has one.
    session: tools::Session,
    folder: tempfile::TempDir,
    said: Vec<Line>,
    rounds: Vec<context::Round>,
    turn: u32,
    ending: Option<Ending>,
    expect: String,
}

impl Talk {
    fn new(language: Language) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let session = tools::tests::session(folder.path(), &[]);
        Self { language, session, folder, said: vec![], rounds: vec![], turn: 0, ending: None, expect: String::new() }
    }

    fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Says a line and returns the answer without its marker.
    async fn say(&mut self, words: &str) -> String {
        self.turn += 1;
        self.said.push(Line { who: Who::Caller, text: Pii::new(words.to_owned()), cut: false });
        let mut answer = String::new();
        let local = self.session.clinic.local(self.session.now).datetime();
        for _ in 0..5 {
            let messages = context::messages("prompt".into(), &self.said, &self.rounds, self.turn);
            let usable = ToolName::ALL.iter().filter(|tool| self.session.emr.is_some() || !tool.needs_book());
            let request = Request {
                messages,
                tools: usable.map(|tool| tool.spec()).collect(),
                language: self.language,
                today: Some(local.date()),
                operator: Operator::at(local, &self.session.clinic.config),
                temperature: None,
                max_tokens: None,
            };
            let (text, calls) = self.collect(reply(&request));
            if !answer.is_empty() && !text.is_empty() {
                answer.push(' ');
            }
            answer.push_str(&text);
            if calls.is_empty() {
                break;
            }
            self.run(calls).await;
            if let Some(ending) = &self.ending {
                if answer.is_empty() {
                    answer.push_str(ending.parting().words(self.language));
                }
                break;
            }
        }
        self.said.push(Line { who: Who::Agent, text: Pii::new(answer.clone()), cut: false });
        answer
    }

    fn collect(&mut self, deltas: Vec<Delta>) -> (String, Vec<ToolCall>) {
        let mut text = String::new();
        let mut calls = Vec::new();
        for delta in deltas {
            match delta {
                Delta::Text(piece) => text.push_str(piece.reveal()),
                Delta::ToolCall(piece) => calls.push(ToolCall {
                    id: piece.id.unwrap(),
                    name: piece.name.unwrap(),
                    arguments: piece.arguments,
                }),
                Delta::Usage(_) | Delta::Finish(_) => {}
            }
        }
        if let Some((marker, rest)) = text.strip_prefix("[expect:").and_then(|t| t.split_once("] ")) {
            self.expect = marker.to_owned();
            text = rest.to_owned();
        }
        (text, calls)
    }

    async fn run(&mut self, calls: Vec<ToolCall>) {
        self.session.said = Arc::from(self.said.clone());
        self.session.language = self.language;
        let mut results = Vec::new();
        for call in &calls {
            let outcome = tools::run(ToolName::named(&call.name).unwrap(), &call.arguments, &self.session).await;
            results.push(Pii::new(outcome.result.to_string()));
            self.ending = outcome.ending.or_else(|| self.ending.take());
        }
        self.rounds.push(context::Round {
            turn: self.turn,
            after: self.said.len(),
            text: Pii::default(),
            calls,
            results,
        });
    }

    fn messages(&self) -> String {
        crate::agent::tools::tests::left(self.folder())
    }
}

#[tokio::test]
async fn a_caller_learns_hours_and_says_goodbye() {
    let mut talk = Talk::new(Language::English);
    assert!(talk.say("hi um are you open on saturday").await.starts_with("Yes, today we're open from 9 AM to 1 PM."));
    assert_eq!(talk.expect, "yes_no");
    assert!(talk.say("and sunday").await.starts_with("No, we're closed tomorrow, Sunday."));
    assert!(talk.say("what are your ours").await.contains("Monday, Tuesday, Thursday and Friday"));
    assert!(talk.say("are you open on christmas").await.contains("closed on Christmas Day"));
    assert!(talk.say("are you open on halloween").await.contains("not sure about that day"));
    assert!(talk.say("No, thank you.").await.contains("Goodbye"));
    assert_eq!(talk.ending, Some(Ending::HangUp));
}

#[tokio::test]
async fn two_questions_in_one_breath_get_two_answers() {
    let mut talk = Talk::new(Language::English);
    let answer = talk.say("where are you located and is there parking").await;
    assert!(answer.contains("120 Harbour Street") && answer.contains("free parking"), "{answer}");
    let answer = talk.say("Thanks. How do I get there?").await;
    assert!(answer.contains("Waterfront Station"), "{answer}");
}

#[tokio::test]
async fn a_question_and_a_wish_to_leave_a_message_in_one_breath_are_both_served() {
    let mut talk = Talk::new(Language::English);
    let answer = talk.say("Is there parking near the clinic? I would like to leave a message for the doctor.").await;
    assert!(answer.contains("free parking") && answer.contains("name"), "{answer}");
    assert_eq!(talk.expect, "name");
    talk.say("it's jane roe").await;
    assert_eq!(talk.expect, "phone");
}

#[tokio::test]
async fn a_message_is_taken_read_back_and_kept() {
    let mut talk = Talk::new(Language::English);
    assert!(talk.say("id like to leave a message please").await.contains("name"));
    assert_eq!(talk.expect, "name");
    talk.say("um it's jane roe").await;
    assert_eq!(talk.expect, "phone");
    assert!(talk.say("six oh four").await.contains("6 0 4 so far"));
    assert!(talk.say("five five five oh one two three").await.contains("message"));
    let answer = talk.say("please tell doctor singh i will be late tomorrow").await;
    assert!(
        answer.contains("Jane Roe") && answer.contains("6 0 4, 5 5 5, 0 1 2 3") && answer.contains("late tomorrow"),
        "{answer}"
    );
    assert_eq!(talk.expect, "yes_no");
    assert!(talk.messages().is_empty(), "kept before the yes");
    assert!(talk.say("yes that's right").await.contains("taken your message"));
    let kept = talk.messages();
    assert!(kept.contains("Jane Roe") && kept.contains("+16045550123"), "{kept}");
    assert!(talk.say("no that's all thank you").await.contains("Goodbye"));
}

#[tokio::test]
async fn a_no_corrects_the_part_that_is_wrong() {
    let mut talk = Talk::new(Language::English);
    for words in ["can somebody call me back", "john row", "604 555 0123", "call me about my visit"] {
        talk.say(words).await;
    }
    assert!(talk.say("no").await.contains("What should I change"));
    assert!(talk.say("the name").await.contains("name"));
    assert!(talk.say("john rowe r o w e").await.contains("John Rowe"));
    let answer = talk.say("no the number is 604 555 0199").await;
    assert!(answer.contains("0 1 9 9"), "{answer}");
    assert!(talk.say("no the name is wrong").await.contains("name"));
    assert!(talk.say("john roe").await.contains("John Roe"));
    talk.say("yes").await;
    assert!(talk.messages().contains("+16045550199") && talk.messages().contains("John Roe"));
}

#[tokio::test]
async fn a_question_in_the_middle_is_answered_and_the_message_goes_on() {
    let mut talk = Talk::new(Language::English);
    talk.say("take a message please").await;
    let answer = talk.say("wait what time do you close today").await;
    assert!(answer.contains("1 PM") && answer.contains("name"), "{answer}");
    talk.say("jane park").await;
    assert!(talk.say("five five five oh one two three").await.contains("area code"));
    assert!(talk.say("six oh four").await.contains("message"));
    assert!(talk.say("never mind").await.contains("won't take a message"));
}

#[tokio::test]
async fn the_number_called_from_can_be_used() {
    let mut talk = Talk::new(Language::English);
    for words in ["leave a message", "jane roe", "the number i'm calling from", "call me"] {
        talk.say(words).await;
    }
    talk.say("yes").await;
    assert!(talk.messages().contains("\"number\":\"+16045550177\""), "{}", talk.messages());
}

#[tokio::test]
async fn it_says_when_it_did_not_understand_and_offers_a_person() {
    let mut talk = Talk::new(Language::English);
    assert!(talk.say("blue elephants dancing sideways").await.contains("Sorry") || talk.expect == "free");
    talk.say("flibber gibbet wobble").await;
    let answer = talk.say("zorp").await;
    assert!(answer.contains("person"), "{answer}");
    assert!(talk.say("yes please").await.contains("passing you"));
    assert!(matches!(talk.ending, Some(Ending::Transfer { .. })));
}

#[tokio::test]
async fn where_nobody_would_take_the_call_a_message_is_offered_to_who_is_not_understood_or_declined() {
    let away = || {
        let mut talk = Talk::new(Language::English);
        let mut clinic = Clinic::sample();
        clinic.config.transfer_to = None;
        talk.session.clinic = Arc::new(clinic);
        talk
    };
    let mut talk = away();
    for words in ["blue elephants dancing sideways", "flibber gibbet wobble"] {
        talk.say(words).await;
    }
    let answer = talk.say("zorp").await;
    assert!(answer.contains("leave a message") && !answer.contains("person"), "{answer}");
    assert!(talk.say("yes please").await.contains("name"));
    let mut talk = away();
    let answer = talk.say("i'd like to book an appointment").await;
    assert!(answer.contains("leave a message") && !answer.contains("person"), "{answer}");
    let mut talk = away();
    for words in ["leave a message", "jane roe", "604 555 0123", "call me", "yes on monday", "yes on monday"] {
        talk.say(words).await;
    }
    let answer = talk.say("yes on monday").await;
    assert!(answer.contains("leave a message") && !answer.contains("person"), "{answer}");
    assert!(talk.ending.is_none());
}

#[tokio::test]
async fn a_message_that_cannot_be_kept_leads_to_a_person_or_to_another_call_and_never_to_the_same_again() {
    for (transfer_to, offers) in [(Some("+16045550142"), "person"), (None, "call again later")] {
        let mut talk = Talk::new(Language::English);
        let file = talk.folder().join("no_folder");
        std::fs::write(&file, "").unwrap();
        talk.session.messages = Arc::new(tools::Messages::new(file));
        let mut clinic = Clinic::sample();
        clinic.config.transfer_to = transfer_to.map(str::to_owned);
        talk.session.clinic = Arc::new(clinic);
        for line in ["leave a message", "jane roe", "604 555 0123", "call me about my visit"] {
            talk.say(line).await;
        }
        let answer = talk.say("yes that's right").await;
        assert!(answer.contains("couldn't save") && answer.contains(offers), "{answer}");
        if transfer_to.is_none() {
            assert!(!answer.contains("person"), "{answer}");
            talk.say("no").await;
            assert!(matches!(talk.ending, Some(Ending::HangUp)));
        }
    }
}

#[tokio::test]
async fn what_it_must_not_do_is_declined_with_an_offer() {
    let mut talk = Talk::new(Language::English);
    let answer = talk.say("i'd like to book an appointment").await;
    assert!(answer.contains("take a message") && answer.contains("person"), "{answer}");
    assert!(talk.say("a message").await.contains("name"));
}

#[tokio::test]
async fn it_repeats_what_it_said() {
    let mut talk = Talk::new(Language::English);
    let first = talk.say("where can i park").await;
    assert_eq!(talk.say("sorry can you repeat that").await, first);
}

#[tokio::test]
async fn a_failed_transfer_leads_to_a_message() {
    let mut talk = Talk::new(Language::English);
    talk.say("let me speak to a human").await;
    talk.ending = None;
    talk.said.push(Line { who: Who::System, text: Pii::new("The transfer failed.".into()), cut: false });
    assert!(talk.say("yes please").await.contains("name"));
}

#[tokio::test]
async fn outside_the_hours_nobody_is_told_that_they_are_passed_on() {
    for (language, asks, passed_on) in [
        (Language::English, "let me speak to a human", "passing you"),
        (Language::French, "je veux parler à quelqu'un", "je vous passe"),
        (Language::Mandarin, "转人工", "转接"),
        (Language::Cantonese, "我想同職員傾", "轉駁"),
        (Language::Punjabi, "ਮੈਂ ਕਿਸੇ ਨਾਲ ਗੱਲ ਕਰਨੀ ਹੈ", "ਕਰਵਾਉਂਦੀ"),
    ] {
        let mut talk = Talk::new(language);
        let mut clinic = Clinic::sample();
        clinic.config.transfer_always = false;
        talk.session.clinic = Arc::new(clinic);
        // Saturday, 18:05 in Vancouver.
        talk.session.now = "2026-11-22T02:05:00Z".parse().unwrap();
        talk.session.language = language;
        let answer = talk.say(asks).await;
        assert!(!answer.contains(passed_on) && answer.ends_with(['?', '\u{ff1f}']), "{language}: {answer}");
        assert_eq!(talk.ending, None);
    }
}

#[tokio::test]
async fn the_other_languages_greet_inform_transfer_decline_and_part() {
    for (language, lines) in [
        (
            Language::Mandarin,
            [
                ("你好", "您好"),
                ("請問星期六開門嗎", "今天"),
                ("你们的地址在哪里", "120 Harbour"),
                ("我想預約醫生", "留言"),
                ("阿巴阿巴", "没听明白"),
                ("转人工", "转接"),
            ],
        ),
        (
            Language::Cantonese,
            [
                ("喂,你好", "你好"),
                ("你哋聽日開唔開門呀", "聽日"),
                ("你哋喺邊度", "120 Harbour"),
                ("我想睇醫生", "留言"),
                ("阿巴阿巴", "聽唔明"),
                ("我想同職員傾", "轉駁"),
            ],
        ),
        (
            Language::Punjabi,
            [
                ("ਸਤ ਸ੍ਰੀ ਅਕਾਲ", "ਸਤ ਸ੍ਰੀ ਅਕਾਲ"),
                ("ਤੁਸੀਂ ਸੋਮਵਾਰ ਨੂੰ ਖੁੱਲ੍ਹੇ ਹੋ", "ਸੋਮਵਾਰ"),
                ("ਤੁਹਾਡਾ ਪਤਾ ਕੀ ਹੈ", "120 Harbour"),
                ("ਮੈਨੂੰ ਅਪਾਇੰਟਮੈਂਟ ਚਾਹੀਦੀ ਹੈ", "ਸੁਨੇਹਾ"),
                ("ਅਬਾ ਡਬਾ", "ਸਮਝੀ ਨਹੀਂ"),
                ("ਮੈਂ ਕਿਸੇ ਨਾਲ ਗੱਲ ਕਰਨੀ ਹੈ", "ਸਟਾਫ਼"),
            ],
        ),
        (
            Language::French,
            [
                ("Bonjour!", "Bonjour"),
                ("Êtes-vous ouverts demain?", "demain"),
                ("Quelle est votre adresse?", "120 Harbour"),
                ("Je voudrais un rendez-vous", "message"),
                ("abracadabra", "pas bien compris"),
                ("je veux parler à quelqu'un", "passe"),
            ],
        ),
    ] {
        let mut talk = Talk::new(language);
        for (line, wanted) in lines {
            let answer = talk.say(line).await;
            assert!(answer.contains(wanted), "{language}: {line} -> {answer}");
        }
        assert!(matches!(talk.ending, Some(Ending::Transfer { .. })), "{language}");
    }
    for (language, bye) in [
        (Language::Mandarin, "再见"),
        (Language::Cantonese, "拜拜"),
        (Language::Punjabi, "ਅਲਵਿਦਾ"),
        (Language::French, "au revoir, bonne journée"),
    ] {
        let mut talk = Talk::new(language);
        talk.say(bye).await;
        assert_eq!(talk.ending, Some(Ending::HangUp), "{language}");
    }
}

#[tokio::test]
async fn a_message_can_be_left_in_every_language() {
    for (language, lines) in [
        (Language::Mandarin, ["我想留言", "我叫王小明", "六零四五五五零幺二三", "请医生给我回电话", "对"]),
        (Language::Cantonese, ["我想留言", "我叫陳大文", "六零四五五五零一二三", "請醫生覆電話畀我", "啱"]),
        (
            Language::Punjabi,
            ["ਮੈਂ ਸੁਨੇਹਾ ਛੱਡਣਾ ਹੈ", "ਮੇਰਾ ਨਾਮ ਗੁਰਪ੍ਰੀਤ ਸਿੰਘ ਹੈ", "ਛੇ ਸਿਫ਼ਰ ਚਾਰ ਪੰਜ ਪੰਜ ਪੰਜ ਸਿਫ਼ਰ ਇੱਕ ਦੋ ਤਿੰਨ", "ਡਾਕਟਰ ਮੈਨੂੰ ਫ਼ੋਨ ਕਰੇ", "ਹਾਂਜੀ"],
        ),
        (
            Language::French,
            [
                "je voudrais laisser un message",
                "je m'appelle Marie Tremblay",
                "six zéro quatre, cinq cinq cinq, zéro un, vingt-trois",
                "rappelez-moi demain",
                "oui c'est exact",
            ],
        ),
    ] {
        let mut talk = Talk::new(language);
        let mut answers = Vec::new();
        for line in lines {
            answers.push(talk.say(line).await);
        }
        assert!(talk.messages().contains("+16045550123"), "{language}: {answers:?}");
    }
}

#[tokio::test]
async fn a_chinese_yes_takes_the_message_that_is_offered_and_keeps_the_one_that_was_read_back() {
    let night = "2026-11-22T02:05:00Z".parse().unwrap();
    for (language, person, accepts, name, lines, keeps) in [
        (
            Language::Mandarin,
            "转人工",
            &["要", "要的", "嗯", "好的,谢谢你", "好的,麻烦您了"][..],
            "名字",
            ["我叫王小明", "六零四五五五零幺二三", "请医生给我回电话"],
            &["对", "嗯", "没错", "好的,谢谢您", "好的,请转给诊所"][..],
        ),
        (
            Language::Cantonese,
            "轉人工",
            &["要", "想呀", "嗯", "冇問題", "好呀,唔該晒", "好嘅,多謝你"][..],
            "名",
            ["我叫陳大文", "六零四五五五零一二三", "請醫生覆電話畀我"],
            &["啱", "冇錯", "冇問題", "好啦,唔該你", "好呀,幫我轉俾診所"][..],
        ),
    ] {
        let closed = || {
            let mut talk = Talk::new(language);
            let mut clinic = Clinic::sample();
            clinic.config.transfer_always = false;
            talk.session.clinic = Arc::new(clinic);
            talk.session.now = night;
            talk
        };
        for yes in accepts {
            let mut talk = closed();
            let offer = talk.say(person).await;
            assert_eq!(offer, refusal::closed(language));
            let answer = talk.say(yes).await;
            assert!(answer.contains(name), "{yes}: {answer}");
        }
        for yes in keeps {
            let mut talk = closed();
            for line in [person, "好"].into_iter().chain(lines) {
                talk.say(line).await;
            }
            let answer = talk.say(yes).await;
            assert!(talk.messages().contains("+16045550123"), "{yes}: {answer}");
        }
    }
}

#[tokio::test]
async fn an_answer_that_is_no_yes_is_asked_about_again_and_then_a_person_is_offered() {
    let mut talk = Talk::new(Language::English);
    for words in ["leave a message", "jane roe", "604 555 0123", "call me"] {
        talk.say(words).await;
    }
    for _ in 0..2 {
        let answer = talk.say("yes on monday").await;
        assert!(answer.ends_with("Shall I pass that message to the clinic?"), "{answer}");
    }
    assert!(talk.say("yes on monday").await.contains("person"));
    assert!(talk.messages().is_empty());
}

#[tokio::test]
async fn who_left_enough_for_a_day_hears_so_in_their_language_and_is_offered_a_person() {
    for (language, lines, yes) in [
        (Language::English, ["leave a message", "jane roe", "604 555 0123", "call me"], "yes please"),
        (
            Language::French,
            ["je voudrais laisser un message", "je m'appelle Marie Tremblay", "604 555 0123", "rappelez-moi demain"],
            "oui",
        ),
        (Language::Mandarin, ["我想留言", "我叫王小明", "六零四五五五零幺二三", "请医生给我回电话"], "好的"),
        (Language::Cantonese, ["我想留言", "我叫陳大文", "六零四五五五零一二三", "請醫生覆電話畀我"], "好呀"),
        (Language::Punjabi, ["ਮੈਂ ਸੁਨੇਹਾ ਛੱਡਣਾ ਹੈ", "ਮੇਰਾ ਨਾਮ ਗੁਰਪ੍ਰੀਤ ਸਿੰਘ ਹੈ", "604 555 0123", "ਡਾਕਟਰ ਮੈਨੂੰ ਫ਼ੋਨ ਕਰੇ"], "ਹਾਂਜੀ"),
    ] {
        let mut talk = Talk::new(language);
        let mut clinic = crate::clinic::Clinic::sample();
        clinic.config.limits.left = 0;
        talk.session.clinic = Arc::new(clinic);
        let mut answer = String::new();
        for line in lines {
            answer = talk.say(line).await;
        }
        assert_eq!(answer, left_enough(Operator::There, language));
        assert!(talk.messages().is_empty());
        talk.say(yes).await;
        assert!(matches!(talk.ending, Some(Ending::Transfer { .. })), "{language}");
    }
}

#[tokio::test]
async fn who_left_enough_for_a_day_is_offered_nobody_who_is_not_there() {
    let mut talk = Talk::new(Language::English);
    let mut clinic = crate::clinic::Clinic::sample();
    clinic.config.limits.left = 0;
    clinic.config.transfer_to = None;
    talk.session.clinic = Arc::new(clinic);
    let mut answer = String::new();
    for line in ["leave a message", "jane roe", "604 555 0123", "call me"] {
        answer = talk.say(line).await;
    }
    assert_eq!(answer, left_enough(Operator::Away, Language::English));
    let answer = talk.say("no thank you").await;
    assert!(matches!(talk.ending, Some(Ending::HangUp)), "{answer}");
}
