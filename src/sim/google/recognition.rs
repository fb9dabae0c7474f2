//! One `StreamingRecognize`: interim results every 300 ms of audio, a final one for each sentence that is over, and what is left when the
//! client ends its side.
//!
//! It hears what [`crate::sim::ear`] hears, and ends a stream as Google does: after five minutes of audio, or ten seconds of nothing.

use std::ops::Range;
use std::time::Duration;

use super::stream::{ABORTED, INTERNAL, INVALID, Stop, Stream, Went};
use crate::clock;
use crate::provider::grpc::Span;
use crate::sim::ear::{Ear, Word};
use crate::sim::fault::{Fault, Moment, Strike};
use crate::stt::google::messages::{
    AudioEncoding, RecognitionResponseMetadata, SpeechRecognitionAlternative, Streaming, StreamingRecognitionResult,
    StreamingRecognizeRequest, StreamingRecognizeResponse,
};

/// Samples a second.
const RATE: u64 = 16_000;

/// Interim results come so often, and a sentence is over when it has been followed by so much: 300 ms.
const INTERIM: u64 = 4_800;

/// Bytes of audio that a message may have, says Google's page on quotas.
const MOST_AUDIO: usize = 25_600;

/// A stream may have so much audio: the same page's 5 minutes.
const LONGEST: u64 = 300 * RATE;

/// A stream without a message for so long is ended: "Stream timed out after receiving no more client requests".
pub(super) const IDLE: Duration = Duration::from_secs(10);

/// Confidence and stability of what is final, of what will hardly change, and of the newest word, as in the package's examples.
const FINAL: (f32, f32) = (0.98, 0.0);
const SURE: (f32, f32) = (0.0, 0.9);
const OPEN: (f32, f32) = (0.0, 0.01);

const LANGUAGES: [&str; 6] = ["en-US", "en-CA", "fr-CA", "cmn-Hans-CN", "yue-Hant-HK", "pa-Guru-IN"];

/// What of an utterance is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Some,
    Last,
}

pub(super) struct Recognition {
    stream: Stream,
    strike: Strike,
    /// Of the streams of its connection.
    number: u32,
    /// From the end of the client's side to the last words.
    delay: Duration,
    /// Answers with words.
    answered: u32,
    language: String,
    ear: Ear,
    /// Those that are not final yet.
    words: Vec<Word>,
    /// Some words are final: what follows begins with a blank.
    goes_on: bool,
}

impl Recognition {
    pub(super) fn new(stream: Stream, strike: Strike, number: u32, delay: Duration) -> Self {
        let (language, ear, words) = (String::new(), Ear::of(strike.clone()), Vec::new());
        Self { stream, strike, number, delay, answered: 0, language, ear, words, goes_on: false }
    }

    pub(super) async fn run(mut self) -> Went {
        let how = self.hear().await;
        self.stream.end(how).await
    }

    async fn hear(&mut self) -> Result<(), Stop> {
        let first = self.stream.next().await?.ok_or(Stop::Status(INVALID))?;
        self.language = language(&first).ok_or(Stop::Status(INVALID))?;
        let mut interim_at = INTERIM;
        while let Some(message) = self.stream.next::<StreamingRecognizeRequest>().await? {
            let Some(Streaming::Audio(audio)) = message.streaming else { return Err(Stop::Status(INVALID)) };
            if audio.len() > MOST_AUDIO || audio.len() % 2 == 1 || audio.is_empty() {
                return Err(Stop::Status(INVALID));
            }
            self.words.extend(self.ear.hear(&audio));
            if self.ear.heard() > LONGEST {
                return Err(Stop::Status(ABORTED));
            }
            if self.ear.heard() >= interim_at && !self.words.is_empty() {
                interim_at = self.ear.heard() + INTERIM;
                self.so_far()?;
            }
        }
        self.words.extend(self.ear.finish());
        if !self.strike.late().is_zero() || self.strike.is(Fault::Disorder) {
            self.strike.felt(0);
        }
        clock::elapse(self.delay).await;
        if self.is_deaf() {
            self.strike.felt(0);
            return Err(Stop::Silent);
        }
        if self.words.is_empty() {
            return Ok(());
        }
        // Words that are never made final: the stream ends with what was said of them.
        let is_final = !self.strike.is(Fault::Unanswered);
        if !is_final {
            self.strike.felt(0);
        }
        let last = self.result(0..self.words.len(), if is_final { FINAL } else { SURE });
        self.say(vec![last], Part::Last)
    }

    /// It says nothing of this stream.
    fn is_deaf(&self) -> bool {
        self.strike.is(Fault::Deaf) && (self.strike.at != Moment::SecondVoice || self.number > 1)
    }

    /// Sentences that are over are final.
    fn so_far(&mut self) -> Result<(), Stop> {
        let heard = self.ear.heard();
        let is_over = |word: &Word| word.text.ends_with('.') && word.to + INTERIM <= heard;
        let over = self.words.iter().rposition(is_over).filter(|_| !self.strike.is(Fault::Unanswered));
        let mut results = Vec::new();
        if let Some(over) = over.map(|last| last + 1) {
            results.push(self.result(0..over, FINAL));
            self.words.drain(..over);
            self.goes_on = true;
        }
        if let Some(last) = self.words.len().checked_sub(1) {
            let known = (last > 0).then(|| self.result(0..last, SURE));
            results.extend(known.into_iter().chain([self.result(last..self.words.len(), OPEN)]));
        }
        self.say(results, Part::Some)
    }

    /// These words, with Google's confidence in them and their stability; what is confident is final.
    fn result(&self, words: Range<usize>, (confidence, stability): (f32, f32)) -> StreamingRecognitionResult {
        let blank = if self.goes_on || words.start > 0 { " " } else { "" };
        let words = &self.words[words];
        let text: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
        let best = SpeechRecognitionAlternative { transcript: format!("{blank}{}", text.join(" ")), confidence };
        let to = words.last().map_or(0, |word| word.to);
        StreamingRecognitionResult {
            alternatives: vec![best],
            is_final: confidence > 0.0,
            stability,
            result_end_offset: Some(span(to)),
            language_code: self.language.clone(),
        }
    }

    fn say(&mut self, results: Vec<StreamingRecognitionResult>, part: Part) -> Result<(), Stop> {
        self.answered += 1;
        let strikes = match self.strike.at {
            Moment::Usual | Moment::Connecting | Moment::Words(_) | Moment::Cancelled => self.answered > 1,
            Moment::LastWords => self.number > 1 && part == Part::Last,
            Moment::Between => self.number > 1,
            Moment::SecondVoice => self.number > 1 && self.answered > 1,
        };
        if (strikes && self.strike.is_within()) || self.is_deaf() {
            self.strike.felt(0);
        }
        match self.strike.fault() {
            Some(Fault::Deaf) if self.is_deaf() => return Ok(()),
            Some(Fault::Breaks) if strikes => return Err(Stop::Broke),
            Some(Fault::Errors) if strikes => return Err(Stop::Status(INTERNAL)),
            Some(_) | None => {}
        }
        let billed = self.ear.heard().div_ceil(RATE) * RATE;
        let metadata = Some(RecognitionResponseMetadata { total_billed_duration: Some(span(billed)) });
        let message = StreamingRecognizeResponse { metadata, results };
        if strikes && self.strike.is(Fault::Stalls) {
            return Err(self.stream.stall(&message));
        }
        self.stream.say(&message)
    }
}

fn span(samples: u64) -> Span {
    Span { seconds: (samples / RATE) as i64, nanos: (samples % RATE * 1_000_000_000 / RATE) as i32 }
}

/// The language of a first message that Google would take.
fn language(first: &StreamingRecognizeRequest) -> Option<String> {
    let Some(Streaming::Config(streaming)) = &first.streaming else { return None };
    let config = streaming.config.as_ref()?;
    let decoding = config.decoding.as_ref()?;
    let is_pcm = decoding.encoding == i32::from(AudioEncoding::Linear16)
        && (decoding.sample_rate_hertz, decoding.audio_channel_count) == (16_000, 1);
    let parts: Vec<&str> = first.recognizer.split('/').collect();
    let is_named = matches!(parts[..], ["projects", project, "locations", location, "recognizers", "_"]
        if !project.is_empty() && !location.is_empty());
    let [code] = &config.language_codes[..] else { return None };
    let known = LANGUAGES.contains(&code.as_str());
    (is_named && is_pcm && known && !config.model.is_empty()).then(|| code.clone())
}
