//! `attendant sim`: things that stand in for the outside world, for trying and measuring.

mod fhir;
mod oscar;

use std::io;
use std::net::SocketAddr;

use anyhow::{Context, anyhow};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand, ValueEnum};
use jiff::tz::TimeZone;
use tokio::net::TcpListener;

use super::{Exit, Failure};
use crate::sim::vendor::{Does, Vendor};
use crate::sim::vendors::{self, Troubles};
use crate::sim::{Delay, Fault, Habit, Profile, ScriptedConfig, Trouble, google, openai};

/// Stand-ins for the outside world, for trying and measuring without keys.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(super) struct Sim {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Providers(Providers),
    Oscar(oscar::OscarArgs),
    Fhir(fhir::FhirArgs),
}

/// Serve simulated vendors: language models behind the OpenAI chat-completions API and Anthropic's messages, Deepgram's, OpenAI's, Azure's,
/// Sarvam's and Google's recognisers,
/// Cartesia's, ElevenLabs', Azure's, Google's, OpenAI's, Sarvam's and Qwen's voices.
///
/// Any key will do; requests that a vendor would refuse are refused. Each takes as long as is published of it, by its median and its p99
/// (docs/measure.md), unless told otherwise: `200`, `100..300` to draw evenly, `188/465` for a median and a p99, in milliseconds. They understand nothing: a recogniser hears the codes of
/// `attendant load` as their words and any other voice as a fixed sentence. For measuring without vendors, `attendant serve
/// --providers scripted` answers within the server's own process.
#[derive(Debug, Args)]
struct Providers {
    /// Address of this machine to listen on.
    #[arg(long, default_value = "127.0.0.1:8090", value_name = "ADDR:PORT")]
    bind: SocketAddr,
    /// Address of this machine for Google's recogniser and voices, whose protocol wants a port of its own.
    #[arg(long, default_value = "127.0.0.1:8091", value_name = "ADDR:PORT")]
    bind_google: SocketAddr,
    /// To the first token.
    #[arg(long, value_name = "MS")]
    llm: Option<Delay>,
    /// Parts of an answer, a sentence each.
    #[arg(long, default_value_t = ScriptedConfig::default().parts, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=15))]
    parts: u8,
    /// From the request for last words to those words.
    #[arg(long, value_name = "MS")]
    stt: Option<Delay>,
    /// The language models fail so at every request.
    #[arg(long, value_name = "HOW")]
    fault: Option<openai::Fault>,
    /// The recognisers fail so on every connection; those that cannot are named, and are well.
    #[arg(long, value_name = "HOW", value_parser = one_of(&Fault::OF_HEARING))]
    stt_fault: Option<Fault>,
    /// What one of the recognisers does on every connection that is no fault: the real one does it now and then.
    #[arg(long, value_name = "HOW")]
    stt_habit: Option<Habit>,
    /// From a text to its first audio.
    #[arg(long, value_name = "MS")]
    tts: Option<Delay>,
    /// What delays are drawn from: the same number, the same delays in the same order.
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// The voices fail so on every connection; those that cannot are named, and are well.
    #[arg(long, value_name = "HOW", value_parser = one_of(&Fault::OF_SPEAKING))]
    tts_fault: Option<Fault>,
}

/// Takes the faults that this kind of provider can have; the help lists those, and so does the refusal of another.
fn one_of(faults: &'static [Fault]) -> impl TypedValueParser<Value = Fault> {
    let named = || faults.iter().filter_map(|fault| Some((fault.to_possible_value()?, *fault)));
    PossibleValuesParser::new(named().map(|(value, _)| value)).map(move |name| {
        let known = named().find(|(value, _)| value.get_name() == name);
        known.expect("only these names are taken").1
    })
}

impl Sim {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        match self.what {
            What::Providers(providers) => providers.run(),
            What::Oscar(oscar) => oscar.run(),
            What::Fhir(fhir) => fhir.run(),
        }
    }
}

fn zone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name).map_err(|_| "no such time zone; write a name such as America/Toronto or UTC".to_owned())
}

/// A simulated EMR is for this machine alone.
fn only_here(option: &str, address: SocketAddr) -> Result<(), Failure> {
    if address.ip().is_loopback() {
        return Ok(());
    }
    Err(Failure::usage(anyhow!("--{option} {address}: not an address of this machine only; use 127.0.0.1")))
}

/// Serves a simulated EMR there until Ctrl-C, once `announce` has said where.
fn serve_there<S: Future<Output = io::Result<()>>>(
    listen: SocketAddr,
    announce: impl FnOnce(SocketAddr),
    serve: impl FnOnce(TcpListener) -> S,
) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::internal)?;
    runtime.block_on(async {
        let listener = TcpListener::bind(listen)
            .await
            .with_context(|| format!("{listen} cannot be listened on; choose another with --listen"))
            .map_err(Failure::unavailable)?;
        announce(listener.local_addr().map_err(Failure::internal)?);
        // At once: a request that a fault leaves hanging would keep it from ending.
        tokio::select! {
            served = serve(listener) => served.map_err(Failure::internal)?,
            () = interrupted() => {}
        }
        Ok(Exit::Done)
    })
}

/// Resolves with Ctrl-C.
async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        tracing::warn!("no signal handler: end this process by its id");
        std::future::pending::<()>().await;
    }
}

impl Providers {
    fn profile(&self) -> Profile {
        let mut profile = Profile::published(self.parts, self.seed);
        if let Some(delay) = self.llm {
            profile = profile.thinking_in(delay);
        }
        if let Some(delay) = self.stt {
            profile = profile.hearing_in(delay);
        }
        if let Some(delay) = self.tts {
            profile = profile.speaking_in(delay);
        }
        profile
    }

    /// Vendors that cannot have the fault asked for, and why.
    fn left_well(&self) -> impl Iterator<Item = (Vendor, &'static str)> {
        let why = |vendor: Vendor| {
            let fault = match vendor.does() {
                Does::Hears => self.stt_fault,
                Does::Speaks => self.tts_fault,
            };
            vendor.cannot_have(fault?)
        };
        Vendor::ALL.into_iter().filter_map(move |vendor| Some((vendor, why(vendor)?)))
    }

    fn run(self) -> Result<Exit, Failure> {
        for (name, bind) in [("bind", self.bind), ("bind-google", self.bind_google)] {
            if !openai::may_bind(bind) {
                return Err(Failure::usage(anyhow!(
                    "--{name} {bind}: not an address of this machine only; use 127.0.0.1"
                )));
            }
        }
        let profile = self.profile();
        let troubles = Troubles {
            model: openai::Lapse::new(self.fault, openai::Stage::Usual),
            hearing: Trouble::always(self.stt_fault).where_possible(),
            speaking: Trouble::always(self.tts_fault).where_possible(),
            habit: self.stt_habit,
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::internal)?;
        runtime.block_on(async {
            let listener = TcpListener::bind(self.bind)
                .await
                .with_context(|| format!("{} cannot be listened on; choose another with --bind", self.bind))
                .map_err(Failure::unavailable)?;
            let for_google = TcpListener::bind(self.bind_google)
                .await
                .with_context(|| {
                    format!("{} cannot be listened on; choose another with --bind-google", self.bind_google)
                })
                .map_err(Failure::unavailable)?;
            let google_at = for_google.local_addr().map_err(Failure::internal)?;
            let bound = listener.local_addr().map_err(Failure::internal)?;
            let Profile { deepgram, google, google_tts, sarvam_ears, sarvam_voice, cartesia, azure, qwen, .. } = profile;
            let Profile { model, anthropic, openai_stt, openai_tts, azure_stt, elevenlabs, .. } = profile;
            println!(
                "Milliseconds; two numbers with a stroke are a median and a p99, and delays are drawn (seed {}).",
                self.seed
            );
            println!("language model  http://{bound}/v1  (first token after {model})");
            println!("Anthropic       http://{bound}  (first token after {anthropic})");
            println!("Deepgram        ws://{bound}  (last words after {deepgram})");
            println!(
                "OpenAI speech   ws://{bound}/v1, http://{bound}/v1  (last words after {openai_stt}, first audio after {openai_tts})"
            );
            println!("Cartesia        ws://{bound}  (first audio after {cartesia})");
            println!("ElevenLabs      ws://{bound}  (first audio after {elevenlabs})");
            println!(
                "Azure speech    http://{bound}, ws://{bound}  (first audio after {azure}, last words after {azure_stt})"
            );
            println!(
                "Sarvam          ws://{bound}  (last words after {sarvam_ears}, first audio after {sarvam_voice})"
            );
            println!("Qwen            ws://{bound}  (first audio after {qwen})");
            println!("Google          http://{google_at}  (last words after {google}, first audio after {google_tts})");
            if let Some(habit) = self.stt_habit {
                println!("{} alone has the habit", habit.whose().name());
            }
            for (vendor, why) in self.left_well() {
                println!("{} is well: {why}", vendor.name());
            }
            let served = tokio::select! {
                served = vendors::serve(listener, profile, troubles.clone(), interrupted()) => served,
                served = google::serve(for_google, profile, troubles, std::future::pending()) => served,
            };
            served.map_err(Failure::internal)?;
            Ok(Exit::Done)
        })
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Command {
        #[command(flatten)]
        providers: Providers,
    }

    #[test]
    fn vendors_take_what_is_published_of_them_unless_told_otherwise() {
        let profile = |arguments: &[&str]| {
            let all = ["providers"].iter().chain(arguments);
            Command::try_parse_from(all).expect("they are taken").providers.profile()
        };
        let published = profile(&[]);
        assert_eq!(published.deepgram, Delay::Spread { median: 247, p99: 326 });
        let told = profile(&["--stt", "100", "--tts", "150..200", "--seed", "7"]);
        assert_eq!((told.deepgram, told.qwen), (Delay::Fixed(100), Delay::Drawn([150, 200])));
        assert_eq!((told.model, told.seed), (published.model, 7));
    }

    #[test]
    fn a_habit_is_asked_for_by_its_name_and_is_nobody_elses() {
        let parse = |habit: &str| Command::try_parse_from(["providers", "--stt-habit", habit]);
        let whose = ["ends-turns", "late-deltas"].map(|habit| {
            let habit = parse(habit).expect("it is one").providers.stt_habit;
            habit.map(Habit::whose)
        });
        assert_eq!(whose, [Some(Vendor::AzureEars), Some(Vendor::OpenAiEars)]);
        let refused = parse("slow").expect_err("it is a fault").to_string();
        assert!(refused.contains("refuses-likely-words") && refused.contains("--stt-habit"), "{refused}");
    }

    #[test]
    fn a_fault_of_the_other_kind_is_refused_and_the_right_ones_are_named() {
        let parse = |option: &str, fault: &str| Command::try_parse_from(["providers", option, fault]);
        for (option, wrong, right) in [("--stt-fault", "late", "unanswered"), ("--tts-fault", "disorder", "silence")] {
            let refused = parse(option, wrong).expect_err("it is no fault of theirs").to_string();
            assert!(refused.contains(wrong) && refused.contains(option) && refused.contains(right), "{refused}");
            assert!(!refused.replace(&format!("'{wrong}'"), "").contains(wrong), "{refused}");
        }
        let providers = parse("--tts-fault", "silence").expect("voices may be silent").providers;
        assert_eq!((providers.tts_fault, providers.stt_fault), (Some(Fault::Silence), None));
        assert_eq!(providers.left_well().count(), 0);
        let some = parse("--stt-fault", "disorder").expect("some of them may be").providers;
        let well: Vec<Vendor> = some.left_well().map(|(vendor, _)| vendor).collect();
        assert_eq!(well, [Vendor::Flux, Vendor::AzureEars]);
    }
}
