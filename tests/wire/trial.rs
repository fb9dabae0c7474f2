//! One round trip with each vendor, as `attendant providers check` makes it, against the simulated ones.

use std::net::SocketAddr;
use std::time::Duration;

use attendant::agent::conversation::first_question;
use attendant::agent::graph::Graph;
use attendant::agent::llm::openai::OpenAiConfig;
use attendant::agent::llm::{self, Request};
use attendant::language::Language;
use attendant::provider::trial::{self, Trial};
use attendant::provider::{ErrorKind, ProviderError};
use attendant::sim::vendor::Vendor;
use attendant::sim::vendors::{self, Troubles};
use attendant::sim::{Delay, Fault, ScriptedConfig, Trouble, openai};
use tokio::net::TcpListener;

use super::models::APIS;
use super::{
    azure::azure, azure_ears, cartesia::cartesia, deepgram::deepgram, elevenlabs::elevenlabs, google, openai_ears,
    sarvam, streamed_voices::voice,
};

/// As a call asks in English.
pub fn question() -> Request {
    first_question(&Graph::built_in(), Language::English)
}

async fn vendors(troubles: Troubles) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let wait = Delay::Fixed(50);
    let scripted = ScriptedConfig { stt_ms: wait, llm_ms: wait, tts_ms: wait, ..ScriptedConfig::default() };
    tokio::spawn(vendors::serve(listener, scripted, troubles, std::future::pending()));
    address
}

/// Who hears, in this order: Deepgram with each of its models, Sarvam, Google, OpenAI, Azure; and OpenAI's and Anthropic's models, Cartesia,
/// ElevenLabs, Azure, Sarvam, Google, OpenAI, Qwen.
async fn try_all(troubles: Troubles) -> ([Result<Trial, ProviderError>; 6], [Result<Trial, ProviderError>; 9]) {
    rustls::crypto::ring::default_provider().install_default().ok();
    let google = google::ears(google::vendor(troubles.hearing.clone()).await, "");
    let google_tts = google::speaking(troubles.speaking.clone()).await;
    let google_tts = voice("google_tts", google_tts, Language::French, 1_000);
    let address = vendors(troubles).await;
    let [model, claude] = APIS.map(|api| api.model(address, "m", 2_000, 0));
    let english = Language::English;
    let (punjabi, speaks) = (Language::Punjabi, voice("sarvam", address, Language::Punjabi, 1_000));
    let (cantonese, qwen) = (Language::Cantonese, voice("qwen", address, Language::Cantonese, 1_000));
    // English is Flux's by itself.
    let (flux, nova) = (deepgram(address, ""), deepgram(address, "model = \"nova-3\""));
    let (cartesia, azure, sarvam) = (cartesia(address), azure(address), sarvam::ears(address, ""));
    let eleven = elevenlabs(address, "");
    let azure_stt = azure_ears::ears(address, "");
    let (openai_stt, openai_tts) = (openai_ears::ears(address, ""), voice("openai_tts", address, english, 1_000));
    let hear = async {
        tokio::join!(
            trial::hear(&flux, english),
            trial::hear(&nova, english),
            trial::hear(&sarvam, punjabi),
            trial::hear(&google, english),
            trial::hear(&openai_stt, english),
            trial::hear(&azure_stt, english),
        )
        .into()
    };
    let answer = async {
        tokio::join!(
            trial::think(model.as_ref(), question()),
            trial::think(claude.as_ref(), question()),
            trial::speak(&cartesia, english),
            trial::speak(&eleven, english),
            trial::speak(&azure, english),
            trial::speak(speaks.as_ref(), punjabi),
            trial::speak(google_tts.as_ref(), Language::French),
            trial::speak(openai_tts.as_ref(), english),
            trial::speak(qwen.as_ref(), cantonese),
        )
        .into()
    };
    tokio::join!(hear, answer)
}

#[tokio::test]
async fn a_good_provider_says_how_long_each_stage_took() {
    let troubles = Troubles::default();
    let (hear, answer) = try_all(troubles.clone()).await;
    let answer = answer.map(|outcome| outcome.expect("all are well"));
    assert!(answer.iter().all(|one| one.connect_ms.is_some()), "{answer:?}");
    let hear = hear.map(|outcome| outcome.expect("all are well"));
    assert!(hear.iter().all(|hears| hears.connect_ms.is_some()), "{hear:?}");
    for spoken in answer {
        let first = spoken.first_ms.expect("something came first");
        assert!((50..=spoken.whole_ms).contains(&first), "{spoken:?}");
    }
    let asked = [troubles.hearing, troubles.speaking].map(|trouble| trouble.asked()).concat();
    let missed: Vec<_> = Vendor::ALL.into_iter().filter(|vendor| !asked.contains(vendor)).collect();
    assert_eq!(missed, [], "everybody is tried");
}

#[tokio::test]
async fn a_model_that_refuses_what_agents_send_is_tried_as_a_call_asks_it() {
    rustls::crypto::ring::default_provider().install_default().ok();
    let address = vendors(Troubles::default()).await;
    let model = |name: &str, more: &str| {
        let text =
            format!("base_url = \"http://{address}/v1\"\nkey = {{ env = \"PATH\" }}\nmodel = \"{name}\"\n{more}");
        let config: OpenAiConfig = toml::from_str(&text).expect("the configuration is read");
        llm::openai::model(&config, "providers.openai").expect("the configuration is sound")
    };
    for (name, more) in [("gpt-5.4-mini", "reasoning_effort = \"none\""), ("gpt-4.1", "reasoning_effort = \"low\"")] {
        let took = trial::think(&model(name, more), question()).await;
        assert!(took.is_ok_and(|took| took.first_ms.is_some()), "{name}");
    }
    let refused = trial::think(&model("gpt-5", "reasoning_effort = \"most\""), question()).await;
    assert_eq!(refused.expect_err("no such effort").kind, ErrorKind::Request);
}

#[tokio::test]
async fn a_provider_that_refuses_is_named_with_its_reason() {
    let refuses = || Trouble::always(Some(Fault::Unauthorised));
    let troubles = Troubles {
        model: openai::Lapse::new(Some(openai::Fault::Limits), openai::Stage::Usual),
        hearing: refuses(),
        speaking: refuses(),
        ..Troubles::default()
    };
    let (hear, answer) = try_all(troubles).await;
    let (no_key, limited) = (ErrorKind::Unauthorised, ErrorKind::Limited);
    assert_eq!(hear.map(|outcome| outcome.expect_err("all refuse").kind), [no_key; 6]);
    let answer = answer.map(|outcome| outcome.expect_err("all refuse").kind);
    assert_eq!(answer, [limited, limited, no_key, no_key, no_key, no_key, no_key, no_key, no_key]);
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_never_answers_is_not_waited_for_for_ever() {
    struct Deaf;
    impl attendant::tts::Voice for Deaf {
        fn name(&self) -> &'static str {
            "deaf"
        }
        fn capabilities(&self, _: Language) -> Option<attendant::tts::Capabilities> {
            None
        }
        fn open(&self, reports: attendant::tts::Reports) -> tokio::sync::mpsc::Sender<attendant::tts::Input> {
            let (inputs, mut taken) = tokio::sync::mpsc::channel(8);
            tokio::spawn(async move {
                while taken.recv().await.is_some() {}
                drop(reports);
            });
            inputs
        }
    }
    let begun = tokio::time::Instant::now();
    let error = trial::speak(&Deaf, Language::English).await.expect_err("nothing came");
    assert_eq!((error.kind, begun.elapsed().as_secs()), (ErrorKind::Timeout, Duration::from_secs(15).as_secs()));
}
