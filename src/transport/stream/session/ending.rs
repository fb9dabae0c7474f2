//! How a stream ends, once: who is told, and what must still be heard before the socket closes.
//!
//! When the caller's side is gone, the call is told and given a moment to end. When the call hangs up, its last words come first:
//! carriers drop what they have not played when a stream closes, so a last mark is sent after them and waited for.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

use super::{Session, finished};
use crate::call::event::{Gone, Signal};
use crate::call::registry::StreamOut;
use crate::transport::stream::carrier::Failed;
use crate::transport::stream::message::Message;
use crate::transport::stream::socket::{Closing, Incoming};

/// A call takes so long to end once its stream is gone; then its channels close all the same.
const ENDING: Duration = Duration::from_secs(2);

/// What a carrier may still have to play after our last packet: its jitter buffer and the network, many times over.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// How a stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Over {
    /// The caller hung up: `stop`.
    Stopped,
    /// The connection broke, or nobody is there.
    Lost,
    /// The call is over on our side.
    HangUp,
    /// The server closes.
    Closing,
    /// The other side does not speak the protocol.
    Protocol,
}

impl Session {
    pub(super) async fn end(mut self, over: Over, outbound: mpsc::Receiver<StreamOut>) {
        let closing = match over {
            Over::HangUp => {
                self.last_words(outbound).await;
                Closing::Normal
            }
            Over::Stopped => self.gone(Gone::HungUp, Closing::Normal).await,
            Over::Lost | Over::Closing => self.gone(Gone::Lost, Closing::GoingAway).await,
            Over::Protocol => self.gone(Gone::Lost, Closing::ProtocolError).await,
        };
        match over {
            Over::HangUp | Over::Closing | Over::Protocol => self.hang_up(),
            Over::Stopped | Over::Lost => {}
        }
        self.link.close(closing).await;
    }

    /// The call ends by this signal; were its channels closed first, it would call the stream lost.
    async fn gone(&mut self, gone: Gone, closing: Closing) -> Closing {
        let told = async {
            if self.signals.send(Signal::Gone(gone)).await.is_ok() {
                self.mailbox.closed().await;
            }
        };
        if timeout(ENDING, told).await.is_err() {
            metrics::counter!("stream_slow_endings_total", "carrier" => self.wire.label()).increment(1);
        }
        closing
    }

    /// Sends what the call said before it hung up, and waits until it has been played, as far as marks tell.
    async fn last_words(&mut self, mut outbound: mpsc::Receiver<StreamOut>) {
        while let Ok(out) = outbound.try_recv() {
            if self.write(out).await.is_some() {
                return;
            }
        }
        let Some(name) = self.marks.last() else { return };
        if self.link.write(self.wire.mark(&self.stream, &name)).await.is_err() {
            return;
        }
        let link = &mut self.link;
        let played = async {
            loop {
                match link.read().await {
                    Incoming::Message(Message::Mark(back)) if back == name => return,
                    Incoming::Message(Message::Stop) | Incoming::Closed => return,
                    // The caller is not listened to any more.
                    Incoming::Message(
                        Message::Connected
                        | Message::Start(_)
                        | Message::Media(_)
                        | Message::Dtmf(_)
                        | Message::Mark(_)
                        | Message::Failed { .. }
                        | Message::Other,
                    )
                    | Incoming::Malformed(_)
                    | Incoming::Alive => {}
                }
            }
        };
        let began = Instant::now();
        if timeout(LAST_WORDS, played).await.is_err() {
            metrics::counter!("stream_last_words_unconfirmed_total", "carrier" => self.wire.label()).increment(1);
        }
        metrics::histogram!("stream_last_words_seconds", "carrier" => self.wire.label()).record(began.elapsed());
    }

    /// Has the carrier end the call as well: closing the stream alone may leave it up. Not if the caller is, or is being, passed on.
    fn hang_up(&mut self) {
        let Some(carrier) = self.carrier.take() else { return };
        let call = std::mem::take(&mut self.call);
        let mut transfer = self.transfer.take();
        self.entrance.tasks.spawn(async move {
            if transfer.is_some() && finished(&mut transfer).await.is_ok() {
                return;
            }
            // 481: ended already.
            if let Err(Failed { status }) = carrier.hang_up(&call).await
                && status != 481
            {
                tracing::warn!(status, "the carrier would not hang up; closing the stream must do");
            }
        });
    }
}
