//! The INVITE server transaction of a call: lives in a task of its own until its last timer, repeats what we answered, and
//! reports ACK, CANCEL and the lack of an ACK. It decides no answer.

use rsipstack::sip::{Method, Request, Response, SipMessage};
use rsipstack::transaction::transaction::{Transaction, TransactionEvent, TransactionEventSender};
use tokio::sync::mpsc;

/// What an INVITE that we answer reports.
pub(crate) enum InviteEvent {
    Acknowledged(Box<Request>),
    Cancelled,
    /// No ACK within 32 s of our final answer, or the transaction is over.
    Unacknowledged,
}

/// An INVITE server transaction in a task of its own, which retransmits and absorbs until its last timer.
pub(crate) struct Answering {
    respond: TransactionEventSender,
    pub(crate) events: mpsc::Receiver<InviteEvent>,
}

impl Answering {
    pub(crate) fn drive(mut transaction: Transaction) -> Self {
        let respond = transaction.tu_sender.clone();
        let (report, events) = mpsc::channel(4);
        tokio::spawn(async move {
            let mut acknowledged = None;
            while let Some(message) = transaction.receive().await {
                let SipMessage::Request(request) = message else { continue };
                let event = match request.method {
                    Method::Ack => {
                        acknowledged = Some(());
                        InviteEvent::Acknowledged(Box::new(request))
                    }
                    Method::Cancel => InviteEvent::Cancelled,
                    Method::Bye
                    | Method::Info
                    | Method::Invite
                    | Method::Message
                    | Method::Notify
                    | Method::Options
                    | Method::PRack
                    | Method::Publish
                    | Method::Refer
                    | Method::Register
                    | Method::Subscribe
                    | Method::Update => continue,
                };
                // A session that is over needs to know no more.
                report.send(event).await.ok();
            }
            if acknowledged.is_none() {
                report.send(InviteEvent::Unacknowledged).await.ok();
            }
        });
        Self { respond, events }
    }

    pub(crate) fn respond(&self, response: Response) {
        // Fails only when the transaction is over, and then nobody waits for an answer.
        self.respond.send(TransactionEvent::Respond(response)).ok();
    }
}
