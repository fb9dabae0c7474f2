//! Two clinics whose calls are thought about by the same models: what is booked at one is not known at the other.

use super::*;
use crate::agent::{self, CallFacts, Turn, Who};
use crate::server::served;

const SAMPLE: &str = include_str!("../../../../agents/sample-clinic.toml");

/// Says these lines in a call to the clinic; the last answer.
async fn talk(staff: &Staff, clinic: &str, lines: &[&str]) -> String {
    let caller = Pii::new("+16045550177".to_owned());
    let (clinic, language) = (clinic.to_owned(), Language::English);
    let mut agent =
        staff.providers(&Asked::default()).agents.open(&CallFacts { call: CallId::new(), clinic, caller, language });
    let (mailbox, mut events) = Mailbox::new();
    let (mut said, mut answer) = (Vec::new(), String::new());
    let line = |who, text: &str| agent::Line { who, text: Pii::new(text.to_owned()), cut: false };
    for (number, words) in (1..).zip(lines) {
        said.push(line(Who::Caller, words));
        let turn = Turn { number, language, said: said.clone().into(), draft: false };
        agent.think(turn, agent::Reports { turn: number, mailbox: mailbox.clone() });
        answer.clear();
        while let Some(event::Event::Agent { event, .. }) = events.recv().await {
            match event {
                agent::Event::Text(text) => answer += text.reveal(),
                agent::Event::Done => break,
                agent::Event::Failed(error) => panic!("{error:?}"),
                _ => {}
            }
        }
        said.push(line(Who::Agent, &answer));
    }
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_booked_at_one_clinic_is_not_known_at_another() {
    let folder = tempfile::tempdir().unwrap();
    let book = format!("{}/agents/sample-book.toml", env!("CARGO_MANIFEST_DIR"));
    let mut config = Config::default();
    config.records.path = Some(folder.path().join("records"));
    for (id, number) in [("harbour-street", "+16045550100"), ("lakeside", "+16045550110")] {
        let text = SAMPLE
            .replace("harbour-street", id)
            .replace("numbers = [\"+16045550100\"]", &format!("numbers = [\"{number}\"]"));
        let file = folder.path().join(format!("{id}.toml"));
        std::fs::write(&file, text.replace("kind = \"book\" ", &format!("file = {book:?}\nkind = \"book\" "))).unwrap();
        config.clinic.files.push(file);
    }
    let members = Members {
        ears: Ears::new(Vec::new()),
        ear_names: Vec::new(),
        hearing: Order::new(),
        mouths: Mouths::new(Vec::new()),
        mouth_names: Vec::new(),
        speaking: Order::new(),
    };
    let thinkers = Arc::new(Thinkers::new(vec![Arc::new(RuleBrain::new())], Order::new()));
    let speech = Speech { ears: Vec::new(), mouths: Vec::new() };
    let crew = Crew::Real(Box::new(Trained { members, thinkers, speech }));
    let clinics = served(&config).unwrap();
    let opening = clinics.clone();
    let staffs = tokio::task::spawn_blocking(move || {
        let shared = Shared::default();
        let staff =
            |of: &crate::server::Served| crew.staff(&of.config, &of.clinic, Graph::built_in(), &shared, None).unwrap();
        opening.iter().map(staff).collect::<Vec<_>>()
    });
    let staffs = staffs.await.unwrap();
    let booked = talk(
        &staffs[0],
        "harbour-street",
        &[
            "i need a follow up with doctor singh next tuesday morning",
            "jane roe",
            "march ninth nineteen eighty four",
            "yes",
            "the second one please",
            "yes please",
        ],
    )
    .await;
    assert!(booked.contains("You're booked for"), "{booked}");
    // The same person has a file at both.
    let asks = ["when is my appointment", "jane roe", "march ninth nineteen eighty four", "yes"];
    let ours = talk(&staffs[0], "harbour-street", &asks).await;
    assert!(ours.contains("You have") && ours.contains("Singh"), "{ours}");
    let theirs = talk(&staffs[1], "lakeside", &asks).await;
    assert!(theirs.contains("found your file") && !theirs.contains("Singh"), "{theirs}");
    let written = |of: &crate::server::Served| {
        let id = &of.clinic.config.id;
        std::fs::read_to_string(of.config.records.folder().join("book").join(format!("{id}.jsonl"))).unwrap()
    };
    // One change more than the appointments that both begin with, and no chart in clear.
    let (ours, theirs) = (written(&clinics[0]), written(&clinics[1]));
    assert_eq!(ours.lines().count(), theirs.lines().count() + 1);
    assert!(!ours.contains("\"1001\"") && !theirs.contains("\"1001\""));
    // Which clinic it is, the staff say and not the call.
    let theirs = talk(&staffs[1], "harbour-street", &asks).await;
    assert!(!theirs.contains("Singh"), "{theirs}");
}
