//! One round trip with each vendor, as `attendant providers check` makes it, against the simulated ones.

use std::net::SocketAddr;
use std::time::Duration;

use attendant::language::Language;
use attendant::provider::trial::{self, Trial};
use attendant::provider::{ErrorKind, ProviderError};
use attendant::sim::vendors::{self, Troubles};
use attendant::sim::{Delay, Fault, ScriptedConfig, Trouble, openai};
use tokio::net::TcpListener;

use super::models::APIS;
use super::{
    azure::azure, azure_ears, cartesia::cartesia, deepgram::deepgram, elevenlabs::elevenlabs, google, openai_ears,
    sarvam, streamed_voices::voice,
};

async fn vendors(troubles: Troubles) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let wait = Delay::Fixed(50);
    let scripted = ScriptedConfig { stt_ms: wait, llm_ms: wait, tts_ms: wait, ..ScriptedConfig::default() };
    tokio::spawn(vendors::serve(listener, scripted, troubles, std::future::pending()));
    address
}

/// Deepgram, Sarvam, Google, OpenAI and Azure hear; OpenAI and Anthropic think; Cartesia, ElevenLabs, Azure, Sarvam, Google and OpenAI speak.
async fn try_all(troubles: Troubles) -> Vec<Result<Trial, ProviderError>> {
    rustls::crypto::ring::default_provider().install_default().ok();
    let google = google::ears(google::vendor(troubles.hearing.clone()).await, "");
    let google_tts = google::speaking(troubles.speaking.clone()).await;
    let google_tts = voice("google_tts", google_tts, Language::French, 1_000);
    let address = vendors(troubles).await;
    let [model, claude] = APIS.map(|api| api.model(address, "m", 2_000, 0));
    let english = Language::English;
    let (punjabi, speaks) = (Language::Punjabi, voice("sarvam", address, Language::Punjabi, 1_000));
    let (deepgram, sarvam) = (deepgram(address, ""), sarvam::ears(address, ""));
    let (cartesia, eleven, azure) = (cartesia(address), elevenlabs(address, ""), azure(address));
    let azure_stt = azure_ears::ears(address, "");
    let (openai_stt, openai_tts) = (openai_ears::ears(address, ""), voice("openai_tts", address, english, 1_000));
    let others: [_; 7] = tokio::join!(
        trial::hear(&deepgram, english),
        trial::hear(&sarvam, punjabi),
        trial::hear(&google, english),
        trial::hear(&openai_stt, english),
        trial::hear(&azure_stt, english),
        trial::think(model.as_ref(), english),
        trial::think(claude.as_ref(), english),
    )
    .into();
    let voices: [_; 6] = tokio::join!(
        trial::speak(&cartesia, english),
        trial::speak(&eleven, english),
        trial::speak(&azure, english),
        trial::speak(speaks.as_ref(), punjabi),
        trial::speak(google_tts.as_ref(), Language::French),
        trial::speak(openai_tts.as_ref(), english),
    )
    .into();
    others.into_iter().chain(voices).collect()
}

#[tokio::test]
async fn a_good_provider_says_how_long_each_stage_took() {
    let all = try_all(Troubles::default()).await.into_iter().map(|outcome| outcome.expect("all are well"));
    let all: Vec<_> = all.collect();
    let (hear, answer) = all.split_at(5);
    assert!(hear.iter().all(|hears| hears.connect_ms.is_some()), "{hear:?}");
    for spoken in answer {
        let first = spoken.first_ms.expect("something came first");
        assert!((50..=spoken.whole_ms).contains(&first), "{spoken:?}");
    }
}

#[tokio::test]
async fn a_provider_that_refuses_is_named_with_its_reason() {
    let refuses = || Trouble::always(Some(Fault::Unauthorised));
    let troubles = Troubles { model: Some(openai::Fault::Limits), hearing: refuses(), speaking: refuses() };
    let kinds = try_all(troubles).await.into_iter().map(|outcome| outcome.expect_err("all refuse").kind);
    let kinds: Vec<_> = kinds.collect();
    let no_key = ErrorKind::Unauthorised;
    let limited = ErrorKind::Limited;
    assert_eq!(kinds[..5], [no_key; 5]);
    assert_eq!(kinds[5..7], [limited; 2]);
    assert_eq!(kinds[7..], [no_key; 6]);
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
