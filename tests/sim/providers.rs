//! Scripted ears, voice and brain. The ears know what the caller says and hear it only if they got the audio; the voice speaks
//! coded audio; the brain answers each turn with words of its own.

use std::collections::HashMap;
use std::time::Duration;

use attendant::agent::{self, Expect, ExpectKind};
use attendant::call::event::Event;
use attendant::privacy::Pii;
use attendant::provider::{ErrorKind, ProviderError};
use attendant::{stt, tts};
use attendant_media::frame::Samples;
use attendant_media::speech::SpeechId;
use rand::Rng;
use rand::rngs::StdRng;

use super::caller::Stretch;
use super::code;

/// How a provider behaves in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    Normal,
    Slow,
    /// Fails once, then is well.
    FailsOnce,
    /// Takes everything and says nothing, once.
    StallsOnce,
    /// Stops in the middle, once.
    DiesMidWord,
    /// Says it is done and gave nothing, once.
    EmptyOnce,
    /// Goes on sending after it was cancelled.
    LateChunks,
}

pub fn failure(kind: ErrorKind) -> ProviderError {
    ProviderError { provider: "scripted", kind, what: "scripted".to_owned(), retry_after: None }
}

/// Things that happen later.
pub type Later = Vec<(Duration, Event)>;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// The recogniser of the newest session.
#[derive(Debug)]
pub struct Ears {
    pub mood: Mood,
    session: u32,
    got: HashMap<u64, ()>,
    /// Words said so far as finals by this session.
    finals: usize,
    partial: usize,
    deaf: bool,
}

impl Ears {
    pub fn new(mood: Mood) -> Self {
        Self { mood, session: 0, got: HashMap::new(), finals: 0, partial: 0, deaf: false }
    }

    pub fn open(&mut self, session: u32, replayed: impl Iterator<Item = Samples>, rng: &mut StdRng) -> Later {
        self.session = session;
        self.got = replayed.map(|at| (at.0 / 320, ())).collect();
        self.finals = 0;
        self.partial = 0;
        self.deaf = self.mood == Mood::StallsOnce;
        let ready = match self.mood {
            Mood::Slow => 1_500,
            Mood::FailsOnce => {
                self.mood = Mood::Normal;
                return vec![(ms(200), self.event(stt::Event::Failed(failure(ErrorKind::Connection))))];
            }
            Mood::StallsOnce => {
                self.mood = Mood::Normal;
                return Vec::new();
            }
            Mood::Normal | Mood::DiesMidWord | Mood::EmptyOnce | Mood::LateChunks => rng.random_range(20..200),
        };
        vec![(ms(ready), self.event(stt::Event::Ready))]
    }

    pub fn audio(&mut self, at: Samples) {
        self.got.insert(at.0 / 320, ());
    }

    /// Every 20 ms: a partial when there is a new word.
    pub fn listen(&mut self, now: Samples, said: &[(Stretch, Samples, Samples)], rng: &mut StdRng) -> Later {
        if self.deaf {
            return Vec::new();
        }
        let words = self.heard(said, now.saturating_sub(Samples::from_millis(150)));
        if words.len() <= self.partial.max(self.finals) {
            return Vec::new();
        }
        self.partial = words.len();
        let new = &words[self.finals..];
        let (from, to) = (new[0].1, new[new.len() - 1].2);
        let text = text(new);
        vec![(ms(rng.random_range(20..120)), self.event(stt::Event::Partial { text, stable: 0, from, to }))]
    }

    pub fn flush(&mut self, up_to: Samples, said: &[(Stretch, Samples, Samples)], rng: &mut StdRng) -> Later {
        if self.deaf {
            return Vec::new();
        }
        let words = self.heard(said, up_to + Samples::from_millis(300));
        let wait = if self.mood == Mood::Slow { 900 } else { rng.random_range(30..250) };
        let mut later = Vec::new();
        if words.len() > self.finals {
            let new = &words[self.finals..];
            let event = stt::Event::Final {
                text: text(new),
                from: new[0].1,
                to: new[new.len() - 1].2,
                confidence: 0.9,
                language: None,
            };
            later.push((ms(wait), self.event(event)));
            self.finals = words.len();
        }
        later.push((ms(wait), self.event(stt::Event::Flushed { up_to })));
        later
    }

    /// The words of which this session got at least half the audio, in order, that ended before `up_to`.
    fn heard(&self, said: &[(Stretch, Samples, Samples)], up_to: Samples) -> Vec<(String, Samples, Samples)> {
        let mut heard = Vec::new();
        for (stretch, from, to) in said {
            let part = (to.0 - from.0) / (stretch.words.len() as u64).max(1);
            for (n, word) in stretch.words.iter().enumerate() {
                let (from, to) = (from.0 + part * n as u64, from.0 + part * (n as u64 + 1));
                let frames = from / 320..=to / 320;
                let got = frames.clone().filter(|frame| self.got.contains_key(frame)).count();
                if to <= up_to.0 && got * 2 >= frames.count() {
                    heard.push((word.clone(), Samples(from), Samples(to)));
                }
            }
        }
        heard
    }

    fn event(&self, event: stt::Event) -> Event {
        Event::Stt { session: self.session, event }
    }
}

fn text(words: &[(String, Samples, Samples)]) -> Pii<String> {
    Pii::new(words.iter().map(|(word, ..)| word.as_str()).collect::<Vec<_>>().join(" "))
}

/// The voices; all share one mood, the first only is moody.
#[derive(Debug)]
pub struct Voices {
    pub mood: Mood,
    next_source: u32,
    /// Source and samples made of each speech.
    pub sources: HashMap<SpeechId, u32>,
    made: HashMap<SpeechId, (u64, usize)>,
    busy_until: Duration,
    dead: Option<SpeechId>,
}

/// 16 kHz samples per byte of text: 60 ms.
const SAMPLES_PER_BYTE: u64 = 960;
/// Longest piece of audio: 200 ms.
const CHUNK: u64 = 3_200;

impl Voices {
    pub fn new(mood: Mood) -> Self {
        Self {
            mood,
            next_source: 0,
            sources: HashMap::new(),
            made: HashMap::new(),
            busy_until: Duration::ZERO,
            dead: None,
        }
    }

    pub fn new_source(&mut self) -> u32 {
        self.next_source += 1;
        self.next_source
    }

    pub fn input(&mut self, voice: usize, input: tts::Input, rng: &mut StdRng) -> Later {
        match input {
            tts::Input::Begin { id, .. } => {
                let source = self.new_source();
                self.sources.insert(id, source);
                self.made.insert(id, (0, 0));
                self.busy_until = ms(rng.random_range(60..250));
                if voice == 0 && self.mood == Mood::Slow {
                    self.busy_until = ms(900);
                }
                if voice == 0 && self.mood == Mood::StallsOnce {
                    self.mood = Mood::Normal;
                    self.dead = Some(id);
                }
                if voice == 0 && self.mood == Mood::FailsOnce {
                    self.mood = Mood::Normal;
                    self.dead = Some(id);
                    return vec![(ms(80), Event::Tts(tts::Event::Failed { id, error: failure(ErrorKind::Server) }))];
                }
                Vec::new()
            }
            tts::Input::Text { id, text } => self.text(id, text.reveal()),
            tts::Input::End { id } => {
                let Some((samples, _)) = self.made.get(&id).copied().filter(|_| self.dead != Some(id)) else {
                    return Vec::new();
                };
                vec![(self.busy_until, Event::Tts(tts::Event::Done { id, samples }))]
            }
            tts::Input::Cancel { id } => {
                let source = self.sources.get(&id).copied();
                self.made.remove(&id);
                match source {
                    Some(source) if self.mood == Mood::LateChunks => {
                        let audio = code::audio(source, 0, CHUNK as usize);
                        vec![(ms(40), Event::Tts(tts::Event::Audio { id, audio }))]
                    }
                    Some(_) | None => Vec::new(),
                }
            }
        }
    }

    fn text(&mut self, id: SpeechId, text: &str) -> Later {
        let Some((samples, bytes)) = self.made.get(&id).copied() else { return Vec::new() };
        if self.dead == Some(id) {
            return Vec::new();
        }
        let mut later = Vec::new();
        let mut at = self.busy_until;
        if self.mood == Mood::EmptyOnce {
            self.mood = Mood::Normal;
            self.dead = Some(id);
            return vec![(at, Event::Tts(tts::Event::Done { id, samples: 0 }))];
        }
        let source = self.sources[&id];
        let mut place = samples;
        let mut word_at = bytes;
        for word in text.split_inclusive(' ') {
            let (from, to) = (place, place + SAMPLES_PER_BYTE * word.len() as u64);
            later.push((
                at,
                Event::Tts(tts::Event::Word { id, at: word_at, len: word.trim_end().len(), from, to, exact: true }),
            ));
            word_at += word.len();
            while place < to {
                let len = CHUNK.min(to - place);
                later.push((at, Event::Tts(tts::Event::Audio { id, audio: code::audio(source, place, len as usize) })));
                place += len;
                // Five times faster than speech.
                at += ms(len / 80);
            }
            if self.mood == Mood::DiesMidWord && place > 16_000 {
                self.mood = Mood::Normal;
                self.dead = Some(id);
                later.push((at, Event::Tts(tts::Event::Failed { id, error: failure(ErrorKind::Connection) })));
                break;
            }
        }
        self.busy_until = at;
        self.made.insert(id, (place, word_at));
        later
    }
}

/// The brain.
#[derive(Debug)]
pub struct Brain {
    pub mood: Mood,
    /// After so many answers it says goodbye and hangs up; 0 for never.
    pub goodbye_after: usize,
    pub answers: usize,
    pub tool_every: usize,
}

impl Brain {
    pub fn think(&mut self, turn: u32, rng: &mut StdRng) -> Later {
        let event = |event| Event::Agent { turn, event };
        let mut at = ms(match self.mood {
            Mood::Slow => 2_500,
            Mood::FailsOnce => {
                self.mood = Mood::Normal;
                return vec![(ms(100), event(agent::Event::Failed(failure(ErrorKind::Limited))))];
            }
            Mood::StallsOnce => {
                self.mood = Mood::Normal;
                return Vec::new();
            }
            Mood::EmptyOnce => {
                self.mood = Mood::Normal;
                return vec![(ms(100), event(agent::Event::Done))];
            }
            Mood::Normal | Mood::DiesMidWord | Mood::LateChunks => rng.random_range(30..700),
        });
        self.answers += 1;
        let mut later = Vec::new();
        if self.tool_every > 0 && self.answers.is_multiple_of(self.tool_every) {
            later.push((at, event(agent::Event::ToolStarted { name: "look_up" })));
            at += ms(rng.random_range(200..6_000));
            later.push((at, event(agent::Event::ToolDone { name: "look_up", ok: true })));
            at += ms(200);
        }
        let words = rng.random_range(4..22);
        for n in 0..words {
            let end = if n + 1 == words { "." } else { " " };
            later.push((at, event(agent::Event::Text(Pii::new(format!("a{}w{n}{end}", self.answers))))));
            at += ms(20);
            if n == 3 && self.mood == Mood::DiesMidWord {
                self.mood = Mood::Normal;
                later.push((at, event(agent::Event::Failed(failure(ErrorKind::Connection)))));
                return later;
            }
        }
        let kind = if rng.random_bool(0.3) { ExpectKind::YesNo } else { ExpectKind::Free };
        later.push((at, event(agent::Event::Expect(Expect { kind, ..Expect::default() }))));
        if self.goodbye_after > 0 && self.answers >= self.goodbye_after {
            later.push((at, event(agent::Event::HangUp)));
        }
        later.push((at, event(agent::Event::Done)));
        later
    }
}
