//! When a media stream is asked to echo a mark, so that the call knows what its carrier has played: every 100 ms of a speech, and
//! wherever the speech stops leaving, for what was said before a pause may be all that is heard of it.
//!
//! Pure. Unit: samples of a speech at 16 kHz.

use attendant_media::speech::SpeechId;

/// 100 ms at 16 kHz.
const EVERY: u64 = 1_600;

/// The marks of the audible speech.
#[derive(Debug, Default)]
pub struct Marking {
    speech: Option<SpeechId>,
    /// So much has left.
    left: u64,
    marked: u64,
}

impl Marking {
    /// This speech is audible from now on.
    pub fn audible(&mut self, id: SpeechId) {
        if self.speech != Some(id) {
            *self = Self { speech: Some(id), left: 0, marked: 0 };
        }
    }

    /// So much of a speech has left. The samples to mark, if a mark is due.
    pub fn left(&mut self, id: SpeechId, samples: u64) -> Option<u64> {
        self.audible(id);
        self.left = samples;
        if samples < self.marked + EVERY { None } else { self.mark() }
    }

    /// Nothing more leaves for now, or at all.
    pub fn rests(&mut self) -> Option<(SpeechId, u64)> {
        let id = self.speech?;
        self.mark().map(|samples| (id, samples))
    }

    fn mark(&mut self) -> Option<u64> {
        (self.left > self.marked).then(|| {
            self.marked = self.left;
            self.marked
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: SpeechId = SpeechId { generation: 1, utterance: 0, attempt: 0 };

    #[test]
    fn a_mark_is_due_every_100_ms_of_a_speech() {
        let mut marking = Marking::default();
        marking.audible(ID);
        let due: Vec<u64> = (1..=12).filter_map(|slot| marking.left(ID, slot * 320)).collect();
        assert_eq!(due, [1_600, 3_200]);
    }

    #[test]
    fn what_left_before_a_rest_is_marked_once() {
        let mut marking = Marking::default();
        assert_eq!(marking.rests(), None, "nothing was said");
        marking.left(ID, 1_600);
        assert_eq!(marking.rests(), None, "it was marked");
        marking.left(ID, 2_240);
        assert_eq!(marking.rests(), Some((ID, 2_240)));
        assert_eq!(marking.rests(), None);
    }

    #[test]
    fn every_speech_begins_at_nought() {
        let mut marking = Marking::default();
        marking.left(ID, 16_000);
        let next = SpeechId { utterance: 1, ..ID };
        marking.audible(next);
        assert_eq!(marking.rests(), None);
        assert_eq!(marking.left(next, 1_600), Some(1_600));
    }
}
