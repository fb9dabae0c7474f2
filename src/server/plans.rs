//! Calls that are served otherwise than usual: by the cheaper providers, once the clinic's budget of the day is spent, and by an arm of each
//! experiment. A call that is served cheaper is in no experiment: it would tell nothing of its arm.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::StartError;
use super::providers::{Asked, Staff};
use super::settings::Cheaper;
use crate::call::CallId;
use crate::call::canned::Canned;
use crate::call::providers::{Plan, Plans};
use crate::call::rendering;
use crate::clinic::Clinic;
use crate::config::Config;
use crate::costs::Meter;
use crate::costs::budget::Level;
use crate::experiments::ExperimentsConfig;
use crate::tts::cache::PhraseCache;

/// What keeps a clinic's budget from working: lines with the place, the key and the mend.
pub(super) fn check_budget(config: &Config, clinic: &Clinic) -> Vec<String> {
    if clinic.config.budget.is_none() {
        return Vec::new();
    }
    let file = config.clinic.file.as_ref().map_or_else(String::new, |file| format!("{}: ", file.display()));
    let mut wrong = Vec::new();
    if config.prices.models.is_empty() {
        wrong.push(
            "budget.day: nothing has a price, so nothing would be counted; write [[prices.models]], as in docs/costs.md",
        );
    }
    if config.providers.cheaper.is_none() {
        wrong.push("budget.day: nobody is cheaper; write [providers.cheaper], for example thinking = [\"rules\"]");
    }
    if !config.records.transcripts {
        wrong.push(
            "budget.day: the day's sum is counted again from the calls' records after a restart, and none are kept; write records.transcripts = true",
        );
    }
    wrong.into_iter().map(|what| format!("{file}{what}")).collect()
}

/// See the module header.
pub(super) struct Served {
    staff: Staff,
    cheaper: Option<Plan>,
    experiments: ExperimentsConfig,
    /// What is other than usual in each arm, by experiment and arm.
    arms: BTreeMap<(String, String), Unlike>,
    /// As the usual voices say them.
    canned: Arc<Canned>,
}

struct Unlike {
    asked: Asked,
    /// The fixed phrases, where another voice says them.
    canned: Option<Arc<Canned>>,
}

/// Fixed phrases in the voice of those who serve a call, so that it is one voice from the greeting on.
struct Phrases<'a> {
    unspoken: Canned,
    kept: Option<&'a PhraseCache>,
    meter: &'a Meter,
}

impl Phrases<'_> {
    async fn spoken(&self, staff: &Staff, asked: &Asked) -> Arc<Canned> {
        let mut said = self.unspoken.clone();
        let voices = staff.providers(asked).voices;
        let failed = rendering::render(&mut said, &voices, &staff.last_resort(), self.kept, self.meter).await;
        if !failed.is_empty() {
            tracing::warn!(
                phrases = failed.len(),
                "some fixed phrases have no audio yet in a voice of [experiments] or [providers.cheaper]"
            );
        }
        Arc::new(said)
    }
}

impl Served {
    /// `canned` are the fixed phrases as the usual voices say them, `unspoken` the same without audio.
    pub(super) async fn open(
        config: &Config,
        staff: Staff,
        canned: &Canned,
        unspoken: Canned,
        kept: Option<&PhraseCache>,
        meter: &Meter,
    ) -> Result<Self, StartError> {
        let phrases = Phrases { unspoken, kept, meter };
        let canned = Arc::new(canned.clone());
        let mut cheaper = None;
        if let Some(Cheaper { hearing, thinking, speaking }) = config.providers.cheaper.clone() {
            let asked = Asked { hearing, thinking, speaking, ..Asked::default() };
            let said = if asked.speaking.is_some() { phrases.spoken(&staff, &asked).await } else { canned.clone() };
            let providers = Arc::new(staff.providers(&asked));
            cheaper = Some(Plan { providers, canned: said, cheaper: true, arms: BTreeMap::new() });
        }
        let mut arms = BTreeMap::new();
        for (experiment, name, arm) in config.experiments.all() {
            let asked = Asked {
                hearing: None,
                thinking: arm.models.clone(),
                speaking: arm.speaking.clone(),
                prompts: arm.prompts.clone(),
                voices: staff.voices(&config.providers, &arm.voices)?,
            };
            let canned = if arm.speaks_otherwise() { Some(phrases.spoken(&staff, &asked).await) } else { None };
            arms.insert((experiment.to_owned(), name.to_owned()), Unlike { asked, canned });
        }
        Ok(Self { staff, cheaper, experiments: config.experiments.clone(), arms, canned })
    }

    /// All its arms together: no two experiments change the same.
    fn arms(&self, call: CallId) -> Plan {
        let arms = self.experiments.arms(call);
        let (mut asked, mut canned) = (Asked::default(), self.canned.clone());
        for arm in &arms {
            let Some(unlike) = self.arms.get(&(arm.0.clone(), arm.1.clone())) else { continue };
            let theirs = unlike.asked.clone();
            asked = Asked {
                hearing: asked.hearing.or(theirs.hearing),
                thinking: asked.thinking.or(theirs.thinking),
                speaking: asked.speaking.or(theirs.speaking),
                prompts: if theirs.prompts.is_empty() { asked.prompts } else { theirs.prompts },
                voices: asked.voices.or(theirs.voices),
            };
            if let Some(said) = &unlike.canned {
                canned = said.clone();
            }
        }
        Plan { providers: Arc::new(self.staff.providers(&asked)), canned, cheaper: false, arms }
    }
}

impl Plans for Served {
    fn plan(&self, call: CallId, level: Level) -> Option<Plan> {
        match (level, &self.cheaper) {
            (Level::Spent, Some(cheaper)) => Some(cheaper.clone()),
            (Level::Within | Level::Alarm | Level::Spent, _) if self.experiments.0.is_empty() => None,
            (Level::Within | Level::Alarm | Level::Spent, _) => Some(self.arms(call)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::graph::Graph;
    use crate::server::{Kind, providers};
    use crate::state::Shared;

    #[tokio::test(start_paused = true)]
    async fn a_call_is_in_its_arms_until_the_day_is_spent() {
        let experiments = "[model.arms.a]\nshare = 50\n[model.arms.b]\nshare = 50\nmodels = [\"rules\"]\n";
        let mut config = Config { experiments: toml::from_str(experiments).unwrap(), ..Config::default() };
        config.providers.kind = Kind::Scripted;
        config.providers.cheaper = Some(Cheaper { thinking: Some(vec!["rules".to_owned()]), ..Cheaper::default() });
        let crew = providers::Crew::open(&config).unwrap();
        let staff = crew.staff(&config, &Clinic::sample(), Graph::built_in(), &Shared::default(), None).unwrap();
        let (canned, meter) = (Canned::texts(), Meter::default());
        let served = Served::open(&config, staff, &canned, canned.clone(), None, &meter).await.unwrap();
        let call = CallId::new();
        let plan = served.plan(call, Level::Alarm).unwrap();
        assert_eq!((plan.cheaper, plan.arms), (false, config.experiments.arms(call)));
        let plan = served.plan(call, Level::Spent).unwrap();
        assert!(plan.cheaper && plan.arms.is_empty());
    }
}
