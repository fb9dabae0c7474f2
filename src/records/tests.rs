use std::os::unix::fs::PermissionsExt;

use attendant_media::frame::{SILENCE, Samples};
use time::macros::datetime;

use super::*;
use crate::call::registry::Transport;
use crate::call::timeline::{EndReason, Entry, TurnTimeline};
use crate::language::Language;
use crate::privacy::Pii;
use crate::store::keys::Keys;

const BEGAN: OffsetDateTime = datetime!(2026-11-21 23:59:59 UTC);

fn records(recording: Recording) -> (tempfile::TempDir, Records) {
    let folder = tempfile::tempdir().unwrap();
    let settings = RecordsConfig { path: Some(folder.path().join("records")), transcripts: true, recording, s3: None };
    let records = Records::open(&settings).unwrap();
    (folder, records)
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_journal_is_read_back_as_it_was_written() {
    let (folder, records) = records(Recording::Off);
    let call = CallId::new();
    let entries = vec![
        Entry::Answered { at_us: 20_000 },
        Entry::Turn(TurnTimeline { turn: 1, speech_end_us: Some(5), ..TurnTimeline::default() }),
        Entry::Key { at_us: 7 },
    ];
    let journal = records.journal(call, BEGAN);
    entries.iter().for_each(|entry| journal.append(entry));
    drop(journal);
    records.close();

    let root = folder.path().join("records");
    let file = root.join("2026-11-21").join(format!("{call}.jsonl"));
    assert_eq!(mode(&file), 0o600);
    assert_eq!(mode(&root), 0o700);
    assert_eq!(mode(&root.join("2026-11-21")), 0o700);
    let past = Library::new(root.clone()).newest(10).unwrap();
    assert_eq!(past, vec![Past { call: call.to_string(), entries, recording: None, closed: vec![] }]);
    assert_eq!(Library::new(root).find(&call.to_string()[30..]).unwrap(), past);
}

#[test]
fn a_journal_cut_off_in_a_line_is_read_as_far_as_it_goes() {
    let (folder, records) = records(Recording::Off);
    let call = CallId::new();
    let journal = records.journal(call, BEGAN);
    journal.append(&Entry::Answered { at_us: 1 });
    drop(journal);
    records.close();
    let root = folder.path().join("records");
    let file = root.join("2026-11-21").join(format!("{call}.jsonl"));
    let mut text = std::fs::read(&file).unwrap();
    text.extend_from_slice(b"{\"entry\":\"ans");
    std::fs::write(&file, text).unwrap();
    assert_eq!(Library::new(root).newest(1).unwrap()[0].entries, [Entry::Answered { at_us: 1 }]);
}

#[test]
fn a_recording_has_the_caller_left_the_agent_right_and_silence_where_frames_were_lost() {
    let (folder, records) = records(Recording::Announced);
    let call = CallId::new();
    let recorder = records.recorder(call, BEGAN).unwrap();
    assert!(recorder.try_send(Samples::ZERO, &[100; 320], &[-5; 320]));
    assert!(recorder.try_send(Samples::from_slots(3), &[7; 320], &SILENCE));
    drop(recorder);
    records.close();

    let file = folder.path().join("records/2026-11-21").join(format!("{call}.wav"));
    assert_eq!(mode(&file), 0o600);
    let mut wav = hound::WavReader::open(&file).unwrap();
    assert_eq!((wav.spec().channels, wav.spec().sample_rate), (2, 16_000));
    let samples: Vec<i16> = wav.samples().map(|sample| sample.unwrap()).collect();
    assert_eq!(samples.len(), 4 * 320 * 2);
    assert_eq!(samples[..2], [100, -5]);
    assert_eq!(samples[320 * 2..320 * 2 + 2], [0, 0]);
    assert_eq!(samples[3 * 320 * 2..3 * 320 * 2 + 2], [7, 0]);
}

#[test]
fn with_keys_a_recording_is_sealed_and_heard_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let (root, keys) = (folder.path().join("records"), folder.path().join("keys.toml"));
    crate::store::keys::create(&keys).unwrap();
    let keys = Arc::new(Keys::load(&keys).unwrap().of_clinic("c"));
    let settings =
        RecordsConfig { path: Some(root.clone()), transcripts: true, recording: Recording::Announced, s3: None };
    let records = Records::telling(&settings, None, None, Some(Seal::of("c", keys.clone()))).unwrap();
    let calls = [CallId::new(), CallId::new()];
    let kept = records.recorder(calls[0], BEGAN).unwrap();
    let refused = records.recorder(calls[1], BEGAN).unwrap();
    for slot in 0..120 {
        assert!(kept.try_send(Samples::from_slots(2 * slot), &[100; 320], &[-5; 320]));
        assert!(refused.try_send(Samples::from_slots(slot), &[100; 320], &SILENCE));
    }
    refused.discard();
    drop(kept);
    records.close();

    let day = root.join("2026-11-21");
    let file = recording_beside(&day.join(calls[0].to_string())).unwrap();
    assert_eq!((file.extension().unwrap(), mode(&file)), (sealed::SEALED.as_ref(), 0o600));
    assert_eq!(recording_beside(&day.join(calls[1].to_string())), None);
    let heard = folder.path().join("heard.wav");
    assert_eq!(sealed::unseal(&file, &keys, &heard).unwrap(), sealed::Ending::Whole);
    let samples: Vec<i16> = hound::WavReader::open(&heard).unwrap().samples().map(|sample| sample.unwrap()).collect();
    assert_eq!(samples.len(), 239 * 640);
    assert!(samples.chunks(640).zip(0..).all(|(slot, n)| slot[..2] == if n % 2 == 0 { [100, -5] } else { [0, 0] }));
}

#[test]
fn a_recording_that_cannot_be_written_asks_the_disk_once_a_second_and_goes_on_when_it_can() {
    let (folder, records) = records(Recording::Announced);
    let day = folder.path().join("records/2026-11-21");
    std::fs::write(&day, "a file where the day's folder should be").unwrap();
    let counters = records.counters.clone();
    let recorder = records.recorder(CallId::new(), BEGAN).unwrap();
    let dropped = |count: u64| {
        while counters.frames_dropped.load(Ordering::Relaxed) < count {
            std::thread::yield_now();
        }
    };
    for slot in 0..10 {
        assert!(recorder.try_send(Samples::from_slots(slot), &[100; 320], &SILENCE));
    }
    dropped(10);
    std::fs::remove_file(&day).unwrap();
    for slot in 10..60 {
        assert!(recorder.try_send(Samples::from_slots(slot), &[100; 320], &SILENCE));
    }
    drop(recorder);
    records.close();
    // The first failed at slot 0: it was asked again at slot 50.
    assert_eq!(counters.frames_dropped.load(Ordering::Relaxed), 50);
    let file = std::fs::read_dir(&day).unwrap().next().unwrap().unwrap().path();
    let samples: Vec<i16> = hound::WavReader::open(&file).unwrap().samples().map(|sample| sample.unwrap()).collect();
    assert_eq!(samples.len(), 60 * 320 * 2);
    assert_eq!((samples[49 * 640], samples[50 * 640]), (0, 100));
}

#[test]
fn a_refused_recording_is_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("records");
    let recording = Recording::Announced;
    let settings = RecordsConfig { path: Some(root.clone()), transcripts: true, recording, s3: None };
    let notes = Arc::new(Notes::open(&root).unwrap());
    let records = Records::telling(&settings, None, Some(notes), None).unwrap();
    let (call, other) = (CallId::new(), CallId::new());
    let recorder = records.recorder(call, BEGAN).unwrap();
    assert!(recorder.try_send(Samples::ZERO, &[100; 320], &SILENCE));
    recorder.discard();
    drop(records.recorder(other, BEGAN).unwrap());
    records.close();
    assert!(!root.join("2026-11-21").join(format!("{call}.wav")).exists());
    let noted = std::fs::read_to_string(root.join("audit.jsonl")).unwrap();
    assert_eq!(noted.lines().count(), 1, "{noted}");
    assert!(noted.contains(&call.to_string()) && noted.contains("recording_deleted"), "{noted}");
}

#[test]
fn what_was_recorded_of_a_caller_who_never_heard_of_it_is_deleted_when_the_next_process_starts() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("records");
    let settings =
        RecordsConfig { path: Some(root.clone()), transcripts: true, recording: Recording::Announced, s3: None };
    let records = Records::open(&settings).unwrap();
    let (told, untold) = (CallId::new(), CallId::new());
    let day = root.join("2026-11-21");
    let there = |call: CallId, name: &str| day.join(format!("{call}.{name}")).exists();
    let recorders: Vec<Recorder> = [told, untold].map(|call| records.recorder(call, BEGAN).unwrap()).into();
    recorders[0].keep();
    for recorder in &recorders {
        assert!(recorder.try_send(Samples::ZERO, &[100; 320], &SILENCE));
    }
    while !there(told, "wav") || !there(untold, "wav.part") {
        std::thread::yield_now();
    }
    assert!(!there(told, "wav.part") && !there(untold, "wav"));
    // The process ends, and the call has not.
    records.close();
    assert!(there(untold, "wav.part") && !there(untold, "wav"));
    let notes = Some(Arc::new(Notes::open(&root).unwrap()));
    // Also by one that records nothing any more.
    let settings = RecordsConfig { recording: Recording::Off, ..settings };
    Records::telling(&settings, None, notes, None).unwrap().close();
    assert!(there(told, "wav") && !there(untold, "wav.part"));
    let noted = std::fs::read_to_string(root.join("audit.jsonl")).unwrap();
    assert!(noted.lines().count() == 1 && noted.contains(&untold.to_string()), "{noted}");
}

#[test]
fn a_recording_that_may_be_kept_is_deleted_all_the_same_when_it_is_refused_later() {
    let (folder, records) = records(Recording::Announced);
    let call = CallId::new();
    let recorder = records.recorder(call, BEGAN).unwrap();
    recorder.keep();
    assert!(recorder.try_send(Samples::ZERO, &[100; 320], &SILENCE));
    recorder.discard();
    records.close();
    let day = folder.path().join("records/2026-11-21");
    let left: Vec<_> = std::fs::read_dir(&day).into_iter().flatten().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn recorders_exist_only_when_recording_is_configured() {
    let (_folder, records) = records(Recording::Off);
    assert!(records.recorder(CallId::new(), BEGAN).is_none());
    records.close();
    assert!(Records::none().recorder(CallId::new(), BEGAN).is_none());
}

#[test]
fn a_line_that_cannot_be_written_is_counted() {
    let (folder, records) = records(Recording::Off);
    let root = folder.path().join("records");
    std::fs::write(root.join("2026-11-21"), "a file where the day's folder should be").unwrap();
    let counters = records.counters.clone();
    let journal = records.journal(CallId::new(), BEGAN);
    journal.append(&Entry::Answered { at_us: 1 });
    drop(journal);
    records.close();
    assert_eq!(counters.lines_dropped.load(Ordering::Relaxed), 1);
}

#[test]
fn a_folder_that_is_a_file_is_refused_with_the_mend() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("taken");
    std::fs::write(&file, "").unwrap();
    let settings = RecordsConfig { path: Some(file), ..RecordsConfig::default() };
    let wrong = settings.check();
    assert_eq!(wrong.len(), 1);
    assert!(wrong[0].starts_with("records.path: ") && wrong[0].contains("not a folder"));
}

#[test]
fn a_call_that_is_recorded_and_not_written_down_has_a_journal_of_who_rang_and_when() {
    let folder = tempfile::tempdir().unwrap();
    let settings = RecordsConfig {
        path: Some(folder.path().to_owned()),
        transcripts: false,
        recording: Recording::Announced,
        s3: None,
    };
    let records = Records::open(&settings).unwrap();
    let call = CallId::new();
    let rang = Entry::Rang {
        call,
        at: "2026-11-21T23:59:59.123Z".to_owned(),
        clinic: "c".to_owned(),
        transport: Transport::Sip,
        caller: Pii::new("+16045550137".to_owned()),
        dialled: "+16045550100".to_owned(),
        language: Language::English,
    };
    let counters = crate::call::timeline::Counters::default();
    let ended = Entry::Ended { at_us: 2, reason: EndReason::Goodbye, counters };
    let entries = [rang.clone(), Entry::Answered { at_us: 1 }, Entry::Key { at_us: 1 }, ended.clone()];
    let journal = records.journal(call, BEGAN);
    entries.iter().for_each(|entry| journal.append(entry));
    drop(journal);
    records.close();
    let past = Library::new(folder.path().to_owned()).newest(1).unwrap().remove(0);
    assert_eq!(past.entries, [rang, ended]);
}
