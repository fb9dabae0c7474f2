//! What simulated voices over a WebSocket have in common: words as the tones of [`super::code`] after the scripted delay and then faster than
//! anybody listens, and every [`Fault`]. Their protocols are [`Protocol`]s.
//!
//! Pieces of one context are spoken one after the other; contexts do not wait for each other. Who has no contexts speaks all in one.

use std::collections::VecDeque;
use std::ops::ControlFlow;

use axum::extract::ws::{CloseFrame, Message as Frame, WebSocket};
use serde_json::Value;
use tokio::time::{Instant, sleep_until};

use super::code::{WORD_SAMPLES, speak, words as words_of};
use super::fault::{Fault, Moment, Strike, Trouble};
use super::pace::Pace;

/// Faults in mid-answer strike after so many words: within the second sentence of a code.
const STRIKES_AFTER: u32 = 12;

#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) pace: Pace,
    pub(super) trouble: Trouble,
}

/// What a vendor does when it is told something.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Act {
    Say(Value),
    /// Says it, and closes.
    Refuse(Value, u16),
    /// Speaks this text, after what it speaks of the context already.
    Speak {
        context: String,
        text: String,
    },
    /// Says it after what it speaks of the context already.
    Follow {
        context: String,
        said: Value,
    },
    /// Forgets what it has not said yet.
    Forget,
    Close(u16),
}

impl Act {
    /// Of who has no contexts.
    pub(super) const fn speak(text: String) -> Self {
        Self::Speak { context: String::new(), text }
    }
}

pub(super) trait Protocol: Send {
    /// What it says first.
    fn hello(&mut self) -> Option<Value>;

    fn take(&mut self, message: &Value) -> Vec<Act>;

    /// What comes before the audio of a piece.
    fn before(&mut self) -> Vec<Value>;

    fn audio(&mut self, context: &str, word: &str, bytes: &[u8]) -> Value;

    /// What comes after it.
    fn after(&mut self) -> Vec<Value>;

    fn error(&mut self) -> (Value, u16);
}

/// Something to be said, and whether it is audio.
#[derive(Clone, Debug)]
struct Due {
    at: Instant,
    context: String,
    said: Value,
    is_audio: bool,
}

pub(super) struct Session<P> {
    pub(super) socket: WebSocket,
    pub(super) pace: Pace,
    pub(super) strike: Strike,
    pub(super) protocol: P,
    outbox: VecDeque<Due>,
    /// The context that was spoken last: what is left of another is nobody's.
    latest: String,
    /// On this connection.
    words: u32,
    /// Of these and of those that are yet to be said.
    asked: u32,
}

impl<P: Protocol> Session<P> {
    pub(super) fn new(socket: WebSocket, pace: Pace, strike: Strike, protocol: P) -> Self {
        Self { socket, pace, strike, protocol, outbox: VecDeque::new(), latest: String::new(), words: 0, asked: 0 }
    }

    pub(super) async fn run(mut self) {
        if let Some(hello) = self.protocol.hello()
            && self.send(&hello).await.is_break()
        {
            return;
        }
        loop {
            let due = self.outbox.front().map(|due| due.at);
            let went = tokio::select! {
                frame = self.socket.recv() => match frame {
                    Some(Ok(Frame::Text(text))) => {
                        let message = serde_json::from_str(text.as_str()).unwrap_or_default();
                        self.message(&message).await
                    }
                    Some(Ok(Frame::Ping(_) | Frame::Pong(_))) => ControlFlow::Continue(()),
                    Some(Ok(Frame::Binary(_) | Frame::Close(_)) | Err(_)) | None => ControlFlow::Break(()),
                },
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => match self.outbox.pop_front() {
                    Some(due) => self.perform(due).await,
                    None => ControlFlow::Continue(()),
                },
            };
            if went.is_break() {
                return;
            }
        }
    }

    async fn message(&mut self, message: &Value) -> ControlFlow<()> {
        for act in self.protocol.take(message) {
            match act {
                Act::Say(_) if self.strike.is(Fault::Deaf) => {}
                Act::Say(said) => self.send(&said).await?,
                Act::Refuse(said, code) => {
                    self.send(&said).await?;
                    return self.close(code).await;
                }
                Act::Speak { context, text } => self.speak(&context, &text),
                Act::Follow { context, said } => {
                    let at = self.last(&context).unwrap_or_else(Instant::now);
                    self.plan(Due { at, context, said, is_audio: false });
                }
                Act::Forget => self.outbox.clear(),
                Act::Close(code) => return self.close(code).await,
            }
        }
        ControlFlow::Continue(())
    }

    /// When the last of this context is said.
    fn last(&self, context: &str) -> Option<Instant> {
        self.outbox.iter().rev().find(|due| due.context == context).map(|due| due.at)
    }

    fn plan(&mut self, due: Due) {
        let place = self.outbox.partition_point(|other| other.at <= due.at);
        self.outbox.insert(place, due);
    }

    fn speak(&mut self, context: &str, text: &str) {
        context.clone_into(&mut self.latest);
        if self.outbox.iter().any(|due| due.is_audio && due.context != context) {
            self.strike.cancelled();
        }
        let delay = self.pace.draw() + self.strike.late();
        let at_once = [Fault::Slow, Fault::Lags, Fault::Empty, Fault::Silence, Fault::Deaf];
        if at_once.into_iter().any(|fault| self.strike.is(fault)) {
            self.strike.felt(0);
        }
        let soonest = Instant::now() + delay;
        let mut at = self.last(context).map_or(soonest, |last| last.max(soonest));
        let paced = self.strike.pace();
        let due = |at, said, is_audio| Due { at, context: context.to_owned(), said, is_audio };
        for said in self.protocol.before() {
            self.plan(due(at, said, false));
        }
        let words = if self.strike.is(Fault::Empty) { "" } else { text };
        for word in words_of(words) {
            let audio = if self.strike.is_silent(self.asked) { [0; WORD_SAMPLES] } else { speak(word) };
            self.asked += 1;
            let bytes: Vec<u8> = audio.iter().flat_map(|sample| sample.to_le_bytes()).collect();
            let said = self.protocol.audio(context, word, &bytes);
            self.plan(due(at, said, true));
            at += paced;
        }
        for said in self.protocol.after() {
            self.plan(due(at, said, false));
        }
    }

    async fn perform(&mut self, due: Due) -> ControlFlow<()> {
        self.words += u32::from(due.is_audio);
        let struck = match self.strike.at {
            Moment::Cancelled => true,
            Moment::Words(words) => self.words > words,
            Moment::Usual | Moment::Connecting | Moment::LastWords | Moment::Between | Moment::SecondVoice => {
                self.words > STRIKES_AFTER
            }
        };
        let is_late = self.strike.is(Fault::Late) && due.is_audio && due.context != self.latest;
        if is_late || (struck && self.strike.is_within()) {
            self.strike.felt(self.words.saturating_sub(1));
        }
        match self.strike.fault() {
            Some(Fault::Deaf) => ControlFlow::Continue(()),
            Some(Fault::Stalls) if struck => ControlFlow::Continue(()),
            Some(Fault::Breaks) if struck => ControlFlow::Break(()),
            Some(Fault::Errors) if struck => {
                let (error, code) = self.protocol.error();
                self.send(&error).await?;
                self.close(code).await
            }
            Some(_) | None => self.send(&due.said).await,
        }
    }

    async fn send(&mut self, said: &Value) -> ControlFlow<()> {
        if self.socket.send(Frame::Text(said.to_string().into())).await.is_ok() {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    }

    async fn close(&mut self, code: u16) -> ControlFlow<()> {
        // Whoever has left does not need it.
        self.socket.send(Frame::Close(Some(CloseFrame { code, reason: "simulated".into() }))).await.ok();
        ControlFlow::Break(())
    }
}
