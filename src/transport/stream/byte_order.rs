//! Which byte order L16 has, by ear: read the wrong way, speech is noise, and noise jumps from sample to sample.
//!
//! RFC 3551 says network order; carriers' public clients disagree. Judged on the first 200 ms that are not silence, then settled.

/// 16-bit samples looked at: 200 ms at 16 kHz.
const ENOUGH: u32 = 3_200;

/// Quieter in both readings says nothing: -60 dBFS.
const QUIET: i32 = 33;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByteOrder {
    Big,
    Little,
}

/// See the module header.
#[derive(Debug, Default)]
pub struct Detector {
    seen: u32,
    /// Sum of the steps from sample to sample, read each way.
    big: u64,
    little: u64,
}

impl Detector {
    /// Takes a payload; answers once, when it knows.
    pub fn hear(&mut self, payload: &[u8]) -> Option<ByteOrder> {
        if self.seen >= ENOUGH {
            return None;
        }
        let mut last: Option<(i32, i32)> = None;
        for pair in payload.as_chunks::<2>().0 {
            let (big, little) = (i32::from(i16::from_be_bytes(*pair)), i32::from(i16::from_le_bytes(*pair)));
            if let Some((last_big, last_little)) = last
                && big.abs().min(little.abs()) > QUIET
            {
                self.seen += 1;
                self.big += u64::from(big.abs_diff(last_big));
                self.little += u64::from(little.abs_diff(last_little));
            }
            last = Some((big, little));
        }
        (self.seen >= ENOUGH).then_some(if self.little < self.big { ByteOrder::Little } else { ByteOrder::Big })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detect(order: ByteOrder) -> Option<ByteOrder> {
        let mut detector = Detector::default();
        let mut phase = 0.0_f32;
        (0..40).find_map(|slot| {
            let payload: Vec<u8> = (0..320)
                .flat_map(|n| {
                    phase += 0.12 + 0.05 * ((slot * 320 + n) as f32 / 900.0).sin();
                    let sample = (9_000.0 * phase.sin() + 900.0 * (phase * 3.1).sin()) as i16;
                    match order {
                        ByteOrder::Big => sample.to_be_bytes(),
                        ByteOrder::Little => sample.to_le_bytes(),
                    }
                })
                .collect();
            detector.hear(&payload)
        })
    }

    #[test]
    fn a_voice_is_known_in_either_order() {
        assert_eq!(detect(ByteOrder::Big), Some(ByteOrder::Big));
        assert_eq!(detect(ByteOrder::Little), Some(ByteOrder::Little));
    }

    #[test]
    fn silence_decides_nothing() {
        let mut detector = Detector::default();
        assert!((0..500).all(|_| detector.hear(&[0; 640]).is_none()));
    }
}
