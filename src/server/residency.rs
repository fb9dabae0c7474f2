//! Whether a clinic's `residency` allows the providers that are configured. Asked before anything is started.

use super::settings::{Kind, ProvidersConfig};
use crate::costs::Kind as Use;
use crate::provider::residency::{Country, Place};

/// A provider that may be sent something, and where it takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sends {
    /// Its section.
    pub provider: String,
    /// What it is sent.
    pub what: &'static str,
    pub place: Place,
}

/// Everybody outside this program who may be sent something. One who is configured counts, although it may never be asked.
pub fn sends(config: &ProvidersConfig) -> Vec<Sends> {
    if config.kind == Kind::Scripted {
        return Vec::new();
    }
    let sends = |provider, what, place| Sends { provider, what, place };
    let paid = config.paid();
    let is_for = |name, wanted| paid.contains(&(name, wanted));
    let what = |name| match (is_for(name, Use::Hearing), is_for(name, Use::Speaking)) {
        (true, true) => "what callers say and hear",
        (true, false) => "what callers say",
        (false, true) => "what is said to callers",
        (false, false) => "what was said",
    };
    let accounts = config.accounts().into_iter();
    let accounts = accounts.map(|(name, account)| sends(format!("providers.{name}"), what(name), account.place()));
    let openai = config.openai.iter().map(|model| ("providers.openai".to_owned(), model));
    let named = config.models.iter().map(|(name, model)| (format!("providers.models.{name}"), model));
    accounts.chain(openai.chain(named).map(|(name, model)| sends(name, "what was said", model.place()))).collect()
}

/// What leaves the country: a line for each provider, with the mend.
pub(super) fn leaving(config: &ProvidersConfig, country: &Country) -> Vec<String> {
    let mend = |sends: &Sends| match sends.place {
        Place::Unstated => format!("state where it is ({}.country), or take it out", sends.provider),
        Place::Here | Place::In(_) | Place::Anywhere => format!("take [{}] out", sends.provider),
    };
    let leaves = sends(config).into_iter().filter(|sends| !sends.place.stays_in(country));
    leaves
        .map(|sends| {
            format!(
                "residency: {country}, but {} sends {} to {}; {}",
                sends.provider,
                sends.what,
                sends.place,
                mend(&sends)
            )
        })
        .collect()
}

/// Who is allowed, for the end of the message.
pub(super) fn allowed(country: &Country) -> String {
    let azure = crate::provider::azure::regions(country);
    let azure = if azure.is_empty() {
        String::new()
    } else {
        format!("providers.azure_speech and azure_stt with region {}, ", azure.join(" or "))
    };
    let google =
        [("google", crate::stt::google::locations(country)), ("google_tts", crate::tts::google::locations(country))];
    let google = google.into_iter().filter(|(_, locations)| !locations.is_empty());
    let google: String = google
        .map(|(name, locations)| format!("providers.{name} with location {}, ", locations.join(" or ")))
        .collect();
    format!(
        "allowed in {country}: whisper, the embedded voices and the rules on this machine, {azure}{google}and any provider at an address of your own with country = \"{country}\""
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> ProvidersConfig {
        toml::from_str(text).unwrap()
    }

    fn leaves(text: &str) -> Vec<String> {
        leaving(&config(text), &"CA".to_owned().try_into().unwrap())
    }

    #[test]
    fn what_runs_here_or_is_stated_to_be_there_stays() {
        assert_eq!(leaves(""), Vec::<String>::new());
        let stays = r#"
            azure_speech = { region = "canadacentral", key = { env = "K" } }
            openai = { base_url = "https://llm.clinic.example/v1", model = "m", country = "CA" }
            google = { location = "northamerica-northeast1", key = { env = "K" } }
            deepgram = { base_url = "wss://hears.clinic.example", key = { env = "K" }, country = "CA" }
            cartesia = { base_url = "ws://127.0.0.1:1", key = { env = "K" }, voices = { en-CA = "v" } }
            sarvam = { base_url = "wss://sarvam.clinic.example", key = { env = "K" }, country = "CA" }
        "#;
        assert_eq!(leaves(stays), Vec::<String>::new());
        assert_eq!(sends(&config(stays)).len(), 6);
        let nobody =
            config("kind = \"scripted\"\nopenai = { base_url = \"https://api.openai.com/v1\", model = \"m\" }");
        assert_eq!(sends(&nobody), []);
    }

    #[test]
    fn what_leaves_is_named_with_its_mend() {
        let all = leaves(
            r#"
            azure_speech = { region = "eastus", key = { env = "K" } }
            elevenlabs = { key = { env = "K" }, voices = { en-CA = "v" } }
            openai = { base_url = "https://llm.clinic.example/v1", model = "m" }
            deepgram = { key = { env = "K" } }
            google = { key = { env = "K" } }
            cartesia = { key = { env = "K" }, voices = { en-CA = "v" } }
            google_tts = { key = { env = "K" } }
            azure_stt = { region = "westeurope", key = { env = "K" } }
            openai_stt = { base_url = "wss://eu.api.openai.com/v1", key = { env = "K" } }
            openai_tts = { key = { env = "K" } }
            sarvam = { key = { env = "K" } }
            qwen = { base_url = "wss://dashscope.aliyuncs.com", key = { env = "K" } }
            anthropic = { model = "claude-haiku-5-5", key = { env = "K" }, inference_geo = "us" }
        "#,
        );
        assert_eq!(
            all,
            [
                "residency: CA, but providers.deepgram sends what callers say to wherever the vendor takes it; take [providers.deepgram] out",
                "residency: CA, but providers.google sends what callers say to US; take [providers.google] out",
                "residency: CA, but providers.cartesia sends what is said to callers to wherever the vendor takes it; take [providers.cartesia] out",
                "residency: CA, but providers.elevenlabs sends what is said to callers to wherever the vendor takes it; take [providers.elevenlabs] out",
                "residency: CA, but providers.azure_speech sends what is said to callers to US; take [providers.azure_speech] out",
                "residency: CA, but providers.google_tts sends what is said to callers to US; take [providers.google_tts] out",
                "residency: CA, but providers.azure_stt sends what callers say to NL; take [providers.azure_stt] out",
                "residency: CA, but providers.openai_stt sends what callers say to EU; take [providers.openai_stt] out",
                "residency: CA, but providers.openai_tts sends what is said to callers to wherever the vendor takes it; take [providers.openai_tts] out",
                "residency: CA, but providers.sarvam sends what callers say and hear to wherever the vendor takes it; take [providers.sarvam] out",
                "residency: CA, but providers.qwen sends what is said to callers to CN; take [providers.qwen] out",
                "residency: CA, but providers.anthropic sends what was said to US; take [providers.anthropic] out",
                "residency: CA, but providers.openai sends what was said to an address whose country is not stated; state where it is (providers.openai.country), or take it out",
            ]
        );
        assert!(leaves("azure_speech = { region = \"marsnorth\", key = { env = \"K\" } }")[0].contains("not stated"));
    }

    #[test]
    fn the_allowed_are_named() {
        let said = allowed(&"CA".to_owned().try_into().unwrap());
        assert!(
            said.contains("canadacentral or canadaeast")
                && said.contains("northamerica-northeast1")
                && said.contains("country = \"CA\""),
            "{said}"
        );
    }
}
