//! The agent's lines against the wire: a word is said when all of it has left, or, on a media stream, been played.

use std::time::Duration;

use attendant::agent::{Turn, Who};
use attendant::call::timeline::Entry;

use super::World;
use super::script::Note;
use crate::sim::invariants::Invariant;
use crate::sim::voices::Timbre;

/// The wire is read once a slot: words that end within it may count or not.
const SLACK: u64 = 480;
/// On a media stream the machine knows what was played from marks: every 100 ms of speech, and their way back.
const MARKS: Duration = Duration::from_millis(100 + 60);

impl World {
    /// A line of the agent was written down.
    pub(super) fn agent_line(&mut self, text: &str, cut: bool) {
        self.brain.said(text);
        if !matches!(self.script.timbre, Timbre::Coded) {
            return;
        }
        let Some(id) = self.watch.last_audible else { return };
        let (left, surely) = match self.script.carrier {
            None => (self.watch.left, self.watch.left),
            Some(delay) if cut => (self.played_by(delay), self.played_by(delay + MARKS)),
            // Its last words are still being played; they will be, unless the caller hangs up.
            Some(_) => (self.watch.left, self.watch.left),
        };
        let said: Vec<&str> = text.split_whitespace().collect();
        let (words, fewest, most) = match (self.voices.made.get(&id), self.fixed.iter().find(|fixed| fixed.0 == text)) {
            (Some(made), _) => {
                let words: Vec<&str> = made.words.iter().map(|(word, ..)| word.as_str()).collect();
                let ended = |by: u64| made.words.iter().filter(|(.., to)| *to <= by).count();
                (words, ended(surely.saturating_sub(SLACK)), ended(left + SLACK))
            }
            (None, Some((_, samples))) if !cut && left + SLACK >= *samples => return,
            (None, _) => {
                // Words of fixed phrases have no times: a share of the text stands for a share of the audio.
                let Some((whole, samples)) = self.fixed.iter().find(|fixed| fixed.0.starts_with(text)) else {
                    self.watch.broke(Invariant::HistoryIsWhatWasHeard, format!("{text:?} was never to be said"));
                    return;
                };
                let share = (whole.len() as u64 * (left + SLACK) / samples) as usize;
                if text.len() > share.min(whole.len()) {
                    self.watch.broke(Invariant::HistoryIsWhatWasHeard, format!("{text:?} of {whole:?}, {left} heard"));
                }
                return;
            }
        };
        if !(fewest..=most).contains(&said.len()) || words[..said.len()] != said[..] {
            let heard = format!("{text:?} was written, {fewest} to {most} words of {words:?} were heard");
            self.watch.broke(Invariant::HistoryIsWhatWasHeard, heard);
        }
    }

    /// Samples of the audible speech that the carrier had played `delay` ago.
    fn played_by(&self, delay: Duration) -> u64 {
        let then = self.now - delay;
        self.left.iter().rev().find(|(at, _)| *at <= then).map_or(0, |(_, left)| *left)
    }

    /// The agent is asked: with what was written down, and nothing else.
    pub(super) fn asked(&mut self, turn: &Turn) {
        let shown: Vec<_> =
            turn.said.iter().map(|line| (line.who, line.text.reveal().clone(), line.cut)).collect::<Vec<_>>();
        let fillers = |text: &str| self.fillers.iter().any(|filler| filler.starts_with(text));
        let written: Vec<(&str, bool)> = self
            .journal
            .iter()
            .filter_map(|entry| match entry {
                Entry::Line { who: Who::Agent, text, cut, .. } => Some((text.reveal().trim(), *cut)),
                _ => None,
            })
            .filter(|(text, _)| !fillers(text))
            .collect();
        let agents: Vec<(&str, bool)> =
            shown.iter().filter(|(who, ..)| *who == Who::Agent).map(|(_, text, cut)| (text.as_str(), *cut)).collect();
        if agents != written {
            let what = format!("asked with {agents:?}, written were {written:?}");
            self.watch.broke(Invariant::HistoryIsWhatWasHeard, what);
        }
        self.note(if turn.draft { Note::Draft(shown) } else { Note::Think(shown) });
    }
}
