//! Drafting: where the recogniser thinks that the caller may have finished, the agent is asked at once, and what it answers waits here.
//!
//! A draft is used if the turn ends with the same words, and dropped if the caller goes on, says something else, presses a key, or
//! refuses to be recorded. Before the turn is final nothing of it reaches a voice or the leg, and the agent runs no tool for it. At most
//! [`DRAFTS`] a turn: each is paid for.

use super::{Machine, Phase, Timer};
use crate::agent::{Event, Turn};
use crate::call::effect::Effect;
use crate::call::settings::deadline;
use crate::call::turn::Floor;
use crate::privacy::Pii;
use crate::stt::stable::is_the_same;

/// A caller who pauses again and again is listened to.
const DRAFTS: u32 = 3;

/// No answer has more events: a model gone mad.
const EVENTS: usize = 4_096;

/// An answer that nobody hears yet.
#[derive(Debug)]
pub(super) struct Draft {
    number: u32,
    /// The caller's turn as it was heard then.
    words: Pii<String>,
    /// How many lines there were before it.
    lines: usize,
    begun_us: u64,
    events: Vec<Event>,
}

/// The drafts of a call.
#[derive(Debug, Default)]
pub(super) struct Drafts {
    present: Option<Box<Draft>>,
    /// In this turn.
    begun: u32,
}

impl Machine {
    /// The caller may have finished. Of what is read piece by piece no recogniser knows the end, and no model is shown a part of a number.
    pub(super) fn eager_end(&mut self) {
        let is_the_callers = match self.floor {
            Floor::Caller { .. } | Floor::Settling { .. } => self.phase == Phase::Talking && self.thought.is_idle(),
            Floor::Open | Floor::Agent | Floor::Contested { .. } => false,
        };
        let words = self.hearing.words();
        if !is_the_callers || self.asked.kind.is_in_pieces() || words.trim().is_empty() || self.keypad.is_pressed() {
            return;
        }
        if self.drafts.present.as_ref().is_some_and(|draft| is_the_same(draft.words.reveal(), &words)) {
            return;
        }
        self.drop_draft();
        if self.drafts.begun >= DRAFTS {
            return;
        }
        self.drafts.begun += 1;
        self.counters.drafts += 1;
        let number = self.thought.draft();
        let said = self.conversation.with(&words, self.language);
        self.out.push_back(Effect::Think(Turn { number, language: self.language, said, draft: true }));
        let (lines, begun_us) = (self.conversation.len(), self.at_us());
        self.drafts.present =
            Some(Box::new(Draft { number, words: Pii::new(words), lines, begun_us, events: Vec::new() }));
    }

    /// An event of the agent's, if it is of the draft.
    pub(super) fn drafted(&mut self, turn: u32, event: Event) -> Option<Event> {
        match &mut self.drafts.present {
            Some(draft) if draft.number == turn => {
                let is_lost = matches!(event, Event::Failed(_)) || draft.events.len() >= EVENTS;
                draft.events.push(event);
                if is_lost {
                    self.drop_draft();
                }
                None
            }
            Some(_) | None => Some(event),
        }
    }

    pub(super) fn drop_draft(&mut self) {
        if self.drafts.present.take().is_some() {
            self.out.push_back(Effect::CancelThought);
        }
    }

    /// The turn is over, and this is what was said in it: the draft that answers it, if there is one.
    pub(super) fn draft_of(&mut self, said: &str) -> Option<Box<Draft>> {
        let lines = self.conversation.len();
        let fits = |draft: &Draft| is_the_same(draft.words.reveal(), said) && draft.lines == lines;
        if !self.drafts.present.as_deref().is_some_and(fits) {
            self.drop_draft();
        }
        self.drafts.begun = 0;
        self.drafts.present.take()
    }

    /// The draft is the answer: what there is of it is said, and its tools may run.
    pub(super) fn use_draft(&mut self, draft: Draft) {
        self.begin_answer();
        self.counters.drafts_used += 1;
        self.turn.drafted_us = Some(draft.begun_us);
        self.thought.adopt(draft.number, self.now);
        self.out.push_back(Effect::ConfirmThought);
        self.timers.set(Timer::Agent, self.now + deadline::AGENT_EVENT);
        for event in draft.events {
            self.agent(draft.number, event);
        }
    }
}
