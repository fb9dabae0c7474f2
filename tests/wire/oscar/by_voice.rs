//! Whole conversations of a caller with the rule-based brain, whose clinic keeps its book in an OSCAR: the words, and what stands there.

use std::sync::Arc;

use attendant::agent::brain::RuleBrain;
use attendant::agent::conversation::{Books, Desk};
use attendant::agent::graph::Graph;
use attendant::agent::tools::{Ledger, Messages};
use attendant::agent::{self, Agent, Agents, CallFacts, Line, Reports, Turn, Who};
use attendant::call::CallId;
use attendant::call::event::{Event, Mailbox};
use attendant::clinic::Clinic;
use attendant::emr::Emr;
use attendant::language::Language;
use attendant::privacy::Pii;
use attendant::provider::chain::{Order, Thinkers};
use attendant::sim::oscar::{Dialect, Fault};
use attendant::state::Shared;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::house::{CHEN, House, MONDAY, NOW, SINGH};
use crate::wire::emr_contract as contract;

pub struct Talk {
    agent: Box<dyn Agent>,
    mailbox: Mailbox,
    events: mpsc::Receiver<Event>,
    language: Language,
    said: Vec<Line>,
    turn: u32,
    pub tools: Vec<Ran>,
}

/// A tool that ran.
#[derive(Clone, Copy, Debug)]
pub struct Ran {
    pub name: &'static str,
    pub began: Instant,
    pub done: Instant,
    /// Not one that asks the caller first, or could not be done.
    pub ok: bool,
}

impl Talk {
    /// Jane Roe calls from the number in her chart.
    fn with(house: &House, language: Language) -> (Self, tempfile::TempDir) {
        let (clinic, oscar) = house.adapter();
        Self::at(clinic, Arc::new(oscar), &Shared::default(), language)
    }

    /// With the folder of the clinic's records.
    pub fn at(clinic: Clinic, emr: Arc<dyn Emr>, shared: &Shared, language: Language) -> (Self, tempfile::TempDir) {
        let folder = tempfile::tempdir().expect("as the test has it");
        let id = clinic.config.id.clone();
        let desk = Desk::new(
            Thinkers::new(vec![Arc::new(RuleBrain::new())], Order::new()),
            Graph::built_in(),
            vec![clinic],
            Books::from([(id.clone(), emr)]),
            Messages::new(folder.path().join("messages")),
            Ledger::open(folder.path().to_owned()).expect("as the test has it"),
            || NOW.parse().expect("as the test has it"),
        )
        .expect("there is a clinic")
        .sharing(shared.clone());
        let caller = Pii::new("+16045550177".to_owned());
        (Self::on(&desk, &CallFacts { call: CallId::new(), clinic: id, caller, language }), folder)
    }

    /// A call to this desk.
    pub fn on(desk: &Desk, call: &CallFacts) -> Self {
        let (mailbox, events) = Mailbox::new();
        let agent = desk.open(call);
        Self { agent, mailbox, events, language: call.language, said: Vec::new(), turn: 0, tools: Vec::new() }
    }

    pub async fn say(&mut self, words: &str) -> String {
        crate::desk::in_time(self.hear_out(words)).await
    }

    /// The answer to these words, all of it heard.
    pub async fn hear_out(&mut self, words: &str) -> String {
        self.turn += 1;
        self.hears(Who::Caller, words.to_owned());
        let turn = Turn { number: self.turn, language: self.language, said: self.said.clone().into(), draft: false };
        self.agent.think(turn, Reports { turn: self.turn, mailbox: self.mailbox.clone() });
        let mut answer = String::new();
        loop {
            match self.events.recv().await {
                Some(Event::Agent { turn, .. }) if turn != self.turn => {}
                Some(Event::Agent { event: agent::Event::Text(text), .. }) => answer.push_str(text.reveal()),
                Some(Event::Agent { event: agent::Event::Done, .. }) => break,
                Some(Event::Agent { event: agent::Event::Failed(error), .. }) => panic!("{error}"),
                Some(Event::Agent { event: agent::Event::ToolStarted { name }, .. }) => {
                    let now = Instant::now();
                    self.tools.push(Ran { name, began: now, done: now, ok: false });
                }
                Some(Event::Agent { event: agent::Event::ToolDone { ok, .. }, .. }) => {
                    let ran = self.tools.last_mut().expect("it began");
                    (ran.done, ran.ok) = (Instant::now(), ok);
                }
                Some(_) => {}
                None => panic!("the mailbox is open"),
            }
        }
        self.hears(Who::Agent, answer.clone());
        answer
    }

    /// The caller speaks on: what was being answered is dropped.
    pub fn interrupt(&mut self) {
        self.agent.cancel();
    }

    pub async fn say_all(&mut self, lines: &[&str]) -> String {
        let mut answer = String::new();
        for line in lines {
            answer = self.say(line).await;
        }
        answer
    }

    fn hears(&mut self, who: Who, text: String) {
        self.said.push(Line { who, text: Pii::new(text), cut: false });
    }
}

#[tokio::test]
async fn a_caller_books_moves_and_cancels_by_voice_in_every_dialect() {
    for dialect in [Dialect::Mcmaster, Dialect::Openo, Dialect::Juno] {
        let house = House::with(dialect, None).await;
        let standing = |day| {
            let rows = [SINGH, CHEN].into_iter().flat_map(|provider| house.sim.appointments(provider, day));
            rows.filter(|row| row.patient == 1001 && row.is_active()).count()
        };
        let written = || [house.asked("addAppointment"), house.asked("updateAppointment")];
        let (talk, _folder) = Talk::with(&house, Language::English);
        contract::books_moves_and_cancels_by_voice(talk, ("one fifteen", "1:15 PM"), standing, written).await;
    }
}

#[tokio::test]
async fn a_caller_books_in_french() {
    let house = House::open().await;
    let (mut talk, _folder) = Talk::with(&house, Language::French);
    let lines = [
        "je voudrais un rendez-vous pour un suivi avec le docteur Singh lundi après treize heures",
        "Jane Roe",
        "le neuf mars mille neuf cent quatre-vingt-quatre",
        "oui",
        "treize heures quinze",
        "oui s'il vous plaît",
    ];
    let answer = talk.say_all(&lines).await;
    assert!(answer.starts_with("C'est réservé, le lundi 23 novembre à 13 heures 15"), "{answer}");
    assert_eq!(house.active(SINGH, MONDAY.at(13, 15, 0, 0), "1001"), 1);
}

#[tokio::test]
async fn a_booking_nobody_knows_of_is_left_to_the_staff_and_never_sent_again() {
    let house = House::open().await;
    let lose = || house.turn("addAppointment", Fault::Hang, 1);
    let talk = Talk::with(&house, Language::English);
    contract::sends_nothing_twice_by_voice(talk, "one fifteen", lose, || house.asked("addAppointment")).await;
}

#[tokio::test]
async fn an_oscar_that_is_away_leads_to_a_message_or_a_person() {
    let house = House::open().await;
    let (mut talk, _folder) = Talk::with(&house, Language::English);
    house.turn("searchDemographicsByAttributes", Fault::Html503, 5);
    let answer = talk.say_all(&contract::asks_for("one fifteen")[..4]).await;
    assert!(answer.contains("can't reach the appointment book"), "{answer}");
    assert!(talk.say("take a message").await.contains("name"));
}
