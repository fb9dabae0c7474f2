use jiff::civil::{Date, DateTime};

use super::*;
use crate::agent::Who;
use crate::call::CallId;
use crate::emr::book::Book;
use crate::emr::{
    Appointment, Capabilities, DaySchedule, EmrError, Finding, Held, NewAppointment, NewPatient, Number, Patient,
    PatientRef, Place, Provider, ProviderRef, Sought,
};

pub(in crate::agent) fn session(folder: &std::path::Path, said: &[(Who, &str)]) -> Session {
    Session {
        clinic: Arc::new(Clinic::sample()),
        call: CallFacts {
            call: CallId::new(),
            clinic: "harbour-street".into(),
            caller: Pii::new("+16045550177".to_owned()),
            language: Language::English,
        },
        language: Language::English,
        now: "2026-11-21T18:05:00Z".parse().unwrap(),
        said: said
            .iter()
            .map(|(who, text)| Line { who: *who, text: Pii::new((*text).to_owned()), cut: false })
            .collect(),
        messages: Arc::new(Messages::new(folder.join("messages"))),
        emr: None,
        dealings: Arc::default(),
        shared: Shared::default(),
    }
}

/// The same with the sample clinic's book.
pub(in crate::agent) fn with_book(folder: &std::path::Path) -> Session {
    let book = Book::open(&folder.join("book"), &Clinic::sample(), jiff::civil::date(2026, 11, 21)).unwrap();
    Session { emr: Some(Arc::new(book)), ..session(folder, &[]) }
}

/// A book with something the matter.
#[derive(Debug)]
pub(in crate::agent) struct Ailing {
    pub(in crate::agent) book: Arc<dyn Emr>,
    pub(in crate::agent) ails: Ails,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::agent) enum Ails {
    /// They may or may not have happened.
    Bookings,
    /// It is not searched by them.
    Numbers,
    /// It does not say who they are.
    Providers,
    /// They may or may not have been made.
    Charts,
    /// No answer comes.
    Searches,
}

impl Ailing {
    fn well(&self, apart_from: Ails) -> Result<&Arc<dyn Emr>, EmrError> {
        if self.ails == apart_from { Err(EmrError::Unavailable("no reply".into())) } else { Ok(&self.book) }
    }
}

#[async_trait::async_trait]
impl Emr for Ailing {
    fn capabilities(&self) -> Capabilities {
        self.book.capabilities()
    }
    async fn health(&self, now: DateTime) -> Result<Vec<Finding>, EmrError> {
        self.book.health(now).await
    }
    async fn providers(&self) -> Result<Vec<Provider>, EmrError> {
        self.well(Ails::Providers)?.providers().await
    }
    async fn day_schedule(&self, provider: &ProviderRef, day: Date) -> Result<Option<DaySchedule>, EmrError> {
        self.book.day_schedule(provider, day).await
    }
    async fn appointments_for_provider(&self, p: &ProviderRef, day: Date) -> Result<Vec<Appointment>, EmrError> {
        self.book.appointments_for_provider(p, day).await
    }
    async fn appointments_for_patient(&self, p: &PatientRef, from: DateTime) -> Result<Vec<Appointment>, EmrError> {
        self.book.appointments_for_patient(p, from).await
    }
    async fn find_patients(&self, sought: &Sought) -> Result<Vec<Patient>, EmrError> {
        match self.ails {
            Ails::Searches => std::future::pending().await,
            Ails::Bookings | Ails::Numbers | Ails::Providers | Ails::Charts => self.book.find_patients(sought).await,
        }
    }
    async fn find_by(&self, number: &Number) -> Result<Vec<Patient>, EmrError> {
        self.well(Ails::Numbers)?.find_by(number).await
    }
    async fn book(&self, wanted: NewAppointment) -> Result<Appointment, EmrError> {
        let booked = self.book.book(wanted).await?;
        self.well(Ails::Bookings).map_err(|_| EmrError::Unknown("no reply".into()))?;
        Ok(booked)
    }
    async fn reschedule(&self, held: Held, to: Place) -> Result<Appointment, EmrError> {
        self.book.reschedule(held, to).await
    }
    async fn cancel(&self, held: Held) -> Result<(), EmrError> {
        self.book.cancel(held).await
    }
    async fn create_patient(&self, new: NewPatient) -> Result<PatientRef, EmrError> {
        let made = self.book.create_patient(new).await?;
        self.well(Ails::Charts).map_err(|_| EmrError::Unknown("no reply".into()))?;
        Ok(made)
    }
}

/// What the staff find in this folder of records, a line each.
pub(in crate::agent) fn left(folder: &std::path::Path) -> String {
    messages::waiting(folder).unwrap().iter().map(|file| std::fs::read_to_string(file).unwrap()).collect()
}

async fn call(tool: ToolName, arguments: Value, session: &Session) -> Outcome {
    run(tool, &Pii::new(arguments.to_string()), session).await
}

/// The same session after the agent said that and the caller answered.
pub(in crate::agent) fn then(session: &Session, agent: &str, caller: &str) -> Session {
    let line = |who, text: &str| Line { who, text: Pii::new(text.to_owned()), cut: false };
    let said = session.said.iter().cloned();
    let said: Arc<[Line]> = said.chain([line(Who::Agent, agent), line(Who::Caller, caller)]).collect();
    Session { said, ..session.clone() }
}

/// The tool asks, the agent says that, and the caller answers it.
pub(in crate::agent) async fn asked_and_answered(
    tool: ToolName,
    arguments: &Value,
    answer: &str,
    session: &Session,
) -> Outcome {
    let question = call(tool, arguments.clone(), session).await;
    assert_eq!(question.result["code"], "not_confirmed", "{}", question.result);
    let session = then(session, question.result["say"].as_str().unwrap(), answer);
    call(tool, arguments.clone(), &session).await
}

fn message() -> Value {
    json!({ "name": "Jane Roe", "number": "604-555-0123", "text": "please call me" })
}

#[tokio::test]
async fn hours_are_told_for_the_clinics_own_day() {
    let folder = tempfile::tempdir().unwrap();
    let session = session(folder.path(), &[]);
    let outcome = call(ToolName::ClinicInfo, json!({ "topic": "hours", "day": "today" }), &session).await;
    assert_eq!(outcome.result["say"], "Yes, today we're open from 9 AM to 1 PM.");
    let outcome = call(ToolName::ClinicInfo, json!({ "topic": "hours", "day": "blursday" }), &session).await;
    assert_eq!(outcome.result["code"], "unknown_day");
    let other = json!({ "topic": "hours", "day": "2026-12-25", "weekday": "thursday" });
    let outcome = call(ToolName::ClinicInfo, other, &session).await;
    assert_eq!(outcome.result["say"], "December 25 is a Friday, not a Thursday. Which day do you mean?");
    let same = json!({ "topic": "hours", "day": "2026-12-25", "weekday": "friday" });
    assert!(call(ToolName::ClinicInfo, same, &session).await.is_ok());
}

#[tokio::test]
async fn a_message_is_kept_once_and_only_for_its_owner_to_read() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let session = session(folder.path(), &[]);
    let kept = asked_and_answered(ToolName::TakeMessage, &message(), "yes that's right", &session).await;
    assert!(kept.is_ok() && kept.result["say"].is_string(), "{}", kept.result);
    assert_eq!(call(ToolName::TakeMessage, message(), &session).await, kept, "the same again");
    let [file] = &messages::waiting(folder.path()).unwrap()[..] else { panic!("one message") };
    let kept = messages::read(file, &crate::store::at_rest::Sealing::default()).unwrap().unwrap();
    assert_eq!(kept.number.reveal(), "+16045550123");
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(file), mode(file.parent().unwrap())), (0o600, 0o700));
}

#[tokio::test]
async fn a_message_nobody_said_yes_to_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let first = session(folder.path(), &[(Who::Agent, "Shall I?"), (Who::Caller, "yes")]);
    let asked = call(ToolName::TakeMessage, message(), &first).await;
    let question = asked.result["say"].as_str().unwrap();
    assert!(question.contains("Jane Roe") && question.contains("6 0 4, 5 5 5, 0 1 2 3"), "{question}");
    let other = question.replace("0 1 2 3", "0 1 2 4");
    for (agent, caller) in [
        (question, "no that's wrong"),
        (question, "yes but not today"),
        (question, "what are your hours"),
        ("I have your message. Is that right?", "yes"),
        (other.as_str(), "yes"),
        (&question[..30], "yes"),
    ] {
        call(ToolName::TakeMessage, message(), &first).await;
        let outcome = call(ToolName::TakeMessage, message(), &then(&first, agent, caller)).await;
        assert_eq!(outcome.result["code"], "not_confirmed", "{agent} {caller}");
    }
    call(ToolName::TakeMessage, message(), &first).await;
    let mut changed = message();
    changed["number"] = json!("604-555-0199");
    let outcome = call(ToolName::TakeMessage, changed, &then(&first, question, "yes")).await;
    assert_eq!(outcome.result["code"], "not_confirmed", "a yes to another number");
    assert!(!folder.path().join("messages").exists());
}

#[tokio::test]
async fn a_message_with_other_commas_and_capitals_is_the_one_that_was_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let first = session(folder.path(), &[]);
    let asked = call(ToolName::TakeMessage, message(), &first).await;
    let agreed = then(&first, asked.result["say"].as_str().unwrap(), "yes");
    let other = json!({ "name": "jane roe", "number": "6045550123", "text": "Please,  call me 15 times." });
    let refused = call(ToolName::TakeMessage, other, &agreed).await;
    assert_eq!(refused.result["code"], "not_confirmed", "other words are another message");
    call(ToolName::TakeMessage, message(), &first).await;
    let laid_out = json!({ "name": "Jane  Roe", "number": "6045550123", "text": "Please,  call me!" });
    let kept = call(ToolName::TakeMessage, laid_out, &agreed).await;
    assert!(kept.is_ok(), "{}", kept.result);
    assert_eq!(call(ToolName::TakeMessage, message(), &agreed).await, kept, "the same again");
    let [file] = &messages::waiting(folder.path()).unwrap()[..] else { panic!("one message") };
    let kept = messages::read(file, &crate::store::at_rest::Sealing::default()).unwrap().unwrap();
    assert_eq!(kept.text.reveal(), "Please,  call me!", "as it was sent");
}

#[tokio::test]
async fn a_yes_that_repeats_the_message_or_the_question_is_a_yes_in_every_language() {
    for (language, text, yes) in [
        (Language::English, "I need my prescription.", "Yes, please tell them I need my prescription"),
        (Language::English, "I need my prescription", "yes tell them that I need my prescription, thank you"),
        (Language::English, "I'm Ana. Call me at work.", "Yes please, call me at work"),
        (Language::English, "I need my prescription", "Yes, pass that message to the clinic please"),
        (Language::French, "J'ai besoin de mon ordonnance.", "Oui, dites-leur que j'ai besoin de mon ordonnance"),
        (Language::Mandarin, "我需要我的药。", "好的,请告诉他们我需要我的药"),
        (Language::Cantonese, "我想攞藥。", "好呀,話俾佢哋知我想攞藥"),
        (Language::Punjabi, "ਮੈਨੂੰ ਦਵਾਈ ਚਾਹੀਦੀ ਹੈ।", "ਹਾਂ ਜੀ, ਉਨ੍ਹਾਂ ਨੂੰ ਦੱਸ ਦਿਓ ਕਿ ਮੈਨੂੰ ਦਵਾਈ ਚਾਹੀਦੀ ਹੈ"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let session = Session { language, ..session(folder.path(), &[]) };
        let asked = json!({ "name": "Jane Roe", "number": "604-555-0123", "text": text });
        let outcome = asked_and_answered(ToolName::TakeMessage, &asked, yes, &session).await;
        assert!(outcome.is_ok(), "{yes}: {}", outcome.result);
    }
}

#[tokio::test]
async fn a_yes_with_more_or_less_than_the_message_is_none() {
    for (text, answer) in [
        ("I need my prescription", "yes tell them I need my prescription tomorrow"),
        ("I need my prescription", "yes but tell them I need my prescription"),
        ("Do not call my wife", "yes call my wife"),
        ("No. Call my wife", "yes no"),
        ("Call me Monday not Tuesday", "yes call me Tuesday not Monday"),
        ("I need my prescription", "tell them I need my prescription"),
        ("Hold on. I need my prescription", "yes hold on"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let session = session(folder.path(), &[]);
        let asked = json!({ "name": "Jane Roe", "number": "604-555-0123", "text": text });
        let outcome = asked_and_answered(ToolName::TakeMessage, &asked, answer, &session).await;
        assert_eq!(outcome.result["code"], "not_confirmed", "{text}: {answer}");
    }
}

#[tokio::test]
async fn the_callers_own_number_is_the_servers_to_know_and_is_asked_about_in_every_language() {
    let asked = json!({ "name": "Jane Roe", "number": "caller", "text": "call me" });
    for (language, yes) in [
        (Language::English, "yes"),
        (Language::French, "oui"),
        (Language::Mandarin, "好的"),
        (Language::Cantonese, "好呀"),
        (Language::Punjabi, "ਹਾਂਜੀ"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let before = [(Who::Agent, "From Jane Roe, at this number. Right?"), (Who::Caller, yes)];
        let session = Session { language, ..session(folder.path(), &before) };
        let question = call(ToolName::TakeMessage, asked.clone(), &session).await;
        assert!(question.result["say"].as_str().unwrap().contains("6 0 4, 5 5 5, 0 1 7 7"), "{}", question.result);
        let outcome = asked_and_answered(ToolName::TakeMessage, &asked, yes, &session).await;
        assert!(outcome.is_ok(), "{language}: {}", outcome.result);
        assert!(left(folder.path()).contains("\"number\":\"+16045550177\""));
    }
}

#[tokio::test]
async fn bad_arguments_are_refused_without_repeating_them() {
    let folder = tempfile::tempdir().unwrap();
    let session = session(folder.path(), &[]);
    for arguments in [
        json!({ "name": "Jane", "number": "604 911 0123", "text": "x" }),
        json!({ "name": "12", "number": "6045550123", "text": "x" }),
        json!({ "name": "Jane", "number": "6045550123", "text": " " }),
        json!({ "name": "Jane", "number": 6045550123_u64, "text": "x" }),
        json!({ "name": "Jane", "number": "6045550123", "text": "x", "clinic": "other" }),
    ] {
        let outcome = call(ToolName::TakeMessage, arguments, &session).await;
        assert!(!outcome.is_ok());
        assert!(!outcome.result.to_string().contains("6045550123"), "{}", outcome.result);
    }
}

#[tokio::test]
async fn the_transfer_number_comes_from_the_clinic_and_stays_out_of_the_result() {
    let folder = tempfile::tempdir().unwrap();
    let session = session(folder.path(), &[]);
    let outcome = call(ToolName::TransferToPerson, json!({ "reason": "asked" }), &session).await;
    assert_eq!(outcome.ending, Some(Ending::Transfer { to: Pii::new("+16045550142".to_owned()) }));
    assert!(!outcome.result.to_string().contains("555"));
}

#[tokio::test]
async fn nobody_is_passed_on_outside_the_hours_but_in_an_emergency_or_where_somebody_always_answers() {
    let folder = tempfile::tempdir().unwrap();
    let asked = json!({ "reason": "asked for a person" });
    let mut clinic = Clinic::sample();
    clinic.config.transfer_always = false;
    // Saturday, 10:05 and 18:05 in Vancouver.
    let day = Session { clinic: Arc::new(clinic.clone()), ..session(folder.path(), &[]) };
    assert!(call(ToolName::TransferToPerson, asked.clone(), &day).await.is_ok());
    let night = Session { now: "2026-11-22T02:05:00Z".parse().unwrap(), ..day };
    for language in Language::ALL {
        let night = Session { language, ..night.clone() };
        let refused = call(ToolName::TransferToPerson, asked.clone(), &night).await;
        assert_eq!((&refused.result["code"], &refused.ending), (&json!("closed"), &None));
        assert!(refused.result["say"].as_str().unwrap().ends_with(['?', '\u{ff1f}']), "{}", refused.result);
    }
    for language in Language::ALL {
        let given_up = identity::give_up(&Session { language, ..night.clone() }).result;
        assert_eq!((&given_up["code"], &given_up["passed_on"]), (&json!("too_many_failures"), &json!(false)));
        assert!(given_up["say"].as_str().unwrap().ends_with(['?', '\u{ff1f}']), "{given_up}");
    }
    let urgent = json!({ "reason": "chest pain" });
    assert!(call(ToolName::TransferToPerson, urgent, &night).await.ending.is_some());
    let said = session(folder.path(), &[(Who::Caller, "I have chest pain")]).said;
    let told = Session { said, ..night.clone() };
    assert!(call(ToolName::TransferToPerson, asked.clone(), &told).await.ending.is_some());
    clinic.config.transfer_always = true;
    let always = Session { clinic: Arc::new(clinic.clone()), ..night.clone() };
    assert!(call(ToolName::TransferToPerson, asked.clone(), &always).await.ending.is_some());
    clinic.config.transfer_always = false;
    clinic.config.hours = crate::clinic::Week::default();
    let never_closed = Session { clinic: Arc::new(clinic), ..night };
    assert!(call(ToolName::TransferToPerson, asked, &never_closed).await.ending.is_some());
}
