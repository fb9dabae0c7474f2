//! Providers in a chain: who stands at a place when somebody fails, and that two are never heard at once.

use std::sync::Arc;

use attendant::call::event::{self, Mailbox};
use attendant::language::Language;
use attendant::privacy::Pii;
use attendant::provider::chain;
use attendant::sim::{Fault, Trouble};
use attendant::stt::{self, Hints, Recognizer, Setup};
use attendant::tts::{self, Event, Input, Voice};
use attendant_media::speech::SpeechId;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::azure::azure;
use super::cartesia::{self, cartesia};
use super::deepgram::{self, deepgram};
use crate::desk::in_time;

async fn ears(trouble: Trouble) -> Arc<dyn Recognizer> {
    Arc::new(deepgram(deepgram::vendor(trouble).await, "model = \"flux\""))
}

/// What a session says first.
async fn first_word(recogniser: &dyn Recognizer, language: Language) -> stt::Event {
    let (mailbox, mut events) = Mailbox::new();
    let setup = Setup { language, hints: Hints::default() };
    let _inputs = recogniser.open(setup, stt::Reports { session: 1, mailbox });
    match in_time(events.recv()).await.expect("the session keeps it") {
        event::Event::Stt { event, .. } => event,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_recogniser_whose_key_is_refused_is_passed_over_from_then_on() {
    let refused = ears(Trouble::always(Some(Fault::Unauthorised))).await;
    let places = chain::recognisers(vec![refused, ears(Trouble::default()).await], chain::Order::new());
    assert!(matches!(first_word(places[0].as_ref(), Language::English).await, stt::Event::Failed(_)));
    for place in &places {
        assert_eq!(first_word(place.as_ref(), Language::English).await, stt::Event::Ready);
    }
    // Flux does not know Punjabi: no place has anybody for it, and that is said.
    assert_eq!(places[0].capabilities(Language::Punjabi), None);
    assert!(matches!(first_word(places[1].as_ref(), Language::Punjabi).await, stt::Event::Failed(_)));
}

#[tokio::test]
async fn a_place_tells_who_hears_each_language_there_and_what_they_can_do_in_it() {
    let flux = ears(Trouble::default()).await;
    let nova: Arc<dyn Recognizer> =
        Arc::new(deepgram(deepgram::vendor(Trouble::default()).await, "model = \"nova-3\""));
    let places = chain::recognisers(vec![flux, nova], chain::Order::from([(Language::French, vec![1, 0])]));
    let heard = |place: usize, language| {
        let hearer = stt::hearers(places[place].as_ref()).get(&language).copied();
        hearer.map(|hearer| (hearer.who, hearer.capabilities.end_of_turn))
    };
    let (flux, nova) = (Some((0, true)), Some((1, false)));
    for (language, first, second) in
        [(Language::English, flux, nova), (Language::French, nova, flux), (Language::Punjabi, nova, nova)]
    {
        assert_eq!([heard(0, language), heard(1, language)], [first, second], "{language}");
    }
}

#[tokio::test]
async fn five_sessions_that_break_are_enough() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.expect("a free port").local_addr().expect("bound");
    let gone: Arc<dyn Recognizer> = Arc::new(deepgram(nobody, "model = \"flux\""));
    let places = chain::recognisers(vec![gone, ears(Trouble::default()).await], chain::Order::new());
    for _ in 0..5 {
        assert!(matches!(first_word(places[0].as_ref(), Language::English).await, stt::Event::Failed(_)));
    }
    assert_eq!(first_word(places[0].as_ref(), Language::English).await, stt::Event::Ready);
}

#[tokio::test]
async fn a_recogniser_that_says_when_to_come_again_is_not_asked_before() {
    let overloaded = ears(Trouble::always(Some(Fault::Fails))).await;
    let places = chain::recognisers(vec![overloaded, ears(Trouble::default()).await], chain::Order::new());
    let first = first_word(places[0].as_ref(), Language::English).await;
    assert!(matches!(first, stt::Event::Failed(error) if error.retry_after.is_some()));
    assert_eq!(first_word(places[0].as_ref(), Language::English).await, stt::Event::Ready);
}

struct Mouth {
    inputs: mpsc::Sender<Input>,
    events: mpsc::Receiver<event::Event>,
}

const fn id(utterance: u16) -> SpeechId {
    SpeechId { generation: 1, utterance, attempt: 0 }
}

impl Mouth {
    fn open(voice: &dyn Voice) -> Self {
        let (mailbox, events) = Mailbox::new();
        Self { inputs: voice.open(tts::Reports { mailbox }), events }
    }

    async fn say(&self, id: SpeechId, language: Language, text: &str) {
        let text = Pii::new(text.to_owned());
        for input in [Input::Begin { id, language }, Input::Text { id, text }, Input::End { id }] {
            self.inputs.send(input).await.expect("the session goes on");
        }
    }

    async fn next(&mut self) -> Event {
        match in_time(self.events.recv()).await.expect("the session keeps it") {
            event::Event::Tts(event) => event,
            other => panic!("{other:?}"),
        }
    }

    async fn end(&mut self) -> Event {
        loop {
            let event = self.next().await;
            if matches!(event, Event::Done { .. } | Event::Failed { .. }) {
                return event;
            }
        }
    }
}

#[tokio::test]
async fn a_voice_that_is_limited_is_passed_over_at_the_next_utterance_of_the_same_call() {
    let limited: Arc<dyn Voice> = Arc::new(cartesia(cartesia::vendor(Trouble::always(Some(Fault::Limits))).await));
    let well: Arc<dyn Voice> = Arc::new(cartesia(cartesia::vendor(Trouble::default()).await));
    let places = chain::voices(vec![limited, well], chain::Order::new());
    let mut mouth = Mouth::open(places[0].as_ref());
    mouth.say(id(1), Language::English, "alfa bravo.").await;
    assert!(matches!(mouth.end().await, Event::Failed { .. }));
    mouth.say(id(2), Language::English, "alfa bravo.").await;
    assert_eq!(mouth.end().await, Event::Done { id: id(2), samples: 3_200 });
}

#[tokio::test]
async fn a_voice_that_takes_no_further_call_keeps_the_one_that_it_has() {
    // Every further connection is one too many.
    let trouble = Trouble::after(1, Fault::Limits);
    let first: Arc<dyn Voice> = Arc::new(cartesia(cartesia::vendor(trouble).await));
    let second: Arc<dyn Voice> = Arc::new(azure(cartesia::vendor(Trouble::default()).await));
    let places = chain::voices(vec![first, second], chain::Order::new());
    let [mut one, mut other] = [(); 2].map(|()| Mouth::open(places[0].as_ref()));
    one.say(id(1), Language::English, "alfa bravo.").await;
    assert!(matches!(one.end().await, Event::Done { .. }));
    other.say(id(1), Language::English, "alfa bravo.").await;
    assert!(matches!(other.end().await, Event::Failed { .. }));
    for (mouth, is_first) in [(&mut one, true), (&mut other, false)] {
        mouth.say(id(2), Language::English, "alfa bravo.").await;
        loop {
            match mouth.next().await {
                // Cartesia tells the times of its words, Azure does not.
                Event::Word { exact, .. } => assert_eq!(exact, is_first),
                Event::Done { .. } => break,
                Event::Audio { .. } => {}
                Event::Failed { error, .. } => panic!("{error}"),
            }
        }
    }
}

#[tokio::test]
async fn each_language_is_spoken_by_who_knows_it_and_never_two_at_once() {
    let late = cartesia(cartesia::vendor(Trouble::always(Some(Fault::Late))).await);
    let well = azure(cartesia::vendor(Trouble::default()).await);
    let places = chain::voices(vec![Arc::new(late) as Arc<dyn Voice>, Arc::new(well)], chain::Order::new());
    assert!(Language::ALL.into_iter().all(|language| places[0].speaks(language)));
    assert_ne!(places[0].timbre(Language::English), places[1].timbre(Language::English));
    assert_eq!(places[0].timbre(Language::Cantonese), places[1].timbre(Language::Cantonese));
    let mut mouth = Mouth::open(places[0].as_ref());
    mouth.say(id(1), Language::English, "one two three four five six seven eight nine ten.").await;
    while !matches!(mouth.next().await, Event::Audio { .. }) {}
    mouth.say(id(2), Language::Cantonese, "alfa bravo.").await;
    let mut second = 0;
    loop {
        match mouth.next().await {
            Event::Done { id: done, .. } if done == id(2) => break,
            Event::Audio { id: of, .. } if of == id(2) => second += 1,
            Event::Audio { id: of, .. } => {
                assert_eq!((of, second), (id(1), 0), "the first is silent once the second speaks");
            }
            Event::Word { .. } | Event::Done { .. } => {}
            Event::Failed { error, .. } => panic!("{error}"),
        }
    }
    assert!(second > 0);
}
