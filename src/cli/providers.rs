//! `attendant providers`: the hosted providers that the configuration names, tried for real.

use std::fmt::Write;

use anyhow::anyhow;
use clap::{Args, Subcommand};
use serde::Serialize;

use super::origin::Origin;
use super::{Exit, Failure};
use crate::agent::conversation::first_question;
use crate::agent::graph::Graph;
use crate::language::Language;
use crate::provider::trial::{self, Trial};
use crate::provider::{ErrorKind, ProviderError};
use crate::server::Hosted;

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
    /// The language to try, if the provider knows it: en-CA, fr-CA, zh-CN, zh-HK or pa-IN.
    #[arg(long, default_value = "en-CA", value_name = "TAG")]
    language: Language,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// One provider and what came of it.
#[derive(Debug, Serialize)]
struct Row {
    name: &'static str,
    does: &'static str,
    language: &'static str,
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
        let rows = runtime.block_on(try_all(&hosted, &graph, self.name.as_deref(), self.language));
        match (&rows[..], &self.name) {
            ([], Some(name)) => {
                return Err(Failure::usage(anyhow!(
                    "no [providers.{name}] is configured; without a name every configured one is tried"
                )));
            }
            ([], None) => eprintln!("no provider on another machine is configured: calls stay on this one"),
            (_, _) if self.json => println!("{}", serde_json::to_string_pretty(&rows).map_err(Failure::internal)?),
            (_, _) => print!("{}", table(&rows)),
        }
        Ok(if rows.iter().any(|row| row.wrong.is_some()) { Exit::Found } else { Exit::Done })
    }
}

/// One after the other, so that none is measured while another keeps the line busy.
async fn try_all(hosted: &Hosted, graph: &Graph, only: Option<&str>, language: Language) -> Vec<Row> {
    let wanted = |name: &str| only.is_none_or(|only| only == name);
    let mut rows = Vec::new();
    for ears in hosted.ears.iter().filter(|ears| wanted(ears.name())) {
        let language = first_known(language, |language| ears.capabilities(language).is_some());
        rows.push(row(ears.name(), "hears", language, trial::hear(ears.as_ref(), language).await));
    }
    for model in hosted.models.iter().filter(|model| wanted(model.name())) {
        let question = first_question(graph, language);
        rows.push(row(model.name(), "thinks", language, trial::think(model.as_ref(), question).await));
    }
    for &(name, ref voice) in hosted.voices.iter().filter(|(name, _)| wanted(name)) {
        let language = first_known(language, |language| voice.speaks(language));
        rows.push(row(name, "speaks", language, trial::speak(voice.as_ref(), language).await));
    }
    rows
}

/// The language asked for, or the first that the provider knows.
fn first_known(wanted: Language, knows: impl Fn(Language) -> bool) -> Language {
    std::iter::once(wanted).chain(Language::ALL).find(|language| knows(*language)).unwrap_or(wanted)
}

fn row(name: &'static str, does: &'static str, language: Language, outcome: Result<Trial, ProviderError>) -> Row {
    let (took, wrong) = match outcome {
        Ok(took) => (Some(took), None),
        Err(error) => (None, Some(in_words(name, &error))),
    };
    Row { name, does, language: language.tag(), took, wrong }
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
    let header = ["PROVIDER", "DOES", "LANGUAGE", "CONNECT", "FIRST", "WHOLE", "RESULT"].map(str::to_owned);
    let cells: Vec<[String; 7]> = std::iter::once(header).chain(rows.iter().map(cells)).collect();
    let widths: [usize; 7] = std::array::from_fn(|column| cells.iter().map(|row| row[column].len()).max().unwrap_or(0));
    let mut out = String::new();
    for [name, does, language, connect, first, whole, result] in &cells {
        let [a, b, c, d, e, f, _] = widths;
        // Writing to a String cannot fail.
        writeln!(out, "{name:<a$}  {does:<b$}  {language:<c$}  {connect:>d$}  {first:>e$}  {whole:>f$}  {result}")
            .unwrap_or_default();
    }
    out
}

fn cells(row: &Row) -> [String; 7] {
    let ms = |value: Option<u64>| value.map_or_else(|| "-".to_owned(), |ms| format!("{ms} ms"));
    [
        row.name.to_owned(),
        row.does.to_owned(),
        row.language.to_owned(),
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
        let rows = [
            row("deepgram", "hears", Language::English, Ok(took)),
            row("cartesia", "speaks", Language::French, Err(error)),
        ];
        insta::assert_snapshot!(table(&rows));
    }
}
