//! Whether a model heard anybody: noise, music, a cough and silence have words too if it is asked for them ("You", "I'm going to go").
//!
//! Judged by what the model itself reports: that nobody speaks, how sure it is of its words, and whether it went round in circles.
//! What is turned away and what kept was measured on noises and on readers: the table is in `benches/README.md`.

use super::clean;
use super::engine::Heard;

/// Nobody speaks, whatever the words. Readers through a telephone, with loss and noise up to 10 dB below them: at most 0.31.
const NOBODY: f32 = 0.85;
/// Perhaps nobody: then the words must be likely.
const DOUBTFUL: f32 = 0.5;
const LIKELY: f32 = -0.7;
/// No words are as unlikely as this: readers, noise 10 dB below them, are at -0.5.
const UNLIKELY: f32 = -2.0;
/// A model that writes the same over and over has lost its way; so sure of it, its log probability says nothing.
const CIRCLES: f32 = 0.6;
/// It was on its way when it lost it: what it wrote first was said.
const SURELY_SPOKEN: f32 = 0.3;

/// What was said.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Words {
    pub(super) text: String,
    /// The mean probability of a token, 0 to 1.
    pub(super) confidence: f32,
}

/// The words that somebody said, if somebody did; `audio` is what they were heard in.
pub(super) fn words(heard: &Heard, audio: &[i16]) -> Option<Words> {
    let text = clean::words(&heard.text, audio)?;
    if let Some(why) = objection(heard) {
        metrics::counter!("whisper_rejected_total", "why" => why).increment(1);
        return None;
    }
    Some(Words { text, confidence: heard.log_probability.exp().clamp(0.0, 1.0) })
}

fn objection(heard: &Heard) -> Option<&'static str> {
    let nobody = heard.no_speech > NOBODY || (heard.no_speech > DOUBTFUL && heard.log_probability < LIKELY);
    if nobody {
        Some("no_speech")
    } else if heard.repeated > CIRCLES && heard.no_speech > SURELY_SPOKEN {
        Some("repetition")
    } else if heard.log_probability < UNLIKELY {
        Some("log_probability")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(no_speech: f32, log_probability: f32, repeated: f32) -> Heard {
        Heard { text: "You".to_owned(), log_probability, no_speech, repeated }
    }

    fn kept(heard: &Heard) -> bool {
        words(heard, &[3_000; 1_000]).is_some()
    }

    #[test]
    fn what_the_models_made_of_noises_is_turned_away() {
        for (no_speech, log_probability, repeated) in [
            (0.99, -0.61, 0.0),
            (0.95, -1.21, 0.0),
            (0.71, -2.30, 0.0),
            (0.74, -0.21, 0.9),
            (0.53, -0.11, 0.95),
            (0.61, -1.37, 0.0),
            (0.66, -1.10, 0.0),
        ] {
            assert!(!kept(&heard(no_speech, log_probability, repeated)), "{no_speech} {log_probability} {repeated}");
        }
    }

    #[test]
    fn what_they_made_of_readers_is_kept_with_its_probability() {
        for (no_speech, log_probability) in [(0.05, -0.08), (0.16, -0.31), (0.04, -0.52), (0.31, -0.43)] {
            assert!(kept(&heard(no_speech, log_probability, 0.1)), "{no_speech} {log_probability}");
        }
        let sure = words(&heard(0.05, -0.1, 0.0), &[3_000; 1_000]).map(|words| words.confidence);
        assert!(sure.is_some_and(|sure| (sure - 0.905).abs() < 0.01), "{sure:?}");
    }

    #[test]
    fn a_loop_after_speech_leaves_what_was_said() {
        let looped = Heard { text: "Yes. ".repeat(20), ..heard(0.1, -0.05, 0.95) };
        assert_eq!(words(&looped, &[3_000; 1_000]).map(|words| words.text), Some("Yes.".to_owned()));
    }
}
