//! Messages for the staff: moved here from their files as records of calls are, each once, sealed whole.

use std::collections::BTreeMap;

use sea_orm::QueryResult;
use serde::{Deserialize, Serialize};

use super::closed::Closed;
use super::insert::insertion;
use super::person::is_erased;
use super::record::{from_word, milliseconds, place, stamp};
use super::schema::MESSAGES;
use super::{History, HistoryError, Kept, Store, StoreError, commit, execute, rollback};
use crate::agent::tools::{Message, messages};
use crate::call::CallId;
use crate::privacy::Pii;

/// What is sealed of a message.
#[derive(Serialize, Deserialize)]
struct Body {
    caller: Pii<String>,
    name: Pii<String>,
    number: Pii<String>,
    text: Pii<String>,
}

impl Store {
    /// Writes a message. Its id is the key: however often it is tried, it is there once.
    pub async fn keep_message(&self, message: &Message) -> Result<Kept, StoreError> {
        let Message { id, kind, at, call, clinic, caller, name, number, text } = message;
        let at_ms = milliseconds(at).ok_or_else(|| StoreError::Record(format!("the time of message {id}")))?;
        let body = Body { caller: caller.clone(), name: name.clone(), number: number.clone(), text: text.clone() };
        let body = serde_json::to_vec(&body).map_err(|_| wrong(id))?;
        let values = vec![
            id.clone().into(),
            clinic.clone().into(),
            self.instance.to_string().into(),
            call.to_string().into(),
            at_ms.into(),
            self.keys_of(clinic).seal(&place("messages.body", id, 0), &body).into(),
            i64::from(self.keys.newest()).into(),
            kind.word().into(),
        ];
        let insert = format!("{} ON CONFLICT (id) DO NOTHING", insertion(MESSAGES, 1));
        // It may be of a clinic that this server was before.
        let transaction = self.begin_for(clinic).await?;
        if is_erased(&transaction, id).await? || execute(&transaction, &insert, values).await? == 0 {
            rollback(transaction).await?;
            return Ok(Kept::Before);
        }
        commit(transaction).await?;
        Ok(Kept::Now)
    }

    /// The newest messages of this clinic, newest first.
    pub(super) async fn messages(&self, limit: usize, closed: &mut Closed) -> Result<Vec<Message>, StoreError> {
        let sql = "SELECT id, clinic, call, at_ms, body, kind FROM messages WHERE clinic = $1 ORDER BY at_ms DESC, id DESC LIMIT $2";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let found = self.rows(sql, vec![self.clinic.to_string().into(), limit.into()]).await?;
        let mut messages = Vec::with_capacity(found.len());
        for row in &found {
            messages.extend(closed.noting(self.message(row))?);
        }
        Ok(messages)
    }

    /// A row of `id, clinic, call, at_ms, body, kind`.
    pub(super) fn message(&self, row: &QueryResult) -> Result<Message, StoreError> {
        let (id, clinic, call): (String, String, String) =
            (row.try_get_by_index(0)?, row.try_get_by_index(1)?, row.try_get_by_index(2)?);
        let (at_ms, sealed): (i64, Vec<u8>) = (row.try_get_by_index(3)?, row.try_get_by_index(4)?);
        let body = self.own.open(&place("messages.body", &id, 0), &sealed)?;
        let Body { caller, name, number, text } = serde_json::from_slice(&body).map_err(|_| wrong(&id))?;
        let call = uuid::Uuid::parse_str(&call).map(CallId).map_err(|_| wrong(&id))?;
        let kind = from_word(row.try_get_by_index(5)?).map_err(|_| wrong(&id))?;
        Ok(Message { at: stamp(at_ms), id, kind, call, clinic, caller, name, number, text })
    }
}

impl History {
    /// The newest messages for the staff, newest first: of the store, and of files that are not there yet. And what cannot be read or opened: where it is, and
    /// why.
    pub async fn messages(&self, limit: usize) -> Result<(Vec<Message>, Vec<String>), HistoryError> {
        let unreadable = |error| HistoryError::Library { folder: self.folder().display().to_string(), error };
        let mut closed = Closed::default();
        // Files first: one that is moved meanwhile is then seen twice, and counted once.
        let mut all = BTreeMap::new();
        for file in messages::waiting(self.folder()).map_err(unreadable)? {
            match messages::read(&file, self.sealing()) {
                Ok(message) => all.extend(message.map(|message| (message.id.clone(), message))),
                Err(error) => closed.note(format!("{}: {error}", file.display())),
            }
        }
        if let Some(store) = self.store() {
            all.retain(|_, message| message.clinic == *store.clinic);
            let kept = store.messages(limit, &mut closed).await?;
            all.extend(kept.into_iter().map(|message| (message.id.clone(), message)));
        }
        let mut all: Vec<Message> = all.into_values().rev().collect();
        all.sort_by_key(|message| std::cmp::Reverse(milliseconds(&message.at)));
        all.truncate(limit);
        Ok((all, closed.told()))
    }
}

pub(super) fn wrong(id: &str) -> StoreError {
    StoreError::Record(format!("message {id}"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use super::*;
    use crate::agent::tools::{MessageKind, Messages};
    use crate::records::Library;
    use crate::store::import::{Found, Importer};
    use crate::store::tests::{count, folder, store};

    fn message(id: &str, clinic: &str, at: &str) -> Message {
        let pii = |text: &str| Pii::new(text.to_owned());
        Message {
            id: id.to_owned(),
            kind: MessageKind::UnknownOutcome,
            at: at.to_owned(),
            call: CallId::new(),
            clinic: clinic.to_owned(),
            caller: pii("+16045550177"),
            name: pii("Jane Roe"),
            number: pii("+16045550123"),
            text: pii("my insulin"),
        }
    }

    fn history(folder: &Path, store: &Store) -> History {
        History::new(Library::new(folder.to_owned()), Some(store.clone()))
    }

    #[tokio::test]
    async fn a_message_is_moved_once_sealed_and_told_to_its_clinic_alone() {
        let folder = folder();
        let (ours, theirs) = (store(folder.path(), "ours").await, store(folder.path(), "theirs").await);
        let messages = Arc::new(Messages::new(folder.path().join(messages::MESSAGES)));
        let first = message("a1", "ours", "2026-11-21T18:00:00.255Z");
        let second = message("a0", "ours", "2026-11-21T18:00:01Z");
        messages.keep(first.clone()).await.unwrap();
        let waits = history(folder.path(), &ours).messages(9).await.unwrap().0;
        assert_eq!(waits, std::slice::from_ref(&first), "not moved yet");
        assert_eq!(history(folder.path(), &theirs).messages(9).await.unwrap().0, []);
        // Told, and the file not gone yet: as after a crash between the two.
        assert_eq!(ours.keep_message(&first).await.unwrap(), Kept::Now);
        let both = history(folder.path(), &ours).messages(9).await.unwrap().0;
        assert_eq!(both, std::slice::from_ref(&first));
        let importer = Importer::new(ours.clone(), Library::new(folder.path().to_owned()));
        let (found, failure) = importer.look().await;
        assert!(failure.is_none() && found == Found::default(), "{failure:?} {found:?}");
        assert!(messages::waiting(folder.path()).unwrap().is_empty());
        messages.keep(second.clone()).await.unwrap();
        importer.look().await;
        let told = history(folder.path(), &ours);
        assert_eq!(told.messages(9).await.unwrap().0, [second.clone(), first]);
        assert_eq!(told.messages(1).await.unwrap().0, [second]);
        assert_eq!(history(folder.path(), &theirs).messages(9).await.unwrap().0, []);
        let body = &ours.rows("SELECT body FROM messages", vec![]).await.unwrap()[0];
        let sealed: Vec<u8> = body.try_get_by_index(0).unwrap();
        assert!(!String::from_utf8_lossy(&sealed).contains("insulin"));
    }

    #[tokio::test]
    async fn a_message_that_cannot_be_read_stays_and_holds_up_no_other() {
        let folder = folder();
        let store = store(folder.path(), "ours").await;
        let at = folder.path().join(messages::MESSAGES);
        std::fs::create_dir(&at).unwrap();
        std::fs::write(at.join("a0.json"), "Jane Roe\n").unwrap();
        let messages = Arc::new(Messages::new(at.clone()));
        messages.keep(message("a1", "ours", "2026-11-21T18:00:00Z")).await.unwrap();
        let importer = Importer::new(store.clone(), Library::new(folder.path().to_owned()));
        let (found, failure) = importer.look().await;
        assert!(failure.is_none() && found.waiting == 1, "{failure:?} {found:?}");
        assert_eq!((count(&store, "messages").await, at.join("a0.json").exists()), (1, true));
        let left = importer.closed().unwrap();
        assert!(left.len() == 1 && left[0].contains("a0.json") && !left[0].contains("Jane"), "{left:?}");
        let (told, closed) = history(folder.path(), &store).messages(9).await.unwrap();
        assert_eq!((told.len(), closed.len()), (1, 1));
        assert!(closed[0].contains("a0.json") && !closed[0].contains("Jane"), "{closed:?}");
    }

    #[tokio::test]
    async fn a_new_key_seals_messages_anew() {
        let folder = folder();
        let before = store(folder.path(), "ours").await;
        let one = message("a1", "ours", "2026-11-21T18:00:00Z");
        before.keep_message(&one).await.unwrap();
        crate::store::keys::add(&folder.path().join("store/keys.toml")).unwrap();
        let after = store(folder.path(), "ours").await;
        assert_eq!((after.reseal().await.unwrap().0, after.reseal().await.unwrap().0), (1, 0));
        assert_eq!(after.sealed_by().await.unwrap(), BTreeMap::from([(2, 1)]));
        assert_eq!(after.messages(1, &mut Closed::default()).await.unwrap(), [one]);
    }
}
