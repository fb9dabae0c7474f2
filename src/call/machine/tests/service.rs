//! Whether a call was served, as the desk is told.

use super::*;
use crate::call::event::Gone;

fn text(words: &str) -> agent::Event {
    agent::Event::Text(Pii::new(words.to_owned()))
}

fn fails(bench: &mut Bench) {
    bench.agent(agent::Event::Failed(ProviderError { kind: ErrorKind::Unauthorised, ..refused() }));
    bench.wait(Duration::from_secs(2));
}

/// The caller hears the answer to its end.
fn answers(bench: &mut Bench) {
    bench.agent(text("Yes, we are. "));
    bench.agent(agent::Event::Done);
    let id = bench.begun();
    bench.event(Event::Tts(tts::Event::Audio { id, audio: vec![1; 3_200].into() }));
    bench.event(Event::Tts(tts::Event::Done { id, samples: 3_200 }));
    bench.hear_out();
}

#[test]
fn a_call_is_served_by_the_last_answer_that_was_heard_or_given_up() {
    let mut bench = Bench::new(false);
    assert_eq!(bench.machine.service(), Service::Unproven, "a greeting answers nobody");
    bench.say("Are you open?");
    assert_eq!(bench.machine.service(), Service::Unproven, "no answer yet");
    fails(&mut bench);
    assert_eq!(bench.machine.service(), Service::Failed);
    bench.say("Are you open?");
    assert_eq!(bench.machine.service(), Service::AskedAgain);
    answers(&mut bench);
    assert_eq!(bench.machine.service(), Service::Served);
    bench.say("Is there parking?");
    assert_eq!(bench.machine.service(), Service::Served);
    fails(&mut bench);
    assert_eq!(bench.machine.service(), Service::Failed);
}

#[test]
fn what_was_on_its_way_when_an_answer_was_given_up_serves_nobody() {
    let mut bench = Bench::new(false);
    bench.say("Are you open?");
    bench.agent(text("Yes, we are. "));
    bench.agent(agent::Event::ToolStarted { name: "hours" });
    let id = bench.begun();
    bench.event(Event::Tts(tts::Event::Audio { id, audio: vec![1; 3_200].into() }));
    bench.event(Event::Tts(tts::Event::Done { id, samples: 3_200 }));
    fails(&mut bench);
    let heard = |effect: &Effect| matches!(effect, Effect::Journal(Entry::Line { who: Who::Agent, text, .. }) if text.reveal().contains("we are"));
    assert_eq!((bench.count(heard), bench.recovered(Recovery::Apologised)), (1, 1));
    assert_eq!(bench.machine.service(), Service::Failed);
}

#[test]
fn a_call_that_failed_has_failed_whoever_ends_it() {
    for ends in [Signal::Gone(Gone::HungUp), Signal::Gone(Gone::Lost), Signal::Drain] {
        let mut bench = Bench::new(false);
        bench.say("Are you open?");
        fails(&mut bench);
        bench.signal(ends);
        bench.wait(Duration::from_secs(5));
        assert_eq!((bench.ended().is_some(), bench.machine.service()), (true, Service::Failed));
    }
}

#[test]
fn a_caller_who_is_passed_on_because_nobody_answers_was_not_served() {
    for canned in [phrases(), Canned::texts()] {
        let config = CallConfig { transfer_to: Some(PERSON.to_owned()), ..CallConfig::default() };
        let mut bench = Bench::answered(Setup { config: Arc::new(config), canned: Arc::new(canned), ..setup(false) });
        if bench.asked().is_empty() {
            bench.say("Are you open?");
        }
        bench.agent(text("Yes, we are. "));
        bench.agent(agent::Event::Done);
        let id = bench.begun();
        bench.event(Event::Tts(tts::Event::Failed { id, error: refused() }));
        bench.hear_out();
        assert_eq!(bench.transfers(), 1);
        bench.signal(Signal::Transferred(Ok(())));
        bench.wait(Duration::from_secs(5));
        assert_eq!((bench.ended(), bench.machine.service()), (Some(EndReason::Transferred), Service::Failed));
    }
}
