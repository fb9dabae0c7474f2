//! The scripted voices: coded audio that says where it is from, or recorded speech, with the times of its words.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use attendant::call::event::Event;
use attendant::provider::ErrorKind;
use attendant::tts;
use attendant_media::speech::SpeechId;
use rand::Rng;
use rand::rngs::StdRng;

use super::code;
use super::mood::{Later, Mood, failure, ms};

/// 16 kHz samples per byte of text: 60 ms.
pub const SAMPLES_PER_BYTE: u64 = 960;
/// Longest piece of audio: 200 ms.
const CHUNK: u64 = 3_200;

/// What the agent sounds like.
#[derive(Clone, Debug)]
pub enum Timbre {
    /// Each sample says which speech it belongs to and where: what is heard can be checked to the millisecond.
    Coded,
    /// This clip of 16 kHz over and over: what echoes and masks like a voice.
    Recorded(Arc<[i16]>),
}

impl Timbre {
    /// `len` samples of a source from place `from` on.
    pub fn audio(&self, source: u32, from: u64, len: usize) -> Arc<[i16]> {
        match self {
            Self::Coded => code::audio(source, from, len),
            Self::Recorded(clip) => (0..len).map(|n| clip[(from as usize + n) % clip.len()]).collect(),
        }
    }
}

/// A speech as its voice made it.
#[derive(Clone, Debug, Default)]
pub struct Made {
    pub source: u32,
    pub samples: u64,
    bytes: usize,
    /// Each word and where it lies in the audio.
    pub words: Vec<(String, u64, u64)>,
}

/// The voices; the first only is moody.
#[derive(Debug)]
pub struct Voices {
    pub mood: Mood,
    pub timbre: Timbre,
    next_source: u32,
    pub made: HashMap<SpeechId, Made>,
    cancelled: Vec<SpeechId>,
    busy_until: Duration,
    dead: Option<SpeechId>,
    voice: usize,
}

impl Voices {
    pub fn new(mood: Mood, timbre: Timbre) -> Self {
        Self {
            mood,
            timbre,
            next_source: 0,
            made: HashMap::new(),
            cancelled: Vec::new(),
            busy_until: Duration::ZERO,
            dead: None,
            voice: 0,
        }
    }

    pub fn new_source(&mut self) -> u32 {
        self.next_source += 1;
        self.next_source
    }

    pub fn input(&mut self, voice: usize, input: tts::Input, rng: &mut StdRng) -> Later {
        self.voice = voice;
        match input {
            tts::Input::Begin { id, .. } => self.begin(id, rng),
            tts::Input::Text { id, text } => self.text(id, text.reveal()),
            tts::Input::End { id } => {
                let Some(made) = self.made.get(&id).filter(|_| self.dead != Some(id)) else { return Vec::new() };
                vec![(self.busy_until, Event::Tts(tts::Event::Done { id, samples: made.samples }))]
            }
            tts::Input::Cancel { id } => {
                self.cancelled.push(id);
                match (self.made.get(&id), self.mood) {
                    (Some(made), Mood::LateChunks) => {
                        let audio = self.timbre.audio(made.source, 0, CHUNK as usize);
                        vec![(ms(40), Event::Tts(tts::Event::Audio { id, audio }))]
                    }
                    (Some(_) | None, _) => Vec::new(),
                }
            }
        }
    }

    fn begin(&mut self, id: SpeechId, rng: &mut StdRng) -> Later {
        let source = self.new_source();
        self.made.insert(id, Made { source, ..Made::default() });
        self.busy_until = ms(rng.random_range(60..250));
        let mood = self.mood_now();
        match mood {
            Mood::Slow => self.busy_until = ms(900),
            Mood::Silent => self.dead = Some(id),
            Mood::StallsOnce => {
                self.mood = mood.afterwards();
                self.dead = Some(id);
            }
            Mood::FailsOnce => {
                self.mood = mood.afterwards();
                self.dead = Some(id);
                return vec![(ms(80), Event::Tts(tts::Event::Failed { id, error: failure(ErrorKind::Server) }))];
            }
            Mood::Normal
            | Mood::ConnectsLate
            | Mood::DiesMidWord
            | Mood::EmptyOnce
            | Mood::LateChunks
            | Mood::Wordless => {}
        }
        Vec::new()
    }

    fn text(&mut self, id: SpeechId, text: &str) -> Later {
        let mood = self.mood_now();
        let Some(made) = self.made.get_mut(&id) else { return Vec::new() };
        if self.dead == Some(id) || self.cancelled.contains(&id) {
            return Vec::new();
        }
        let mut later = Vec::new();
        let mut at = self.busy_until;
        if mood == Mood::EmptyOnce {
            self.mood = mood.afterwards();
            self.dead = Some(id);
            return vec![(at, Event::Tts(tts::Event::Done { id, samples: 0 }))];
        }
        for word in text.split_inclusive(' ') {
            let (from, to) = (made.samples, made.samples + SAMPLES_PER_BYTE * word.len() as u64);
            let (place, len) = (made.bytes, word.trim_end().len());
            // A blank before the first word is none.
            if len > 0 {
                later.push((at, Event::Tts(tts::Event::Word { id, at: place, len, from, to, exact: true })));
                made.words.push((word.trim().to_owned(), from, to));
            }
            made.bytes += word.len();
            while made.samples < to {
                let len = CHUNK.min(to - made.samples);
                let audio = self.timbre.audio(made.source, made.samples, len as usize);
                later.push((at, Event::Tts(tts::Event::Audio { id, audio })));
                made.samples += len;
                // Five times faster than speech.
                at += ms(len / 80);
            }
            if mood == Mood::DiesMidWord && made.samples > 16_000 {
                self.mood = mood.afterwards();
                self.dead = Some(id);
                later.push((at, Event::Tts(tts::Event::Failed { id, error: failure(ErrorKind::Connection) })));
                break;
            }
        }
        self.busy_until = at;
        later
    }

    fn mood_now(&self) -> Mood {
        if self.voice == 0 { self.mood } else { Mood::Normal }
    }
}
