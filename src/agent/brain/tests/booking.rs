//! Whole conversations that work the embedded book of the sample clinic: a Saturday in November, five past eleven.

use jiff::civil::date;

use super::*;
use crate::agent::tools::tests::{Ailing, Ails, with_book};
use crate::clinic::spoken::appointment::Remark;
use crate::emr::{Appointment, Emr, ForOthers, PatientRef};

impl Talk {
    /// Jane Roe calls from the number in her chart.
    fn at_the_book(language: Language) -> Self {
        let mut talk = Self::new(language);
        talk.session = with_book(talk.folder.path());
        talk
    }

    async fn say_all(&mut self, lines: &[&str]) -> String {
        let mut answer = String::new();
        for line in lines {
            answer = self.say(line).await;
        }
        answer
    }

    fn book(&self) -> Arc<dyn Emr> {
        self.session.emr.clone().unwrap()
    }

    /// What stands in the book for a chart, at whatever time.
    async fn standing(&self, chart: &str) -> Vec<Appointment> {
        let patient = PatientRef(Pii::new(chart.to_owned()));
        self.book().appointments_for_patient(&patient, date(2026, 1, 1).at(0, 0, 0, 0)).await.unwrap()
    }

    async fn starts(&self, chart: &str) -> Vec<String> {
        self.standing(chart).await.iter().map(|a| a.start.to_string()).collect()
    }
}

/// Up to the question when she would like to come.
const JANE: [&str; 4] = ["jane roe r o e", "march ninth nineteen eighty four", "yes that's right", "next tuesday"];

#[tokio::test]
async fn a_caller_books_moves_and_cancels() {
    let mut talk = Talk::at_the_book(Language::English);
    let answer = talk.say("hi i'd like to book an appointment").await;
    assert!(answer.contains("kind of visit"), "{answer}");
    let answer = talk.say("it's a follow up").await;
    assert!(answer.contains("full name"), "{answer}");
    assert_eq!(talk.expect, "name");
    let answer = talk.say("jane roe r o e").await;
    assert!(answer.contains("date of birth"), "{answer}");
    assert_eq!(talk.expect, "birth_date");
    let answer = talk.say("march ninth nineteen eighty four").await;
    assert_eq!(answer, "That's Jane Roe, R O E, born March 9, 1984. Is that right?");
    assert_eq!(talk.expect, "yes_no");
    let answer = talk.say("yes").await;
    assert!(answer.starts_with("Thank you, I found your file. What day and time"), "{answer}");
    let answer = talk.say("next tuesday morning with doctor singh").await;
    assert_eq!(
        answer,
        "I have Tuesday, November 24 at 9 AM with Dr. Priya Singh, Tuesday, November 24 at 9:15 AM with Dr. Priya Singh, \
         or Tuesday, November 24 at 9:45 AM with Dr. Priya Singh. Which one suits you?"
    );
    let answer = talk.say("the second one please").await;
    assert_eq!(answer, "That's Tuesday, November 24 at 9:15 AM with Dr. Priya Singh. Shall I book it?");
    assert!(talk.starts("1001").await.is_empty(), "booked before the yes");
    let answer = talk.say("yes please").await;
    assert!(answer.starts_with("You're booked for Tuesday, November 24 at 9:15 AM with Dr. Priya Singh."), "{answer}");
    assert_eq!(talk.starts("1001").await, ["2026-11-24T09:15:00"]);

    // Who is calling is known by now.
    let answer = talk.say("actually can i move my appointment to wednesday after two").await;
    // Her own doctor works on no Wednesday.
    assert!(answer.contains("no free time like that"), "{answer}");
    let answer = talk.say("with any doctor").await;
    assert!(answer.contains("Wednesday, November 25 at 2 PM with Dr. Wei Chen"), "{answer}");
    let answer = talk.say("two o'clock").await;
    assert_eq!(
        answer,
        "I'd move your appointment of Tuesday, November 24 at 9:15 AM to Wednesday, November 25 at 2 PM with Dr. Wei Chen. \
         Shall I do that?"
    );
    let answer = talk.say("yes").await;
    assert!(answer.starts_with("It's moved."), "{answer}");
    assert_eq!(talk.starts("1001").await, ["2026-11-25T14:00:00"]);

    let answer = talk.say("when is my appointment").await;
    assert!(answer.starts_with("You have Wednesday, November 25 at 2 PM with Dr. Wei Chen."), "{answer}");
    let answer = talk.say("i need to cancel my appointment").await;
    assert_eq!(
        answer,
        "I'd cancel your appointment, Wednesday, November 25 at 2 PM with Dr. Wei Chen. Shall I do that?"
    );
    let answer = talk.say("yes cancel it").await;
    assert!(answer.starts_with("Your appointment on Wednesday, November 25 at 2 PM is cancelled."), "{answer}");
    assert!(talk.starts("1001").await.is_empty());
    assert!(talk.say("no that's all thank you").await.contains("Goodbye"));
    assert_eq!(talk.ending, Some(Ending::HangUp));
}

#[tokio::test]
async fn a_date_of_another_weekday_is_asked_about() {
    let mut talk = Talk::at_the_book(Language::English);
    talk.say_all(&["i'd like to book a follow up", JANE[0], JANE[1], JANE[2]]).await;
    let answer = talk.say("wednesday the twenty fourth with doctor singh").await;
    assert_eq!(answer, "November 24 is a Tuesday, not a Wednesday. Which day do you mean?");
    let answer = talk.say("the tuesday").await;
    assert!(answer.starts_with("I have Tuesday, November 24 at 9 AM with Dr. Priya Singh"), "{answer}");
}

#[tokio::test]
async fn everything_said_at_once_is_asked_only_once() {
    let mut talk = Talk::at_the_book(Language::English);
    let answer = talk.say("i need a check up with doctor chen on wednesday after two").await;
    assert!(answer.contains("full name"), "{answer}");
    let answer = talk.say_all(&["jane roe", "03 09 1984", "yes"]).await;
    assert!(answer.contains("found your file. I have Wednesday, November 25 at 2 PM with Dr. Wei Chen"), "{answer}");
}

#[tokio::test]
async fn a_caller_books_moves_and_cancels_in_french() {
    let mut talk = Talk::at_the_book(Language::French);
    let answer = talk.say("bonjour je voudrais prendre un rendez-vous").await;
    assert!(answer.contains("genre de visite"), "{answer}");
    let answer = talk
        .say_all(&["pour un suivi", "Jane Roe", "le neuf mars mille neuf cent quatre-vingt-quatre", "oui c'est exact"])
        .await;
    assert!(answer.contains("Quel jour"), "{answer}");
    let answer = talk.say("mardi matin avec le docteur Tremblay").await;
    assert!(answer.contains("le mardi 24 novembre à 8 heures 30 avec Dr. Martin Tremblay"), "{answer}");
    let answer = talk.say("la deuxième").await;
    assert!(answer.contains("8 heures 45") && answer.contains("réserve"), "{answer}");
    let answer = talk.say("oui s'il vous plaît").await;
    assert!(answer.starts_with("C'est réservé"), "{answer}");
    assert_eq!(talk.starts("1001").await, ["2026-11-24T08:45:00"]);
    let answer = talk.say("je voudrais déplacer mon rendez-vous").await;
    assert!(answer.contains("Quel jour"), "{answer}");
    let answer = talk.say("vendredi après-midi").await;
    assert!(answer.contains("le vendredi 27 novembre à 13 heures"), "{answer}");
    talk.say_all(&["la première", "oui"]).await;
    assert_eq!(talk.starts("1001").await, ["2026-11-27T13:00:00"]);
    let answer = talk.say_all(&["je dois annuler mon rendez-vous", "oui"]).await;
    assert!(answer.contains("est annulé"), "{answer}");
    assert!(talk.starts("1001").await.is_empty());
}

#[tokio::test]
async fn a_number_nobody_knows_is_asked_for_a_further_factor() {
    let mut talk = Talk::at_the_book(Language::English);
    talk.session.call.caller = Pii::new("anonymous".into());
    let answer = talk.say_all(&["book an appointment", "a checkup", JANE[0], JANE[1], JANE[2]]).await;
    assert!(answer.contains("postal code"), "{answer}");
    assert!(talk.say("i don't have it").await.contains("postal code"));
    let answer = talk.say("it's v six b two k three").await;
    assert!(answer.contains("found your file"), "{answer}");
}

#[tokio::test]
async fn whoever_cannot_prove_who_they_are_is_passed_to_a_person() {
    let mut talk = Talk::at_the_book(Language::English);
    let answer = talk.say_all(&["book an appointment", "a checkup", "mary stranger", JANE[1], "yes"]).await;
    assert!(answer.contains("postal code"), "nobody is told who is a patient: {answer}");
    let answer = talk.say_all(&["V6B 1A1", "V6B 1A2"]).await;
    assert!(answer.contains("couldn't match"), "{answer}");
    let answer = talk.say("V6B 1A3").await;
    assert!(answer.contains("pass you to a person"), "{answer}");
    assert!(matches!(talk.ending, Some(Ending::Transfer { .. })));
}

#[tokio::test]
async fn what_was_misheard_of_name_and_birth_date_is_corrected() {
    let mut talk = Talk::at_the_book(Language::English);
    talk.say_all(&["book an appointment", "follow up", "jane rowe", "march nineteenth 1984"]).await;
    let answer = talk.say("no the ninth of march 1984").await;
    assert!(answer.contains("March 9, 1984"), "{answer}");
    assert!(talk.say("no").await.contains("correct"));
    assert!(talk.say("the name").await.contains("full name"));
    let answer = talk.say("jane roe r o e").await;
    assert_eq!(answer, "That's Jane Roe, R O E, born March 9, 1984. Is that right?");
    assert!(talk.say("yes").await.contains("found your file"));
}

#[tokio::test]
async fn parts_of_names_and_dates_are_asked_for() {
    let mut talk = Talk::at_the_book(Language::English);
    talk.say_all(&["book an appointment", "follow up"]).await;
    assert!(talk.say("jane").await.contains("last name"));
    assert!(talk.say("roe").await.contains("date of birth"));
    assert!(talk.say("march ninth").await.contains("whole date"));
    assert!(talk.say("nineteen eighty four").await.contains("born March 9, 1984"));
    let mut talk = Talk::at_the_book(Language::English);
    talk.say_all(&["book an appointment", "follow up"]).await;
    let answer = talk.say("it's jane roe, born march ninth nineteen eighty four").await;
    assert_eq!(answer, "That's Jane Roe, R O E, born March 9, 1984. Is that right?");
}

#[tokio::test]
async fn a_no_to_the_time_asks_what_to_change_and_nothing_is_written() {
    let mut talk = Talk::at_the_book(Language::English);
    talk.say_all(&["book an appointment", "follow up"]).await;
    talk.say_all(&JANE).await;
    talk.say("the first").await;
    let answer = talk.say("no").await;
    assert!(answer.contains("Which day, time or doctor"), "{answer}");
    let answer = talk.say("friday morning").await;
    assert!(answer.contains("Friday, November 27"), "{answer}");
    let answer = talk.say_all(&["the last one", "hmm what about wednesday instead"]).await;
    assert!(answer.contains("Wednesday, November 25"), "{answer}");
    let answer = talk.say("none of those").await;
    assert!(answer.contains("Which other day"), "{answer}");
    let answer = talk.say("never mind").await;
    assert!(answer.contains("nothing was changed"), "{answer}");
    assert!(talk.starts("1001").await.is_empty());
}

#[tokio::test]
async fn a_caller_who_hangs_up_before_the_yes_has_nothing_booked() {
    let mut talk = Talk::at_the_book(Language::English);
    talk.say_all(&["book an appointment", "follow up"]).await;
    talk.say_all(&JANE).await;
    talk.say("the first").await;
    assert!(talk.starts("1001").await.is_empty());
}

#[tokio::test]
async fn what_is_not_understood_twice_leads_to_a_message_or_a_person() {
    for until in 0..6 {
        let mut talk = Talk::at_the_book(Language::English);
        let lines = ["book an appointment", "follow up", JANE[0], JANE[1], JANE[2], JANE[3], "the first"];
        talk.say_all(&lines[..=until + usize::from(until > 1)]).await;
        let answer = talk.say_all(&["um 7 7 7 7 7", "um 7 7 7 7 7 7"]).await;
        assert!(answer.contains("take a message") && answer.contains("person"), "{until}: {answer}");
        assert!(talk.say("a message").await.contains("name"));
    }
}

#[tokio::test]
async fn days_without_a_free_time_lead_to_others_and_then_to_a_message() {
    let mut talk = Talk::at_the_book(Language::English);
    talk.say_all(&["book an appointment", "follow up", JANE[0], JANE[1], JANE[2]]).await;
    let answer = talk.say("tomorrow").await;
    assert!(answer.contains("Shall I look at other days?"), "{answer}");
    let answer = talk.say("yes").await;
    assert!(answer.contains("Monday, November 23"), "{answer}");
    let answer = talk.say("in march").await;
    assert!(answer.contains("that far ahead"), "{answer}");
    let answer = talk.say("with doctor house").await;
    assert!(answer.contains("Dr. Wei Chen") && answer.contains("and Sarah MacDonald"), "{answer}");
    let answer = talk.say("doctor chen as soon as possible").await;
    assert!(answer.contains("Saturday, November 21 at 12:15 PM with Dr. Wei Chen"), "{answer}");
    // Phone visits are Dr. Singh's on Tuesdays and others': none at night.
    let answer = talk.say("after ten pm").await;
    assert!(answer.contains("other days"), "{answer}");
    assert!(talk.say("no").await.contains("nothing was changed"));
}

#[tokio::test]
async fn where_the_book_cannot_be_reached_and_nobody_would_take_the_call_a_message_is_offered() {
    for language in Language::ALL {
        let [there, away] = [Operator::There, Operator::Away].map(|at| Remark::Unavailable(at).words(language));
        assert_ne!(there, away);
    }
    let mut talk = Talk::at_the_book(Language::English);
    talk.session.emr = Some(Arc::new(Ailing { book: talk.book(), ails: Ails::Providers }));
    let mut clinic = Clinic::sample();
    clinic.config.transfer_to = None;
    talk.session.clinic = Arc::new(clinic);
    let answer = talk.say_all(&["book an appointment", "follow up", JANE[0], JANE[1], JANE[2], JANE[3]]).await;
    assert!(answer.contains(Remark::Unavailable(Operator::Away).words(Language::English)), "{answer}");
    assert!(!answer.contains("person"), "{answer}");
    assert!(talk.say("yes please").await.contains("name"));
}

#[tokio::test]
async fn a_time_taken_meanwhile_leads_to_other_times() {
    let mut talk = Talk::at_the_book(Language::English);
    talk.say_all(&["book an appointment", "follow up"]).await;
    talk.say_all(&JANE).await;
    let question = talk.say("the first").await;
    let mut rival = Talk::at_the_book(Language::English);
    rival.session.emr = talk.session.emr.clone();
    rival.session.call.caller = Pii::new("+16045550166".to_owned());
    rival.say_all(&["book an appointment", "follow up", "jane roe", "april twelfth 1962", "yes"]).await;
    // Her twin has the same name and birth date.
    assert_eq!(rival.say_all(&["V6G 1C8", "next tuesday", "the first"]).await, question);
    assert!(rival.say("yes").await.contains("You're booked"));
    let answer = talk.say("yes").await;
    assert!(answer.starts_with("I'm sorry, that time has just been taken. I have Tuesday, November 24"), "{answer}");
    assert!(talk.starts("1001").await.is_empty());
    assert_eq!(rival.starts("1006").await, ["2026-11-24T08:30:00"]);
    talk.say_all(&["the first", "yes"]).await;
    assert_eq!(talk.starts("1001").await.len(), 1);
}

#[tokio::test]
async fn of_several_appointments_the_caller_says_which() {
    let mut talk = Talk::at_the_book(Language::English);
    talk.session.call.caller = Pii::new("+16045550123".to_owned());
    let before = talk.starts("1002").await;
    assert_eq!(before, ["2026-11-23T09:00:00", "2026-12-04T14:00:00"]);
    let john = ["cancel my appointment", "john example", "november thirtieth 1957", "yes"];
    let answer = talk.say_all(&john).await;
    assert!(answer.contains("Monday, November 23") && answer.ends_with("Which one do you mean?"), "{answer}");
    assert!(talk.say("hmm let me think").await.contains("which of your appointments"));
    let answer = talk.say("the one in december").await;
    assert!(answer.contains("I'd cancel your appointment, Friday, December 4"), "{answer}");
    let answer = talk.say("no").await;
    assert!(answer.contains("I changed nothing"), "{answer}");
    assert_eq!(talk.starts("1002").await, before);
    let answer = talk.say("cancel my appointment on monday").await;
    assert!(answer.contains("I'd cancel your appointment, Monday, November 23"), "{answer}");
    talk.say("yes").await;
    assert_eq!(talk.starts("1002").await, before[1..]);
}

#[tokio::test]
async fn a_question_on_the_way_is_answered_and_the_booking_goes_on() {
    let mut talk = Talk::at_the_book(Language::English);
    talk.say_all(&["book an appointment", "follow up"]).await;
    let answer = talk.say("wait where are you located").await;
    assert!(answer.contains("120 Harbour Street") && answer.contains("full name"), "{answer}");
    talk.say_all(&[JANE[0], JANE[1], JANE[2]]).await;
    let answer = talk.say("is there parking").await;
    assert!(answer.contains("parking") && answer.contains("What day"), "{answer}");
    assert!(talk.say("can i speak to a person").await.contains("passing you"));
}

#[tokio::test]
async fn for_somebody_else_a_message_is_offered_and_a_person_only_to_who_asks() {
    for (language, wish, refused, message, person, yes) in [
        (
            Language::English,
            "i'd like to book an appointment for my son",
            "only book for the person who is calling",
            "leave a message",
            "person at",
            "yes please",
        ),
        (
            Language::French,
            "je voudrais un rendez-vous pour ma fille",
            "seulement réserver pour la personne qui appelle",
            "laisser un message",
            "passer une personne",
            "oui",
        ),
    ] {
        let mut talk = Talk::at_the_book(language);
        let answer = talk.say(wish).await;
        assert!(answer.contains(refused) && answer.contains(message) && !answer.contains(person), "{answer}");
        let answer = talk.say(yes).await;
        assert!(talk.ending.is_none() && answer.contains(if yes == "oui" { "nom" } else { "name" }), "{answer}");
    }
    let mut talk = Talk::at_the_book(Language::English);
    talk.say("i'd like to book an appointment for my son").await;
    talk.say("can i speak to a person").await;
    assert!(talk.ending.is_some());
}

#[tokio::test]
async fn for_a_child_the_server_offers_what_the_clinic_has_for_it() {
    for (for_others, passed_on) in [(ForOthers::Transfer, true), (ForOthers::Message, false)] {
        let mut talk = Talk::at_the_book(Language::English);
        let mut clinic = crate::clinic::Clinic::sample();
        clinic.config.emr.as_mut().unwrap().for_others = for_others;
        talk.session.clinic = Arc::new(clinic);
        talk.say_all(&["book an appointment", "follow up", JANE[0]]).await;
        talk.say("03 09 2020").await;
        let answer = talk.say("yes that's right").await;
        assert!(answer.contains("a child's appointments"), "{answer}");
        let answer = talk.say("yes please").await;
        assert_eq!((talk.ending.is_some(), answer.contains("name")), (passed_on, !passed_on), "{answer}");
    }
}

#[tokio::test]
async fn other_languages_still_offer_a_message_or_a_person() {
    for (language, wish, message) in [
        (Language::Mandarin, "我想預約醫生", "留言"),
        (Language::Cantonese, "我想睇醫生", "留言"),
        (Language::Punjabi, "ਮੈਨੂੰ ਅਪਾਇੰਟਮੈਂਟ ਚਾਹੀਦੀ ਹੈ", "ਸੁਨੇਹਾ"),
    ] {
        let answer = Talk::at_the_book(language).say(wish).await;
        assert!(answer.contains(message), "{answer}");
    }
}
