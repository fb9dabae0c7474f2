//! Our side of the wire: what the playout gives for a slot becomes one packet.

use audio_codec::Encoder as _;
use audio_codec::pcma::PcmaEncoder;
use audio_codec::pcmu::PcmuEncoder;

use super::contract::{Codec, Format, Framing, LegConfig};
use crate::frame::{Frame, SILENCE};
use crate::playout::{Played, Playout};
use crate::resample::Resampler;

const HEADER: usize = 12;

#[derive(Debug)]
pub(super) struct Outbound {
    pub(super) playout: Playout,
    framing: Framing,
    format: Format,
    down: Resampler,
    narrow: [i16; 160],
    packet: [u8; HEADER + 160],
    filled: usize,
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
}

impl Outbound {
    pub(super) fn new(config: &LegConfig) -> Self {
        Self {
            playout: Playout::new(),
            framing: config.framing,
            format: config.outbound,
            down: Resampler::new(16_000, 8_000).expect("8 and 16 kHz are a fine ratio"),
            narrow: [0; 160],
            packet: [0; HEADER + 160],
            filled: HEADER,
            ssrc: config.ssrc,
            sequence: config.first_sequence,
            timestamp: config.first_timestamp,
        }
    }

    pub(super) fn format(&mut self, format: Format) {
        self.format = format;
    }

    pub(super) const fn framing(&self) -> Framing {
        self.framing
    }

    /// Fills `said` and, if `open`, the packet of this slot. The RTP clock goes on either way.
    pub(super) fn slot(&mut self, said: &mut Frame, open: bool) -> Option<Played> {
        let played = if open {
            self.playout.slot(said)
        } else {
            *said = SILENCE;
            None
        };
        if open {
            self.down.process(said, &mut self.narrow);
            let coded = match self.format.codec {
                Codec::Pcma => PcmaEncoder::new().encode_into(&self.narrow, &mut self.packet[HEADER..]),
                Codec::Pcmu | Codec::G722 | Codec::Opus | Codec::L16 { .. } => {
                    PcmuEncoder::new().encode_into(&self.narrow, &mut self.packet[HEADER..])
                }
            };
            self.filled = HEADER + coded.unwrap_or(0);
            self.packet[0] = 0x80;
            self.packet[1] = self.format.payload_type & 0x7f;
            self.packet[2..4].copy_from_slice(&self.sequence.to_be_bytes());
            self.packet[4..8].copy_from_slice(&self.timestamp.to_be_bytes());
            self.packet[8..12].copy_from_slice(&self.ssrc.to_be_bytes());
            self.sequence = self.sequence.wrapping_add(1);
        }
        self.timestamp = self.timestamp.wrapping_add(160);
        played
    }

    pub(super) fn packet(&self) -> &[u8] {
        &self.packet[..self.filled]
    }

    pub(super) fn payload(&self) -> &[u8] {
        &self.packet[HEADER..self.filled]
    }
}
