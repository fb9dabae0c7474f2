//! `attendant check`: would `serve` start with this configuration?

mod audio;
mod notices;

use anyhow::anyhow;
use clap::Args;

use super::origin::Origin;
use super::{Exit, Failure, start_failure};
use crate::clinic::holidays::Ahead;
use crate::clinic::limits::LimitsConfig;
use crate::clinic::retention::RetentionConfig;
use crate::clinic::{Clinic, ClinicConfig};
use crate::clock;
use crate::config::Config;
use crate::costs::{Kind as Use, Prices};
use crate::emr::{self, Capabilities, EmrKind, Registrations};
use crate::language::Language;
use crate::models::Model;
use crate::provider::residency::Country;
use crate::server::{self, Kind, ProvidersConfig, Served, StartError};
use crate::state::redis::Redis;
use crate::state::{Shared, StateConfig};
use crate::store::{self, Kind as StoreKind};

/// Check the configuration and say everything that is wrong with it; start nothing.
#[derive(Debug, Args)]
pub(super) struct Check {
    #[command(flatten)]
    origin: Origin,
    /// Also ask the clinic's EMR for everything that calls will need of it. Nothing is written there.
    #[arg(long)]
    emr: bool,
}

impl Check {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        let source = self.origin.source();
        let config = self.origin.load()?;
        let all = server::check(&config).map_err(Failure::usage)?;
        match source.file() {
            Some(file) => println!("{}: configuration is good", file.display()),
            None => println!("no configuration file: the built-in defaults are good"),
        }
        let several = all.len() > 1;
        let mut clinics = Vec::with_capacity(all.len());
        for served in all {
            clinics.push(told(served, several)?);
        }
        if several {
            println!("numbers  calls to any other are refused");
        }
        let addresses: Vec<String> = config
            .sip
            .udp
            .iter()
            .map(|address| format!("udp {address}"))
            .chain(config.sip.tcp.iter().map(|address| format!("tcp {address}")))
            .collect();
        println!("sip      {}", addresses.join(", "));
        println!("records  {}", config.records.folder().display());
        println!("store    {}", store(&config, clinics.len()));
        let missing = config.speech.missing();
        if config.providers.kind == Kind::Embedded && !missing.is_empty() {
            return Err(Failure::unavailable(StartError::Missing(missing)));
        }
        println!("hearing  {}", asked(&config.providers, Use::Hearing));
        println!("thinking {}", asked(&config.providers, Use::Thinking));
        println!("speaking {}", asked(&config.providers, Use::Speaking));
        println!("prices   {}", prices(&config));
        println!("calls    at most {} at once", config.call.max_calls);
        audio::asked(&config, &clinics)?;
        let shared = state(&config.state)?;
        let mut exit = shared;
        for clinic in clinics.iter().filter(|_| self.emr) {
            let asked = emr(clinic)?;
            exit = if matches!(exit, Exit::Done) { asked } else { exit };
        }
        Ok(exit)
    }
}

/// What is a clinic's own.
fn told(served: Served, several: bool) -> Result<Clinic, Failure> {
    let Served { clinic, config } = served;
    let name = clinic.name(config.clinic.language);
    if several {
        let ClinicConfig { id, numbers, extensions, .. } = &clinic.config;
        let dialled: Vec<&str> = numbers.iter().chain(extensions).map(String::as_str).collect();
        println!("clinic   {name} ({id}): {}", dialled.join(", "));
        println!("room     {}", room(clinic.config.max_calls, config.call.max_calls));
    } else {
        println!("clinic   {name}");
    }
    println!("book     {}", book(&clinic));
    println!("holidays {}", Ahead::of(&clinic.config, clinic.local(clock::now()).date()).told());
    let clinic = login(&config, clinic)?;
    println!("kept     {}", kept(&config, &clinic.config.retention));
    println!("limits   {}", limits(&clinic.config.limits));
    println!("notices  {}", notices::told(&clinic.config, config.api.public_url.is_some()));
    println!("data     {}", data(&config, clinic.config.residency.as_ref()));
    Ok(clinic)
}

/// How much of the room for calls is the clinic's.
fn room(own: Option<usize>, all: usize) -> String {
    match own {
        Some(own) => format!("at most {} calls at once", own.min(all)),
        None => format!(
            "all {all} calls at once: it may leave the others none; max_calls in its file says how many it may have"
        ),
    }
}

/// Asks Redis, if instances share their state, and says what was found.
fn state(config: &StateConfig) -> Result<Exit, Failure> {
    let Some(secret) = config.secret.as_ref().filter(|_| !config.redis.is_empty()) else {
        println!("state    within this process: one instance");
        return Ok(Exit::Done);
    };
    let secret = secret.read().map_err(|what| Failure::usage(anyhow!("state.secret: {what}")))?;
    let about = runtime()?.block_on(async {
        let redis = Redis::new(config, secret.expose(), "check").map_err(|what| Failure::usage(anyhow!(what)))?;
        redis.about().await.map_err(|lost| Failure::unavailable(anyhow!("{}: {lost}", config.redis.join(", "))))
    })?;
    let kind = if config.is_cluster() { "a cluster of Redis" } else { "Redis" };
    println!(
        "state    {kind} {} at {}, {:.1} ms a question",
        about.version,
        config.redis.join(", "),
        about.took.as_secs_f64() * 1e3
    );
    for wrong in &about.wrong {
        println!("state    WRONG: {wrong}");
    }
    Ok(if about.wrong.is_empty() { Exit::Done } else { Exit::Found })
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| Failure::internal(anyhow!(e)))
}

/// What has a price, and a warning of what has none.
fn prices(config: &Config) -> String {
    let prices = Prices::new(&config.prices);
    let mut used = config.providers.paid_models();
    for (_, _, arm) in config.experiments.all() {
        let voices = arm.voices.get("azure_speech").into_iter().flat_map(|voices| voices.values());
        used.extend(voices.map(|voice| (Use::Speaking, "azure_speech", voice.clone())));
    }
    if config.providers.kind == Kind::Scripted || used.is_empty() {
        return "nobody is paid by use".to_owned();
    }
    let without: Vec<String> = (used.iter())
        .filter(|(what, provider, model)| !prices.has(*what, provider, model))
        .map(|(_, provider, model)| format!("{provider} {model}"))
        .collect();
    if without.is_empty() {
        return format!("{}, for every model that is configured", prices.currency());
    }
    format!(
        "WARNING: no price for {}: what they cost is not counted; add [[prices.models]], as in docs/costs.md",
        without.join(", ")
    )
}

/// What PostgreSQL allows if nobody says otherwise, less what it keeps for its own administrators.
const MOST_CONNECTIONS: usize = 97;

/// Where records of calls that are over are kept, for so many clinics.
fn store(config: &Config, clinics: usize) -> String {
    match (config.store.kind(), &config.store.url) {
        (StoreKind::Off, _) => "none: records of calls stay files".to_owned(),
        (StoreKind::Embedded, _) | (StoreKind::Postgres, None) => {
            format!("SQLite, {}", store::embedded(&config.home()).display())
        }
        (StoreKind::Postgres, Some(url)) => {
            // Each clinic has connections of its own.
            let each = config.store.connections as usize;
            let all = each * clinics;
            let used = if clinics > 1 {
                format!("; {clinics} clinics with {each} connections each, {all} in all")
            } else {
                String::new()
            };
            let warning = format!(
                "; WARNING: each instance needs {all}, and PostgreSQL allows {MOST_CONNECTIONS} if nobody says otherwise: raise its max_connections, or lower store.connections"
            );
            format!("PostgreSQL, {url}{used}{}", if all > MOST_CONNECTIONS { &warning } else { "" })
        }
    }
}

/// How long what is known of callers is kept.
fn kept(config: &Config, retention: &RetentionConfig) -> String {
    let RetentionConfig { transcripts_days, recordings_days, messages_days, calls_days, audit_days } = retention;
    match config.store.kind() {
        StoreKind::Off => "WARNING: for ever: without a store nothing is purged".to_owned(),
        StoreKind::Embedded | StoreKind::Postgres => format!(
            "transcripts {transcripts_days} days, recordings {recordings_days}, messages {messages_days}, calls {calls_days}, the audit {audit_days}"
        ),
    }
}

/// How much one caller may do in a day.
fn limits(limits: &LimitsConfig) -> String {
    let LimitsConfig { left, booked, withheld, calls, calls_a_minute } = limits;
    format!(
        "of one number a day: {left} left for the staff, {booked} booked or moved ({withheld} of all without a number); told of more than {calls} calls, or {calls_a_minute} in a minute"
    )
}

/// What keeps the appointments.
fn book(clinic: &Clinic) -> String {
    let Some(emr) = &clinic.config.emr else { return "none: callers are offered a message or a person".to_owned() };
    match (emr.kind, &emr.oscar, &emr.fhir) {
        (EmrKind::Oscar, Some(oscar), _) => {
            format!("OSCAR ({}) at {}, {} providers", oscar.dialect.name(), oscar.base_url, oscar.providers.len())
        }
        (EmrKind::Fhir, _, Some(fhir)) => format!("FHIR R4 at {}, {} providers", fhir.base_url, fhir.providers.len()),
        (EmrKind::Book, _, _) | (EmrKind::Oscar, None, _) | (EmrKind::Fhir, _, None) => "the embedded one".to_owned(),
    }
}

/// The clinic with the account at its EMR; says where that is kept.
fn login(config: &Config, clinic: Clinic) -> Result<Clinic, Failure> {
    let found = runtime()?.block_on(async {
        let folder = config.records.folder();
        // Who only looks creates nothing.
        let is_asked =
            (clinic.config.emr.as_ref().and_then(|emr| emr.oscar.as_ref())).is_some_and(|oscar| oscar.user.is_none());
        let is_there = config.store.kind() != StoreKind::Embedded || store::embedded(&config.home()).exists();
        let store = if is_asked && is_there { server::store(config)? } else { None };
        if let Some(store) = &store {
            store.make_ready().await?;
        }
        server::login(&clinic, store.as_ref(), &folder).await
    });
    match found.map_err(start_failure)? {
        Some((login, place)) => {
            println!("login    {place}");
            Ok(clinic.with_emr_login(login))
        }
        None => Ok(clinic),
    }
}

/// Asks the EMR and says what was found.
fn emr(clinic: &Clinic) -> Result<Exit, Failure> {
    let across = emr::across(clinic, &Shared::default()).map_err(|what| Failure::usage(anyhow!(what)))?;
    let Some(across) = across else {
        println!("emr      nothing to ask: appointments are kept by attendant itself, or not at all");
        return Ok(Exit::Done);
    };
    let now = clinic.local(clock::now()).datetime();
    let findings = runtime()?.block_on(across.health(now)).map_err(Failure::unavailable)?;
    for finding in &findings {
        match &finding.mend {
            None => println!("emr      {}", finding.what),
            Some(mend) => println!("emr      WRONG: {}; {mend}", finding.what),
        }
    }
    let Capabilities { creates_patients, .. } = across.capabilities();
    let registrations = clinic.config.emr.as_ref().map(|emr| emr.registrations).unwrap_or_default();
    println!(
        "emr      {}",
        match (creates_patients, registrations) {
            (false, _) => "new patients cannot be registered in it; the staff do that",
            (true, Registrations::Queued) => "new patients are left to the staff, who make their charts",
            (true, Registrations::Created) => "new patients get a chart in it, if nobody there may be them already",
        }
    );
    Ok(if findings.iter().all(|finding| finding.mend.is_none()) { Exit::Done } else { Exit::Found })
}

/// Where what callers say goes.
fn data(config: &Config, residency: Option<&Country>) -> String {
    let sends: Vec<String> = server::sends(&config.providers)
        .into_iter()
        .chain(server::keeps(&config.records))
        .map(|sends| format!("{} ({}) to {}", sends.provider, sends.what, sends.place))
        .collect();
    let goes = if sends.is_empty() { "no provider takes it off this machine".to_owned() } else { sends.join("; ") };
    residency.map_or_else(|| goes.clone(), |country| format!("{goes}; the clinic keeps it in {country}"))
}

/// Who is asked, in the order in which they are; by language, if not in all alike.
fn asked(providers: &ProvidersConfig, what: Use) -> String {
    if providers.kind == Kind::Scripted {
        return "scripted".to_owned();
    }
    let mut orders: Vec<(Vec<&str>, Vec<&str>)> = Vec::new();
    for language in Language::ALL {
        let names = providers.asked(what, language);
        match orders.iter_mut().find(|(_, order)| *order == names) {
            Some((languages, _)) => languages.push(language.tag()),
            None => orders.push((vec![language.tag()], names)),
        }
    }
    let in_words =
        |names: &[&str]| names.iter().map(|name| described(providers, what, name)).collect::<Vec<_>>().join(", then ");
    match &orders[..] {
        [(_, names)] => in_words(names),
        several => {
            let lines: Vec<String> = several
                .iter()
                .map(|(languages, names)| format!("{}: {}", languages.join(", "), in_words(names)))
                .collect();
            // Under the first of them.
            lines.join("\n         ")
        }
    }
}

/// Who this is, and where.
fn described(providers: &ProvidersConfig, what: Use, name: &str) -> String {
    let at = match (what, name) {
        (Use::Hearing, "whisper") => return "whisper, on this machine".to_owned(),
        (Use::Speaking, "embedded") => return "voices on this machine".to_owned(),
        (Use::Thinking, "rules") => return rules(),
        (Use::Thinking, "openai") => {
            providers.openai.as_ref().map(|model| format!("{} at {}", model.model, model.base_url))
        }
        (Use::Thinking, "anthropic") => {
            providers.anthropic.as_ref().map(|claude| format!("{} at {}", claude.own.model, claude.address()))
        }
        (Use::Thinking, _) => {
            providers.models.get(name).map(|model| format!("{name} ({} at {})", model.model, model.base_url))
        }
        (_, "azure_speech") => providers.azure_speech.as_ref().map(|azure| format!("azure in {}", azure.own.region)),
        (_, "azure_stt") => providers.azure_stt.as_ref().map(|azure| format!("azure in {}", azure.own.region)),
        (_, "google") => providers.google.as_ref().map(|google| format!("google in {}", google.own.location)),
        (Use::Hearing | Use::Speaking, _) => {
            let account = providers.accounts().into_iter().find(|(known, _)| *known == name);
            account.map(|(name, account)| format!("{name} at {}", account.address()))
        }
    };
    at.unwrap_or_else(|| name.to_owned())
}

fn rules() -> String {
    match Model::SentenceEncoder.missing() {
        None => "rules, on this machine".to_owned(),
        Some(file) => {
            format!("rules, on this machine, by words alone ({} is missing; run `make models`)", file.display())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn providers(text: &str) -> ProvidersConfig {
        toml::from_str(text).expect("the section is read")
    }

    #[test]
    fn who_is_asked_is_told_by_language_in_the_order_of_the_configuration() {
        let text = r#"
            deepgram = { key = { env = "K" } }
            azure_speech = { key = { env = "K" }, region = "canadacentral" }
            hearing = { en-CA = ["whisper"], fr-CA = ["whisper", "deepgram"] }
            speaking = { zh-HK = ["embedded", "azure_speech"] }
            openai = { base_url = "http://127.0.0.1:8000/v1", model = "m" }
            anthropic = { model = "claude-haiku-5-5", key = { env = "K" } }
            thinking = { pa-IN = ["rules"] }
        "#;
        let providers = providers(text);
        assert_eq!(
            asked(&providers, Use::Hearing),
            "en-CA: whisper, on this machine\n         \
             zh-CN, zh-HK, pa-IN: deepgram at wss://api.deepgram.com, then whisper, on this machine\n         \
             fr-CA: whisper, on this machine, then deepgram at wss://api.deepgram.com"
        );
        assert_eq!(
            asked(&providers, Use::Speaking),
            "en-CA, zh-CN, pa-IN, fr-CA: azure in canadacentral, then voices on this machine\n         \
             zh-HK: voices on this machine, then azure in canadacentral"
        );
        let thinking = asked(&providers, Use::Thinking);
        assert!(
            thinking.starts_with(
                "en-CA, zh-CN, zh-HK, fr-CA: m at http://127.0.0.1:8000/v1, \
                 then claude-haiku-5-5 at https://api.anthropic.com, then rules"
            ),
            "{thinking}"
        );
        assert!(thinking.contains("\n         pa-IN: rules, on this machine"), "{thinking}");
    }

    #[test]
    fn connections_of_all_clinics_are_added_up() {
        let text = "url = \"postgres://a@db/b\"\npassword = { env = \"P\" }\nconnections = 4";
        let config = Config { store: toml::from_str(text).unwrap(), ..Config::default() };
        assert_eq!(store(&config, 1), "PostgreSQL, postgres://a@db/b");
        let several = store(&config, 24);
        assert!(several.ends_with("; 24 clinics with 4 connections each, 96 in all"), "{several}");
        let many = store(&config, 25);
        assert!(many.contains("100 in all; WARNING: each instance needs 100, and PostgreSQL allows 97"), "{many}");
    }

    #[test]
    fn who_does_not_know_a_language_is_not_asked_in_it_and_an_order_for_all_is_told_once() {
        let flux = providers("deepgram = { key = { env = \"K\" }, model = \"flux\" }");
        assert!(asked(&flux, Use::Hearing).contains("\n         zh-CN, zh-HK, pa-IN: whisper, on this machine"));
        assert_eq!(asked(&ProvidersConfig::default(), Use::Hearing), "whisper, on this machine");
        assert_eq!(asked(&providers("kind = \"scripted\""), Use::Speaking), "scripted");
    }
}
