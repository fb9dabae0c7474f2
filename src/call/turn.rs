//! Turn-taking: whose turn it is, when the caller has finished, and whether a voice over the agent is an interruption.
//!
//! Pure decisions on facts from acoustics (where voice began and ended, how much it resembles our own), words, and what was asked.
//! Times are samples on the leg clock.

use std::time::Duration;

use attendant_media::frame::Samples;

use super::settings::CallConfig;
use crate::agent::expect::{Completeness, is_complete};
use crate::agent::{Expect, ExpectKind};
use crate::language::Language;
use crate::phrases::{Acknowledgement, acknowledgement, begins_acknowledgement};

/// Whether the caller's voice is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    Sounding,
    /// The last voiced sample was before this one.
    Quiet(Samples),
}

/// Whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Floor {
    /// Nobody's: the agent has said what it had to say and the caller is silent.
    Open,
    /// The agent owes an answer or speaks it.
    Agent,
    /// A voice over the agent: its speech is paused, or held back, until words or silence decide.
    Contested { from: Samples, voice: Voice },
    /// The caller's.
    Caller { from: Samples, voice: Voice },
    /// The caller has finished; the recogniser's last words are awaited.
    Settling { from: Samples, last: Samples },
}

impl Floor {
    /// The voice that has the floor or wants it.
    pub const fn voice(self) -> Option<Voice> {
        match self {
            Self::Contested { voice, .. } | Self::Caller { voice, .. } => Some(voice),
            Self::Open | Self::Agent | Self::Settling { .. } => None,
        }
    }
}

/// What a voice over the agent turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The caller wants the floor.
    Interruption,
    /// "Uh-huh": the agent goes on.
    Backchannel,
    /// Our own words come back.
    Echo,
    /// No words yet.
    Unknown,
}

/// How much of what is being said over the agent its words are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// More may come: "thank" is no interruption while it may become "thank you".
    SoFar,
    Whole,
}

/// Judges the words of a voice over the agent. `agent_words` are those the caller heard last, `echo` the likelihood that the
/// sound was ours.
pub fn judge(
    words: &str,
    heard: Heard,
    language: Language,
    asked: ExpectKind,
    agent_words: &str,
    echo: f32,
) -> Verdict {
    if words.trim().is_empty() {
        return Verdict::Unknown;
    }
    if echo > 0.2 && repeats(words, agent_words) {
        return Verdict::Echo;
    }
    match acknowledgement(words, language, asked) {
        Acknowledgement::Backchannel => Verdict::Backchannel,
        Acknowledgement::Words if heard == Heard::SoFar && begins_acknowledgement(words, language, asked) => {
            Verdict::Unknown
        }
        Acknowledgement::Answer | Acknowledgement::Interrupt | Acknowledgement::Words => Verdict::Interruption,
    }
}

/// Whether nearly all of `words` stand in `agent_words`, in order.
fn repeats(words: &str, agent_words: &str) -> bool {
    let split = |text: &str| -> Vec<String> {
        text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_lowercase).collect()
    };
    let (words, agent) = (split(words), split(agent_words));
    let mut rest = agent.iter();
    let found = words.iter().filter(|word| rest.by_ref().any(|said| said == *word)).count();
    !words.is_empty() && found * 5 >= words.len() * 4
}

/// How long the caller must have been silent, from the last voiced sample, to have finished.
pub fn endpoint_wait(words: &str, language: Language, expect: &Expect, config: &CallConfig) -> Duration {
    let wait = match is_complete(words, expect, language) {
        Completeness::Complete => config.endpoint_complete_ms,
        Completeness::Incomplete => config.endpoint_incomplete_ms,
        Completeness::Unknown => match expect.wait {
            Some(wait) => return wait,
            None => config.endpoint_ms,
        },
    };
    Duration::from_millis(wait)
}

/// A voice that first looked like our echo may be the caller's all the same: so many slots in a row that do not look like echo
/// make it one (60 ms).
const NOT_ECHO_SLOTS: u32 = 3;

/// Watches a voice that acoustics think is our own echo.
#[derive(Clone, Copy, Debug, Default)]
pub enum EchoWatch {
    /// No voice, or one that is nobody's echo.
    #[default]
    Off,
    /// A voice that looks like our echo.
    Echo,
    /// Since this sample, for so many slots, it has not looked like one.
    Doubtful { from: Samples, slots: u32 },
}

impl EchoWatch {
    pub fn begin(&mut self) {
        *self = Self::Echo;
    }

    pub fn end(&mut self) {
        *self = Self::Off;
    }

    pub fn is_watching(&self) -> bool {
        match self {
            Self::Off => false,
            Self::Echo | Self::Doubtful { .. } => true,
        }
    }

    /// Another slot of it; where the caller's voice began, once it is clear that it is one.
    pub fn speaking(&mut self, at: Samples, is_echo: bool) -> Option<Samples> {
        let (from, slots) = match (*self, is_echo) {
            (Self::Off, _) => return None,
            (Self::Echo | Self::Doubtful { .. }, true) => {
                *self = Self::Echo;
                return None;
            }
            (Self::Echo, false) => (at, 1),
            (Self::Doubtful { from, slots }, false) => (from, slots + 1),
        };
        if slots >= NOT_ECHO_SLOTS {
            self.end();
            return Some(from);
        }
        *self = Self::Doubtful { from, slots };
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn judged(words: &str, asked: ExpectKind) -> Verdict {
        judge(words, Heard::Whole, Language::English, asked, "We are open on Monday from nine to five", 0.0)
    }

    #[test]
    fn uh_huh_is_no_interruption_and_yes_is_one_only_when_asked() {
        assert_eq!(judged("uh-huh", ExpectKind::Nothing), Verdict::Backchannel);
        assert_eq!(judged("yes", ExpectKind::YesNo), Verdict::Interruption);
        assert_eq!(judged("yes", ExpectKind::Nothing), Verdict::Backchannel);
        assert_eq!(judged("wait", ExpectKind::Nothing), Verdict::Interruption);
        assert_eq!(judged("what about Saturday", ExpectKind::Nothing), Verdict::Interruption);
    }

    #[test]
    fn what_may_become_an_acknowledgement_waits_for_the_next_word() {
        let so_far = |words| judge(words, Heard::SoFar, Language::English, ExpectKind::Free, "", 0.0);
        assert_eq!(so_far("thank"), Verdict::Unknown);
        assert_eq!(so_far("okay thank"), Verdict::Unknown);
        assert_eq!(so_far("okay thank you"), Verdict::Backchannel);
        assert_eq!(so_far("okay but"), Verdict::Interruption);
        assert_eq!(so_far("thank you but"), Verdict::Interruption);
        assert_eq!(so_far("what"), Verdict::Interruption);
        assert_eq!(judged("thank", ExpectKind::Free), Verdict::Interruption);
    }

    #[test]
    fn our_own_words_coming_back_are_an_echo() {
        let echo = judge(
            "open on Monday from nine",
            Heard::SoFar,
            Language::English,
            ExpectKind::Free,
            "We are open on Monday from nine to five",
            0.4,
        );
        assert_eq!(echo, Verdict::Echo);
    }

    #[test]
    fn our_words_are_an_echo_only_of_a_sound_that_may_be_ours_and_only_if_they_are_ours() {
        let over_us = |words, echo| {
            judge(words, Heard::Whole, Language::English, ExpectKind::Free, "We are open on Monday from nine", echo)
        };
        assert_eq!(over_us("open on Monday", 0.21), Verdict::Echo);
        assert_eq!(over_us("open on Monday", 0.2), Verdict::Interruption);
        assert_eq!(over_us("what about Saturday", 0.9), Verdict::Interruption);
    }

    #[test]
    fn four_words_of_five_in_our_order_repeat_us() {
        let ours = "We are open, on MONDAY, from nine to five.";
        for (words, is_ours) in [
            ("open on monday, from nine", true),
            ("open on Monday from ten", true),
            ("open on Monday, ten", false),
            ("nine from Monday on open", false),
            ("-- open -- on", true),
            ("--", false),
            ("", false),
        ] {
            assert_eq!(repeats(words, ours), is_ours, "{words}");
        }
    }

    #[test]
    fn a_voice_has_the_floor_or_wants_it_until_it_is_known_to_have_finished() {
        let (from, voice) = (Samples(0), Voice::Quiet(Samples(320)));
        assert_eq!(Floor::Contested { from, voice }.voice(), Some(voice));
        assert_eq!(Floor::Caller { from, voice: Voice::Sounding }.voice(), Some(Voice::Sounding));
        for floor in [Floor::Open, Floor::Agent, Floor::Settling { from, last: from }] {
            assert_eq!(floor.voice(), None);
        }
    }

    #[test]
    fn a_doubtful_echo_becomes_a_voice_after_three_slots() {
        let mut watch = EchoWatch::default();
        watch.begin();
        assert!(watch.is_watching());
        assert_eq!(watch.speaking(Samples(0), false), None);
        assert!(watch.is_watching());
        assert_eq!(watch.speaking(Samples(320), true), None);
        assert_eq!(watch.speaking(Samples(640), false), None);
        assert_eq!(watch.speaking(Samples(960), false), None);
        assert_eq!(watch.speaking(Samples(1280), false), Some(Samples(640)));
        assert!(!watch.is_watching());
    }

    fn any_language() -> impl Strategy<Value = Language> {
        prop::sample::select(Language::ALL.to_vec())
    }

    fn any_kind() -> impl Strategy<Value = ExpectKind> {
        prop::sample::select(vec![
            ExpectKind::Free,
            ExpectKind::YesNo,
            ExpectKind::Name,
            ExpectKind::Phone,
            ExpectKind::BirthDate,
            ExpectKind::Card,
            ExpectKind::Spelling,
            ExpectKind::Digits,
            ExpectKind::Nothing,
        ])
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_words_are_judged_and_waited_for_within_the_configured_times(
            words in prop_oneof!["\\PC{0,60}", "[a-z0-9 ,.?]{0,60}"],
            agent in "\\PC{0,60}",
            language in any_language(),
            kind in any_kind(),
            echo in 0.0..1.0_f32,
            wait in prop::option::of(0..9_000_u64),
        ) {
            for heard in [Heard::SoFar, Heard::Whole] {
                let verdict = judge(&words, heard, language, kind, &agent, echo);
                if heard == Heard::Whole {
                    prop_assert_eq!(verdict == Verdict::Unknown, words.trim().is_empty());
                }
                prop_assert!(verdict != Verdict::Echo || echo > 0.2);
            }
            let (config, wait) = (CallConfig::default(), wait.map(Duration::from_millis));
            let expect = Expect { kind, wait, hints: Vec::new() };
            let waits = [config.endpoint_complete_ms, config.endpoint_ms, config.endpoint_incomplete_ms].map(Duration::from_millis);
            let chosen = endpoint_wait(&words, language, &expect, &config);
            prop_assert!(waits.contains(&chosen) || wait == Some(chosen), "{chosen:?}");
        }

        #[test]
        fn a_voice_behind_an_echo_begins_where_it_was_first_heard(slots in prop::collection::vec(any::<bool>(), 0..60)) {
            let mut watch = EchoWatch::default();
            watch.begin();
            let mut in_a_row = 0;
            for (at, is_echo) in (0..).map(Samples::from_slots).zip(slots) {
                in_a_row = if is_echo { 0 } else { in_a_row + 1 };
                let found = watch.speaking(at, is_echo);
                prop_assert_eq!(found.is_some(), in_a_row == NOT_ECHO_SLOTS);
                if let Some(from) = found {
                    prop_assert_eq!(from, at.saturating_sub(Samples::from_slots(u64::from(NOT_ECHO_SLOTS) - 1)));
                    prop_assert!(!watch.is_watching());
                    break;
                }
            }
        }
    }
}
