//! Recorded readers over a bad network, in virtual time: one leg sends them, the network loses and delays, another leg hears, and
//! the embedded recogniser writes down what came through. The same packets are lost each time.

use std::time::Duration;

use attendant::call::event::{Event, Mailbox};
use attendant::language::Language;
use attendant::stt::whisper::Whisper;
use attendant::stt::{self, Input as Stt, Recognizer as _};
use attendant_media::frame::{SLOT, Samples};
use attendant_media::leg::{Codec, Format, Input, Leg, LegConfig, Output};
use attendant_media::netem::{Conditions, Netem};
use attendant_media::speech::SpeechId;
use attendant_media::time::Time;

use super::speech::clips;
use crate::corpus::wer::word_errors;

const ID: SpeechId = SpeechId { generation: 1, utterance: 0, attempt: 0 };

/// As a call waits after the last voice when the words are no help (`call.endpoint_ms`).
const ENDPOINT: Samples = Samples::from_millis(700);

/// Each is another set of lost packets; a reader has some 280.
const SEEDS: std::ops::RangeInclusive<u64> = 1..=4;

/// Silence around a clip, in slots: the line is open before the reader begins and stays so after.
const BEFORE: usize = 50;
const AFTER: usize = 100;

fn leg(ssrc: u32) -> Leg {
    let format = Format { codec: Codec::Pcmu, payload_type: 0 };
    let config = LegConfig::plain(format, ssrc);
    Leg::new(config, Time::ZERO)
}

/// What a call would give its recogniser.
fn carry(audio: &[i16], conditions: Conditions, seed: u64) -> Vec<Stt> {
    let mut padded = vec![0; BEFORE * 320];
    padded.extend_from_slice(audio);
    let slots = padded.len().div_ceil(320) + AFTER;
    padded.resize(slots * 320, 0);

    let (mut sender, mut hearer) = (leg(1), leg(2));
    let mut netem = Netem::new(conditions, seed);
    let mut inputs = Vec::new();
    let (mut given, mut pause) = (0, None);
    sender.handle(Time::ZERO, Input::Audible(ID));
    for slot in 0..slots as u32 {
        let due = Time::ZERO + SLOT * slot;
        let to = padded.len().min(given + sender.room());
        sender.handle(due, Input::Speech { id: ID, audio: &padded[given..to] });
        given = to;
        sender.handle(due, Input::Timeout);
        while let Some(output) = sender.poll_output() {
            if let Output::Rtp { packet, .. } = output {
                netem.send(due, packet);
            }
        }
        let next = due + SLOT;
        loop {
            let now = netem.next().min(hearer.poll_timeout());
            if now >= next {
                break;
            }
            match netem.receive(now) {
                Some((at, packet)) => hearer.handle(at, Input::Rtp(&packet)),
                None => hearer.handle(now, Input::Timeout),
            }
            while let Some(output) = hearer.poll_output() {
                match output {
                    Output::Heard { at, audio } => {
                        inputs.push(Stt::Audio { at, frame: *audio });
                        if let Some(end) = pause
                            && at >= end + ENDPOINT
                        {
                            inputs.push(Stt::Flush { up_to: end });
                            pause = None;
                        }
                    }
                    Output::SpeechStart { at, .. } => {
                        pause = None;
                        inputs.push(Stt::SpeechStart { at });
                    }
                    Output::SpeechEnd { at } => {
                        pause = Some(at);
                        inputs.push(Stt::SpeechEnd { at });
                    }
                    _ => {}
                }
            }
        }
    }
    inputs
}

async fn hear(whisper: &Whisper, inputs: Vec<Stt>) -> String {
    let (mailbox, mut events) = Mailbox::new();
    let setup = stt::Setup { language: Language::English, hints: stt::Hints::default() };
    let session = whisper.open(setup, stt::Reports { session: 0, mailbox });
    let flushes = inputs.iter().filter(|input| matches!(input, Stt::Flush { .. })).count();
    let reading = tokio::spawn(async move {
        let (mut heard, mut left) = (String::new(), flushes);
        while left > 0 {
            match events.recv().await.expect("the session goes on") {
                Event::Stt { event: stt::Event::Final { text, .. }, .. } => heard = heard + &text.into_inner() + " ",
                Event::Stt { event: stt::Event::Flushed { .. }, .. } => left -= 1,
                Event::Stt {
                    event: stt::Event::Ready | stt::Event::Listening { .. } | stt::Event::Partial { .. },
                    ..
                } => {}
                other => panic!("{other:?}"),
            }
        }
        heard
    });
    for input in inputs {
        session.send(input).await.expect("the session takes input");
    }
    reading.await.expect("finals and the answers to the flushes")
}

/// Word errors and words over the clips.
async fn errors(whisper: &Whisper, clips: &[(Vec<i16>, String)], conditions: Conditions, seed: u64) -> (usize, usize) {
    let (mut errors, mut words) = (0, 0);
    for (audio, text) in clips {
        let heard = hear(whisper, carry(audio, conditions, seed)).await;
        let (wrong, of) = word_errors(text, &heard);
        println!("{wrong} of {of}: {heard}");
        errors += wrong;
        words += of;
    }
    println!("seed {seed}: {errors} word errors in {words}");
    (errors, words)
}

#[tokio::test]
async fn readers_lose_few_words_to_5_percent_loss_and_40_ms_of_jitter() {
    let whisper = Whisper::load(1).expect("make models has run");
    let clips = clips();
    let (clean, words) = errors(&whisper, &clips, Conditions::default(), 0).await;
    let conditions = Conditions { loss: 0.05, jitter: Duration::from_millis(40), ..Conditions::default() };
    let (mut lossy, mut of) = (0, 0);
    for seed in SEEDS {
        let (wrong, words) = errors(&whisper, &clips, conditions, seed).await;
        lossy += wrong;
        of += words;
    }
    let percent = |wrong: usize, of: usize| wrong as f64 * 100.0 / of as f64;
    let (clean, lossy) = (percent(clean, words), percent(lossy, of));
    println!("{clean:.1} % clean, {lossy:.1} % with loss");
    assert!(lossy <= clean + 5.0, "{clean:.1} % clean, {lossy:.1} % with loss");
}
