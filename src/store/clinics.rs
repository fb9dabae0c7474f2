//! Clinics in the store: their files, whether they may take calls, and what was seen at their gates.
//!
//! A clinic's file stays what people write; its text is kept as it was last added, imported or served, with tables of what is in it. A file that has passed
//! its gates has passed them for good: what fails later is told, and does not take a clinic off the telephone. Whoever disables a clinic does. What
//! is changed is the clinic's own for whom the store was opened, and stands in its audit; only [`Roster`] looks at all of them.

mod rows;
pub mod switch;

use sea_orm::sea_query::Value;
use sea_orm::{ConnectionTrait, QueryResult};
use sha2::{Digest, Sha256};

use super::audit::{Action, Note};
use super::insert::insert;
use super::schema::clinics::{HOLIDAYS, HOURS, LANGUAGES, NUMBERS, PROVIDERS};
use super::{Store, StoreError, commit, execute, rollback};
use crate::clinic::{Clinic, Tenant};
use crate::clock;
use crate::language::Language;
use crate::onboarding::{Finding, Gate, have_passed};

/// Whether a clinic takes calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// This file of it has not passed its gates yet.
    Waiting,
    Active,
    /// By a person.
    Disabled,
}

impl State {
    /// As in tables and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Active => "active",
            Self::Disabled => "disabled",
        }
    }
}

/// What became of a file that was put into the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    Added,
    Changed,
    /// It is there already.
    Same,
}

/// A clinic as the store has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    pub id: String,
    /// By which its own store is opened, whatever has become of its file.
    pub tenant: Tenant,
    pub name: String,
    pub state: State,
    pub numbers: Vec<String>,
    pub languages: Vec<Language>,
    /// Fingerprint of its file.
    pub facts: String,
    /// The file's text.
    pub file: String,
    /// Milliseconds since 1970: when this file was put into the store, and when it passed.
    pub changed_ms: i64,
    pub passed_ms: Option<i64>,
    /// When, and by whom.
    pub disabled: Option<(i64, String)>,
}

/// Of a clinic that is not yet: when, and by whom.
const DISABLE: &str = "UPDATE clinics SET disabled_ms = $2, disabled_by = $3 WHERE clinic = $1 AND disabled_ms IS NULL";

/// By which a clinic's file is known again.
pub fn fingerprint(file: &str) -> String {
    Sha256::digest(file).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Every clinic of the database: for whoever runs the servers, never for a call.
#[derive(Clone, Copy, Debug)]
pub struct Roster<'a>(&'a Store);

impl Store {
    pub const fn roster(&self) -> Roster<'_> {
        Roster(self)
    }

    fn own(&self) -> Value {
        self.clinic.to_string().into()
    }

    /// Puts this clinic's file into the store, in place of the one that is there.
    pub async fn put_clinic(&self, clinic: &Clinic, actor: &str) -> Result<Put, StoreError> {
        if *clinic.tenant() != self.clinic {
            let what = format!("the file of clinic {} in the store of {}", clinic.config.id, &*self.clinic);
            return Err(StoreError::Record(what));
        }
        let facts = fingerprint(clinic.text());
        let transaction = self.begin().await?;
        let found = super::rows(&transaction, "SELECT facts FROM clinics WHERE clinic = $1", vec![self.own()]).await?;
        let before: Option<String> = found.first().map(|row| row.try_get_by_index(0)).transpose()?;
        let (put, action) = match before {
            Some(before) if before == facts => {
                rollback(transaction).await?;
                return Ok(Put::Same);
            }
            Some(_) => (Put::Changed, Action::ClinicChanged),
            None => (Put::Added, Action::ClinicAdded),
        };
        let now = clock::now().as_millisecond();
        execute(&transaction, &rows::upsert(), rows::clinic(clinic, &facts, now)).await?;
        for (into, rows) in [
            (NUMBERS, rows::numbers(&clinic.config)),
            (LANGUAGES, rows::languages(&clinic.config)),
            (HOURS, rows::hours(&clinic.config)),
            (HOLIDAYS, rows::holidays(&clinic.config)),
            (PROVIDERS, rows::providers(&clinic.config)),
        ] {
            execute(&transaction, &format!("DELETE FROM {} WHERE clinic = $1", into.table), vec![self.own()]).await?;
            insert(&transaction, into, rows).await?;
        }
        self.append(&transaction, &about(actor, action, &self.clinic, &facts)).await?;
        commit(transaction).await?;
        Ok(put)
    }

    /// Whether this clinic takes calls with a file of this fingerprint; `None` if the store does not know it.
    pub async fn clinic_state(&self, facts: &str) -> Result<Option<State>, StoreError> {
        self.state(&self.database, facts).await
    }

    async fn state(&self, on: &impl ConnectionTrait, facts: &str) -> Result<Option<State>, StoreError> {
        let sql = "SELECT c.disabled_ms, p.at_ms FROM clinics c \
            LEFT JOIN clinic_passes p ON p.clinic = c.clinic AND p.facts = $2 WHERE c.clinic = $1";
        let found = super::rows(on, sql, vec![self.own(), facts.into()]).await?;
        let state = |row: &QueryResult| -> Result<State, StoreError> {
            Ok(state(row.try_get_by_index(0)?, row.try_get_by_index(1)?))
        };
        found.first().map(state).transpose()
    }

    /// Writes down what was seen at gates of a file of this clinic, which passes once all of them have; whether it takes calls then.
    pub async fn record_gates(&self, facts: &str, findings: &[Finding], actor: &str) -> Result<State, StoreError> {
        let transaction = self.begin().await?;
        let upsert = "INSERT INTO clinic_gates (clinic, gate, facts, at_ms, evidence) VALUES ($1, $2, $3, $4, $5) \
            ON CONFLICT (clinic, gate) DO UPDATE SET facts = $3, at_ms = $4, evidence = $5";
        for finding in findings {
            let evidence = serde_json::to_string(&finding.evidence).unwrap_or_default();
            let at = finding.at.as_millisecond();
            let values = vec![self.own(), finding.gate.name().into(), facts.into(), at.into(), evidence.into()];
            execute(&transaction, upsert, values).await?;
        }
        let all = self.findings(&transaction, facts).await?;
        if have_passed(&all) {
            let insert = "INSERT INTO clinic_passes (clinic, facts, at_ms) VALUES ($1, $2, $3) \
                ON CONFLICT (clinic, facts) DO NOTHING";
            let now = clock::now().as_millisecond();
            if execute(&transaction, insert, vec![self.own(), facts.into(), now.into()]).await? > 0 {
                self.append(&transaction, &about(actor, Action::ClinicPassed, &self.clinic, facts)).await?;
            }
        }
        let state = self.state(&transaction, facts).await?.unwrap_or(State::Waiting);
        commit(transaction).await?;
        Ok(state)
    }

    /// What was seen last at each gate of this file, in their order.
    pub async fn gates(&self, facts: &str) -> Result<Vec<Finding>, StoreError> {
        self.findings(&self.database, facts).await
    }

    async fn findings(&self, on: &impl ConnectionTrait, facts: &str) -> Result<Vec<Finding>, StoreError> {
        let sql = "SELECT gate, at_ms, evidence FROM clinic_gates WHERE clinic = $1 AND facts = $2";
        let found = super::rows(on, sql, vec![self.own(), facts.into()]).await?;
        let mut findings = Vec::with_capacity(found.len());
        for row in &found {
            let (gate, at_ms, evidence): (String, i64, String) =
                (row.try_get_by_index(0)?, row.try_get_by_index(1)?, row.try_get_by_index(2)?);
            // A gate of a newer release says nothing to this one.
            let Some(gate) = Gate::ALL.into_iter().find(|known| known.name() == gate) else { continue };
            let wrong = || StoreError::Record(format!("the gate {} of clinic {}", gate.name(), &*self.clinic));
            let at = jiff::Timestamp::from_millisecond(at_ms).map_err(|_| wrong())?;
            findings.push(Finding { gate, at, evidence: serde_json::from_str(&evidence).map_err(|_| wrong())? });
        }
        findings.sort_by_key(|finding| finding.gate);
        Ok(findings)
    }

    /// From now on all its calls are passed on; `false` if they were already, or the store does not know it.
    pub async fn disable_clinic(&self, actor: &str) -> Result<bool, StoreError> {
        let now = clock::now().as_millisecond();
        self.switch(DISABLE, vec![self.own(), now.into(), actor.into()], actor, Action::ClinicDisabled).await
    }

    /// Undoes [`Self::disable_clinic`]; `false` if there was nothing to undo.
    pub async fn enable_clinic(&self, actor: &str) -> Result<bool, StoreError> {
        let enable =
            "UPDATE clinics SET disabled_ms = NULL, disabled_by = NULL WHERE clinic = $1 AND disabled_ms IS NOT NULL";
        self.switch(enable, vec![self.own()], actor, Action::ClinicEnabled).await
    }

    async fn switch(&self, sql: &str, values: Vec<Value>, actor: &str, action: Action) -> Result<bool, StoreError> {
        let transaction = self.begin().await?;
        if execute(&transaction, sql, values).await? == 0 {
            rollback(transaction).await?;
            return Ok(false);
        }
        self.append(&transaction, &Note::new(actor, action, &self.clinic, "done")).await?;
        commit(transaction).await?;
        Ok(true)
    }
}

/// For the audit: which clinic, and which of its files.
fn about(actor: &str, action: Action, clinic: &str, facts: &str) -> Note {
    Note::new(actor, action, clinic, facts.get(..12).unwrap_or(facts))
}

const fn state(disabled_ms: Option<i64>, passed_ms: Option<i64>) -> State {
    match (disabled_ms, passed_ms) {
        (Some(_), _) => State::Disabled,
        (None, Some(_)) => State::Active,
        (None, None) => State::Waiting,
    }
}

impl Roster<'_> {
    /// Every clinic, by id.
    pub async fn all(&self) -> Result<Vec<Known>, StoreError> {
        let sql = "SELECT c.clinic, c.name, c.facts, c.file, c.changed_ms, c.disabled_ms, c.disabled_by, p.at_ms \
            FROM clinics c LEFT JOIN clinic_passes p ON p.clinic = c.clinic AND p.facts = c.facts ORDER BY c.clinic";
        let everybody = self.0.begin_for_everybody().await?;
        let mut all = Vec::new();
        for row in super::rows(&everybody, sql, vec![]).await? {
            let id: String = row.try_get_by_index(0)?;
            let (disabled_ms, by): (Option<i64>, Option<String>) = (row.try_get_by_index(5)?, row.try_get_by_index(6)?);
            let passed_ms = row.try_get_by_index(7)?;
            all.push(Known {
                tenant: Tenant::known(&id),
                name: row.try_get_by_index(1)?,
                state: state(disabled_ms, passed_ms),
                numbers: words(&everybody, NUMBERS_OF, &id).await?,
                languages: languages(&everybody, &id).await?,
                facts: row.try_get_by_index(2)?,
                file: row.try_get_by_index(3)?,
                changed_ms: row.try_get_by_index(4)?,
                passed_ms,
                disabled: disabled_ms.zip(by),
                id,
            });
        }
        rollback(everybody).await?;
        Ok(all)
    }

    /// How many other clinics there are, and which of these numbers lead to one of them as well.
    pub async fn others_with(
        &self,
        clinic: &str,
        numbers: &[String],
    ) -> Result<(usize, Vec<(String, String)>), StoreError> {
        let all = self.all().await?;
        let others: Vec<&Known> = all.iter().filter(|other| other.id != clinic).collect();
        let shared = |other: &&Known| {
            let theirs = other.numbers.iter().filter(|number| numbers.contains(number));
            theirs.map(|number| (number.clone(), other.id.clone())).collect::<Vec<_>>()
        };
        Ok((others.len(), others.iter().flat_map(shared).collect()))
    }
}

const NUMBERS_OF: &str = "SELECT number FROM clinic_numbers WHERE clinic = $1 ORDER BY number";
const LANGUAGES_OF: &str = "SELECT language FROM clinic_languages WHERE clinic = $1";

async fn languages(on: &impl ConnectionTrait, clinic: &str) -> Result<Vec<Language>, StoreError> {
    let wrong = |_| StoreError::Record(format!("a language of clinic {clinic}"));
    let tags = words(on, LANGUAGES_OF, clinic).await?;
    let mut languages: Vec<Language> = tags.iter().map(|tag| tag.parse().map_err(wrong)).collect::<Result<_, _>>()?;
    languages.sort_unstable();
    Ok(languages)
}

async fn words(on: &impl ConnectionTrait, sql: &str, clinic: &str) -> Result<Vec<String>, StoreError> {
    let found = super::rows(on, sql, vec![clinic.into()]).await?;
    found.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}

#[cfg(test)]
mod tests;
