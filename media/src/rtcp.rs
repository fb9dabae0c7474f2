//! RTCP, read and written (RFC 3550 section 6): what two sides tell each other about a stream, and who left.
//!
//! Reading never trusts a length and never panics: a compound packet is walked part by part, and what does not add up ends
//! the walk with an error. Writing goes into the caller's buffer. Nothing is copied or sent here.
//! Units: jitter in ticks of the RTP clock, LSR and DLSR in 1/65,536 s (the middle 32 bits of an NTP time).

mod reception;

pub use reception::Reception;

use std::time::Duration;

use crate::time::Time;

const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const DESCRIPTION: u8 = 202;
const GOODBYE: u8 = 203;

/// The only item of a description that must be there (section 6.5.1).
const CNAME: u8 = 1;

/// Bytes of a report block.
const BLOCK: usize = 24;

/// A point in time as an NTP time, counted from the caller's origin: allowed where no wall clock is read (section 6.4.1).
pub fn ntp(at: Time) -> u64 {
    ((u128::from(at.as_micros()) << 32) / 1_000_000) as u64
}

/// The middle 32 bits of an NTP time, in 1/65,536 s.
pub const fn middle(ntp: u64) -> u32 {
    (ntp >> 16) as u32
}

/// A time that passed, in 1/65,536 s; at most 18 hours.
fn units(passed: Duration) -> u32 {
    u32::try_from((passed.as_micros() << 16) / 1_000_000).unwrap_or(u32::MAX)
}

/// Where the other side wants our reports; on its own host in any case. Streams have none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RtcpTo {
    /// On the port above that of its RTP (RFC 3550 section 11).
    #[default]
    Above,
    /// On the port that it named (RFC 3605).
    Port(u16),
    /// On the port of its RTP (RFC 5761).
    Muxed,
}

/// Why a datagram is no RTCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    #[error("shorter than its header says")]
    Short,
    #[error("not RTCP version 2")]
    Version,
    #[error("its padding is longer than the packet")]
    Padding,
}

/// What a sender says of its own stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Seconds since 1900 in the upper half, fractions of them in the lower.
    pub ntp: u64,
    pub timestamp: u32,
    pub packets: u32,
    pub bytes: u32,
}

/// What a receiver says of a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Block {
    pub ssrc: u32,
    /// Share lost since the last report, in 1/256.
    pub fraction_lost: u8,
    /// In all; 24 bits with a sign, for duplicates may make it negative.
    pub lost: i32,
    pub highest_sequence: u32,
    pub jitter: u32,
    pub last_report: u32,
    pub delay_since: u32,
}

impl Block {
    /// Time there and back (section 6.4.1) for a block that came at `now`, the middle of an NTP time; in 1/65,536 s. `None` if
    /// the other side has had no report yet or its figures cannot be.
    pub fn round_trip(&self, now: u32) -> Option<u32> {
        let passed = now.wrapping_sub(self.last_report).wrapping_sub(self.delay_since);
        (self.last_report != 0 && passed <= u32::MAX / 2).then_some(passed)
    }
}

/// One part of a compound packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part<'a> {
    SenderReport {
        ssrc: u32,
        sent: Sent,
        blocks: Blocks<'a>,
    },
    ReceiverReport {
        ssrc: u32,
        blocks: Blocks<'a>,
    },
    /// The first chunk's name.
    Description {
        ssrc: u32,
        cname: &'a [u8],
    },
    /// The first source that left.
    Goodbye {
        ssrc: u32,
    },
    /// A kind that is of no use here, or an empty one.
    Other {
        kind: u8,
    },
}

/// The report blocks of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blocks<'a>(&'a [u8]);

impl Iterator for Blocks<'_> {
    type Item = Block;

    fn next(&mut self) -> Option<Block> {
        let (block, rest) = self.0.split_at_checked(BLOCK)?;
        self.0 = rest;
        let loss = word(block, 4)?;
        Some(Block {
            ssrc: word(block, 0)?,
            fraction_lost: (loss >> 24) as u8,
            // The sign of 24 bits.
            lost: (loss << 8) as i32 >> 8,
            highest_sequence: word(block, 8)?,
            jitter: word(block, 12)?,
            last_report: word(block, 16)?,
            delay_since: word(block, 20)?,
        })
    }
}

/// Walks the parts of a compound packet; ends after an error.
#[derive(Clone, Debug)]
pub struct Parts<'a>(&'a [u8]);

pub const fn read(datagram: &[u8]) -> Parts<'_> {
    Parts(datagram)
}

impl<'a> Iterator for Parts<'a> {
    type Item = Result<Part<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let part = split(self.0).and_then(|(first, rest)| {
            self.0 = rest;
            part(first)
        });
        if part.is_err() {
            self.0 = &[];
        }
        Some(part)
    }
}

fn split(bytes: &[u8]) -> Result<(&[u8], &[u8]), Malformed> {
    let &[flags, _, high, low, ..] = bytes else { return Err(Malformed::Short) };
    if flags >> 6 != 2 {
        return Err(Malformed::Version);
    }
    let length = 4 + usize::from(u16::from_be_bytes([high, low])) * 4;
    bytes.split_at_checked(length).ok_or(Malformed::Short)
}

fn part(packet: &[u8]) -> Result<Part<'_>, Malformed> {
    let &[flags, kind, _, _, ref body @ ..] = packet else { return Err(Malformed::Short) };
    let mut body = body;
    if flags & 0x20 != 0 {
        let padding = usize::from(*body.last().ok_or(Malformed::Padding)?);
        let kept = body.len().checked_sub(padding).filter(|_| padding > 0).ok_or(Malformed::Padding)?;
        body = &body[..kept];
    }
    let count = usize::from(flags & 0x1f);
    let blocks = |from: usize| body.get(from..from + count * BLOCK).map(Blocks).ok_or(Malformed::Short);
    let word = |at: usize| word(body, at).ok_or(Malformed::Short);
    Ok(match kind {
        SENDER_REPORT => Part::SenderReport {
            ssrc: word(0)?,
            sent: Sent {
                ntp: u64::from(word(4)?) << 32 | u64::from(word(8)?),
                timestamp: word(12)?,
                packets: word(16)?,
                bytes: word(20)?,
            },
            blocks: blocks(24)?,
        },
        RECEIVER_REPORT => Part::ReceiverReport { ssrc: word(0)?, blocks: blocks(4)? },
        DESCRIPTION if count > 0 => Part::Description { ssrc: word(0)?, cname: cname(body.get(4..).unwrap_or(&[]))? },
        GOODBYE if count > 0 => Part::Goodbye { ssrc: word(0)? },
        kind => Part::Other { kind },
    })
}

/// The name among the items of a chunk, empty if there is none.
fn cname(mut items: &[u8]) -> Result<&[u8], Malformed> {
    while let &[kind, ref rest @ ..] = items {
        if kind == 0 {
            break;
        }
        let &[length, ref rest @ ..] = rest else { return Err(Malformed::Short) };
        let (text, after) = rest.split_at_checked(usize::from(length)).ok_or(Malformed::Short)?;
        if kind == CNAME {
            return Ok(text);
        }
        items = after;
    }
    Ok(&[])
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let &[a, b, c, d] = bytes.get(at..at + 4)? else { return None };
    Some(u32::from_be_bytes([a, b, c, d]))
}

/// Writes a report with at most one block and the reporter's name, as one compound packet: a sender's if it says what was
/// `sent`, else a receiver's. Says how many bytes, `None` if `out` is too small or the name is longer than 255 bytes.
pub fn write_report(
    ssrc: u32,
    sent: Option<&Sent>,
    block: Option<&Block>,
    cname: &[u8],
    out: &mut [u8],
) -> Option<usize> {
    let mut writer = Writer { out, at: 0 };
    let count = u8::from(block.is_some());
    let kind = if sent.is_some() { SENDER_REPORT } else { RECEIVER_REPORT };
    writer.header(count, kind, 1 + 5 * u16::from(sent.is_some()) + 6 * u16::from(count))?;
    writer.word(ssrc)?;
    if let Some(sent) = sent {
        for word in [(sent.ntp >> 32) as u32, sent.ntp as u32, sent.timestamp, sent.packets, sent.bytes] {
            writer.word(word)?;
        }
    }
    if let Some(block) = block {
        let lost = block.lost.clamp(-0x80_0000, 0x7f_ffff) as u32 & 0xff_ffff;
        let loss = u32::from(block.fraction_lost) << 24 | lost;
        for word in [block.ssrc, loss, block.highest_sequence, block.jitter, block.last_report, block.delay_since] {
            writer.word(word)?;
        }
    }
    let length = u8::try_from(cname.len()).ok()?;
    // Kind, length, text, and one to four zeros that end the chunk on a word.
    let words = (2 + cname.len()) / 4 + 1;
    writer.header(1, DESCRIPTION, 1 + words as u16)?;
    writer.word(ssrc)?;
    let end = writer.at + 4 * words;
    writer.bytes(&[CNAME, length])?;
    writer.bytes(cname)?;
    while writer.at < end {
        writer.bytes(&[0])?;
    }
    Some(writer.at)
}

/// Writes a goodbye, to follow a report in the same packet.
pub fn write_goodbye(ssrc: u32, out: &mut [u8]) -> Option<usize> {
    let mut writer = Writer { out, at: 0 };
    writer.header(1, GOODBYE, 1)?;
    writer.word(ssrc)?;
    Some(writer.at)
}

struct Writer<'a> {
    out: &'a mut [u8],
    at: usize,
}

impl Writer<'_> {
    fn header(&mut self, count: u8, kind: u8, words: u16) -> Option<()> {
        let [high, low] = words.to_be_bytes();
        self.bytes(&[0x80 | count, kind, high, low])
    }

    fn word(&mut self, word: u32) -> Option<()> {
        self.bytes(&word.to_be_bytes())
    }

    fn bytes(&mut self, bytes: &[u8]) -> Option<()> {
        self.out.get_mut(self.at..self.at + bytes.len())?.copy_from_slice(bytes);
        self.at += bytes.len();
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SENT: Sent = Sent { ntp: 0x0102_0304_0506_0708, timestamp: 160, packets: 2, bytes: 320 };
    const BLOCK_SENT: Block = Block {
        ssrc: 9,
        fraction_lost: 64,
        lost: -1,
        highest_sequence: 0x1_0005,
        jitter: 7,
        last_report: 0x0304_0506,
        delay_since: 65_536,
    };

    #[test]
    fn a_report_is_golden_and_read_back() {
        let mut out = [0; 128];
        let length = write_report(1, Some(&SENT), Some(&BLOCK_SENT), b"ab", &mut out).unwrap();
        let golden: [u8; 68] = [
            0x81, 200, 0, 12, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 160, 0, 0, 0, 2, 0, 0, 1, 64, 0, 0, 0, 9,
            64, 255, 255, 255, 0, 1, 0, 5, 0, 0, 0, 7, 3, 4, 5, 6, 0, 1, 0, 0, 0x81, 202, 0, 3, 0, 0, 0, 1, 1, 2, b'a',
            b'b', 0, 0, 0, 0,
        ];
        assert_eq!(out[..length], golden);
        let parts: Vec<_> = read(&out[..length]).collect();
        let [
            Ok(Part::SenderReport { ssrc: 1, sent: SENT, mut blocks }),
            Ok(Part::Description { ssrc: 1, cname: b"ab" }),
        ] = parts[..]
        else {
            panic!("{parts:?}");
        };
        assert_eq!((blocks.next(), blocks.next()), (Some(BLOCK_SENT), None));
    }

    #[test]
    fn a_receivers_report_is_golden_and_read_back() {
        let mut out = [0; 128];
        let length = write_report(1, None, Some(&BLOCK_SENT), b"abc", &mut out).unwrap();
        let golden: [u8; 48] = [
            0x81, 201, 0, 7, 0, 0, 0, 1, 0, 0, 0, 9, 64, 255, 255, 255, 0, 1, 0, 5, 0, 0, 0, 7, 3, 4, 5, 6, 0, 1, 0, 0,
            0x81, 202, 0, 3, 0, 0, 0, 1, 1, 3, b'a', b'b', b'c', 0, 0, 0,
        ];
        assert_eq!(out[..length], golden);
        let parts: Vec<_> = read(&out[..length]).collect();
        let [Ok(Part::ReceiverReport { ssrc: 1, mut blocks }), Ok(Part::Description { ssrc: 1, cname: b"abc" })] =
            parts[..]
        else {
            panic!("{parts:?}");
        };
        assert_eq!((blocks.next(), blocks.next()), (Some(BLOCK_SENT), None));
        assert_eq!(write_report(1, None, None, b"abc", &mut out), Some(24));
    }

    #[test]
    fn times_are_told_in_the_units_of_the_protocol() {
        assert_eq!(ntp(Time::from_millis(1_500)), 0x1_8000_0000);
        assert_eq!(middle(ntp(Time::from_millis(1_500))), 0x1_8000);
        assert_eq!(units(Duration::from_millis(5_250)), 0x0005_4000);
    }

    #[test]
    fn a_goodbye_is_golden_and_read_back() {
        let mut out = [0; 8];
        assert_eq!(write_goodbye(0xdead_beef, &mut out), Some(8));
        assert_eq!(out, [0x81, 203, 0, 1, 0xde, 0xad, 0xbe, 0xef]);
        assert_eq!(read(&out).collect::<Vec<_>>(), [Ok(Part::Goodbye { ssrc: 0xdead_beef })]);
    }

    #[test]
    fn the_round_trip_is_that_of_the_standard() {
        // The example of RFC 3550 section 6.4.1, figure 2: 6.125 s.
        let block = Block { last_report: 0xb705_2000, delay_since: 0x0005_4000, ..Block::default() };
        assert_eq!(block.round_trip(0xb710_8000), Some(0x0006_2000));
        assert_eq!(block.round_trip(0xb705_0000), None);
        assert_eq!(Block::default().round_trip(5), None);
    }

    #[test]
    fn lengths_that_lie_end_the_walk() {
        assert_eq!(read(&[0x80, 201, 0]).collect::<Vec<_>>(), [Err(Malformed::Short)]);
        assert_eq!(read(&[0x80, 201, 0, 2, 0, 0, 0, 1]).collect::<Vec<_>>(), [Err(Malformed::Short)]);
        assert_eq!(read(&[0x81, 201, 0, 1, 0, 0, 0, 1]).collect::<Vec<_>>(), [Err(Malformed::Short)]);
        assert_eq!(read(&[0x40, 201, 0, 1, 0, 0, 0, 1]).collect::<Vec<_>>(), [Err(Malformed::Version)]);
        assert_eq!(read(&[0xa0, 201, 0, 1, 0, 0, 0, 9]).collect::<Vec<_>>(), [Err(Malformed::Padding)]);
        assert_eq!(read(&[0x81, 202, 0, 2, 0, 0, 0, 1, 1, 9, 0, 0]).collect::<Vec<_>>(), [Err(Malformed::Short)]);
    }

    #[test]
    fn what_does_not_fit_is_not_written() {
        assert_eq!(write_report(1, Some(&SENT), None, b"ab", &mut [0; 43]), None);
        assert_eq!(write_report(1, Some(&SENT), None, b"ab", &mut [0; 44]), Some(44));
        assert_eq!(write_report(1, Some(&SENT), None, &[b'a'; 256], &mut [0; 400]), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..128)) {
            for part in read(&bytes).flatten() {
                if let Part::SenderReport { blocks, .. } | Part::ReceiverReport { blocks, .. } = part {
                    prop_assert!(blocks.count() <= 31);
                }
            }
        }
    }
}
