//! The piece that is spoken, and at most one that is asked for before its turn: what comes of it is kept until the one before is done, so that
//! the time to its first audio is no hole between the two.
//!
//! What is kept is bounded: the rest stays with the vendor until its turn. It decides nothing about time; dropping it leaves both pieces.

use std::collections::VecDeque;

use super::News;
use crate::provider::ProviderError;

/// Audio that is kept of a piece ahead, in bytes: 30 s, more than a clause lasts.
const MOST: usize = 30 * 32_000;

/// Pieces at once.
pub(in crate::tts) const MOST_PIECES: usize = 2;

/// A piece that a vendor was asked to speak.
pub(in crate::tts) trait Spoken: Send {
    /// What comes next of it; not asked again after [`News::Done`] or an error. Cancel safe.
    fn next(&mut self) -> impl Future<Output = Result<News, ProviderError>> + Send;
}

struct Asked<P> {
    spoken: P,
    kept: VecDeque<Result<News, ProviderError>>,
    /// Bytes of audio among it.
    bytes: usize,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Coming,
    /// How it ended is known.
    Ended,
}

impl<P: Spoken> Asked<P> {
    /// Keeps one more of what comes.
    async fn more(&mut self) {
        if self.state == State::Ended || self.bytes >= MOST {
            return std::future::pending().await;
        }
        let news = self.spoken.next().await;
        match &news {
            Ok(News::Audio(bytes)) => self.bytes += bytes.len(),
            Ok(News::Nothing) => {}
            Ok(News::Done) | Err(_) => self.state = State::Ended,
        }
        self.kept.push_back(news);
    }
}

/// See the module header.
pub(in crate::tts) struct Pieces<P>(VecDeque<Asked<P>>);

impl<P: Spoken> Pieces<P> {
    pub(in crate::tts) fn new() -> Self {
        Self(VecDeque::with_capacity(MOST_PIECES))
    }

    /// It was asked for, and has its turn after those before it.
    pub(in crate::tts) fn push(&mut self, spoken: P) {
        self.0.push_back(Asked { spoken, kept: VecDeque::new(), bytes: 0, state: State::Coming });
    }

    /// What comes next of the present piece; meanwhile that of the others is kept. Cancel safe.
    pub(in crate::tts) async fn next(&mut self) -> Result<News, ProviderError> {
        loop {
            let mut pieces = self.0.iter_mut();
            let Some(present) = pieces.next() else { return std::future::pending().await };
            if let Some(news) = present.kept.pop_front() {
                match &news {
                    Ok(News::Audio(bytes)) => present.bytes -= bytes.len(),
                    Ok(News::Nothing) => {}
                    Ok(News::Done) | Err(_) => drop(self.0.pop_front()),
                }
                return news;
            }
            match pieces.next() {
                Some(ahead) => tokio::select! {
                    biased;
                    () = present.more() => {}
                    () = ahead.more() => {}
                },
                None => present.more().await,
            }
        }
    }

    /// Nothing more of any of them is wanted.
    pub(in crate::tts) fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;
    use crate::provider::ErrorKind;

    struct Scripted(mpsc::Receiver<Result<News, ProviderError>>);

    impl Spoken for Scripted {
        async fn next(&mut self) -> Result<News, ProviderError> {
            match self.0.recv().await {
                Some(news) => news,
                None => std::future::pending().await,
            }
        }
    }

    fn two() -> (Pieces<Scripted>, [mpsc::Sender<Result<News, ProviderError>>; 2]) {
        let mut pieces = Pieces::new();
        let says = [0; 2].map(|_| {
            let (says, said) = mpsc::channel(64);
            pieces.push(Scripted(said));
            says
        });
        (pieces, says)
    }

    fn audio(byte: u8) -> Result<News, ProviderError> {
        Ok(News::Audio(vec![byte; 2]))
    }

    async fn nothing_comes(pieces: &mut Pieces<Scripted>) {
        tokio::select! {
            biased;
            news = pieces.next() => panic!("{news:?}"),
            () = std::future::ready(()) => {}
        }
    }

    #[tokio::test]
    async fn what_comes_before_its_turn_is_kept_until_the_one_before_is_done() {
        let (mut pieces, says) = two();
        let broken = || ProviderError {
            provider: "scripted",
            kind: ErrorKind::Server,
            what: "broken".to_owned(),
            retry_after: None,
        };
        for news in [audio(2), audio(3), Err(broken())] {
            says[1].send(news).await.unwrap();
        }
        for _ in 0..4 {
            nothing_comes(&mut pieces).await;
        }
        for news in [audio(1), Ok(News::Done)] {
            says[0].send(news).await.unwrap();
        }
        let mut heard = Vec::new();
        for _ in 0..5 {
            heard.push(pieces.next().await);
        }
        assert_eq!(heard, [audio(1), Ok(News::Done), audio(2), audio(3), Err(broken())]);
        nothing_comes(&mut pieces).await;
    }

    #[tokio::test]
    async fn so_much_is_kept_and_no_more_is_taken() {
        let (mut pieces, says) = two();
        let half = || Ok(News::Audio(vec![0; MOST / 2]));
        for _ in 0..3 {
            says[1].send(half()).await.unwrap();
        }
        for _ in 0..4 {
            nothing_comes(&mut pieces).await;
        }
        assert_eq!(says[1].capacity(), 63, "the third is left");
        says[0].send(Ok(News::Done)).await.unwrap();
        assert_eq!(pieces.next().await, Ok(News::Done));
        for _ in 0..3 {
            assert_eq!(pieces.next().await, half());
        }
    }

    #[tokio::test]
    async fn who_is_not_wanted_is_dropped_with_the_one_ahead() {
        let (mut pieces, says) = two();
        pieces.clear();
        assert!(says.iter().all(mpsc::Sender::is_closed));
        nothing_comes(&mut pieces).await;
    }
}
