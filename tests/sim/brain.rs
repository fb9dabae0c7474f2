//! The scripted agent: answers written beforehand, then drawn ones. A tool that has begun is never cancelled; its result is said
//! once, in this answer or in the next one.

use std::collections::VecDeque;
use std::time::Duration;

use attendant::agent::{self, Expect, ExpectKind};
use attendant::call::event::Event;
use attendant::privacy::Pii;
use attendant::provider::ErrorKind;
use attendant_media::time::Time;
use rand::Rng;
use rand::rngs::StdRng;

use super::mood::{Later, Mood, failure, ms};

/// One answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub after_ms: u64,
    /// A tool runs first, for so long.
    pub tool_ms: Option<u64>,
    pub text: String,
    pub expect: ExpectKind,
    pub then: Option<agent::Event>,
}

impl Answer {
    pub fn new(after_ms: u64, text: &str) -> Self {
        Self { after_ms, tool_ms: None, text: text.to_owned(), expect: ExpectKind::Free, then: None }
    }

    pub fn expecting(self, expect: ExpectKind) -> Self {
        Self { expect, ..self }
    }

    pub fn with_tool(self, tool_ms: u64) -> Self {
        Self { tool_ms: Some(tool_ms), ..self }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Tool {
    number: usize,
    begins: Time,
    ends: Time,
}

#[derive(Debug)]
pub struct Brain {
    pub mood: Mood,
    pub script: VecDeque<Answer>,
    /// After so many answers it says goodbye and hangs up; 0 for never.
    pub goodbye_after: usize,
    /// Every so many answers begin with a tool; 0 for never.
    pub tool_every: usize,
    /// Every so many answers end in a transfer; 0 for never.
    pub transfer_every: usize,
    answers: usize,
    /// The tool of the answer being given, or of one that was dropped and whose result nobody has heard.
    tool: Option<Tool>,
    pub tools_run: usize,
    /// The answer being drafted, since then: its tool waits.
    draft: Option<Draft>,
}

/// An answer to a turn that is not final.
#[derive(Clone, Debug)]
struct Draft {
    turn: u32,
    since: Time,
    answer: Answer,
}

impl Brain {
    pub fn new(mood: Mood, script: Vec<Answer>) -> Self {
        Self {
            mood,
            script: script.into(),
            goodbye_after: 0,
            tool_every: 0,
            transfer_every: 0,
            answers: 0,
            tool: None,
            tools_run: 0,
            draft: None,
        }
    }

    pub fn think(&mut self, turn: u32, draft: bool, now: Time, rng: &mut StdRng) -> Later {
        if draft {
            let answer = self.script.pop_front().unwrap_or_else(|| self.draw(rng));
            // What nobody may hear yet is drafted all the same; a tool is not run.
            let later = if answer.tool_ms.is_some() { Vec::new() } else { words(turn, ms(answer.after_ms), &answer) };
            self.draft = Some(Draft { turn, since: now, answer });
            return later;
        }
        let event = |event| Event::Agent { turn, event };
        let mood = self.mood;
        self.mood = match mood {
            // It strikes in the middle of the words.
            Mood::DiesMidWord => mood,
            Mood::Normal
            | Mood::Slow
            | Mood::ConnectsLate
            | Mood::FailsOnce
            | Mood::StallsOnce
            | Mood::Silent
            | Mood::EmptyOnce
            | Mood::LateChunks
            | Mood::Wordless => mood.afterwards(),
        };
        match mood {
            Mood::FailsOnce => return vec![(ms(100), event(agent::Event::Failed(failure(ErrorKind::Limited))))],
            Mood::StallsOnce | Mood::Silent => return Vec::new(),
            Mood::EmptyOnce => return vec![(ms(100), event(agent::Event::Done))],
            Mood::Normal | Mood::Slow | Mood::ConnectsLate | Mood::DiesMidWord | Mood::LateChunks | Mood::Wordless => {}
        }
        self.answers += 1;
        let answer = self.script.pop_front().unwrap_or_else(|| self.draw(rng));
        let mut at = ms(answer.after_ms);
        let mut later = Vec::new();
        let mut text = answer.text;
        // What a dropped answer began is waited for, and used here.
        if let Some(tool) = self.tool.take().filter(|tool| tool.begins <= now) {
            if tool.ends > now {
                later.push((ms(1), event(agent::Event::ToolStarted { name: "pending" })));
                at = at.max(tool.ends.since(now));
                later.push((at, event(agent::Event::ToolDone { name: "pending", ok: true })));
            }
            text = format!("result{} {text}", tool.number);
        }
        if let Some(takes) = answer.tool_ms {
            self.tools_run += 1;
            let number = self.tools_run;
            later.push((at, event(agent::Event::ToolStarted { name: "look_up" })));
            self.tool = Some(Tool { number, begins: now + at, ends: now + at + ms(takes) });
            at += ms(takes);
            later.push((at, event(agent::Event::ToolDone { name: "look_up", ok: true })));
            at += ms(200);
            text = format!("result{number} {text}");
        }
        for (n, word) in text.split_inclusive(' ').enumerate() {
            later.push((at, event(agent::Event::Text(Pii::new(word.to_owned())))));
            at += ms(20);
            if n == 3 && mood == Mood::DiesMidWord {
                self.mood = mood.afterwards();
                later.push((at, event(agent::Event::Failed(failure(ErrorKind::Connection)))));
                return later;
            }
        }
        later.push((at, event(agent::Event::Expect(Expect { kind: answer.expect, ..Expect::default() }))));
        later.extend(answer.then.map(|then| (at, event(then))));
        later.push((at, event(agent::Event::Done)));
        later
    }

    /// The turn that was drafted is final.
    pub fn confirm(&mut self, now: Time) -> Later {
        let Some(Draft { turn, since, answer }) = self.draft.take() else { return Vec::new() };
        self.answers += 1;
        let Some(takes) = answer.tool_ms else { return Vec::new() };
        self.tools_run += 1;
        let event = |event| Event::Agent { turn, event };
        let begins = ms(answer.after_ms).saturating_sub(now.since(since));
        let ends = begins + ms(takes);
        let mut later = vec![
            (begins, event(agent::Event::ToolStarted { name: "look_up" })),
            (ends, event(agent::Event::ToolDone { name: "look_up", ok: true })),
        ];
        later.extend(words(turn, ends + ms(200), &answer));
        later
    }

    /// The answer is dropped. A tool that has not begun never will.
    pub fn cancel(&mut self, now: Time) {
        if let Some(draft) = self.draft.take() {
            self.script.push_front(draft.answer);
        }
        if self.tool.is_some_and(|tool| tool.begins > now) {
            self.tool = None;
            self.tools_run -= 1;
        }
    }

    /// The words of the tool's answer reach the caller: its result is used.
    pub fn said(&mut self, text: &str) {
        if self.tool.is_some_and(|tool| text.contains(&format!("result{}", tool.number))) {
            self.tool = None;
        }
    }

    fn draw(&self, rng: &mut StdRng) -> Answer {
        let after_ms = if self.mood == Mood::Slow { 2_500 } else { rng.random_range(30..700) };
        let words: Vec<String> = (0..rng.random_range(4..22)).map(|n| format!("a{}w{n}", self.answers)).collect();
        let due = |every: usize| every > 0 && self.answers.is_multiple_of(every);
        Answer {
            after_ms,
            tool_ms: due(self.tool_every).then(|| rng.random_range(200..6_000)),
            text: format!("{}.", words.join(" ")),
            expect: if rng.random_bool(0.3) { ExpectKind::YesNo } else { ExpectKind::Free },
            then: if self.goodbye_after > 0 && self.answers >= self.goodbye_after {
                Some(agent::Event::HangUp)
            } else if due(self.transfer_every) {
                Some(agent::Event::Transfer { to: Pii::new("+16045550123".to_owned()) })
            } else {
                None
            },
        }
    }
}

/// The words of an answer, from then on.
fn words(turn: u32, from: Duration, answer: &Answer) -> Later {
    let event = |event| Event::Agent { turn, event };
    let mut at = from;
    let mut later = Vec::new();
    for word in answer.text.split_inclusive(' ') {
        later.push((at, event(agent::Event::Text(Pii::new(word.to_owned())))));
        at += ms(20);
    }
    later.push((at, event(agent::Event::Expect(Expect { kind: answer.expect, ..Expect::default() }))));
    later.extend(answer.then.clone().map(|then| (at, event(then))));
    later.push((at, event(agent::Event::Done)));
    later
}
