//! Asking the agent, speaking what it answers, and covering the wait for it.

use attendant_media::speech::SpeechId;

use super::{Line, Machine, Phase, Service, Timer};
use crate::agent::{Event, Expect, ExpectKind, Turn, Who};
use crate::call::canned::Phrase;
use crate::call::effect::Effect;
use crate::call::hearing::Spoken;
use crate::call::mouth::{Extent, News, Said};
use crate::call::settings::deadline;
use crate::call::thought::{Stage, Then};
use crate::call::timeline::{Entry, Recovery, TurnTimeline};
use crate::call::turn::Floor;
use crate::call::utterance::Purpose;
use crate::privacy::Pii;
use crate::tts::{self, Times};

/// After so many apologies in a call there is no point in another.
const APOLOGIES: u32 = 2;

impl Machine {
    /// The caller's words become a line, and are journalled without the numbers of health cards.
    pub(super) fn caller_said(&mut self, text: &str) {
        let written = self.cards.transcript(&self.conversation.lines(), text, self.language);
        self.conversation.caller(text, self.language);
        self.counters.turns += 1;
        self.turn.turn = self.counters.turns;
        self.line(Who::Caller, &written, false);
    }

    /// Asks the agent to answer all that was said.
    pub(super) fn think(&mut self) {
        self.begin_answer();
        let number = self.thought.begin(self.now);
        self.ask_agent(number);
    }

    /// The floor is the agent's, for what it answers from now on.
    pub(super) fn begin_answer(&mut self) {
        self.floor = Floor::Agent;
        self.service = self.service.asked();
        self.announce();
        // What became of an answer that nobody heard, or of a notice, is not this answer's.
        let TurnTimeline { turn, speech_end_us, endpoint_due_us, endpoint_us, stt_final_us, filler_us, .. } = self.turn;
        let stages = TurnTimeline {
            turn,
            speech_end_us,
            endpoint_due_us,
            endpoint_us,
            stt_final_us,
            filler_us,
            ..TurnTimeline::default()
        };
        self.turn = stages;
    }

    fn ask_agent(&mut self, number: u32) {
        let said = self.conversation.lines();
        self.out.push_back(Effect::Think(Turn { number, language: self.language, said, draft: false }));
        self.timers.set(Timer::Agent, self.now + deadline::AGENT_EVENT);
    }

    pub(super) fn agent(&mut self, turn: u32, event: Event) {
        let Some(event) = self.drafted(turn, event) else { return };
        if turn != self.thought.turn || self.thought.is_idle() {
            return;
        }
        self.timers.set(Timer::Agent, self.now + deadline::AGENT_EVENT);
        let at_us = self.at_us();
        match event {
            Event::Text(text) => {
                self.turn.first_token_us.get_or_insert(at_us);
                self.thought.stage = Stage::Streaming;
                if !self.mouth.is_open() {
                    self.mouth.open(Purpose::Answer, Expect::default());
                }
                self.mouth.text(text.reveal());
                self.thought.spoke |= self.mouth.has_words();
            }
            Event::Expect(expect) => {
                if !self.mouth.is_open() {
                    self.mouth.open(Purpose::Answer, Expect::default());
                }
                self.mouth.expect(expect);
            }
            Event::Danger { what, expect } => {
                self.fixed(Phrase::Emergency(what), what.words(self.language), expect);
            }
            Event::Parting(what) => {
                let expect = Expect { kind: ExpectKind::Nothing, ..Expect::default() };
                self.fixed(what.into(), what.words(self.language), expect);
            }
            Event::ToolStarted { .. } => {
                // What was said before the tool is a whole utterance: it is heard while the tool runs.
                self.thought.spoke |= self.mouth.close();
                self.thought.stage = Stage::Tool;
                self.timers.set(Timer::Agent, self.now + deadline::TOOL);
                self.cover();
            }
            Event::WritingCall => self.cover(),
            Event::ToolDone { .. } => self.thought.stage = Stage::Asked,
            Event::NextModel { why } => {
                self.mouth.drop_unsent();
                self.journal(Entry::Recovered { at_us, what: Recovery::NextModel, detail: why });
            }
            Event::Hedged => {
                self.journal(Entry::Recovered {
                    at_us,
                    what: Recovery::Hedged,
                    detail: "its first token is late".into(),
                });
            }
            Event::Language(language) => {
                self.language = language;
                match self.hearing.speak(language, &mut self.out) {
                    Spoken::Here => {}
                    Spoken::Elsewhere => self.change_ears(),
                }
                self.mouth.speak(language);
                self.out.push_back(Effect::Speaks(language));
            }
            Event::HangUp => self.thought.then = Then::HangUp,
            Event::Transfer { to } => self.thought.then = Then::Transfer(to),
            Event::Done => self.answer_complete(),
            Event::Failed(error) => {
                if !error.kind.retryable() {
                    self.thought.no_more();
                }
                self.agent_failed(&error.to_string());
            }
        }
    }

    /// Answers with a phrase of these words. It waits for no voice unless there is no recording.
    fn fixed(&mut self, phrase: Phrase, words: &str, expect: Expect) {
        let at_us = self.at_us();
        self.turn.first_token_us.get_or_insert(at_us);
        self.thought.stage = Stage::Streaming;
        self.thought.spoke = true;
        self.mouth.close();
        self.timers.clear(Timer::Filler);
        if self.canned.get(self.language, phrase).is_some() {
            self.say(phrase, Purpose::Answer, expect);
        } else {
            self.mouth.say(Purpose::Answer, expect, words);
        }
    }

    /// A filler is said if this takes long.
    fn cover(&mut self) {
        if !self.mouth.has_answer() && !self.timers.is_set(Timer::Filler) {
            self.timers.set(Timer::Filler, self.now + self.config.filler());
        }
    }

    fn answer_complete(&mut self) {
        self.thought.spoke |= self.mouth.close();
        self.timers.clear(Timer::Agent);
        if !self.thought.spoke && self.thought.then == Then::Listen {
            self.agent_failed("an answer without words");
        } else {
            self.thought.stage = Stage::Idle;
        }
    }

    /// Asks again once; then an apology, and a person.
    pub(super) fn agent_failed(&mut self, why: &str) {
        self.out.push_back(Effect::CancelThought);
        // Half a sentence before an apology helps nobody.
        self.mouth.drop_unsent();
        self.thought.spoke |= self.mouth.close();
        let at_us = self.at_us();
        match self.thought.again(self.now) {
            Some(number) => {
                self.journal(Entry::Recovered { at_us, what: Recovery::AgentAskedAgain, detail: why.to_owned() });
                self.ask_agent(number);
            }
            None => {
                self.thought.drop_answer();
                self.timers.clear(Timer::Agent);
                self.apologise();
            }
        }
    }

    /// Words, and then a person if there is one. What was already on its way is still said.
    pub(super) fn apologise(&mut self) {
        self.journal(Entry::Recovered { at_us: self.at_us(), what: Recovery::Apologised, detail: String::new() });
        self.timers.clear(Timer::Filler);
        self.apologies += 1;
        self.service = Service::Failed;
        if self.apologies > APOLOGIES {
            self.close(Phrase::SilenceGoodbye, crate::call::timeline::EndReason::Failed);
            return;
        }
        self.say(Phrase::Apology, Purpose::Notice, Expect::default());
        if let Some(to) = self.config.transfer_to.clone() {
            self.say(Phrase::Transfer, Purpose::Notice, Expect { kind: ExpectKind::Nothing, ..Expect::default() });
            self.thought.then = Then::Transfer(Pii::new(to));
        }
    }

    pub(super) fn tts(&mut self, event: tts::Event) {
        let at_us = self.at_us();
        match self.mouth.handle(event) {
            News::Nothing => {}
            News::FirstAudio => {
                self.turn.first_audio_us.get_or_insert(at_us);
                self.heard_from();
            }
            News::Audio => self.heard_from(),
            News::Failed => self.next_voice("voice failed"),
        }
    }

    fn heard_from(&mut self) {
        self.timers.clear(Timer::Tts);
        self.timers.clear(Timer::Filler);
    }

    pub(super) fn voice_late(&mut self) {
        self.outrun("no audio in time");
    }

    /// Its voice is slower than what it makes is heard.
    fn outrun(&mut self, why: &str) {
        if let Some((voice, id)) = self.mouth.speaking() {
            self.out.push_back(Effect::TtsLate { voice, id });
        }
        self.next_voice(why);
    }

    fn next_voice(&mut self, why: &str) {
        self.journal(Entry::Recovered { at_us: self.at_us(), what: Recovery::NextVoice, detail: why.to_owned() });
        if !self.mouth.next_voice(&mut self.out) {
            self.mouth.close();
            if !self.thought.is_idle() {
                self.out.push_back(Effect::CancelThought);
            }
            self.thought.drop_answer();
            self.timers.clear(Timer::Agent);
            self.speechless();
        }
    }

    /// No voice speaks: only what was recorded can be said.
    fn speechless(&mut self) {
        let is_recorded =
            self.canned.get(self.language, Phrase::Apology).is_some_and(|apology| apology.audio.is_some());
        match (&self.phase, self.config.transfer_to.clone()) {
            // These were the last words: the call ends without them.
            (Phase::Closing(_), _) => self.drop_answer(),
            (Phase::Talking, Some(to)) if !is_recorded && self.apologies < APOLOGIES => {
                self.apologies += 1;
                self.drop_answer();
                self.service = Service::Failed;
                self.floor = Floor::Agent;
                self.thought.then = Then::Transfer(Pii::new(to));
            }
            (
                Phase::Talking
                | Phase::Ringing
                | Phase::OnHold
                | Phase::Transferring(_)
                | Phase::HangingUp(_)
                | Phase::Leaving(_)
                | Phase::Ended,
                _,
            ) => self.apologise(),
        }
    }

    /// The answer is late, or the person to whom the caller is passed on: say so.
    pub(super) fn filler(&mut self) {
        match self.phase {
            Phase::Talking | Phase::Transferring(Line::Open) if !self.mouth.has_unplayed_answer() => {}
            Phase::Talking
            | Phase::Transferring(_)
            | Phase::Ringing
            | Phase::OnHold
            | Phase::Closing(_)
            | Phase::HangingUp(_)
            | Phase::Leaving(_)
            | Phase::Ended => return,
        }
        let Some(line) = self.canned.get(self.language, Phrase::Filler(self.counters.fillers as u8)).cloned() else {
            return;
        };
        let Some(audio) = line.audio else { return };
        self.counters.fillers += 1;
        self.counters.cached_characters += line.text.chars().count() as u32;
        let at_us = self.at_us();
        self.turn.filler_us.get_or_insert(at_us);
        self.mouth.say_filler(&line.text, audio, &mut self.out);
    }

    /// The wait is over before the filler was said.
    pub(super) fn release_filler(&mut self) {
        if let Some(said) = self.mouth.cut(&mut self.out) {
            self.agent_said(said);
        }
    }

    /// Says a fixed phrase: from its recording, else with a voice.
    pub(super) fn say(&mut self, phrase: Phrase, purpose: Purpose, expect: Expect) {
        let Some(line) = self.canned.get(self.language, phrase).cloned() else { return };
        match line.audio {
            Some(audio) => {
                self.counters.cached_characters += line.text.chars().count() as u32;
                self.mouth.say_canned(purpose, expect, &line.text, audio);
            }
            None => self.mouth.say(purpose, expect, &line.text),
        }
    }

    pub(super) fn played(&mut self, id: SpeechId, samples: u64) {
        self.mouth.played(id, samples);
        self.spoke = self.now;
        match self.mouth.audible_purpose() {
            Some(Purpose::Answer) => {
                let at_us = self.at_us();
                self.turn.first_packet_us.get_or_insert(at_us);
                if let Some(expect) = self.mouth.expecting().filter(|expect| **expect != self.asked).cloned() {
                    self.ask(expect);
                }
            }
            Some(Purpose::Filler | Purpose::Notice | Purpose::Announcement) | None => {}
        }
    }

    pub(super) fn finished(&mut self, id: SpeechId) {
        let Some(said) = self.mouth.finished(id) else { return };
        let expect = said.expect.clone();
        match said.purpose {
            Purpose::Filler => self.timers.set(Timer::Filler, self.now + deadline::NEXT_FILLER),
            Purpose::Answer | Purpose::Notice | Purpose::Announcement => {
                self.ask(expect);
                if !self.thought.is_idle() && !self.mouth.has_answer() {
                    self.timers.set(Timer::Filler, self.now + self.config.filler());
                }
            }
        }
        self.agent_said(said);
    }

    /// An open answer has run out of audio.
    pub(super) fn dry(&mut self, id: SpeechId) {
        self.counters.dry_slots += 1;
        if self.mouth.ran_dry(id) >= deadline::TTS_AUDIO {
            return self.outrun("audio slower than speech");
        }
        if !self.timers.is_set(Timer::Filler) && self.phase == Phase::Talking {
            self.timers.set(Timer::Filler, self.now + self.config.filler());
        }
    }

    /// What was heard of the agent becomes a line and closes the turn's timeline.
    pub(super) fn agent_said(&mut self, said: Said) {
        let cut = said.heard.is_cut();
        self.line(Who::Agent, &said.text, cut);
        if said.heard == Extent::Cut(Times::Estimated) && !said.text.is_empty() {
            self.journal(Entry::Estimated { at_us: self.at_us(), turn: self.counters.turns });
        }
        match said.purpose {
            Purpose::Filler => {}
            Purpose::Notice => self.conversation.agent(&said.text, cut),
            Purpose::Announcement => {
                self.announced(!cut);
                self.conversation.agent(&said.text, cut);
            }
            Purpose::Answer => {
                // A greeting answers nobody.
                if self.counters.turns > 0 && !said.text.is_empty() {
                    self.service = self.service.answered();
                }
                self.conversation.agent(&said.text, cut);
                let finished = TurnTimeline { finished_us: Some(self.at_us()), cut, ..self.turn.clone() };
                self.journal(Entry::Turn(finished));
                self.turn = TurnTimeline { turn: self.counters.turns, ..TurnTimeline::default() };
            }
        }
    }

    fn line(&mut self, who: Who, text: &str, cut: bool) {
        if !text.is_empty() {
            let entry = Entry::Line {
                at_us: self.at_us(),
                who,
                text: Pii::new(text.to_owned()),
                cut,
                turn: self.counters.turns,
            };
            self.out.push_back(Effect::Journal(entry));
        }
    }
}
