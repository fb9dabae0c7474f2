//! RTP headers, read and written (RFC 3550 section 5.1), and wrapping counters made whole.
//!
//! Reading never trusts a length and never panics; what is not RTP is an error to be counted. Nothing is copied.

pub mod source;

/// Bytes of a header without CSRCs and extension: what we send.
pub const HEADER: usize = 12;

/// The fields a leg needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    pub marker: bool,
    pub payload_type: u8,
    pub sequence: u16,
    pub timestamp: u32,
    pub ssrc: u32,
}

/// Why a datagram is no RTP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    #[error("shorter than its header says")]
    Short,
    #[error("not RTP version 2")]
    Version,
    #[error("its padding is longer than its payload")]
    Padding,
}

/// Splits a datagram into header and payload, without CSRCs, extension and padding.
pub fn read(datagram: &[u8]) -> Result<(Header, &[u8]), Malformed> {
    let &[flags, kind, s0, s1, t0, t1, t2, t3, c0, c1, c2, c3, ref rest @ ..] = datagram else {
        return Err(Malformed::Short);
    };
    if flags >> 6 != 2 {
        return Err(Malformed::Version);
    }
    let mut payload = rest.get(usize::from(flags & 0x0f) * 4..).ok_or(Malformed::Short)?;
    if flags & 0x10 != 0 {
        let &[_, _, high, low, ref words @ ..] = payload else { return Err(Malformed::Short) };
        payload = words.get(usize::from(u16::from_be_bytes([high, low])) * 4..).ok_or(Malformed::Short)?;
    }
    if flags & 0x20 != 0 {
        let padding = usize::from(*payload.last().ok_or(Malformed::Padding)?);
        let kept = payload.len().checked_sub(padding).filter(|_| padding > 0).ok_or(Malformed::Padding)?;
        payload = &payload[..kept];
    }
    let header = Header {
        marker: kind & 0x80 != 0,
        payload_type: kind & 0x7f,
        sequence: u16::from_be_bytes([s0, s1]),
        timestamp: u32::from_be_bytes([t0, t1, t2, t3]),
        ssrc: u32::from_be_bytes([c0, c1, c2, c3]),
    };
    Ok((header, payload))
}

/// The header as it goes before a payload.
pub fn write(header: &Header) -> [u8; HEADER] {
    let mut bytes = [0; HEADER];
    bytes[0] = 0x80;
    bytes[1] = u8::from(header.marker) << 7 | header.payload_type & 0x7f;
    bytes[2..4].copy_from_slice(&header.sequence.to_be_bytes());
    bytes[4..8].copy_from_slice(&header.timestamp.to_be_bytes());
    bytes[8..12].copy_from_slice(&header.ssrc.to_be_bytes());
    bytes
}

/// Makes a wrapping 32-bit or 16-bit counter whole: the value nearest to the last one. Starts high enough that what comes
/// before the first value has a place too.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unwrap {
    last: Option<u64>,
}

impl Unwrap {
    pub fn sequence(&mut self, value: u16) -> u64 {
        self.nearest(u64::from(value), 16)
    }

    pub fn timestamp(&mut self, value: u32) -> u64 {
        self.nearest(u64::from(value), 32)
    }

    fn nearest(&mut self, value: u64, bits: u32) -> u64 {
        let span = 1_u64 << bits;
        let whole = match self.last {
            None => span + value,
            Some(last) => {
                let forward = value.wrapping_sub(last) & (span - 1);
                if forward < span / 2 { last + forward } else { (last + forward).saturating_sub(span) }
            }
        };
        self.last = Some(self.last.map_or(whole, |last| last.max(whole)));
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEADER_READ: Header =
        Header { marker: true, payload_type: 101, sequence: 0xfffe, timestamp: 7, ssrc: 0xdead_beef };

    #[test]
    fn what_is_written_is_golden_and_read_back() {
        let mut packet = write(&HEADER_READ).to_vec();
        assert_eq!(packet, [0x80, 0xe5, 0xff, 0xfe, 0, 0, 0, 7, 0xde, 0xad, 0xbe, 0xef]);
        packet.extend([1, 2, 3]);
        assert_eq!(read(&packet), Ok((HEADER_READ, &[1, 2, 3][..])));
    }

    #[test]
    fn csrcs_extension_and_padding_are_left_out() {
        let mut packet = write(&HEADER_READ).to_vec();
        packet[0] = 0x80 | 0x20 | 0x10 | 0x01;
        packet.extend([9; 4]);
        packet.extend([0xbe, 0xde, 0, 1, 8, 8, 8, 8]);
        packet.extend([1, 2, 3]);
        packet.extend([0, 0, 3]);
        assert_eq!(read(&packet).map(|(_, payload)| payload), Ok(&[1, 2, 3][..]));
    }

    #[test]
    fn lengths_that_lie_are_refused() {
        let header = write(&HEADER_READ);
        assert_eq!(read(&header[..11]), Err(Malformed::Short));
        let with = |flags: u8, rest: &[u8]| {
            let mut packet = header.to_vec();
            packet[0] = flags;
            packet.extend(rest);
            read(&packet).map(|_| ())
        };
        assert_eq!(with(0x40, &[]), Err(Malformed::Version));
        assert_eq!(with(0x82, &[1, 2, 3, 4]), Err(Malformed::Short));
        assert_eq!(with(0x90, &[0, 0, 0, 1]), Err(Malformed::Short));
        assert_eq!(with(0xa0, &[]), Err(Malformed::Padding));
        assert_eq!(with(0xa0, &[1, 2, 9]), Err(Malformed::Padding));
        assert_eq!(with(0xa0, &[1, 2, 0]), Err(Malformed::Padding));
    }

    #[test]
    fn counters_wrap_forwards_and_backwards() {
        let mut unwrap = Unwrap::default();
        let first = unwrap.sequence(65_534);
        assert_eq!(unwrap.sequence(1), first + 3);
        assert_eq!(unwrap.sequence(65_535), first + 1);
        assert_eq!(unwrap.sequence(2), first + 4);
        let mut unwrap = Unwrap::default();
        let first = unwrap.sequence(0);
        assert_eq!(unwrap.sequence(65_535), first - 1);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Ok((_, payload)) = read(&bytes) {
                prop_assert!(payload.len() + HEADER <= bytes.len());
            }
        }
    }
}
