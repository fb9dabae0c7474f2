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
    ];
    for (name, section) in sections {
        let (_, text) = page.split_once(&format!("[{name}]\n")).unwrap_or_else(|| panic!("[{name}] is missing"));
        let text = text.split("\n\n").next().unwrap();
        for key in section.keys() {
            assert!(text.contains(&format!("{key} = ")), "[{name}] {key} is missing");
        }
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
    let refused = check(&format!("{model}\"https://api.openai.com/v1\"")).unwrap_err();
    for part in [
        "clinic.toml: residency: CA, but providers.openai",
        "take [providers.openai] out",
        "allowed in CA: whisper",
        "canadacentral",
    ] {
        assert!(refused.contains(part), "{refused}");
    }
}
