//! The pages on providers show configurations that `attendant check` accepts, each with every key that its section has.

use std::path::{Path, PathBuf};
use std::process::Command;

use attendant::config::{Config, Source};
use attendant::sim::Fault;
use attendant::sim::vendor::Vendor;

use crate::wire::google::account::key_file;

/// docs/providers.md and the page of each provider.
fn pages() -> Vec<PathBuf> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let pages = std::fs::read_dir(docs.join("providers")).expect("the folder is there");
    let mut pages: Vec<PathBuf> = pages.map(|page| page.expect("it can be read").path()).collect();
    pages.push(docs.join("providers.md"));
    pages.sort();
    pages
}

/// Its configurations.
fn blocks(page: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(page).expect("it can be read");
    let blocks = text.split("```toml\n").skip(1);
    blocks.map(|rest| rest.split_once("```").expect("a block ends").0.to_owned()).collect()
}

/// The block with secrets and certificates where it says, in this folder.
fn prepared(block: &str, folder: &Path) -> String {
    let certificate = rcgen::generate_simple_self_signed(vec!["stt.clinic.example".to_owned()]).expect("a certificate");
    let mut text = block.to_owned();
    for (name, content) in [("google.json", key_file().to_owned()), ("clinic-ca.pem", certificate.cert.pem())] {
        let file = folder.join(name);
        std::fs::write(&file, content).expect("it is writable");
        for named in block.split('"').filter(|named| named.ends_with(name)) {
            text = text.replace(named, &file.display().to_string());
        }
    }
    text
}

/// The names of the variables that it wants keys in.
fn variables(block: &str) -> impl Iterator<Item = &str> {
    block.split("env = \"").skip(1).filter_map(|rest| Some(rest.split_once('"')?.0))
}

/// What `attendant check` says of it.
fn check(block: &str) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("attendant.toml");
    std::fs::write(&file, prepared(block, folder.path())).expect("it is writable");
    let run = Command::new(env!("CARGO_BIN_EXE_attendant"))
        .args(["check", "--config"])
        .arg(&file)
        .env("XDG_DATA_HOME", folder.path())
        .envs(variables(block).map(|name| (name, "a-key")))
        .output()
        .expect("the program runs");
    format!("{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr))
}

/// Both configurations in one.
fn mix(mut one: toml::Table, other: toml::Table) -> toml::Table {
    for (key, value) in other {
        let value = match (one.remove(&key), value) {
            (Some(toml::Value::Table(ours)), toml::Value::Table(theirs)) => toml::Value::Table(mix(ours, theirs)),
            (Some(_) | None, value) => value,
        };
        one.insert(key, value);
    }
    one
}

/// What a server says of it before it starts.
fn accepted(config: &toml::Table, folder: &Path) -> Result<(), String> {
    let file = folder.join("attendant.toml");
    std::fs::write(&file, config.to_string()).expect("it is writable");
    let config = Config::load(&Source::new(Some(file), [])).map_err(|wrong| wrong.to_string())?;
    attendant::server::check(&config).map(drop).map_err(|error| error.to_string())
}

#[test]
fn every_mix_of_providers_is_accepted() {
    rustls::crypto::ring::default_provider().install_default().ok();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let blocks = pages().into_iter().flat_map(|page| blocks(&page).into_iter().map(move |block| (page.clone(), block)));
    let tables = blocks.map(|(page, block)| {
        let mut text = prepared(&block, folder.path());
        for name in variables(&block) {
            // Any variable that is set is a key.
            text = text.replace(&format!("env = \"{name}\""), "env = \"PATH\"");
        }
        let table: toml::Table = toml::from_str(&text).expect("a block is TOML");
        (page, table)
    });
    let tables: Vec<(PathBuf, toml::Table)> = tables.collect();
    for (n, (page, one)) in tables.iter().enumerate() {
        for (other_page, other) in &tables[..n] {
            let both = mix(one.clone(), other.clone());
            let said = accepted(&both, folder.path());
            assert_eq!(said, Ok(()), "{} with {}:\n{both}", page.display(), other_page.display());
        }
    }
    let all = tables.into_iter().fold(toml::Table::new(), |all, (_, one)| mix(all, one));
    assert_eq!(accepted(&all, folder.path()), Ok(()), "{all}");
    let providers = all["providers"].as_table().expect("a section");
    for section in ["deepgram", "google", "sarvam", "qwen", "cartesia", "azure_speech", "openai", "models"] {
        assert!(providers.contains_key(section), "{section} is on no page");
    }
}

#[test]
fn every_configuration_on_the_pages_of_providers_is_accepted() {
    let mut tried = 0;
    for page in pages() {
        for block in blocks(&page) {
            let said = check(&block);
            assert!(said.contains("attendant.toml: configuration is good"), "{}:\n{block}\n{said}", page.display());
            tried += 1;
        }
    }
    assert!(tried >= 11, "{tried} configurations were found");
}

#[test]
fn every_provider_has_a_page_that_is_linked_and_says_what_must_be_known() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let index = std::fs::read_to_string(docs.join("providers.md")).expect("it can be read");
    for name in
        ["deepgram", "google", "sarvam", "qwen", "cartesia", "elevenlabs", "azure", "openai", "anthropic", "embedded"]
    {
        assert!(index.contains(&format!("(providers/{name}.md)")), "{name} is not linked");
        let page = std::fs::read_to_string(docs.join(format!("providers/{name}.md"))).expect("it has a page");
        for row in ["| key", "| where data goes |", "| limits |", "```toml\n", "## Tried\n"] {
            assert!(page.contains(row), "{name} does not say {row:?}");
        }
        assert!(page.contains("languages") || page.contains("| hears |"), "{name} does not say its languages");
    }
}

#[test]
fn the_page_on_measuring_says_which_vendor_can_have_which_fault() {
    use clap::ValueEnum;
    let page = include_str!("../../docs/measure.md");
    for fault in Fault::value_variants() {
        let name = fault.to_possible_value().expect("it can be asked for").get_name().to_owned();
        let row = page.lines().find(|line| line.starts_with(&format!("| `{name}` |"))).expect("it has a row");
        let told: Vec<bool> = row.trim_matches('|').split('|').skip(2).map(|cell| cell.trim() == "x").collect();
        let possible = Vendor::ALL.map(|vendor| vendor.cannot_have(*fault).is_none());
        assert_eq!(told, possible, "{name}");
    }
}
