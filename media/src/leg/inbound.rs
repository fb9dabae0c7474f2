//! Their side of the wire: packets become frames of the leg clock.

use audio_codec::Decoder as _;
use audio_codec::pcma::PcmaDecoder;
use audio_codec::pcmu::PcmuDecoder;

use super::contract::{Codec, Format, LegConfig, LegStats};
use crate::frame::{Frame, SILENCE};
use crate::resample::Resampler;
use crate::time::Time;

/// Where a stream's timestamps lie on the leg clock.
#[derive(Clone, Copy, Debug)]
struct Anchor {
    timestamp: u32,
    slot: u64,
}

#[derive(Debug)]
pub(super) struct Inbound {
    format: Format,
    up: Resampler,
    anchor: Option<Anchor>,
    narrow: [i16; 160],
    /// A decoded frame and the slot it belongs to.
    frame: Frame,
    slot: Option<u64>,
    stats: LegStats,
}

impl Inbound {
    pub(super) fn new(config: &LegConfig) -> Self {
        Self {
            format: config.inbound,
            up: Resampler::new(8_000, 16_000).expect("8 and 16 kHz are a fine ratio"),
            anchor: None,
            narrow: [0; 160],
            frame: SILENCE,
            slot: None,
            stats: LegStats::default(),
        }
    }

    pub(super) fn format(&mut self, format: Format) {
        self.format = format;
        self.anchor = None;
    }

    pub(super) fn rtp(&mut self, now: Time, datagram: &[u8], slot: u64, next_heard: u64) {
        if datagram.len() < 12 || datagram[0] >> 6 != 2 {
            self.stats.malformed += 1;
            return;
        }
        if datagram[1] & 0x7f != self.format.payload_type {
            return;
        }
        let timestamp = u32::from_be_bytes([datagram[4], datagram[5], datagram[6], datagram[7]]);
        self.payload(now, u64::from(timestamp), &datagram[12..], slot, next_heard);
    }

    pub(super) fn payload(&mut self, now: Time, timestamp: u64, payload: &[u8], slot: u64, next_heard: u64) {
        self.stats.received += 1;
        self.stats.last_received = now;
        let timestamp = timestamp as u32;
        let anchor = *self.anchor.get_or_insert_with(|| Anchor { timestamp, slot: slot.max(next_heard) });
        let slot = anchor.slot + u64::from(timestamp.wrapping_sub(anchor.timestamp) / 160);
        if slot < next_heard || payload.len() > 160 {
            self.stats.late += 1;
            return;
        }
        let decoded = match self.format.codec {
            Codec::Pcma => PcmaDecoder::new().decode_into(payload, &mut self.narrow),
            Codec::Pcmu | Codec::G722 | Codec::Opus | Codec::L16 { .. } => {
                PcmuDecoder::new().decode_into(payload, &mut self.narrow)
            }
        };
        self.narrow[decoded.unwrap_or(0)..].fill(0);
        self.up.process(&self.narrow, &mut self.frame);
        self.slot = Some(slot);
    }

    /// Puts frame `number` into `heard`: decoded if it came, silent if a later one is here already or none is.
    pub(super) fn take(&mut self, number: u64, heard: &mut Frame) -> bool {
        heard.fill(0);
        match self.slot {
            Some(slot) if slot <= number => {
                *heard = self.frame;
                self.slot = None;
                true
            }
            Some(_) => true,
            None => false,
        }
    }

    pub(super) const fn stats(&self) -> LegStats {
        self.stats
    }
}
