//! Payloads to samples and back, for each codec that a leg can speak.
//!
//! Decoders and encoders keep state from packet to packet and are made once per stream; making one allocates, using one
//! does not. A payload that does not decode is an error to be concealed, never a panic.
//! Units: samples at [`Decoder::rate`] and [`Encoder::rate`], mono.

mod g711;
mod g722;

use std::fmt;

use crate::leg::Codec;

/// Bits a second for Opus: wideband speech with room for the copies that make good a loss. At 24,000 and 36,000 the copies took so much that
/// tones of 60 ms were not told apart in whole calls (2026-11-21); with RTP's own bytes this is four fifths of G.711.
const OPUS_BITRATE: i32 = 48_000;

/// Of 10: 154 us per 20 ms; each step more costs a third and is not heard on speech (measured 2026-11-21).
const OPUS_COMPLEXITY: i32 = 5;

/// Samples a second that Opus gives and takes here.
const OPUS_RATE: u32 = 16_000;

/// Loss that Opus prepares for with in-band copies, in percent. At 24,000 bits a second libopus 1.6 puts in none at 5; at 10 a copy lies 6 to 9 dB
/// above what differs, at 20 another 1 to 2 (a reader, packets of 20 to 60 ms, 2026-11-21).
const OPUS_LOSS: i32 = 10;

/// A payload that cannot be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the payload is no {0:?}")]
pub struct Undecodable(pub Codec);

impl Codec {
    /// Ticks a second of its RTP clock.
    pub const fn clock(self) -> u32 {
        match self {
            // RFC 3551 section 4.5.2: G.722 counts 8,000 by a mistake kept for compatibility.
            Self::Pcmu | Self::Pcma | Self::G722 => 8_000,
            Self::Opus => 48_000,
            Self::L16 { rate, .. } => rate,
        }
    }

    /// Most samples a payload gives: 120 ms, the longest Opus packet.
    pub const fn most_samples(self) -> usize {
        self.rate() as usize * 12 / 100
    }

    /// Most bytes that 20 ms give.
    pub const fn most_bytes(self) -> usize {
        match self {
            Self::Pcmu | Self::Pcma | Self::G722 => 160,
            // A frame of Opus may be so long, whatever its bitrate.
            Self::Opus => 1_275,
            Self::L16 { rate, .. } => rate as usize / 25,
        }
    }

    /// Most bytes of a payload that is taken: 60 ms, the longest that a carrier may send.
    pub const fn most_payload(self) -> usize {
        match self {
            Self::Pcmu | Self::Pcma | Self::G722 => 480,
            // More than an Ethernet frame holds.
            Self::Opus => 1_500,
            Self::L16 { rate, .. } => rate as usize * 2 * 60 / 1_000,
        }
    }

    /// Samples a second of the audio it takes and gives here.
    pub const fn rate(self) -> u32 {
        match self {
            Self::Pcmu | Self::Pcma => 8_000,
            Self::G722 => 16_000,
            Self::Opus => OPUS_RATE,
            Self::L16 { rate, .. } => rate,
        }
    }
}

enum Decoding {
    Pcmu,
    Pcma,
    G722(Box<g722::Decoder>),
    Opus(opus::Decoder),
    L16 { little_endian: bool },
}

/// One inbound stream's decoder.
pub struct Decoder {
    codec: Codec,
    decoding: Decoding,
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Decoder({:?})", self.codec)
    }
}

impl Decoder {
    pub fn new(codec: Codec) -> Self {
        let decoding = match codec {
            Codec::Pcmu => Decoding::Pcmu,
            Codec::Pcma => Decoding::Pcma,
            Codec::G722 => Decoding::G722(Box::new(g722::Decoder::new())),
            Codec::Opus => Decoding::Opus(
                opus::Decoder::new(OPUS_RATE, opus::Channels::Mono).expect("libopus decodes mono at 16 kHz"),
            ),
            Codec::L16 { little_endian, .. } => Decoding::L16 { little_endian },
        };
        Self { codec, decoding }
    }

    pub const fn codec(&self) -> Codec {
        self.codec
    }

    /// Decodes `payload` into the front of `out` ([`Codec::most_samples`]) and returns how many samples that were.
    pub fn decode(&mut self, payload: &[u8], out: &mut [i16]) -> Result<usize, Undecodable> {
        let wrong = Undecodable(self.codec);
        match &mut self.decoding {
            Decoding::Pcmu => narrow(payload, out, g711::ulaw).ok_or(wrong),
            Decoding::Pcma => narrow(payload, out, g711::alaw).ok_or(wrong),
            Decoding::G722(decoder) => decoder.decode(payload, out).ok_or(wrong),
            Decoding::Opus(decoder) => {
                if payload.is_empty() {
                    return Err(wrong);
                }
                decoder.decode(payload, out, false).map_err(|_| wrong)
            }
            Decoding::L16 { little_endian } => {
                let samples = payload.len() / 2;
                if samples > out.len() || payload.len() % 2 == 1 {
                    return Err(wrong);
                }
                for (sample, bytes) in out.iter_mut().zip(payload.chunks_exact(2)) {
                    let bytes = [bytes[0], bytes[1]];
                    *sample = if *little_endian { i16::from_le_bytes(bytes) } else { i16::from_be_bytes(bytes) };
                }
                Ok(samples)
            }
        }
    }

    /// How much of what went directly before this payload is in it as a copy, in samples; 0 if nothing is. It is as long as the payload's
    /// own frames: in Opus up to 60 ms.
    pub fn copied(&self, following: &[u8]) -> usize {
        match self.decoding {
            Decoding::Opus(_) => opus_copy(following),
            Decoding::Pcmu | Decoding::Pcma | Decoding::G722(_) | Decoding::L16 { .. } => 0,
        }
    }

    /// Takes the [`Decoder::copied`] samples that were lost directly before this payload from its copy, and says how many those are.
    pub fn recover(&mut self, following: &[u8], out: &mut [i16]) -> Option<usize> {
        let out = out.get_mut(..self.copied(following))?;
        match &mut self.decoding {
            Decoding::Opus(decoder) if !out.is_empty() => decoder.decode(following, out, true).ok(),
            Decoding::Opus(_) | Decoding::Pcmu | Decoding::Pcma | Decoding::G722(_) | Decoding::L16 { .. } => None,
        }
    }

    /// Fills `out` with more of what was heard, fading, for codecs that know how: Opus, in whole 2.5 ms. Says whether it did.
    pub fn conceal(&mut self, out: &mut [i16]) -> bool {
        match &mut self.decoding {
            Decoding::Opus(decoder) => decoder.decode(&[], out, false).is_ok_and(|made| made == out.len()),
            Decoding::Pcmu | Decoding::Pcma | Decoding::G722(_) | Decoding::L16 { .. } => false,
        }
    }
}

/// Samples of the frame before this packet that it holds a copy of (RFC 6716: LBRR).
fn opus_copy(packet: &[u8]) -> usize {
    let [head, rest @ ..] = packet else { return 0 };
    // Section 3.1: from configuration 16 on it is CELT, which has none.
    if head >> 3 >= 16 {
        return 0;
    }
    // Section 3.2: where the first frame begins. Packets of arbitrarily many frames are left out: nobody sends them for speech.
    let first = match head & 3 {
        0 | 1 => rest.first(),
        2 => rest.get(if rest.first().is_some_and(|length| *length < 252) { 1 } else { 2 }),
        _ => None,
    };
    let Ok(samples) = opus::packet::get_samples_per_frame(packet, OPUS_RATE) else { return 0 };
    // Section 4.2.3: a flag for the voice in each 20 ms, then the one for a copy.
    let voices = samples.div_ceil(OPUS_RATE as usize / 50);
    if first.is_some_and(|flags| (flags >> (7 - voices)) & 1 == 1) { samples } else { 0 }
}

fn narrow(payload: &[u8], out: &mut [i16], decode: fn(u8) -> i16) -> Option<usize> {
    let out = out.get_mut(..payload.len())?;
    for (sample, &byte) in out.iter_mut().zip(payload) {
        *sample = decode(byte);
    }
    Some(payload.len())
}

enum Encoding {
    Pcmu,
    Pcma,
    G722(Box<g722::Encoder>),
    Opus(opus::Encoder),
    L16 { little_endian: bool },
}

/// One outbound stream's encoder.
pub struct Encoder {
    codec: Codec,
    encoding: Encoding,
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Encoder({:?})", self.codec)
    }
}

impl Encoder {
    pub fn new(codec: Codec) -> Self {
        let encoding = match codec {
            Codec::Pcmu => Encoding::Pcmu,
            Codec::Pcma => Encoding::Pcma,
            Codec::G722 => Encoding::G722(Box::new(g722::Encoder::new())),
            Codec::Opus => Encoding::Opus(opus_encoder().expect("libopus takes its own documented settings")),
            Codec::L16 { little_endian, .. } => Encoding::L16 { little_endian },
        };
        Self { codec, encoding }
    }

    pub const fn codec(&self) -> Codec {
        self.codec
    }

    /// Encodes 20 ms into the front of `out` and returns how many bytes that were; 0 if `out` is too small.
    pub fn encode(&mut self, audio: &[i16], out: &mut [u8]) -> usize {
        match &mut self.encoding {
            Encoding::Pcmu => bytes(audio, out, g711::to_ulaw),
            Encoding::Pcma => bytes(audio, out, g711::to_alaw),
            Encoding::G722(encoder) => encoder.encode(audio, out).unwrap_or(0),
            Encoding::Opus(encoder) => encoder.encode(audio, out).unwrap_or(0),
            Encoding::L16 { little_endian } => {
                let Some(out) = out.get_mut(..2 * audio.len()) else { return 0 };
                for (bytes, sample) in out.chunks_exact_mut(2).zip(audio) {
                    bytes.copy_from_slice(&if *little_endian { sample.to_le_bytes() } else { sample.to_be_bytes() });
                }
                out.len()
            }
        }
    }
}

fn opus_encoder() -> Result<opus::Encoder, opus::Error> {
    let mut encoder = opus::Encoder::new(OPUS_RATE, opus::Channels::Mono, opus::Application::Voip)?;
    encoder.set_bitrate(opus::Bitrate::Bits(OPUS_BITRATE))?;
    encoder.set_complexity(OPUS_COMPLEXITY)?;
    encoder.set_inband_fec(true)?;
    encoder.set_packet_loss_perc(OPUS_LOSS)?;
    Ok(encoder)
}

fn bytes(audio: &[i16], out: &mut [u8], encode: fn(i16) -> u8) -> usize {
    let Some(out) = out.get_mut(..audio.len()) else { return 0 };
    for (byte, &sample) in out.iter_mut().zip(audio) {
        *byte = encode(sample);
    }
    out.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALL: [Codec; 7] = [
        Codec::Pcmu,
        Codec::Pcma,
        Codec::G722,
        Codec::Opus,
        Codec::L16 { rate: 16_000, little_endian: true },
        Codec::L16 { rate: 16_000, little_endian: false },
        Codec::L16 { rate: 8_000, little_endian: false },
    ];

    fn tone(rate: u32, count: usize) -> Vec<i16> {
        (0..count)
            .map(|n| (9_000.0 * (n as f64 * std::f64::consts::TAU * 500.0 / f64::from(rate)).sin()) as i16)
            .collect()
    }

    #[test]
    fn a_tone_survives_every_codec() {
        for codec in ALL {
            let slot = codec.rate() as usize / 50;
            let audio = tone(codec.rate(), 50 * slot);
            let (mut encoder, mut decoder) = (Encoder::new(codec), Decoder::new(codec));
            let mut heard = Vec::new();
            for frame in audio.chunks_exact(slot) {
                let mut payload = vec![0; codec.most_bytes()];
                let mut out = vec![0; codec.most_samples()];
                let length = encoder.encode(frame, &mut payload);
                let count = decoder.decode(&payload[..length], &mut out).unwrap();
                assert_eq!(count, slot, "{codec:?}");
                heard.extend_from_slice(&out[..count]);
            }
            let error = (0..slot)
                .map(|delay| (10 * slot..40 * slot).map(|n| i64::from(audio[n] - heard[n + delay]).pow(2)).sum::<i64>())
                .min()
                .unwrap();
            let power: i64 = audio[10 * slot..40 * slot].iter().map(|&s| i64::from(s).pow(2)).sum();
            assert!(error * 50 < power, "{codec:?}: {error} of {power}");
        }
    }

    #[test]
    fn opus_makes_good_one_loss_from_the_packet_after_it() {
        let audio = tone(16_000, 320 * 50);
        let (mut encoder, mut decoder) = (Encoder::new(Codec::Opus), Decoder::new(Codec::Opus));
        let mut payloads = Vec::new();
        for frame in audio.chunks_exact(320) {
            let mut payload = [0; Codec::Opus.most_bytes()];
            let length = encoder.encode(frame, &mut payload);
            payloads.push(payload[..length].to_vec());
        }
        let mut out = [0; Codec::Opus.most_samples()];
        for payload in &payloads[..30] {
            decoder.decode(payload, &mut out).unwrap();
        }
        assert_eq!(decoder.recover(&payloads[31], &mut out), Some(320));
        assert!(out[..320].iter().any(|&sample| sample > 5_000));
    }

    /// How far what was made up for every seventh packet lies off what it held, in dB.
    fn made_up(payloads: &[Vec<u8>], make_up: impl Fn(&mut Decoder, &[u8], &mut [i16])) -> f64 {
        let (mut clean, mut holed) = (Decoder::new(Codec::Opus), Decoder::new(Codec::Opus));
        let (mut wanted, mut got) = ([0; Codec::Opus.most_samples()], [0; Codec::Opus.most_samples()]);
        let (mut signal, mut error) = (1.0, 1.0);
        for (n, pair) in payloads.windows(2).enumerate() {
            let count = clean.decode(&pair[0], &mut wanted).unwrap();
            if n % 7 < 6 {
                holed.decode(&pair[0], &mut got).unwrap();
                continue;
            }
            make_up(&mut holed, &pair[1], &mut got[..count]);
            for (&wanted, &got) in wanted[..count].iter().zip(&got) {
                signal += f64::from(wanted).powi(2);
                error += (f64::from(wanted) - f64::from(got)).powi(2);
            }
        }
        10.0 * (signal / error).log10()
    }

    #[test]
    fn opus_carries_copies_of_20_to_60_ms_that_are_far_nearer_than_a_guess() {
        let path = "/usr/share/pocketsphinx/test/data/librivox/sense_and_sensibility_01_austen_64kb-0870.wav";
        let mut reader = hound::WavReader::open(path)
            .unwrap_or_else(|error| panic!("{path}: {error}; install the Debian package pocketsphinx-testdata"));
        let audio: Vec<i16> = reader.samples().map(|sample| sample.unwrap()).collect();
        for samples in [320, 640, 960] {
            let mut encoder = Encoder::new(Codec::Opus);
            let payloads: Vec<Vec<u8>> = audio
                .chunks_exact(samples)
                .map(|frame| {
                    let mut payload = [0; Codec::Opus.most_payload()];
                    let length = encoder.encode(frame, &mut payload);
                    payload[..length].to_vec()
                })
                .collect();
            let decoder = Decoder::new(Codec::Opus);
            let with_copy = payloads.iter().filter(|payload| decoder.copied(payload) == samples).count();
            assert!(with_copy * 2 > payloads.len(), "{with_copy} copies in {} packets", payloads.len());
            let copied = made_up(&payloads, |decoder, following, out| {
                if decoder.copied(following) == 0 {
                    assert_eq!(decoder.recover(following, out), None);
                    assert!(decoder.conceal(out));
                } else {
                    assert_eq!(decoder.recover(following, out), Some(samples));
                }
            });
            let guessed = made_up(&payloads, |decoder, _, out| assert!(decoder.conceal(out)));
            println!("{samples} samples: {copied:.1} dB from the copy, {guessed:.1} dB made up");
            assert!(
                copied > 5.0 && copied > guessed + 5.0,
                "{samples} samples: {copied:.1} dB, {guessed:.1} dB made up"
            );
        }
    }

    proptest! {
        #[test]
        fn no_payload_makes_a_decoder_panic(payload in prop::collection::vec(any::<u8>(), 0..640), which in 0_usize..7) {
            let mut out = vec![0; ALL[which].most_samples()];
            if let Ok(count) = Decoder::new(ALL[which]).decode(&payload, &mut out) {
                prop_assert!(count <= out.len());
            }
        }
    }
}
