//! `attendant check`: would `serve` start with this configuration?

use clap::Args;

use super::origin::Origin;
use super::{Exit, Failure};
use crate::server::{self, Kind, ProvidersConfig, StartError};

/// Check the configuration and say everything that is wrong with it; start nothing.
#[derive(Debug, Args)]
pub(super) struct Check {
    #[command(flatten)]
    origin: Origin,
}

impl Check {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        let source = self.origin.source();
        let config = self.origin.load()?;
        let clinic = server::check(&config).map_err(Failure::usage)?;
        match source.file() {
            Some(file) => println!("{}: configuration is good", file.display()),
            None => println!("no configuration file: the built-in defaults are good"),
        }
        println!("clinic   {}", clinic.name(config.clinic.language));
        let addresses: Vec<String> = config
            .sip
            .udp
            .iter()
            .map(|address| format!("udp {address}"))
            .chain(config.sip.tcp.iter().map(|address| format!("tcp {address}")))
            .collect();
        println!("sip      {}", addresses.join(", "));
        println!("records  {}", config.records.folder().display());
        let missing = config.speech.missing();
        if config.providers.kind == Kind::Embedded && !missing.is_empty() {
            return Err(Failure::unavailable(StartError::Missing(missing)));
        }
        println!("hearing  {}", hearing(&config.providers).join(", then "));
        println!("speaking {}", speaking(&config.providers).join(", then "));
        println!("calls    at most {} at once", config.call.max_calls);
        Ok(Exit::Done)
    }
}

/// Who hears, in the order in which they are asked.
fn hearing(providers: &ProvidersConfig) -> Vec<String> {
    match (providers.kind, &providers.deepgram) {
        (Kind::Scripted, _) => vec!["scripted".to_owned()],
        (Kind::Embedded, None) => vec!["whisper, on this machine".to_owned()],
        (Kind::Embedded, Some(deepgram)) => {
            vec![format!("deepgram at {}", deepgram.base_url), "whisper, on this machine".to_owned()]
        }
    }
}

/// Who speaks, in the order in which they are asked.
fn speaking(providers: &ProvidersConfig) -> Vec<String> {
    if providers.kind == Kind::Scripted {
        return vec!["scripted".to_owned()];
    }
    let cartesia = providers.cartesia.as_ref().map(|cartesia| {
        let languages: Vec<&str> = cartesia.voices.keys().map(|language| language.tag()).collect();
        format!("cartesia at {} ({})", cartesia.base_url, languages.join(", "))
    });
    let azure = providers.azure_speech.as_ref().map(|azure| format!("azure in {}", azure.region));
    cartesia.into_iter().chain(azure).chain(["voices on this machine".to_owned()]).collect()
}
