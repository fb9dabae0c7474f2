//! What came of writes in the book, for as long as the caller has not been told: if the caller is gone by then, it is for the staff to tell.
//!
//! Told is what an answer that knew of it said, or a later one. Whoever hung up after a yes believes that it was done, whether it was or not.

use std::sync::Arc;

use parking_lot::Mutex;

use super::{Message, Messages};

/// See the module header. Of one call.
#[derive(Default)]
pub(super) struct Untold(Mutex<Caller>);

enum Caller {
    There(Owed),
    Gone(Vec<Message>),
}

/// Writes are counted from the call's first.
#[derive(Default)]
struct Owed {
    untold: Vec<Message>,
    /// So many were told before these.
    told: usize,
    /// Of so many, the told ones among them, a request that is made now has the results.
    shown: usize,
}

impl Default for Caller {
    fn default() -> Self {
        Self::There(Owed::default())
    }
}

impl Untold {
    /// A write is over.
    pub(super) fn add(&self, message: Message) {
        match &mut *self.0.lock() {
            Caller::There(Owed { untold, .. }) | Caller::Gone(untold) => untold.push(message),
        }
    }

    /// The results of all that are over are where the next request takes them from.
    pub(super) fn show(&self) {
        match &mut *self.0.lock() {
            Caller::There(owed) => owed.shown = owed.told + owed.untold.len(),
            Caller::Gone(_) => {}
        }
    }

    /// How many writes a request that is made now has the results of.
    pub(super) fn shown(&self) -> usize {
        match &*self.0.lock() {
            Caller::There(owed) => owed.shown,
            Caller::Gone(_) => 0,
        }
    }

    /// The caller was told of so many, by [`Self::shown`].
    pub(super) fn told(&self, writes: usize) {
        match &mut *self.0.lock() {
            Caller::There(owed) => {
                let news = writes.saturating_sub(owed.told).min(owed.untold.len());
                owed.untold.drain(..news);
                owed.told += news;
            }
            Caller::Gone(_) => {}
        }
    }

    /// The call is over. Returns what is for the staff; what is added from now on, [`Self::for_staff`] returns.
    pub(super) fn hung_up(&self) -> Vec<Message> {
        match std::mem::replace(&mut *self.0.lock(), Caller::Gone(Vec::new())) {
            Caller::There(Owed { untold, .. }) | Caller::Gone(untold) => untold,
        }
    }

    /// What was added since the call was over.
    pub(super) fn for_staff(&self) -> Vec<Message> {
        match &mut *self.0.lock() {
            Caller::There(_) => Vec::new(),
            Caller::Gone(untold) => std::mem::take(untold),
        }
    }
}

/// Leaves them for the staff; how many of them could not be.
pub(in crate::agent) async fn leave(untold: Vec<Message>, messages: &Arc<Messages>) -> usize {
    let mut failed = 0;
    for message in untold {
        let call = message.call;
        if let Err(error) = messages.keep(message).await {
            tracing::error!(%call, %error, "what a caller who hung up was not told could not be left for the staff");
            failed += 1;
        }
    }
    failed
}

#[cfg(test)]
mod tests {
    use super::super::MessageKind;
    use super::*;
    use crate::call::CallId;
    use crate::privacy::Pii;

    fn message(id: &str) -> Message {
        let pii = || Pii::new(String::new());
        Message {
            id: id.to_owned(),
            kind: MessageKind::NotTold,
            at: String::new(),
            call: CallId::new(),
            clinic: String::new(),
            caller: pii(),
            name: pii(),
            number: pii(),
            text: pii(),
        }
    }

    fn ids(untold: &[Message]) -> Vec<&str> {
        untold.iter().map(|message| message.id.as_str()).collect()
    }

    #[test]
    fn what_was_told_is_nobodys_and_the_rest_the_staffs_once_however_late_it_comes() {
        let untold = Untold::default();
        untold.add(message("told"));
        untold.show();
        let asked = untold.shown();
        untold.add(message("before"));
        untold.show();
        untold.told(asked);
        untold.told(asked);
        assert_eq!(ids(&untold.for_staff()), Vec::<&str>::new(), "the caller is there");
        assert_eq!(ids(&untold.hung_up()), ["before"]);
        untold.add(message("after"));
        untold.told(untold.shown());
        assert_eq!(ids(&untold.for_staff()), ["after"]);
        assert_eq!((untold.for_staff().len(), untold.hung_up().len()), (0, 0));
    }

    #[tokio::test]
    async fn what_cannot_be_left_for_the_staff_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        let messages = |name: &str| Arc::new(Messages::new(folder.path().join(name)));
        std::fs::write(folder.path().join("no_folder"), "").unwrap();
        assert_eq!(leave(vec![message("a1"), message("a2")], &messages("no_folder")).await, 2);
        assert_eq!(leave(vec![message("a1")], &messages("messages")).await, 0);
    }
}
