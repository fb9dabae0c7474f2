//! Who is asked for each clause by a request of its own, over connections that all calls share: what Azure's and OpenAI's voices have in common. Audio
//! leaves as it comes; the next clause is asked for meanwhile. Linear PCM, little endian, brought to 16 kHz here.
//!
//! What was cancelled is left with its connection, as these interfaces are told to stop.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;
use attendant_media::frame::RATE;
use attendant_media::resample::{BadRatio, Resampler};
use reqwest::Response;
use reqwest::header::HeaderMap;

use super::{Connecting, MOST_PIECES, News, Pieces, Spoken, Wire};
use crate::language::Language;
use crate::provider::account::Posted;
use crate::provider::{ErrorKind, ProviderError};

/// What asks for this text in this language: headers and body.
pub(in crate::tts) type Request<O> = fn(&Posted<O>, Language, &str) -> (HeaderMap, String);

/// See the module header.
pub(in crate::tts) struct Clauses<O> {
    posted: Arc<Posted<O>>,
    request: Request<O>,
    /// Of what comes, in Hz.
    rate: u32,
    pieces: Pieces<Clause<O>>,
}

impl<O: Send + Sync + 'static> Clauses<O> {
    /// Connections are the HTTP client's, and made when they are needed.
    pub(in crate::tts) fn connect(posted: Arc<Posted<O>>, rate: u32, request: Request<O>) -> Connecting {
        Box::pin(async move { Ok(Box::new(Self { posted, request, rate, pieces: Pieces::new() }) as Box<dyn Wire>) })
    }
}

type Asking = Pin<Box<dyn Future<Output = Result<Response, ProviderError>> + Send>>;

struct Clause<O> {
    posted: Arc<Posted<O>>,
    rate: u32,
    progress: Progress,
}

/// How far one is.
enum Progress {
    Asked(Asking),
    Coming(Response, Ours),
}

impl<O: Send + Sync + 'static> Spoken for Clause<O> {
    async fn next(&mut self) -> Result<News, ProviderError> {
        loop {
            match &mut self.progress {
                Progress::Asked(asking) => {
                    let response = asking.await?;
                    let wrong = |_| self.posted.failed(ErrorKind::Request, "has a rate that cannot be brought to ours");
                    self.progress = Progress::Coming(response, Ours::from(self.rate).map_err(wrong)?);
                }
                Progress::Coming(response, ours) => {
                    let more = self.posted.more(response).await?;
                    return Ok(more.map_or(News::Done, |bytes| News::Audio(ours.take(&bytes))));
                }
            }
        }
    }
}

#[async_trait]
impl<O: Send + Sync + 'static> Wire for Clauses<O> {
    fn takes(&mut self, _language: Language) -> bool {
        true
    }

    fn at_once(&self) -> usize {
        MOST_PIECES
    }

    async fn speak(&mut self, language: Language, text: &str) -> Result<(), ProviderError> {
        let (headers, body) = (self.request)(&self.posted, language, text);
        let posted = self.posted.clone();
        let progress = Progress::Asked(Box::pin(async move { posted.ask(headers, body).await }));
        self.pieces.push(Clause { posted: self.posted.clone(), rate: self.rate, progress });
        Ok(())
    }

    async fn next(&mut self) -> Result<News, ProviderError> {
        self.pieces.next().await
    }

    fn forget(&mut self) -> bool {
        self.pieces.clear();
        true
    }

    async fn keep_alive(&mut self) -> Result<(), ProviderError> {
        Ok(())
    }

    async fn close(self: Box<Self>) {}
}

/// Its audio at our rate, wherever it is cut.
enum Ours {
    AsItComes,
    Brought { resampler: Box<Resampler>, odd: Option<u8> },
}

impl Ours {
    fn from(theirs: u32) -> Result<Self, BadRatio> {
        if theirs == RATE {
            return Ok(Self::AsItComes);
        }
        Ok(Self::Brought { resampler: Box::new(Resampler::new(theirs, RATE)?), odd: None })
    }

    fn take(&mut self, bytes: &[u8]) -> Vec<u8> {
        let (resampler, odd) = match self {
            Self::AsItComes => return bytes.to_vec(),
            Self::Brought { resampler, odd } => (resampler, odd),
        };
        let bytes: Vec<u8> = odd.take().into_iter().chain(bytes.iter().copied()).collect();
        let (pairs, rest) = bytes.as_chunks::<2>();
        *odd = rest.first().copied();
        let theirs: Vec<i16> = pairs.iter().map(|pair| i16::from_le_bytes(*pair)).collect();
        let mut ours = vec![0; resampler.most(theirs.len())];
        let made = resampler.process(&theirs, &mut ours);
        ours[..made].iter().flat_map(|sample| sample.to_le_bytes()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(bytes: &[u8], rate: u32, cut: usize) -> Vec<u8> {
        let mut ours = Ours::from(rate).unwrap();
        bytes.chunks(cut).flat_map(|piece| ours.take(piece)).collect()
    }

    #[test]
    fn audio_is_brought_to_our_rate_wherever_it_is_cut() {
        let theirs: Vec<i16> = (0..24_000_i32).map(|n| ((n % 240 - 120) * 100) as i16).collect();
        let bytes: Vec<u8> = theirs.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        let whole = cut(&bytes, 24_000, bytes.len());
        assert_eq!(whole.len(), 32_000, "a second");
        for size in [1, 7, 4_801] {
            assert!(cut(&bytes, 24_000, size) == whole, "{size}");
            assert!(cut(&bytes, RATE, size) == bytes, "{size}: ours already");
        }
    }
}
