//! What Google says of an utterance, read from its stream to the end: words with their places on the call's clock.

use std::time::Duration;

use attendant_media::frame::{RATE, Samples};
use tokio::sync::mpsc;

use super::messages::{StreamingRecognitionResult, StreamingRecognizeResponse};
use crate::language::chinese::without_blanks;
use crate::provider::ProviderError;
use crate::provider::grpc::{Answer, Span};
use crate::stt::stable::{agreed, within};

/// Of which utterance.
pub(super) type Told = (u32, News);

#[derive(Debug)]
pub(super) enum News {
    /// Words after the last final ones, up to this place if Google says so. The first `stable` bytes will not change.
    Partial {
        text: String,
        stable: usize,
        to: Option<Samples>,
    },
    /// Words that will not change. Google may keep its confidence to itself.
    Final {
        text: String,
        to: Option<Samples>,
        confidence: Option<f32>,
    },
    /// What the stream cost so far.
    Billed(Duration),
    /// No more will come; words that were never made final are words.
    Over {
        rest: String,
    },
    Failed(ProviderError),
}

/// From this likelihood on that Google "will not change its guess" it has made up its mind: its pages show 0.9, and 0.01 of what is open.
const STABLE: f32 = 0.8;

/// `begun` is the place of the first sample that the stream is sent.
pub(super) async fn read(number: u32, begun: Samples, mut answer: Answer, news: mpsc::Sender<Told>) {
    let mut rest = String::new();
    loop {
        let said = match answer.next::<StreamingRecognizeResponse>().await {
            Ok(Some(response)) => heard(begun, response, &mut rest),
            Ok(None) => vec![News::Over { rest: without_blanks(&std::mem::take(&mut rest)) }],
            Err(error) => vec![News::Failed(error)],
        };
        for said in said {
            let is_over = matches!(said, News::Over { .. } | News::Failed(_));
            // A session that is gone needs no news.
            if news.send((number, said)).await.is_err() || is_over {
                return;
            }
        }
    }
}

/// `rest` are the words that are not final.
fn heard(begun: Samples, response: StreamingRecognizeResponse, rest: &mut String) -> Vec<News> {
    let mut news = Vec::new();
    let mut partial = None;
    let before = std::mem::take(rest);
    // So much of the rest is as good as final; `None`: Google does not say (0 is "not set").
    let mut sure: Option<usize> = None;
    for StreamingRecognitionResult { alternatives, is_final, stability, result_end_offset, .. } in response.results {
        let Some(best) = alternatives.into_iter().next() else { continue };
        let to = result_end_offset.and_then(|offset| place(begun, &offset));
        if is_final {
            let confidence = (best.confidence > 0.0).then_some(best.confidence);
            news.push(News::Final { text: without_blanks(&best.transcript), to, confidence });
        } else {
            let so_far = sure.unwrap_or_default();
            let goes_on = stability >= STABLE && so_far == rest.len();
            rest.push_str(&best.transcript);
            if stability > 0.0 {
                sure = Some(if goes_on { rest.len() } else { so_far });
            }
            partial = Some(to);
        }
    }
    // A response without words is a sign of life as well.
    if partial.is_some() || news.is_empty() {
        let text = without_blanks(rest.trim_start());
        let stable = match sure {
            Some(bytes) => within(&text, without_blanks(rest[..bytes].trim_start()).len()),
            None => agreed(&before, &text),
        };
        news.push(News::Partial { text, stable, to: partial.flatten() });
    }
    let billed = response.metadata.and_then(|metadata| metadata.total_billed_duration);
    news.extend(billed.and_then(|billed| billed.as_duration()).map(News::Billed));
    news
}

fn place(begun: Samples, offset: &Span) -> Option<Samples> {
    let offset = offset.as_duration()?;
    let samples = offset.as_micros() * u128::from(RATE) / 1_000_000;
    Some(begun + Samples(u64::try_from(samples).ok()?))
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::super::messages::SpeechRecognitionAlternative;
    use super::*;

    /// A final result and its cost, serialised by Google's own Python package (2.41.0).
    const FINAL: &str = include_str!("golden/final.hex");
    /// Two interim results of one response, by the same.
    const INTERIM: &str = include_str!("golden/interim.hex");

    fn response(hex: &str) -> StreamingRecognizeResponse {
        let byte = |n| u8::from_str_radix(&hex[n..n + 2], 16).unwrap();
        let bytes: Vec<u8> = (0..hex.trim().len()).step_by(2).map(byte).collect();
        StreamingRecognizeResponse::decode(&*bytes).unwrap()
    }

    fn result(transcript: &str, is_final: bool, stability: f32) -> StreamingRecognitionResult {
        let transcript = transcript.to_owned();
        StreamingRecognitionResult {
            alternatives: vec![SpeechRecognitionAlternative { transcript, confidence: 0.0 }],
            is_final,
            stability,
            ..StreamingRecognitionResult::default()
        }
    }

    #[test]
    fn what_google_is_sure_of_is_stable_and_where_it_does_not_say_what_it_says_twice() {
        let mut rest = String::new();
        let mut stable = |results: &[(&str, f32)]| {
            let results = results.iter().map(|(text, stability)| result(text, false, *stability)).collect();
            let news = heard(Samples(0), StreamingRecognizeResponse { results, metadata: None }, &mut rest);
            let [News::Partial { text, stable, .. }] = &news[..] else { panic!("{news:?}") };
            text[..*stable].to_owned()
        };
        assert_eq!(stable(&[("stop", 0.01)]), "");
        assert_eq!(stable(&[(" stop it", 0.9), (" please", 0.01)]), "stop it");
        assert_eq!(stable(&[(" stop it", 0.01), (" please", 0.9)]), "", "only what is sure from the beginning on");
        assert_eq!(stable(&[("停 一", 0.9), (" 下 吧", 0.01)]), "停一");
        assert_eq!(stable(&[("what about", 0.0)]), "");
        assert_eq!(stable(&[("what a day", 0.0)]), "what");
    }

    #[test]
    fn chinese_has_no_blanks_inside() {
        let results = vec![result("你 好 Dr Wong ， 早", true, 0.0), result("晨 安", false, 0.0)];
        let news = heard(Samples(0), StreamingRecognizeResponse { results, metadata: None }, &mut String::new());
        let [News::Final { text: settled, .. }, News::Partial { text: open, .. }] = &news[..] else {
            panic!("{news:?}")
        };
        assert_eq!((settled.as_str(), open.as_str()), ("你好 Dr Wong ，早", "晨安"));
    }

    #[test]
    fn what_its_own_package_says_is_read_with_its_places() {
        let mut rest = String::new();
        let news = heard(Samples(16_000), response(INTERIM), &mut rest);
        assert!(
            matches!(&news[..], [News::Partial { text, stable: 5, to: Some(Samples(32_000)) }] if text == "to be or not"),
            "{news:?}"
        );
        assert_eq!(rest, " to be or not");
        let news = heard(Samples(16_000), response(FINAL), &mut rest);
        let [News::Final { text, to, confidence }, News::Billed(billed)] = &news[..] else { panic!("{news:?}") };
        assert_eq!((text.as_str(), *to, *confidence), ("Hello", Some(Samples(40_000)), Some(0.5)));
        assert_eq!((*billed, rest.as_str()), (Duration::from_secs(2), ""));
    }
}
