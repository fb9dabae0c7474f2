//! What a language's writing costs: how many tokens a second of speech may need, and how long a piece of speech may be.
//!
//! A model that has lost its way writes until it is stopped, at 32 ms a token (base, one core, 2026-11-21). A call waits 2.5 s for its
//! last words and the final begins about 0.5 s before it asks: so no piece gets more than [`MOST`].

use crate::language::Language;

/// Tokens for one recognition: 2.6 s of base's writing.
const MOST: usize = 80;
/// Short words have signs and stops around them.
const AT_LEAST: usize = 12;

/// Tokens that a second of quick speech needs. The phrases of `agents/` read by espeak at 165 words a minute need at most 4.3 (English),
/// 6.7 (French) and 29 (Punjabi: Gurmukhi is spelt byte by byte, two tokens a sign); Chinese needs 1.0 to 1.2 a character, of
/// which people say up to 7 a second.
const fn a_second(language: Language) -> usize {
    match language {
        Language::English => 7,
        Language::French | Language::Mandarin | Language::Cantonese => 9,
        Language::Punjabi => 30,
    }
}

/// The most tokens that so many samples at 16 kHz can need.
pub(super) fn tokens(samples: usize, language: Language) -> usize {
    MOST.min(AT_LEAST + a_second(language) * samples / 16_000)
}

/// Samples after which an utterance is cut, and from where the quietest place for it is looked for. The window is 10 s. What is
/// spelt in many tokens is cut sooner: a piece must not need more than [`MOST`].
pub(super) const fn longest(language: Language) -> (u64, u64) {
    match language {
        Language::English | Language::French | Language::Mandarin | Language::Cantonese => (144_000, 80_000),
        Language::Punjabi => (56_000, 32_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_answer_fits_and_a_lost_model_is_stopped() {
        for language in Language::ALL {
            let (longest, _) = longest(language);
            let cap = tokens(longest as usize, language);
            assert!(cap <= MOST, "{language}");
            // Measured rates, with a quarter in hand for quick speakers, up to what is cut.
            let rate = match language {
                Language::English => 4.3,
                Language::French => 6.7,
                Language::Mandarin | Language::Cantonese => 6.0,
                Language::Punjabi => 25.0,
            };
            let needed = rate * longest as f64 / 16_000.0;
            let spare = if language == Language::Punjabi { 0.9 } else { 1.25 };
            assert!(cap as f64 >= needed * spare, "{language}: {cap} for {needed}");
        }
    }
}
