//! Messages kept for clinics: a file each, `<folder>/<id>.json`, readable by the owner alone: whose it is in clear, and all else sealed by that clinic's keys.
//!
//! A message is on the disk (synchronised) before anyone is told it was taken, whole or not at all. Its id names the file: the same message is there
//! once. The store takes the files away ([`crate::store::import`]); without one they stay.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::left_behind;
use crate::call::CallId;
use crate::privacy::Pii;
use crate::records::private_folder;
use crate::state::Shared;
use crate::store::at_rest::{Sealed, Sealing};

/// The folder in the folder of records.
pub const MESSAGES: &str = "messages";

/// What a message is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    /// A caller left it, and wants to be called back.
    #[default]
    Message,
    /// A write to the book of which nobody knows whether it happened.
    UnknownOutcome,
    /// What came of a write to the book, whose caller hung up before it could be said.
    NotTold,
    /// Somebody who is to be registered as a patient.
    Registration,
    /// Somebody who waits to become a patient, or for an earlier appointment.
    WaitingList,
}

impl MessageKind {
    /// As in JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::UnknownOutcome => "unknown_outcome",
            Self::NotTold => "not_told",
            Self::Registration => "registration",
            Self::WaitingList => "waiting_list",
        }
    }
}

/// What a caller left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The same for the same message of the same call.
    pub id: String,
    /// Releases before this one wrote none.
    #[serde(default)]
    pub kind: MessageKind,
    /// RFC 3339, UTC.
    pub at: String,
    pub call: CallId,
    pub clinic: String,
    /// The number called from, as the transport gave it.
    pub caller: Pii<String>,
    pub name: Pii<String>,
    /// E.164.
    pub number: Pii<String>,
    pub text: Pii<String>,
}

/// A file of a message.
#[derive(Serialize, Deserialize)]
struct Closed {
    clinic: String,
    /// A [`Message`].
    sealed: String,
}

/// When a message came to the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Written {
    Now,
    /// The store may have taken it since.
    Before,
}

/// Where messages are kept.
#[derive(Debug)]
pub struct Messages {
    folder: PathBuf,
    sealing: Sealing,
    /// What tells the other instances of those that wait for a store, if there is one.
    others: Option<Shared>,
    /// Ids kept, also of those that the store has taken; also makes writers take turns.
    kept: Mutex<HashSet<String>>,
}

impl Messages {
    /// Nothing is created before the first message.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, sealing: Sealing::default(), others: None, kept: Mutex::default() }
    }

    /// The same whose files are sealed.
    #[must_use]
    pub fn sealing(self, sealing: Sealing) -> Self {
        Self { sealing, ..self }
    }

    /// The same of which the other instances know as soon as one is on the disk: the machine may be lost before a store takes it.
    #[must_use]
    pub fn telling(self, others: Shared) -> Self {
        Self { others: Some(others), ..self }
    }

    /// Returns once it is on the disk.
    pub async fn keep(self: &Arc<Self>, message: Message) -> io::Result<()> {
        let (this, to_be_told) = (self.clone(), self.others.clone().map(|others| (others, message.clone())));
        let written = tokio::task::spawn_blocking(move || this.write(&message)).await;
        if written.map_err(io::Error::other)?? == Written::Now
            && let Some((others, message)) = to_be_told
        {
            // Nobody waits for Redis.
            tokio::spawn(async move { left_behind::leave(&message, &others).await });
        }
        Ok(())
    }

    /// Whether this one was kept since the start.
    pub async fn has(self: &Arc<Self>, id: &str) -> bool {
        let (this, id) = (self.clone(), id.to_owned());
        // Whoever writes holds it until the disk has it.
        tokio::task::spawn_blocking(move || this.kept.lock().contains(&id)).await.unwrap_or(false)
    }

    fn write(&self, message: &Message) -> io::Result<Written> {
        let mut kept = self.kept.lock();
        if kept.contains(&message.id) {
            return Ok(Written::Before);
        }
        self.put(message, None)?;
        kept.insert(message.id.clone());
        Ok(Written::Now)
    }

    /// `written`: how old the file is to be, if not new: messages are kept for as long as since then.
    fn put(&self, message: &Message, written: Option<SystemTime>) -> io::Result<()> {
        private_folder(&self.folder)?;
        let beside = self.folder.join(format!("{}.new", message.id));
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        let plain = serde_json::to_vec(message).map_err(io::Error::other)?;
        let clinic = message.clinic.clone();
        let mut line = match self.sealing.of_clinic(&clinic).seal(&place(&message.id), &plain) {
            Some(sealed) => serde_json::to_vec(&Closed { clinic, sealed }).map_err(io::Error::other)?,
            None => plain,
        };
        line.push(b'\n');
        file.write_all(&line)?;
        if let Some(written) = written {
            file.set_modified(written)?;
        }
        file.sync_all()?;
        fs::rename(&beside, self.folder.join(format!("{}.json", message.id)))?;
        File::open(&self.folder)?.sync_all()
    }

    /// Makes files of what a release before this one kept as lines of `before`, which then goes, seals files anew that are in clear or by an older key, and
    /// removes what broke off in writing, of which nobody was told that it was taken. Without keys that are the database's for certain, the former waits. To be called before the first call.
    pub fn take_over(&self, before: &Path) -> io::Result<()> {
        for broken in ending(&self.folder, "new")? {
            fs::remove_file(broken)?;
        }
        for file in ending(&self.folder, "json")? {
            // One that cannot be read stays, and is told of wherever messages are.
            if let Ok(Some((message, Sealed::Before))) = opened(&file, &self.sealing) {
                self.put(&message, Some(fs::metadata(&file)?.modified()?))?;
            }
        }
        if !self.sealing.seals_anew() {
            return Ok(());
        }
        let text = match fs::read_to_string(before) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            read => read?,
        };
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            // The error's own words could hold a patient's.
            let message = serde_json::from_str(line).map_err(|_| io::Error::other("a line of it is no message"))?;
            self.write(&message)?;
        }
        fs::remove_file(before)
    }
}

impl Messages {
    /// Ids of those whose files the store has not taken.
    pub(super) async fn waiting(self: &Arc<Self>) -> io::Result<Vec<String>> {
        let this = self.clone();
        let files = tokio::task::spawn_blocking(move || ending(&this.folder, "json")).await;
        let files = files.map_err(io::Error::other)??;
        Ok(files.iter().filter_map(|file| file.file_stem()).map(|id| id.to_string_lossy().into_owned()).collect())
    }

    /// `None`: the store has taken it meanwhile.
    pub(super) async fn message(self: &Arc<Self>, id: &str) -> io::Result<Option<Message>> {
        let (this, file) = (self.clone(), self.folder.join(format!("{id}.json")));
        tokio::task::spawn_blocking(move || read(&file, &this.sealing)).await.map_err(io::Error::other)?
    }
}

/// Files of messages that are in this folder of records and not in the store.
pub fn waiting(records: &Path) -> io::Result<Vec<PathBuf>> {
    ending(&records.join(MESSAGES), "json")
}

fn ending(folder: &Path, extension: &str) -> io::Result<Vec<PathBuf>> {
    let files = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        read => read?,
    };
    let mut paths = files.map(|file| file.map(|file| file.path())).collect::<io::Result<Vec<_>>>()?;
    paths.retain(|path| path.extension().is_some_and(|there| there == extension));
    paths.sort();
    Ok(paths)
}

/// The message in such a file; `None` if the store has taken it meanwhile.
pub fn read(path: &Path, sealing: &Sealing) -> io::Result<Option<Message>> {
    Ok(opened(path, sealing)?.map(|(message, _)| message))
}

fn opened(path: &Path, sealing: &Sealing) -> io::Result<Option<(Message, Sealed)>> {
    let text = match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        read => read?,
    };
    let wrong = |_| io::Error::other(format!("{} is no message of this program", path.display()));
    let Ok(Closed { clinic, sealed }) = serde_json::from_slice(&text) else {
        return serde_json::from_slice(&text).map(|message| Some((message, sealing.in_clear()))).map_err(wrong);
    };
    let id = path.file_stem().unwrap_or_default().to_string_lossy();
    let (plain, stands) = sealing.of_clinic(&clinic).open(&place(&id), &sealed).map_err(io::Error::other)?;
    serde_json::from_slice(&plain).map(|message| Some((message, stands))).map_err(wrong)
}

fn place(id: &str) -> String {
    format!("{MESSAGES}/{id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(id: &str) -> Message {
        let pii = |text: &str| Pii::new(text.to_owned());
        Message {
            id: id.to_owned(),
            kind: MessageKind::Message,
            at: "2026-11-21T18:00:00Z".to_owned(),
            call: CallId::new(),
            clinic: "c".to_owned(),
            caller: pii("+16045550177"),
            name: pii("Jane Roe"),
            number: pii("+16045550123"),
            text: pii("please call me"),
        }
    }

    #[tokio::test]
    async fn one_that_the_store_has_taken_is_not_written_again() {
        let records = tempfile::tempdir().unwrap();
        let messages = Arc::new(Messages::new(records.path().join(MESSAGES)));
        let one = message("a1");
        messages.keep(one.clone()).await.unwrap();
        let files = waiting(records.path()).unwrap();
        assert_eq!(read(&files[0], &Sealing::default()).unwrap(), Some(one.clone()));
        fs::remove_file(&files[0]).unwrap();
        assert_eq!(read(&files[0], &Sealing::default()).unwrap(), None);
        messages.keep(one).await.unwrap();
        assert!(waiting(records.path()).unwrap().is_empty());
    }

    #[test]
    fn lines_of_a_release_before_become_files_and_one_that_cannot_be_read_stays() {
        let records = tempfile::tempdir().unwrap();
        let before = records.path().join("c.jsonl");
        let line = |id: &str| serde_json::to_string(&message(id)).unwrap() + "\n";
        fs::write(&before, line("a1") + &line("a2") + "Jane Roe\n").unwrap();
        let messages = Messages::new(records.path().join(MESSAGES));
        let error = messages.take_over(&before).unwrap_err().to_string();
        assert!(before.exists() && !error.contains("Jane"), "{error}");
        let without_kind = line("a3").replace("\"kind\":\"message\",", "");
        assert_ne!(without_kind, line("a3"));
        fs::write(&before, line("a1") + &without_kind).unwrap();
        let broken = records.path().join("messages/a4.new");
        fs::write(&broken, "{").unwrap();
        Messages::new(records.path().join(MESSAGES)).take_over(&before).unwrap();
        assert!(!before.exists() && !broken.exists());
        messages.take_over(&before).unwrap();
        let ids: Vec<String> = waiting(records.path())
            .unwrap()
            .iter()
            .map(|path| read(path, &Sealing::default()).unwrap().unwrap().id)
            .collect();
        assert_eq!(ids, ["a1", "a2", "a3"]);
    }

    #[tokio::test]
    async fn a_message_is_sealed_by_its_clinic_s_keys_and_one_in_clear_or_by_an_older_key_is_sealed_at_the_start() {
        let records = tempfile::tempdir().unwrap();
        let sealing = crate::store::at_rest::fresh(records.path());
        let folder = records.path().join(MESSAGES);
        let texts = || {
            let files = waiting(records.path()).unwrap();
            files.iter().map(|file| fs::read_to_string(file).unwrap()).collect::<Vec<_>>().concat()
        };
        let (clear, sealed) = (message("a1"), message("a2"));
        Arc::new(Messages::new(folder.clone())).keep(clear.clone()).await.unwrap();
        assert!(texts().contains("Jane Roe"));
        let messages = Arc::new(Messages::new(folder.clone()).sealing(sealing.clone()));
        messages.keep(sealed.clone()).await.unwrap();
        let long_ago = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000);
        File::options().write(true).open(&waiting(records.path()).unwrap()[0]).unwrap().set_modified(long_ago).unwrap();
        messages.take_over(Path::new("/nowhere")).unwrap();
        for secret in ["Jane Roe", "5550177", "5550123", "call me"] {
            assert!(!texts().contains(secret), "{}", texts());
        }
        crate::store::keys::add(&records.path().join("keys.toml")).unwrap();
        let newer = Sealing::of_file(&records.path().join("keys.toml")).unwrap();
        let read_by = |sealing: &Sealing| {
            let files = waiting(records.path()).unwrap();
            files.iter().map(|file| read(file, sealing)).collect::<io::Result<Vec<_>>>()
        };
        assert_eq!(read_by(&newer).unwrap(), [Some(clear), Some(sealed)]);
        Messages::new(folder).sealing(newer.clone()).take_over(Path::new("/nowhere")).unwrap();
        let ages =
            waiting(records.path()).unwrap().into_iter().map(|file| file.metadata().unwrap().modified().unwrap());
        assert_eq!(ages.filter(|age| *age == long_ago).count(), 1, "sealed anew twice, and as old as before");
        let behind = read_by(&sealing).unwrap_err().to_string();
        assert!(behind.contains("version 2") && behind.contains("put the key back"), "{behind}");
        let files = waiting(records.path()).unwrap();
        fs::rename(&files[0], &files[1]).unwrap();
        assert!(read_by(&newer).is_err(), "a message has its place");
    }
}
