//! A leg behind a bad network: every slot is heard once, words survive, and counters say what happened.

use std::time::Duration;

use super::*;
use crate::frame::SLOT;
use crate::netem::{Conditions, Netem};

const ID: SpeechId = SpeechId { generation: 1, utterance: 0, attempt: 0 };

pub(super) const MILLI: Duration = Duration::from_millis(1);

/// A second of syllables: loud for 280 ms, silent for 120.
pub(super) fn speech(samples: usize) -> Vec<i16> {
    (0..samples)
        .map(|n| {
            let voiced = n % 6_400 < 4_480;
            let t = n as f64 / 16_000.0 * std::f64::consts::TAU;
            if voiced { (5_000.0 * ((180.0 * t).sin() + (900.0 * t).sin())) as i16 } else { 0 }
        })
        .collect()
}

pub(super) struct Heard {
    pub(super) audio: Vec<i16>,
    /// How far behind the slots a frame was at most, and how far ahead, in slots.
    pub(super) behind: i64,
    pub(super) ahead: i64,
    /// Voices that were taken to begin.
    pub(super) starts: Vec<Samples>,
    pub(super) stats: LegStats,
    pub(super) lost: u64,
}

/// A sender whose clock runs `ppm` fast talks through the network to a leg for so many of the leg's slots.
pub(super) fn listen(codec: Codec, conditions: Conditions, seed: u64, ppm: i64, slots: u64) -> Heard {
    carry(&speech(16_000), codec, conditions, seed, ppm, slots)
}

/// The same, with this audio again and again; it is whole slots long.
pub(super) fn carry(audio: &[i16], codec: Codec, conditions: Conditions, seed: u64, ppm: i64, slots: u64) -> Heard {
    let format = Format { codec, payload_type: 0 };
    let config = LegConfig { inbound: format, outbound: format, ..config() };
    let mut sender = Leg::new(config.clone(), Time::ZERO);
    let mut leg = Leg::new(config, Time::ZERO);
    let mut netem = Netem::new(conditions, seed);
    let mut result =
        Heard { audio: Vec::new(), behind: 0, ahead: 0, starts: Vec::new(), stats: LegStats::default(), lost: 0 };
    sender.handle(Time::ZERO, Input::Audible(ID));
    let (mut sent, mut spoken) = (0_u64, 0_usize);
    let end = Time::ZERO + SLOT * slots as u32 - MILLI;
    loop {
        // The sender's own clock, as seen on ours; it starts 7 ms late.
        let sends = Time::from_micros(((sent * 20_000 + 7_000) as i64 * 1_000_000 / (1_000_000 + ppm)) as u64);
        let now = sends.min(netem.next()).min(leg.poll_timeout());
        if now > end {
            break;
        }
        if sends == now {
            sender.handle(Time::from_millis(20 * sent), Input::Speech { id: ID, audio: &audio[spoken..][..320] });
            spoken = (spoken + 320) % audio.len();
            while let Some(output) = sender.poll_output() {
                if let Output::Rtp { packet, .. } = output {
                    netem.send(now, packet);
                }
            }
            sent += 1;
        }
        if let Some((at, packet)) = netem.receive(now) {
            leg.handle(at, Input::Rtp(&packet));
        }
        leg.handle(now, Input::Timeout);
        let current = (now.as_millis() / 20) as i64;
        while let Some(output) = leg.poll_output() {
            match output {
                Output::Heard { at, audio } => {
                    let number = (at.0 / 320) as i64;
                    assert_eq!(at.0, result.audio.len() as u64, "frames come in order, each once");
                    result.behind = result.behind.max(current - number);
                    result.ahead = result.ahead.max(number - current);
                    result.audio.extend_from_slice(audio);
                }
                Output::SpeechStart { at, .. } => result.starts.push(at),
                _ => {}
            }
        }
    }
    result.stats = leg.stats();
    result.lost = netem.lost();
    result
}

/// Share of the slots with sound among those where a syllable was due; the pattern is found, since the start may shift.
pub(super) fn sounding(audio: &[i16]) -> f64 {
    let loud = audio.chunks_exact(320).filter(|frame| crate::vad::level_db(frame) > -30.0).count();
    loud as f64 / (audio.len() as f64 / 320.0 * 0.7)
}

#[test]
fn a_good_network_loses_nothing_and_is_heard_at_once() {
    for codec in [Codec::Pcmu, Codec::Pcma, Codec::G722, Codec::Opus, Codec::L16 { rate: 16_000, little_endian: false }]
    {
        let heard = listen(codec, Conditions::default(), 1, 0, 500);
        assert!(heard.audio.len() >= 497 * 320, "{codec:?}");
        assert_eq!(heard.stats.slots, 500);
        assert_eq!((heard.stats.lost, heard.stats.late, heard.stats.concealed_slots), (0, 0, 0), "{codec:?}");
        assert_eq!((heard.stats.drift_dropped, heard.stats.drift_inserted), (0, 0), "{codec:?}");
        assert!(sounding(&heard.audio) > 0.95, "{codec:?}: {}", sounding(&heard.audio));
    }
}

#[test]
fn loss_of_5_percent_with_40_ms_of_jitter_conceals_what_was_lost_and_no_more() {
    for seed in 0..10 {
        let conditions = Conditions { loss: 0.05, jitter: 40 * MILLI, ..Conditions::default() };
        let heard = listen(Codec::Pcmu, conditions, seed, 0, 1_500);
        assert_eq!(heard.stats.slots, 1_500);
        assert!(heard.audio.len() >= 1_497 * 320, "never more than 60 ms behind");
        assert!(heard.behind <= 3 && heard.ahead <= 6, "{} behind, {} ahead", heard.behind, heard.ahead);
        let (stats, lost) = (heard.stats, heard.lost);
        assert!(stats.lost + stats.late >= lost - 3 && stats.lost <= lost + lost / 10 + 2, "{stats:?}, {lost} lost");
        assert!(stats.concealed_slots <= lost + lost / 10 + 4, "{stats:?}, {lost} lost");
        assert!(sounding(&heard.audio) > 0.93, "seed {seed}: {}", sounding(&heard.audio));
    }
}

#[test]
fn loss_of_10_percent_keeps_the_slots_and_most_of_the_words() {
    for codec in [Codec::Pcmu, Codec::Opus] {
        let conditions = Conditions { loss: 0.10, jitter: 20 * MILLI, ..Conditions::default() };
        let heard = listen(codec, conditions, 3, 0, 1_500);
        assert_eq!(heard.stats.slots, 1_500);
        assert!(heard.audio.len() >= 1_497 * 320);
        assert!(sounding(&heard.audio) > 0.85, "{codec:?}: {}", sounding(&heard.audio));
    }
}

#[test]
fn reordered_packets_within_60_ms_are_all_heard() {
    let conditions = Conditions { stragglers: 0.1, held_up: 35 * MILLI, ..Conditions::default() };
    let heard = listen(Codec::Pcmu, conditions, 5, 0, 1_000);
    assert!(heard.stats.reordered > 50, "{:?}", heard.stats);
    assert_eq!((heard.stats.lost, heard.stats.late), (0, 0), "{:?}", heard.stats);
    assert!(heard.stats.concealed_slots <= 1, "{:?}", heard.stats);
    assert!(sounding(&heard.audio) > 0.95);
}

#[test]
fn duplicates_are_counted_and_never_heard_twice() {
    let conditions = Conditions { duplicates: 0.3, ..Conditions::default() };
    let heard = listen(Codec::Pcmu, conditions, 5, 0, 1_000);
    assert!((200..400).contains(&heard.stats.duplicates), "{:?}", heard.stats);
    assert_eq!((heard.stats.lost, heard.stats.concealed_slots), (0, 0));
    assert!(heard.ahead <= 1);
}

#[test]
fn a_sender_that_falls_silent_is_silence_and_its_return_is_heard_at_once() {
    let mut leg = Leg::new(config(), Time::ZERO);
    let loud = [0x00_u8; 160];
    let mut heard = Vec::new();
    let mut returned = None;
    for slot in 0..300_u64 {
        let now = Time::from_millis(20 * slot);
        if !(50..200).contains(&slot) {
            let header = crate::rtp::Header {
                marker: slot == 200,
                payload_type: 0,
                sequence: if slot < 50 { slot } else { slot - 150 } as u16,
                timestamp: (slot * 160) as u32,
                ssrc: 5,
            };
            let packet = [&crate::rtp::write(&header)[..], &loud].concat();
            leg.handle(now + 3 * MILLI, Input::Rtp(&packet));
        } else {
            leg.handle(now, Input::Timeout);
        }
        while let Some(output) = leg.poll_output() {
            if let Output::Heard { at, audio } = output {
                let sound = crate::vad::level_db(audio) > -30.0;
                if sound && slot >= 200 {
                    returned.get_or_insert((slot, at.0 / 320));
                }
                heard.push(sound);
            }
        }
    }
    assert!(heard[70..195].iter().all(|sound| !sound));
    assert_eq!(returned, Some((200, 200)));
    assert_eq!(leg.stats().lost, 0);
}

#[test]
fn another_ssrc_or_another_count_is_another_stream_on_the_same_clock() {
    let mut leg = Leg::new(config(), Time::ZERO);
    let mut frames = 0;
    for slot in 0..100_u64 {
        let (ssrc, base) = if slot < 50 { (1, 0) } else { (2, 40_000) };
        let header = crate::rtp::Header {
            marker: false,
            payload_type: 0,
            sequence: (base + slot) as u16,
            timestamp: (base * 77_777 + slot * 160) as u32,
            ssrc,
        };
        let packet = [&crate::rtp::write(&header)[..], &[0x10; 160]].concat();
        leg.handle(Time::from_millis(20 * slot + 4), Input::Rtp(&packet));
        while let Some(output) = leg.poll_output() {
            if let Output::Heard { at, .. } = output {
                assert_eq!(at.0, frames * 320);
                frames += 1;
            }
        }
    }
    assert_eq!(frames, 100);
    let stats = leg.stats();
    assert_eq!((stats.ssrc_changes, stats.foreign, stats.lost, stats.late), (1, 3, 0, 0), "{stats:?}");
}

#[test]
fn two_sources_at_once_are_one_voice_heard_whole() {
    let mut leg = Leg::new(config(), Time::ZERO);
    let mut heard = Vec::new();
    // The second sender is three times as loud, so that each frame says whose it is.
    let mut send = |leg: &mut Leg, now: Time, ssrc: u32, slot: u64, level: i16| {
        let header = crate::rtp::Header {
            marker: false,
            payload_type: 0,
            sequence: (u64::from(ssrc) * 20_000 + slot) as u16,
            timestamp: ssrc * 1_000_000_000 + slot as u32 * 160,
            ssrc,
        };
        let mut payload = [0; 160];
        crate::codec::Encoder::new(Codec::Pcmu).encode(&[level; 160], &mut payload);
        leg.handle(now, Input::Rtp(&[&crate::rtp::write(&header)[..], &payload].concat()));
        while let Some(output) = leg.poll_output() {
            if let Output::Heard { audio, .. } = output {
                heard.push(crate::vad::level_db(audio));
            }
        }
    };
    for slot in 0..200_u64 {
        let now = Time::from_millis(20 * slot);
        send(&mut leg, now + 4 * MILLI, 1, slot, 3_000);
        send(&mut leg, now + 9 * MILLI, 2, slot, 9_000);
    }
    let wanted = crate::vad::level_db(&[3_000; 320]);
    assert!(heard[2..].iter().all(|level| (level - wanted).abs() < 1.0), "{heard:?}");
    let stats = leg.stats();
    assert_eq!((stats.ssrc_changes, stats.foreign, stats.lost, stats.concealed_slots), (0, 200, 0, 0), "{stats:?}");
}

#[test]
fn keys_pressed_on_one_leg_are_heard_once_each_on_the_other() {
    let mut ours = Leg::new(config(), Time::ZERO);
    let mut theirs = Leg::new(config(), Time::ZERO);
    let mut netem = Netem::new(Conditions { loss: 0.2, jitter: 30 * MILLI, ..Conditions::default() }, 4);
    let mut digits = String::new();
    ours.handle(Time::ZERO, Input::Dtmf("42#"));
    for slot in 0..100_u64 {
        let now = Time::from_millis(20 * slot);
        ours.handle(now, Input::Timeout);
        while let Some(output) = ours.poll_output() {
            if let Output::Rtp { packet, .. } = output {
                netem.send(now, packet);
            }
        }
        while let Some((at, packet)) = netem.receive(now) {
            theirs.handle(at, Input::Rtp(&packet));
            while let Some(output) = theirs.poll_output() {
                if let Output::Dtmf { digit, .. } = output {
                    digits.push(digit);
                }
            }
        }
    }
    assert_eq!(digits, "42#");
}

#[test]
fn long_chunks_of_plain_audio_are_heard_whole() {
    let format = Format { codec: Codec::L16 { rate: 16_000, little_endian: true }, payload_type: 0 };
    let framing = Framing::Transport;
    let mut leg = Leg::new(LegConfig { inbound: format, outbound: format, framing, ..config() }, Time::ZERO);
    let chunk: Vec<u8> = speech(1_600).iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let mut heard = Vec::new();
    for slot in 0..100_u64 {
        let now = Time::from_millis(20 * slot);
        leg.handle(now, Input::Timeout);
        if slot % 5 == 4 {
            let timestamp = slot / 5 * 1_600;
            leg.handle(now, Input::Payload { sequence: slot / 5, timestamp, payload: &chunk });
        }
        while let Some(output) = leg.poll_output() {
            match output {
                Output::Heard { audio, .. } => heard.extend_from_slice(audio),
                Output::Payload { payload, .. } => assert_eq!(payload.len(), 640),
                _ => {}
            }
        }
    }
    assert_eq!(leg.stats().malformed, 0);
    let loud = heard.chunks_exact(320).filter(|frame| crate::vad::level_db(frame) > -30.0).count();
    assert!(loud >= 90, "{loud} of 100 slots, {:?}", leg.stats());
}

#[test]
fn linear_chunks_out_of_order_and_doubled_are_heard_once_and_in_order() {
    let format = Format { codec: Codec::L16 { rate: 16_000, little_endian: false }, payload_type: 0 };
    let framing = Framing::Transport;
    let mut leg = Leg::new(LegConfig { inbound: format, outbound: format, framing, ..config() }, Time::ZERO);
    let level = |chunk: u64| 1_000 + 100 * chunk as i16;
    let mut heard = Vec::new();
    for slot in 0..60_u64 {
        let now = Time::from_millis(20 * slot);
        leg.handle(now, Input::Timeout);
        // Each pair of chunks comes as: second, first, second again; what comes first of all is where hearing begins.
        let pair = match slot {
            1 => vec![0, 1, 1],
            ..40 if slot % 2 == 1 => vec![slot, slot - 1, slot],
            _ => Vec::new(),
        };
        for sequence in pair {
            let payload = level(sequence).to_be_bytes().repeat(320);
            leg.handle(now, Input::Payload { sequence, timestamp: sequence * 320, payload: &payload });
        }
        while let Some(output) = leg.poll_output() {
            if let Output::Heard { audio, .. } = output {
                heard.push(audio[160]);
            }
        }
    }
    heard.retain(|sample| *sample != 0);
    heard.truncate(40);
    assert_eq!(heard, (0..40).map(level).collect::<Vec<_>>(), "{:?}", leg.stats());
}
