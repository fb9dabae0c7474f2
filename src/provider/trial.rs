//! One round trip with a provider, as a call would make it: is the key good, is the vendor there, and how long does each stage take.
//!
//! What is sent is attendant's own: a recorded question, three words, what an agent asks at the first turn. Whoever is paid by use charges for a few
//! seconds of audio and some thousands of tokens. Times are of this machine's clock, from here to the vendor and back.

use std::time::Duration;

use attendant_media::frame::{RATE, SLOT, SLOT_SAMPLES, Samples};
use attendant_media::resample;
use attendant_media::speech::SpeechId;
use futures_util::StreamExt;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use super::{ErrorKind, ProviderError};
use crate::agent::llm::{Delta, Model, Request};
use crate::call::event::{Event, Mailbox};
use crate::language::Language;
use crate::privacy::Pii;
use crate::stt::{self, Recognizer};
use crate::tts::{self, Voice};

/// "What time do you open?", 8 kHz.
const QUESTION: &[u8] = include_bytes!("trial/question.wav");

/// Longer than any deadline of a call: what takes this long is not there.
const PATIENCE: Duration = Duration::from_secs(15);

/// How long each stage took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Trial {
    /// Until the connection was there, if that is a stage of its own.
    pub connect_ms: Option<u64>,
    /// From the request to the first audio or words of the answer.
    pub first_ms: Option<u64>,
    /// From the request to the end of the answer; with a recogniser, from the caller's last sample to the last words.
    pub whole_ms: u64,
}

/// Says the question to a recogniser, in real time. It is English: of another language's recogniser words are not asked.
pub async fn hear(recognizer: &dyn Recognizer, language: Language) -> Result<Trial, ProviderError> {
    match listen(recognizer, language, &question()).await? {
        (took, heard) if heard || language != Language::English => Ok(took),
        (_, _) => Err(failed(recognizer.name(), ErrorKind::Empty, "heard no word of a spoken question")),
    }
}

/// Has a recogniser listen to what somebody says, 16 kHz, in real time; whether it heard words.
pub async fn listen(
    recognizer: &dyn Recognizer,
    language: Language,
    speech: &[i16],
) -> Result<(Trial, bool), ProviderError> {
    let name = recognizer.name();
    within(name, async {
        let (mailbox, mut events) = Mailbox::new();
        let begun = Instant::now();
        let setup = stt::Setup { language, hints: stt::Hints::default() };
        let session = recognizer.open(setup, stt::Reports { session: 1, mailbox });
        while next_heard(name, &mut events).await? != stt::Event::Ready {}
        let connect_ms = Some(ms(begun));
        let up_to = match say(name, &session, speech).await {
            Ok(up_to) => up_to,
            Err(error) => return Err(reason(&mut events).await.unwrap_or(error)),
        };
        let asked = Instant::now();
        give(name, &session, stt::Input::Flush { up_to }).await?;
        let mut words = false;
        loop {
            match next_heard(name, &mut events).await? {
                stt::Event::Final { text, .. } => words |= !text.reveal().trim().is_empty(),
                stt::Event::Flushed { .. } => {
                    return Ok((Trial { connect_ms, first_ms: None, whole_ms: ms(asked) }, words));
                }
                stt::Event::Ready
                | stt::Event::SpeechStart { .. }
                | stt::Event::Partial { .. }
                | stt::Event::Listening { .. }
                | stt::Event::EagerEnd { .. }
                | stt::Event::Resumed { .. }
                | stt::Event::EndOfTurn { .. }
                | stt::Event::Left
                | stt::Event::Failed(_) => {}
            }
        }
    })
    .await
}

/// Where the speech ends.
async fn say(name: &'static str, session: &mpsc::Sender<stt::Input>, speech: &[i16]) -> Result<Samples, ProviderError> {
    let mut slots = interval(SLOT);
    slots.set_missed_tick_behavior(MissedTickBehavior::Burst);
    give(name, session, stt::Input::SpeechStart { at: Samples::ZERO }).await?;
    let mut at = Samples::ZERO;
    for frame in speech.as_chunks::<SLOT_SAMPLES>().0 {
        slots.tick().await;
        give(name, session, stt::Input::Audio { at, frame: *frame }).await?;
        at = at + Samples(SLOT_SAMPLES as u64);
    }
    give(name, session, stt::Input::SpeechEnd { at }).await?;
    Ok(at)
}

fn question() -> Vec<i16> {
    let wav = hound::WavReader::new(QUESTION).expect("the question is a WAV file");
    let rate = wav.spec().sample_rate;
    let samples: Vec<i16> = wav.into_samples().map(|sample| sample.expect("its samples are whole")).collect();
    resample::whole(&samples, rate, RATE).expect("it has a rate that telephones use")
}

/// Why a session takes no more, if it has said so.
async fn reason(events: &mut mpsc::Receiver<Event>) -> Option<ProviderError> {
    loop {
        match events.recv().await? {
            Event::Stt { event: stt::Event::Failed(error), .. } => return Some(error),
            Event::Stt { .. } | Event::Tts(_) | Event::Agent { .. } | Event::Signal(_) => {}
        }
    }
}

async fn next_heard(name: &'static str, events: &mut mpsc::Receiver<Event>) -> Result<stt::Event, ProviderError> {
    loop {
        match events.recv().await {
            Some(Event::Stt { event: stt::Event::Failed(error), .. }) => return Err(error),
            Some(Event::Stt { event, .. }) => return Ok(event),
            Some(Event::Tts(_) | Event::Agent { .. } | Event::Signal(_)) => {}
            None => return Err(failed(name, ErrorKind::Connection, "ended without a word")),
        }
    }
}

async fn give<T>(name: &'static str, session: &mpsc::Sender<T>, input: T) -> Result<(), ProviderError> {
    session.send(input).await.map_err(|_| failed(name, ErrorKind::Connection, "ended in the middle"))
}

/// Has a voice say three words.
pub async fn speak(voice: &dyn Voice, language: Language) -> Result<Trial, ProviderError> {
    Ok(sound(voice, language).await?.0)
}

/// The same, and how they sound, 16 kHz. Who is on another machine says them twice: in a call the first words find a connection, so the second
/// time is what counts.
pub async fn sound(voice: &dyn Voice, language: Language) -> Result<(Trial, Vec<i16>), ProviderError> {
    let name = voice.name();
    within(name, async {
        let (mailbox, mut events) = Mailbox::new();
        let begun = Instant::now();
        let reaching = voice.reach(language);
        let is_elsewhere = reaching.is_some();
        let connect_ms = match reaching {
            Some(reaching) => reaching.await.then(|| ms(begun)),
            None => None,
        };
        let session = voice.open(tts::Reports { mailbox });
        if is_elsewhere {
            // Who cannot be reached says so here.
            utter(name, &session, &mut events, (1, language)).await?;
        }
        let (took, sound) = utter(name, &session, &mut events, (2, language)).await?;
        Ok((Trial { connect_ms, ..took }, sound))
    })
    .await
}

/// The three words as this utterance of a session.
async fn utter(
    name: &'static str,
    session: &mpsc::Sender<tts::Input>,
    events: &mut mpsc::Receiver<Event>,
    (utterance, language): (u16, Language),
) -> Result<(Trial, Vec<i16>), ProviderError> {
    let id = SpeechId { generation: 1, utterance, attempt: 0 };
    let text = Pii::new(three_words(language).to_owned());
    let asked = Instant::now();
    give(name, session, tts::Input::Begin { id, language }).await?;
    give(name, session, tts::Input::Text { id, text }).await?;
    give(name, session, tts::Input::End { id }).await?;
    let mut first_ms = None;
    let mut sound = Vec::new();
    loop {
        match events.recv().await {
            Some(Event::Tts(tts::Event::Audio { audio, .. })) => {
                first_ms = Some(first_ms.unwrap_or_else(|| ms(asked)));
                sound.extend_from_slice(&audio);
            }
            Some(Event::Tts(tts::Event::Done { .. })) => {
                return Ok((Trial { connect_ms: None, first_ms, whole_ms: ms(asked) }, sound));
            }
            Some(Event::Tts(tts::Event::Failed { error, .. })) => return Err(error),
            Some(Event::Tts(tts::Event::Word { .. }) | Event::Stt { .. } | Event::Agent { .. } | Event::Signal(_)) => {}
            None => return Err(failed(name, ErrorKind::Connection, "ended without a sound")),
        }
    }
}

const fn three_words(language: Language) -> &'static str {
    match language {
        Language::English => "One, two, three.",
        Language::French => "Un, deux, trois.",
        Language::Mandarin | Language::Cantonese => "一，二，三。",
        Language::Punjabi => "ਇੱਕ, ਦੋ, ਤਿੰਨ।",
    }
}

/// Asks a model what a call would ask it ([`first_question`](crate::agent::conversation::first_question)). A tool that it calls is an answer
/// too.
pub async fn think(model: &dyn Model, question: Request) -> Result<Trial, ProviderError> {
    let name = model.name();
    within(name, async {
        let begun = Instant::now();
        let connect_ms = match model.connect() {
            // Who cannot be connected to says so when it is asked.
            Some(connecting) => connecting.await.then(|| ms(begun)),
            None => None,
        };
        let asked = Instant::now();
        let mut answer = model.stream(question);
        let mut first_ms = None;
        while let Some(delta) = answer.next().await {
            match delta? {
                Delta::Text(text) if text.reveal().is_empty() => {}
                Delta::Text(_) | Delta::ToolCall(_) => first_ms = Some(first_ms.unwrap_or_else(|| ms(asked))),
                Delta::Usage(_) => {}
                Delta::Finish(_) => break,
            }
        }
        if first_ms.is_none() {
            return Err(failed(name, ErrorKind::Empty, "answered without a word"));
        }
        Ok(Trial { connect_ms, first_ms, whole_ms: ms(asked) })
    })
    .await
}

async fn within<T>(
    name: &'static str,
    trial: impl Future<Output = Result<T, ProviderError>>,
) -> Result<T, ProviderError> {
    let late = || failed(name, ErrorKind::Timeout, &format!("no whole answer within {} s", PATIENCE.as_secs()));
    timeout(PATIENCE, trial).await.unwrap_or_else(|_| Err(late()))
}

fn failed(provider: &'static str, kind: ErrorKind, what: &str) -> ProviderError {
    ProviderError { provider, kind, what: what.to_owned(), retry_after: None }
}

fn ms(since: Instant) -> u64 {
    since.elapsed().as_millis() as u64
}
