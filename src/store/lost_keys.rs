//! Whether files beside the store were sealed already. Keys that are not there are lost then, and never to be made anew: what they sealed would not open,
//! and what the new ones seal would be lost once they are put back.
//!
//! Looks at the folder of the server and at those of its clinics. A file that cannot be read says nothing here: whoever needs it names it.

use std::fs;
use std::path::{Path, PathBuf};

use crate::agent::tools::messages;
use crate::emr::book;
use crate::records::Library;

/// A sealed value in JSON. In a text that somebody said, each of these quotes has a backslash before it.
const SEALED: &str = "\"sealed\":\"";

/// `home`: the server's folder; `records`: that of what is asked for.
pub(super) fn sealed_in(home: &Path, records: &Path) -> bool {
    let clinics = files_in(&home.join("clinics"));
    is_sealed(&home.join("state.jsonl"), |text| text.contains(SEALED))
        || [home, records].into_iter().chain(clinics.iter().map(PathBuf::as_path)).any(has_sealed)
}

fn has_sealed(records: &Path) -> bool {
    let messages = messages::waiting(records).unwrap_or_default();
    let journals = Library::new(records.to_owned()).journals().unwrap_or_default();
    let books = files_in(&records.join(book::FOLDER));
    messages.iter().chain(&journals).any(|file| is_sealed(file, |text| text.contains(SEALED)))
        || books
            .iter()
            .filter(|file| file.extension().is_some_and(|ending| ending == "jsonl"))
            // A line in clear is an object.
            .any(|file| is_sealed(file, |text| text.lines().any(|line| !line.is_empty() && !line.starts_with('{'))))
}

fn is_sealed(file: &Path, says: impl Fn(&str) -> bool) -> bool {
    fs::read(file).is_ok_and(|bytes| says(&String::from_utf8_lossy(&bytes)))
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).map_or_else(|_| Vec::new(), |files| files.flatten().map(|file| file.path()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreConfig;
    use crate::store::at_rest::Sealing;

    #[test]
    fn keys_that_are_lost_are_asked_for_and_none_are_made_beside_what_they_sealed() {
        let off = StoreConfig { enabled: false, ..StoreConfig::default() };
        let clear = [
            ("messages/a1.json", "{\"id\":\"a1\",\"text\":\"\\\"sealed\\\":\\\"\"}\n"),
            ("state.jsonl", "{\"key\":\"a\",\"until\":1,\"value\":\"running\"}\n"),
            ("book/c.jsonl", "{\"booked\":{}}\n"),
            ("2026-11-21/a1.jsonl", "{\"entry\":\"line\",\"text\":\"\\\"sealed\\\":\\\"\"}\n"),
        ];
        for (file, sealed) in [
            ("messages/a1.json", "{\"clinic\":\"c\",\"sealed\":\"AAAAAQ\"}\n"),
            ("state.jsonl", "{\"key\":\"a\",\"until\":1,\"value\":{\"sealed\":\"AAAAAQ\"}}\n"),
            ("book/c.jsonl", "AAAAAQ\n"),
            ("2026-11-21/a1.jsonl", "{\"clinic\":\"c\",\"line\":1,\"sealed\":\"AAAAAQ\"}\n"),
            ("clinics/c/messages/a1.json", "{\"clinic\":\"c\",\"sealed\":\"AAAAAQ\"}\n"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let write = |file: &str, text: &str| {
                let path = folder.path().join(file);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            };
            write(file, sealed);
            for settings in [&off, &StoreConfig::default()] {
                let lost = Sealing::of(settings, folder.path()).unwrap_err().to_string();
                assert!(lost.contains("put the file back where it was"), "{file}: {lost}");
            }
            assert!(!folder.path().join("store/keys.toml").exists(), "{file}");
        }
        let folder = tempfile::tempdir().unwrap();
        for (file, text) in clear {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        assert!(Sealing::of(&off, folder.path()).is_ok(), "as a release before left it");
    }
}
