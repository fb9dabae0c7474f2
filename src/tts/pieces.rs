//! A voice that speaks whole pieces of text, one after the other: the session that espeak and the neural voice share.
//!
//! Word times are estimated: each word has the share of its piece's audio that its letters have of its text.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use attendant_media::speech::SpeechId;
use tokio::sync::mpsc;

use super::{Event, Input, Reports};
use crate::language::Language;
use crate::provider::{ErrorKind, ProviderError};

/// Longest piece of audio in one event: 200 ms at 16 kHz.
pub(super) const CHUNK: usize = 3_200;
/// Texts waiting to be spoken: far more clauses than 15 s of speech hold.
const INPUTS: usize = 64;

/// What makes the audio of one piece. Dropping the future stops the work.
pub(super) trait Speaker: Send + Sync + 'static {
    fn name(&self) -> &'static str;

    /// 16 kHz audio of the text.
    fn speak(&self, text: String, language: Language) -> Speaking;
}

pub(super) type Speaking = Pin<Box<dyn Future<Output = Result<Vec<i16>, ProviderError>> + Send>>;

/// Starts a session. Must be called within a runtime.
pub(super) fn open(speaker: Arc<dyn Speaker>, reports: Reports) -> mpsc::Sender<Input> {
    let (inputs, queue) = mpsc::channel(INPUTS);
    tokio::spawn(run(speaker, queue, reports));
    inputs
}

/// The utterance that has the voice.
struct Utterance {
    id: SpeechId,
    language: Language,
    waiting: VecDeque<String>,
    /// Bytes of text and samples of audio already spoken.
    spoken: usize,
    samples: u64,
    complete: bool,
    /// In the making.
    now: Option<(String, Speaking)>,
}

async fn run(speaker: Arc<dyn Speaker>, mut inputs: mpsc::Receiver<Input>, reports: Reports) {
    let mut utterance: Option<Utterance> = None;
    loop {
        if let Some(present) = &mut utterance
            && present.now.is_none()
            && let Some(text) = present.waiting.pop_front()
        {
            let speaking = speaker.speak(text.clone(), present.language);
            present.now = Some((text, speaking));
        }
        let done = utterance.as_ref().is_some_and(|u| u.complete && u.now.is_none() && u.waiting.is_empty());
        if done && let Some(finished) = utterance.take() {
            if !reports.send(end_of(&finished, speaker.name())).await {
                return;
            }
            continue;
        }
        tokio::select! {
            biased;
            input = inputs.recv() => match input {
                Some(input) => take(&mut utterance, input),
                None => return,
            },
            (text, result) = spoken(&mut utterance) => {
                let Some(present) = &mut utterance else { continue };
                let going_on = match result {
                    Ok(audio) => report(present, &text, &audio, &reports).await,
                    Err(error) => {
                        let id = present.id;
                        utterance = None;
                        reports.send(Event::Failed { id, error }).await
                    }
                };
                if !going_on {
                    return;
                }
            }
        }
    }
}

fn take(utterance: &mut Option<Utterance>, input: Input) {
    match input {
        Input::Begin { id, language } => {
            *utterance = Some(Utterance {
                id,
                language,
                waiting: VecDeque::new(),
                spoken: 0,
                samples: 0,
                complete: false,
                now: None,
            });
        }
        Input::Text { id, text } => {
            if let Some(present) = utterance.as_mut().filter(|present| present.id == id) {
                present.waiting.push_back(text.into_inner());
            }
        }
        Input::End { id } => {
            if let Some(present) = utterance.as_mut().filter(|present| present.id == id) {
                present.complete = true;
            }
        }
        Input::Cancel { id } => {
            if utterance.as_ref().is_some_and(|present| present.id == id) {
                *utterance = None;
            }
        }
    }
}

async fn spoken(utterance: &mut Option<Utterance>) -> (String, Result<Vec<i16>, ProviderError>) {
    let Some(present) = utterance else { return std::future::pending().await };
    let Some((_, speaking)) = &mut present.now else { return std::future::pending().await };
    let spoken = speaking.await;
    let text = present.now.take().map(|(text, _)| text).unwrap_or_default();
    (text, spoken)
}

fn end_of(finished: &Utterance, provider: &'static str) -> Event {
    if finished.samples > 0 {
        return Event::Done { id: finished.id, samples: finished.samples };
    }
    let what = "there was nothing in the text that can be spoken".to_owned();
    Event::Failed {
        id: finished.id,
        error: ProviderError { provider, kind: ErrorKind::Empty, what, retry_after: None },
    }
}

/// What voices put around a piece, so that two of them join like one sentence: 300 ms of nothing between "open Monday," and
/// "to Friday" sounds like the end of a turn.
fn trimmed<'a>(audio: &'a [i16], text: &str) -> &'a [i16] {
    let sounds = |sample: &i16| sample.unsigned_abs() > AUDIBLE;
    let Some(first) = audio.iter().position(sounds) else { return audio };
    let last = audio.iter().rposition(sounds).unwrap_or(audio.len());
    let pause = if ends_sentence(text) { AFTER_SENTENCE } else { AFTER_CLAUSE };
    &audio[first.saturating_sub(BEFORE)..(last + pause).min(audio.len())]
}

pub(super) fn ends_sentence(text: &str) -> bool {
    text.trim_end().ends_with(['.', '!', '?', '。', '！', '？', '।'])
}

/// Under this level, of 32,767, a sample is silence.
pub(super) const AUDIBLE: u16 = 150;

/// Kept before the first sound, after a clause, and after a sentence: 30, 80 and 220 ms at 16 kHz.
pub(super) const BEFORE: usize = 480;
pub(super) const AFTER_CLAUSE: usize = 1_280;
pub(super) const AFTER_SENTENCE: usize = 3_520;

/// Words first, then the audio they are in.
async fn report(utterance: &mut Utterance, text: &str, audio: &[i16], reports: &Reports) -> bool {
    let audio = trimmed(audio, text);
    let (id, base, before) = (utterance.id, utterance.spoken, utterance.samples);
    utterance.spoken += text.len();
    utterance.samples += audio.len() as u64;
    for (at, len, share) in words(text) {
        let from = before + (share.start * audio.len() as f64) as u64;
        let to = before + (share.end * audio.len() as f64) as u64;
        if !reports.send(Event::Word { id, at: base + at, len, from, to, exact: false }).await {
            return false;
        }
    }
    for chunk in audio.chunks(CHUNK) {
        if !reports.send(Event::Audio { id, audio: chunk.into() }).await {
            return false;
        }
    }
    true
}

pub(super) fn is_han(c: char) -> bool {
    ('\u{3400}'..='\u{9fff}').contains(&c)
}

/// Place, length in bytes, and share of the whole of each word; in Chinese each character is a word.
pub(super) fn words(text: &str) -> Vec<(usize, usize, std::ops::Range<f64>)> {
    let mut places: Vec<(usize, usize)> = Vec::new();
    let mut open = false;
    for (at, c) in text.char_indices() {
        let len = c.len_utf8();
        match (c.is_whitespace(), is_han(c), places.last_mut()) {
            (true, ..) => open = false,
            (false, true, _) => {
                places.push((at, len));
                open = false;
            }
            (false, false, Some(word)) if open => word.1 += len,
            (false, false, _) => {
                places.push((at, len));
                open = true;
            }
        }
    }
    let letters = |range: &str| range.chars().count() as f64;
    let whole = letters(text).max(1.0);
    places
        .into_iter()
        .map(|(at, len)| (at, len, letters(&text[..at]) / whole..letters(&text[..at + len]) / whole))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_their_letters_share() {
        let found = words("One moment.");
        assert_eq!(found.iter().map(|(at, len, _)| (*at, *len)).collect::<Vec<_>>(), [(0, 3), (4, 7)]);
        assert!((found[1].2.end - 1.0).abs() < 1e-9);
    }

    #[test]
    fn the_silence_around_a_piece_is_cut_to_a_pause() {
        let mut audio = vec![0_i16; 16_000];
        audio[8_000..9_000].fill(5_000);
        assert_eq!(trimmed(&audio, "Monday, ").len(), BEFORE + 1_000 - 1 + AFTER_CLAUSE);
        assert_eq!(trimmed(&audio, "Monday. ").len(), BEFORE + 1_000 - 1 + AFTER_SENTENCE);
        assert_eq!(trimmed(&[0; 100], "…").len(), 100);
    }

    #[test]
    fn a_chinese_character_is_a_word() {
        assert_eq!(words("你好 Amy").len(), 3);
    }
}
