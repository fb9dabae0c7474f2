//! The embedded speech as it is: Whisper on recorded readers through a telephone's band, the voices through Whisper.

use std::sync::Arc;

use attendant::call::event::{Event, Mailbox};
use attendant::language::Language;
use attendant::privacy::Pii;
use attendant::speech::{SpeechConfig, load};
use attendant::stt::whisper::Whisper;
use attendant::tts::{self, Voice};
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

/// As a telephone carries it: 8 kHz and back.
fn telephone(audio: &[i16]) -> Vec<i16> {
    let narrow = resample::whole(audio, 16_000, 8_000).expect("a fine ratio");
    resample::whole(&narrow, 8_000, 16_000).expect("a fine ratio")
}

#[tokio::test]
async fn readers_are_understood_through_a_telephone() {
    let whisper = Whisper::load(1).expect("make models has run");
    let (mut errors, mut words) = (0, 0);
    for (audio, text) in clips() {
        // Longer than the window: in parts, as a session does it.
        let mut heard = String::new();
        for part in telephone(&audio).chunks(144_000) {
            let began = tokio::time::Instant::now();
            heard += &whisper.transcribe(part, Language::English).await.unwrap_or_default();
            println!("{:?} for {} ms", began.elapsed(), part.len() / 16);
            heard.push(' ');
        }
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
