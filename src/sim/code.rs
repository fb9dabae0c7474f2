//! The marker in what scripted providers say: which call, turn and part it belongs to, as words and as tones.
//!
//! A part of an answer is a sentence of nine words: `marker`, three symbols for the call, two for the turn, one for the part, one for
//! how many parts there are, and a check. A voice turns each word into 60 ms of one tone and 40 ms of silence, so that at least one
//! 20 ms frame of each is pure wherever frames are cut; tones lie between 600 and 2,625 Hz, 125 Hz apart, and survive any
//! telephone codec. The other languages have words of their own for it ([`tongue`]), and markers above these tones, up to 3,125 Hz.

mod listener;
mod tones;
mod tongue;

pub use listener::{Heard, Listener};
pub use tones::{WORD_SAMPLES, speak};
pub use tongue::words;

use crate::language::Language;

/// Symbols after the marker.
const SYMBOLS: usize = 8;

/// What one part of an answer says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Code {
    /// Of the call: 12 bits.
    pub call: u16,
    pub turn: u8,
    /// From 0; fewer than `parts`, which is at most 15.
    pub part: u8,
    pub parts: u8,
}

impl Code {
    fn symbols(self) -> [u8; SYMBOLS] {
        let nibble = |value: u16, shift: u16| ((value >> shift) & 0xf) as u8;
        let turn = u16::from(self.turn);
        let mut symbols = [
            nibble(self.call, 8),
            nibble(self.call, 4),
            nibble(self.call, 0),
            nibble(turn, 4),
            nibble(turn, 0),
            self.part & 0xf,
            self.parts & 0xf,
            0,
        ];
        symbols[SYMBOLS - 1] = check(&symbols);
        symbols
    }

    fn from_symbols(symbols: &[u8; SYMBOLS]) -> Option<Self> {
        let wide = |n: usize| u16::from(symbols[n]);
        let code = Self {
            call: wide(0) << 8 | wide(1) << 4 | wide(2),
            turn: (wide(3) << 4 | wide(4)) as u8,
            part: symbols[5],
            parts: symbols[6],
        };
        (symbols[SYMBOLS - 1] == check(symbols) && code.part < code.parts).then_some(code)
    }

    /// The first that is whole in this text, in English.
    pub fn read(text: &str) -> Option<Self> {
        let words: Vec<String> =
            text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
        let tongue = &tongue::ENGLISH;
        let symbol = |word: &String| tongue.symbols.iter().position(|known| known == word).map(|symbol| symbol as u8);
        words.windows(1 + SYMBOLS).filter(|words| words[0] == tongue.marker).find_map(|words| {
            let mut symbols = [0; SYMBOLS];
            for (place, word) in symbols.iter_mut().zip(&words[1..]) {
                *place = symbol(word)?;
            }
            Self::from_symbols(&symbols)
        })
    }

    /// What a caller says to be known by: no turn of an agent's has this number before its 255th.
    pub const fn of_caller(call: u16) -> Self {
        Self { call, turn: 255, part: 0, parts: 1 }
    }

    /// The sentence that carries it, in English.
    pub fn sentence(self) -> String {
        self.sentence_in(Language::English)
    }

    pub fn sentence_in(self, language: Language) -> String {
        let tongue = tongue::of(language);
        let mut sentence = String::from(tongue.opening);
        for symbol in self.symbols() {
            sentence.push_str(tongue.between);
            sentence.push_str(tongue.symbols[usize::from(symbol)]);
        }
        sentence.push_str(tongue.stop);
        sentence
    }
}

/// Weighted, so that two symbols in the wrong order are noticed.
fn check(symbols: &[u8; SYMBOLS]) -> u8 {
    let sum: u32 =
        symbols[..SYMBOLS - 1].iter().zip(1u32..).map(|(symbol, weight)| u32::from(*symbol) * (2 * weight + 1)).sum();
    (sum % 16) as u8
}

/// The call's part of the code for a caller's number: its last digits. Load callers are numbered.
pub fn call_of(caller: &str) -> u16 {
    let user = caller.split('@').next().unwrap_or_default();
    let digits: Vec<u32> = user.chars().filter_map(|c| c.to_digit(10)).collect();
    let number = digits.iter().rev().take(4).rev().fold(0, |number, digit| number * 10 + digit);
    (number % 4_096) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_survives_words_and_symbols() {
        for call in [0, 1, 42, 4_095] {
            let code = Code { call, turn: 200, part: 3, parts: 4 };
            assert_eq!(Code::from_symbols(&code.symbols()), Some(code));
        }
    }

    #[test]
    fn a_code_is_read_out_of_what_else_was_said() {
        let code = Code::of_caller(42);
        let said = format!("marker alfa. Hello, {} The caller has spoken.", code.sentence().to_lowercase());
        assert_eq!(Code::read(&said), Some(code));
        assert_eq!(Code::read("The caller has spoken."), None);
        assert_eq!(Code::read(&code.sentence().replace("Marker ", "Marker alfa ")), None);
    }

    #[test]
    fn every_language_has_words_of_its_own_that_are_said_as_written_and_heard_as_its_own() {
        let lexicon = crate::tts::spoken::Lexicon::default();
        for language in Language::ALL {
            let codes = [
                Code { call: 0x012, turn: 0x34, part: 5, parts: 6 },
                Code { call: 0x789, turn: 0xab, part: 12, parts: 15 },
            ];
            for code in codes.into_iter().chain([Code { call: 0xdef, turn: 1, part: 2, parts: 3 }]) {
                let sentence = code.sentence_in(language);
                assert_eq!(crate::tts::spoken::say(&sentence, language, &lexicon).text, sentence, "{language}");
                assert_eq!(words(&sentence).count(), 1 + SYMBOLS, "{sentence}");
                let audio: Vec<i16> = words(&sentence).flat_map(speak).chain([0; 3_200]).collect();
                let mut listener = Listener::new();
                let frames = audio.as_chunks().0.iter();
                assert_eq!(
                    frames.filter_map(|frame| listener.hear(frame)).collect::<Vec<_>>(),
                    [Heard::Part(code)],
                    "{sentence}"
                );
                assert_eq!(listener.language(), language);
            }
        }
        assert_eq!(words("Hi 你好，Dr. Wong。").collect::<Vec<_>>(), ["Hi", "你", "好，Dr.", "Wong。"]);
    }

    #[test]
    fn a_wrong_symbol_or_two_swapped_are_noticed() {
        let mut symbols = Code { call: 0x123, turn: 7, part: 0, parts: 4 }.symbols();
        symbols.swap(0, 1);
        assert_eq!(Code::from_symbols(&symbols), None);
        symbols.swap(0, 1);
        symbols[2] ^= 1;
        assert_eq!(Code::from_symbols(&symbols), None);
    }

    #[test]
    fn the_number_of_the_call_is_its_callers_last_digits() {
        assert_eq!(call_of("load-0042"), 42);
        assert_eq!(call_of("sip:+16045550137@127.0.0.1:5060"), 137);
        assert_eq!(call_of("anonymous"), 0);
    }
}
