//! What of a model's output are words that somebody said. Given noise or silence, Whisper writes what stands under films: thanks,
//! music signs, the same phrase over and over.

/// Below this level, in dB of full scale, a recording is silent: nothing was said.
const SILENT_DB: f32 = -60.0;
/// Below this level a phrase of the films is one; above it somebody may have said it.
const FAINT_DB: f32 = -42.0;

/// What models write for silence, without punctuation and in lower case.
const FILMS: [&str; 10] = [
    "thank you",
    "thanks for watching",
    "thank you for watching",
    "thank you very much",
    "bye",
    "you",
    "okay",
    "so",
    "sous titres realises par la communaute damara org",
    "字幕由 amara org 社群提供",
];

/// The words in `text`, if there are any; `audio` is what they were heard in.
pub(super) fn words(text: &str, audio: &[i16]) -> Option<String> {
    let spoken = without_notes(text);
    let spoken = spoken.trim();
    if !spoken.contains(char::is_alphanumeric) || level_db(audio) < SILENT_DB {
        return None;
    }
    let plain: String = spoken.chars().filter(|c| c.is_alphanumeric() || c.is_whitespace()).collect();
    let plain = plain.to_lowercase();
    if level_db(audio) < FAINT_DB && FILMS.contains(&plain.as_str()) {
        return None;
    }
    Some(without_loops(spoken))
}

/// `[BLANK_AUDIO]`, `(door closes)`, `*music*`, `♪` and the model's own `<|signs|>` are notes, not words.
fn without_notes(text: &str) -> String {
    let mut spoken = String::with_capacity(text.len());
    let mut inside = None;
    for c in text.chars() {
        match (inside, c) {
            (None, '[') => inside = Some(']'),
            (None, '(') => inside = Some(')'),
            (None, '<') => inside = Some('>'),
            (None, '♪' | '♫' | '*') => {}
            (None, c) => spoken.push(c),
            (Some(end), c) if c == end => inside = None,
            (Some(_), _) => {}
        }
    }
    spoken
}

/// A phrase of up to six words said more than three times in a row was said once: the model was caught in a loop.
fn without_loops(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    for length in 1..=6 {
        let mut start = 0;
        while start + length * 4 <= words.len() {
            let phrase = &words[start..start + length];
            let repeats = words[start..].chunks_exact(length).take_while(|next| *next == phrase).count();
            // Digits are said many times over in telephone numbers.
            if repeats > 3 && !phrase.iter().all(|word| word.chars().any(char::is_numeric)) {
                return [&words[..start + length], &words[start + length * repeats..]].concat().join(" ");
            }
            start += 1;
        }
    }
    text.to_owned()
}

fn level_db(audio: &[i16]) -> f32 {
    let power = audio.iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>() / audio.len().max(1) as f64;
    (10.0 * (power / f64::from(i16::MAX).powi(2)).max(1e-12).log10()) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_has_no_words_whatever_the_model_wrote() {
        assert_eq!(words("Thank you.", &[0; 1_000]), None);
        assert_eq!(words("Thank you.", &[100; 1_000]), None);
        assert_eq!(words("Thank you.", &[3_000; 1_000]), Some("Thank you.".to_owned()));
    }

    #[test]
    fn notes_are_no_words() {
        assert_eq!(words(" [BLANK_AUDIO] ", &[3_000; 1_000]), None);
        assert_eq!(words("(coughs) Hello.", &[3_000; 1_000]), Some("Hello.".to_owned()));
        assert_eq!(words("<|notimestamps|> Hello.", &[3_000; 1_000]), Some("Hello.".to_owned()));
    }

    #[test]
    fn a_loop_is_said_once_and_digits_are_not_a_loop() {
        assert_eq!(words("I am I am I am I am I am here", &[3_000; 9]), Some("I am here".to_owned()));
        assert_eq!(words("5 5 5 5 1 2", &[3_000; 9]), Some("5 5 5 5 1 2".to_owned()));
    }
}
