//! The v1 protocol: interim results every 300 ms of audio, a final after 300 ms of silence or for Finalize.

use serde_json::{Value, json};

use super::query::{self, Keyterms};
use super::{Act, INTERIM, seconds};
use crate::sim::ear::{Ear, Word};
use crate::sim::fault::{Fault, Strike};

/// `endpointing`: 300 ms.
const ENDPOINT: u64 = 4_800;

pub(super) struct Nova {
    strike: Strike,
    /// The start of what is not final yet.
    from: u64,
    words: Vec<Word>,
    interim_at: u64,
}

impl Nova {
    pub(super) const fn new(strike: Strike) -> Self {
        Self { strike, from: 0, words: Vec::new(), interim_at: INTERIM }
    }

    pub(super) fn heard(&mut self, words: Vec<Word>, ear: &mut Ear) -> Vec<Act> {
        let mut acts = Vec::new();
        self.words.extend(words);
        if ear.quiet() >= ENDPOINT && ear.has_voice() {
            self.words.extend(ear.finish());
            acts.extend(self.fin(ear.heard(), "speech_final").into_iter().map(Act::Say));
            self.interim_at = ear.heard() + INTERIM;
        } else if ear.heard() >= self.interim_at {
            self.interim_at = ear.heard() + INTERIM;
            acts.push(Act::Say(self.results(&self.words, self.from, ear.heard(), "")));
        }
        acts
    }

    pub(super) fn message(&mut self, message: &Value, ear: &mut Ear) -> Vec<Act> {
        match message["type"].as_str() {
            Some("KeepAlive") => Vec::new(),
            Some("Configure") => vec![configure(message)],
            Some("Finalize") => {
                self.words.extend(ear.finish());
                if self.strike.is(Fault::Unanswered) {
                    self.strike.felt(0);
                    return Vec::new();
                }
                self.fin(ear.heard(), "from_finalize").into_iter().map(Act::SayLater).collect()
            }
            Some("CloseStream") => {
                let mut acts: Vec<Act> = self.fin(ear.heard(), "speech_final").into_iter().map(Act::Say).collect();
                // What is billed: the audio of this connection.
                acts.push(Act::Say(json!({
                    "type": "Metadata", "transaction_key": "deprecated", "request_id": "simulated", "sha256": "simulated",
                    "created": crate::clock::stamp(crate::clock::wall()), "duration": seconds(ear.heard()), "channels": 1,
                })));
                acts.push(Act::Close(1000, ""));
                acts
            }
            Some(_) | None => vec![Act::Close(1008, "DATA-0000")],
        }
    }

    /// Everything up to here becomes final. With [`Fault::Disorder`], in two parts, the later one first.
    fn fin(&mut self, to: u64, why: &str) -> Vec<Value> {
        let words = std::mem::take(&mut self.words);
        let from = std::mem::replace(&mut self.from, to);
        let half = words.len() / 2;
        if self.strike.is(Fault::Disorder) && half > 0 {
            self.strike.felt(0);
            let middle = words[half].from;
            return vec![
                self.results(&words[half..], middle, to, "is_final"),
                self.results(&words[..half], from, middle, why),
            ];
        }
        vec![self.results(&words, from, to, why)]
    }

    fn results(&self, words: &[Word], from: u64, to: u64, why: &str) -> Value {
        let transcript: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
        let times: Vec<Value> = words
            .iter()
            .map(|word| {
                json!({"word": word.text.to_lowercase(), "punctuated_word": word.text, "confidence": 0.98,
                    "start": seconds(word.from), "end": seconds(word.to)})
            })
            .collect();
        let alternative = json!({"transcript": transcript.join(" "), "confidence": 0.98, "words": times});
        json!({
            "type": "Results", "channel_index": [0, 1],
            "start": seconds(from), "duration": seconds(to.saturating_sub(from)),
            "is_final": !why.is_empty(), "speech_final": why == "speech_final", "from_finalize": why == "from_finalize",
            "channel": {"alternatives": [alternative]},
            "metadata": {"request_id": "simulated", "model_uuid": "simulated"},
        })
    }
}

/// Other keyterms and formatting from now on. What has too many tokens is not refused: nothing is heard any more.
fn configure(message: &Value) -> Act {
    let features = &message["features"];
    let are_features =
        features.is_null() || features.as_object().is_some_and(|all| all.values().all(Value::is_boolean));
    match query::keyterms(&message["keyterms"]) {
        Keyterms::TooMany => Act::FallSilent,
        Keyterms::Taken if are_features => {
            let mut success = json!({"type": "ConfigureSuccess", "request_id": "simulated"});
            if message["keyterms"].is_array() {
                success["keyterms"] = message["keyterms"].clone();
            }
            Act::Say(success)
        }
        Keyterms::Taken | Keyterms::Refused => Act::Say(json!({"type": "ConfigureFailure", "request_id": "simulated"})),
    }
}
