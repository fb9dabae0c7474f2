//! Simulated vendors behind TLS with certificates made here: who has a good one of the authority that `ca` names is believed, and nobody else; each
//! refusal says why. Both ways to a provider are tried, WebSockets and HTTP.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use attendant::agent::llm::{anthropic, openai};
use attendant::call::event::{Event, Mailbox};
use attendant::language::Language;
use attendant::provider::{ErrorKind, ProviderError, trial};
use attendant::sim::vendors::{self, Troubles};
use attendant::sim::{Delay, ScriptedConfig};
use attendant::stt::{self, Recognizer, Setup, deepgram::Deepgram};
use attendant::tts::{azure, cartesia};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use serde::de::DeserializeOwned;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::trial::question;
use crate::desk::in_time;

/// Whom clients ask for.
pub const NAME: &str = "localhost";

pub type Issuer = CertifiedIssuer<'static, KeyPair>;

pub fn authority(name: &str) -> Issuer {
    let mut params = CertificateParams::new(Vec::new()).expect("no names are good names");
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("it signs itself")
}

pub fn certificate(name: &str) -> CertificateParams {
    CertificateParams::new(vec![name.to_owned()]).expect("a name")
}

fn expired() -> CertificateParams {
    let mut params = certificate(NAME);
    params.not_before = date_time_ymd(2019, 1, 1);
    params.not_after = date_time_ymd(2020, 1, 1);
    params
}

/// The vendors, as on their own machines: TLS first, then what they speak. The port.
async fn vendors_behind(params: &CertificateParams, issuer: &Issuer) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let plain = listener.local_addr().expect("bound");
    let at_once = ScriptedConfig {
        stt_ms: Delay::Fixed(0),
        llm_ms: Delay::Fixed(0),
        tts_ms: Delay::Fixed(0),
        ..ScriptedConfig::default()
    };
    tokio::spawn(vendors::serve(listener, at_once, Troubles::default(), std::future::pending()));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    tokio::spawn(forward(listener, acceptor(params, issuer, &[]), plain));
    port
}

/// Shows a certificate that this authority signed, and speaks the first of these protocols that its client knows.
pub fn acceptor(params: &CertificateParams, issuer: &Issuer, protocols: &[&str]) -> TlsAcceptor {
    let key = KeyPair::generate().expect("a key");
    let signed = params.signed_by(&key, issuer).expect("the authority signs it");
    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("the key is one");
    let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has them")
        .with_no_client_auth()
        .with_single_cert(vec![signed.der().clone()], key)
        .expect("they belong together");
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    TlsAcceptor::from(Arc::new(config))
}

async fn forward(listener: TcpListener, tls: TlsAcceptor, plain: SocketAddr) {
    while let Ok((client, _)) = listener.accept().await {
        let tls = tls.clone();
        tokio::spawn(async move {
            // A client that does not believe the certificate leaves.
            let Ok(mut client) = tls.accept(client).await else { return };
            let mut vendor = TcpStream::connect(plain).await.expect("the vendors are up");
            tokio::io::copy_bidirectional(&mut client, &mut vendor).await.ok();
        });
    }
}

pub fn read<C: DeserializeOwned>(base: &str, key: &Path, ca: Option<&Path>, more: &str) -> C {
    let ca = ca.map(|file| format!("ca = \"{}\"", file.display())).unwrap_or_default();
    let text = format!("base_url = \"{base}\"\nkey = {{ file = \"{}\" }}\n{ca}\n{more}", key.display());
    toml::from_str(&text).expect("the configuration is read")
}

async fn hears(recogniser: &dyn Recognizer) -> Result<(), ProviderError> {
    let (mailbox, mut events) = Mailbox::new();
    let setup = Setup { language: Language::English, hints: stt::Hints::default() };
    let _session = recogniser.open(setup, stt::Reports { session: 1, mailbox });
    match in_time(events.recv()).await {
        Some(Event::Stt { event: stt::Event::Ready, .. }) => Ok(()),
        Some(Event::Stt { event: stt::Event::Failed(error), .. }) => Err(error),
        other => panic!("neither ready nor failed: {other:?}"),
    }
}

/// Deepgram, Cartesia, OpenAI, Anthropic and Azure, in this order.
async fn try_all(port: u16, key: &Path, ca: Option<&Path>) -> [Result<(), ProviderError>; 5] {
    let (ws, http) = (format!("wss://{NAME}:{port}"), format!("https://{NAME}:{port}"));
    let sound = "the configuration is sound";
    let deepgram = Deepgram::new(&read(&ws, key, ca, ""), "providers.deepgram").expect(sound);
    let voices = "voices = { en-CA = \"v-en\" }";
    let cartesia = cartesia::voice(&read(&ws, key, ca, voices), "providers.cartesia").expect(sound);
    let model = "model = \"m\"";
    let claude = anthropic::model(&read(&http, key, ca, model), "providers.anthropic").expect(sound);
    let model = openai::model(&read(&format!("{http}/v1"), key, ca, model), "providers.openai").expect(sound);
    let azure =
        azure::voice(&read(&http, key, ca, "region = \"canadacentral\""), "providers.azure_speech").expect(sound);
    let english = Language::English;
    let (hears, speaks, thinks, claude, reads) = tokio::join!(
        hears(&deepgram),
        trial::speak(&cartesia, english),
        trial::think(&model, question()),
        trial::think(&claude, question()),
        trial::speak(&azure, english),
    );
    [hears, speaks.map(drop), thinks.map(drop), claude.map(drop), reads.map(drop)]
}

#[tokio::test]
async fn only_a_good_certificate_of_an_authority_that_is_known_is_believed() {
    rustls::crypto::ring::default_provider().install_default().ok();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (ours, theirs) = (authority("ours"), authority("theirs"));
    let file = |name: &str, text: &str| -> PathBuf {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("it is writable");
        path
    };
    let (key, ca) = (file("key", "a-key"), file("ca.pem", &ours.pem()));
    let good = vendors_behind(&certificate(NAME), &ours).await;
    for outcome in try_all(good, &key, Some(&ca)).await {
        outcome.expect("a good certificate is believed");
    }
    let cases = [
        (vendors_behind(&expired(), &ours).await, Some(ca.as_path()), "has expired"),
        (vendors_behind(&certificate("elsewhere.example"), &ours).await, Some(&ca), "is for another name"),
        (vendors_behind(&certificate(NAME), &theirs).await, Some(&ca), "an authority that is not known"),
        (good, None, "an authority that is not known"),
    ];
    for (port, ca, why) in cases {
        for outcome in try_all(port, &key, ca).await {
            let error = outcome.expect_err(why);
            assert!(error.kind == ErrorKind::Connection && error.what.contains(why), "{error}");
        }
    }
}
