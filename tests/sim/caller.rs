//! The caller: says its lines when the agent is done, talks over it, coughs, keeps silent, hangs up. Its audio is recorded speech.

use std::collections::VecDeque;
use std::sync::OnceLock;

use attendant_media::time::Time;

/// What the caller does next.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// Waits for the agent to finish, then says so many words.
    Say {
        words: usize,
    },
    /// Says so many words this long after the agent began to speak.
    BargeIn {
        after_ms: u64,
        words: usize,
    },
    /// Goes on this long after its own last word, while the agent thinks.
    GoOn {
        after_ms: u64,
        words: usize,
    },
    Cough {
        after_ms: u64,
    },
    Backchannel {
        after_ms: u64,
    },
    /// Does nothing until the agent has asked whether it is still there.
    KeepSilent,
    HangUp,
}

/// A stretch of the caller's speech, in time.
#[derive(Clone, Debug)]
pub struct Stretch {
    pub from: Time,
    pub to: Time,
    /// What a perfect recogniser hears, in equal parts; empty for a cough.
    pub words: Vec<String>,
    pub counts: bool,
}

#[derive(Debug)]
pub struct Caller {
    acts: VecDeque<Act>,
    pub stretches: Vec<Stretch>,
    pub hung_up: bool,
}

/// 350 ms a word.
const WORD_MS: u64 = 350;

impl Caller {
    pub fn new(acts: impl IntoIterator<Item = Act>) -> Self {
        Self { acts: acts.into_iter().collect(), stretches: Vec::new(), hung_up: false }
    }

    /// Called every 20 ms: begins the next act if its time has come. `agent_since` is when the agent's present speech began,
    /// `quiet_since` since when it is silent after having spoken since the caller's last act. Returns whether an act began.
    pub fn act(&mut self, now: Time, agent_since: Option<Time>, quiet_since: Option<Time>) -> bool {
        if self.is_speaking(now) {
            return false;
        }
        let waited =
            |since: Option<Time>, ms: u64| since.is_some_and(|since| now.since(since).as_millis() as u64 >= ms);
        let own_end = self.stretches.last().map(|stretch| stretch.to);
        let Some(act) = self.acts.front().cloned() else { return false };
        let begins = match act {
            Act::Say { .. } | Act::HangUp => waited(quiet_since, 700),
            Act::BargeIn { after_ms, .. } | Act::Cough { after_ms } | Act::Backchannel { after_ms } => {
                // A speech too short to be talked over is answered after it.
                waited(agent_since, after_ms) || waited(quiet_since, 1_500)
            }
            Act::GoOn { after_ms, .. } => waited(own_end, after_ms),
            Act::KeepSilent => waited(quiet_since, 10_500),
        };
        if !begins {
            return false;
        }
        self.acts.pop_front();
        match act {
            Act::Say { words } | Act::BargeIn { words, .. } | Act::GoOn { words, .. } => self.say(now, words),
            Act::Cough { .. } => self.sound(now, 240, Vec::new(), false),
            Act::Backchannel { .. } => self.sound(now, 320, vec!["uh-huh".to_owned()], false),
            Act::KeepSilent => {}
            Act::HangUp => self.hung_up = true,
        }
        true
    }

    fn say(&mut self, now: Time, words: usize) {
        let number = self.stretches.len();
        let words: Vec<String> = (0..words).map(|n| format!("c{number}w{n}")).collect();
        self.sound(now, WORD_MS * words.len() as u64, words, true);
    }

    fn sound(&mut self, now: Time, ms: u64, words: Vec<String>, counts: bool) {
        let to = now + std::time::Duration::from_millis(ms);
        self.stretches.push(Stretch { from: now, to, words, counts });
    }

    pub fn is_speaking(&self, now: Time) -> bool {
        self.stretches.last().is_some_and(|stretch| now < stretch.to)
    }

    /// 160 samples at 8 kHz of what the caller sends now, mu-law.
    pub fn packet(&self, now: Time) -> [u8; 160] {
        let Some(stretch) = self.stretches.last().filter(|stretch| now < stretch.to) else { return [0xff; 160] };
        let into = now.since(stretch.from).as_millis() as usize * 8;
        let speech = speech();
        let offset = (self.stretches.len() * 7_919 * 8) % (speech.len() / 2);
        std::array::from_fn(|n| speech[(offset + into + n) % speech.len()])
    }
}

/// The recorded speech, its pauses taken out, at 8 kHz mu-law.
fn speech() -> &'static [u8] {
    static SPEECH: OnceLock<Vec<u8>> = OnceLock::new();
    SPEECH.get_or_init(|| {
        let file = "/usr/share/pocketsphinx/test/data/librivox/sense_and_sensibility_01_austen_64kb-0870.wav";
        let mut reader = hound::WavReader::open(file).expect("Debian's pocketsphinx-testdata is installed (make deps)");
        let samples: Vec<i16> = reader.samples::<i16>().map(|s| s.expect("a whole file")).collect();
        let narrow: Vec<i16> =
            samples.chunks_exact(2).map(|pair| ((i32::from(pair[0]) + i32::from(pair[1])) / 2) as i16).collect();
        let loud =
            |block: &&[i16]| block.iter().map(|s| i64::from(*s).pow(2)).sum::<i64>() / block.len() as i64 > 250_000;
        narrow.chunks_exact(400).filter(loud).flatten().map(|sample| mu_law(*sample)).collect()
    })
}

/// G.711 mu-law by its definition.
fn mu_law(sample: i16) -> u8 {
    let sign = if sample < 0 { 0x80 } else { 0 };
    let magnitude = (i32::from(sample).abs().min(32_635)) + 132;
    let exponent = (31 - magnitude.leading_zeros() as i32 - 7).max(0);
    let mantissa = (magnitude >> (exponent + 3)) & 0x0f;
    !(sign | (exponent << 4) as u8 | mantissa as u8)
}
