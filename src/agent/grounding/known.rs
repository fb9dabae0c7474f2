//! What a call knows when a model answers: what tools returned, what the caller said, what is true of the clinic, and what was heard already.
//!
//! Gathered once for each request to a model. Decides what is a source and what is none: arguments that a model gave to a tool are none, and
//! neither is a question whether something was done. Pure.

use std::fmt;
use std::ops::Range;

use jiff::civil::{Date, DateTime};
use serde_json::Value;

use super::facts::Facts;
use super::mention::{Deed, Mention};
use super::reading::{Reader, Reading, Readings};
use super::{example, hours};
use crate::agent::context::Round;
use crate::agent::tools::{OUTCOME_UNKNOWN, ToolName};
use crate::agent::{Line, Who};
use crate::clinic::ClinicConfig;
use crate::language::Language;
use crate::tokens::{Phrase, placed};

/// So many tokens in a row of a caller's are their own words: a message read back says what they have done.
const ECHO: usize = 4;

/// Where it is gathered from.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    pub language: Language,
    /// At the clinic.
    pub now: DateTime,
    pub clinic: &'a ClinicConfig,
    /// What the model was told to be.
    pub prompt: &'a str,
    /// Everything said and heard, as heard.
    pub said: &'a [Line],
    /// Every tool that ended in this call.
    pub rounds: &'a [Round],
}

/// See the module header.
pub struct Known {
    language: Language,
    today: Date,
    told: Facts,
    hours: Facts,
    subject: Subject,
    deeds: Vec<Deed>,
    /// What was asked for last was not done: it waits for a yes, or was refused.
    undone: bool,
    /// Sentences that tools gave to say, as tokens.
    sayings: Vec<Vec<String>>,
    /// The caller's lines, as tokens.
    callers: Vec<Vec<String>>,
}

/// What is being spoken of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subject {
    Hours,
    Other,
}

impl Known {
    pub fn gather(sources: &Sources<'_>, readings: &mut Readings) -> Self {
        let (language, today) = (sources.language, sources.now.date());
        let mut reader = readings.begin(language, today);
        let mut known = Self {
            language,
            today,
            told: reader.ours(sources.prompt).facts.clone(),
            hours: hours::facts(sources.clinic, today),
            subject: Subject::Other,
            deeds: Vec::new(),
            undone: false,
            sayings: Vec::new(),
            callers: Vec::new(),
        };
        known.told.date(today);
        known.told.time(sources.now.time());
        let mut before = "";
        for line in sources.said {
            match line.who {
                Who::Caller => {
                    let text = line.text.reveal();
                    known.caller(&reader.callers(text));
                    known.told.add_all(&reader.answers(before, text).facts);
                    before = text;
                }
                // It was judged when it was said, or is the server's own.
                Who::Agent => known.told(&reader.ours(line.text.reveal())),
                Who::System => {}
            }
        }
        for round in sources.rounds {
            for (tool, result) in round.results() {
                known.result(tool, &result, &mut reader);
            }
        }
        let since = sources.said.iter().rev().take_while(|line| line.who != Who::Agent);
        for line in since.filter(|line| line.who == Who::Caller) {
            known.spoken_of(&reader.callers(line.text.reveal()));
        }
        let asked = sources.said.iter().rposition(|line| line.who == Who::Caller);
        for round in sources.rounds.iter().filter(|round| asked.is_some_and(|asked| round.after > asked)) {
            for (_, result) in round.results().filter(|(tool, _)| *tool == Some(ToolName::ClinicInfo)) {
                known.spoken_of(&reader.ours(result["say"].as_str().unwrap_or_default()));
            }
        }
        known
    }

    pub(super) const fn language(&self) -> Language {
        self.language
    }

    /// Somebody said this: it may say what is being spoken of from now on.
    pub(super) fn heard(&mut self, text: &str) {
        if hours::are_spoken_of(text, self.language) {
            self.subject = Subject::Hours;
        }
    }

    fn spoken_of(&mut self, words: &Reading) {
        if words.of_hours {
            self.subject = Subject::Hours;
        }
    }

    /// Whether a tool gave these very words to say.
    pub(super) fn is_of_a_tool(&self, clause: &str) -> bool {
        let clause = Phrase::new(clause, self.language);
        self.sayings.iter().any(|saying| clause.position(saying).is_some())
    }

    /// Whether this is known, which stands there in a sentence.
    pub(super) fn knows(&self, mention: &Mention, text: &str, at: &Range<usize>) -> bool {
        if *mention == Mention::Done(Deed::Unnamed) {
            return !self.undone || self.echoes(text, at);
        }
        if let Mention::Done(deed) = mention {
            return self.deeds.contains(deed) || self.echoes(text, at);
        }
        let is_day = matches!(mention, Mention::Weekday(_) | Mention::FromToday(_));
        if is_day && text.get(..at.start).is_some_and(|before| example::follows(before, self.language)) {
            return true;
        }
        let of_hours = self.subject == Subject::Hours || hours::are_spoken_of(text, self.language);
        self.told.knows(mention, self.today) || (of_hours && self.hours.knows(mention, self.today))
    }

    /// Whether the caller said it in these words, with those around them.
    fn echoes(&self, text: &str, at: &Range<usize>) -> bool {
        let words = placed(text, self.language);
        let from = words.iter().position(|(_, place)| place.end > at.start).unwrap_or(words.len());
        let to = words.iter().rposition(|(_, place)| place.start < at.end).map_or(0, |last| last + 1);
        let words: Vec<String> = words.into_iter().map(|(word, _)| word).collect();
        let long = ECHO.max(to.saturating_sub(from));
        (to.saturating_sub(long)..=from).any(|start| {
            let echo = words.get(start..start + long);
            echo.is_some_and(|echo| self.callers.iter().any(|line| line.windows(long).any(|said| said == echo)))
        })
    }

    /// What speaks of opening times is known of them alone.
    fn told(&mut self, words: &Reading) {
        let known = if words.of_hours { &mut self.hours } else { &mut self.told };
        known.add_all(&words.facts);
    }

    /// What a caller says is no fact, but may be said back. What was done, no caller says.
    fn caller(&mut self, words: &Reading) {
        self.told.add_all(&words.facts);
        self.callers.push(words.tokens.clone());
    }

    fn result(&mut self, tool: Option<ToolName>, result: &Value, reader: &mut Reader<'_>) {
        if tool == Some(ToolName::ClinicInfo) {
            self.told(&reader.ours(result["say"].as_str().unwrap_or_default()));
        } else {
            self.strings(result, reader);
        }
        if let Some(say) = result["say"].as_str() {
            self.sayings.push(reader.ours(say).tokens.clone());
        }
        let Some(tool) = tool else { return };
        if result["ok"] == true {
            // What only looks has done nothing about it.
            self.undone &= done(tool, &Value::Null).is_empty();
            self.deeds.extend(done(tool, result));
            return;
        }
        // What was done before is another matter than what is asked for now.
        if let Some(not_done) = done(tool, result).first() {
            self.undone = true;
            self.deeds.retain(|deed| deed != not_done);
        }
        if result["code"] == OUTCOME_UNKNOWN {
            // The staff were left a message about it.
            self.deeds.push(Deed::MessageLeft);
        }
    }

    fn strings(&mut self, value: &Value, reader: &mut Reader<'_>) {
        match value {
            Value::String(text) if text.contains(char::is_whitespace) || !text.is_ascii() => {
                self.told.add_all(&reader.ours(text).facts);
            }
            Value::String(text) => self.told.data(text),
            Value::Array(all) => all.iter().for_each(|one| self.strings(one, reader)),
            Value::Object(all) => all.values().for_each(|one| self.strings(one, reader)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

impl fmt::Debug for Known {
    /// Without a word of the caller's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Known").field("deeds", &self.deeds).finish_non_exhaustive()
    }
}

/// What it means that this tool did what it is for.
fn done(tool: ToolName, result: &Value) -> &'static [Deed] {
    match tool {
        ToolName::CreateAppointment => &[Deed::Booked],
        ToolName::UpdateAppointment => &[Deed::Moved, Deed::Booked],
        ToolName::CancelAppointment => &[Deed::Cancelled],
        // One that stands was booked.
        ToolName::CheckAppointments if result["appointments"].as_array().is_some_and(|all| !all.is_empty()) => {
            &[Deed::Booked]
        }
        ToolName::TakeMessage => &[Deed::MessageLeft],
        ToolName::RegisterNewPatient => &[Deed::Registered, Deed::MessageLeft],
        ToolName::AddToWaitlist => &[Deed::OnWaitingList, Deed::MessageLeft],
        // Who has a chart is registered.
        ToolName::SearchPatient | ToolName::VerifyIdentity if result["status"] == "verified" => &[Deed::Registered],
        ToolName::CheckAppointments
        | ToolName::ClinicInfo
        | ToolName::GetProviders
        | ToolName::SearchPatientByPhone
        | ToolName::SearchPatient
        | ToolName::VerifyIdentity
        | ToolName::FindEarliestAppointment
        | ToolName::ValidateHealthCard
        | ToolName::TransferToPerson
        | ToolName::EndCall => &[],
    }
}
