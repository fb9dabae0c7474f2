//! What simulated recognisers over a WebSocket have in common that are told where a voice begins and ends: what they say after a delay, in its
//! order, and every [`Fault`]. Their protocols are [`Protocol`]s.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message as Frame, WebSocket};
use tokio::time::{Instant, sleep_until};

use super::fault::{Fault, Moment, Strike};

/// From the first turn's last words to [`Moment::Between`].
const BETWEEN: Duration = Duration::from_millis(500);

/// What a vendor does when it is told something.
#[derive(Debug)]
pub(super) enum Act {
    /// Says it at once, deaf or not.
    Greet(Frame),
    /// Says it after so long.
    Say(Duration, Frame),
    /// The same of words.
    Answer(Duration, Frame),
    /// The same of the last words of an utterance.
    Last(Duration, Frame),
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

/// What is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    NoWords,
    Words,
    LastWords,
}

struct Due {
    at: Instant,
    said: Frame,
    what: What,
}

pub(super) struct Session<P> {
    socket: WebSocket,
    strike: Strike,
    protocol: P,
    outbox: VecDeque<Due>,
    /// Answers with words: of all, and of those after the first utterance's last words.
    answered: u32,
    of_second: u32,
    /// Utterances whose last words were said, and when those of the first were.
    finals: u32,
    first_final: Option<Instant>,
}

impl<P: Protocol> Session<P> {
    pub(super) fn new(socket: WebSocket, strike: Strike, protocol: P) -> Self {
        let (answered, of_second, finals, first_final) = (0, 0, 0, None);
        Self { socket, strike, protocol, outbox: VecDeque::new(), answered, of_second, finals, first_final }
    }

    pub(super) async fn run(mut self) {
        let hello = self.protocol.hello();
        if self.act(hello).await.is_break() {
            return;
        }
        loop {
            let due = self.outbox.front().map(|due| due.at);
            let between = self.between();
            let went = tokio::select! {
                frame = self.socket.recv() => match frame {
                    Some(Ok(frame @ (Frame::Text(_) | Frame::Binary(_)))) => {
                        let acts = self.protocol.take(&frame);
                        self.act(acts).await
                    }
                    Some(Ok(Frame::Ping(_) | Frame::Pong(_))) => ControlFlow::Continue(()),
                    Some(Ok(Frame::Close(_)) | Err(_)) | None => ControlFlow::Break(()),
                },
                () = sleep_until(between.unwrap_or_else(Instant::now)), if between.is_some() => self.strikes().await,
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
                Act::Say(delay, said) => self.plan(delay, said, What::NoWords),
                Act::Answer(delay, said) => self.plan(delay, said, What::Words),
                Act::Last(delay, said) => self.plan(delay, said, What::LastWords),
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
    fn plan(&mut self, delay: Duration, said: Frame, what: What) {
        let late = self.strike.late();
        if !late.is_zero() {
            self.strike.felt(0);
        }
        let at = Instant::now() + delay + late;
        let place = self.outbox.partition_point(|other| other.at <= at);
        self.outbox.insert(place, Due { at, said, what });
    }

    async fn perform(&mut self, due: Due) -> ControlFlow<()> {
        self.answered += u32::from(due.what != What::NoWords);
        self.of_second += u32::from(due.what != What::NoWords && self.finals > 0);
        if due.what == What::LastWords {
            self.finals += 1;
            self.first_final.get_or_insert_with(Instant::now);
        }
        let is_struck = match (self.strike.fault(), self.strike.at) {
            (Some(Fault::Deaf), Moment::SecondVoice) => self.of_second > 0,
            (Some(Fault::Deaf), _) => true,
            (Some(Fault::Stalls | Fault::Errors | Fault::Breaks), Moment::SecondVoice) => self.of_second > 1,
            (Some(Fault::Stalls | Fault::Errors | Fault::Breaks), Moment::LastWords) => self.finals > 1,
            (Some(Fault::Stalls | Fault::Errors | Fault::Breaks), Moment::Usual) => self.answered > 1,
            (Some(Fault::Stalls), Moment::Between) => self.first_final.is_some_and(|at| Instant::now() >= at + BETWEEN),
            (Some(_) | None, _) => false,
        };
        if is_struck { self.strikes().await } else { self.send(due.said).await }
    }

    /// When a fault strikes in which nobody says anything.
    fn between(&self) -> Option<Instant> {
        let is_due =
            self.strike.at == Moment::Between && (self.strike.is(Fault::Errors) || self.strike.is(Fault::Breaks));
        self.first_final.filter(|_| is_due).map(|at| at + BETWEEN)
    }

    async fn strikes(&mut self) -> ControlFlow<()> {
        self.strike.felt(0);
        if self.strike.is(Fault::Deaf) || self.strike.is(Fault::Stalls) {
            return ControlFlow::Continue(());
        }
        if self.strike.is(Fault::Errors) {
            let (error, code) = self.protocol.error();
            self.send(error).await?;
            return self.close(code).await;
        }
        ControlFlow::Break(())
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
