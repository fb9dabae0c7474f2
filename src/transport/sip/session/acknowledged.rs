//! What the ACK of our 200 settles: that the call is answered, and, where we offered, which media it has.

use std::time::Duration;

use rsipstack::sip::Request;
use tokio::time::Instant;

use super::{Answer, End, Incoming, Session};
use crate::call::event::Signal;
use crate::transport::sip::{message, sdp};

/// How long an offer waits for the ACK that was sent before it and is still on its way between our own tasks.
const OVERTAKEN: Duration = Duration::from_millis(100);

impl Session {
    /// An ACK and the request behind it come by different ways: the ACK's may be the longer one.
    pub(super) async fn settle(&mut self) -> Option<End> {
        let patience = Instant::now() + OVERTAKEN;
        while self.incoming.is_some() {
            let report = tokio::time::timeout_at(patience, self.reports.recv()).await;
            let Ok(Some(report)) = report else { return None };
            if let Some(end) = self.report(report).await {
                return Some(end);
            }
        }
        None
    }

    pub(super) async fn acknowledged(&mut self, ack: &Request) -> Option<End> {
        let Incoming { offered } = self.incoming.take()?;
        let first = self.answer == Answer::WithAck;
        if offered {
            let answer = message::body_of_type(&ack.headers, &ack.body, sdp::CONTENT_TYPE)
                .and_then(|body| sdp::parse(body).ok());
            let signals = answer.and_then(|answer| self.exchange.accept(&answer));
            match (signals, first) {
                (Some(signals), false) => self.tell_all(signals).await,
                (Some(_), true) => self.tell_first_media().await,
                // RFC 3261 section 13.2.2.4 asks for an answer here; a call without media is no call.
                (None, _) => return Some(End::Lost),
            }
        }
        self.tell_answered().await;
        None
    }

    pub(super) async fn tell_all(&self, signals: Vec<Signal>) {
        for signal in signals {
            self.tell(signal).await;
        }
    }

    /// The call began with a guess, as its INVITE offered nothing: now it learns its media.
    async fn tell_first_media(&self) {
        if let (Some(agreed), Some(audio)) = (self.exchange.agreed(), self.exchange.audio()) {
            self.tell(Signal::Media {
                inbound: agreed.inbound,
                outbound: agreed.outbound,
                dtmf: agreed.dtmf.map(|dtmf| dtmf.number),
                remote: Some(audio.remote),
                rtcp: audio.rtcp_to(),
            })
            .await;
        }
    }
}
