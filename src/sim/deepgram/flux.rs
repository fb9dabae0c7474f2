//! The v2 protocol: turns. A turn starts with its first word, is updated every 300 ms of audio, and ends after so much silence as the
//! threshold stands for: 0.7 for about 400 ms, 1.0 for no end at all but the one that is forced.

use serde_json::{Value, json};

use super::query::{self, Keyterms, Thresholds, within};
use super::{Act, INTERIM, seconds};
use crate::sim::ear::{Ear, Word};
use crate::sim::fault::{Fault, Strike};

pub(super) struct Flux {
    thresholds: Thresholds,
    strike: Strike,
    sequence: u64,
    turn: u64,
    /// The start of the turn's window.
    from: u64,
    words: Vec<Word>,
    update_at: u64,
    eager: Eager,
    /// So many of the words were to be the last, and are thought of again if they are not.
    revised: usize,
}

/// Whether it was said that the turn may have ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Eager {
    NotYet,
    Said,
}

/// Samples of silence that a threshold stands for.
const fn silence(threshold: f64) -> u64 {
    (threshold * 9_142.0) as u64
}

impl Flux {
    pub(super) const fn new(thresholds: Thresholds, strike: Strike) -> Self {
        Self {
            thresholds,
            strike,
            sequence: 0,
            turn: 0,
            from: 0,
            words: Vec::new(),
            update_at: INTERIM,
            eager: Eager::NotYet,
            revised: 0,
        }
    }

    pub(super) fn connected(&mut self) -> Value {
        self.numbered(json!({"type": "Connected", "request_id": "simulated"}))
    }

    pub(super) fn error(&mut self, code: &str) -> Value {
        self.numbered(json!({"type": "Error", "code": code, "description": "simulated"}))
    }

    pub(super) fn heard(&mut self, words: Vec<Word>, ear: &mut Ear) -> Vec<Act> {
        let mut acts = Vec::new();
        let (now, quiet) = (ear.heard(), ear.quiet());
        let went_on = !words.is_empty();
        let begins = self.words.is_empty() && went_on;
        if went_on {
            self.think_again();
        }
        self.words.extend(words);
        if begins {
            acts.push(Act::Say(self.info("StartOfTurn", now, None)));
            self.update_at = now + INTERIM;
        }
        if went_on && self.eager == Eager::Said {
            self.eager = Eager::NotYet;
            acts.push(Act::Say(self.info("TurnResumed", now, None)));
        }
        // A voice too short for a word of its own ends as one all the same.
        if quiet >= silence(self.thresholds.eager.unwrap_or(self.thresholds.end).min(0.9))
            && ear.has_voice()
            && !went_on
        {
            let short = ear.finish();
            if self.words.is_empty() && short.is_some() {
                self.words.extend(short);
                acts.push(Act::Say(self.info("StartOfTurn", now, None)));
            }
        }
        let silent_for = |threshold| quiet >= silence(threshold);
        if !self.words.is_empty() && self.thresholds.end < 1.0 && silent_for(self.thresholds.end) {
            acts.push(Act::Say(self.end(now, "model")));
        } else if !self.words.is_empty() && self.eager == Eager::NotYet && self.thresholds.eager.is_some_and(silent_for)
        {
            self.eager = Eager::Said;
            acts.push(Act::Say(self.info("EagerEndOfTurn", now, None)));
        } else if now >= self.update_at {
            self.update_at = now + INTERIM;
            acts.push(Act::Say(self.info("Update", now, None)));
        }
        acts
    }

    pub(super) fn message(&mut self, message: &Value, ear: &mut Ear) -> Vec<Act> {
        match message["type"].as_str() {
            Some("ForceEndTurn") => {
                self.words.extend(ear.finish());
                if self.strike.is(Fault::Unanswered) {
                    self.strike.felt(0);
                    self.revised = self.words.len();
                    return Vec::new();
                }
                // Without a turn it is ignored.
                if self.words.is_empty() { Vec::new() } else { vec![Act::SayLater(self.end(ear.heard(), "manual"))] }
            }
            Some("Configure") => vec![Act::Say(self.configure(message))],
            Some("CloseStream") => vec![Act::Close(1000, "")],
            Some(_) | None => {
                let error = self.error("UNPARSABLE_CLIENT_MESSAGE");
                vec![Act::Say(error), Act::Close(1008, "DATA-0000")]
            }
        }
    }

    /// Flux may change any word of a turn that is open, when more of it comes: a capital, a full stop, another word.
    fn think_again(&mut self) {
        let words = &mut self.words[..std::mem::take(&mut self.revised)];
        let Some(first) = words.first_mut() else { return };
        let (begin, rest) = first.text.split_at(first.text.chars().next().map_or(0, char::len_utf8));
        first.text = format!("{}{rest}", begin.to_uppercase());
        if let [_, .., word, last] = words {
            word.text.push('s');
            if !last.text.ends_with('.') {
                last.text.push('.');
            }
        }
    }

    fn configure(&mut self, message: &Value) -> Value {
        let wanted = &message["thresholds"];
        let number = |key: &str, least, most, present| match &wanted[key] {
            Value::Null => Ok(present),
            value => within(key, &value.to_string(), least, most).map(Some),
        };
        let end = number("eot_threshold", 0.5, 1.0, Some(self.thresholds.end));
        let eager = number("eager_eot_threshold", 0.3, 0.9, self.thresholds.eager);
        let timeout = number("eot_timeout_ms", 500.0, 60_000.0, None);
        let keyterms = query::keyterms(&message["keyterms"]) == Keyterms::Taken;
        match (end, eager, timeout) {
            (Ok(Some(end)), Ok(eager), Ok(_)) if keyterms && eager.is_none_or(|eager| eager <= end) => {
                self.thresholds = Thresholds { end, eager };
                let thresholds = json!({"eot_threshold": end, "eager_eot_threshold": eager});
                self.numbered(json!({"type": "ConfigureSuccess", "request_id": "simulated", "thresholds": thresholds,
                    "keyterms": message["keyterms"]}))
            }
            _ => self.numbered(json!({"type": "ConfigureFailure", "request_id": "simulated"})),
        }
    }

    fn end(&mut self, now: u64, trigger: &str) -> Value {
        let said = self.info("EndOfTurn", now, Some(trigger));
        self.turn += 1;
        self.from = now;
        self.words.clear();
        self.revised = 0;
        self.eager = Eager::NotYet;
        self.update_at = now + INTERIM;
        said
    }

    fn info(&mut self, event: &str, now: u64, trigger: Option<&str>) -> Value {
        let transcript: Vec<&str> = self.words.iter().map(|word| word.text.as_str()).collect();
        let words: Vec<Value> = self.words.iter().map(|word| json!({"word": word.text, "confidence": 0.98})).collect();
        let mut info = json!({
            "type": "TurnInfo", "request_id": "simulated", "event": event, "turn_index": self.turn,
            "audio_window_start": seconds(self.from), "audio_window_end": seconds(now),
            "transcript": transcript.join(" "), "words": words, "end_of_turn_confidence": 0.8,
        });
        if let Some(trigger) = trigger {
            info["trigger"] = trigger.into();
        }
        self.numbered(info)
    }

    /// Every message of the server has its number.
    fn numbered(&mut self, mut message: Value) -> Value {
        message["sequence_id"] = self.sequence.into();
        self.sequence += 1;
        message
    }
}
