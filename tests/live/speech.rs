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
use attendant_media::conceal::Conceal;
use attendant_media::frame::{SLOT_SAMPLES, Samples};
use attendant_media::leg::Codec;
use attendant_media::resample;
use attendant_media::speech::SpeechId;

use super::noises::{self, Noise, noisy};
use crate::corpus::wer::word_errors;

const CLIPS: &str = "/usr/share/pocketsphinx/test/data/librivox";

pub(super) fn clips() -> Vec<(Vec<i16>, String)> {
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
    telephone_losing(audio, 0.0, 0)
}

/// The same when a share of the packets does not come.
fn telephone_losing(audio: &[i16], loss: f64, seed: u64) -> Vec<i16> {
    let (mut conceal, mut chance) = (Conceal::new(), Noise::new(seed));
    let narrow = above_300_hz(&resample::whole(audio, 16_000, 8_000).expect("a fine ratio"));
    let (mut encoder, mut decoder) = (Encoder::new(Codec::Pcmu), Decoder::new(Codec::Pcmu));
    let mut heard = Vec::with_capacity(narrow.len());
    for packet in narrow.chunks(160) {
        let (mut payload, mut decoded) = ([0; 160], [0; 160]);
        let bytes = encoder.encode(packet, &mut payload);
        let samples = decoder.decode(&payload[..bytes], &mut decoded).expect("our own mu-law");
        heard.extend_from_slice(&decoded[..samples]);
    }
    let mut heard = resample::whole(&heard, 8_000, 16_000).expect("a fine ratio");
    for slot in heard.chunks_mut(SLOT_SAMPLES) {
        if chance.uniform() < loss {
            conceal.lost(slot);
        } else {
            conceal.came(slot);
        }
    }
    heard
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
                Event::Stt {
                    event: stt::Event::Ready | stt::Event::Listening { .. } | stt::Event::Partial { .. },
                    ..
                } => {}
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

/// The guards' table: what of each sound and of each reader becomes words.
#[tokio::test]
async fn noises_have_no_words_and_readers_keep_theirs() {
    let whisper = Whisper::load(1).expect("make models has run");
    for (language, seconds) in [(Language::English, 1.0), (Language::English, 6.0), (Language::Mandarin, 3.0)] {
        for (name, sound) in noises::all(seconds) {
            let words = whisper.transcribe(&telephone(&sound), language).await;
            println!("{language}, {seconds} s of {name}: {}", words.as_deref().unwrap_or("-"));
            assert_eq!(words, None, "{language}, {seconds} s of {name}");
        }
    }
    let mut counts = Vec::new();
    for (line, loss, relative_db) in
        [("clean", 0.0, None), ("5 % of packets lost", 0.05, None), ("noise at -20 dB", 0.0, Some(-20.0))]
    {
        let (mut errors, mut words, mut kept) = (0, 0, 0);
        for (seed, (audio, text)) in (31..).zip(clips()) {
            let audio = relative_db.map_or_else(|| audio.clone(), |db| noisy(&audio, db, seed));
            let heard = whisper.transcribe(&telephone_losing(&audio, loss, seed), Language::English).await;
            kept += usize::from(heard.is_some());
            let (wrong, of) = word_errors(&text, heard.as_deref().unwrap_or_default());
            errors += wrong;
            words += of;
        }
        println!("{line}: {kept} of 5 kept, {errors} word errors in {words}");
        counts.push((kept, errors));
    }
    assert!(counts.iter().all(|(kept, errors)| *kept == 5 && *errors <= 10), "{counts:?}");
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
    let mut answers = Vec::new();
    for text in ["Yes.", "No.", "Okay.", "Hello?", "Tomorrow.", "Four.", "Thank you."] {
        let audio = say(voice.as_ref(), text, Language::English).await;
        let heard = whisper.transcribe(&telephone(&audio), Language::English).await;
        println!("{text} {heard:?}");
        answers.push(heard.is_some());
    }
    assert!(answers.iter().all(|kept| *kept), "a short answer is no noise: {answers:?}");
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
