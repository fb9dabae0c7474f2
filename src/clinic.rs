//! What is true of a clinic: names, hours, holidays, address, people. Data that agents are given and never invent.
//!
//! Read from one TOML file a clinic and checked before a port is bound. The number callers are passed on to is among it and is
//! for the server alone: nothing here writes it into a prompt or a tool's result.

pub mod calendar;
pub mod holidays;
pub mod limits;
pub mod number;
pub mod operator;
pub mod retention;
pub mod spoken;
mod tenant;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::costs::budget::BudgetConfig;
use crate::emr::{EmrConfig, EmrKind, Login};
use crate::language::Language;
use crate::notices::NoticesConfig;
use crate::provider::residency::Country;
use crate::tts::spoken::lexicon;
use limits::LimitsConfig;
use retention::RetentionConfig;

pub use tenant::Tenant;

/// Text in each language it was written in.
pub type Translated = BTreeMap<Language, String>;

/// Whether a clinic may be called so in files, tables and addresses.
pub(crate) fn is_id(id: &str) -> bool {
    !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

/// A clinic's file, as written.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClinicConfig {
    /// Short name for records and configuration: letters, digits, dashes.
    pub id: String,
    /// As said in English.
    pub name: String,
    /// IANA name: America/Vancouver.
    pub timezone: String,
    /// E.164 numbers that lead here when dialled.
    #[serde(default)]
    pub numbers: Vec<String>,
    /// What desk phones dial to reach it: digits, as they dial them.
    #[serde(default)]
    pub extensions: Vec<String>,
    /// Calls of this clinic at once, of those of `call.max_calls` that all clinics of a server share; without it, as many as are free.
    pub max_calls: Option<usize>,
    /// E.164 number or SIP URI of a person.
    pub transfer_to: Option<String>,
    /// Somebody answers there outside the opening times too.
    #[serde(default)]
    pub transfer_always: bool,
    /// E.164.
    pub phone: String,
    pub fax: Option<String>,
    /// Spoken at the clinic.
    pub languages: Vec<Language>,
    /// In which its calls begin, if not in that of the configuration.
    pub language: Option<Language>,
    #[serde(default)]
    pub names: Translated,
    pub address: Address,
    pub hours: Week,
    #[serde(default)]
    pub holidays: Vec<Holiday>,
    pub parking: Translated,
    pub directions: Translated,
    #[serde(default)]
    pub providers: Vec<Provider>,
    /// What keeps the clinic's appointments; without it none are booked.
    pub emr: Option<EmrConfig>,
    /// What callers say, and what is said to them, may not leave this country.
    pub residency: Option<Country>,
    /// What its calls may cost in a day.
    pub budget: Option<BudgetConfig>,
    /// Who is told of messages for the staff.
    pub notices: Option<NoticesConfig>,
    /// Who looks for messages without being told of them, and how often; for people.
    pub reads_messages: Option<String>,
    /// How long what is known of its callers is kept.
    #[serde(default)]
    pub retention: RetentionConfig,
    /// How much one caller may do in a day.
    #[serde(default)]
    pub limits: LimitsConfig,
    /// Words of the clinic's own and how voices say them, in each language.
    #[serde(default)]
    pub lexicon: lexicon::Words,
    /// Who answers for its patients' data. Without one it takes no calls.
    pub privacy_officer: Option<PrivacyOfficer>,
}

/// A person of the clinic, and how patients reach them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrivacyOfficer {
    pub name: String,
    pub email: Option<String>,
    /// E.164.
    pub phone: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Address {
    pub street: String,
    pub unit: Option<String>,
    pub city: String,
    /// Two letters.
    pub province: String,
    pub postal_code: String,
    /// How to recognise the place.
    #[serde(default)]
    pub note: Translated,
}

/// Opening times of each weekday; none: closed.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Week {
    pub monday: Vec<Span>,
    pub tuesday: Vec<Span>,
    pub wednesday: Vec<Span>,
    pub thursday: Vec<Span>,
    pub friday: Vec<Span>,
    pub saturday: Vec<Span>,
    pub sunday: Vec<Span>,
}

/// Open from one time to another on the same day: `08:30-17:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Span {
    pub from: Time,
    pub to: Time,
}

impl TryFrom<String> for Span {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let mend = || format!("`{text}` is no span of time; write it as 08:30-17:00");
        let (from, to) = text.split_once('-').ok_or_else(mend)?;
        let time = |part: &str| Time::strptime("%H:%M", part.trim()).map_err(|_| mend());
        let span = Self { from: time(from)?, to: time(to)? };
        if span.from >= span.to {
            Err(format!("`{text}` ends before it begins; write the earlier time first"))
        } else {
            Ok(span)
        }
    }
}

impl From<Span> for String {
    fn from(span: Span) -> Self {
        format!("{}-{}", span.from.strftime("%H:%M"), span.to.strftime("%H:%M"))
    }
}

/// A day unlike its weekday.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holiday {
    pub date: Date,
    pub name: Translated,
    /// Other names callers use, in any language.
    #[serde(default)]
    pub also: Vec<String>,
    /// None: closed.
    #[serde(default)]
    pub hours: Vec<Span>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    pub name: String,
    pub role: String,
    pub languages: Vec<Language>,
    /// Other names callers use, in any language.
    #[serde(default)]
    pub also: Vec<String>,
    /// Without it callers are not told.
    pub new_patients: Option<NewPatients>,
}

/// Whether somebody takes new patients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NewPatients {
    Accepted,
    NotNow,
}

impl Provider {
    /// As said, then what callers call them besides.
    pub fn names(&self) -> Vec<&str> {
        std::iter::once(&self.name).chain(&self.also).map(String::as_str).collect()
    }
}

/// Whether a name in the clinic's file is one in its EMR.
pub fn is_same_name(one: &str, other: &str) -> bool {
    one.trim().eq_ignore_ascii_case(other.trim())
}

/// A clinic's file that cannot be used: each line names the file, the key and the mend.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct ClinicError(pub Vec<String>);

/// A clinic whose file was checked, as far as calls to it can be told from others.
#[derive(Clone, Debug)]
pub struct Clinic {
    pub config: ClinicConfig,
    pub zone: TimeZone,
    tenant: Tenant,
    text: Arc<str>,
    /// What keeps it from taking calls.
    faults: Vec<String>,
    /// The account at its EMR, if its file does not say where that is.
    emr_login: Option<Login>,
}

impl Clinic {
    /// The made-up clinic that answers when none is configured.
    pub fn sample() -> Self {
        Self::of(include_str!("../agents/sample-clinic.toml"), "sample-clinic.toml")
            .expect("the sample clinic is checked by a test")
    }

    pub fn load(file: &Path) -> Result<Self, ClinicError> {
        Self::routed(file)?.whole()
    }

    /// The clinic of such a text; `name` is where it came from.
    pub fn of(text: &str, name: &str) -> Result<Self, ClinicError> {
        Self::routed_of(text, name)?.whole()
    }

    /// One of several: an error is that calls to it cannot be told from others. Whatever else is wrong are its [`Self::faults`].
    pub fn routed(file: &Path) -> Result<Self, ClinicError> {
        let name = file.display().to_string();
        let text = std::fs::read_to_string(file).map_err(|e| {
            ClinicError(vec![format!("{name}: cannot be read: {e}; give the path of a clinic's TOML file")])
        })?;
        Self::routed_of(&text, &name)
    }

    fn routed_of(text: &str, name: &str) -> Result<Self, ClinicError> {
        let config: ClinicConfig =
            toml::from_str(text).map_err(|e| ClinicError(vec![format!("{name}: {e}; see sample-clinic.toml")]))?;
        let told = |wrong: Vec<String>| wrong.into_iter().map(|what| format!("{name}: {what}")).collect::<Vec<_>>();
        let (routing, faults) = (told(config.check_routing()), told(config.check_rest()));
        if !routing.is_empty() {
            return Err(ClinicError([routing, faults].concat()));
        }
        let zone = TimeZone::get(&config.timezone).unwrap_or(TimeZone::UTC);
        Ok(Self { tenant: Tenant::of(&config.id), text: text.into(), config, zone, faults, emr_login: None })
    }

    fn whole(mut self) -> Result<Self, ClinicError> {
        let faults = std::mem::take(&mut self.faults);
        if faults.is_empty() { Ok(self) } else { Err(ClinicError(faults)) }
    }

    /// What keeps it from taking calls: lines with file, key and mend.
    pub fn faults(&self) -> &[String] {
        &self.faults
    }

    /// Whether its nights and its `[retention]` are known, so that nothing is taken away too early.
    pub fn knows_its_nights(&self) -> bool {
        TimeZone::get(&self.config.timezone).is_ok() && self.config.retention.check().is_empty()
    }

    /// The file's text, as it was when it was read.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whose data that of its calls is: the clinic of the file.
    pub const fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    /// The same clinic with the account at its EMR.
    #[must_use]
    pub fn with_emr_login(self, login: Login) -> Self {
        Self { emr_login: Some(login), ..self }
    }

    /// The account at its EMR: the one it was given, else what its file names. An error is `key: what is wrong; what to do instead`.
    pub fn emr_login(&self) -> Result<Login, String> {
        let oscar = self.config.emr.as_ref().and_then(|emr| emr.oscar.as_ref());
        let named = || oscar.map_or(Ok(None), |oscar| oscar.login());
        let missing = || {
            format!(
                "emr.oscar: no account; run `attendant clinic credentials set {}`, or write user and password",
                self.config.id
            )
        };
        match &self.emr_login {
            Some(login) => Ok(login.clone()),
            None => named()?.ok_or_else(missing),
        }
    }

    /// The name as said in this language.
    pub fn name(&self, language: Language) -> &str {
        self.config.names.get(&language).unwrap_or(&self.config.name)
    }

    /// Wall-clock time at the clinic.
    pub fn local(&self, at: jiff::Timestamp) -> jiff::Zoned {
        at.to_zoned(self.zone.clone())
    }
}

impl ClinicConfig {
    /// Whether it is one for trying out: its own number is one of those that nobody has.
    pub fn is_made_up(&self) -> bool {
        number::is_fictional(&self.phone)
    }

    /// Who has this name in its EMR.
    pub fn provider(&self, name: &str) -> Option<&Provider> {
        self.providers.iter().find(|provider| is_same_name(&provider.name, name))
    }

    /// What is wrong, as `key: what is wrong; what to write instead`.
    pub fn check(&self) -> Vec<String> {
        [self.check_routing(), self.check_rest()].concat()
    }

    /// The same of what tells its calls from those of others, and where they are passed on to. No secret is read.
    fn check_routing(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        if !is_id(&self.id) {
            wrong.push("id: not a short name; write letters, digits and dashes".to_owned());
        }
        wrong.extend(self.numbers.iter().filter_map(|number| no_number("numbers", number)));
        for extension in self.extensions.iter().filter(|extension| !number::is_extension(extension)) {
            wrong.push(format!(
                "extensions: `{extension}` is none; write 2 to 7 digits, as a desk phone dials them, and telephone numbers into numbers"
            ));
        }
        if let Some(to) = self.transfer_to.as_ref().filter(|to| !is_e164(to) && !is_sip(to)) {
            wrong.push(format!("transfer_to: `{to}` cannot be called; write +16045550142 or sip:desk@example.com"));
        }
        wrong
    }

    /// The same of everything else.
    fn check_rest(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        if self.name.trim().is_empty() {
            wrong.push("name: empty; write the name callers know".to_owned());
        }
        if TimeZone::get(&self.timezone).is_err() {
            wrong.push(format!(
                "timezone: `{}` is not known; write an IANA name such as America/Toronto",
                self.timezone
            ));
        }
        wrong.extend(no_number("phone", &self.phone));
        wrong.extend(self.fax.iter().filter_map(|number| no_number("fax", number)));
        if self.max_calls == Some(0) {
            wrong.push("max_calls: 0 is too small; write 1 or more, or leave it out".into());
        }
        if self.languages.is_empty() {
            wrong.push("languages: none; write at least [\"en-CA\"]".into());
        }
        if let Some(language) = self.language.filter(|language| !self.languages.contains(language)) {
            wrong.push(format!("language: {language} is none of languages; write one of them, or leave it out"));
        }
        for (key, texts) in [("parking", &self.parking), ("directions", &self.directions)] {
            if !texts.contains_key(&Language::English) {
                wrong.push(format!("{key}: nothing in en-CA; write what an English caller is told"));
            }
        }
        if self.hours == Week::default() {
            wrong.push("hours: closed every day; write at least monday = [\"09:00-17:00\"]".into());
        }
        for (at, holiday) in self.holidays.iter().enumerate() {
            if !holiday.name.contains_key(&Language::English) {
                wrong.push(format!("holidays.{at}.name: nothing in en-CA; write the name of {}", holiday.date));
            }
        }
        wrong.extend(self.notices.iter().flat_map(NoticesConfig::check));
        if self.reads_messages.as_ref().is_some_and(|who| who.trim().is_empty()) {
            wrong.push("reads_messages: empty; write who looks for messages and how often, or leave it out".into());
        }
        wrong.extend(self.retention.check());
        wrong.extend(self.limits.check());
        wrong.extend(self.privacy_officer.iter().flat_map(PrivacyOfficer::check));
        wrong.extend(lexicon::check(&self.lexicon, "lexicon"));
        wrong.extend(self.budget.iter().flat_map(BudgetConfig::check));
        if let Some(emr) = &self.emr {
            wrong.extend(emr.check());
            if emr.kind == EmrKind::Book && emr.file.is_none() && self.id != SAMPLE {
                wrong.push("emr.file: missing; name the book's data, a file as agents/sample-book.toml".into());
            }
        }
        wrong
    }
}

impl PrivacyOfficer {
    fn check(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        if self.name.trim().is_empty() {
            wrong.push("privacy_officer.name: empty; write the name of a person".to_owned());
        }
        if self.email.is_none() && self.phone.is_none() {
            wrong.push("privacy_officer: cannot be reached; write email, or phone, or both".to_owned());
        }
        let is_address = |email: &&String| {
            let (name, host) = email.split_once('@').unwrap_or_default();
            !name.is_empty() && host.contains('.') && !email.contains(char::is_whitespace)
        };
        if let Some(email) = self.email.as_ref().filter(|email| !is_address(email)) {
            wrong.push(format!("privacy_officer.email: `{email}` is no address; write it as privacy@clinic.example"));
        }
        if let Some(phone) = self.phone.as_ref().filter(|phone| !is_e164(phone)) {
            wrong.push(format!("privacy_officer.phone: `{phone}` is no E.164 number; write it as +16045550100"));
        }
        wrong
    }
}

/// The clinic whose book is built in: no real one may open with invented patients.
const SAMPLE: &str = "harbour-street";

/// The text of this language, else the English one.
pub fn in_language(texts: &Translated, language: Language) -> &str {
    texts.get(&language).or_else(|| texts.get(&Language::English)).map_or("", String::as_str)
}

fn no_number(key: &str, number: &str) -> Option<String> {
    (!is_e164(number)).then(|| format!("{key}: `{number}` is no E.164 number; write it as +16045550100"))
}

fn is_e164(number: &str) -> bool {
    number
        .strip_prefix('+')
        .is_some_and(|digits| (8..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()))
}

fn is_sip(uri: &str) -> bool {
    let user_at_host =
        uri.strip_prefix("sip:").or_else(|| uri.strip_prefix("sips:")).or_else(|| uri.strip_prefix("tel:+"));
    user_at_host.is_some_and(|rest| !rest.is_empty() && !rest.contains(char::is_whitespace))
}

#[cfg(test)]
mod tests;
