//! The caller: speaks when the agent is done, or over it, coughs, presses keys, puts us on hold, keeps silent, hangs up.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use attendant_media::time::Time;

use super::sound;

/// One thing the caller does, after the one before.
#[derive(Clone, Debug, PartialEq)]
pub struct Act {
    pub when: When,
    pub what: What,
}

/// When the next act begins, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// The agent has been silent this long after having spoken since the last act.
    AgentQuiet(u64),
    /// So long after the agent began to speak. A speech too short to be talked over is answered 1.5 s after it.
    AgentSpeaking(u64),
    /// So long after the caller's own last sound.
    AfterSelf(u64),
    /// So long after the act before began.
    AfterAct(u64),
}

#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// So many numbered words.
    Say {
        words: usize,
    },
    Sound(Sound),
    Press(char),
    /// Puts us on hold for so many milliseconds.
    Hold(u64),
    Nothing,
    HangUp,
}

/// A sound with its meaning.
#[derive(Clone, Debug, PartialEq)]
pub struct Sound {
    /// 8 kHz.
    pub audio: Arc<[i16]>,
    /// What a perfect recogniser hears, in equal parts; empty for a cough.
    pub words: Vec<String>,
    /// Whether the words must be in the transcript, once.
    pub counts: bool,
}

impl Sound {
    pub fn noise(audio: Arc<[i16]>) -> Self {
        Self { audio, words: Vec::new(), counts: false }
    }

    /// Words that ask for nothing: they must not become a turn.
    pub fn backchannel(audio: Arc<[i16]>, words: &str) -> Self {
        Self { audio, words: words.split_whitespace().map(str::to_owned).collect(), counts: false }
    }

    pub fn words(audio: Arc<[i16]>, words: &str) -> Self {
        Self { counts: true, ..Self::backchannel(audio, words) }
    }
}

/// A stretch of the caller's voice, in time.
#[derive(Clone, Debug)]
pub struct Stretch {
    pub from: Time,
    pub to: Time,
    pub sound: Sound,
}

/// What an act that begins now asks of the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Nothing beyond the audio, if any.
    Sound,
    Press(char),
    Hold(Duration),
    HangUp,
}

#[derive(Debug)]
pub struct Caller {
    acts: VecDeque<Act>,
    acted: Option<Time>,
    pub stretches: Vec<Stretch>,
}

/// 350 ms a word.
const WORD_MS: usize = 350;

impl Caller {
    pub fn new(acts: impl IntoIterator<Item = Act>) -> Self {
        Self { acts: acts.into_iter().collect(), acted: None, stretches: Vec::new() }
    }

    /// Called every 20 ms: begins the next act if its time has come. `agent_since` is when the agent's present speech began,
    /// `quiet_since` since when it is silent after having spoken since the caller's last act.
    pub fn act(&mut self, now: Time, agent_since: Option<Time>, quiet_since: Option<Time>) -> Option<Deed> {
        if self.is_speaking(now) {
            return None;
        }
        let waited =
            |since: Option<Time>, ms: u64| since.is_some_and(|since| now.since(since).as_millis() as u64 >= ms);
        let own_end = self.stretches.last().map(|stretch| stretch.to);
        let begins = match self.acts.front()?.when {
            When::AgentQuiet(ms) => waited(quiet_since, ms),
            When::AgentSpeaking(ms) => waited(agent_since, ms) || waited(quiet_since, 1_500),
            When::AfterSelf(ms) => waited(own_end, ms),
            When::AfterAct(ms) => waited(self.acted, ms),
        };
        if !begins {
            return None;
        }
        self.acted = Some(now);
        Some(match self.acts.pop_front()?.what {
            What::Say { words } => self.say(now, words),
            What::Sound(sound) => self.sound(now, sound),
            What::Press(key) => Deed::Press(key),
            What::Hold(ms) => Deed::Hold(Duration::from_millis(ms)),
            What::Nothing => Deed::Sound,
            What::HangUp => Deed::HangUp,
        })
    }

    fn say(&mut self, now: Time, words: usize) -> Deed {
        let number = self.stretches.len();
        let text = (0..words).map(|n| format!("c{number}w{n} ")).collect::<String>();
        let speech = sound::speech();
        let offset = ((number + 1) * 7_919 * 8) % (speech.len() / 2);
        let samples = words * WORD_MS * sound::RATE / 1_000;
        let audio = (0..samples).map(|n| speech[(offset + n) % speech.len()]).collect();
        self.sound(now, Sound::words(audio, &text))
    }

    fn sound(&mut self, now: Time, sound: Sound) -> Deed {
        let to = now + Duration::from_micros(sound.audio.len() as u64 * 1_000_000 / sound::RATE as u64);
        self.stretches.push(Stretch { from: now, to, sound });
        Deed::Sound
    }

    pub fn is_speaking(&self, now: Time) -> bool {
        self.stretches.last().is_some_and(|stretch| now < stretch.to)
    }

    /// 20 ms of what the caller says now.
    pub fn audio(&self, now: Time) -> [i16; 160] {
        let mut audio = [0; 160];
        if let Some(stretch) = self.stretches.last().filter(|stretch| now < stretch.to) {
            let into = now.since(stretch.from).as_micros() as usize * sound::RATE / 1_000_000;
            let rest = &stretch.sound.audio[into.min(stretch.sound.audio.len())..];
            let len = rest.len().min(160);
            audio[..len].copy_from_slice(&rest[..len]);
        }
        audio
    }
}
