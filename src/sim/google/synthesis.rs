//! One `StreamingSynthesize`: the words of each text as the tones of [`crate::sim::code`], after the scripted delay and then faster than
//! anybody listens.
//!
//! It ends a stream as Google does: when the client has ended its side and all was spoken, or after five seconds without a text.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::stream::{INTERNAL, INVALID, Stop, Stream, Went};
use crate::clock;
use crate::sim::code::{WORD_SAMPLES, speak, words as words_of};
use crate::sim::fault::{Fault, Moment, Strike};
use crate::sim::pace::Pace;
use crate::tts::google::messages::{
    AudioEncoding, RATE, Streaming, StreamingSynthesizeConfig, StreamingSynthesizeRequest, StreamingSynthesizeResponse,
};

/// "Input must be sent continuously, at least every 5s seconds."
pub(super) const IDLE: Duration = Duration::from_secs(5);

/// Faults in mid-answer strike after so many words of a connection: within the second sentence of a code.
const STRIKES_AFTER: u32 = 12;

/// Bytes of one text, says Google's page on quotas.
const LONGEST: usize = 5_000;

const LOCALES: [&str; 6] = ["en-US", "en-GB", "fr-CA", "cmn-CN", "yue-HK", "pa-IN"];

/// Some of Google's thirty, and one of nobody's.
const SPEAKERS: [&str; 9] = ["Aoede", "Charon", "Fenrir", "Kore", "Leda", "Orus", "Puck", "Zephyr", LEAVES];

/// After each text it is announced that the connection takes no further call (GOAWAY), as Google does when it moves one.
const LEAVES: &str = "SimulatedLeaves";

pub(super) struct Synthesis {
    stream: Stream,
    strike: Strike,
    pace: Pace,
    /// Spoken on this connection.
    words: Arc<AtomicU32>,
    after: After,
}

/// What becomes of the connection after a text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum After {
    Stays,
    Leaves,
}

impl Synthesis {
    pub(super) const fn new(stream: Stream, strike: Strike, pace: Pace, words: Arc<AtomicU32>) -> Self {
        Self { stream, strike, pace, words, after: After::Stays }
    }

    pub(super) async fn run(mut self) -> Went {
        let how = self.answer().await;
        match (self.stream.end(how).await, self.after) {
            (Went::Well, After::Leaves) => Went::WellAndLast,
            (went, After::Stays | After::Leaves) => went,
        }
    }

    async fn answer(&mut self) -> Result<(), Stop> {
        let first = self.stream.next::<StreamingSynthesizeRequest>().await?.ok_or(Stop::Status(INVALID))?;
        let Some(Streaming::Config(config)) = first.streaming.filter(is_known) else {
            return Err(Stop::Status(INVALID));
        };
        if config.voice.is_some_and(|voice| voice.name.ends_with(LEAVES)) {
            self.after = After::Leaves;
        }
        while let Some(message) = self.stream.next::<StreamingSynthesizeRequest>().await? {
            let Some(Streaming::Input(input)) = message.streaming else { return Err(Stop::Status(INVALID)) };
            let text = input.text.filter(|text| !text.is_empty() && text.len() <= LONGEST);
            self.speak(&text.ok_or(Stop::Status(INVALID))?).await?;
        }
        Ok(())
    }

    async fn speak(&mut self, text: &str) -> Result<(), Stop> {
        let at_once = [Fault::Slow, Fault::Lags, Fault::Deaf, Fault::Empty, Fault::Silence];
        if at_once.into_iter().any(|fault| self.strike.is(fault)) {
            self.strike.felt(0);
        }
        clock::elapse(self.pace.draw() + self.strike.late()).await;
        if self.strike.is(Fault::Deaf) {
            return Err(Stop::Silent);
        }
        for word in words_of(text).filter(|_| !self.strike.is(Fault::Empty)) {
            let before = self.words.fetch_add(1, Ordering::Relaxed);
            let audio = if self.strike.is_silent(before) { [0; WORD_SAMPLES] } else { speak(word) };
            let audio_content = audio.iter().flat_map(|sample| sample.to_le_bytes()).collect();
            let message = StreamingSynthesizeResponse { audio_content };
            let strikes_after = match self.strike.at {
                Moment::Words(words) => words,
                Moment::Cancelled => 0,
                Moment::Usual | Moment::Connecting | Moment::LastWords | Moment::Between | Moment::SecondVoice => {
                    STRIKES_AFTER
                }
            };
            let strikes = before >= strikes_after;
            if strikes && self.strike.is_within() {
                self.strike.felt(before);
            }
            match self.strike.fault() {
                Some(Fault::Stalls) if strikes => return Err(self.stream.stall(&message)),
                Some(Fault::Breaks) if strikes => return Err(Stop::Broke),
                Some(Fault::Errors) if strikes => return Err(Stop::Status(INTERNAL)),
                Some(_) | None => self.stream.say(&message)?,
            }
            if !self.strike.pace().is_zero() {
                clock::elapse(self.strike.pace()).await;
            }
        }
        Ok(())
    }
}

fn is_known(first: &Streaming) -> bool {
    matches!(first, Streaming::Config(config) if is_good(config))
}

/// What Google would take.
fn is_good(config: &StreamingSynthesizeConfig) -> bool {
    let (Some(voice), Some(audio)) = (&config.voice, &config.audio) else { return false };
    let name = voice.name.strip_prefix(voice.language_code.as_str()).and_then(|name| name.strip_prefix("-Chirp3-HD-"));
    LOCALES.contains(&voice.language_code.as_str())
        && name.is_some_and(|name| SPEAKERS.contains(&name))
        && audio.encoding == i32::from(AudioEncoding::Pcm)
        && audio.sample_rate_hertz == RATE
}
