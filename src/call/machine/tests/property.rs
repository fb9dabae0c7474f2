//! Anything in any order: no fault, one end and nothing after it, no deadline that comes again at once, and out of wherever that has
//! led, a caller who keeps silent is let go.

use proptest::prelude::*;

use super::*;
use crate::call::event::Gone;
use crate::tts;

/// Something that may happen next. Numbers choose among what there is.
#[derive(Clone, Debug)]
enum Step {
    Wait(u64),
    Deadline,
    Voice { echo: f32 },
    Speaking { echo: f32 },
    Quiet,
    Words { text: String, stable: usize, back: u64, fin: bool },
    Flushed,
    Listening { back: u64 },
    Ready,
    SttFailed,
    EndOfTurn,
    StaleStt,
    Agent(u8),
    Says(String),
    StaleAgent,
    Audio { samples: usize, last: bool },
    Word { at: usize, len: usize, from: u64, to: u64 },
    VoiceFailed,
    HearOut,
    HearSome,
    Dry,
    Key(char, bool),
    Mark(u64),
    Hold,
    Unhold,
    Transferred(bool),
    Gone(u8),
    Drain,
    Fax,
    Answered,
}

fn words() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z ]{0,20}",
        "\\PC{0,12}",
        Just("uh-huh".to_owned()),
        Just("are you open on Saturday?".to_owned()),
        Just("don't record me, and when are you open?".to_owned()),
        Just("greeting".to_owned()),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let echo = prop_oneof![Just(0.0_f32), Just(0.9), 0.0..1.0_f32];
    let usual = prop_oneof![
        (1..3_000_u64).prop_map(Step::Wait),
        Just(Step::Deadline),
        echo.clone().prop_map(|echo| Step::Voice { echo }),
        echo.prop_map(|echo| Step::Speaking { echo }),
        Just(Step::Quiet),
        (words(), 0..30_usize, 0..2_000_u64, any::<bool>()).prop_map(|(text, stable, back, fin)| Step::Words {
            text,
            stable,
            back,
            fin
        }),
        Just(Step::Flushed),
        (0..9_000_u64).prop_map(|back| Step::Listening { back }),
        (0..10_u8).prop_map(Step::Agent),
        words().prop_map(Step::Says),
        (1..8_000_usize, any::<bool>()).prop_map(|(samples, last)| Step::Audio { samples, last }),
        Just(Step::HearOut),
        Just(Step::HearSome),
        ("[0-9*#]", any::<bool>()).prop_map(|(key, media)| Step::Key(key.chars().next().expect("one key"), media)),
    ];
    let unusual = prop_oneof![
        Just(Step::Ready),
        Just(Step::SttFailed),
        Just(Step::EndOfTurn),
        Just(Step::StaleStt),
        Just(Step::StaleAgent),
        (0..40_usize, 0..9_usize, 0..9_000_u64, 0..9_000_u64).prop_map(|(at, len, from, to)| Step::Word {
            at,
            len,
            from,
            to
        }),
        Just(Step::VoiceFailed),
        Just(Step::Dry),
        (0..40_000_u64).prop_map(Step::Mark),
        Just(Step::Hold),
        Just(Step::Unhold),
        any::<bool>().prop_map(Step::Transferred),
        Just(Step::Answered),
    ];
    let last = prop_oneof![(0..3_u8).prop_map(Step::Gone), Just(Step::Drain), Just(Step::Fax)];
    prop_oneof![60 => usual, 20 => unusual, 1 => last]
}

impl Bench {
    fn take(&mut self, step: Step) {
        let before = self.effects.iter().position(|effect| matches!(effect, Effect::End(_)));
        let clock = self.clock();
        let opened = self.effects.iter().rev().find_map(|effect| match effect {
            Effect::Stt(SttEffect::Open { session, .. }) => Some(*session),
            _ => None,
        });
        let turn = self.asked().last().map_or(0, |turn| turn.number);
        let spoken = self.effects.iter().rev().find_map(|effect| match effect {
            Effect::Tts { input: tts::Input::Begin { id, .. }, .. } => Some(*id),
            _ => None,
        });
        let id = spoken.unwrap_or_default();
        let session = opened.expect("a session is opened when the phone rings");
        let stt = |event| Event::Stt { session, event };
        let at = |back| clock.saturating_sub(Samples::from_millis(back));
        match step {
            Step::Wait(ms) => {
                let end = self.now + Duration::from_millis(ms);
                while self.machine.poll_timeout() <= end {
                    self.time_out_now();
                }
                self.now = end;
            }
            Step::Deadline if self.machine.poll_timeout() < Time::NEVER => self.time_out_now(),
            Step::Deadline => {}
            Step::Voice { echo } => self.leg(&Output::SpeechStart { at: clock, echo }),
            Step::Speaking { echo } => self.leg(&Output::Speaking { at: clock, echo, level_db: -20.0 }),
            Step::Quiet => self.leg(&Output::SpeechEnd { at: clock }),
            Step::Words { text, stable, back, fin } => {
                let (text, from, to) = (Pii::new(text), at(back), clock);
                self.event(stt(if fin {
                    stt::Event::Final { text, from, to, confidence: 1.0, language: None }
                } else {
                    stt::Event::Partial { text, stable, from, to }
                }));
            }
            Step::Flushed => self.event(stt(stt::Event::Flushed { up_to: clock })),
            Step::Listening { back } => self.event(stt(stt::Event::Listening { up_to: at(back) })),
            Step::Ready => self.event(stt(stt::Event::Ready)),
            Step::SttFailed => self.event(stt(stt::Event::Failed(refused()))),
            Step::EndOfTurn => self.event(stt(stt::Event::EndOfTurn { at: clock, confidence: 1.0 })),
            Step::StaleStt => self.event(Event::Stt { session: 0, event: stt::Event::Failed(refused()) }),
            Step::Agent(what) => {
                let event = match what {
                    0 => agent::Event::Done,
                    1 => agent::Event::Failed(refused()),
                    2 => agent::Event::ToolStarted { name: "tool" },
                    3 => agent::Event::ToolDone { name: "tool", ok: true },
                    4 => agent::Event::HangUp,
                    5 => agent::Event::Transfer { to: Pii::new(PERSON.to_owned()) },
                    6 => agent::Event::Language(Language::French),
                    7 => agent::Event::Danger { what: Emergency::Medical, expect: Expect::default() },
                    8 => agent::Event::Parting(Parting::Farewell),
                    _ => agent::Event::Expect(Expect { kind: ExpectKind::YesNo, ..Expect::default() }),
                };
                self.event(Event::Agent { turn, event });
            }
            Step::Says(text) => self.event(Event::Agent { turn, event: agent::Event::Text(Pii::new(text)) }),
            Step::StaleAgent => self.event(Event::Agent { turn: turn.wrapping_sub(1), event: agent::Event::Done }),
            Step::Audio { samples, last } => {
                self.event(Event::Tts(tts::Event::Audio { id, audio: vec![1; samples].into() }));
                if last {
                    self.event(Event::Tts(tts::Event::Done { id, samples: samples as u64 }));
                }
            }
            Step::Word { at, len, from, to } => {
                self.event(Event::Tts(tts::Event::Word { id, at, len, from, to, exact: true }));
            }
            Step::VoiceFailed => self.event(Event::Tts(tts::Event::Failed { id, error: refused() })),
            Step::HearOut => self.hear_out(),
            Step::HearSome => {
                let some = self.machine.poll_audio(1_600).map(|(id, audio)| (id, audio.len() as u64));
                self.machine.audio_taken();
                if let Some((id, samples)) = some {
                    self.now += Duration::from_millis(100);
                    self.leg(&Output::Played { id, samples });
                }
            }
            Step::Dry => self.leg(&Output::Dry { id, slot: 0 }),
            Step::Key(digit, true) => self.leg(&Output::Dtmf { digit, at: clock }),
            Step::Key(digit, false) => self.signal(Signal::Dtmf(digit)),
            Step::Mark(samples) => self.signal(Signal::Mark { id, samples }),
            Step::Hold => self.signal(Signal::Hold),
            Step::Unhold => self.signal(Signal::Unhold),
            Step::Transferred(well) => self.signal(Signal::Transferred(if well { Ok(()) } else { Err(486) })),
            Step::Gone(why) => {
                self.signal(Signal::Gone([Gone::HungUp, Gone::Cancelled, Gone::Lost][usize::from(why)]));
            }
            Step::Drain => self.signal(Signal::Drain),
            Step::Fax => self.leg(&Output::FaxTone { at: clock }),
            Step::Answered => self.signal(Signal::Answered),
        }
        let ends = self.count(|effect| matches!(effect, Effect::End(_)));
        assert!(ends <= 1, "{ends} ends");
        if let Some(place) = before {
            assert_eq!(place + 1, self.effects.len(), "after the end: {:?}", &self.effects[place + 1..]);
        }
        assert_eq!(self.machine.has_ended(), ends == 1);
    }

    /// The next deadline is met, and is over.
    fn time_out_now(&mut self) {
        let due = self.machine.poll_timeout();
        self.now = self.now.max(due);
        self.machine.handle(self.now, Input::Timeout);
        self.collect();
        assert!(self.machine.poll_timeout() > self.now, "due at once again");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_order_of_events_makes_a_call_fault_end_twice_or_never_end(
        recorded in any::<bool>(),
        person in any::<bool>(),
        at_once in any::<bool>(),
        partials in prop::sample::select(vec![stt::Partials::None, stt::Partials::Changing, stt::Partials::WithStable]),
        steps in prop::collection::vec(step(), 1..120),
    ) {
        // So long that no call of this test ends by it: only what happens may end it.
        let config = CallConfig {
            max_duration_s: 36_000,
            transfer_to: person.then(|| PERSON.to_owned()),
            ..CallConfig::default()
        };
        let mut setup = Setup { config: Arc::new(config), voices: 2, ..setup(recorded) };
        setup.recognisers[0].values_mut().for_each(|hearer| hearer.capabilities.partials = partials);
        let mut bench = Bench::ringing(setup);
        if at_once {
            bench.take(Step::Answered);
        }
        for step in steps {
            bench.take(step);
        }
        // Now nothing happens any more, but what is said is heard and the caller's packets come.
        bench.take(Step::Quiet);
        bench.take(Step::Unhold);
        let since = bench.now;
        bench.wait(Duration::from_secs(600));
        let (floor, phase) = (bench.machine.floor(), &bench.machine.phase);
        prop_assert!(bench.machine.has_ended(), "10 min after {since:?} still {phase:?}, {floor:?}");
        prop_assert_eq!(bench.count(|effect| matches!(effect, Effect::End(_))), 1);
        prop_assert!(matches!(bench.effects.last(), Some(Effect::End(_))));
    }
}
