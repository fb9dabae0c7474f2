//! What passes and what does not, in every language; and that nothing of the server's own is taken for an invention.

mod good;

use jiff::civil::{DateTime, date};
use serde_json::{Value, json};

use super::known::{Known, Sources};
use super::reading::Readings;
use super::*;
use crate::agent::context::Round;
use crate::agent::llm::ToolCall;
use crate::agent::{Line, Who};
use crate::clinic::operator::Operator;
use crate::clinic::spoken;
use crate::clinic::spoken::appointment::{self, Told, birth_date};
use crate::clinic::spoken::refusal;
use crate::clinic::{Clinic, calendar};
use crate::language::Language;
use crate::phrases::Phrases;
use crate::tts::sentence::Splitter;

/// A Saturday.
fn now() -> DateTime {
    date(2026, 11, 21).at(10, 5, 0, 0)
}

fn round(tool: &str, result: &Value) -> Round {
    Round {
        turn: 1,
        after: 1,
        text: Pii::default(),
        calls: vec![ToolCall { id: "1".to_owned(), name: tool.to_owned(), arguments: Pii::new("{}".to_owned()) }],
        results: vec![Pii::new(result.to_string())],
    }
}

/// What is not known of these words, clause by clause as they are spoken.
fn judged(language: Language, caller: &[&str], rounds: &[Round], words: &str) -> Option<Kind> {
    let lines: Vec<_> = caller.iter().map(|text| (Who::Caller, *text)).collect();
    judged_after(language, &lines, rounds, words)
}

fn judged_after(language: Language, lines: &[(Who, &str)], rounds: &[Round], words: &str) -> Option<Kind> {
    let said: Vec<Line> =
        lines.iter().map(|(who, text)| Line { who: *who, text: Pii::new((*text).to_owned()), cut: false }).collect();
    let clinic = Clinic::sample();
    let prompt = "It is Saturday, 2026-11-21, 10:05 at the clinic.";
    let sources = Sources { language, now: now(), clinic: &clinic.config, prompt, said: &said, rounds };
    let mut grounding = Grounding::new(Known::gather(&sources, &mut Readings::default()));
    let mut splitter = Splitter::new(language);
    splitter.push(words);
    while let Some(clause) = splitter.finish() {
        if let Some(kind) = grounding.judge(&clause) {
            return Some(kind);
        }
        grounding.heard(&clause);
    }
    None
}

fn english(caller: &[&str], words: &str) -> Option<Kind> {
    judged(Language::English, caller, &[], words)
}

#[test]
fn in_every_language_a_time_is_said_only_if_it_was_returned() {
    let slot = |start: &str| {
        [round("find_earliest_appointment", &json!({ "ok": true, "slots": [{ "slot": "slot_1", "start": start }] }))]
    };
    for (language, words) in [
        (Language::English, "We have Tuesday at ten fifteen in the morning."),
        (Language::French, "J'ai une place le mardi 24 novembre à 10 heures 15."),
        (Language::Mandarin, "十一月二十四号星期二上午十点十五分有空。"),
        (Language::Cantonese, "十一月二十四號星期二上晝十點十五分有位。"),
        (Language::Punjabi, "24 ਨਵੰਬਰ ਮੰਗਲਵਾਰ ਨੂੰ ਸਵੇਰੇ 10:15 ਵਜੇ ਸਮਾਂ ਹੈ।"),
    ] {
        assert!(matches!(judged(language, &[], &[], words), Some(Kind::Date | Kind::Time)), "{words}");
        assert_eq!(judged(language, &[], &slot("2026-11-24T10:15"), words), None, "{words}");
        assert_eq!(judged(language, &[], &slot("2026-11-24T09:45"), words), Some(Kind::Time), "{words}");
        assert_eq!(judged(language, &[], &slot("2026-11-25T10:15"), words), Some(Kind::Date), "{words}");
    }
}

#[test]
fn in_every_language_so_many_days_from_today_are_the_day_that_a_tool_returned() {
    let slot = |start: &str| {
        [round("find_earliest_appointment", &json!({ "ok": true, "slots": [{ "slot": "slot_1", "start": start }] }))]
    };
    for (language, words) in [
        (Language::English, "The first one is in two days."),
        (Language::French, "J'ai une place dans deux jours."),
        (Language::Mandarin, "最早是两天后。"),
        (Language::Cantonese, "最早係兩日後。"),
        (Language::Punjabi, "ਦੋ ਦਿਨਾਂ ਬਾਅਦ ਸਮਾਂ ਹੈ।"),
    ] {
        assert_eq!(judged(language, &[], &[], words), Some(Kind::Date), "{words}");
        assert_eq!(judged(language, &[], &slot("2026-11-23T10:15"), words), None, "{words}");
        assert_eq!(judged(language, &[], &slot("2026-11-24T10:15"), words), Some(Kind::Date), "{words}");
    }
    assert_eq!(english(&["could i come in two days"], "In two days, that's Monday, November 23?"), None);
}

#[test]
fn in_every_language_something_is_done_only_if_its_tool_did_it() {
    for (language, words) in [
        (Language::English, "You're booked."),
        (Language::French, "C'est réservé."),
        (Language::Mandarin, "约好了。"),
        (Language::Cantonese, "約好咗。"),
        (Language::Punjabi, "ਬੁੱਕ ਹੋ ਗਿਆ ਹੈ।"),
    ] {
        let after = |tool: &str, result: &Value| judged(language, &[], &[round(tool, result)], words);
        let wrote = json!({ "ok": true, "start": "2026-11-24T10:15" });
        assert_eq!(judged(language, &["did you book it"], &[], words), Some(Kind::Done), "{words}");
        assert_eq!(after("create_appointment", &wrote), None, "{words}");
        assert_eq!(after("update_appointment", &wrote), None, "{words}");
        for code in ["not_confirmed", "slot_taken", "outcome_unknown", "emr_unavailable"] {
            let refused = json!({ "ok": false, "code": code });
            assert_eq!(after("create_appointment", &refused), Some(Kind::Done), "{words}: {code}");
        }
        assert_eq!(after("cancel_appointment", &wrote), Some(Kind::Done), "{words}");
        assert_eq!(
            after("check_appointments", &json!({ "ok": true, "appointments": [] })),
            Some(Kind::Done),
            "{words}"
        );
        let stands = json!({ "ok": true, "appointments": [{ "start": "2026-11-24T10:15" }] });
        assert_eq!(after("check_appointments", &stands), None, "{words}");
    }
}

#[test]
fn what_was_done_before_is_no_reason_to_say_that_what_is_asked_for_now_is_done() {
    let stands =
        || round("check_appointments", &json!({ "ok": true, "appointments": [{ "start": "2026-11-24T10:15" }] }));
    let refused = |tool: &str, code: &str| round(tool, &json!({ "ok": false, "code": code }));
    let wrote = |tool: &str| round(tool, &json!({ "ok": true, "start": "2026-11-24T10:15" }));
    let after = |rounds: &[Round], words: &str| judged(Language::English, &[], rounds, words);
    for code in ["not_confirmed", "slot_taken"] {
        let asked = [stands(), refused("create_appointment", code)];
        assert_eq!(after(&asked, "You're booked."), Some(Kind::Done), "{code}");
        let [stands, refused] = asked;
        assert_eq!(after(&[stands, refused, wrote("create_appointment")], "You're booked."), None);
    }
    let both = [wrote("cancel_appointment"), refused("cancel_appointment", "not_confirmed")];
    assert_eq!(after(&both[..1], "I've cancelled your appointment."), None);
    assert_eq!(after(&both, "I've cancelled that one too."), Some(Kind::Done));
    let moves = [wrote("create_appointment"), refused("update_appointment", "not_confirmed")];
    assert_eq!(after(&moves, "You're booked for Tuesday at 10:15."), None, "that stands");
    assert_eq!(after(&moves, "I've moved it."), Some(Kind::Done));
}

#[test]
fn all_set_is_said_unless_what_was_asked_for_waits_for_a_yes_or_was_refused() {
    for (language, words) in [
        (Language::English, "You're all set!"),
        (Language::French, "C'est confirmé!"),
        (Language::Mandarin, "安排好了。"),
        (Language::Cantonese, "搞掂咗。"),
        (Language::Punjabi, "ਜੀ, ਹੋ ਗਿਆ।"),
    ] {
        let after = |rounds: &[Round]| judged(language, &[], rounds, words);
        let wrote = || round("take_message", &json!({ "ok": true }));
        let refused = |code: &str| round("create_appointment", &json!({ "ok": false, "code": code }));
        assert_eq!(after(&[]), None, "{words}");
        assert_eq!(after(&[wrote()]), None, "{words}");
        for code in ["not_confirmed", "slot_taken", "outcome_unknown"] {
            assert_eq!(after(&[wrote(), refused(code)]), Some(Kind::Done), "{words}: {code}");
            let looked = round("find_earliest_appointment", &json!({ "ok": true, "slots": [] }));
            assert_eq!(after(&[refused(code), looked]), Some(Kind::Done), "{words}: {code}");
            let stands = json!({ "ok": true, "appointments": [{ "start": "2026-11-24T10:15" }] });
            let looked = round("check_appointments", &stands);
            assert_eq!(after(&[refused(code), looked]), Some(Kind::Done), "{words}: {code}");
            assert_eq!(after(&[refused(code), wrote()]), None, "{words}: {code}");
        }
    }
    let refused = [round("create_appointment", &json!({ "ok": false, "code": "not_confirmed" }))];
    assert_eq!(judged(Language::English, &[], &refused, "Once you say yes, you're all set."), None);
}

#[test]
fn who_has_a_chart_that_is_theirs_is_registered() {
    let found = |status: &str| [round("search_patient", &json!({ "ok": true, "patient": "p_1", "status": status }))];
    let after = |rounds: &[Round]| judged(Language::English, &[], rounds, "You're registered.");
    assert_eq!(after(&found("verified")), None);
    assert_eq!(after(&found("need_factor")), Some(Kind::Done));
    let [verified] = found("verified");
    let refused = round("register_new_patient", &json!({ "ok": false, "code": "not_confirmed" }));
    assert_eq!(after(&[verified, refused]), Some(Kind::Done));
}

#[test]
fn a_word_before_a_dash_and_once_again_make_no_claim_less_of_one() {
    for (language, words) in [
        (Language::English, "No problem - I've cancelled your appointment."),
        (Language::English, "Sure \u{2013} I've moved your appointment."),
        (Language::English, "Once again, you're booked."),
        (Language::French, "Encore une fois, votre rendez-vous est annulé."),
    ] {
        assert_eq!(judged(language, &[], &[], words), Some(Kind::Done), "{words}");
    }
    for words in ["Once it is booked, you get a text.", "I'm not sure - is it cancelled?"] {
        assert_eq!(english(&[], words), None, "{words}");
    }
}

#[test]
fn words_are_matched_as_far_as_they_go() {
    let found =
        [round("find_earliest_appointment", &json!({ "ok": true, "slots": [{ "start": "2026-11-24T15:30" }] }))];
    let after = |words: &str| judged(Language::English, &[], &found, words);
    for words in [
        "At half past three.",
        "At 3:30 PM.",
        "On the 24th at 3:30.",
        "On Tuesday the twenty-fourth.",
        "November 24, 2026.",
    ] {
        assert_eq!(after(words), None, "{words}");
    }
    for words in ["At 3:30 AM.", "On Tuesday, November 25.", "At a quarter past three."] {
        assert!(after(words).is_some(), "{words}");
    }
}

#[test]
fn what_the_caller_said_may_be_said_back_and_nothing_near_it() {
    let born: &[&str] = &["march ninth nineteen eighty four"];
    assert_eq!(english(born, "March 9, 1984, is that right?"), None);
    assert_eq!(english(born, "March 9, 1985, is that right?"), Some(Kind::Date));
    assert_eq!(english(&["march ninth", "1984"], "March 9, 1984, is that right?"), None);
    assert_eq!(english(&["the ninth", "of march 1984"], "March 9, 1984, is that right?"), None);
    assert_eq!(english(&["tomorrow at ten"], "Tomorrow, Sunday, at ten o'clock?"), None);
    assert_eq!(english(&["next tuesday"], "So Tuesday, November 24th?"), None);
    assert_eq!(english(&["tell her I cancelled my appointment"], "The message is: I cancelled my appointment."), None);
    assert_eq!(english(&["did you cancel my appointment"], "I've cancelled your appointment."), Some(Kind::Done));
}

#[test]
fn opening_times_are_known_where_they_are_spoken_of_and_nowhere_else() {
    assert_eq!(english(&[], "On Saturday we're open from nine to one."), None);
    assert_eq!(english(&["what are your hours"], "On Wednesday until seven."), None);
    assert!(english(&[], "On Saturday you can come at 9 AM.").is_some());
    assert!(english(&[], "We have an open slot on Monday at 8:30 AM.").is_some());
    assert_eq!(english(&["what are your hours"], "On Wednesday until eleven PM."), Some(Kind::Time));
    for offer in ["I have Monday at 8:30 open.", "We have 8:30 AM open on Monday.", "Dr. Chen's 8:30 is open."] {
        assert!(english(&[], offer).is_some(), "{offer}");
    }
    assert!(judged(Language::French, &[], &[], "J'ai lundi à 8 h 30 d'ouvert.").is_some());
    for told in
        ["I have good news, we're open on Saturday from nine to one.", "On Monday the clinic is open from 8:30."]
    {
        assert_eq!(english(&[], told), None, "{told}");
    }
}

#[test]
fn opening_times_that_were_told_make_no_appointment_true() {
    let hours = "We're open Monday to Friday from 8:30 AM to 5 PM.";
    let told = [round("clinic_info", &json!({ "ok": true, "say": hours }))];
    let asked = (Who::Caller, "when can i get my form");
    for words in ["You can come by any weekday from 8:30 to 5.", "On Monday from half past eight."] {
        assert_eq!(judged_after(Language::English, &[asked], &told, words), None, "{words}");
    }
    let next = [asked, (Who::Agent, hours), (Who::Caller, "can i see the doctor monday")];
    assert_eq!(judged_after(Language::English, &next, &told, "I can book you Monday at 8:30 AM."), Some(Kind::Time));
    assert_eq!(judged_after(Language::English, &next, &told, "We're open on Monday from 8:30 AM."), None);
    let flu = [round("clinic_info", &json!({ "ok": true, "say": "Flu shots are Tuesdays from 9 AM to noon." }))];
    assert_eq!(judged_after(Language::English, &next, &flu, "On Tuesday from nine."), None, "no opening time");
    assert!(judged(Language::French, &[], &[], "J'ai une plage ouverte lundi à 8 h 30.").is_some());
}

#[test]
fn what_the_server_says_of_opening_times_is_known_in_every_language() {
    let clinic = Clinic::sample();
    let question = |language| match language {
        Language::English => "what are your hours",
        Language::French => "quelles sont vos heures d'ouverture",
        Language::Mandarin => "你们几点开门",
        Language::Cantonese => "你哋幾點開門",
        Language::Punjabi => "ਤੁਸੀਂ ਕਦੋਂ ਖੁੱਲ੍ਹੇ ਹੋ",
    };
    for language in Language::ALL {
        for asked in [None, Some("now"), Some("tomorrow"), Some("weekend"), Some("wednesday"), Some("holidays")] {
            let told = spoken::hours(&calendar::hours(&clinic.config, asked, now()).unwrap(), language);
            assert_eq!(judged(language, &[question(language)], &[], &told), None, "{told}");
        }
    }
}

#[test]
fn fixed_phrases_and_what_needs_no_book_pass_with_nothing_known() {
    let clinic = Clinic::sample();
    for language in Language::ALL {
        let phrases = Phrases::of(language).spoken().map(str::to_owned);
        let facts = [
            refusal::closed(language).to_owned(),
            refusal::unconfirmed(Operator::There, language).to_owned(),
            refusal::unconfirmed(Operator::Away, language).to_owned(),
            refusal::unidentified(language).to_owned(),
            spoken::address(&clinic.config, language),
            spoken::phone(&clinic.config, language),
            spoken::parking(&clinic.config, language),
            spoken::directions(&clinic.config, language),
            spoken::providers(&clinic.config, language),
            spoken::languages(&clinic.config, language),
        ];
        for words in phrases.chain(facts) {
            assert_eq!(judged(language, &[], &[], &words), None, "{words}");
        }
        let remarks = [
            appointment::Remark::NoneFree,
            appointment::Remark::Taken,
            appointment::Remark::Changed,
            appointment::Remark::Unavailable(Operator::There),
            appointment::Remark::Unavailable(Operator::Away),
            appointment::Remark::Unknown,
            appointment::Remark::WhoIsCalling,
            appointment::Remark::Found,
            appointment::Remark::NeedFactor,
            appointment::Remark::NoMatch,
            appointment::Remark::TooManyFailures,
        ];
        for remark in remarks {
            assert_eq!(judged(language, &[], &[], remark.words(language)), None, "{}", remark.words(language));
        }
    }
}

/// What the rules say in a language, without what is filled in.
fn replies(language: Language) -> Vec<String> {
    let files: &[&str] = match language {
        Language::English => {
            &[include_str!("../../../agents/en-CA/brain.toml"), include_str!("../../../agents/en-CA/booking.toml")]
        }
        Language::French => {
            &[include_str!("../../../agents/fr-CA/brain.toml"), include_str!("../../../agents/fr-CA/booking.toml")]
        }
        Language::Mandarin => &[include_str!("../../../agents/zh-CN/brain.toml")],
        Language::Cantonese => &[include_str!("../../../agents/zh-HK/brain.toml")],
        Language::Punjabi => &[include_str!("../../../agents/pa-IN/brain.toml")],
    };
    let of = |text: &&str| toml::from_str::<toml::Table>(text).unwrap()["replies"].as_table().unwrap().clone();
    files.iter().flat_map(of).filter_map(|(_, reply)| reply.as_str().map(str::to_owned)).collect()
}

#[test]
fn what_the_rules_say_of_themselves_passes_in_every_language() {
    let kept = [round("take_message", &json!({ "ok": true }))];
    for language in Language::ALL {
        let replies = replies(language);
        assert!(replies.len() > 20, "{language}");
        for words in replies {
            assert_eq!(judged(language, &[], &kept, &words), None, "{words}");
        }
    }
}

#[test]
fn a_day_may_be_an_example_of_an_answer_and_a_time_may_not() {
    assert_eq!(english(&[], "You can say a day, like Tuesday afternoon."), None);
    assert_eq!(english(&[], "You can say Tuesday at ten o'clock."), Some(Kind::Time));
    assert_eq!(english(&[], "I can offer you Tuesday afternoon."), Some(Kind::Date));
}

#[test]
fn every_sentence_about_appointments_is_known_by_its_data_alone() {
    let (at, old) = (date(2026, 12, 1).at(14, 30, 0, 0), date(2026, 11, 24).at(10, 15, 0, 0));
    let told = Told { at, provider: "Dr. Wei Chen" };
    let data = json!({ "ok": true, "start": "2026-12-01T14:30", "old_start": "2026-11-24T10:15" });
    let rounds = ["create_appointment", "update_appointment", "cancel_appointment"].map(|tool| round(tool, &data));
    for language in Language::ALL {
        for words in [
            appointment::offer(&[told, Told { at: old, provider: "Dr. Priya Singh" }], language),
            appointment::standing(&[told], language),
            appointment::none_on(at.date(), language),
            appointment::ask_to_book(told, Some(old), language),
            appointment::ask_to_move(old, told, language),
            appointment::ask_to_cancel(told, language),
            appointment::booked(told, language),
            appointment::moved(told, language),
            appointment::cancelled(at, language),
            appointment::late_change(24, language),
        ] {
            assert_eq!(judged(language, &[], &rounds, &words), None, "{words}");
        }
        let born = birth_date(date(1984, 3, 9), language);
        let heard = json!({ "ok": false, "code": "not_confirmed", "say": born });
        assert_eq!(judged(language, &[], &[round("register_new_patient", &heard)], &born), None, "{born}");
    }
}
