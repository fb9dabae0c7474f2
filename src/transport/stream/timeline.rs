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
    /// What follows the newest numbered chunk; the others are counted from it.
    next: Option<Place>,
    /// For streams that number no chunks.
    counted: u64,
    /// Samples of a 20 ms chunk that is not yet full; streams that number no chunks may cut anywhere.
    rest: BytesMut,
}

/// Where a numbered chunk begins.
#[derive(Clone, Copy, Debug)]
struct Place {
    chunk: u64,
    /// Slots before it: each has a number of its own, however long chunks are.
    sequence: u64,
    /// Codec time.
    timestamp: u64,
}

impl Timeline {
    pub fn new(codec: Codec) -> Self {
        Self { codec, next: None, counted: 0, rest: BytesMut::new() }
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
                let Place { mut sequence, mut timestamp, .. } = self.place_of(chunk, media.at_ms, media.payload.len());
                let slot = slot.unwrap_or(usize::MAX);
                let mut rest: Bytes = media.payload;
                while !rest.is_empty() {
                    let payload = rest.split_to(slot.min(rest.len()));
                    take(StreamMedia { sequence, timestamp, payload });
                    sequence += 1;
                    timestamp += self.slot_ticks();
                }
            }
        }
    }

    /// Chunks that are missing between this one and the newest are taken to be as long as this one.
    fn place_of(&mut self, chunk: u64, at_ms: Option<u64>, bytes: usize) -> Place {
        let told = at_ms.map(|ms| ms * self.slot_ticks() / 20);
        let (slots, ticks) = match self.slot_bytes() {
            Some(slot) => (bytes.div_ceil(slot) as u64, bytes as u64 * self.slot_ticks() / slot as u64),
            None => (1, self.slot_ticks()),
        };
        let next = self.next.unwrap_or_else(|| {
            // Room below, for a chunk that comes after its successor.
            Place { chunk, sequence: chunk * slots, timestamp: told.unwrap_or(chunk * ticks) }
        });
        let moved = |from: u64, each: u64| match chunk.checked_sub(next.chunk) {
            Some(ahead) => from.saturating_add(ahead.saturating_mul(each)),
            None => from.saturating_sub((next.chunk - chunk).saturating_mul(each)),
        };
        let counted = moved(next.timestamp, ticks);
        let far = |told: u64| told.abs_diff(counted) > GAP_MS * self.slot_ticks() / 20;
        let timestamp = told.filter(|told| far(*told)).unwrap_or(counted);
        let place = Place { chunk, sequence: moved(next.sequence, slots), timestamp };
        if chunk >= next.chunk || timestamp != counted {
            let (sequence, timestamp) = (place.sequence.saturating_add(slots), timestamp.saturating_add(ticks));
            self.next = Some(Place { chunk: chunk + 1, sequence, timestamp });
        }
        place
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
    fn a_long_chunk_is_cut_into_slots_each_with_its_number() {
        let mut timeline = Timeline::new(Codec::Pcma);
        let first = placed(&mut timeline, chunk(Some(0), Some(0), 400));
        assert_eq!(first, [(0, 0, 160), (1, 160, 160), (2, 320, 80)]);
        let second = placed(&mut timeline, chunk(Some(1), Some(50), 400));
        assert_eq!(second, [(3, 400, 160), (4, 560, 160), (5, 720, 80)]);
    }

    #[test]
    fn chunks_of_any_length_follow_each_other_without_a_gap() {
        let mut timeline = Timeline::new(Codec::Pcmu);
        placed(&mut timeline, chunk(Some(1), None, 400));
        assert_eq!(placed(&mut timeline, chunk(Some(2), None, 160)), [(6, 800, 160)]);
        assert_eq!(placed(&mut timeline, chunk(Some(3), None, 80)), [(7, 960, 80)]);
        assert_eq!(placed(&mut timeline, chunk(Some(4), None, 160)), [(8, 1_040, 160)]);
    }

    #[test]
    fn the_largest_numbers_of_the_protocol_are_placed() {
        let most = Some(u64::from(u32::MAX));
        for codec in [Codec::Pcmu, Codec::Opus, Codec::L16 { rate: 24_000, little_endian: false }] {
            let mut timeline = Timeline::new(codec);
            placed(&mut timeline, chunk(most, most, 65_000));
            placed(&mut timeline, chunk(Some(0), None, 65_000));
            placed(&mut timeline, chunk(most, None, 65_000));
        }
    }
}
