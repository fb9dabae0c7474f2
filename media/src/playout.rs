//! What is said next: holds the audible speech, gives it out slot by slot and counts what has left.
//!
//! Exactly one speech id is audible; audio of any other is dropped and counted. A ring holds at most 500 ms ahead of the
//! cursor (the rest waits with its maker, so a barge-in has little to throw away) and 400 ms behind it, for a resume.
//! It must never play a sample twice except on a resume, and never play one after its id was replaced.
//! Unit: samples at 16 kHz.

use crate::frame::{Frame, SLOT_SAMPLES};
use crate::speech::SpeechId;

/// Audio held ahead of the cursor: 500 ms.
pub const AHEAD: usize = 8_000;

/// Audio held behind the cursor, and the most that a resume goes back: 400 ms.
pub const BEHIND: usize = 6_400;

/// Fade at a pause and a resume: 5 ms, short enough to be no delay and long enough to be no click.
pub const FADE: usize = 80;

const RING: usize = AHEAD + BEHIND;

/// Whether more audio may come for the audible speech.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Open,
    Ended,
}

/// What the next slot does with the audible speech.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Motion {
    Playing,
    /// The next slot fades in from the cursor.
    FadingIn,
    /// The next slot fades out from the cursor, which stays where it is.
    FadingOut,
    Paused,
}

#[derive(Clone, Copy, Debug)]
struct Speech {
    id: SpeechId,
    source: Source,
    motion: Motion,
    /// Samples taken in, in all.
    written: u64,
    /// The next sample to give out.
    cursor: u64,
    /// The most that ever left: a resume moves the cursor back but nothing unheard.
    heard: u64,
    finished: bool,
}

/// What a slot did. `heard` is set in slots where the number grew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Played {
    pub id: SpeechId,
    pub heard: Option<u64>,
    /// The last sample of an ended speech has left; said once.
    pub finished: Option<u64>,
    /// An open speech that had begun ran out within this slot.
    pub dry: bool,
}

/// See the module header.
#[derive(Debug)]
pub struct Playout {
    ring: Box<[i16; RING]>,
    speech: Option<Speech>,
    stale: u64,
}

impl Default for Playout {
    fn default() -> Self {
        Self::new()
    }
}

impl Playout {
    pub fn new() -> Self {
        Self { ring: Box::new([0; RING]), speech: None, stale: 0 }
    }

    /// This id and no other is audible from the next slot on. Naming the audible one again changes nothing.
    pub fn audible(&mut self, id: SpeechId) {
        if self.speech.is_some_and(|speech| speech.id == id) {
            return;
        }
        self.mute();
        self.speech = Some(Speech {
            id,
            source: Source::Open,
            motion: Motion::Playing,
            written: 0,
            cursor: 0,
            heard: 0,
            finished: false,
        });
    }

    /// Nothing is audible from the next slot on.
    pub fn mute(&mut self) {
        if let Some(speech) = self.speech.take() {
            self.stale += speech.written - speech.cursor;
        }
    }

    /// Samples that [`Playout::push`] would take now; none while nothing is audible.
    pub fn room(&self) -> usize {
        self.speech.map_or(0, |speech| match speech.source {
            Source::Open => AHEAD.saturating_sub((speech.written - speech.cursor) as usize),
            Source::Ended => 0,
        })
    }

    /// Takes audio of the audible speech, as much as there is room for, and returns how much that was. Audio of another
    /// id, or after the end, is dropped and counted as stale.
    pub fn push(&mut self, id: SpeechId, audio: &[i16]) -> usize {
        let room = self.room();
        let Some(speech) = self.speech.as_mut().filter(|speech| speech.id == id && speech.source == Source::Open)
        else {
            self.stale += audio.len() as u64;
            return 0;
        };
        let taken = &audio[..audio.len().min(room)];
        let start = (speech.written % RING as u64) as usize;
        let first = taken.len().min(RING - start);
        self.ring[start..start + first].copy_from_slice(&taken[..first]);
        self.ring[..taken.len() - first].copy_from_slice(&taken[first..]);
        speech.written += taken.len() as u64;
        taken.len()
    }

    /// No more audio will come for `id`.
    pub fn end(&mut self, id: SpeechId) {
        if let Some(speech) = self.speech.as_mut().filter(|speech| speech.id == id) {
            speech.source = Source::Ended;
        }
    }

    /// The next slot fades out; the cursor stays at that slot's first sample, so that a resume repeats what was faded.
    pub fn pause(&mut self) {
        if let Some(speech) = &mut self.speech {
            speech.motion = match speech.motion {
                Motion::Playing => Motion::FadingOut,
                // Nothing of it has sounded since the last pause.
                Motion::FadingIn | Motion::Paused => Motion::Paused,
                Motion::FadingOut => Motion::FadingOut,
            };
        }
    }

    /// A slot in which nothing leaves: what was to fade out in it has ended without.
    pub fn skip(&mut self) {
        if let Some(speech) = self.speech.as_mut().filter(|speech| speech.motion == Motion::FadingOut) {
            speech.motion = Motion::Paused;
        }
    }

    /// Goes on from `back` samples before the pause, at most [`BEHIND`], faded in.
    pub fn resume(&mut self, back: u32) {
        if let Some(speech) = &mut self.speech {
            match speech.motion {
                Motion::Playing | Motion::FadingIn => {}
                Motion::FadingOut | Motion::Paused => {
                    // Measured from what was heard, so that a second pause during a replay cannot go back further than
                    // the ring reaches.
                    let oldest = speech.heard.saturating_sub(BEHIND as u64);
                    speech.cursor = speech.cursor.saturating_sub(u64::from(back)).max(oldest.min(speech.cursor));
                    speech.motion = Motion::FadingIn;
                }
            }
        }
    }

    /// Samples dropped because their id was not audible, or no longer.
    pub const fn stale(&self) -> u64 {
        self.stale
    }

    /// Fills one slot, with silence where there is nothing to say.
    pub fn slot(&mut self, frame: &mut Frame) -> Option<Played> {
        frame.fill(0);
        let speech = self.speech.as_mut()?;
        let mut played = Played { id: speech.id, ..Played::default() };
        let ready = ((speech.written - speech.cursor) as usize).min(SLOT_SAMPLES);
        match speech.motion {
            Motion::Paused => return Some(played),
            Motion::FadingOut => {
                copy(&self.ring, speech.cursor, &mut frame[..ready.min(FADE)]);
                for (n, sample) in frame[..FADE].iter_mut().enumerate() {
                    *sample = scale(*sample, FADE - n);
                }
                speech.motion = Motion::Paused;
                return Some(played);
            }
            Motion::FadingIn | Motion::Playing => copy(&self.ring, speech.cursor, &mut frame[..ready]),
        }
        if speech.motion == Motion::FadingIn && ready > 0 {
            for (n, sample) in frame[..FADE].iter_mut().enumerate() {
                *sample = scale(*sample, n);
            }
            speech.motion = Motion::Playing;
        }
        speech.cursor += ready as u64;
        if speech.cursor > speech.heard {
            speech.heard = speech.cursor;
            played.heard = Some(speech.heard);
        }
        match speech.source {
            Source::Open => played.dry = ready < SLOT_SAMPLES && speech.written > 0,
            Source::Ended => {
                if speech.cursor == speech.written && !speech.finished {
                    speech.finished = true;
                    played.finished = Some(speech.written);
                }
            }
        }
        Some(played)
    }
}

fn copy(ring: &[i16; RING], from: u64, to: &mut [i16]) {
    let start = (from % RING as u64) as usize;
    let first = to.len().min(RING - start);
    let (head, tail) = to.split_at_mut(first);
    head.copy_from_slice(&ring[start..start + first]);
    let rest = tail.len();
    tail.copy_from_slice(&ring[..rest]);
}

fn scale(sample: i16, share: usize) -> i16 {
    (i32::from(sample) * share as i32 / FADE as i32) as i16
}

#[cfg(test)]
mod tests;
