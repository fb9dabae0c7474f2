//! `attendant say`: a voice as a file, to listen to it or to have something to say in a test call.

use std::path::PathBuf;

use attendant_media::frame::RATE;
use clap::Args;

use super::origin::Whose;
use super::{Exit, Failure};
use crate::call::rendering;
use crate::language::Language;
use crate::server::Served;
use crate::speech;
use crate::tts::spoken::{self, Lexicon};

/// Speak a text with the embedded voice into a WAV file (16 kHz, mono).
#[derive(Debug, Args)]
pub(super) struct Say {
    #[command(flatten)]
    whose: Whose,
    /// What to say.
    text: String,
    /// The file to write.
    #[arg(long, short, value_name = "FILE")]
    out: PathBuf,
    /// The language of the text: en-CA, fr-CA, zh-CN, zh-HK or pa-IN.
    #[arg(long, default_value = "en-CA", value_name = "TAG")]
    language: Language,
}

impl Say {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        let Served { clinic, config } = self.whose.load()?;
        let voices = speech::voices(&config.speech).map_err(Failure::unavailable)?;
        let voices = spoken::voice::in_front_of(voices, Lexicon::new(&clinic.config.lexicon));
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::internal)?;
        let spoken = runtime.block_on(rendering::speak(&voices, self.language, &self.text));
        let Some(audio) = spoken else {
            return Err(Failure::unavailable(anyhow::anyhow!(
                "no voice could say it; `attendant check` tells what is missing"
            )));
        };
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: RATE,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let write = || -> Result<(), hound::Error> {
            let mut wav = hound::WavWriter::create(&self.out, spec)?;
            for sample in audio.iter() {
                wav.write_sample(*sample)?;
            }
            wav.finalize()
        };
        write().map_err(|error| Failure::unavailable(anyhow::anyhow!("{}: {error}", self.out.display())))?;
        Ok(Exit::Done)
    }
}
