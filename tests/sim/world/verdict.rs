//! What can only be said of a call when it is over.

use std::time::Duration;

use attendant::call::timeline::{EndReason, Entry};

use super::World;
use crate::sim::invariants::Invariant;

impl World {
    pub(super) fn judge_the_whole(&mut self) {
        if self.reason.is_none() {
            let floor = self.machine.floor();
            self.watch.broke(Invariant::CallEnds, format!("still {floor:?}"));
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
        // Words after which the call ended at once were not owed an answer.
        let deadline = self.now - Duration::from_millis(6_000);
        let mut lost = Vec::new();
        for stretch in self.caller.stretches.iter().filter(|stretch| stretch.counts && stretch.to < deadline) {
            for word in &stretch.words {
                let times = said.iter().filter(|said| *said == word).count();
                if times != 1 {
                    lost.push(format!("{word} x{times}"));
                }
            }
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
