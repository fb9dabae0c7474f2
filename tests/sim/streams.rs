//! Media streams of carriers that buffer: what they have played, not what has left, is what the caller heard.

use std::time::Duration;

use super::brain::Answer;
use super::caller::{Act, What, When};
use super::world::{Script, World};

const LONG: &str =
    "We are open on Monday and on Tuesday from nine to five, on Wednesday from nine to noon, and on Thursday.";

/// In the hold the carrier plays all that has left, to the last word.
#[test]
fn what_was_played_before_and_during_a_hold_is_written_down_when_the_caller_interrupts_after_it() {
    for at in (400..2_400).step_by(70) {
        let acts = vec![
            Act { when: When::AgentQuiet(700), what: What::Say { words: 4 } },
            Act { when: When::AgentSpeaking(at), what: What::Hold(3_000) },
            Act { when: When::AfterAct(3_020), what: What::Say { words: 6 } },
            Act { when: When::AgentQuiet(700), what: What::HangUp },
        ];
        let script = Script::new(at, acts, vec![Answer::new(300, LONG)]);
        let outcome = World::new(Script { carrier: Some(Duration::from_millis(600)), ..script }).run();
        outcome.must_hold(&format!("on hold {at} ms into an answer"));
    }
}
