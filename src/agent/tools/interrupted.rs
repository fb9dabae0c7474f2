//! Writes in the book that this process was in the middle of when it ended: the staff get a message for each when it starts again.
//!
//! The message is on the disk before the write is sent, and goes when the ledger of tools says what came of it: at every moment one of the two
//! knows. Kept beside the records; where several instances share the state, the others know of it too ([`super::left_behind`]): the machine may be lost for
//! longer than a caller waits for a call.

use std::sync::Arc;

use super::appointments::{doubt, not_told};
use super::dealings::OUTCOME_UNKNOWN;
use super::{Message, Messages, Outcome, Session, left_behind, untold};
use crate::emr::EmrError;
use crate::privacy::Pii;
use crate::state::{Key, Shared, State};

/// A write that is under way.
pub(super) struct UnderWay<'a> {
    session: &'a Session,
    about: &'a Pii<String>,
    id: String,
}

impl<'a> UnderWay<'a> {
    /// `about`: what is to be written, for the staff. Nothing may be if this fails.
    pub(super) async fn begin(about: &'a Pii<String>, session: &'a Session) -> Result<Self, EmrError> {
        let message = doubt(about, session);
        lay_by(&message, session).await?;
        Ok(Self { session, about, id: message.id })
    }

    /// What came of it is known, or the staff were told that it is not: the message may go once that is written down.
    pub(super) fn over(self, outcome: &Outcome) {
        if outcome.result["code"] != OUTCOME_UNKNOWN {
            self.session.dealings.owe(not_told(self.about, outcome, self.session));
        }
        self.session.dealings.known(self.id);
    }
}

/// What the staff find if this process ends before the message is known to be of no use, and [`written_down`]. Nothing may be written if this fails.
pub(super) async fn lay_by(message: &Message, session: &Session) -> Result<(), EmrError> {
    let key = Key::interrupted(&session.clinic.config.id);
    let text =
        serde_json::to_string(message).map_err(|_| EmrError::Unavailable("a message has no JSON form".into()))?;
    let put = session.shared.here().put(&key, &message.id, &text).await;
    put.map_err(|lost| EmrError::Unavailable(lost.to_string()))?;
    // After the disk: what stands there and not here is taken out.
    left_behind::leave(message, &session.shared).await;
    Ok(())
}

/// The ledger says what came of the writes of this call that are over; if nobody is there to be told, so do the staff's messages. What could not be left
/// for the staff is asked of them at the next start.
pub(super) async fn written_down(session: &Session) {
    let key = Key::interrupted(&session.clinic.config.id);
    let failed = untold::leave(session.dealings.owed_to_nobody(), &session.messages).await;
    let known = session.dealings.take_known();
    if failed > 0 {
        return;
    }
    for id in known {
        if let Err(lost) = session.shared.here().remove(&key, &id).await {
            tracing::warn!(call = %session.call.call, %lost, "the staff will be asked about a write that is settled");
            continue;
        }
        left_behind::take_back(&id, &session.clinic.config.id, &session.shared).await;
    }
}

/// Leaves the staff a message for each write that the process before was in the middle of, unless another instance did so meanwhile. To be called before the
/// first call.
pub async fn deliver(shared: &Shared, clinic: &str, messages: &Arc<Messages>) {
    let (state, key) = (shared.here(), Key::interrupted(clinic));
    let Ok(left) = state.table(&key).await else { return };
    if left.is_empty() {
        return;
    }
    tracing::warn!(
        clinic,
        writes = left.len(),
        "the program ended in the middle of writes to the book; the staff have a message for each"
    );
    let telling = left_behind::one_at_a_time(shared, clinic).await;
    for (id, text) in left {
        let kept = match serde_json::from_str::<Message>(&text) {
            Ok(_) if left_behind::is_told_for_this_one(&id, shared).await => Ok(()),
            Ok(message) => messages.keep(message).await,
            Err(_) => Err(std::io::Error::other("it is not of this program")),
        };
        let removed = match kept {
            Ok(()) => {
                left_behind::take_back(&id, clinic, shared).await;
                state.remove(&key, &id).await.map_err(|lost| lost.to_string())
            }
            Err(error) => Err(error.to_string()),
        };
        if let Err(error) = removed {
            tracing::error!(
                clinic,
                error,
                "a message about an interrupted write could not be left; it is tried again at the next start"
            );
        }
    }
    if let Some(lease) = telling {
        lease.release().await;
    }
}
