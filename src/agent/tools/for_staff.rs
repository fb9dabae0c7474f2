//! What a caller leaves for the clinic's staff: a message, a registration, a place on the waiting list.
//!
//! Kept before the caller is told, once for the same words of the same call, and counted: who asks for room first ([`limits::room`]) may leave it. Nobody is told what another caller left.

use super::call_back::CallBack;
use super::limits::{self, Limited};
use super::{Message, MessageKind, Outcome, Session};
use crate::clock;
use crate::privacy::Pii;
use crate::state::key::digest;

/// `name`: who is to be called back. `text`: for the staff's eyes.
pub(super) async fn leave(
    kind: MessageKind,
    name: &str,
    number: &CallBack,
    text: String,
    session: &Session,
) -> Result<(), Outcome> {
    let message = message(kind, name, number, text, session);
    if session.messages.has(&message.id).await {
        return Ok(());
    }
    session.messages.keep(message).await.map_err(|error| {
        tracing::error!(call = %session.call.call, %error, kind = kind.word(), "what a caller left could not be kept");
        Outcome::refused("not_kept", "it could not be kept; say so and offer to pass the caller to a person")
    })?;
    limits::done(Limited::Left, session).await;
    Ok(())
}

pub(super) fn message(kind: MessageKind, name: &str, number: &CallBack, text: String, session: &Session) -> Message {
    Message {
        id: digest(&[&session.call.call.to_string(), kind.word(), name, number.digits(), &text]),
        kind,
        at: clock::stamp_of(session.now),
        call: session.call.call,
        clinic: session.clinic.config.id.clone(),
        caller: session.call.caller.clone(),
        name: Pii::new(name.to_owned()),
        number: Pii::new(format!("+1{}", number.digits())),
        text: Pii::new(text),
    }
}
