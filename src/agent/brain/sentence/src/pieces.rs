//! Text as pieces of words, by number: the likeliest way to put it together from the model's vocabulary (unigram model, Viterbi;
//! arXiv:1808.06226). What is in no piece is the unknown piece, a character each.

use std::collections::HashMap;

use crate::normal::Normaliser;
use crate::wire::{Fields, Value};

const UNKNOWN: u32 = 0;
const BEGIN: u32 = 1;
const END: u32 = 2;

/// An unknown character costs so much more than the unlikeliest piece (SentencePiece's own number).
const UNKNOWN_COSTS: f32 = 10.0;

#[derive(Debug)]
pub(crate) struct Pieces {
    normaliser: Normaliser,
    /// By text: number and logarithm of probability.
    known: HashMap<Box<str>, (u32, f32)>,
    /// Bytes of the longest piece.
    longest: usize,
    unknown_score: f32,
}

impl Pieces {
    /// From `sp.model`, whose layout is older than today's: pieces in field 1, the character map in field 2 of field 3.
    pub(crate) fn parse(model: &[u8]) -> Result<Self, &'static str> {
        let mut known: HashMap<Box<str>, _> = HashMap::with_capacity(1 << 17);
        let mut charsmap = None;
        let mut least = 0.0_f32;
        let mut number = 0;
        for field in Fields(model) {
            match field {
                (1, Value::Bytes(piece)) => {
                    let (mut text, mut score) = ("", 0.0);
                    for field in Fields(piece) {
                        match field {
                            (1, Value::Bytes(bytes)) => {
                                text = std::str::from_utf8(bytes).map_err(|_| "a piece is not text")?;
                            }
                            (2, Value::Float(number)) => score = number,
                            _ => {}
                        }
                    }
                    least = least.min(score);
                    known.insert(text.into(), (number, score));
                    number += 1;
                }
                (3, Value::Bytes(message)) => {
                    charsmap = Fields(message).find_map(|field| match field {
                        (2, Value::Bytes(map)) => Some(map),
                        _ => None,
                    });
                }
                _ => {}
            }
        }
        let normaliser = charsmap.and_then(Normaliser::parse).ok_or("it has no map of characters")?;
        let longest = known.keys().map(|piece| piece.len()).max().ok_or("it has no pieces")?;
        Ok(Self { normaliser, known, longest, unknown_score: least - UNKNOWN_COSTS })
    }

    /// Between the pieces for beginning and end.
    pub(crate) fn of(&self, text: &str) -> Vec<u32> {
        let text = self.normaliser.normal(text);
        let mut pieces = vec![END];
        if text.is_empty() {
            pieces.push(UNKNOWN);
        }
        // By the byte at which it ends: the best way up to there, as score, start of its last piece, and that piece.
        let mut best = vec![(f32::MIN, 0, UNKNOWN); text.len() + 1];
        best[0].0 = 0.0;
        for (from, first) in text.char_indices() {
            let reached = best[from].0;
            let mut offer = |to: usize, score: f32, piece: u32| {
                if reached + score > best[to].0 {
                    best[to] = (reached + score, from, piece);
                }
            };
            let rest = &text[from..];
            let mut alone = false;
            for to in rest.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|to| *to <= self.longest) {
                if let Some((piece, score)) = self.known.get(&rest[..to]) {
                    offer(from + to, *score, *piece);
                    alone |= to == first.len_utf8();
                }
            }
            if !alone {
                offer(from + first.len_utf8(), self.unknown_score, UNKNOWN);
            }
        }
        let mut at = text.len();
        while at > 0 {
            let (_, from, piece) = best[at];
            pieces.push(piece);
            at = from;
        }
        pieces.push(BEGIN);
        pieces.reverse();
        pieces
    }
}
