//! The audio of an utterance, as it comes and as the call has it: 16 kHz.

use attendant_media::codec::Decoder;
use attendant_media::leg::Codec;
use attendant_media::resample::Resampler;
use serde::{Deserialize, Serialize};

/// How audio is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Format {
    /// 16 kHz linear PCM, little endian.
    #[default]
    #[serde(rename = "pcm_16000")]
    Pcm16000,
    /// 8 kHz mu-law: a quarter of the bytes, and a telephone's band.
    #[serde(rename = "ulaw_8000")]
    Ulaw8000,
}

impl Format {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pcm16000 => "pcm_16000",
            Self::Ulaw8000 => "ulaw_8000",
        }
    }
}

/// Goes on from chunk to chunk: a sample may be cut in two.
pub(super) enum Sound {
    Pcm { odd: Option<u8> },
    Ulaw { decoder: Decoder, resampler: Box<Resampler> },
}

impl Sound {
    pub(super) fn new(format: Format) -> Self {
        match format {
            Format::Pcm16000 => Self::Pcm { odd: None },
            Format::Ulaw8000 => Self::Ulaw {
                decoder: Decoder::new(Codec::Pcmu),
                resampler: Box::new(Resampler::new(8_000, 16_000).expect("twice is a ratio that it knows")),
            },
        }
    }

    pub(super) fn take(&mut self, bytes: Vec<u8>) -> Vec<i16> {
        match self {
            Self::Pcm { odd } => {
                let bytes: Vec<u8> = odd.take().into_iter().chain(bytes).collect();
                let (samples, rest) = bytes.as_chunks::<2>();
                *odd = rest.first().copied();
                samples.iter().map(|pair| i16::from_le_bytes(*pair)).collect()
            }
            Self::Ulaw { decoder, resampler } => {
                let mut narrow = vec![0; bytes.len()];
                // Every byte is a sample: there is none that mu-law does not know.
                let made = decoder.decode(&bytes, &mut narrow).unwrap_or_default();
                let mut wide = vec![0; resampler.most(made)];
                let made = resampler.process(&narrow[..made], &mut wide);
                wide.truncate(made);
                wide
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_that_is_cut_in_two_is_put_together() {
        let mut sound = Sound::new(Format::Pcm16000);
        assert_eq!(sound.take(vec![1, 0, 2]), [1]);
        assert_eq!(sound.take(vec![0, 3, 0]), [2, 3]);
    }

    #[test]
    fn mu_law_is_made_twice_as_many_samples_however_it_is_cut() {
        let tone: Vec<u8> = (0..160_u32).map(|n| (n * 37 % 256) as u8).collect();
        let whole = Sound::new(Format::Ulaw8000).take(tone.clone());
        let mut cut = Sound::new(Format::Ulaw8000);
        let cut: Vec<i16> = tone.chunks(7).flat_map(|chunk| cut.take(chunk.to_vec())).collect();
        assert_eq!((whole.len(), &whole), (320, &cut));
        assert!(whole.iter().any(|sample| *sample != 0));
    }
}
