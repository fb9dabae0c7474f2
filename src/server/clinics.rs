//! Which clinics this server answers for, and the configuration as each of them has it.
//!
//! One clinic (`clinic.file`, or the sample) has the folder of records for itself. Of several (`clinic.files`) each has a folder of its own in it, so that
//! records, messages, recordings and books of two clinics never lie together; the store, the state and the audio of fixed phrases are the server's.

use std::path::PathBuf;

use super::ClinicSection;
use crate::clinic::number::Directory;
use crate::clinic::{Clinic, ClinicError};
use crate::config::Config;

/// In the folder of records, with a folder for each of several clinics.
const FOLDER: &str = "clinics";

/// What only a server of one clinic leaves in the folder of records itself.
const OF_ONE: [&str; 3] = ["tools.jsonl", "book", "messages"];

/// A clinic whose calls are answered.
#[derive(Clone, Debug)]
pub struct Served {
    pub clinic: Clinic,
    /// As if it were the only one: its file, the language of its calls, its folder of records.
    pub config: Config,
}

/// Every clinic of the configuration, in its order. Their files can be read, and their ids and numbers are in order; what else may be wrong with one of them are
/// its [`Clinic::faults`].
pub fn served(config: &Config) -> Result<Vec<Served>, ClinicError> {
    if config.clinic.files.is_empty() {
        let file = config.clinic.file.as_ref();
        let clinic = file.map_or_else(|| Ok(Clinic::sample()), |file| Clinic::routed(file))?;
        let section = section(config, file.cloned(), &clinic);
        return Ok(vec![Served { config: Config { clinic: section, ..config.clone() }, clinic }]);
    }
    let (mut all, mut wrong): (Vec<Served>, Vec<String>) = (Vec::new(), Vec::new());
    for file in &config.clinic.files {
        match Clinic::routed(file) {
            Ok(clinic) => all.push(Served { config: own(config, file.clone(), &clinic), clinic }),
            Err(ClinicError(lines)) => wrong.extend(lines),
        }
    }
    for (at, one) in all.iter().enumerate() {
        let id = &one.clinic.config.id;
        if let Some(other) = all[..at].iter().find(|other| other.clinic.config.id == *id) {
            let (one, other) = (one.file(), other.file());
            wrong.push(format!("{one}: id: `{id}` is that of {other} too; give each clinic an id of its own"));
        }
    }
    wrong.extend(directory(all.iter()).err().unwrap_or_default());
    let records = config.records.folder();
    if let Some(found) = OF_ONE.iter().map(|name| records.join(name)).find(|path| path.exists()) {
        wrong.push(format!(
            "records.path: {} is of the one clinic that was served before; move what is there, all but store and state.jsonl, to {}/ID of that clinic",
            found.display(),
            records.join(FOLDER).display()
        ));
    }
    if wrong.is_empty() { Ok(all) } else { Err(ClinicError(wrong)) }
}

/// The clinic of this id, which may be left out if there is one clinic.
pub fn one(config: &Config, id: Option<&str>) -> Result<Served, ClinicError> {
    let mut all = served(config)?;
    let ids: Vec<&str> = all.iter().map(|one| one.clinic.config.id.as_str()).collect();
    let place = match id {
        Some(id) => ids.iter().position(|known| *known == id),
        None => (ids.len() == 1).then_some(0),
    };
    match (place, id) {
        (Some(place), _) => Ok(all.swap_remove(place)),
        (None, Some(id)) => Err(ClinicError(vec![format!(
            "this server has no clinic `{id}`; name one of {}, or another configuration",
            ids.join(", ")
        )])),
        (None, None) => Err(ClinicError(vec![format!(
            "this server has several clinics; say whose with --clinic and one of {}",
            ids.join(", ")
        )])),
    }
}

/// The configuration as the clinic of this id has it, if it is one of those that are served; else as it is.
pub fn config_of(config: &Config, id: &str) -> Config {
    one(config, Some(id)).map_or_else(|_| config.clone(), |served| served.config)
}

/// Which of them was dialled. One alone answers whatever was.
pub(super) fn directory<'a>(all: impl Iterator<Item = &'a Served>) -> Result<Directory, Vec<String>> {
    let named: Vec<(String, &Clinic)> = all.map(|one| (one.file(), &one.clinic)).collect();
    Directory::of(named.iter().map(|(file, clinic)| (file.as_str(), *clinic)))
}

impl Served {
    /// The same with its file as it is now, on the server of this configuration. What leads calls to it is read once, at the server's start.
    pub(super) fn again(&self, config: &Config) -> Result<Self, ClinicError> {
        let Some(file) = self.config.clinic.file.clone() else { return Ok(self.clone()) };
        let clinic = Clinic::routed(&file)?;
        let is_alone = config.clinic.files.is_empty();
        let (now, before) = (&clinic.config, &self.clinic.config);
        let mut moved = Vec::new();
        for (key, is_same) in [
            ("id", now.id == before.id),
            ("numbers", is_alone || now.numbers == before.numbers),
            ("extensions", is_alone || now.extensions == before.extensions),
        ] {
            if !is_same {
                moved.push(format!("{}: {key}: not as the server was started with, which leads calls by it; put it back, or start the server again", self.file()));
            }
        }
        if !moved.is_empty() {
            return Err(ClinicError(moved));
        }
        let config = if is_alone {
            Config { clinic: section(config, Some(file), &clinic), ..config.clone() }
        } else {
            own(config, file, &clinic)
        };
        Ok(Self { clinic, config })
    }

    /// Its file's name, for people.
    fn file(&self) -> String {
        self.config.clinic.file.as_ref().map_or_else(String::new, |file| file.display().to_string())
    }
}

fn own(config: &Config, file: PathBuf, clinic: &Clinic) -> Config {
    let mut own = Config { clinic: section(config, Some(file), clinic), ..config.clone() };
    own.store.home = Some(config.home());
    own.records.path = Some(config.records.folder().join(FOLDER).join(&clinic.config.id));
    // Who is passed on in the middle of a call reaches a person of this clinic, as far as it names one.
    own.call.transfer_to = clinic.config.transfer_to.clone().or(own.call.transfer_to);
    own
}

fn section(config: &Config, file: Option<PathBuf>, clinic: &Clinic) -> ClinicSection {
    let language = clinic.config.language.unwrap_or(config.clinic.language);
    ClinicSection { file, files: Vec::new(), language }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::language::Language;

    const SAMPLE: &str = include_str!("../../agents/sample-clinic.toml");

    /// A configuration with clinics whose files say this in place of the sample's id and numbers.
    fn config(folder: &Path, clinics: &[&str]) -> Config {
        let mut config = Config::default();
        config.records.path = Some(folder.join("records"));
        for (at, says) in clinics.iter().enumerate() {
            let text = SAMPLE.replace("numbers = [\"+16045550100\"]", "").replace("id = \"harbour-street\"", says);
            let file = folder.join(format!("{at}.toml"));
            std::fs::write(&file, text.replace("kind = \"book\" ", "file = \"book.toml\"\nkind = \"book\" ")).unwrap();
            config.clinic.files.push(file);
        }
        config
    }

    fn wrong(folder: &Path, config: &Config) -> String {
        served(config).unwrap_err().to_string().replace(&format!("{}/", folder.display()), "")
    }

    #[test]
    fn each_of_several_has_a_folder_and_a_language_of_its_own_and_one_alone_the_server_s() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (
            "id = \"one\"\nnumbers = [\"+16045550100\"]\nlanguage = \"fr-CA\"",
            "id = \"other\"\nnumbers = [\"+16045550110\"]",
        );
        let config = config(folder.path(), &[one, other]);
        let all = served(&config).unwrap();
        for (one, (id, language)) in all.iter().zip([("one", Language::French), ("other", Language::English)]) {
            let own = &one.config;
            assert_eq!((one.clinic.config.id.as_str(), own.clinic.language), (id, language));
            assert_eq!(own.records.folder(), folder.path().join("records/clinics").join(id));
            assert_eq!(own.home(), folder.path().join("records"), "the store is the server's");
            assert_eq!(own.call.transfer_to.as_deref(), Some("+16045550142"), "the clinic's own");
            // As each has it, there is one clinic.
            assert_eq!(served(own).unwrap().len(), 1);
            assert_eq!(super::one(&config, Some(id)).unwrap().config, *own);
        }
        let which = super::one(&config, None).unwrap_err().to_string();
        assert!(which.contains("--clinic and one of one, other"), "{which}");
        assert!(super::one(&config, Some("third")).unwrap_err().to_string().contains("no clinic `third`"));
        let alone = super::one(&Config::default(), None).unwrap();
        assert_eq!((alone.config, alone.clinic.config.id.as_str()), (Config::default(), "harbour-street"));
    }

    #[test]
    fn a_file_that_is_read_again_may_say_anything_but_what_leads_calls_to_the_clinic() {
        let folder = tempfile::tempdir().unwrap();
        let before = "id = \"one\"\nnumbers = [\"+16045550100\"]\nlanguage = \"fr-CA\"";
        let config = config(folder.path(), &[before, "id = \"other\"\nnumbers = [\"+16045550110\"]"]);
        let served = super::one(&config, Some("one")).unwrap();
        let file = folder.path().join("0.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, text.replace("language = \"fr-CA\"", "").replace("+16045550142", "+16045550143"))
            .unwrap();
        let again = served.again(&config).unwrap();
        let own = &again.config;
        assert_eq!(own.call.transfer_to.as_deref(), Some("+16045550143"));
        assert_eq!(own.clinic.language, Language::English, "the server's");
        assert_eq!(own.records, served.config.records);
        std::fs::write(&file, text.replace("\"one\"", "\"two\"").replace("+16045550100", "+16045550120")).unwrap();
        let wrong = served.again(&config).unwrap_err().to_string();
        assert!(wrong.contains("0.toml: id: not as") && wrong.contains("0.toml: numbers: not as"), "{wrong}");
    }

    #[test]
    fn what_keeps_several_clinics_apart_is_told_with_file_key_and_mend() {
        let folder = tempfile::tempdir().unwrap();
        let number = "numbers = [\"+16045550100\"]";
        let both = format!("id = \"one\"\n{number}");
        let config = config(folder.path(), &[&both, &both, "id = \"third\""]);
        std::fs::create_dir_all(folder.path().join("records/book")).unwrap();
        let wrong = wrong(folder.path(), &config);
        let lines: Vec<&str> = wrong.lines().collect();
        let begins = [
            "1.toml: id: `one` is that of 0.toml too; give",
            "1.toml: numbers: `+16045550100` is in 0.toml as well; take",
            "2.toml: numbers: none, and there are other clinics",
            "records.path: records/book is of the one clinic that was served before; move",
        ];
        assert_eq!(lines.len(), begins.len(), "{wrong}");
        for (line, begins) in lines.iter().zip(begins) {
            assert!(line.starts_with(begins), "{line}");
        }
    }
}
