//! What came of writes in the book, for as long as the caller has not been told: if the caller is gone by then, it is for the staff to tell.
//!
//! Told is what the call was given to say, or a later answer could say. Whoever hung up after a yes believes that it was done, whether it was or not.

use std::sync::Arc;

use parking_lot::Mutex;

use super::{Message, Messages};

/// See the module header. Of one call.
#[derive(Default)]
pub(super) struct Untold(Mutex<Caller>);

enum Caller {
    There(Vec<Message>),
    Gone(Vec<Message>),
}

impl Default for Caller {
    fn default() -> Self {
        Self::There(Vec::new())
    }
}

impl Untold {
    /// A write is over.
    pub(super) fn add(&self, message: Message) {
        match &mut *self.0.lock() {
            Caller::There(untold) | Caller::Gone(untold) => untold.push(message),
        }
    }

    /// The caller was told all of it.
    pub(super) fn told(&self) {
        match &mut *self.0.lock() {
            Caller::There(untold) => untold.clear(),
            Caller::Gone(_) => {}
        }
    }

    /// The call is over. Returns what is for the staff; what is added from now on, [`Self::for_staff`] returns.
    pub(super) fn hung_up(&self) -> Vec<Message> {
        match std::mem::replace(&mut *self.0.lock(), Caller::Gone(Vec::new())) {
            Caller::There(untold) | Caller::Gone(untold) => untold,
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

/// Leaves them for the staff.
pub(in crate::agent) async fn leave(untold: Vec<Message>, messages: &Arc<Messages>) {
    for message in untold {
        let call = message.call;
        if let Err(error) = messages.keep(message).await {
            tracing::error!(%call, %error, "what a caller who hung up was not told could not be left for the staff");
        }
    }
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
        untold.told();
        untold.add(message("before"));
        assert_eq!(ids(&untold.for_staff()), Vec::<&str>::new(), "the caller is there");
        assert_eq!(ids(&untold.hung_up()), ["before"]);
        untold.add(message("after"));
        untold.told();
        assert_eq!(ids(&untold.for_staff()), ["after"]);
        assert_eq!((untold.for_staff().len(), untold.hung_up().len()), (0, 0));
    }
}
