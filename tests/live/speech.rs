//! The embedded speech as it is: Whisper on recorded readers through a telephone's band, the voices through Whisper.

use std::sync::Arc;

use attendant::call::event::{Event, Mailbox};
use attendant::language::Language;
use attendant::privacy::Pii;
use attendant::speech::{SpeechConfig, load};
use attendant::stt::whisper::Whisper;
use attendant::stt::{self, Recognizer as _};
use attendant::tts::{self, Voice};
use attendant_media::codec::{Decoder, Encoder};
use attendant_media::frame::{SLOT_SAMPLES, Samples};
use attendant_media::leg::Codec;
use attendant_media::resample;
use attendant_media::speech::SpeechId;

use crate::corpus::wer::word_errors;

const CLIPS: &str = "/usr/share/pocketsphinx/test/data/librivox";

fn clips() -> Vec<(Vec<i16>, String)> {
    let transcription = std::fs::read_to_string(format!("{CLIPS}/transcription")).expect("make deps installs it");
    transcription
        .lines()
        .map(|line| {
            let (text, name) = line.rsplit_once(" (").expect("text (name)");
            let file = format!("{CLIPS}/{}.wav", name.trim_end_matches(')'));
            let mut reader = hound::WavReader::open(file).expect("the clip is there");
            let samples = reader.samples::<i16>().map(|sample| sample.expect("a whole file")).collect();
            (samples, text.replace("<s>", "").replace("</s>", ""))
        })
        .collect()
}

/// As a telephone carries it: 300 to 3,400 Hz, 8 kHz, mu-law.
fn telephone(audio: &[i16]) -> Vec<i16> {
    let narrow = above_300_hz(&resample::whole(audio, 16_000, 8_000).expect("a fine ratio"));
    let (mut encoder, mut decoder) = (Encoder::new(Codec::Pcmu), Decoder::new(Codec::Pcmu));
    let mut heard = Vec::with_capacity(narrow.len());
    for packet in narrow.chunks(160) {
        let (mut payload, mut decoded) = ([0; 160], [0; 160]);
        let bytes = encoder.encode(packet, &mut payload);
        let samples = decoder.decode(&payload[..bytes], &mut decoded).expect("our own mu-law");
        heard.extend_from_slice(&decoded[..samples]);
    }
    resample::whole(&heard, 8_000, 16_000).expect("a fine ratio")
}

/// Butterworth high-pass of the second order for 8 kHz.
fn above_300_hz(audio: &[i16]) -> Vec<i16> {
    let turn = (std::f64::consts::PI * 300.0 / 8_000.0).tan();
    let norm = 1.0 / (1.0 + std::f64::consts::SQRT_2 * turn + turn * turn);
    let (b1, b2) = (2.0 * (turn * turn - 1.0) * norm, (1.0 - std::f64::consts::SQRT_2 * turn + turn * turn) * norm);
    let (mut before, mut after) = ([0.0; 2], [0.0; 2]);
    let mut next = |sample: i16| {
        let now = f64::from(sample);
        let out = norm * (now - 2.0 * before[0] + before[1]) - b1 * after[0] - b2 * after[1];
        before = [now, before[0]];
        after = [out, after[0]];
        out.clamp(-32_768.0, 32_767.0) as i16
    };
    audio.iter().map(|sample| next(*sample)).collect()
}

/// What a session makes of a recording that is given to it as a call does, frame by frame, with half a second of silence after it.
async fn hear(whisper: &Whisper, audio: &[i16]) -> String {
    let (mailbox, mut events) = Mailbox::new();
    let setup = stt::Setup { language: Language::English, hints: stt::Hints::default() };
    let session = whisper.open(setup, stt::Reports { session: 0, mailbox });
    let reading = tokio::spawn(async move {
        let mut heard = String::new();
        while let Some(event) = events.recv().await {
            match event {
                Event::Stt { event: stt::Event::Final { text, .. }, .. } => heard = heard + &text.into_inner() + " ",
                Event::Stt { event: stt::Event::Flushed { .. }, .. } => return heard,
                Event::Stt { event: stt::Event::Ready | stt::Event::Partial { .. }, .. } => {}
                other => panic!("{other:?}"),
            }
        }
        panic!("the session ended");
    });
    let (begin, end) = (Samples(0), Samples(audio.len() as u64));
    session.send(stt::Input::SpeechStart { at: begin }).await.expect("the session takes input");
    let padded = [audio, &[0; 8_000]].concat();
    for (slot, samples) in padded.chunks_exact(SLOT_SAMPLES).enumerate() {
        let frame = samples.try_into().expect("exact chunks");
        let at = Samples::from_slots(slot as u64);
        session.send(stt::Input::Audio { at, frame }).await.expect("the session takes input");
    }
    session.send(stt::Input::SpeechEnd { at: end }).await.expect("the session takes input");
    session.send(stt::Input::Flush { up_to: end }).await.expect("the session takes input");
    reading.await.expect("finals and the answer to the flush")
}

#[tokio::test]
async fn readers_are_understood_through_a_telephone() {
    let whisper = Whisper::load(1).expect("make models has run");
    let (mut errors, mut words) = (0, 0);
    for (audio, text) in clips() {
        let heard = hear(&whisper, &telephone(&audio)).await;
        let (wrong, of) = word_errors(&text, &heard);
        println!("{wrong} of {of}: {heard}");
        errors += wrong;
        words += of;
    }
    println!("{errors} word errors in {words}");
    assert!(errors * 100 <= words * 8, "{errors} of {words} words");
}

async fn say(voice: &dyn Voice, text: &str, language: Language) -> Vec<i16> {
    let (mailbox, mut events) = Mailbox::new();
    let session = voice.open(tts::Reports { mailbox });
    let id = SpeechId::default();
    for input in [
        tts::Input::Begin { id, language },
        tts::Input::Text { id, text: Pii::new(text.to_owned()) },
        tts::Input::End { id },
    ] {
        session.send(input).await.expect("the session takes text");
    }
    let mut all = Vec::new();
    while let Some(event) = events.recv().await {
        match event {
            Event::Tts(tts::Event::Audio { audio, .. }) => all.extend_from_slice(&audio),
            Event::Tts(tts::Event::Done { samples, .. }) => {
                assert_eq!(samples, all.len() as u64);
                return all;
            }
            Event::Tts(tts::Event::Failed { error, .. }) => panic!("{error}"),
            _ => {}
        }
    }
    panic!("the session ended");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_english_voice_is_understood_and_every_language_has_one() {
    let embedded = load(&SpeechConfig::default()).expect("make models has run");
    let voice: &Arc<dyn Voice> = &embedded.voices[0];
    let whisper = Whisper::load(1).expect("make models has run");
    let text = "We are open from nine to five, Monday to Friday. Would you like to leave a message?";
    let audio = say(voice.as_ref(), text, Language::English).await;
    let heard = whisper.transcribe(&telephone(&audio), Language::English).await.unwrap_or_default();
    let (wrong, of) = word_errors(text, &heard);
    println!("{wrong} of {of}: {heard}");
    assert!(wrong <= 2, "heard: {heard}");
    for (language, text) in [
        (Language::French, "Nous sommes ouverts de neuf heures à dix-sept heures."),
        (Language::Mandarin, "我们的诊所今天开门。"),
        (Language::Cantonese, "我哋診所今日開門。"),
        (Language::Punjabi, "ਕਲੀਨਿਕ ਅੱਜ ਖੁੱਲ੍ਹਾ ਹੈ।"),
    ] {
        let audio = say(voice.as_ref(), text, language).await;
        assert!(audio.len() > 16_000, "{language}: {} samples", audio.len());
        assert!(audio.iter().any(|sample| sample.unsigned_abs() > 1_000), "{language} is silent");
    }
}
