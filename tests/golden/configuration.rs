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
