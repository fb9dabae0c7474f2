//! What stays of calls: their records, wherever they are kept, and what a call's recording says of it: both sides on the leg's clock, whatever the machine that runs the tests is busy with.

use std::ops::Range;
use std::path::PathBuf;

use attendant::call::timeline::Entry;
use attendant::config::Config;
use attendant::records::sealed::{Ending, SEALED, unseal};
use attendant::records::{Library, Past};
use attendant::store::{History, Store};
use attendant_media::frame::{Frame, SLOT_SAMPLES, Samples};

use crate::desk::comes;

/// Every call of a server with this configuration, whole, the newest first: from the store, and from journals that are not in it. Their
/// recordings are as they are given out: WAV files.
pub async fn past(config: &Config) -> Vec<Past> {
    let store = attendant::server::store(config).expect("its keys are there");
    let keys = store.as_ref().map(Store::recording_keys);
    let history = History::new(Library::new(config.records.folder()), store);
    let mut whole = Vec::new();
    for figures in history.newest(100).await.expect("records are readable") {
        whole.extend(history.find(&figures.call).await.expect("records are readable"));
    }
    let is_sealed = |path: &PathBuf| path.extension().is_some_and(|ending| ending == SEALED);
    for recording in whole.iter_mut().filter_map(|call| call.recording.as_mut()).filter(|path| is_sealed(path)) {
        let heard = recording.with_extension("wav");
        let keys = keys.as_ref().expect("what is sealed has keys");
        assert_eq!(unseal(recording, keys, &heard).expect("it is ours"), Ending::Whole);
        *recording = heard;
    }
    whole
}

/// V4: the longest silence while words are owed.
pub const LONGEST_SILENCE: Samples = Samples::from_millis(3_000);

/// Mean square under which a frame is silence: -45 dB of full scale.
const QUIET: f32 = 33_000.0;

/// Both sides of a call, slot by slot.
pub struct Recorded {
    pub caller: Vec<i16>,
    pub agent: Vec<i16>,
}

impl Recorded {
    /// Waits until the file is finished, by a thread of its own; the last slots may be on neither side of the end.
    pub async fn of(past: &Past) -> Self {
        let Some(Entry::Ended { at_us, .. }) = past.entries.last() else { panic!("the journal ends with the call") };
        let whole = (at_us / 20_000).saturating_sub(5) * SLOT_SAMPLES as u64;
        let file = past.recording.as_ref().expect("it was recorded");
        let is_whole = |wav: &hound::WavReader<_>| u64::from(wav.duration()) >= whole;
        let mut wav = comes(|| hound::WavReader::open(file).ok().filter(is_whole)).await;
        // Beside calls that go on: they share their threads with this test.
        let read = tokio::task::spawn_blocking(move || {
            let both: Vec<i16> = wav.samples().map(|sample| sample.expect("whole samples")).collect();
            let side = |n: usize| both.iter().skip(n).step_by(2).copied().collect();
            Self { caller: side(0), agent: side(1) }
        });
        read.await.expect("it is a WAV file")
    }

    /// From this slot to the beginning of the agent's next sound: a word of a scripted voice begins after 40 ms of silence.
    pub fn next_word(&self, from: usize) -> Option<Samples> {
        let frames = self.agent.as_chunks::<SLOT_SAMPLES>().0;
        let begins = |slot: usize| sounds(&frames[slot]) && (slot == 0 || !sounds(&frames[slot - 1]));
        (from..frames.len()).find(|slot| begins(*slot)).map(|slot| Samples::from_slots((slot - from) as u64))
    }

    /// The slots at which the caller begins to speak, after half a second of nothing.
    pub fn caller_begins(&self) -> Vec<usize> {
        let (mut begins, mut last) = (Vec::new(), None);
        for slot in (0..).zip(self.caller.as_chunks::<SLOT_SAMPLES>().0).filter(|(_, frame)| sounds(frame)).map(|f| f.0)
        {
            if last.is_none_or(|last| slot - last > 25) {
                begins.push(slot);
            }
            last = Some(slot);
        }
        begins
    }

    /// Whether the agent makes no sound in these slots.
    pub fn agent_is_silent(&self, slots: Range<usize>) -> bool {
        !self.agent.as_chunks::<SLOT_SAMPLES>().0[slots].iter().any(sounds)
    }

    /// The longest from the last sound of either side to the next of the agent's. What lies before the agent's first sound, and before
    /// words of the caller's, is not owed.
    pub fn longest_silence(&self) -> Samples {
        let frames = self.caller.as_chunks::<SLOT_SAMPLES>().0.iter().zip(self.agent.as_chunks::<SLOT_SAMPLES>().0);
        let (mut longest, mut last): (u64, Option<u64>) = (0, None);
        for (slot, (caller, agent)) in (0_u64..).zip(frames) {
            if sounds(agent) {
                // Slots between the two.
                longest = last.map_or(longest, |last| longest.max(slot - last - 1));
            }
            if sounds(caller) || sounds(agent) {
                last = Some(slot);
            }
        }
        Samples::from_slots(longest)
    }
}

fn sounds(frame: &Frame) -> bool {
    frame.iter().map(|sample| f32::from(*sample).powi(2)).sum::<f32>() / SLOT_SAMPLES as f32 >= QUIET
}

#[test]
fn the_longest_silence_is_the_agents_and_counts_to_the_slot() {
    let slots = |spans: &[(usize, i16)]| -> Vec<i16> {
        spans.iter().flat_map(|&(slots, level)| vec![level; slots * SLOT_SAMPLES]).collect()
    };
    // Greeting, a long pause of the caller's, a question, 150 slots of silence, an answer with a hole of 10.
    let agent = slots(&[(50, 0), (10, 5_000), (500, 0), (150, 0), (10, 5_000), (10, 0), (10, 5_000), (900, 0)]);
    let caller = slots(&[(360, 0), (200, 5_000), (150, 0), (930, 0)]);
    let recorded = Recorded { caller, agent };
    assert_eq!(recorded.longest_silence(), LONGEST_SILENCE);
    let next = |slot| recorded.next_word(slot).map(|wait| wait.0 / SLOT_SAMPLES as u64);
    assert_eq!([next(0), next(50), next(51), next(719), next(731)], [Some(50), Some(0), Some(659), Some(11), None]);
    assert_eq!(recorded.caller_begins(), [360]);
    assert_eq!([60..710, 59..710, 60..711].map(|slots| recorded.agent_is_silent(slots)), [true, false, false]);
}
