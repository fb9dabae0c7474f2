//! How a stream begins: which call it says it carries, whether that is the call it was announced for, and whether there is room.
//!
//! Until a call starts nothing is owed to anybody: whoever does not say which call it carries in time is closed, and its room given back.

use std::sync::Arc;
use std::time::Duration;

use attendant_media::leg::{Codec, Format, Framing, LegConfig, RTCP_INTERVAL};
use axum::extract::ws::WebSocket;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use super::Session;
use crate::call::registry::{Arriving, MediaPath, NewCall, Refusal};
use crate::transport::stream::carrier::Failed;
use crate::transport::stream::entrance::Entrance;
use crate::transport::stream::message::{Message, Start};
use crate::transport::stream::socket::{Closing, Incoming, Link};
use crate::transport::stream::token::{Admission, Claims};
use crate::transport::stream::wire::Wire;

/// From the upgrade to `start`.
const START_DEADLINE: Duration = Duration::from_secs(10);

/// Chunks on the way to the worker: 640 ms; more means that it does not keep up.
const INBOUND: usize = 32;

/// What the call sends: 1 s of audio and its marks.
const OUTBOUND: usize = 64;

/// Commands of a call that wait: it hangs up once and transfers seldom.
const COMMANDS: usize = 8;

/// Serves a stream to its end. `place` is given back once the stream has said which call it carries.
pub(crate) async fn serve(
    entrance: Arc<Entrance>,
    wire: Wire,
    admission: Option<Admission>,
    socket: WebSocket,
    place: OwnedSemaphorePermit,
) {
    let mut link = Link::new(socket, wire);
    let start = tokio::select! {
        start = started(&mut link) => start,
        () = crate::clock::elapse(START_DEADLINE) => None,
        () = entrance.stop.cancelled() => None,
    };
    drop(place);
    // Its token is used up: no other stream can come for the room that was kept.
    let no_call = |why| {
        if let Some(admission) = &admission {
            entrance.withdraw(&admission.nonce);
        }
        refused(wire, why);
    };
    let Some(start) = start else {
        no_call("no_start");
        return link.close(Closing::ProtocolError).await;
    };
    if let Some(admission) = &admission {
        let claims = Claims { wire, call: &start.call, caller: start.caller.reveal(), dialled: &start.dialled };
        if !entrance.is_for(admission, &claims) {
            no_call("not_its_call");
            tracing::warn!(carrier = wire.label(), "a stream carries another call than its token was issued for");
            return link.close(Closing::PolicyViolation).await;
        }
    }
    let arriving = Arriving {
        dialled: start.dialled.clone(),
        addressed: None,
        caller: start.caller.clone(),
        transport: wire.transport(),
    };
    match entrance.ticket(admission.as_ref(), &arriving) {
        Ok(ticket) => {
            let (inbound, from_stream) = mpsc::channel(INBOUND);
            let (to_stream, outbound) = mpsc::channel(OUTBOUND);
            let (commands_in, commands) = mpsc::channel(COMMANDS);
            let call = NewCall {
                arriving,
                leg: leg(&entrance, wire, start.codec),
                media: MediaPath::Stream { inbound: from_stream, outbound: to_stream },
                commands: commands_in,
            };
            let handle = entrance.desk.start(ticket, call);
            tracing::info!(call = %handle.call, carrier = wire.label(), "a stream begins");
            let session = Session::new(&entrance, wire, start, link, handle.mailbox, inbound);
            session.run(outbound, commands).await;
            tracing::info!(call = %handle.call, carrier = wire.label(), "a stream is over");
        }
        Err(refusal) => {
            refused(wire, if refusal == Refusal::Nobody { "nobody" } else { "no_room" });
            turn_away(&entrance, wire, &start, refusal).await;
            link.close(Closing::TryAgainLater).await;
        }
    }
}

fn refused(wire: Wire, why: &'static str) {
    metrics::counter!("stream_refused_total", "carrier" => wire.label(), "why" => why).increment(1);
}

/// Everything before `start` is greeting.
async fn started(link: &mut Link) -> Option<Start> {
    loop {
        match link.read().await {
            Incoming::Message(Message::Start(start)) => return Some(start),
            Incoming::Message(Message::Connected | Message::Other) | Incoming::Alive => {}
            Incoming::Message(
                Message::Media(_) | Message::Dtmf(_) | Message::Mark(_) | Message::Stop | Message::Failed { .. },
            )
            | Incoming::Malformed(_)
            | Incoming::Closed => return None,
        }
    }
}

/// There was room when the call was announced, elsewhere, and there is none here. To be done before its stream is closed: a call of Twilio's is over then.
async fn turn_away(entrance: &Entrance, wire: Wire, start: &Start, refusal: Refusal) {
    let Some(carrier) = entrance.carrier(wire) else { return };
    let passed_on = match refusal {
        Refusal::Busy { .. } | Refusal::Nobody => false,
        Refusal::Divert { to } => carrier.transfer(&start.call, &to).await.is_ok(),
    };
    // A call that stays up without a stream is silence.
    if !passed_on && let Err(Failed { status }) = carrier.hang_up(&start.call).await {
        tracing::warn!(status, "a call could not be turned away");
    }
}

/// The leg of a call whose other side sends in this codec.
pub(super) fn leg(entrance: &Entrance, wire: Wire, inbound: Codec) -> LegConfig {
    let outbound = match (wire, &entrance.telnyx) {
        (Wire::Telnyx, Some(door)) => door.telnyx.outbound().codec(),
        (Wire::Twilio | Wire::Telnyx | Wire::Pcm, _) => inbound,
    };
    LegConfig {
        inbound: format(inbound),
        outbound: format(outbound),
        framing: Framing::Transport,
        // Keys come as messages.
        dtmf: None,
        ssrc: rand::random(),
        first_sequence: rand::random(),
        first_timestamp: rand::random(),
        rtcp_interval: RTCP_INTERVAL,
        ears: true,
        // The desk switches these on as configured.
        denoise: false,
        gain: false,
        echo_control: false,
    }
}

pub(super) const fn format(codec: Codec) -> Format {
    Format { codec, payload_type: 0 }
}
