//! G.722 at 64 kbit/s (ITU-T G.722, 09/2012): two bands of 8 kHz, each an adaptive difference code: 6 bits below 4 kHz, 2 above.
//!
//! Written from the Recommendation; its names (BLOCK 4L: UPPOL2, ...) stand beside the steps. Every octet and sample must be those of the
//! ITU's reference software: encoder and decoder predict from the same numbers, and one that strays is heard. Samples are 16 bits at
//! 16 kHz, twice the 15 bits that the Recommendation counts in. No allocation; never fails.

/// Both filters of the quadrature mirror: the even half, the odd one is its mirror image.
const QMF: [i32; 12] = [3, -11, 12, 32, -210, 951, 3_876, -805, 362, -156, 53, -11];

/// Decision levels of the lower band's quantizer (Q6), in units of its scale / 4,096.
const LEVELS: [i32; 29] = [
    35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714, 786, 858, 940, 1_023, 1_121, 1_219, 1_339,
    1_458, 1_612, 1_765, 1_980, 2_195, 2_557, 2_919,
];
/// The same of the upper band (Q2).
const LEVEL: i32 = 564;

/// What each 6-bit code of the lower band stands for (QQ6), in units of its scale / 32,768.
const FINE: [i32; 64] = [
    -136, -136, -136, -136, -24_808, -21_904, -19_008, -16_704, -14_984, -13_512, -12_280, -11_192, -10_232, -9_360,
    -8_576, -7_856, -7_192, -6_576, -6_000, -5_456, -4_944, -4_464, -4_008, -3_576, -3_168, -2_776, -2_400, -2_032,
    -1_688, -1_360, -1_040, -728, 24_808, 21_904, 19_008, 16_704, 14_984, 13_512, 12_280, 11_192, 10_232, 9_360, 8_576,
    7_856, 7_192, 6_576, 6_000, 5_456, 4_944, 4_464, 4_008, 3_576, 3_168, 2_776, 2_400, 2_032, 1_688, 1_360, 1_040,
    728, 432, 136, -432, -136,
];
/// The same of its upper 4 bits, from which both sides predict (QQ4): the lower 2 may be stolen on the way.
const COARSE: [i32; 16] =
    [0, -20_456, -12_896, -8_968, -6_288, -4_240, -2_584, -1_200, 20_456, 12_896, 8_968, 6_288, 4_240, 2_584, 1_200, 0];
/// The same of the upper band's code (QQ2).
const UPPER: [i32; 4] = [-7_408, -1_616, 7_408, 1_616];

/// By how much such a code moves the logarithm of the scale (WL by RIL, WH by IH).
const COARSE_STEP: [i32; 16] = [-60, 3_042, 1_198, 538, 334, 172, 58, -30, 3_042, 1_198, 538, 334, 172, 58, -30, -60];
const UPPER_STEP: [i32; 4] = [798, -214, 798, -214];

/// 2,048 times the powers of two by 32nds (ILB).
const ANTILOGARITHM: [i32; 32] = [
    2_048, 2_093, 2_139, 2_186, 2_233, 2_282, 2_332, 2_383, 2_435, 2_489, 2_543, 2_599, 2_656, 2_714, 2_774, 2_834,
    2_896, 2_960, 3_025, 3_091, 3_158, 3_228, 3_298, 3_371, 3_444, 3_520, 3_597, 3_676, 3_756, 3_838, 3_922, 4_008,
];

/// Sixteen bits: what every register of the Recommendation holds.
const fn saturate(value: i32) -> i32 {
    if value > 32_767 {
        32_767
    } else if value < -32_768 {
        -32_768
    } else {
        value
    }
}

/// The 15 bits of a band's signal (LIMIT, LOWT, HIGHT).
fn limit(value: i32) -> i32 {
    value.clamp(-16_384, 16_383)
}

/// `a` x `b` of 16 bits each, as a fraction of 32,768.
const fn times(a: i32, b: i32) -> i32 {
    (a * b) >> 15
}

/// One band's predictor and scale, the same on both sides.
#[derive(Debug)]
struct Band {
    /// The signal predicted (S), and the part of it that the zeros make (SZ).
    predicted: i32,
    of_zeros: i32,
    /// Signals rebuilt (R), and the same without the poles (P); the newest first.
    rebuilt: [i32; 2],
    partial: [i32; 2],
    poles: [i32; 2],
    zeros: [i32; 6],
    /// Differences decoded (D), the newest first.
    differences: [i32; 6],
    /// The scale (DET) and its logarithm (NB).
    scale: i32,
    logarithm: i32,
}

impl Band {
    const fn new(scale: i32) -> Self {
        Self {
            predicted: 0,
            of_zeros: 0,
            rebuilt: [0; 2],
            partial: [0; 2],
            poles: [0; 2],
            zeros: [0; 6],
            differences: [0; 6],
            scale,
            logarithm: 0,
        }
    }

    /// What both sides learn from a code of the lower band.
    fn lower(&mut self, code: usize) {
        let difference = times(self.scale, COARSE[code >> 2]);
        self.rescale(COARSE_STEP[code >> 2], 18_432, 8);
        self.predict(difference);
    }

    /// What both sides learn from a code of the upper band, and the difference that it stands for.
    fn upper(&mut self, code: usize) -> i32 {
        let difference = times(self.scale, UPPER[code]);
        self.rescale(UPPER_STEP[code], 22_528, 10);
        self.predict(difference);
        difference
    }

    /// BLOCK 3: LOGSCL, SCALEL.
    fn rescale(&mut self, step: i32, most: i32, shift: i32) {
        self.logarithm = (times(self.logarithm, 32_512) + step).clamp(0, most);
        let fraction = ANTILOGARITHM[(self.logarithm >> 6 & 31) as usize];
        let shift = shift - (self.logarithm >> 11);
        self.scale = (if shift < 0 { fraction << -shift } else { fraction >> shift }) << 2;
    }

    /// BLOCK 4: RECONS to PREDIC.
    fn predict(&mut self, difference: i32) {
        let rebuilt = saturate(self.predicted + difference);
        let partial = saturate(self.of_zeros + difference);
        let [same, same_before] = self.partial.map(|before| (before < 0) == (partial < 0));

        // UPPOL2, UPPOL1
        let first = saturate(self.poles[0] << 2);
        let pull = if same { saturate(-first) } else { first } >> 7;
        let sign = if same_before { 128 } else { -128 };
        let second = saturate(pull + sign + times(self.poles[1], 32_512)).clamp(-12_288, 12_288);
        let most = 15_360 - second;
        let first = saturate(if same { 192 } else { -192 } + times(self.poles[0], 32_640)).clamp(-most, most);

        // UPZERO
        let step = if difference == 0 { 0 } else { 128 };
        for (zero, before) in self.zeros.iter_mut().zip(self.differences) {
            let step = if (before < 0) == (difference < 0) { step } else { -step };
            *zero = saturate(step + times(*zero, 32_640));
        }

        // DELAYA
        self.differences.copy_within(..5, 1);
        self.differences[0] = difference;
        self.poles = [first, second];
        self.partial = [partial, self.partial[0]];
        self.rebuilt = [rebuilt, self.rebuilt[0]];

        // FILTEP, FILTEZ, PREDIC
        let of_poles =
            saturate(times(first, saturate(self.rebuilt[0] << 1)) + times(second, saturate(self.rebuilt[1] << 1)));
        let products = self.zeros.iter().zip(self.differences);
        self.of_zeros = products.rev().fold(0, |sum, (zero, d)| saturate(sum + times(*zero, saturate(d << 1))));
        self.predicted = saturate(of_poles + self.of_zeros);
    }
}

const LOWER_SCALE: i32 = 32;
const UPPER_SCALE: i32 = 8;

/// Both halves of the mirror filter over the last 24 samples, the oldest first.
fn mirror(history: &[i32; 24]) -> (i32, i32) {
    let (mut even, mut odd) = (0, 0);
    for (n, tap) in QMF.iter().enumerate() {
        even += history[2 * n] * tap;
        odd += history[23 - 2 * n] * tap;
    }
    (even, odd)
}

/// 16 kHz samples to octets, two to one.
#[derive(Debug)]
pub(super) struct Encoder {
    history: [i32; 24],
    lower: Band,
    upper: Band,
}

impl Encoder {
    pub(super) const fn new() -> Self {
        Self { history: [0; 24], lower: Band::new(LOWER_SCALE), upper: Band::new(UPPER_SCALE) }
    }

    /// Encodes pairs of samples into the front of `out`; says how many octets that were, `None` if there is no room.
    pub(super) fn encode(&mut self, audio: &[i16], out: &mut [u8]) -> Option<usize> {
        let out = out.get_mut(..audio.len() / 2)?;
        for (octet, pair) in out.iter_mut().zip(audio.chunks_exact(2)) {
            *octet = self.octet([pair[0].into(), pair[1].into()]);
        }
        Some(out.len())
    }

    fn octet(&mut self, pair: [i32; 2]) -> u8 {
        self.history.copy_within(2.., 0);
        self.history[22..].copy_from_slice(&pair);
        let (even, odd) = mirror(&self.history);
        let [low, high] = [odd + even, odd - even].map(|sum| limit(sum >> 14));

        let difference = saturate(low - self.lower.predicted);
        let scale = self.lower.scale;
        let size = magnitude(difference);
        let level = LEVELS.partition_point(|level| (level * scale) >> 12 <= size);
        let low = match (difference < 0, level) {
            (true, 0..2) => 63 - level,
            (true, _) => 33 - level,
            (false, _) => 61 - level,
        };
        self.lower.lower(low);

        let difference = saturate(high - self.upper.predicted);
        let large = magnitude(difference) >= (LEVEL * self.upper.scale) >> 12;
        let high = match (difference < 0, large) {
            (true, true) => 0,
            (true, false) => 1,
            (false, true) => 2,
            (false, false) => 3,
        };
        self.upper.upper(high);
        (high << 6 | low) as u8
    }
}

/// Of a negative number one less, so that both signs have as many.
const fn magnitude(value: i32) -> i32 {
    if value < 0 { -1 - value } else { value }
}

/// Octets to 16 kHz samples, one to two.
#[derive(Debug)]
pub(super) struct Decoder {
    history: [i32; 24],
    lower: Band,
    upper: Band,
}

impl Decoder {
    pub(super) const fn new() -> Self {
        Self { history: [0; 24], lower: Band::new(LOWER_SCALE), upper: Band::new(UPPER_SCALE) }
    }

    /// Decodes into the front of `out`; says how many samples that were, `None` if there is no room.
    pub(super) fn decode(&mut self, payload: &[u8], out: &mut [i16]) -> Option<usize> {
        let out = out.get_mut(..2 * payload.len())?;
        for (pair, &octet) in out.chunks_exact_mut(2).zip(payload) {
            pair.copy_from_slice(&self.pair(octet));
        }
        Some(out.len())
    }

    fn pair(&mut self, octet: u8) -> [i16; 2] {
        let code = usize::from(octet & 63);
        let low = limit(self.lower.predicted + times(self.lower.scale, FINE[code]));
        self.lower.lower(code);
        let predicted = self.upper.predicted;
        let high = limit(predicted + self.upper.upper(usize::from(octet >> 6)));

        self.history.copy_within(2.., 0);
        self.history[22..].copy_from_slice(&[low + high, low - high]);
        let (even, odd) = mirror(&self.history);
        [saturate(odd >> 11) as i16, saturate(even >> 11) as i16]
    }
}

#[cfg(test)]
mod tests;
