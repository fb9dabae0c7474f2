//! ITU-T G.711: 16-bit linear to 8-bit mu-law and A-law and back. Decoding is a table, encoding finds the segment.

const ULAW: [i16; 256] = table(Law::Mu);
const ALAW: [i16; 256] = table(Law::A);

enum Law {
    Mu,
    A,
}

const fn table(law: Law) -> [i16; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match law {
            Law::Mu => expand_ulaw(byte as u8),
            Law::A => expand_alaw(byte as u8),
        };
        byte += 1;
    }
    table
}

/// Added before the mu-law segments so that each is twice as long as the one before it.
const BIAS: i32 = 132;

pub(super) const fn ulaw(byte: u8) -> i16 {
    ULAW[byte as usize]
}

pub(super) const fn alaw(byte: u8) -> i16 {
    ALAW[byte as usize]
}

const fn expand_ulaw(byte: u8) -> i16 {
    let byte = !byte;
    let magnitude = (((byte & 0x0f) as i32) << 3) + BIAS;
    let value = (magnitude << ((byte >> 4) & 7)) - BIAS;
    (if byte & 0x80 != 0 { -value } else { value }) as i16
}

const fn expand_alaw(byte: u8) -> i16 {
    let byte = byte ^ 0x55;
    let mantissa = ((byte & 0x0f) as i32) << 4;
    let segment = (byte >> 4) & 7;
    let value = if segment == 0 { mantissa + 8 } else { (mantissa + 0x108) << (segment - 1) };
    (if byte & 0x80 != 0 { value } else { -value }) as i16
}

pub(super) fn to_ulaw(sample: i16) -> u8 {
    let sign = if sample < 0 { 0x80 } else { 0 };
    let magnitude = (i32::from(sample).abs().min(32_635)) + BIAS;
    // The highest bit lies between 7 and 14.
    let segment = 24 - magnitude.leading_zeros() as i32;
    let mantissa = (magnitude >> (segment + 3)) & 0x0f;
    !(sign | (segment << 4) as u8 | mantissa as u8)
}

pub(super) fn to_alaw(sample: i16) -> u8 {
    // A-law has no zero: -1 is the first step below it.
    let (sign, magnitude) = if sample < 0 { (0, !i32::from(sample)) } else { (0x80, i32::from(sample)) };
    let byte = if magnitude < 256 {
        magnitude >> 4
    } else {
        let segment = 24 - magnitude.leading_zeros() as i32;
        (segment << 4) | ((magnitude >> (segment + 3)) & 0x0f)
    };
    (sign | byte as u8) ^ 0x55
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_comes_back_as_itself() {
        for byte in 0..=255_u8 {
            // Mu-law has two zeros.
            if byte != 0x7f {
                assert_eq!(to_ulaw(ulaw(byte)), byte);
            }
            assert_eq!(to_alaw(alaw(byte)), byte);
        }
    }

    #[test]
    fn the_values_of_the_recommendation() {
        assert_eq!([ulaw(0xff), ulaw(0x80), ulaw(0x00), ulaw(0xf0)], [0, 32_124, -32_124, 120]);
        assert_eq!([alaw(0xd5), alaw(0xaa), alaw(0x2a), alaw(0x55)], [8, 32_256, -32_256, -8]);
    }

    #[test]
    fn every_sample_is_coded_to_the_nearest_or_its_neighbour() {
        for sample in i16::MIN..=i16::MAX {
            let error = (i32::from(ulaw(to_ulaw(sample))) - i32::from(sample)).abs();
            assert!(error <= 16 + i32::from(sample).abs() / 30 || sample.unsigned_abs() > 32_124, "{sample}: {error}");
            let error = (i32::from(alaw(to_alaw(sample))) - i32::from(sample)).abs();
            assert!(error <= 16 + i32::from(sample).abs() / 30 || sample.unsigned_abs() > 32_256, "{sample}: {error}");
        }
    }
}
