//! Keys pressed, as telephone-events (RFC 4733), both ways.
//!
//! A press is many packets with one timestamp, any of which may be lost: it counts once, at the first that comes. One too long for
//! its 16-bit duration goes on under a second timestamp (section 2.5.1.3; 1.4 s at 48 kHz). Ours last 100 ms, end with three packets
//! and keep 60 ms between them. Durations in ticks of the RTP clock.

mod inband;

pub use inband::InBand;

/// Keys waiting to be sent: a card number and some more.
pub const MOST: usize = 32;

/// Slots that a key is held: 100 ms, what slow exchanges want.
const HELD_SLOTS: u16 = 5;

/// Packets that say it was released (RFC 4733 section 2.5.1.4), one a slot: also the pause before the next key.
const END_SLOTS: u16 = 3;

/// Slots from a key to the next.
pub const PRESS_SLOTS: u16 = HELD_SLOTS + END_SLOTS;

/// The bit that says that the key was released (RFC 4733 section 2.3.1).
const END: u8 = 0x80;

/// Level of the tone, in dB below 0 dBm0.
const VOLUME: u8 = 10;

/// So much older than the last press a repetition may be, in ticks: 5 s at 48 kHz. What is older still is a clock that began anew.
const OVERTAKEN: u32 = 240_000;

/// In the order of their events (RFC 4733 section 3.2).
pub const KEYS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '#', 'A', 'B', 'C', 'D'];

/// Tells presses from the packets that repeat them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Keys {
    last: Option<Segment>,
}

/// What has come of a press under one timestamp.
#[derive(Clone, Copy, Debug)]
struct Segment {
    timestamp: u32,
    event: u8,
    held: Held,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held {
    /// So long at least.
    For(u16),
    /// It was released.
    Over,
}

impl Segment {
    fn of(timestamp: u32, event: u8, flags: u8, duration: u16) -> Self {
        Self { timestamp, event, held: if flags & END == 0 { Held::For(duration) } else { Held::Over } }
    }

    /// Whether `next` goes on where this one ends, at the longest duration there is or the longest that came.
    fn goes_on_in(&self, next: &Self) -> bool {
        let ticks = next.timestamp.wrapping_sub(self.timestamp);
        match self.held {
            Held::For(duration) => {
                next.event == self.event && (ticks == u32::from(u16::MAX) || ticks == u32::from(duration))
            }
            Held::Over => false,
        }
    }
}

impl Keys {
    /// Takes an event packet; the key, if it is the first packet of its press.
    pub fn push(&mut self, timestamp: u32, payload: &[u8]) -> Option<char> {
        let &[event, flags, high, low, ..] = payload else { return None };
        let key = *KEYS.get(usize::from(event))?;
        let segment = Segment::of(timestamp, event, flags, u16::from_be_bytes([high, low]));
        let Some(last) = &mut self.last else {
            self.last = Some(segment);
            return Some(key);
        };
        // The last press, or one before it: a repetition that was overtaken.
        if last.timestamp.wrapping_sub(timestamp) < OVERTAKEN {
            last.held = match (last.held, segment.held) {
                (held, _) if last.timestamp != timestamp => held,
                (Held::For(longest), Held::For(duration)) => Held::For(longest.max(duration)),
                (Held::Over, _) | (_, Held::Over) => Held::Over,
            };
            return None;
        }
        let same = last.goes_on_in(&segment);
        self.last = Some(segment);
        (!same).then_some(key)
    }
}

/// One event packet to send instead of audio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    pub payload: [u8; 4],
    /// The first packet of a press is marked.
    pub marker: bool,
    /// The press began here: the same for all its packets.
    pub timestamp: u32,
}

#[derive(Clone, Copy, Debug)]
struct Press {
    event: u8,
    timestamp: u32,
    slots: u16,
}

/// Keys to be pressed, one after the other.
#[derive(Clone, Debug, Default)]
pub struct Sending {
    waiting: [u8; MOST],
    count: usize,
    press: Option<Press>,
}

impl Sending {
    /// Appends keys, as many as there is room for; what is no key is passed over. Says how many were taken.
    pub fn press(&mut self, keys: &str) -> usize {
        let before = self.count;
        for key in keys.chars() {
            let key = key.to_ascii_uppercase();
            let Some(event) = KEYS.iter().position(|known| *known == key) else { continue };
            if self.count < MOST {
                self.waiting[self.count] = event as u8;
                self.count += 1;
            }
        }
        self.count - before
    }

    /// What this slot sends instead of audio. `timestamp` is the slot's, `ticks` its length.
    pub fn slot(&mut self, timestamp: u32, ticks: u16) -> Option<Event> {
        if self.press.is_none() && self.count > 0 {
            self.press = Some(Press { event: self.waiting[0], timestamp, slots: 0 });
            self.waiting.copy_within(1..self.count, 0);
            self.count -= 1;
        }
        let press = self.press.as_mut()?;
        press.slots += 1;
        let ended = press.slots > HELD_SLOTS;
        let duration = (press.slots.min(HELD_SLOTS) * ticks).to_be_bytes();
        let flags = if ended { END | VOLUME } else { VOLUME };
        let event = Event {
            payload: [press.event, flags, duration[0], duration[1]],
            marker: press.slots == 1,
            timestamp: press.timestamp,
        };
        if press.slots == PRESS_SLOTS {
            self.press = None;
        }
        Some(event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_eight_golden_packets() {
        let mut sending = Sending::default();
        assert_eq!(sending.press("5x"), 1);
        let events: Vec<Event> = (0..10).map_while(|n| sending.slot(1_000 + 160 * n, 160)).collect();
        let payloads: Vec<[u8; 4]> = events.iter().map(|event| event.payload).collect();
        assert_eq!(payloads[0], [5, 10, 0, 160]);
        assert_eq!(payloads[4], [5, 10, 3, 32]);
        assert_eq!(payloads[5..], [[5, 0x8a, 3, 32]; 3]);
        assert!(events.iter().all(|event| event.timestamp == 1_000));
        assert_eq!(events.iter().filter(|event| event.marker).count(), 1);
    }

    #[test]
    fn what_is_sent_is_heard_once_a_press_whichever_packets_are_lost() {
        for lost in 0..8 {
            let (mut sending, mut keys) = (Sending::default(), Keys::default());
            sending.press("1a#1");
            let mut heard = String::new();
            for n in 0..40 {
                let Some(event) = sending.slot((u32::MAX - 2_000).wrapping_add(160 * n), 160) else { break };
                if n % 8 != lost {
                    heard.extend(keys.push(event.timestamp, &event.payload));
                }
            }
            assert_eq!(heard, "1A#1", "packet {lost} of each lost");
        }
    }

    #[test]
    fn a_key_held_longer_than_a_duration_can_tell_is_one_key() {
        let mut keys = Keys::default();
        assert_eq!(keys.push(0, &[5, 10, 0xff, 0xff]), Some('5'));
        assert_eq!(keys.push(65_535, &[5, 10, 0, 160]), None);
        assert_eq!(keys.push(65_535, &[5, 0x8a, 0x01, 0x40]), None);
        // The last packet before the change is lost; another has come whose duration the next begins at.
        assert_eq!(keys.push(200_000, &[5, 10, 0xf0, 0]), Some('5'));
        assert_eq!(keys.push(265_535, &[5, 0x8a, 0, 160]), None);
        assert_eq!(keys.push(300_000, &[5, 10, 0xf0, 0]), Some('5'));
        assert_eq!(keys.push(300_000 + 0xf000, &[5, 10, 0, 160]), None);
        // Released and pressed anew at once, and another key.
        assert_eq!(keys.push(500_000, &[5, 0x8a, 0xff, 0xff]), Some('5'));
        assert_eq!(keys.push(565_535, &[5, 10, 0, 160]), Some('5'));
        assert_eq!(keys.push(565_535 + 160, &[6, 10, 0, 160]), Some('6'));
    }

    #[test]
    fn what_is_no_key_and_what_comes_again_is_passed_over() {
        let mut keys = Keys::default();
        assert_eq!(keys.push(1, &[16, 0, 0, 0]), None);
        assert_eq!(keys.push(1, &[1, 0]), None);
        assert_eq!(keys.push(500, &[1, 0, 0, 0]), Some('1'));
        assert_eq!(keys.push(900, &[2, 0, 0, 0]), Some('2'));
        assert_eq!(keys.push(500, &[1, 0x80, 0, 0]), None);
        assert_eq!(keys.push(0x8000_0000, &[3, 0, 0, 0]), Some('3'), "a clock that began anew");
    }
}
