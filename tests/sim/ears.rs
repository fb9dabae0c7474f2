//! The scripted recogniser: it knows what the caller says and when, and hears it if it got the audio of it.

use std::time::Duration;

use attendant::call::event::Event;
use attendant::privacy::Pii;
use attendant::provider::ErrorKind;
use attendant::stt;
use attendant_media::frame::Samples;
use attendant_media::time::Time;
use rand::Rng;
use rand::rngs::StdRng;

use super::mood::{Later, Mood, failure, ms};

/// When a recogniser that tells the end of turns does, after the last word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Eager {
    /// The caller may have finished; `None`: it never says so.
    pub may_ms: Option<u64>,
    /// The caller has finished.
    pub has_ms: u64,
    /// It says so when the caller went on.
    pub tells_resumed: bool,
}

impl Eager {
    /// Flux at its defaults: it thinks so about so early, and is sure about so late.
    pub const FLUX: Self = Self { may_ms: Some(260), has_ms: 560, tells_resumed: true };
}

/// What was said of the turn so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Nothing,
    /// The caller may have finished after so many words.
    May(usize),
    Has(usize),
}

/// A word of the caller on the leg clock.
#[derive(Clone, Debug)]
pub struct Spoken {
    pub word: String,
    pub from: Samples,
    pub to: Samples,
}

/// After a word's end all of its audio has come.
const SETTLED: Samples = Samples::from_millis(150);

/// The recogniser of the newest session.
#[derive(Debug)]
pub struct Ears {
    pub mood: Mood,
    eager: Option<Eager>,
    told: Told,
    session: u32,
    /// Which slots this session got.
    got: Vec<bool>,
    /// Words so far were heard or missed for good.
    settled: usize,
    heard: Vec<Spoken>,
    /// Words of this session said as finals, and as partials.
    finals: usize,
    partial: usize,
    deaf: bool,
    wordless: bool,
    /// The next sign of life.
    sign_at: Samples,
    /// Connected since then: nothing comes before.
    ready_at: Time,
    /// The last answer to a flush: nothing overtakes it.
    answered_at: Time,
}

/// A hosted recogniser says something of what it hears so often, words or no words.
const SIGN_EVERY: Samples = Samples::from_millis(500);

impl Ears {
    pub fn new(mood: Mood) -> Self {
        Self {
            mood,
            eager: None,
            told: Told::Nothing,
            session: 0,
            got: Vec::new(),
            settled: 0,
            heard: Vec::new(),
            finals: 0,
            partial: 0,
            deaf: false,
            wordless: false,
            sign_at: Samples::ZERO,
            ready_at: Time::ZERO,
            answered_at: Time::ZERO,
        }
    }

    pub fn open(
        &mut self,
        session: u32,
        recogniser: usize,
        eager: Option<Eager>,
        now: Time,
        replayed: impl Iterator<Item = Samples>,
        rng: &mut StdRng,
    ) -> Later {
        *self = Self { eager, ..Self::new(self.mood) };
        self.session = session;
        self.wordless = recogniser == 0 && self.mood == Mood::Wordless;
        replayed.for_each(|at| self.audio(at));
        let mood = if recogniser == 0 { self.mood } else { Mood::Normal };
        self.deaf = matches!(mood, Mood::StallsOnce | Mood::Silent);
        self.mood = match mood {
            // These strike in mid-word and at the flush.
            Mood::DiesMidWord | Mood::EmptyOnce | Mood::Wordless => mood,
            Mood::Normal => self.mood,
            Mood::Slow | Mood::ConnectsLate | Mood::FailsOnce | Mood::StallsOnce | Mood::Silent | Mood::LateChunks => {
                mood.afterwards()
            }
        };
        match mood {
            Mood::FailsOnce => vec![(ms(200), self.event(stt::Event::Failed(failure(ErrorKind::Connection))))],
            Mood::StallsOnce | Mood::Silent => Vec::new(),
            Mood::Slow => self.ready(now, ms(1_500)),
            Mood::ConnectsLate => self.ready(now, ms(2_900)),
            Mood::Normal | Mood::DiesMidWord | Mood::EmptyOnce | Mood::LateChunks | Mood::Wordless => {
                self.ready(now, ms(rng.random_range(20..200)))
            }
        }
    }

    fn ready(&mut self, now: Time, after: Duration) -> Later {
        self.ready_at = now + after;
        vec![(after, self.event(stt::Event::Ready))]
    }

    pub fn audio(&mut self, at: Samples) {
        if self.wordless {
            return;
        }
        let slot = (at.0 / 320) as usize;
        if self.got.len() <= slot {
            self.got.resize(slot + 1, false);
        }
        self.got[slot] = true;
    }

    /// Every 20 ms: a partial when there is a new word.
    pub fn listen(&mut self, at: Time, now: Samples, said: &[Spoken], rng: &mut StdRng) -> Later {
        if self.deaf || at < self.ready_at.max(self.answered_at) {
            return Vec::new();
        }
        self.settle(now, said);
        if self.heard.len() <= self.partial.max(self.finals) {
            if let Some(event) = self.end_of_turn(now, said) {
                return vec![(ms(20), self.event(event))];
            }
            if self.session == 0 || now < self.sign_at {
                return Vec::new();
            }
            self.sign_at = now + SIGN_EVERY;
            let up_to = now.saturating_sub(SETTLED);
            return vec![(ms(20), self.event(stt::Event::Listening { up_to }))];
        }
        let before = std::mem::replace(&mut self.partial, self.heard.len());
        if self.mood == Mood::DiesMidWord && self.partial >= 2 {
            self.mood = Mood::Normal;
            self.deaf = true;
            return vec![(ms(10), self.event(stt::Event::Failed(failure(ErrorKind::Connection))))];
        }
        let new = &self.heard[self.finals..];
        let (from, to) = (new[0].from, new[new.len() - 1].to);
        // What was said twice stays.
        let stable = text(&new[..before.saturating_sub(self.finals).min(new.len())]).reveal().len();
        let partial =
            (ms(rng.random_range(20..120)), self.event(stt::Event::Partial { text: text(new), stable, from, to }));
        let resumed = match self.told {
            Told::May(_) if self.eager.is_some_and(|eager| eager.tells_resumed) => {
                Some((ms(20), self.event(stt::Event::Resumed { at: now })))
            }
            Told::May(_) | Told::Nothing | Told::Has(_) => None,
        };
        self.told = Told::Nothing;
        resumed.into_iter().chain([partial]).collect()
    }

    /// What a recogniser that tells the end of turns says in a silence.
    fn end_of_turn(&mut self, now: Samples, said: &[Spoken]) -> Option<stt::Event> {
        let eager = self.eager?;
        let words = self.heard.len();
        self.heard.get(self.finals..)?.last()?;
        // While a word is being said nobody has finished.
        let last = said.iter().take_while(|spoken| spoken.from <= now).last()?.to;
        let passed = |ms| now >= last + Samples::from_millis(ms);
        if self.told != Told::Has(words) && passed(eager.has_ms) {
            self.told = Told::Has(words);
            return Some(stt::Event::EndOfTurn { at: now, confidence: 0.9 });
        }
        if self.told == Told::Nothing && eager.may_ms.is_some_and(passed) {
            self.told = Told::May(words);
            return Some(stt::Event::EagerEnd { at: now });
        }
        None
    }

    pub fn flush(&mut self, at: Time, now: Samples, up_to: Samples, said: &[Spoken], rng: &mut StdRng) -> Later {
        if self.deaf {
            return Vec::new();
        }
        if self.mood == Mood::EmptyOnce {
            self.mood = Mood::Normal;
            self.deaf = true;
            return Vec::new();
        }
        self.settle(now, said);
        // Words at the very end, whose last frames may not have come.
        let until = up_to + Samples::from_millis(300);
        while let Some(next) = said.get(self.settled).filter(|next| next.to <= until && self.got_most_of(next)) {
            self.heard.push(next.clone());
            self.settled += 1;
        }
        let wait: Duration = ms(if self.mood == Mood::Slow { 900 } else { rng.random_range(30..250) });
        // What is asked before it is connected is answered after.
        let wait = (wait + self.ready_at.since(at)).max(self.answered_at.since(at));
        self.answered_at = at + wait;
        let mut later = Vec::new();
        let new = &self.heard[self.finals..];
        if let (Some(first), Some(last)) = (new.first(), new.last()) {
            let event =
                stt::Event::Final { text: text(new), from: first.from, to: last.to, confidence: 0.9, language: None };
            later.push((wait, self.event(event)));
            self.finals = self.heard.len();
        }
        later.push((wait, self.event(stt::Event::Flushed { up_to })));
        later
    }

    /// Hears or misses every word whose audio must have come by now.
    fn settle(&mut self, now: Samples, said: &[Spoken]) {
        while let Some(next) = said.get(self.settled).filter(|next| next.to + SETTLED <= now) {
            if self.got_most_of(next) {
                self.heard.push(next.clone());
            }
            self.settled += 1;
        }
    }

    fn got_most_of(&self, word: &Spoken) -> bool {
        let (first, last) = ((word.from.0 / 320) as usize, (word.to.0 / 320) as usize);
        let got = (first..=last).filter(|slot| self.got.get(*slot) == Some(&true)).count();
        got * 2 > last - first
    }

    fn event(&self, event: stt::Event) -> Event {
        Event::Stt { session: self.session, event }
    }
}

fn text(words: &[Spoken]) -> Pii<String> {
    Pii::new(words.iter().map(|spoken| spoken.word.as_str()).collect::<Vec<_>>().join(" "))
}
