//! `attendant providers`: the hosted providers that the configuration names, tried for real.

use std::fmt::Write;
use std::sync::Arc;

use anyhow::anyhow;
use clap::{Args, Subcommand};
use serde::Serialize;

use super::origin::Origin;
use super::{Exit, Failure};
use crate::agent::conversation::first_question;
use crate::agent::graph::Graph;
use crate::agent::llm;
use crate::config::Config;
use crate::language::Language;
use crate::provider::trial::{self, Trial};
use crate::provider::{ErrorKind, ProviderError};
use crate::server::{Hosted, StartError};
use crate::tts::Voice;
use crate::{stt, tts};

/// Try the providers on other machines that the configuration names.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(super) struct Providers {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Check(Check),
}

/// Make one real round trip with each: is the key good, and how long does each stage take?
///
/// A recogniser is asked a recorded question, a voice says three words, a model is asked as the agents ask it, with their tools: seconds of
/// audio and some thousands of tokens, which the vendors charge. Nothing of any caller is sent.
#[derive(Debug, Args)]
struct Check {
    /// Only this one: deepgram, google, sarvam, qwen, cartesia, elevenlabs, azure_speech, azure_stt, google_tts, openai_stt, openai_tts,
    /// openai, anthropic, or the name of a model.
    name: Option<String>,
    #[command(flatten)]
    origin: Origin,
    /// Only this language: en-CA, fr-CA, zh-CN, zh-HK or pa-IN. Without it recognisers and voices are tried in each that they are configured
    /// for, and models in English.
    #[arg(long, value_name = "TAG")]
    language: Option<Language>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// One provider and what came of it.
#[derive(Debug, Serialize)]
struct Row {
    name: &'static str,
    /// The arm of an experiment that alone names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    arm: Option<String>,
    does: &'static str,
    language: &'static str,
    /// What it says that it can do in this language.
    can: Vec<String>,
    #[serde(flatten)]
    took: Option<Trial>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wrong: Option<String>,
}

impl Providers {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        let What::Check(check) = self.what;
        check.run()
    }
}

impl Check {
    fn run(self) -> Result<Exit, Failure> {
        let config = self.origin.load()?;
        let hosted = Hosted::of(&config.providers).map_err(Failure::usage)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::internal)?;
        let graph = config.agents.graph().map_err(Failure::usage)?;
        let wanted = Wanted { name: self.name.as_deref(), language: self.language };
        let arms = arms(&config).map_err(Failure::usage)?;
        let rows = runtime.block_on(async {
            let mut rows = try_all(&hosted, &graph, &wanted).await;
            rows.extend(try_arms(&arms, &wanted).await);
            rows
        });
        match (&rows[..], &self.name) {
            ([], Some(name)) if !wanted.names_one_of(&hosted) => {
                return Err(Failure::usage(anyhow!(
                    "no [providers.{name}] is configured; without a name every configured one is tried"
                )));
            }
            ([], _) if self.language.is_some() && !hosted.is_empty() => {
                return Err(Failure::usage(anyhow!(
                    "nobody who is to be tried knows that language; without --language each is tried in those that it knows"
                )));
            }
            ([], Some(_)) => eprintln!("it knows no language that attendant speaks: calls do not ask it"),
            ([], None) => eprintln!("no provider on another machine is configured: calls stay on this one"),
            (_, _) if self.json => println!("{}", serde_json::to_string_pretty(&rows).map_err(Failure::internal)?),
            (_, _) => print!("{}", table(&rows)),
        }
        Ok(if rows.iter().any(|row| row.wrong.is_some()) { Exit::Found } else { Exit::Done })
    }
}

/// Who is tried, and in what.
struct Wanted<'a> {
    name: Option<&'a str>,
    language: Option<Language>,
}

impl Wanted<'_> {
    fn is(&self, name: &str) -> bool {
        self.name.is_none_or(|wanted| wanted == name)
    }

    fn names_one_of(&self, hosted: &Hosted) -> bool {
        let ears = hosted.ears.iter().map(|ears| ears.name());
        let models = hosted.models.iter().map(|model| model.name());
        ears.chain(models).chain(hosted.voices.iter().map(|(name, _)| *name)).any(|name| self.is(name))
    }

    /// Of the languages that it knows, with what it can do in them.
    fn languages<C>(&self, can: impl Fn(Language) -> Option<C>) -> impl Iterator<Item = (Language, C)> {
        let wanted =
            Language::ALL.into_iter().filter(move |language| self.language.is_none_or(|wanted| wanted == *language));
        wanted.filter_map(move |language| Some((language, can(language)?)))
    }
}

/// One after the other, so that none is measured while another keeps the line busy.
async fn try_all(hosted: &Hosted, graph: &Graph, wanted: &Wanted<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for ears in hosted.ears.iter().filter(|ears| wanted.is(ears.name())) {
        for (language, can) in wanted.languages(|language| ears.capabilities(language)) {
            rows.push(row((ears.name(), "hears", hearing(can)), language, trial::hear(ears.as_ref(), language).await));
        }
    }
    for model in hosted.models.iter().filter(|model| wanted.is(model.name())) {
        let language = wanted.language.unwrap_or_default();
        let question = first_question(graph, language);
        let can = thinking(model.capabilities(language));
        rows.push(row((model.name(), "thinks", can), language, trial::think(model.as_ref(), question).await));
    }
    for &(name, ref voice) in hosted.voices.iter().filter(|(name, _)| wanted.is(name)) {
        for (language, can) in wanted.languages(|language| voice.capabilities(language)) {
            rows.push(row((name, "speaks", speaking(can)), language, trial::speak(voice.as_ref(), language).await));
        }
    }
    rows
}

/// A voice that only an arm of an experiment names.
struct ArmVoice {
    arm: String,
    section: &'static str,
    voice: Arc<dyn Voice>,
    /// For which of them it has another one than usual.
    languages: Vec<Language>,
}

/// What else the arms name is configured, and tried with the others.
fn arms(config: &Config) -> Result<Vec<ArmVoice>, StartError> {
    let mut found = Vec::new();
    for (experiment, arm, unlike) in config.experiments.all() {
        if unlike.voices.is_empty() {
            continue;
        }
        for (section, voice) in Hosted::of_arm(&config.providers, &unlike.voices)? {
            let languages = unlike.voices[section].keys().copied().collect();
            found.push(ArmVoice { arm: format!("{experiment}.{arm}"), section, voice, languages });
        }
    }
    Ok(found)
}

async fn try_arms(arms: &[ArmVoice], wanted: &Wanted<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for ArmVoice { arm, section, voice, languages } in arms.iter().filter(|one| wanted.is(one.section)) {
        let known = |language| voice.capabilities(language).filter(|_| languages.contains(&language));
        for (language, can) in wanted.languages(known) {
            let outcome = trial::speak(voice.as_ref(), language).await;
            rows.push(Row { arm: Some(arm.clone()), ..row((section, "speaks", speaking(can)), language, outcome) });
        }
    }
    rows
}

fn hearing(can: stt::Capabilities) -> Vec<String> {
    let partials: &[&str] = match can.partials {
        stt::Partials::None => &[],
        stt::Partials::Changing => &["partials"],
        stt::Partials::WithStable => &["partials", "stable words"],
    };
    partials.iter().chain(can.end_of_turn.then_some(&"ends of turns")).map(|can| (*can).to_owned()).collect()
}

fn speaking(can: tts::Capabilities) -> Vec<String> {
    let words = match can.words {
        tts::Times::Exact => "exact times",
        tts::Times::Estimated => "estimated times",
    };
    let longest = can.longest.map(|longest| format!("{longest} characters"));
    std::iter::once(words.to_owned()).chain(longest).collect()
}

fn thinking(can: llm::Capabilities) -> Vec<String> {
    can.goes_on.then(|| "goes on".to_owned()).into_iter().collect()
}

/// Who does what, and what of it.
type Able = (&'static str, &'static str, Vec<String>);

fn row((name, does, can): Able, language: Language, outcome: Result<Trial, ProviderError>) -> Row {
    let (took, wrong) = match outcome {
        Ok(took) => (Some(took), None),
        Err(error) => (None, Some(in_words(name, &error))),
    };
    Row { name, arm: None, does, language: language.tag(), can, took, wrong }
}

/// What is wrong and what to do.
fn in_words(name: &str, error: &ProviderError) -> String {
    let mend = match error.kind {
        ErrorKind::Connection => format!("see to the network, the firewall and providers.{name}.base_url"),
        ErrorKind::Timeout => format!("see to the network, or raise the deadlines of [providers.{name}]"),
        ErrorKind::Unauthorised => format!("the key of [providers.{name}] is refused: see to providers.{name}.key"),
        ErrorKind::Limited => "the account's quota or rate is used up: see to its plan".to_owned(),
        ErrorKind::Full => {
            "as many calls as this machine carries are going on: try again, or see to speech.calls".to_owned()
        }
        ErrorKind::Server => "the vendor has a fault: try again, and see its status page".to_owned(),
        ErrorKind::Request => format!("see to the model, voice and base_url of [providers.{name}]"),
        ErrorKind::Empty => format!("see to the model or voice of [providers.{name}]"),
    };
    format!("{}; {mend}", error.what)
}

fn table(rows: &[Row]) -> String {
    let header = ["PROVIDER", "DOES", "LANGUAGE", "CAN", "CONNECT", "FIRST", "WHOLE", "RESULT"].map(str::to_owned);
    let cells: Vec<[String; 8]> = std::iter::once(header).chain(rows.iter().map(cells)).collect();
    let widths: [usize; 8] = std::array::from_fn(|column| cells.iter().map(|row| row[column].len()).max().unwrap_or(0));
    let mut out = String::new();
    for [name, does, language, can, connect, first, whole, result] in &cells {
        let [a, b, c, d, e, f, g, _] = widths;
        // Writing to a String cannot fail.
        let who = format!("{name:<a$}  {does:<b$}  {language:<c$}  {can:<d$}");
        writeln!(out, "{who}  {connect:>e$}  {first:>f$}  {whole:>g$}  {result}").unwrap_or_default();
    }
    out
}

fn cells(row: &Row) -> [String; 8] {
    let ms = |value: Option<u64>| value.map_or_else(|| "-".to_owned(), |ms| format!("{ms} ms"));
    [
        row.arm.as_ref().map_or_else(|| row.name.to_owned(), |arm| format!("{} ({arm})", row.name)),
        row.does.to_owned(),
        row.language.to_owned(),
        row.can.join(", "),
        ms(row.took.and_then(|took| took.connect_ms)),
        ms(row.took.and_then(|took| took.first_ms)),
        ms(row.took.map(|took| took.whole_ms)),
        row.wrong.clone().unwrap_or_else(|| "good".to_owned()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_says_what_took_how_long_and_what_to_mend() {
        let took = Trial { connect_ms: Some(132), first_ms: None, whole_ms: 310 };
        let error = ProviderError {
            provider: "cartesia",
            kind: ErrorKind::Unauthorised,
            what: "status 401".to_owned(),
            retry_after: None,
        };
        let spoken = Trial { first_ms: Some(95), ..took };
        let hears = hearing(stt::Capabilities { partials: stt::Partials::Changing, end_of_turn: true });
        let speaks = speaking(tts::Capabilities { words: tts::Times::Exact, longest: Some(600) });
        let rows = [
            row(("deepgram", "hears", hears), Language::English, Ok(took)),
            row(("cartesia", "speaks", speaks.clone()), Language::French, Err(error)),
            Row {
                arm: Some("voice.warm".to_owned()),
                ..row(("cartesia", "speaks", speaks), Language::English, Ok(spoken))
            },
        ];
        insta::assert_snapshot!(table(&rows));
    }

    fn config(text: &str) -> Config {
        Config { providers: toml::from_str(text).unwrap(), ..Config::default() }
    }

    fn with_arms(text: &str) -> Config {
        let experiments = "
            [voice.arms.warm]
            share = 50
            voices = { cartesia = { en-CA = \"warm\" } }
            [voice.arms.usual]
            share = 50
        ";
        Config { experiments: toml::from_str(experiments).unwrap(), ..config(text) }
    }

    const CARTESIA: &str = "cartesia = { base_url = \"ws://127.0.0.1:1\", key = { env = \"PATH\" }, voices = { en-CA = \"v\", fr-CA = \"w\" } }";

    #[tokio::test]
    async fn each_is_tried_in_every_language_that_it_is_configured_for() {
        rustls::crypto::ring::default_provider().install_default().ok();
        let hosted = Hosted::of(&config(CARTESIA).providers).unwrap();
        let tried = async |name, language| {
            let rows = try_all(&hosted, &Graph::built_in(), &Wanted { name, language }).await;
            rows.iter().map(|row| row.language).collect::<Vec<_>>()
        };
        assert_eq!(tried(None, None).await, ["en-CA", "fr-CA"]);
        assert_eq!(tried(None, Some(Language::French)).await, ["fr-CA"]);
        assert_eq!(tried(Some("cartesia"), Some(Language::Punjabi)).await, [""; 0]);
        assert_eq!(tried(Some("azure_speech"), None).await, [""; 0]);
    }

    #[tokio::test]
    async fn a_voice_that_only_an_arm_names_is_tried_too() {
        rustls::crypto::ring::default_provider().install_default().ok();
        let arms = arms(&with_arms(CARTESIA)).unwrap();
        let rows = try_arms(&arms, &Wanted { name: None, language: None }).await;
        let tried: Vec<_> = rows.iter().map(|row| (row.name, row.arm.as_deref(), row.language)).collect();
        assert_eq!(tried, [("cartesia", Some("voice.warm"), "en-CA")]);
        assert_eq!(rows[0].can, ["exact times"]);
        assert!(rows[0].wrong.as_ref().is_some_and(|wrong| wrong.contains("providers.cartesia.base_url")), "{rows:?}");
    }
}
