//! Whether a clinic's `residency` allows the providers that are configured, and the place where recordings are kept. Asked before anything is started.

use super::settings::{Kind, ProvidersConfig};
use crate::costs::Kind as Use;
use crate::provider::account::Own;
use crate::provider::openai;
use crate::provider::residency::{Country, Hosts, Place};
use crate::records::RecordsConfig;
use crate::stt::deepgram::DeepgramOwn;
use crate::tts::elevenlabs::ElevenLabsOwn;
use crate::tts::qwen::QwenOwn;

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

/// Where recordings go, if they leave the disk.
pub fn keeps(config: &RecordsConfig) -> Option<Sends> {
    let s3 = config.s3.as_ref()?;
    Some(Sends { provider: "records.s3".to_owned(), what: "sealed recordings", place: s3.place() })
}

/// What leaves the country: a line for each provider, with the mend.
pub(super) fn leaving(config: &ProvidersConfig, country: &Country) -> Vec<String> {
    told(sends(config), country)
}

/// The same of recordings.
pub(super) fn recordings_leaving(config: &RecordsConfig, country: &Country) -> Vec<String> {
    told(keeps(config), country)
}

fn told(sends: impl IntoIterator<Item = Sends>, country: &Country) -> Vec<String> {
    let mend = |sends: &Sends| match sends.place {
        Place::Unstated => format!("state where it is ({}.country), or take it out", sends.provider),
        Place::In(_) if sends.place.is_around(country) => {
            format!("take [{}] out, or write residency = \"EU\" if it may be anywhere in the EU", sends.provider)
        }
        Place::Here | Place::In(_) | Place::Anywhere => format!("take [{}] out", sends.provider),
    };
    let leaves = sends.into_iter().filter(|sends| !sends.place.stays_in(country));
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

/// Vendors with hosts of their own in some countries, as their pages name them (docs/providers.md): section, hosts, what stands before and
/// after a host in `base_url`, and what else is needed.
const REGIONAL: [(&str, Hosts, [&str; 2], &str); 6] = [
    ("deepgram", DeepgramOwn::HOSTS, ["wss://", ""], " and mip_opt_out = true"),
    ("elevenlabs", ElevenLabsOwn::HOSTS, ["wss://", ""], " and an account that has that residency"),
    ("openai", openai::HOSTS, ["https://", "/v1"], ""),
    ("openai_stt", openai::HOSTS, ["wss://", "/v1"], ""),
    ("openai_tts", openai::HOSTS, ["https://", "/v1"], ""),
    ("qwen", QwenOwn::HOSTS, ["wss://", ""], ""),
];

/// Their addresses in this country: section, address, what else is needed. An end of hosts is no address.
fn regional(country: &Country) -> Vec<(&'static str, String, &'static str)> {
    let mut found = Vec::new();
    for (section, hosts, [before, after], more) in REGIONAL {
        for (host, of) in hosts {
            if !host.starts_with('.') && of.is_some_and(|of| country.holds(of)) {
                found.push((section, format!("{before}{host}{after}"), more));
            }
        }
    }
    found
}

/// Who is allowed, for the end of the message.
pub(super) fn allowed(country: &Country) -> String {
    let mut allowed = vec!["whisper, the embedded voices and the rules on this machine".to_owned()];
    let azure = crate::provider::azure::regions(country);
    if !azure.is_empty() {
        allowed.push(format!("providers.azure_speech and azure_stt with region {}", azure.join(" or ")));
    }
    let google =
        [("google", crate::stt::google::locations(country)), ("google_tts", crate::tts::google::locations(country))];
    let google = google.into_iter().filter(|(_, locations)| !locations.is_empty());
    allowed
        .extend(google.map(|(name, locations)| format!("providers.{name} with location {}", locations.join(" or "))));
    allowed.extend(
        regional(country)
            .into_iter()
            .map(|(section, address, more)| format!("providers.{section} with base_url {address}{more}")),
    );
    if country.holds("US") {
        allowed.push("providers.anthropic with inference_geo = \"us\"".to_owned());
    }
    format!(
        "allowed in {country}: {}, and any provider at an address of your own with country = \"{country}\"",
        allowed.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> ProvidersConfig {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn recordings_leave_as_providers_do() {
        let leaves = |endpoint: &str, region: &str, more: &str| {
            let keys = "access_key = { env = \"A\" }\nsecret_key = { env = \"S\" }";
            let text =
                format!("[s3]\nendpoint = \"{endpoint}\"\nbucket = \"b\"\nregion = \"{region}\"\n{keys}\n{more}");
            recordings_leaving(&toml::from_str(&text).unwrap(), &"CA".to_owned().try_into().unwrap())
        };
        let none = Vec::<String>::new();
        assert_eq!(recordings_leaving(&RecordsConfig::default(), &"CA".to_owned().try_into().unwrap()), none);
        assert_eq!(leaves("https://s3.ca-central-1.amazonaws.com", "ca-central-1", ""), none);
        assert_eq!(leaves("http://127.0.0.1:9000", "us-east-1", ""), none);
        assert_eq!(leaves("https://minio.clinic.example", "us-east-1", "country = \"CA\""), none);
        assert_eq!(
            leaves("https://s3.us-east-1.amazonaws.com", "us-east-1", ""),
            ["residency: CA, but records.s3 sends sealed recordings to US; take [records.s3] out"]
        );
        assert_eq!(
            leaves("https://minio.clinic.example", "ca-central-1", ""),
            ["residency: CA, but records.s3 sends sealed recordings to an address whose country is not stated; \
              state where it is (records.s3.country), or take it out"]
        );
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

    #[test]
    fn the_eu_holds_what_is_in_its_members_and_a_member_is_told_of_the_eu() {
        let eu = "EU".to_owned().try_into().unwrap();
        let there = config("azure_stt = { region = \"westeurope\", key = { env = \"K\" } }");
        assert_eq!(leaving(&there, &eu), Vec::<String>::new());
        let around = config("openai_stt = { base_url = \"wss://eu.api.openai.com/v1\", key = { env = \"K\" } }");
        let told = leaving(&around, &"NL".to_owned().try_into().unwrap());
        assert!(told[0].ends_with("or write residency = \"EU\" if it may be anywhere in the EU"), "{told:?}");
        let said = allowed(&eu);
        assert!(said.contains("westeurope") && said.contains("francecentral") && !said.contains("uksouth"), "{said}");
    }

    #[test]
    fn the_regional_hosts_of_vendors_are_named_and_each_is_allowed() {
        for (country, named) in [
            ("EU", "deepgram elevenlabs openai openai_stt openai_tts"),
            ("US", "openai openai_stt openai_tts"),
            ("AU", "deepgram openai openai_stt openai_tts"),
            ("IN", "deepgram elevenlabs openai openai_stt openai_tts"),
            ("SG", "elevenlabs"),
            ("JP", "openai openai_stt openai_tts"),
            ("CN", "qwen"),
            ("CA", ""),
        ] {
            let country: Country = country.to_owned().try_into().unwrap();
            let all = regional(&country);
            assert_eq!(all.iter().map(|(section, ..)| *section).collect::<Vec<_>>().join(" "), named, "{country}");
            let said = allowed(&country);
            for (section, address, _) in all {
                let keys = match section {
                    "openai" => "model = \"m\"",
                    "elevenlabs" => "voices = { en-CA = \"v\" }, key = { env = \"K\" }",
                    _ => "key = { env = \"K\" }",
                };
                let config = config(&format!("{section} = {{ base_url = \"{address}\", {keys} }}"));
                assert_eq!(leaving(&config, &country), Vec::<String>::new(), "{section} {country}");
                assert!(said.contains(&format!("providers.{section} with base_url {address}")), "{said}");
            }
            assert_eq!(said.contains("providers.anthropic"), country.holds("US"), "{said}");
        }
    }
}
