//! A session on a scripted model: each sample of a spoken word has the word's value, and the model names the values it hears.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;

use attendant_media::frame::SLOT_SAMPLES;

use super::*;
use crate::call::event::{Event as CallEvent, Mailbox};
use crate::stt::Hints;

const WORDS: [&str; 30] = [
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "apple", "bread", "chair", "door",
    "egg", "fish", "glass", "house", "ink", "jam", "key", "lamp", "milk", "night", "oil", "pen", "queen", "river",
    "sun", "tree",
];

fn value(word: &str) -> i16 {
    let place = WORDS.iter().position(|known| *known == word).expect("a word of the list");
    1_000 + 100 * place as i16
}

fn model(audio: &[i16]) -> Heard {
    // Quickly: the next partial waits for as long as this took.
    let word = |sample: &i16| {
        let place = sample.checked_sub(1_000).filter(|place| place % 100 == 0)? / 100;
        WORDS.get(usize::try_from(place).ok()?).copied()
    };
    let mut heard: Vec<&str> = audio.iter().filter_map(word).collect();
    heard.dedup();
    Heard { text: heard.join(" "), log_probability: -0.1, no_speech: 0.1, repeated: 0.0 }
}

struct Call {
    session: mpsc::Sender<Input>,
    events: mpsc::Receiver<CallEvent>,
    asked: Arc<AtomicUsize>,
    at: u64,
}

impl Call {
    fn new() -> Self {
        let asked = Arc::new(AtomicUsize::new(0));
        let count = asked.clone();
        let pool = Pool::start(1, move || {
            Ok(move |audio: &[i16], _| {
                count.fetch_add(1, Ordering::Relaxed);
                Ok(model(audio))
            })
        });
        Self::on(pool.unwrap(), asked)
    }

    fn on(pool: Pool, asked: Arc<AtomicUsize>) -> Self {
        let (mailbox, events) = Mailbox::new();
        // Room for one input: when a send returns, the session has taken nearly all before it.
        let (session, inputs) = mpsc::channel(1);
        let setup = Setup { language: Language::English, hints: Hints::default() };
        tokio::spawn(run(Arc::new(pool), setup, inputs, Reports { session: 0, mailbox }));
        Self { session, events, asked, at: 0 }
    }

    async fn give(&mut self, input: Input) {
        self.session.send(input).await.unwrap();
    }

    async fn frames(&mut self, level: i16, millis: u64) {
        for _ in 0..millis / 20 {
            let at = Samples(self.at);
            self.at += SLOT_SAMPLES as u64;
            self.give(Input::Audio { at, frame: [level; SLOT_SAMPLES] }).await;
        }
    }

    /// Voice and then the 300 ms that acoustics take to notice that it is over.
    async fn say(&mut self, words: &[&str], millis: u64) {
        let at = Samples(self.at);
        self.give(Input::SpeechStart { at }).await;
        for word in words {
            self.frames(value(word), millis).await;
        }
        let at = Samples(self.at);
        self.frames(0, 300).await;
        self.give(Input::SpeechEnd { at }).await;
    }

    async fn anything(&mut self) -> Event {
        match self.events.recv().await {
            Some(CallEvent::Stt { event, .. }) => event,
            other => panic!("not of a session: {other:?}"),
        }
    }

    /// The next event that is more than a sign of life.
    async fn next(&mut self) -> Event {
        loop {
            match self.anything().await {
                Event::Listening { .. } => {}
                event => return event,
            }
        }
    }

    /// Speaks on, as fast as people do, until something comes of it: the next partial waits for as long as the last one took, on a busy machine for seconds.
    async fn goes_on(&mut self, level: i16) -> Event {
        loop {
            self.frames(level, 20).await;
            if let Ok(event) = tokio::time::timeout(Duration::from_millis(20), self.next()).await {
                return event;
            }
        }
    }

    /// How far the session says it has listened.
    async fn listened(&mut self) -> u64 {
        loop {
            if let Event::Listening { up_to } = self.anything().await {
                return up_to.0;
            }
        }
    }

    /// The words and range of each final up to the answer of a flush.
    async fn flush(&mut self) -> Vec<(String, u64, u64)> {
        let up_to = Samples(self.at);
        self.give(Input::Flush { up_to }).await;
        let mut finals = Vec::new();
        loop {
            match self.next().await {
                Event::Final { text, from, to, .. } => finals.push((text.into_inner(), from.0, to.0)),
                Event::Flushed { up_to: answered } => {
                    assert_eq!(answered, up_to);
                    return finals;
                }
                Event::Ready | Event::Partial { .. } => {}
                other => panic!("{other:?}"),
            }
        }
    }

    async fn flushed_words(&mut self) -> Vec<String> {
        self.flush().await.into_iter().map(|(text, ..)| text).collect()
    }
}

#[tokio::test]
async fn a_flush_is_answered_when_nothing_was_said() {
    let mut call = Call::new();
    assert_eq!(call.flush().await, []);
    call.frames(0, 1_000).await;
    assert_eq!(call.flush().await, []);
    assert_eq!(call.asked.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_click_never_reaches_the_model() {
    let mut call = Call::new();
    call.say(&["one"], 100).await;
    call.frames(0, 12_000).await;
    assert_eq!(call.flush().await, []);
    assert_eq!(call.asked.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_flush_finds_the_final_that_was_begun_when_the_voice_stopped() {
    let mut call = Call::new();
    // Too short for a partial: the only question is the final's.
    call.say(&["one", "two"], 120).await;
    assert_eq!(call.next().await, Event::Ready);
    assert!(matches!(call.next().await, Event::Partial { text, .. } if text == Pii::new("one two".to_owned())));
    assert_eq!(call.flushed_words().await, ["one two"]);
    assert_eq!(call.asked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn words_come_while_the_caller_speaks() {
    let mut call = Call::new();
    call.give(Input::SpeechStart { at: Samples(0) }).await;
    call.frames(value("sun"), 700).await;
    assert_eq!(call.next().await, Event::Ready);
    assert!(matches!(call.next().await, Event::Partial { text, .. } if text == Pii::new("sun".to_owned())));
}

#[tokio::test]
async fn words_that_two_partials_say_are_stable() {
    let mut call = Call::new();
    call.give(Input::SpeechStart { at: Samples(0) }).await;
    call.frames(value("sun"), 700).await;
    assert_eq!(call.next().await, Event::Ready);
    assert!(matches!(call.next().await, Event::Partial { stable: 0, .. }));
    let next = call.goes_on(value("tree")).await;
    let Event::Partial { text, stable, .. } = next else { panic!("{next:?}") };
    assert_eq!(&text.reveal()[..stable], "sun", "{text:?}");
}

#[tokio::test]
async fn a_voice_that_goes_on_is_one_utterance_with_what_it_said_before() {
    let mut call = Call::new();
    call.say(&["one"], 400).await;
    call.frames(0, 200).await;
    call.say(&["two"], 400).await;
    assert_eq!(call.flushed_words().await, ["one two"]);
}

#[tokio::test]
async fn a_reopened_session_hears_what_was_said_before_it() {
    let mut call = Call::new();
    call.at = 160_000;
    call.frames(0, 1_000).await;
    let start = Samples(call.at);
    call.frames(value("milk"), 600).await;
    let end = Samples(call.at);
    call.frames(0, 500).await;
    call.give(Input::SpeechStart { at: start }).await;
    call.give(Input::SpeechEnd { at: end }).await;
    assert_eq!(call.flushed_words().await, ["milk"]);
}

#[tokio::test]
async fn what_was_not_asked_for_never_comes_back_with_what_is_said_next() {
    for pause in [1_000, 12_000] {
        let mut call = Call::new();
        call.say(&["one"], 400).await;
        let over = call.at - 4_800;
        call.frames(0, pause).await;
        call.say(&["two"], 400).await;
        let finals = call.flush().await;
        let words: Vec<&str> = finals.iter().map(|(text, ..)| text.as_str()).collect();
        assert_eq!(words, ["one", "two"], "{pause}");
        // The call has put aside all up to there.
        assert!(finals[0].2 <= over + POSTROLL && finals[1].1 >= finals[0].2, "{finals:?}");
        assert_eq!(call.flush().await, []);
    }
}

#[tokio::test]
async fn a_long_utterance_keeps_each_word_once_and_its_finals_apart() {
    let mut call = Call::new();
    call.say(&WORDS, 900).await;
    let finals = call.flush().await;
    assert!(finals.len() >= 3, "{finals:?}");
    assert!(finals.windows(2).all(|pair| pair[0].2 <= pair[1].1), "{finals:?}");
    assert!(finals.iter().all(|(_, from, to)| to - from <= 160_000), "{finals:?}");
    let mut words: Vec<&str> = finals.iter().flat_map(|(text, ..)| text.split(' ')).collect();
    // A word across a cut is heard on both sides of it by this model.
    words.dedup();
    assert_eq!(words, WORDS);
}

#[tokio::test]
async fn another_language_asks_again() {
    let mut call = Call::new();
    call.say(&["one"], 240).await;
    assert_eq!(call.next().await, Event::Ready);
    assert!(matches!(call.next().await, Event::Partial { .. }));
    call.give(Input::Language(Language::French)).await;
    assert_eq!(call.flushed_words().await, ["one"]);
    assert_eq!(call.asked.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_full_queue_is_an_error_and_not_silence() {
    let (started, running) = sync_channel(1);
    let (release, held) = sync_channel::<()>(0);
    let held = parking_lot::Mutex::new(held);
    let pool = Pool::start(1, move || {
        Ok(move |_: &[i16], _| {
            started.send(()).ok();
            held.lock().recv().ok();
            Ok(model(&[]))
        })
    });
    let pool = pool.unwrap();
    let submit = |pool: &Pool| pool.submit(Urgency::Final, vec![0; 320], Language::English);
    let mut others = vec![submit(&pool)];
    running.recv().unwrap();
    while others.last().is_some_and(Option::is_some) {
        others.push(submit(&pool));
    }
    let mut call = Call::on(pool, Arc::default());
    call.say(&["one"], 400).await;
    call.give(Input::Flush { up_to: Samples(call.at) }).await;
    assert_eq!(call.next().await, Event::Ready);
    assert!(matches!(call.next().await, Event::Failed(error) if error.provider == "whisper"));
    drop((running, release));
}

/// A model that waits for leave, once for each recognition, and hears nothing.
fn held_model() -> (Pool, std::sync::mpsc::Receiver<()>, std::sync::mpsc::SyncSender<()>) {
    let (started, running) = sync_channel(8);
    let (release, held) = sync_channel::<()>(8);
    let held = parking_lot::Mutex::new(held);
    let pool = Pool::start(1, move || {
        Ok(move |_: &[i16], _| {
            started.send(()).ok();
            held.lock().recv().ok();
            Ok(model(&[]))
        })
    });
    (pool.unwrap(), running, release)
}

#[tokio::test]
async fn a_partial_that_takes_long_is_announced_when_it_begins_and_tells_how_far_it_listened_when_it_ends() {
    let (pool, running, release) = held_model();
    let mut call = Call::on(pool, Arc::default());
    call.give(Input::SpeechStart { at: Samples(0) }).await;
    call.frames(0, 700).await;
    assert_eq!(call.listened().await, 0);
    running.recv().unwrap();
    release.send(()).unwrap();
    // No words, and yet a sign of life: it is a sound, and the session is not deaf.
    assert!(call.listened().await > 0);
}

#[tokio::test]
async fn a_session_for_whose_partials_no_thread_has_time_says_that_it_lives() {
    let (pool, running, release) = held_model();
    let busy = pool.submit(Urgency::Final, vec![0; 320], Language::English);
    running.recv().unwrap();
    let mut call = Call::on(pool, Arc::default());
    call.give(Input::SpeechStart { at: Samples(0) }).await;
    call.frames(value("one"), 2_000).await;
    assert_eq!((call.listened().await, call.listened().await), (0, 0));
    drop((busy, release));
}
