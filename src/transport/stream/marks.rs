//! The marks that a carrier owes us: which speech they stand for, which were cleared, and whether they come back at all.
//!
//! After a clear, carriers send back every mark that was outstanding as if it had been played; those are not believed.

use std::collections::VecDeque;
use std::time::Duration;

use attendant_media::speech::SpeechId;
use tokio::time::Instant;

/// Ten a second; more than 25 s of unplayed marks mean that they do not come back.
const MOST: usize = 256;

/// Speech leaves in real time and carriers buffer little: a mark not back by then means that nobody hears us.
pub const OVERDUE: Duration = Duration::from_secs(5);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Awaited,
    Cleared,
}

#[derive(Debug)]
struct Mark {
    number: u64,
    id: SpeechId,
    samples: u64,
    sent: Instant,
    state: State,
}

/// See the module header.
#[derive(Debug, Default)]
pub struct Marks {
    waiting: VecDeque<Mark>,
    sent: u64,
    /// How many came back, cleared ones included.
    returned: u64,
}

impl Marks {
    /// The name to send.
    pub fn send(&mut self, id: SpeechId, samples: u64, now: Instant) -> String {
        self.sent += 1;
        if self.waiting.len() == MOST {
            self.waiting.pop_front();
        }
        self.waiting.push_back(Mark { number: self.sent, id, samples, sent: now, state: State::Awaited });
        format!("{}/{id}/{samples}", self.sent)
    }

    /// The name of a mark after which nothing follows; `None` if the other side does not send marks back.
    pub fn last(&mut self) -> Option<String> {
        self.sent += 1;
        (self.returned > 0).then(|| format!("{}/last", self.sent))
    }

    /// What was sent and not played is forgotten on the other side.
    pub fn clear(&mut self) {
        for mark in &mut self.waiting {
            mark.state = State::Cleared;
        }
    }

    /// A mark came back: what has been played, unless it was cleared or is not ours. Marks before it need not come any more.
    pub fn back(&mut self, name: &str) -> Option<(SpeechId, u64)> {
        let number: u64 = name.split('/').next()?.parse().ok()?;
        let at = self.waiting.iter().position(|mark| mark.number == number)?;
        let mark = self.waiting.drain(..=at).next_back()?;
        self.returned += 1;
        match mark.state {
            State::Awaited => Some((mark.id, mark.samples)),
            State::Cleared => None,
        }
    }

    /// Whether speech was sent that the carrier has not reported as played in time.
    pub fn overdue(&self, now: Instant) -> bool {
        self.waiting
            .iter()
            .find(|mark| mark.state == State::Awaited)
            .is_some_and(|mark| now.duration_since(mark.sent) > OVERDUE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: SpeechId = SpeechId { generation: 1, utterance: 2, attempt: 0 };

    #[tokio::test(start_paused = true)]
    async fn a_mark_tells_what_was_played_and_only_once() {
        let mut marks = Marks::default();
        let first = marks.send(ID, 1_600, Instant::now());
        let second = marks.send(ID, 3_200, Instant::now());
        assert_eq!(first, "1/1.2.0/1600");
        assert_eq!(marks.back(&second), Some((ID, 3_200)));
        assert_eq!(marks.back(&first), None);
        assert_eq!(marks.back(&second), None);
        assert_eq!(marks.back("somebody's own"), None);
    }

    #[tokio::test(start_paused = true)]
    async fn cleared_marks_that_come_back_were_not_played() {
        let mut marks = Marks::default();
        let old = marks.send(ID, 1_600, Instant::now());
        marks.clear();
        let new = marks.send(ID, 1_600, Instant::now());
        assert_eq!(marks.back(&old), None);
        assert_eq!(marks.back(&new), Some((ID, 1_600)));
    }

    #[tokio::test(start_paused = true)]
    async fn the_end_is_marked_only_for_those_who_send_marks_back() {
        let mut marks = Marks::default();
        let name = marks.send(ID, 1_600, Instant::now());
        assert_eq!(marks.last(), None);
        marks.back(&name);
        let last = marks.last().unwrap();
        assert!(last.ends_with("/last") && last != name, "{last}");
        assert_eq!(marks.back(&last), None, "it stands for no speech");
    }

    #[tokio::test(start_paused = true)]
    async fn a_mark_that_never_comes_is_overdue() {
        let mut marks = Marks::default();
        let name = marks.send(ID, 1_600, Instant::now());
        tokio::time::advance(OVERDUE).await;
        assert!(!marks.overdue(Instant::now()));
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(marks.overdue(Instant::now()));
        marks.back(&name);
        assert!(!marks.overdue(Instant::now()));
    }
}
