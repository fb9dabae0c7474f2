//! What Google says of an utterance, read from its stream to the end: words with their places on the call's clock.

use std::time::Duration;

use attendant_media::frame::{RATE, Samples};
use tokio::sync::mpsc;

use super::messages::{StreamingRecognitionResult, StreamingRecognizeResponse};
use crate::language::chinese::without_blanks;
use crate::provider::ProviderError;
use crate::provider::grpc::{Answer, Span};

/// Of which utterance.
pub(super) type Told = (u32, News);

#[derive(Debug)]
pub(super) enum News {
    /// Words after the last final ones, up to this place if Google says so.
    Partial {
        text: String,
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
    rest.clear();
    for StreamingRecognitionResult { alternatives, is_final, result_end_offset, .. } in response.results {
        let Some(best) = alternatives.into_iter().next() else { continue };
        let to = result_end_offset.and_then(|offset| place(begun, &offset));
        if is_final {
            let confidence = (best.confidence > 0.0).then_some(best.confidence);
            news.push(News::Final { text: without_blanks(&best.transcript), to, confidence });
        } else {
            rest.push_str(&best.transcript);
            partial = Some(to);
        }
    }
    // A response without words is a sign of life as well.
    if partial.is_some() || news.is_empty() {
        news.push(News::Partial { text: without_blanks(rest.trim_start()), to: partial.flatten() });
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

    #[test]
    fn chinese_has_no_blanks_inside() {
        use super::super::messages::SpeechRecognitionAlternative;
        let result = |transcript: &str, is_final| StreamingRecognitionResult {
            alternatives: vec![SpeechRecognitionAlternative { transcript: transcript.to_owned(), confidence: 0.0 }],
            is_final,
            ..StreamingRecognitionResult::default()
        };
        let results = vec![result("你 好 Dr Wong ， 早", true), result("晨 安", false)];
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
            matches!(&news[..], [News::Partial { text, to: Some(Samples(32_000)) }] if text == "to be or not"),
            "{news:?}"
        );
        assert_eq!(rest, " to be or not");
        let news = heard(Samples(16_000), response(FINAL), &mut rest);
        let [News::Final { text, to, confidence }, News::Billed(billed)] = &news[..] else { panic!("{news:?}") };
        assert_eq!((text.as_str(), *to, *confidence), ("Hello", Some(Samples(40_000)), Some(0.5)));
        assert_eq!((*billed, rest.as_str()), (Duration::from_secs(2), ""));
    }
}
