//! Where a chunk lies on its codec's clock, and how it is cut into 20 ms: what the leg's jitter handling wants to know.
//!
//! Chunk numbers place chunks, because carriers' times are rounded to milliseconds or of unknown unit; a carrier's time counts
//! only where it differs so much that audio must have been left out.

use attendant_media::leg::Codec;
use bytes::{Bytes, BytesMut};

use super::message::Media;
use crate::call::registry::StreamMedia;

/// Times that differ less than this from the count of chunks are rounding and scheduling: three chunks.
const GAP_MS: u64 = 60;

/// See the module header.
#[derive(Debug)]
pub struct Timeline {
    codec: Codec,
    /// Chunk number and codec time of one chunk; later ones are counted from it.
    anchor: Option<(u64, u64)>,
    /// For streams that number no chunks.
    counted: u64,
    /// Samples of a 20 ms chunk that is not yet full; streams that number no chunks may cut anywhere.
    rest: BytesMut,
}

impl Timeline {
    pub fn new(codec: Codec) -> Self {
        Self { codec, anchor: None, counted: 0, rest: BytesMut::new() }
    }

    /// Bytes of 20 ms, where a byte count says a duration.
    const fn slot_bytes(&self) -> Option<usize> {
        match self.codec {
            Codec::Pcmu | Codec::Pcma | Codec::G722 => Some(160),
            Codec::L16 { rate, .. } => Some(rate as usize / 25),
            Codec::Opus => None,
        }
    }

    /// Codec time of 20 ms.
    const fn slot_ticks(&self) -> u64 {
        match self.codec {
            Codec::Pcmu | Codec::Pcma | Codec::G722 => 160,
            Codec::L16 { rate, .. } => rate as u64 / 50,
            Codec::Opus => 960,
        }
    }

    /// Hands the chunk on in pieces of 20 ms.
    pub fn place(&mut self, media: Media, mut take: impl FnMut(StreamMedia)) {
        match (media.chunk, self.slot_bytes()) {
            (None, Some(slot)) => {
                self.rest.extend_from_slice(&media.payload);
                while self.rest.len() >= slot {
                    let payload = self.rest.split_to(slot).freeze();
                    let timestamp = self.counted * self.slot_ticks();
                    take(StreamMedia { sequence: self.counted, timestamp, payload });
                    self.counted += 1;
                }
            }
            (None, None) => {
                let timestamp = self.counted * self.slot_ticks();
                take(StreamMedia { sequence: self.counted, timestamp, payload: media.payload });
                self.counted += 1;
            }
            (Some(chunk), slot) => {
                let mut timestamp = self.time_of(chunk, media.at_ms, &media.payload);
                let slot = slot.unwrap_or(usize::MAX);
                if media.payload.len() <= slot {
                    take(StreamMedia { sequence: chunk, timestamp, payload: media.payload });
                    return;
                }
                let mut rest: Bytes = media.payload;
                while !rest.is_empty() {
                    let payload = rest.split_to(slot.min(rest.len()));
                    take(StreamMedia { sequence: chunk, timestamp, payload });
                    timestamp += self.slot_ticks();
                }
            }
        }
    }

    fn time_of(&mut self, chunk: u64, at_ms: Option<u64>, payload: &Bytes) -> u64 {
        let per_ms = self.slot_ticks() / 20;
        let length = self
            .slot_bytes()
            .map_or_else(|| self.slot_ticks(), |slot| (payload.len() as u64 * self.slot_ticks()) / slot as u64);
        let (anchor_chunk, anchor_time) = *self.anchor.get_or_insert_with(|| {
            // Room below, for a chunk that comes after its successor.
            let time = at_ms.map_or_else(|| chunk.saturating_mul(length), |ms| ms * per_ms);
            (chunk, time)
        });
        let counted = if chunk >= anchor_chunk {
            anchor_time.saturating_add((chunk - anchor_chunk).saturating_mul(length))
        } else {
            anchor_time.saturating_sub((anchor_chunk - chunk).saturating_mul(length))
        };
        match at_ms.map(|ms| ms.saturating_mul(per_ms)) {
            Some(told) if told.abs_diff(counted) > GAP_MS * per_ms => {
                self.anchor = Some((chunk, told));
                told
            }
            Some(_) | None => counted,
        }
    }

    /// What the other side sends has another byte order than announced.
    pub fn codec(&mut self, codec: Codec) {
        self.codec = codec;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(chunk: Option<u64>, at_ms: Option<u64>, bytes: usize) -> Media {
        Media { chunk, at_ms, payload: Bytes::from(vec![0; bytes]) }
    }

    fn placed(timeline: &mut Timeline, media: Media) -> Vec<(u64, u64, usize)> {
        let mut out = Vec::new();
        timeline.place(media, |m| out.push((m.sequence, m.timestamp, m.payload.len())));
        out
    }

    #[test]
    fn rounded_times_do_not_move_chunks_and_gaps_do() {
        let mut timeline = Timeline::new(Codec::Pcmu);
        assert_eq!(placed(&mut timeline, chunk(Some(1), Some(20), 160)), [(1, 160, 160)]);
        assert_eq!(placed(&mut timeline, chunk(Some(2), Some(41), 160)), [(2, 320, 160)]);
        assert_eq!(placed(&mut timeline, chunk(Some(3), Some(59), 160)), [(3, 480, 160)]);
        assert_eq!(placed(&mut timeline, chunk(Some(4), Some(580), 160)), [(4, 4_640, 160)]);
        assert_eq!(placed(&mut timeline, chunk(Some(5), Some(601), 160)), [(5, 4_800, 160)]);
    }

    #[test]
    fn chunks_out_of_order_keep_their_times() {
        let mut timeline = Timeline::new(Codec::G722);
        assert_eq!(placed(&mut timeline, chunk(Some(2), None, 160)), [(2, 320, 160)]);
        assert_eq!(placed(&mut timeline, chunk(Some(1), None, 160)), [(1, 160, 160)]);
        assert_eq!(placed(&mut timeline, chunk(Some(3), None, 160)), [(3, 480, 160)]);
    }

    #[test]
    fn plain_audio_cut_anywhere_comes_out_in_slots() {
        let mut timeline = Timeline::new(super::super::pcm::CODEC);
        assert_eq!(placed(&mut timeline, chunk(None, None, 638)), []);
        assert_eq!(placed(&mut timeline, chunk(None, None, 644)), [(0, 0, 640), (1, 320, 640)]);
    }

    #[test]
    fn a_long_chunk_is_cut() {
        let mut timeline = Timeline::new(Codec::Pcma);
        let out = placed(&mut timeline, chunk(Some(0), Some(0), 400));
        assert_eq!(out, [(0, 0, 160), (0, 160, 160), (0, 320, 80)]);
    }
}
