//! What simulated recognisers over a WebSocket have in common that are told where a voice begins and ends: what they say after a delay, in its
//! order, and every [`Fault`]. Their protocols are [`Protocol`]s.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message as Frame, WebSocket};
use tokio::time::{Instant, sleep_until};

use super::fault::Fault;

/// What [`Fault::Slow`] adds to every answer.
const SLOW: Duration = Duration::from_millis(1_500);

/// What a vendor does when it is told something.
#[derive(Debug)]
pub(super) enum Act {
    /// Says it at once, deaf or not.
    Greet(Frame),
    /// Says it after so long.
    Say(Duration, Frame),
    /// The same of words; faults strike after the first of them.
    Answer(Duration, Frame),
    /// Says it, and closes.
    Refuse(Frame, u16),
    Close(u16),
}

pub(super) trait Protocol: Send {
    /// What it says first.
    fn hello(&mut self) -> Vec<Act>;

    fn take(&mut self, frame: &Frame) -> Vec<Act>;

    /// Its error message, and the code with which it closes then.
    fn error(&mut self) -> (Frame, u16);
}

/// Something to be said, and whether it is words.
struct Due {
    at: Instant,
    said: Frame,
    is_answer: bool,
}

pub(super) struct Session<P> {
    socket: WebSocket,
    fault: Option<Fault>,
    protocol: P,
    outbox: VecDeque<Due>,
    answered: u32,
}

impl<P: Protocol> Session<P> {
    pub(super) const fn new(socket: WebSocket, fault: Option<Fault>, protocol: P) -> Self {
        Self { socket, fault, protocol, outbox: VecDeque::new(), answered: 0 }
    }

    pub(super) async fn run(mut self) {
        let hello = self.protocol.hello();
        if self.act(hello).await.is_break() {
            return;
        }
        loop {
            let due = self.outbox.front().map(|due| due.at);
            let went = tokio::select! {
                frame = self.socket.recv() => match frame {
                    Some(Ok(frame @ (Frame::Text(_) | Frame::Binary(_)))) => {
                        let acts = self.protocol.take(&frame);
                        self.act(acts).await
                    }
                    Some(Ok(Frame::Ping(_) | Frame::Pong(_))) => ControlFlow::Continue(()),
                    Some(Ok(Frame::Close(_)) | Err(_)) | None => ControlFlow::Break(()),
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

    async fn act(&mut self, acts: Vec<Act>) -> ControlFlow<()> {
        for act in acts {
            match act {
                Act::Greet(said) => self.send(said).await?,
                Act::Say(delay, said) => self.plan(delay, said, false),
                Act::Answer(delay, said) => self.plan(delay, said, true),
                Act::Refuse(said, code) => {
                    self.send(said).await?;
                    return self.close(code).await;
                }
                Act::Close(code) => return self.close(code).await,
            }
        }
        ControlFlow::Continue(())
    }

    /// In the order of its time: an answer to a ping waits for nobody.
    fn plan(&mut self, delay: Duration, said: Frame, is_answer: bool) {
        let slow = if self.fault == Some(Fault::Slow) { SLOW } else { Duration::ZERO };
        let at = Instant::now() + delay + slow;
        let place = self.outbox.partition_point(|other| other.at <= at);
        self.outbox.insert(place, Due { at, said, is_answer });
    }

    async fn perform(&mut self, due: Due) -> ControlFlow<()> {
        self.answered += u32::from(due.is_answer);
        let struck = self.answered > 1;
        match self.fault {
            Some(Fault::Deaf) => ControlFlow::Continue(()),
            Some(Fault::Stalls) if struck => ControlFlow::Continue(()),
            Some(Fault::Breaks) if struck => ControlFlow::Break(()),
            Some(Fault::Errors) if struck => {
                let (error, code) = self.protocol.error();
                self.send(error).await?;
                self.close(code).await
            }
            Some(_) | None => self.send(due.said).await,
        }
    }

    async fn send(&mut self, said: Frame) -> ControlFlow<()> {
        if self.socket.send(said).await.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }

    async fn close(&mut self, code: u16) -> ControlFlow<()> {
        // Whoever has left does not need it.
        self.socket.send(Frame::Close(Some(CloseFrame { code, reason: "simulated".into() }))).await.ok();
        ControlFlow::Break(())
    }
}
