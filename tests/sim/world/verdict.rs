//! What can only be said of a call when it is over.

use std::time::Duration;

use attendant::call::timeline::{EndReason, Entry};

use attendant_media::time::Time;

use super::{NOTICE, World};
use crate::sim::invariants::Invariant;
use crate::sim::mood::Mood;

/// The way of a caller's last sound to us, and the end of the voice in it.
const LAST_WORD: Duration = Duration::from_millis(400);

/// From the answer to the first sound of the agent.
const GREETING: Duration = Duration::from_millis(2_000);

impl World {
    pub(super) fn judge_the_whole(&mut self) {
        if self.reason.is_none() {
            let floor = self.machine.floor();
            self.watch.broke(Invariant::CallEnds, format!("still {floor:?}"));
        }
        let greeted = self.slots.iter().find(|slot| slot.sounds).map(|slot| slot.at.since(self.origin));
        if self.now.since(self.origin) > GREETING && greeted.is_none_or(|after| after > GREETING) {
            self.watch.broke(Invariant::GreetingInTime, format!("{greeted:?} after the answer"));
        }
        if self.script.recorded && !self.discarded {
            let told = |entry: &Entry| match entry {
                Entry::Line { who: attendant::agent::Who::Agent, text, cut, .. } => text.reveal() == NOTICE && !cut,
                _ => false,
            };
            if !self.journal.iter().any(told) {
                self.watch.broke(Invariant::RecordedOnlyIfAnnounced, "kept, and never announced".to_owned());
            }
        }
        let said: Vec<&str> = self
            .journal
            .iter()
            .filter_map(|entry| match entry {
                Entry::Line { who: attendant::agent::Who::Caller, text, .. } => Some(text.reveal().as_str()),
                _ => None,
            })
            .flat_map(str::split_whitespace)
            .collect();
        // Words on whose heels we ended the call may be lost; a caller who hangs up takes none along that had come here.
        let deadline = match self.hung_up {
            Some(at) if self.script.ears == Mood::Normal => at - LAST_WORD,
            Some(_) | None => self.now - Duration::from_millis(3_000) - self.script.late_words(),
        };
        let is_owed = |at: Time| at < deadline && !self.was_away(at);
        let owed = self.caller.stretches.iter().filter(|s| s.sound.counts && is_owed(s.to) && !self.was_away(s.from));
        let owed: Vec<&String> = owed.flat_map(|stretch| &stretch.sound.words).collect();
        let mut lost = Vec::new();
        for word in &owed {
            let times = said.iter().filter(|said| *said == *word).count();
            let spoken = self.caller.stretches.iter().flat_map(|stretch| &stretch.sound.words);
            let most = spoken.filter(|other| other == word).count();
            if !(owed.iter().filter(|other| *other == word).count()..=most).contains(&times) {
                lost.push(format!("{word} x{times}"));
            }
        }
        let keys: String =
            said.iter().filter(|word| word.len() == 1 && !word.chars().all(char::is_alphabetic)).copied().collect();
        let pressed: String = self.pressed.iter().filter(|(at, _)| is_owed(*at)).map(|(_, key)| key).collect();
        let all: String = self.pressed.iter().map(|(_, key)| key).collect();
        if !(keys.starts_with(&pressed) && keys.len() <= all.len()) {
            lost.push(format!("keys {pressed}, written {keys}"));
        }
        if !lost.is_empty() {
            self.watch.broke(Invariant::NoCallerWordLost, lost.join(", "));
        }
        if self.reason == Some(EndReason::Goodbye) {
            let last = self.journal.iter().rev().find_map(|entry| match entry {
                Entry::Line { who: attendant::agent::Who::Agent, text, cut, .. } => Some((text.reveal().clone(), *cut)),
                _ => None,
            });
            if last.as_ref().is_none_or(|(text, cut)| *cut || !text.ends_with('.')) {
                self.watch.broke(Invariant::GoodbyeWhole, format!("{last:?}"));
            }
        }
    }
}
