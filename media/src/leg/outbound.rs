//! Our side of the wire: what the playout gives for a slot becomes one packet.
//!
//! Keys go before speech, which waits for them. The RTP clock goes on in every slot, sent or not.

use super::contract::{Codec, Format, Framing, LegConfig};
use crate::codec::Encoder;
use crate::dtmf::Sending;
use crate::frame::{Frame, RATE, SILENCE};
use crate::playout::{Played, Playout};
use crate::resample::Resampler;
use crate::rtp::{self, HEADER, Header};

#[derive(Debug)]
pub(super) struct Outbound {
    pub(super) playout: Playout,
    framing: Framing,
    format: Format,
    dtmf: Option<u8>,
    keys: Sending,
    encoder: Encoder,
    from_wide: Resampler,
    native: Box<[i16]>,
    packet: Box<[u8]>,
    filled: usize,
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    /// The first packet of the stream is marked (RFC 3551 section 4.1).
    begun: bool,
}

impl Outbound {
    pub(super) fn new(config: &LegConfig) -> Self {
        Self {
            playout: Playout::new(),
            framing: config.framing,
            format: config.outbound,
            dtmf: config.dtmf,
            keys: Sending::default(),
            encoder: Encoder::new(config.outbound.codec),
            from_wide: from_wide(config.outbound.codec),
            native: native(config.outbound.codec),
            packet: packet(config.outbound.codec),
            filled: HEADER,
            ssrc: config.ssrc,
            sequence: config.first_sequence,
            timestamp: config.first_timestamp,
            begun: false,
        }
    }

    pub(super) fn format(&mut self, format: Format, dtmf: Option<u8>) {
        if format.codec != self.format.codec {
            self.encoder = Encoder::new(format.codec);
            self.from_wide = from_wide(format.codec);
            self.native = native(format.codec);
            self.packet = packet(format.codec);
        }
        self.format = format;
        self.dtmf = dtmf;
    }

    /// Queues keys; without an agreed payload type there is no way to send them.
    pub(super) fn press(&mut self, keys: &str) {
        if self.dtmf.is_some() {
            self.keys.press(keys);
        }
    }

    pub(super) const fn framing(&self) -> Framing {
        self.framing
    }

    /// Fills `said` and the packet of this slot.
    pub(super) fn slot(&mut self, said: &mut Frame) -> Option<Played> {
        let ticks = self.ticks();
        if let Some(payload_type) = self.dtmf
            && let Some(event) = self.keys.slot(self.timestamp, ticks as u16)
        {
            *said = SILENCE;
            self.packet[HEADER..HEADER + 4].copy_from_slice(&event.payload);
            self.finish(payload_type, event.marker, event.timestamp, 4);
            return None;
        }
        let played = self.playout.slot(said);
        let count = self.from_wide.process(said, &mut self.native[..]);
        let length = self.encoder.encode(&self.native[..count], &mut self.packet[HEADER..]);
        self.finish(self.format.payload_type, !self.begun, self.timestamp, length);
        played
    }

    /// A slot without a packet: we are on hold. Nothing of what was said before is left to sound after it.
    pub(super) fn skip(&mut self, said: &mut Frame) {
        *said = SILENCE;
        self.playout.skip();
        self.from_wide.reset();
        self.timestamp = self.timestamp.wrapping_add(self.ticks());
    }

    pub(super) fn packet(&self) -> &[u8] {
        &self.packet[..self.filled]
    }

    pub(super) fn payload(&self) -> &[u8] {
        &self.packet[HEADER..self.filled]
    }

    /// Of the next slot.
    pub(super) const fn timestamp(&self) -> u32 {
        self.timestamp
    }

    /// Of our timestamps, in Hz.
    pub(super) fn clock(&self) -> u32 {
        self.format.codec.clock()
    }

    fn ticks(&self) -> u32 {
        self.clock() / 50
    }

    fn finish(&mut self, payload_type: u8, marker: bool, timestamp: u32, length: usize) {
        let header = Header { marker, payload_type, sequence: self.sequence, timestamp, ssrc: self.ssrc };
        self.packet[..HEADER].copy_from_slice(&rtp::write(&header));
        self.filled = HEADER + length;
        self.begun = true;
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(self.ticks());
    }
}

fn from_wide(codec: Codec) -> Resampler {
    Resampler::new(RATE, codec.rate()).expect("every codec's rate is one that the resampler serves")
}

/// Room for a slot of samples.
fn native(codec: Codec) -> Box<[i16]> {
    vec![0; codec.rate() as usize / 50].into()
}

/// Room for a slot's packet.
fn packet(codec: Codec) -> Box<[u8]> {
    vec![0; HEADER + codec.most_bytes()].into()
}
