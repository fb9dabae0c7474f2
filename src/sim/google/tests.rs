//! What the simulated services refuse, each as Google does: by the status of a gRPC call.

use std::net::SocketAddr;

use bytes::{BufMut, BytesMut};
use prost::Message;

use super::*;
use crate::sim::{Delay, ScriptedConfig};
use crate::stt::google::messages as ears;
use crate::tts::google::messages as voice;

async fn vendor() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let wait = Delay::Fixed(0);
    let scripted = ScriptedConfig { stt_ms: wait, tts_ms: wait, ..ScriptedConfig::default() };
    tokio::spawn(serve(listener, scripted, Troubles::default(), std::future::pending()));
    address
}

fn token(head: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("Bearer {}.{}.signed", part(head), part(claims))
}

/// What a token for this service says of itself.
fn claims(service: &str) -> Value {
    let (now, who) = (clock::wall().unix_timestamp(), "ears@clinic-1.iam.gserviceaccount.com");
    serde_json::json!({"iss": who, "sub": who, "aud": format!("https://{service}.googleapis.com/"), "iat": now,
        "exp": now + 3_600})
}

/// A call.
#[derive(Clone)]
struct Asked {
    path: &'static str,
    content_type: &'static str,
    te: Option<&'static str>,
    token: String,
    /// Of `x-goog-request-params`.
    routing: &'static str,
    body: Vec<u8>,
}

impl Asked {
    fn of(path: &'static str, service: &str, messages: &[Vec<u8>]) -> Self {
        let token = token(&serde_json::json!({"alg": "RS256"}), &claims(service));
        let body = messages.iter().flat_map(|message| framed(message)).collect();
        Self { path, content_type: "application/grpc", te: Some("trailers"), token, routing: "", body }
    }

    /// The status that it ends with.
    async fn status(self, address: SocketAddr) -> u16 {
        let (requests, connection) = h2::client::handshake(TcpStream::connect(address).await.unwrap()).await.unwrap();
        let driver = tokio::spawn(connection);
        let request = Request::post(format!("http://{address}{}", self.path))
            .header("content-type", self.content_type)
            .header("authorization", self.token)
            .header("x-goog-request-params", self.routing);
        let request = self.te.into_iter().fold(request, |request, te| request.header("te", te));
        let mut requests = requests.ready().await.unwrap();
        let (response, mut out) = requests.send_request(request.body(()).unwrap(), false).unwrap();
        // Who has refused it takes no more of it.
        out.send_data(self.body.into(), true).ok();
        let response = response.await.unwrap();
        let status = |headers: &HeaderMap| headers["grpc-status"].to_str().unwrap().parse().unwrap();
        if response.headers().contains_key("grpc-status") {
            return status(response.headers());
        }
        let mut body = response.into_body();
        while let Some(data) = body.data().await {
            body.flow_control().release_capacity(data.unwrap().len()).unwrap();
        }
        let trailers = body.trailers().await.unwrap().unwrap();
        drop(requests);
        driver.abort();
        status(&trailers)
    }
}

fn framed(message: &[u8]) -> BytesMut {
    let mut bytes = BytesMut::new();
    bytes.put_u8(0);
    bytes.put_u32(message.len().try_into().unwrap());
    bytes.extend_from_slice(message);
    bytes
}

/// What both services refuse of this call, which they would take.
async fn refuses_as_google_does(address: SocketAddr, good: &Asked, service: &str) {
    assert_eq!(good.clone().status(address).await, 0);
    let (head, claims) = (serde_json::json!({"alg": "RS256"}), claims(service));
    let claiming = |key: &str, value: Value| {
        let mut claims = claims.clone();
        claims[key] = value;
        token(&head, &claims)
    };
    let now = clock::wall().unix_timestamp();
    for wrong in [
        String::new(),
        "Bearer ".to_owned(),
        "Bearer a-key".to_owned(),
        token(&serde_json::json!({"alg": "HS256"}), &claims),
        claiming("aud", "https://translate.googleapis.com/".into()),
        claiming("sub", "another@clinic-1.iam.gserviceaccount.com".into()),
        claiming("exp", (now - 1).into()),
        claiming("exp", (now + 7_200).into()),
        claiming("iat", (now + 60).into()),
    ] {
        assert_eq!(Asked { token: wrong.clone(), ..good.clone() }.status(address).await, 16, "{wrong}");
    }
    let mut cut = good.clone();
    cut.body.pop();
    let mut compressed = good.clone();
    compressed.body[0] = 1;
    for (wrong, status) in [
        (Asked { path: "/google.cloud.speech.v1.Speech/StreamingRecognize", ..good.clone() }, 12),
        (Asked { content_type: "application/json", ..good.clone() }, 12),
        (Asked { te: None, ..good.clone() }, 12),
        (Asked { routing: "name=somebody", ..good.clone() }, 3),
        (Asked { body: Vec::new(), ..good.clone() }, 3),
        (Asked { body: framed(&[0xff; 9]).to_vec(), ..good.clone() }, 3),
        (cut, 3),
        (compressed, 12),
    ] {
        let what = (wrong.path, wrong.content_type, wrong.te, wrong.routing, wrong.body.len());
        assert_eq!(wrong.status(address).await, status, "{what:?}");
    }
}

#[tokio::test]
async fn the_recogniser_refuses_what_google_would() {
    let (address, service) = (vendor().await, "speech");
    let decoding = ears::ExplicitDecodingConfig {
        encoding: ears::AudioEncoding::Linear16.into(),
        sample_rate_hertz: 16_000,
        audio_channel_count: 1,
    };
    let config = ears::RecognitionConfig {
        features: None,
        adaptation: None,
        decoding: Some(decoding.clone()),
        model: "chirp_3".to_owned(),
        language_codes: vec!["en-US".to_owned()],
    };
    let first = |recognizer: &str, config: &ears::RecognitionConfig| {
        let config = ears::StreamingRecognitionConfig { config: Some(config.clone()), features: None };
        ears::StreamingRecognizeRequest {
            recognizer: recognizer.to_owned(),
            streaming: Some(ears::Streaming::Config(config)),
        }
        .encode_to_vec()
    };
    let audio = |bytes: usize| {
        let streaming = Some(ears::Streaming::Audio(vec![0; bytes]));
        ears::StreamingRecognizeRequest { recognizer: String::new(), streaming }.encode_to_vec()
    };
    let here = "projects/clinic-1/locations/us/recognizers/_";
    let with = |changed: ears::RecognitionConfig| first(here, &changed);
    let asked = |messages: &[Vec<u8>]| Asked::of(RECOGNISE, service, messages);
    let good = first(here, &config);
    refuses_as_google_does(address, &asked(&[good.clone(), audio(3_200)]), service).await;
    assert_eq!(asked(&[good.clone(), audio(25_600)]).status(address).await, 0);
    let encoded = |decoding| with(ears::RecognitionConfig { decoding: Some(decoding), ..config.clone() });
    let spoken = |codes: &[&str]| {
        let language_codes = codes.iter().map(|code| (*code).to_owned()).collect();
        with(ears::RecognitionConfig { language_codes, ..config.clone() })
    };
    for (what, messages) in [
        ("audio first", vec![audio(3_200)]),
        ("configured twice", vec![good.clone(), good.clone()]),
        ("audio without a byte", vec![good.clone(), audio(0)]),
        ("half a sample", vec![good.clone(), audio(3_201)]),
        ("more audio than a message may have", vec![good.clone(), audio(25_602)]),
        ("nobody's recogniser", vec![first("projects//locations/us/recognizers/_", &config)]),
        ("a recogniser of its own", vec![first("recognizers/mine", &config)]),
        ("no model", vec![with(ears::RecognitionConfig { model: String::new(), ..config.clone() })]),
        ("no decoding", vec![with(ears::RecognitionConfig { decoding: None, ..config.clone() })]),
        ("no encoding", vec![encoded(ears::ExplicitDecodingConfig { encoding: 0, ..decoding.clone() })]),
        ("8 kHz", vec![encoded(ears::ExplicitDecodingConfig { sample_rate_hertz: 8_000, ..decoding.clone() })]),
        ("two channels", vec![encoded(ears::ExplicitDecodingConfig { audio_channel_count: 2, ..decoding.clone() })]),
        ("no language", vec![spoken(&[])]),
        ("two languages", vec![spoken(&["en-US", "fr-CA"])]),
        ("a language that there is not", vec![spoken(&["xx-XX"])]),
    ] {
        assert_eq!(asked(&messages).status(address).await, 3, "{what}");
    }
}

#[tokio::test]
async fn the_voice_refuses_what_google_would() {
    let (address, service) = (vendor().await, "texttospeech");
    let kore =
        voice::VoiceSelectionParams { language_code: "yue-HK".to_owned(), name: "yue-HK-Chirp3-HD-Kore".to_owned() };
    let pcm =
        voice::StreamingAudioConfig { encoding: voice::AudioEncoding::Pcm.into(), sample_rate_hertz: voice::RATE };
    let first = |voice, audio| {
        let config = voice::StreamingSynthesizeConfig { voice, audio };
        voice::StreamingSynthesizeRequest { streaming: Some(voice::Streaming::Config(config)) }.encode_to_vec()
    };
    let says = |text: Option<&str>| {
        let input = voice::StreamingSynthesisInput { text: text.map(str::to_owned) };
        voice::StreamingSynthesizeRequest { streaming: Some(voice::Streaming::Input(input)) }.encode_to_vec()
    };
    let named = |code: &str, name: &str| {
        let (language_code, name) = (code.to_owned(), name.to_owned());
        first(Some(voice::VoiceSelectionParams { language_code, name }), Some(pcm.clone()))
    };
    let asked = |messages: &[Vec<u8>]| Asked::of(SYNTHESISE, service, messages);
    let good = first(Some(kore.clone()), Some(pcm.clone()));
    refuses_as_google_does(address, &asked(&[good.clone(), says(Some("你好。"))]), service).await;
    assert_eq!(asked(&[good.clone(), says(Some(&"a".repeat(5_000)))]).status(address).await, 0);
    for (what, messages) in [
        ("text first", vec![says(Some("Hello."))]),
        ("configured twice", vec![good.clone(), good.clone()]),
        ("no text", vec![good.clone(), says(None)]),
        ("a text without a letter", vec![good.clone(), says(Some(""))]),
        ("a text that is too long", vec![good.clone(), says(Some(&"a".repeat(5_001)))]),
        ("no voice", vec![first(None, Some(pcm.clone()))]),
        ("a voice that there is not", vec![named("yue-HK", "yue-HK-Chirp3-HD-Nobody")]),
        ("a voice that does not stream", vec![named("yue-HK", "yue-HK-Standard-A")]),
        ("another language's voice", vec![named("fr-CA", "yue-HK-Chirp3-HD-Kore")]),
        ("a language that there is not", vec![named("xx-XX", "xx-XX-Chirp3-HD-Kore")]),
        ("no audio", vec![first(Some(kore.clone()), None)]),
        (
            "no encoding",
            vec![first(Some(kore.clone()), Some(voice::StreamingAudioConfig { encoding: 0, ..pcm.clone() }))],
        ),
        (
            "8 kHz",
            vec![first(Some(kore), Some(voice::StreamingAudioConfig { sample_rate_hertz: 8_000, ..pcm.clone() }))],
        ),
    ] {
        assert_eq!(asked(&messages).status(address).await, 3, "{what}");
    }
}
