//! A call that is up, whoever began it: keeps it, changes it, ends it.
//!
//! One task owns one dialog. It answers what the other side sends inside it, refreshes it, passes holds and moves on as
//! signals, obeys the call's commands, and leaves the dialog table when the call is over. It decides nothing about speech.

mod acknowledged;
mod answering;
mod ours;
mod requests;
mod signals;

use std::sync::Arc;
use std::time::Duration;

use rsipstack::sip::Response;
use tokio::sync::mpsc;
use tokio::time::Instant;

pub(crate) use answering::{Answering, InviteEvent};
pub(crate) use requests::timer_headers;
pub(crate) use signals::Signals;

use super::dialog::{Dialog, Entry};
use super::digest::Credentials;
use super::exchange::Exchange;
use super::session_timer::{Due, Refresher, SessionTimer};
use super::stack::Stack;
use crate::call::event::{Command, Gone, Signal};

/// The greeting waits for the ACK, so that it meets an open path; but not longer than this: an ACK that is lost more often
/// than twice must not leave a caller in silence (the 200 goes out again after 0.5 s and 1.5 s).
const ANSWERED_ANYWAY: Duration = Duration::from_secs(2);

/// A transfer that has not reported its end by now has failed; the call's own deadline is 30 s.
const TRANSFER_DEADLINE: Duration = Duration::from_secs(32);

/// Events of one session's own tasks that wait: a handful of transactions live at once.
const TASKS: usize = 16;

/// What a session's own tasks report to it.
enum Report {
    Invite(InviteEvent),
    /// The final answer to a request of ours; `None`: it could not be sent.
    Answer(Box<Outgoing>, Option<Box<Response>>),
}

/// An INVITE of theirs whose ACK is awaited.
struct Incoming {
    /// We offered in the 200: the ACK answers.
    offered: bool,
}

/// A request of ours under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outgoing {
    Update,
    Reinvite,
    Refer,
}

/// A transfer under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Transfer {
    None,
    /// REFER sent, or accepted; the outcome is due by then.
    Pending {
        deadline: Instant,
    },
}

/// Whether the call knows that it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Told,
    Due(Instant),
    /// Only the ACK can say where media goes.
    WithAck,
}

/// How to refresh: UPDATE changes nothing else and needs no ACK, but not everyone knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RefreshBy {
    Update,
    Reinvite,
}

/// Why a session is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// They said BYE.
    Theirs,
    /// We are to say BYE, and the call knows.
    Ours,
    /// We are to say BYE, and the call does not know yet.
    Lost,
}

pub(crate) struct Session {
    pub(crate) stack: Arc<Stack>,
    dialog: Dialog,
    entry: Entry,
    exchange: Exchange,
    signals: Signals,
    commands: mpsc::Receiver<Command>,
    credentials: Option<Credentials>,
    timer: Option<SessionTimer>,
    wanted: u32,
    refresh_by: RefreshBy,
    incoming: Option<Incoming>,
    /// Our UPDATE or re-INVITE under way: theirs meanwhile is glare.
    outgoing: Option<Outgoing>,
    transfer: Transfer,
    answer: Answer,
    reports: mpsc::Receiver<Report>,
    report: mpsc::Sender<Report>,
}

/// What a session begins with.
pub(crate) struct Beginning {
    pub(crate) stack: Arc<Stack>,
    pub(crate) dialog: Dialog,
    pub(crate) entry: Entry,
    pub(crate) exchange: Exchange,
    pub(crate) signals: Signals,
    pub(crate) commands: mpsc::Receiver<Command>,
    pub(crate) credentials: Option<Credentials>,
    /// Interval and refresher, if a session timer was agreed.
    pub(crate) timer: Option<(u32, Refresher)>,
    /// Our own session interval, seconds.
    pub(crate) wanted: u32,
    /// Their Allow header names UPDATE.
    pub(crate) allows_update: bool,
}

impl Session {
    /// A call that we have dialled and they have answered.
    pub(crate) fn dialled(beginning: Beginning) -> Self {
        Self::new(beginning, None, Answer::Told)
    }

    /// A call that we have just answered with 200; `offered`: our description was in it, theirs comes with the ACK.
    pub(crate) fn answered(beginning: Beginning, invite: Answering, offered: bool) -> Self {
        let answer = if offered { Answer::WithAck } else { Answer::Due(Instant::now() + ANSWERED_ANYWAY) };
        let session = Self::new(beginning, Some(Incoming { offered }), answer);
        session.forward(invite);
        session
    }

    fn new(beginning: Beginning, incoming: Option<Incoming>, answer: Answer) -> Self {
        let (report, reports) = mpsc::channel(TASKS);
        let now = beginning.stack.clock.now();
        Self {
            stack: beginning.stack,
            dialog: beginning.dialog,
            entry: beginning.entry,
            exchange: beginning.exchange,
            signals: beginning.signals,
            commands: beginning.commands,
            credentials: beginning.credentials,
            timer: beginning.timer.map(|(interval, refresher)| SessionTimer::new(interval, refresher, now)),
            wanted: beginning.wanted,
            refresh_by: if beginning.allows_update { RefreshBy::Update } else { RefreshBy::Reinvite },
            incoming,
            outgoing: None,
            transfer: Transfer::None,
            answer,
            reports,
            report,
        }
    }

    /// Passes an INVITE's events on to the session's own queue.
    fn forward(&self, mut invite: Answering) {
        let report = self.report.clone();
        tokio::spawn(async move {
            while let Some(event) = invite.events.recv().await {
                if report.send(Report::Invite(event)).await.is_err() {
                    return;
                }
            }
        });
    }

    /// Runs the call to its end.
    pub(crate) async fn run(mut self) {
        let end = self.keep().await;
        match end {
            End::Theirs => {
                if let Transfer::Pending { .. } = self.transfer {
                    // Carriers hang up on us once they have the caller where the REFER sent them.
                    self.tell(Signal::Transferred(Ok(()))).await;
                }
                self.tell(Signal::Gone(Gone::HungUp)).await;
            }
            End::Ours => self.say_bye().await,
            End::Lost => {
                self.tell(Signal::Gone(Gone::Lost)).await;
                self.say_bye().await;
            }
        }
    }

    async fn tell(&self, signal: Signal) {
        self.signals.send(&self.stack, signal).await;
    }

    async fn keep(&mut self) -> End {
        let stop = self.stack.stop.clone();
        let mut commands = Some(());
        loop {
            let deadline = self.deadline();
            let end = tokio::select! {
                request = self.entry.requests.recv() => match request {
                    Some(request) => self.request(request).await,
                    None => Some(End::Lost),
                },
                report = self.reports.recv() => match report {
                    Some(report) => self.report(report).await,
                    None => Some(End::Lost),
                },
                command = self.commands.recv(), if commands.is_some() => match command {
                    Some(Command::HangUp) => Some(End::Ours),
                    Some(Command::Transfer { to }) => {
                        self.transfer(to.reveal()).await;
                        None
                    }
                    None => {
                        commands = None;
                        None
                    }
                },
                () = self.signals.closed() => Some(End::Ours),
                () = stop.cancelled() => Some(End::Lost),
                () = sleep_until(deadline) => self.timeout().await,
            };
            if let Some(end) = end {
                return end;
            }
        }
    }

    /// The earliest thing that is due.
    fn deadline(&self) -> Option<Instant> {
        let timer = self.timer.map(|timer| self.stack.clock.instant(timer.next().1));
        let transfer = match self.transfer {
            Transfer::Pending { deadline } => Some(deadline),
            Transfer::None => None,
        };
        let answer = match self.answer {
            Answer::Due(at) => Some(at),
            Answer::Told | Answer::WithAck => None,
        };
        [timer, transfer, answer].into_iter().flatten().min()
    }

    async fn timeout(&mut self) -> Option<End> {
        let now = Instant::now();
        if let Answer::Due(at) = self.answer
            && at <= now
        {
            self.tell_answered().await;
        }
        if let Transfer::Pending { deadline } = self.transfer
            && deadline <= now
        {
            self.transferred(Err(REQUEST_TIMEOUT)).await;
        }
        let due = self.timer.map(|timer| timer.next()).filter(|(_, at)| *at <= self.stack.clock.now());
        match due {
            Some((Due::Refresh, _)) => {
                self.refresh();
                None
            }
            Some((Due::Expired, _)) => Some(End::Lost),
            None => None,
        }
    }

    async fn tell_answered(&mut self) {
        if self.answer == Answer::Told {
            return;
        }
        self.answer = Answer::Told;
        self.tell(Signal::Answered).await;
        if self.exchange.held() {
            self.tell(Signal::Hold).await;
        }
    }

    async fn transferred(&mut self, result: Result<(), u16>) {
        self.transfer = Transfer::None;
        self.tell(Signal::Transferred(result)).await;
    }

    async fn report(&mut self, report: Report) -> Option<End> {
        match report {
            Report::Invite(InviteEvent::Acknowledged(ack)) => self.acknowledged(&ack).await,
            // They gave up while our 200 was on its way: they acknowledge it and hang up, or never acknowledge it.
            Report::Invite(InviteEvent::Cancelled) => None,
            Report::Invite(InviteEvent::Unacknowledged) => {
                self.incoming = None;
                Some(End::Lost)
            }
            Report::Answer(request, response) => self.answered_to(*request, response.as_deref()).await,
        }
    }
}

/// 408, for what we waited for in vain.
const REQUEST_TIMEOUT: u16 = 408;

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
