//! Text as SentencePiece wants it: forms of a character folded into one (NFKC and a few more), and spaces as U+2581.
//!
//! What folds into what is part of the model: a double-array trie (darts-clone: one word per node, whose bits hold label, offset to
//! its children and whether a value follows) from UTF-8 bytes to places in a list of texts, each ended by a zero byte.

/// Stands for a space, and opens every text.
pub(crate) const SPACE: char = '\u{2581}';

#[derive(Debug)]
pub(crate) struct Normaliser {
    trie: Vec<u32>,
    texts: Vec<u8>,
}

impl Normaliser {
    /// From the model's `precompiled_charsmap`: the trie's length in bytes, the trie, the texts.
    pub(crate) fn parse(charsmap: &[u8]) -> Option<Self> {
        let (length, rest) = charsmap.split_first_chunk::<4>()?;
        let (trie, texts) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        let trie = trie.as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word)).collect();
        Some(Self { trie, texts: texts.to_owned() })
    }

    /// Without spaces at its ends, and one between words; empty for a text of spaces only.
    pub(crate) fn normal(&self, text: &str) -> String {
        let mut folded = String::with_capacity(text.len() + 8);
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            match self.longest(rest.as_bytes()).filter(|(length, _)| rest.is_char_boundary(*length)) {
                Some((length, instead)) => {
                    folded.push_str(&instead);
                    rest = &rest[length..];
                }
                None => {
                    folded.push(first);
                    rest = &rest[first.len_utf8()..];
                }
            }
        }
        let mut normal = String::with_capacity(folded.len() + 8);
        for word in folded.split(' ').filter(|word| !word.is_empty()) {
            normal.push(SPACE);
            normal.push_str(word);
        }
        normal
    }

    /// The longest key that the bytes begin with: its length, and what stands for it.
    fn longest(&self, bytes: &[u8]) -> Option<(usize, String)> {
        let offset = |unit: u32| (unit >> 10) << ((unit & 0x200) >> 6);
        let mut at = offset(*self.trie.first()?);
        let mut found = None;
        for (index, byte) in bytes.iter().enumerate() {
            at ^= u32::from(*byte);
            let unit = *self.trie.get(at as usize)?;
            if unit & 0x8000_00ff != u32::from(*byte) {
                break;
            }
            at ^= offset(unit);
            if unit & 0x100 != 0 {
                found = Some((index + 1, self.trie.get(at as usize)? & 0x7fff_ffff));
            }
        }
        let (length, place) = found?;
        let text = self.texts.get(place as usize..)?.split(|byte| *byte == 0).next()?;
        Some((length, String::from_utf8(text.to_owned()).ok()?))
    }
}
