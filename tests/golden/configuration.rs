//! The page on configuration is itself a configuration: the defaults, every key of them.

use attendant::config::{Config, Source};

/// The TOML of docs/configure.md, with what is commented out taken as comments.
fn documented() -> String {
    let page = include_str!("../../docs/configure.md");
    let (_, rest) = page.split_once("```toml\n").expect("the page has a configuration");
    rest.split_once("```").expect("which ends").0.to_owned()
}

#[test]
fn the_page_shows_the_defaults() {
    let file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
    std::fs::write(file.path(), documented()).unwrap();
    let config = Config::load(&Source::new(Some(file.path().to_path_buf()), [])).unwrap();
    assert_eq!(config, Config::default());
}

#[test]
fn the_page_names_every_key() {
    let page = documented();
    let config = Config::default();
    let sections = [
        ("log", toml::Table::try_from(&config.log).unwrap()),
        ("server", toml::Table::try_from(&config.server).unwrap()),
        ("sip", toml::Table::try_from(&config.sip).unwrap()),
        ("api", toml::Table::try_from(&config.api).unwrap()),
        ("stream", toml::Table::try_from(&config.stream).unwrap()),
        ("clinic", toml::Table::try_from(&config.clinic).unwrap()),
        ("agents", toml::Table::try_from(&config.agents).unwrap()),
        ("providers", toml::Table::try_from(&config.providers).unwrap()),
        ("speech", toml::Table::try_from(&config.speech).unwrap()),
        ("scripted", toml::Table::try_from(config.scripted).unwrap()),
        ("call", toml::Table::try_from(&config.call).unwrap()),
        ("media", toml::Table::try_from(config.media).unwrap()),
        ("prices", toml::Table::try_from(&config.prices).unwrap()),
        ("records", toml::Table::try_from(&config.records).unwrap()),
        ("store", toml::Table::try_from(&config.store).unwrap()),
        ("state", toml::Table::try_from(&config.state).unwrap()),
    ];
    for (name, section) in sections {
        let (_, text) = page.split_once(&format!("[{name}]\n")).unwrap_or_else(|| panic!("[{name}] is missing"));
        let text = text.split("\n\n").next().unwrap();
        for key in section.keys() {
            assert!(text.contains(&format!("{key} = ")), "[{name}] {key} is missing");
        }
    }
}

/// What `attendant check` says of a clinic whose file begins so, with this configuration.
fn checked(clinic_begins: &str, rest: &str) -> Result<(), String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let clinic = folder.path().join("clinic.toml");
    let sample = include_str!("../../agents/sample-clinic.toml");
    let (top, tables) = sample.split_once("\n[").expect("the sample has tables");
    std::fs::write(&clinic, format!("{top}\n{clinic_begins}\n[{tables}")).expect("it is writable");
    let file = folder.path().join("attendant.toml");
    std::fs::write(&file, format!("[clinic]\nfile = {:?}\n{rest}", clinic.display().to_string()))
        .expect("it is writable");
    let place = format!("{}/", folder.path().display());
    let config = Config::load(&Source::new(Some(file), [])).map_err(|wrong| wrong.to_string().replace(&place, ""))?;
    attendant::server::check(&config).map(drop).map_err(|error| error.to_string().replace(&place, ""))
}

#[test]
fn a_budget_that_cannot_be_kept_is_refused_with_the_mend() {
    let budget = "[budget]\nday = 25.5\n";
    let price = "[[prices.models]]\nprovider = \"openai\"\nmodel = \"m\"\nper_million_in = 1\n\
                 per_million_written = 1.25\nper_million_out = 2\n";
    let cheaper = "[providers.cheaper]\nthinking = [\"rules\"]\n";
    assert_eq!(checked(budget, &format!("{price}{cheaper}")), Ok(()));
    let said = [
        checked(budget, ""),
        checked(budget, &format!("{price}{cheaper}[records]\ntranscripts = false\n")),
        checked("[budget]\nday = 0\nalarm_percent = 100\n", ""),
        checked("[budget]\nday = -1\n", ""),
        checked("", "[providers.cheaper]\n"),
        checked("", "[providers.cheaper]\nhearing = []\nthinking = [\"openai\"]\nspeaking = [\"embeded\"]\n"),
        checked("", &price.replace("per_million_out", "per_minute")),
    ];
    let said: Vec<String> = said.into_iter().map(|said| said.expect_err("it is refused")).collect();
    insta::assert_snapshot!(said.join("\n\n"));
}

#[test]
fn recordings_leave_the_disk_sealed_and_for_where_the_clinic_keeps_its_data_or_not_at_all() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let secret = |name: &str, text: &str| {
        let file = folder.path().join(name);
        std::fs::write(&file, text).expect("it is writable");
        format!("{{ file = {:?} }}", file.display().to_string())
    };
    let (access, key) = (secret("access", "AK1D"), secret("secret", "pW3xv09ZpQe71kLm82Tn"));
    let s3 = |endpoint: &str, region: &str| {
        format!(
            "[records.s3]\nendpoint = \"{endpoint}\"\nbucket = \"clinic-audio\"\nregion = \"{region}\"\n\
             access_key = {access}\nsecret_key = {key}\n"
        )
    };
    let (canada, states) = (
        s3("https://s3.ca-central-1.amazonaws.com", "ca-central-1"),
        s3("https://s3.us-east-1.amazonaws.com", "us-east-1"),
    );
    let at_home = "residency = \"CA\"\n";
    assert_eq!(checked(at_home, &canada), Ok(()));
    assert_eq!(checked("", &states), Ok(()));
    assert_eq!(
        checked(at_home, &states),
        Err("clinic.toml: residency: CA, but records.s3 sends sealed recordings to US; take [records.s3] out"
            .to_owned())
    );
    for (rest, words) in [
        (format!("{canada}[store]\nenabled = false\n"), "records.s3: without a store nothing seals recordings"),
        (s3("http://10.0.0.7:9000", "us-east-1"), "records.s3.endpoint: without TLS, and not on this machine"),
        (canada.replace("bucket = ", "buckets = "), "records"),
    ] {
        let refused = checked("", &rest).expect_err("it is refused");
        assert!(refused.contains(words) && refused.contains("attendant.toml"), "{refused}");
    }
}

#[test]
fn a_clinic_that_keeps_its_data_at_home_refuses_who_takes_it_abroad() {
    let folder = tempfile::tempdir().unwrap();
    let clinic = folder.path().join("clinic.toml");
    let sample = include_str!("../../agents/sample-clinic.toml");
    std::fs::write(&clinic, format!("residency = \"CA\"\n{sample}")).unwrap();
    let check = |providers: &str| {
        let file = folder.path().join("attendant.toml");
        std::fs::write(&file, format!("[clinic]\nfile = {:?}\n{providers}", clinic.display().to_string())).unwrap();
        let config = Config::load(&Source::new(Some(file), [])).unwrap();
        attendant::server::check(&config).map(|_| ()).map_err(|error| error.to_string())
    };
    let model = "[providers.openai]\nmodel = \"m\"\nbase_url = ";
    assert_eq!(check(""), Ok(()));
    assert_eq!(check(&format!("{model}\"http://127.0.0.1:1/v1\"")), Ok(()));
    assert_eq!(check(&format!("{model}\"https://llm.clinic.example/v1\"\ncountry = \"CA\"")), Ok(()));
    let refused = check(&format!("{model}\"https://api.openai.com/v1\"\nkey = {{ env = \"PATH\" }}")).unwrap_err();
    for part in [
        "clinic.toml: residency: CA, but providers.openai",
        "take [providers.openai] out",
        "allowed in CA: whisper",
        "canadacentral",
    ] {
        assert!(refused.contains(part), "{refused}");
    }
}
