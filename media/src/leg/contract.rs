//! What goes into a leg and what comes out: plain data, shared with the call machine and the transports.
//!
//! Positions are samples at 16 kHz on the leg clock, which starts with the leg and never jumps.

use std::time::Duration;

use crate::frame::{Frame, Samples};
use crate::speech::SpeechId;
use crate::time::Time;

/// A codec a leg can speak, with its RTP clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// G.711 mu-law, 8 kHz (RFC 3551, static type 0).
    Pcmu,
    /// G.711 A-law, 8 kHz (RFC 3551, static type 8).
    Pcma,
    /// G.722 at 64 kbit/s: 16 kHz audio, RTP clock 8 kHz (RFC 3551 section 4.5.2, static type 9).
    G722,
    /// Opus, RTP clock 48 kHz (RFC 7587).
    Opus,
    /// Linear 16-bit at this rate, network byte order (RFC 3551 section 4.5.11); the plain stream transport uses 16 kHz.
    L16 { rate: u32, little_endian: bool },
}

/// One direction's payload format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    pub codec: Codec,
    /// RTP payload type; ignored where the transport has none.
    pub payload_type: u8,
}

/// Who wraps the payloads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// RTP, both ways: `Input::Rtp` and `Output::Rtp`.
    Rtp,
    /// The transport's own: `Input::Payload` and `Output::Payload`.
    Transport,
}

/// Between two RTCP reports on average: the least that RFC 3550 section 6.2 recommends.
pub const RTCP_INTERVAL: Duration = Duration::from_secs(5);

/// What a leg is made with. Each direction has its own codec: carriers' media streams differ between the two.
#[derive(Clone, Debug, PartialEq)]
pub struct LegConfig {
    pub inbound: Format,
    pub outbound: Format,
    pub framing: Framing,
    /// Payload type of telephone-event (RFC 4733), if agreed; without it, keys are heard as tones ([`crate::dtmf::InBand`]).
    pub dtmf: Option<u8>,
    /// SSRC, first sequence number and first timestamp of our stream: random, from the caller, so that legs stay pure.
    pub ssrc: u32,
    pub first_sequence: u16,
    pub first_timestamp: u32,
    /// Between two of our RTCP reports on average, [`RTCP_INTERVAL`] outside tests; at least a slot.
    pub rtcp_interval: Duration,
    /// What a heard frame means is judged: voices, echo, fax tone. Without it nothing is cleaned either; for a party whose turns
    /// nobody follows.
    pub ears: bool,
    pub denoise: bool,
    pub gain: bool,
    pub echo_control: bool,
}

impl LegConfig {
    /// One format both ways over RTP, nothing that can be left out, and numbers that anybody can guess: for tests and measures.
    pub const fn plain(format: Format, ssrc: u32) -> Self {
        Self {
            inbound: format,
            outbound: format,
            framing: Framing::Rtp,
            dtmf: None,
            ssrc,
            first_sequence: 1,
            first_timestamp: 1,
            rtcp_interval: RTCP_INTERVAL,
            ears: true,
            denoise: false,
            gain: false,
            echo_control: false,
        }
    }
}

/// What happened to the leg.
#[derive(Debug)]
pub enum Input<'a> {
    /// An RTP datagram as it came off the wire.
    Rtp(&'a [u8]),
    /// An RTCP datagram.
    Rtcp(&'a [u8]),
    /// A payload from a transport that has its own framing; `sequence` counts its chunks, `timestamp` the codec's clock.
    Payload {
        sequence: u64,
        timestamp: u64,
        payload: &'a [u8],
    },
    /// The time of `poll_timeout` has come.
    Timeout,
    /// This id, and no other, is audible from the next slot on; unplayed audio of every other id is dropped.
    Audible(SpeechId),
    /// Nothing is audible from the next slot on.
    Mute,
    /// Audio at 16 kHz to append to the audible speech. At most [`crate::leg::Leg::room`] samples are taken; offer the rest later.
    Speech {
        id: SpeechId,
        audio: &'a [i16],
    },
    /// No more audio will come for this id: when its last sample has left, `Finished` is reported.
    SpeechEnd {
        id: SpeechId,
    },
    /// Stop at the next slot (fading over 5 ms) and keep what is unplayed.
    Pause,
    /// Go on, from `back` samples before the pause point (at most 400 ms), faded in over 5 ms.
    Resume {
        back: u32,
    },
    /// Send these digits as telephone-events, after each other.
    Dtmf(&'a str),
    /// The other side put us on hold: packets stop being sent and expected, the clock goes on.
    Hold,
    Unhold,
    /// The formats changed (re-INVITE). Streams, clock and playout go on.
    Formats {
        inbound: Format,
        outbound: Format,
        dtmf: Option<u8>,
    },
}

/// What the leg has to say.
#[derive(Debug, PartialEq)]
pub enum Output<'a> {
    /// Send this RTP packet now. `slot` n is due at origin + n x 20 ms.
    Rtp { slot: u64, packet: &'a [u8] },
    /// Send this RTCP packet now. Only with [`Framing::Rtp`], and never while held.
    Rtcp { packet: &'a [u8] },
    /// For transports with their own framing: the encoded payload of the same slot.
    Payload { slot: u64, payload: &'a [u8] },
    /// 20 ms of the caller, decoded, gaps filled, one per slot of the leg clock.
    Heard { at: Samples, audio: &'a Frame },
    /// 20 ms of what the other side hears from us (silence included), aligned with `Heard` by `at`.
    Said { at: Samples, audio: &'a Frame },
    /// A voice began at `at` (decided a little later). `echo`: 0..=1, how well our own recent speech explains it; above 0.5
    /// it is our own. A caller who speaks over our echo ends that voice and starts another, so starts and ends pair up.
    SpeechStart { at: Samples, echo: f32 },
    /// Still speaking; sent every slot while speech lasts, with the newest likelihood that it is our echo.
    Speaking { at: Samples, echo: f32, level_db: f32 },
    /// The last voiced sample was before `at`.
    SpeechEnd { at: Samples },
    /// So many samples of this speech have left, in all. Sent each slot in which the number grew.
    Played { id: SpeechId, samples: u64 },
    /// Every sample of this speech has left.
    Finished { id: SpeechId, samples: u64 },
    /// The audible speech has audio missing: an open speech ran out in this slot.
    Dry { id: SpeechId, slot: u64 },
    /// A key was pressed, once per press.
    Dtmf { digit: char, at: Samples },
    /// A fax machine is calling (CNG 1100 Hz).
    FaxTone { at: Samples },
}

/// Counters since the leg began; all of them only grow, except `jitter_us` and what the other side reports, which are the newest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LegStats {
    pub received: u64,
    pub lost: u64,
    pub late: u64,
    pub reordered: u64,
    pub duplicates: u64,
    pub malformed: u64,
    pub concealed_slots: u64,
    pub drift_dropped: u64,
    pub drift_inserted: u64,
    /// How often drift or lateness moved the stream's place on the leg clock, and how often of these anywhere but in a pause.
    pub drift_corrections: u64,
    pub drift_in_speech: u64,
    /// Another source took over ([`crate::rtp::source`]), and packets of sources that were not heard.
    pub ssrc_changes: u64,
    pub foreign: u64,
    pub jitter_us: u64,
    /// Time there and back, by the other side's last report that named one of ours.
    pub rtt_us: Option<u64>,
    /// Packets of ours that the other side has lost, and their jitter there, by its last report.
    pub remote_lost: Option<u64>,
    pub remote_jitter_us: Option<u64>,
    /// Datagrams that should have been RTCP and were not.
    pub rtcp_refused: u64,
    pub slots: u64,
    pub late_slots: u64,
    pub burst_slots: u64,
    pub dry_slots: u64,
    pub stale_speech_samples: u64,
    /// Time of the last datagram taken, on the leg clock.
    pub last_received: Time,
}

impl LegStats {
    /// Audio left out less audio heard twice, to follow the other side's clock and the network's delay: above zero if that clock is fast.
    pub const fn drift_us(&self) -> i64 {
        (self.drift_dropped as i64 - self.drift_inserted as i64) * 1_000_000 / crate::frame::RATE as i64
    }

    /// The same in millionths of the time the leg has run.
    pub const fn drift_ppm(&self) -> i64 {
        let run_us = self.slots as i64 * crate::frame::SLOT.as_micros() as i64;
        if run_us == 0 { 0 } else { self.drift_us() * 1_000_000 / run_us }
    }
}
