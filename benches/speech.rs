//! How long the embedded ears, brain and voices take, one thing at a time on a machine at rest: `make models`, then
//! `cargo bench --bench speech`. Medians of five; needs the weights, espeak-ng and the LibriVox clips of pocketsphinx-testdata.

use std::time::Duration;

use attendant::agent::brain::understand;
use attendant::call::event::{Event, Mailbox};
use attendant::language::Language;
use attendant::privacy::Pii;
use attendant::speech::{SpeechConfig, voices};
use attendant::stt::Recognizer as _;
use attendant::stt::whisper::{Whisper, usual_threads};
use attendant::tts::{self, Voice};
use attendant_media::speech::SpeechId;
use tokio::time::Instant;

const CLIPS: &str = "/usr/share/pocketsphinx/test/data/librivox";
const ROUNDS: usize = 5;

const SAYINGS: [(Language, &str); 5] = [
    (Language::English, "We are open from nine to five, Monday to Friday."),
    (Language::French, "Nous sommes ouverts de neuf heures à dix-sept heures."),
    (Language::Mandarin, "我们的诊所今天从九点开到五点。"),
    (Language::Cantonese, "我哋診所今日由九點開到五點。"),
    (Language::Punjabi, "ਕਲੀਨਿਕ ਅੱਜ ਨੌਂ ਵਜੇ ਤੋਂ ਪੰਜ ਵਜੇ ਤੱਕ ਖੁੱਲ੍ਹਾ ਹੈ।"),
];

fn main() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(measure())
}

async fn measure() -> anyhow::Result<()> {
    understanding();
    let began = Instant::now();
    let config = SpeechConfig::default();
    let whisper = Whisper::load(usual_threads())?;
    for language in [Language::English, Language::French] {
        println!("whisper carries {:?} calls at once in {language}", whisper.capacity(language));
    }
    println!("whisper loads in {:?}", began.elapsed());
    for clip in clips()? {
        recognise("tiny.en, a reader", &whisper, &clip, Language::English).await;
    }
    let voices = voices(&config)?;
    for (language, text) in SAYINGS.into_iter().filter(|(language, _)| *language != Language::English) {
        let (.., spoken) = say(voices[0].as_ref(), language, text).await?;
        recognise(&format!("base, espeak in {language}"), &whisper, &spoken, language).await;
    }
    for voice in &voices {
        for (language, text) in SAYINGS {
            let (mut first, mut whole, mut samples) = (Vec::new(), Vec::new(), 0);
            for _ in 0..=ROUNDS {
                let took = say(voice.as_ref(), language, text).await?;
                first.push(took.0);
                whole.push(took.1);
                samples = took.2.len();
            }
            // The first call warms caches.
            let (first, whole) = (median(first.split_off(1)), median(whole.split_off(1)));
            let share = whole.as_secs_f64() / (samples as f64 / 16_000.0);
            let (first, whole, length) = (first.as_millis(), whole.as_millis(), samples / 16);
            println!("{} {language}: first audio {first} ms, all {length} ms in {whole} ms ({share:.3})", voice.name());
        }
    }
    Ok(())
}

/// Each sentence is another one: a sentence heard before costs less.
fn understanding() {
    let began = Instant::now();
    understand("hello", Language::English);
    println!("the brain loads in {:?}", began.elapsed());
    let took = (1..=100).map(|number| {
        let began = Instant::now();
        understand(&format!("hi um could you tell me if you are open at {number} on friday"), Language::English);
        began.elapsed()
    });
    println!("the brain understands a sentence in {:?}", median(took.collect()));
}

async fn recognise(what: &str, whisper: &Whisper, speech: &[i16], language: Language) {
    let mut took = Vec::new();
    for _ in 0..ROUNDS {
        let began = Instant::now();
        whisper.transcribe(speech, language).await;
        took.push(began.elapsed());
    }
    println!("whisper {what}: {} ms of speech in {} ms", speech.len() / 16, median(took).as_millis());
}

fn clips() -> anyhow::Result<Vec<Vec<i16>>> {
    let mut files: Vec<_> = std::fs::read_dir(CLIPS)?.map(|file| Ok(file?.path())).collect::<std::io::Result<_>>()?;
    files.retain(|file| file.extension().is_some_and(|end| end == "wav"));
    files.sort();
    files.iter().map(|file| Ok(hound::WavReader::open(file)?.samples().collect::<Result<_, _>>()?)).collect()
}

/// Time to the first audio and to the last, and the audio.
async fn say(voice: &dyn Voice, language: Language, text: &str) -> anyhow::Result<(Duration, Duration, Vec<i16>)> {
    let (mailbox, mut events) = Mailbox::new();
    let session = voice.open(tts::Reports { mailbox });
    let id = SpeechId::default();
    let began = Instant::now();
    session.send(tts::Input::Begin { id, language }).await?;
    session.send(tts::Input::Text { id, text: Pii::new(text.to_owned()) }).await?;
    session.send(tts::Input::End { id }).await?;
    let (mut first, mut spoken) = (None, Vec::new());
    while let Some(event) = events.recv().await {
        match event {
            Event::Tts(tts::Event::Audio { audio, .. }) => {
                spoken.extend_from_slice(&audio);
                first.get_or_insert_with(|| began.elapsed());
            }
            Event::Tts(tts::Event::Done { .. }) => return Ok((first.unwrap_or_default(), began.elapsed(), spoken)),
            Event::Tts(tts::Event::Failed { error, .. }) => return Err(error.into()),
            Event::Tts(tts::Event::Word { .. }) | Event::Signal(_) | Event::Stt { .. } | Event::Agent { .. } => {}
        }
    }
    anyhow::bail!("the session ended")
}

fn median(mut took: Vec<Duration>) -> Duration {
    took.sort();
    took.get(took.len() / 2).copied().unwrap_or_default()
}
