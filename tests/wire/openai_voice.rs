//! What the simulated OpenAI refuses to speak. The client of its voices is tried with those of others ([`super::streamed_voices`]).

use std::net::SocketAddr;

use attendant::sim::Trouble;
use serde_json::{Value, json};

use super::cartesia::vendor;
use crate::desk::in_time;

/// The status, and the code of the error.
async fn asked(address: SocketAddr, key: &str, body: String) -> (u16, String) {
    let url = format!("http://{address}/v1/audio/speech");
    let post = reqwest::Client::new().post(url).header("authorization", format!("Bearer {key}")).body(body);
    let response = in_time(post.send()).await.expect("it answers");
    let status = response.status().as_u16();
    let told: Value = serde_json::from_slice(&response.bytes().await.expect("whole")).unwrap_or_default();
    (status, told["error"]["code"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn the_simulated_voice_refuses_what_openai_would() {
    rustls::crypto::ring::default_provider().install_default().ok();
    let address = vendor(Trouble::default()).await;
    let good = json!({"model": "gpt-4o-mini-tts", "voice": "marin", "input": "Hello.", "response_format": "pcm"});
    let with = |key: &str, value: Value| {
        let mut body = good.clone();
        body[key] = value;
        body.to_string()
    };
    assert_eq!(asked(address, "k", good.to_string()).await.0, 200);
    assert_eq!(asked(address, "", good.to_string()).await, (401, "invalid_api_key".to_owned()));
    let longest = "a".repeat(4_096);
    assert_eq!(asked(address, "k", with("input", longest.as_str().into())).await.0, 200);
    for wrong in [
        "Hello.".to_owned(),
        "[]".to_owned(),
        with("model", "gpt-4o".into()),
        with("voice", "nobody".into()),
        with("input", "".into()),
        with("input", 1.into()),
        with("input", format!("{longest}a").into()),
        with("response_format", "exe".into()),
        with("language", "en".into()),
    ] {
        assert_eq!(asked(address, "k", wrong.clone()).await, (400, "invalid_value".to_owned()), "{wrong:.200}");
    }
}
