use super::super::Speaker;
use super::*;
use crate::costs::Paid;
use crate::privacy::Pii;
use crate::sim::{ScriptedConfig, ScriptedVoice};
use crate::tts::Times;

/// Paid, or this machine's own; fails each utterance so, or speaks.
struct Hosted(&'static str, Option<ErrorKind>);

impl Voice for Hosted {
    fn name(&self) -> &'static str {
        self.0
    }

    fn capabilities(&self, language: Language) -> Option<Capabilities> {
        ScriptedVoice(ScriptedConfig::default()).capabilities(language)
    }

    fn paid_as(&self, language: Language) -> Option<Paid<'_>> {
        (self.0 != "own").then_some(Paid { provider: self.0, model: language.tag() })
    }

    fn open(&self, reports: Reports) -> mpsc::Sender<Input> {
        let Some(kind) = self.1 else { return ScriptedVoice(ScriptedConfig::default()).open(reports) };
        let (inputs, mut queue) = mpsc::channel(INPUTS);
        let provider = self.0;
        tokio::spawn(async move {
            while let Some(input) = queue.recv().await {
                if let Input::End { id } = input {
                    let error = ProviderError { provider, kind, what: "planted".to_owned(), retry_after: None };
                    reports.send(Event::Failed { id, error }).await;
                }
            }
        });
        inputs
    }
}

/// The same, by a request for each clause.
struct Posted(Hosted);

impl Voice for Posted {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn capabilities(&self, language: Language) -> Option<Capabilities> {
        self.0.capabilities(language)
    }

    fn paid_as(&self, language: Language) -> Option<Paid<'_>> {
        self.0.paid_as(language)
    }

    fn keeps_connection(&self) -> bool {
        false
    }

    fn open(&self, reports: Reports) -> mpsc::Sender<Input> {
        self.0.open(reports)
    }
}

/// Takes so many characters at once.
struct Short(Option<usize>);

impl Voice for Short {
    fn name(&self) -> &'static str {
        "short"
    }

    fn capabilities(&self, language: Language) -> Option<Capabilities> {
        (language == Language::English).then_some(Capabilities { words: Times::Estimated, longest: self.0 })
    }

    fn open(&self, _reports: Reports) -> mpsc::Sender<Input> {
        mpsc::channel(1).0
    }
}

#[tokio::test(start_paused = true)]
async fn a_place_takes_a_text_that_whoever_may_stand_there_takes() {
    let longest = |texts: &[Option<usize>], language| {
        let scripted: Arc<dyn Voice> = Arc::new(ScriptedVoice(ScriptedConfig::default()));
        let short = texts.iter().map(|text| Arc::new(Short(*text)) as Arc<dyn Voice>);
        let place = voices([scripted].into_iter().chain(short).collect(), Order::new()).remove(0);
        place.capabilities(language).map(|can| (can.words, can.longest))
    };
    assert_eq!(longest(&[Some(600), None, Some(240)], Language::English), Some((Times::Exact, Some(240))));
    assert_eq!(longest(&[None], Language::English), Some((Times::Exact, None)));
    // Who does not know the language is never asked in it.
    assert_eq!(longest(&[Some(240)], Language::French), Some((Times::Exact, None)));
}

/// Says a word in French, and hears it out.
async fn says(
    session: &mpsc::Sender<Input>,
    events: &mut mpsc::Receiver<crate::call::event::Event>,
    utterance: u16,
) -> Result<(), ProviderError> {
    let id = SpeechId { generation: 1, utterance, attempt: 0 };
    let text = Pii::new("Oui.".to_owned());
    for input in [Input::Begin { id, language: Language::French }, Input::Text { id, text }, Input::End { id }] {
        session.send(input).await.unwrap();
    }
    loop {
        match events.recv().await {
            Some(crate::call::event::Event::Tts(Event::Done { .. })) => return Ok(()),
            Some(crate::call::event::Event::Tts(Event::Failed { error, .. })) => return Err(error),
            Some(_) => {}
            None => panic!("the call goes on"),
        }
    }
}

/// Who says an utterance before the first voice wants to be left alone, and one after that.
async fn who_speaks(first: Arc<dyn Voice>) -> Vec<(&'static str, u64)> {
    let mouths = Mouths::new(vec![first, Arc::new(Hosted("other", None))]);
    let (mailbox, mut events) = crate::call::event::Mailbox::new();
    let meter = mailbox.meter().clone();
    let session = mouths.places(Order::new())[0].open(Reports { mailbox });
    for utterance in 1..=2 {
        says(&session, &mut events, utterance).await.unwrap();
        let retry_after = Some(std::time::Duration::from_secs(30));
        let what = "at another call".to_owned();
        let limited = ProviderError { provider: "first", kind: ErrorKind::Limited, what, retry_after };
        mouths.0[0].standing.failed(&limited, Instant::now());
    }
    meter.lines().into_iter().map(|line| (line.provider, line.usage.characters)).collect()
}

#[tokio::test(start_paused = true)]
async fn who_wants_to_be_left_alone_keeps_who_is_connected_and_is_asked_no_new_request() {
    assert_eq!(who_speaks(Arc::new(Hosted("first", None))).await, [("first", 8)]);
    assert_eq!(who_speaks(Arc::new(Posted(Hosted("first", None)))).await, [("first", 4), ("other", 4)]);
}

/// Nobody is there to be connected to.
struct Gone;

impl Gone {
    fn error() -> ProviderError {
        let what = "cannot be connected to".to_owned();
        ProviderError { provider: "gone", kind: ErrorKind::Connection, what, retry_after: None }
    }
}

impl Voice for Gone {
    fn name(&self) -> &'static str {
        "gone"
    }

    fn capabilities(&self, _language: Language) -> Option<Capabilities> {
        Some(Capabilities { words: Times::Estimated, longest: None })
    }

    fn open(&self, reports: Reports) -> mpsc::Sender<Input> {
        Hosted("gone", Some(ErrorKind::Connection)).open(reports)
    }

    fn open_ahead(&self, _language: watch::Receiver<Language>, reports: Reports) -> mpsc::Sender<Input> {
        reports.mailbox.unreached(&Self::error());
        self.open(reports)
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_not_reached_while_the_phone_rings_is_not_asked_in_that_call_and_after_five_in_none() {
    let mouths = Mouths::new(vec![Arc::new(Gone), Arc::new(Hosted("other", None))]);
    let well = || mouths.0[0].standing.is_well(Instant::now());
    for utterance in 1..=5 {
        assert!(well());
        let (mailbox, mut events) = crate::call::event::Mailbox::new();
        let meter = mailbox.meter().clone();
        let (_language, spoken) = watch::channel(Language::French);
        let session = mouths.places(Order::new())[0].open_ahead(spoken, Reports { mailbox });
        // It rings.
        crate::clock::elapse(std::time::Duration::from_secs(1)).await;
        says(&session, &mut events, utterance).await.expect("the call loses nothing");
        let paid: Vec<_> = meter.lines().into_iter().map(|line| line.provider).collect();
        assert_eq!(paid, ["other"]);
    }
    assert!(!well());
}

#[tokio::test(start_paused = true)]
async fn a_voice_that_refuses_what_is_asked_in_a_language_is_passed_over_there() {
    let refuses = Arc::new(Hosted("misnamed", Some(ErrorKind::Request)));
    let mouths = Mouths::new(vec![refuses, Arc::new(Hosted("other", None))]);
    let place = &mouths.places(Order::new())[0];
    let mut spoken = Vec::new();
    for utterance in 1..=6 {
        let (mailbox, mut events) = crate::call::event::Mailbox::new();
        let session = place.open(Reports { mailbox });
        spoken.push(says(&session, &mut events, utterance).await.is_ok());
    }
    assert_eq!(spoken, [false, false, false, false, false, true]);
    let well = |language| mouths.0[0].standing.is_well_in(language, Instant::now());
    assert_eq!([Language::French, Language::English].map(well), [false, true]);
}

#[tokio::test(start_paused = true)]
async fn a_voice_for_which_calls_waited_in_vain_is_passed_over_after_five() {
    let late = Arc::new(Hosted("late", None));
    let mouths = Mouths::new(vec![late, Arc::new(Hosted("other", None))]);
    let well = || [0, 1].map(|n| mouths.0[n].standing.is_well(Instant::now()));
    let id = |utterance| SpeechId { generation: 1, utterance, attempt: 0 };
    for utterance in 1..=5 {
        assert_eq!(well(), [true, true]);
        let (mailbox, mut events) = crate::call::event::Mailbox::new();
        let speaker = Speaker::default();
        let session = mouths.places(Order::new())[0].open(Reports { mailbox: mailbox.spoken_by(speaker.clone()) });
        let text = Pii::new("Oui.".to_owned());
        for input in
            [Input::Begin { id: id(utterance), language: Language::French }, Input::Text { id: id(utterance), text }]
        {
            session.send(input).await.unwrap();
        }
        while !matches!(events.recv().await, Some(crate::call::event::Event::Tts(Event::Audio { .. }))) {}
        // Nobody waits for another one.
        speaker.late(id(7));
        speaker.late(id(utterance));
    }
    assert_eq!(well(), [false, true]);
}

/// Says two clauses of 4 and 6 characters as a call does, at the next place when one fails: what is counted.
async fn counted(voices: Vec<Hosted>) -> Vec<(&'static str, u64)> {
    let places = voices.into_iter().map(|voice| Arc::new(voice) as Arc<dyn Voice>).collect();
    let (mailbox, mut events) = crate::call::event::Mailbox::new();
    let meter = mailbox.meter().clone();
    for (attempt, place) in super::voices(places, Order::new()).into_iter().enumerate() {
        let id = SpeechId { generation: 1, utterance: 1, attempt: attempt as _ };
        let session = place.open(Reports { mailbox: mailbox.clone() });
        let text = |text: &str| Input::Text { id, text: Pii::new(text.to_owned()) };
        for input in [Input::Begin { id, language: Language::French }, text("Oui,"), text(" déjà."), Input::End { id }]
        {
            session.send(input).await.unwrap();
        }
        let done = loop {
            match events.recv().await {
                Some(crate::call::event::Event::Tts(Event::Done { .. })) => break true,
                Some(crate::call::event::Event::Tts(Event::Failed { .. })) => break false,
                Some(_) => {}
                None => panic!("the call goes on"),
            }
        };
        if done {
            break;
        }
    }
    let lines = meter.lines();
    assert!(lines.iter().all(|line| line.model == "fr-CA"));
    lines.into_iter().map(|line| (line.provider, line.usage.characters)).collect()
}

#[tokio::test(start_paused = true)]
async fn a_text_counts_for_who_spoke_it_and_not_for_who_refused_it() {
    let well = |name| Hosted(name, None);
    let sick = |name, kind| Hosted(name, Some(kind));
    assert_eq!(counted(vec![well("a"), well("b")]).await, [("a", 10)]);
    assert_eq!(counted(vec![sick("a", ErrorKind::Limited), well("b")]).await, [("b", 10)]);
    assert_eq!(counted(vec![sick("a", ErrorKind::Connection), well("own")]).await, []);
    assert_eq!(counted(vec![sick("a", ErrorKind::Timeout), well("b")]).await, [("a", 10), ("b", 10)], "in doubt");
    assert_eq!(counted(vec![well("own")]).await, []);
}
