use super::*;
use crate::onboarding::Seen;
use crate::store::tests::{folder, store};

const FILE: &str = include_str!("../../../agents/sample-clinic.toml");

fn clinic(file: &str) -> Clinic {
    Clinic::of(file, "clinic.toml").unwrap()
}

fn passed(gates: &[Gate]) -> Vec<Finding> {
    let finding = |gate: &Gate| Finding { gate: *gate, at: clock::now(), evidence: vec![Seen::good("it is there")] };
    gates.iter().map(finding).collect()
}

#[tokio::test]
async fn what_is_in_a_file_is_in_the_tables_and_goes_with_it() {
    let folder = folder();
    let store = store(folder.path(), "harbour-street").await;
    assert_eq!(store.put_clinic(&clinic(FILE), "user jane").await.unwrap(), Put::Added);
    let count = async |table: &str| -> i64 {
        let found = store.rows(&format!("SELECT COUNT(*) FROM {table} WHERE clinic = $1"), vec![store.own()]).await;
        found.unwrap()[0].try_get_by_index(0).unwrap()
    };
    for (table, rows) in [
        ("clinics", 1),
        ("clinic_numbers", 1),
        ("clinic_languages", 5),
        ("clinic_hours", 6),
        ("clinic_holidays", 13),
        ("clinic_providers", 4),
    ] {
        assert_eq!(count(table).await, rows, "{table}");
    }
    let hours = "SELECT opens, closes FROM clinic_hours WHERE clinic = $1 AND weekday = 6";
    let row = store.rows(hours, vec![store.own()]).await.unwrap().remove(0);
    let saturday: (String, String) = (row.try_get_by_index(0).unwrap(), row.try_get_by_index(1).unwrap());
    assert_eq!(saturday, ("09:00".to_owned(), "13:00".to_owned()));

    let fewer =
        FILE.replace("saturday = [\"09:00-13:00\"]", "").replace(", \"zh-HK\", \"pa-IN\", \"fr-CA\"]\n\n", "]\n\n");
    assert_eq!(store.put_clinic(&clinic(&fewer), "user jane").await.unwrap(), Put::Changed);
    assert_eq!(store.put_clinic(&clinic(&fewer), "user jane").await.unwrap(), Put::Same);
    assert_eq!((count("clinic_hours").await, count("clinic_languages").await, count("clinics").await), (5, 2, 1));
    let [known] = &store.roster().all().await.unwrap()[..] else { panic!("one clinic is there") };
    assert_eq!((known.file.as_str(), known.languages.len(), known.state), (fewer.as_str(), 2, State::Waiting));
}

#[tokio::test]
async fn a_file_passes_once_all_its_gates_have_and_a_changed_one_passes_anew() {
    let folder = folder();
    let store = store(folder.path(), "harbour-street").await;
    store.put_clinic(&clinic(FILE), "user jane").await.unwrap();
    let facts = fingerprint(FILE);
    let (last, others) = Gate::ALL.split_last().unwrap();
    let record =
        async |facts: &str, findings: &[Finding]| store.record_gates(facts, findings, "attendant").await.unwrap();
    assert_eq!(record(&facts, &passed(others)).await, State::Waiting);
    assert_eq!(record(&facts, &passed(&[*last])).await, State::Active);
    assert_eq!(store.gates(&facts).await.unwrap().len(), Gate::ALL.len());

    // What fails afterwards is told, and closes nothing.
    let failed = Finding { gate: *last, at: clock::now(), evidence: vec![Seen::wrong("it is gone", "put it back")] };
    assert_eq!(record(&facts, std::slice::from_ref(&failed)).await, State::Active);
    assert_eq!(store.gates(&facts).await.unwrap().pop().unwrap().outcome(), crate::onboarding::Outcome::Failed);

    let changed = FILE.replace("suite 201", "suite 202");
    store.put_clinic(&clinic(&changed), "user jane").await.unwrap();
    let new = fingerprint(&changed);
    assert_eq!(store.clinic_state(&new).await.unwrap(), Some(State::Waiting));
    assert_eq!(store.gates(&new).await.unwrap(), [], "what was seen of another file counts for none");
    // A server that still runs with the file before goes on.
    assert_eq!(store.clinic_state(&facts).await.unwrap(), Some(State::Active));
    assert_eq!(record(&new, &passed(&Gate::ALL)).await, State::Active);
    assert_eq!(store.clinic_state(&facts).await.unwrap(), Some(State::Active));

    assert!(store.disable_clinic("user jane").await.unwrap());
    assert!(!store.disable_clinic("user jane").await.unwrap());
    assert_eq!(record(&new, &passed(&Gate::ALL)).await, State::Disabled, "passing does not undo what a person did");
    assert!(store.enable_clinic("user jane").await.unwrap());
    assert_eq!(store.clinic_state(&new).await.unwrap(), Some(State::Active));
    let told: Vec<Action> = store.audited(99).await.unwrap().into_iter().map(|(_, _, note)| note.action).collect();
    use Action::{ClinicAdded, ClinicChanged, ClinicDisabled, ClinicEnabled, ClinicPassed};
    assert_eq!(told, [ClinicAdded, ClinicPassed, ClinicChanged, ClinicPassed, ClinicDisabled, ClinicEnabled]);
    assert_eq!(store.verify_audit().await.unwrap()[0].broken, Vec::<String>::new());
}

#[tokio::test]
async fn a_number_that_leads_to_two_clinics_is_known() {
    let folder = folder();
    let harbour = store(folder.path(), "harbour-street").await;
    harbour.put_clinic(&clinic(FILE), "user jane").await.unwrap();
    let other = FILE
        .replace("harbour-street\"", "pine-street\"")
        .replace("kind = \"book\" ", "kind = \"book\"\nfile = \"b.toml\" ");
    let pine = store(folder.path(), "pine-street").await;
    assert_eq!(pine.put_clinic(&clinic(&other), "user jane").await.unwrap(), Put::Added);
    let numbers = ["+16045550100".to_owned(), "+16045550155".to_owned()];
    let (others, shared) = pine.roster().others_with("pine-street", &numbers).await.unwrap();
    assert_eq!((others, shared), (1, vec![("+16045550100".to_owned(), "harbour-street".to_owned())]));
    assert_eq!(pine.clinic_state("x").await.unwrap(), Some(State::Waiting));
    assert_eq!(pine.roster().all().await.unwrap().len(), 2);
}
