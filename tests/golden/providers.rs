//! The pages on providers show configurations that `attendant check` accepts, each with every key that its section has.

use std::path::{Path, PathBuf};
use std::process::Command;

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

/// What `attendant check` says of it: secrets and certificates are where it says, in a folder of the test's.
fn check(block: &str) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let certificate = rcgen::generate_simple_self_signed(vec!["stt.clinic.example".to_owned()]).expect("a certificate");
    let mut text = block.to_owned();
    for (name, content) in [("google.json", key_file().to_owned()), ("clinic-ca.pem", certificate.cert.pem())] {
        let file = folder.path().join(name);
        std::fs::write(&file, content).expect("it is writable");
        for named in block.split('"').filter(|named| named.ends_with(name)) {
            text = text.replace(named, &file.display().to_string());
        }
    }
    let file = folder.path().join("attendant.toml");
    std::fs::write(&file, text).expect("it is writable");
    let named = block.split("env = \"").skip(1).filter_map(|rest| rest.split_once('"'));
    let keys = named.map(|(name, _)| (name, "a-key"));
    let run = Command::new(env!("CARGO_BIN_EXE_attendant"))
        .args(["check", "--config"])
        .arg(&file)
        .env("XDG_DATA_HOME", folder.path())
        .envs(keys)
        .output()
        .expect("the program runs");
    format!("{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr))
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
