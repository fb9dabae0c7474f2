//! A mail server on loopback that behaves as it is told to, with and without TLS, and keeps what it was sent.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Behaviour {
    Takes,
    /// "Come back later", to whoever it does not know yet.
    Greylists,
    /// There is no such mailbox.
    Refuses,
    /// Hangs up when it has the whole mail, and does not say that it took it.
    Drops,
    /// Does not greet.
    Silence,
}

/// Where its TLS begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Security {
    None,
    FromTheFirstByte,
    Starttls,
}

pub(super) struct Smtp {
    pub port: u16,
    mails: mpsc::Receiver<String>,
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

impl Smtp {
    /// One behaviour a connection.
    pub(super) async fn new(
        behaviours: impl IntoIterator<Item = Behaviour>,
        security: (Security, Option<TlsAcceptor>),
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, mails) = mpsc::channel(16);
        let behaviours: Vec<Behaviour> = behaviours.into_iter().collect();
        tokio::spawn(async move {
            for behaviour in behaviours {
                let (stream, _) = listener.accept().await.unwrap();
                // Whoever leaves in the middle leaves.
                serve(Box::new(stream), behaviour, &security, &sender).await.ok();
            }
        });
        Self { port, mails }
    }

    /// The next mail that came whole, with the commands before it.
    pub(super) async fn mail(&mut self) -> String {
        self.mails.recv().await.expect("there is one")
    }
}

async fn serve(
    stream: Box<dyn Stream>,
    behaviour: Behaviour,
    (security, acceptor): &(Security, Option<TlsAcceptor>),
    mails: &mpsc::Sender<String>,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut offers = "250 AUTH PLAIN\r\n";
    match security {
        Security::None => {}
        Security::FromTheFirstByte => stream = BufReader::new(secured(stream.into_inner(), acceptor.as_ref()).await?),
        Security::Starttls => offers = "250 STARTTLS\r\n",
    }
    if behaviour == Behaviour::Silence {
        // Until the client leaves.
        stream.read_to_end(&mut Vec::new()).await?;
        return Ok(());
    }
    stream.write_all(b"220 mail.clinic.example\r\n").await?;
    let mut heard = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        heard.push_str(&line);
        let word = line.split([' ', '\r']).next().unwrap_or_default().to_ascii_uppercase();
        let answer = match (word.as_str(), behaviour) {
            ("EHLO", _) => format!("250-mail.clinic.example\r\n{offers}"),
            ("STARTTLS", _) => {
                stream.write_all(b"220 go on\r\n").await?;
                stream = BufReader::new(secured(stream.into_inner(), acceptor.as_ref()).await?);
                offers = "250 AUTH PLAIN\r\n";
                continue;
            }
            ("AUTH", _) => "235 welcome\r\n".to_owned(),
            ("RCPT", Behaviour::Greylists) => "451 greylisted, says Jane Roe\r\n".to_owned(),
            ("RCPT", Behaviour::Refuses) => "550 no such mailbox\r\n".to_owned(),
            ("DATA", _) => {
                stream.write_all(b"354 go on\r\n").await?;
                loop {
                    let mut line = String::new();
                    stream.read_line(&mut line).await?;
                    if line == ".\r\n" {
                        break;
                    }
                    heard.push_str(&line);
                }
                mails.send(std::mem::take(&mut heard)).await.ok();
                if behaviour == Behaviour::Drops {
                    return Ok(());
                }
                "250 taken\r\n".to_owned()
            }
            _ => "250 well\r\n".to_owned(),
        };
        stream.write_all(answer.as_bytes()).await?;
    }
}

async fn secured(stream: Box<dyn Stream>, acceptor: Option<&TlsAcceptor>) -> std::io::Result<Box<dyn Stream>> {
    Ok(Box::new(acceptor.expect("it has a certificate").accept(stream).await?))
}

/// A certificate for `localhost`, and the file of the authority that signed it.
pub(super) fn certificate(folder: &Path) -> (TlsAcceptor, PathBuf) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let signed = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![signed.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
        .unwrap();
    let file = folder.join("ca.pem");
    std::fs::write(&file, issuer.pem()).unwrap();
    (TlsAcceptor::from(Arc::new(config)), file)
}
