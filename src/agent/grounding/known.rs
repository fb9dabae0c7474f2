//! What a call knows when a model answers: what tools returned, what the caller said, what is true of the clinic, and what was heard already.
//!
//! Gathered once for each request to a model. Decides what is a source and what is none: arguments that a model gave to a tool are none, and
//! neither is a question whether something was done. Pure.

use std::fmt;
use std::ops::Range;

use jiff::civil::{Date, DateTime, Weekday};
use serde_json::Value;

use super::facts::Facts;
use super::mention::{Deed, Half, Mention, years as years_said};
use super::{example, hours};
use crate::agent::calendar::{self, Item};
use crate::agent::context::Round;
use crate::agent::tools::{OUTCOME_UNKNOWN, ToolName};
use crate::agent::{Line, Who};
use crate::clinic::ClinicConfig;
use crate::language::Language;
use crate::privacy::Pii;
use crate::tokens::{Phrase, Phrases, placed, tokens};

/// So many tokens in a row of a caller's are their own words: a message read back says what they have done.
const ECHO: usize = 4;

/// Numbers of an answer that may be times without a word that says so. More of them are a telephone number.
const BARE: usize = 3;

/// Years that callers name.
const YEARS: std::ops::RangeInclusive<i16> = 1900..=2100;

/// Where it is gathered from.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    pub language: Language,
    /// At the clinic.
    pub now: DateTime,
    pub clinic: &'a ClinicConfig,
    /// What the model was told to be.
    pub prompt: &'a Prompt,
    /// Everything said and heard, as heard.
    pub said: &'a [Line],
    /// Every tool that ended in this call.
    pub rounds: &'a [Round],
}

/// A rendered prompt, read: it is long, and most requests of a call have the same.
pub struct Prompt {
    text: Pii<String>,
    language: Language,
    today: Date,
    facts: Facts,
}

impl Prompt {
    pub fn read(text: &str, language: Language, today: Date) -> Self {
        let mut facts = Facts::default();
        read(&mut facts, text, language, today);
        Self { text: Pii::new(text.to_owned()), language, today, facts }
    }

    /// Whether reading this would say the same.
    pub fn is(&self, text: &str, language: Language, today: Date) -> bool {
        (self.language, self.today) == (language, today) && self.text.reveal() == text
    }
}

impl fmt::Debug for Prompt {
    /// Without a word of it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prompt").field("language", &self.language).finish_non_exhaustive()
    }
}

/// The file of a prompt is mostly English, whatever is spoken.
fn read(facts: &mut Facts, text: &str, language: Language, today: Date) {
    facts.read(text, language, today);
    if language != Language::English {
        facts.read(text, Language::English, today);
    }
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
    pub fn gather(sources: &Sources<'_>) -> Self {
        let (language, today) = (sources.language, sources.now.date());
        let mut known = Self {
            language,
            today,
            told: sources.prompt.facts.clone(),
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
                    known.caller(text);
                    // A date may take two answers.
                    known.born(text);
                    known.born(&format!("{before} {text}"));
                    before = text;
                }
                // It was judged when it was said, or is the server's own.
                Who::Agent => known.told(line.text.reveal()),
                Who::System => {}
            }
        }
        for round in sources.rounds {
            for (tool, result) in round.results() {
                known.result(tool, &result);
            }
        }
        let since = sources.said.iter().rev().take_while(|line| line.who != Who::Agent);
        for line in since.filter(|line| line.who == Who::Caller) {
            known.heard(line.text.reveal());
        }
        let asked = sources.said.iter().rposition(|line| line.who == Who::Caller);
        for round in sources.rounds.iter().filter(|round| asked.is_some_and(|asked| round.after > asked)) {
            for (_, result) in round.results().filter(|(tool, _)| *tool == Some(ToolName::ClinicInfo)) {
                known.heard(result["say"].as_str().unwrap_or_default());
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
    fn told(&mut self, text: &str) {
        if hours::are_spoken_of(text, self.language) {
            self.hours.read(text, self.language, self.today);
        } else {
            self.read(text);
        }
    }

    fn read(&mut self, text: &str) {
        read(&mut self.told, text, self.language, self.today);
    }

    /// What a caller says is no fact, but may be said back. What was done, no caller says.
    fn caller(&mut self, text: &str) {
        self.read(text);
        self.told.wish(text, self.language, self.today);
        self.callers.push(tokens(text, self.language));
        if !calendar::knows(self.language) {
            years_said(text, self.language, self.today.year()).into_iter().for_each(|year| self.told.year(year));
            if weekend(self.language).found_in(&tokens(text, self.language)) {
                self.told.weekday(Weekday::Saturday);
                self.told.weekday(Weekday::Sunday);
            }
            return;
        }
        let clocks = calendar::clocks(text, self.language);
        let bare = clocks.iter().filter(|clock| clock.bare).count();
        for clock in clocks.iter().filter(|clock| !clock.bare || bare <= BARE) {
            let half = if clock.sure { Half::Said } else { Half::Unsaid };
            self.told.clock(clock.hour.unsigned_abs(), clock.minute.unsigned_abs(), half);
        }
        if let Some(wish) = calendar::when(text, self.language, self.today) {
            wish.from.into_iter().chain(wish.to).for_each(|date| self.told.date(date));
            wish.weekdays.into_iter().for_each(|weekday| self.told.weekday(weekday));
            for time in wish.after.into_iter().chain(wish.before) {
                self.told.clock(time.hour().unsigned_abs(), time.minute().unsigned_abs(), Half::Unsaid);
            }
        }
        years(&calendar::items(text, self.language)).for_each(|year| self.told.year(year));
    }

    fn born(&mut self, text: &str) {
        let born = calendar::birth_date(text, self.language, self.today);
        born.filter(|_| calendar::knows(self.language)).into_iter().for_each(|date| self.told.date(date));
    }

    fn result(&mut self, tool: Option<ToolName>, result: &Value) {
        if tool == Some(ToolName::ClinicInfo) {
            self.told(result["say"].as_str().unwrap_or_default());
        } else {
            self.strings(result);
        }
        if let Some(say) = result["say"].as_str() {
            self.sayings.push(tokens(say, self.language));
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

    fn strings(&mut self, value: &Value) {
        match value {
            Value::String(text) if text.contains(char::is_whitespace) || !text.is_ascii() => self.read(text),
            Value::String(text) => self.told.data(text),
            Value::Array(all) => all.iter().for_each(|one| self.strings(one)),
            Value::Object(all) => all.values().for_each(|one| self.strings(one)),
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

/// The end of a week, where no calendar of the language reads wishes.
fn weekend(language: Language) -> Phrases {
    let words: &[&str] = match language {
        Language::Mandarin | Language::Cantonese => &["周末", "週末"],
        Language::Punjabi => &["ਵੀਕਐਂਡ", "ਵੀਕੈਂਡ"],
        Language::English | Language::French => &[],
    };
    Phrases::new(words, language)
}

/// "1984", and "nineteen eighty-four", which is two numbers.
fn years(items: &[Item]) -> impl Iterator<Item = i16> {
    let digits = |at: usize| items.get(at).and_then(Item::number).map(|number| number.digits.clone());
    let of = move |at: usize| {
        let first = digits(at)?;
        let year = if first.len() == 2 { format!("{first}{}", digits(at + 1)?) } else { first };
        year.parse::<i16>().ok().filter(|year| YEARS.contains(year))
    };
    (0..items.len()).filter_map(of)
}
