use super::*;
use crate::clock;
use crate::server::Kind;

const SAMPLE: &str = include_str!("../../agents/sample-clinic.toml");

/// The sample clinic with this instead of that.
fn clinic(changes: &[(&str, &str)]) -> Clinic {
    let mut text = SAMPLE.to_owned();
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    Clinic::of(&text, "clinic.toml").unwrap()
}

fn scripted() -> Config {
    let mut config = Config::default();
    config.providers.kind = Kind::Scripted;
    config
}

async fn looked_at(clinic: &Clinic, config: &Config, gates: &[Gate]) -> Vec<Finding> {
    let graph = Graph::built_in();
    let about = About { clinic, config, graph: &graph, speech: None, store: None };
    // A Saturday evening: closed.
    look(&about, gates, || "2026-11-22T04:57:00Z".parse().unwrap()).await
}

/// What is wrong at one gate, as `what -> mend`.
async fn wrong(clinic: &Clinic, config: &Config, gate: Gate) -> Vec<String> {
    let findings = looked_at(clinic, config, &[gate]).await;
    let [finding] = &findings[..] else { panic!("one gate was looked at") };
    let wrong = |seen: &Seen| match seen {
        Seen::Wrong { what, mend } => Some(format!("{what} -> {mend}")),
        Seen::Good { .. } | Seen::NotNeeded { .. } => None,
    };
    let wrong: Vec<String> = finding.evidence.iter().filter_map(wrong).collect();
    assert_eq!(finding.outcome() == Outcome::Failed, !wrong.is_empty());
    wrong
}

#[tokio::test]
async fn the_sample_clinic_passes_every_gate_with_something_seen_at_each() {
    let findings = looked_at(&clinic(&[]), &scripted(), &Gate::ALL).await;
    assert!(have_passed(&findings), "{findings:#?}");
    for finding in &findings {
        assert!(!finding.evidence.is_empty(), "{finding:?}");
        assert_eq!(finding.at, "2026-11-22T04:57:00Z".parse().unwrap());
    }
    let told = |gate| serde_json::to_string(&findings.iter().find(|f| f.gate == gate).unwrap().evidence).unwrap();
    assert!(told(Gate::Hours).contains("closed now, opens Monday, November 23 at 08:30"), "{}", told(Gate::Hours));
    assert!(told(Gate::Holidays).contains("the next is Christmas Eve, 2026-12-24"), "{}", told(Gate::Holidays));
    assert!(
        told(Gate::Emr).contains("the first slot is Monday, November 23 at 09:00 with code 1"),
        "{}",
        told(Gate::Emr)
    );
    assert!(told(Gate::Providers).contains("Dr. Wei Chen is 102 in the EMR"), "{}", told(Gate::Providers));
}

#[tokio::test]
async fn a_gate_that_nobody_looked_at_is_not_passed() {
    let mut findings = looked_at(&clinic(&[]), &scripted(), &Gate::ALL).await;
    let last = findings.pop().unwrap();
    assert!(!have_passed(&findings));
    findings.push(Finding { evidence: Vec::new(), ..last });
    assert!(!have_passed(&findings));
    assert!(!have_passed(&[]));
}

/// A gate, what is changed of the sample clinic, and what is told: what is wrong, and how to mend it.
type Case<'a> = (Gate, &'a [(&'a str, &'a str)], &'a str, &'a str);

#[tokio::test]
async fn what_is_wrong_is_told_at_its_gate_with_the_mend() {
    let numbers = "numbers = [\"+16045550100\"]";
    let to = "transfer_to = \"+16045550142\"";
    let officer = "[privacy_officer]\nname = \"Maria Santos\"\nemail = \"privacy@harbour-street.example\"\n";
    let reads = "reads_messages = \"the front desk, with `attendant messages`, every half hour\"\n";
    let kept = "[retention]\ntranscripts_days = 90\nrecordings_days = 90\nmessages_days = 90\ncalls_days = 365\n";
    let languages = "languages = [\"en-CA\", \"zh-CN\", \"zh-HK\", \"pa-IN\", \"fr-CA\"]";
    let visits = "visits = [\"checkup\", \"follow_up\", \"sick_visit\", \"consultation\"]";
    let cases: &[Case<'_>] = &[
        (Gate::Facts, &[("V6B 1A1", "98101")], "address.postal_code: `98101`", "V6B 1A1"),
        (Gate::Numbers, &[(numbers, "numbers = []")], "no number leads here", "`numbers`"),
        (Gate::Numbers, &[(numbers, "numbers = [\"+16045550100\", \"+16045550100\"]")], "there twice", "take one"),
        (Gate::Transfer, &[(to, "")], "nobody is named whom callers", "`transfer_to`"),
        (Gate::Transfer, &[(to, "transfer_to = \"tel:+16045550100\"")], "come back here", "a person answers"),
        (Gate::Languages, &[(languages, "languages = [\"zh-CN\"]")], "calls begin in en-CA", "`languages`"),
        (
            Gate::Providers,
            &[("name = \"Dr. Wei Chen\"", "name = \"Dr. Chen\"")],
            "Dr. Wei Chen is 102",
            "[[providers]]",
        ),
        (Gate::Visits, &[(visits, "visits = [\"follow_up\"]")], "checkup: 30 minutes, and no", "[emr.codes]"),
        (Gate::Visits, &[(visits, "visits = []")], "code 1 allows no visit", "`visits`"),
        (
            Gate::Emr,
            &[("[emr.codes.1]", "[emr.codes.X]"), ("[emr.codes.s]", "[emr.codes.S]")],
            "no slot within 14 days",
            "[emr.codes]",
        ),
        (Gate::Messages, &[(reads, "")], "nobody is told of messages that callers leave", "[notices]"),
        (Gate::Retention, &[(kept, "")], "does not say how long", "[retention]"),
        (Gate::Retention, &[("messages_days = 90", "messages_days = 91")], "91 days are longer", "write 90"),
        (Gate::Retention, &[("calls_days = 365", "calls_days = 2555")], "2555 days are longer", "the EMR"),
        (Gate::PrivacyOfficer, &[(officer, "")], "nobody is named", "[privacy_officer]"),
    ];
    for (gate, changes, what, mend) in cases {
        let told = wrong(&clinic(changes), &scripted(), *gate).await;
        let fits = |line: &String| line.split_once(" -> ").is_some_and(|(w, m)| w.contains(what) && m.contains(mend));
        assert!(told.iter().any(fits), "{gate:?} {changes:?}: {told:?}");
    }
    let mut none = clinic(&[]);
    none.config.holidays.retain(|holiday| holiday.date.year() < 2026);
    assert!(wrong(&none, &scripted(), Gate::Holidays).await[0].starts_with("no holiday from today to 2027-11-21"));
    let mut few = clinic(&[]);
    few.config.holidays.retain(|holiday| holiday.date.year() == 2026);
    let told = format!("{:?}", looked_at(&few, &scripted(), &[Gate::Holidays]).await[0].evidence);
    assert!(told.contains("WARNING: no holiday is known after 2026-12-26, in 35 days"), "{told}");
    assert_eq!(wrong(&few, &scripted(), Gate::Holidays).await, [""; 0], "it passes");
}

#[tokio::test]
async fn a_clinic_without_a_book_needs_no_gates_for_it() {
    let mut clinic = clinic(&[]);
    clinic.config.emr = None;
    let findings = looked_at(&clinic, &scripted(), &Gate::ALL).await;
    assert!(have_passed(&findings), "{findings:#?}");
    for finding in findings.iter().filter(|f| [Gate::Emr, Gate::Providers, Gate::Visits].contains(&f.gate)) {
        assert_eq!(finding.outcome(), Outcome::NotNeeded, "{finding:?}");
    }
}

#[tokio::test]
async fn a_provider_that_takes_words_abroad_fails_the_gate_of_a_clinic_that_keeps_them() {
    let at_home = clinic(&[("id = \"harbour-street\"", "id = \"harbour-street\"\nresidency = \"CA\"")]);
    let openai = "openai = { base_url = \"https://api.openai.com/v1\", model = \"m\" }";
    let config = Config { providers: toml::from_str(openai).unwrap(), ..Config::default() };
    let told = wrong(&at_home, &config, Gate::Residency).await;
    assert!(
        told[0].contains("providers.openai sends what was said") && told[0].contains("take [providers.openai]"),
        "{told:?}"
    );
    let anywhere = looked_at(&clinic(&[]), &config, &[Gate::Residency]).await;
    assert_eq!(anywhere[0].outcome(), Outcome::NotNeeded);
    assert_eq!(wrong(&at_home, &Config::default(), Gate::Residency).await, [""; 0]);
}

#[tokio::test]
async fn keys_are_tried_and_an_emr_s_password_is_judged_and_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let secret = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).unwrap();
        folder.path().join(name).display().to_string()
    };
    let oscar = |password: &str| {
        let (user, password) = (secret("user", "attendant"), secret("password", password));
        let text = SAMPLE.replace("kind = \"book\"", "kind = \"oscar\"")
            + &format!(
                "\n[emr.oscar]\nbase_url = \"http://127.0.0.1:1/ws\"\nuser = {{ file = {user:?} }}\n\
                 password = {{ file = {password:?} }}\n[emr.oscar.providers]\n101 = \"Dr. Wei Chen\"\n"
            );
        Clinic::of(&text, "clinic.toml").unwrap()
    };
    let opened =
        || Store::open(&crate::store::StoreConfig::default(), folder.path(), Clinic::sample().tenant()).unwrap();
    let store = opened();
    store.make_ready().await.unwrap();
    let graph = Graph::built_in();
    for (password, outcome) in [("mK3-vq09-Zp-xx71", Outcome::Passed), ("postgres-postgres-1", Outcome::Failed)] {
        let (clinic, config) = (oscar(password), scripted());
        let about = About { clinic: &clinic, config: &config, graph: &graph, speech: None, store: Some(&store) };
        let findings = look(&about, &[Gate::Secrets], clock::now).await;
        assert_eq!(findings[0].outcome(), outcome, "{findings:?}");
        let told = serde_json::to_string(&findings[0].evidence).unwrap();
        assert!(told.contains("open what the database has of them: version 1"), "{told}");
        assert!(!told.contains(password), "{told}");
    }
    let keys = folder.path().join("store/keys.toml");
    std::fs::remove_file(&keys).unwrap();
    crate::store::keys::create(&keys).unwrap();
    let (clinic, config, others) = (oscar("mK3-vq09-Zp-xx71"), scripted(), opened());
    let about = About { clinic: &clinic, config: &config, graph: &graph, speech: None, store: Some(&others) };
    let told = format!("{:?}", look(&about, &[Gate::Secrets], clock::now).await[0].evidence);
    assert!(told.contains("Wrong") && told.contains("version 1") && told.contains("store.keys"), "{told}");
}

#[tokio::test]
async fn a_clinic_whose_staff_are_told_says_by_whom_and_one_without_a_store_keeps_everything_and_tells_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "mK3-vq09-Zp-xx71-mK3-vq09-Zp-xx71").unwrap();
    let notices = format!(
        "[notices]\nto = [\"http://127.0.0.1:1/hook\"]\nsecret = {{ file = {secret:?} }}\n\
         [notices.escalation]\nto = [\"http://127.0.0.1:1/more\"]\nafter_minutes = 20\n[retention]"
    );
    let told = clinic(&[("[retention]", notices.as_str())]);
    let findings = looked_at(&told, &scripted(), &[Gate::Messages, Gate::Retention]).await;
    assert!(findings.iter().all(|finding| finding.outcome() == Outcome::Passed), "{findings:?}");
    let text = format!("{:?}", findings[0].evidence);
    assert!(text.contains("1 are told of each message, 1 more after 20 minutes"), "{text}");
    let mut off = scripted();
    off.store.enabled = false;
    assert!(wrong(&told, &off, Gate::Messages).await[0].contains("store.enabled = true"));
    let kept = looked_at(&told, &off, &[Gate::Retention]).await;
    assert_eq!(kept[0].outcome(), Outcome::Passed);
    assert!(format!("{kept:?}").contains("by nobody but who runs the server"), "{kept:?}");
}
