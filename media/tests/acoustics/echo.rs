//! Our own voice coming back, and callers speaking over it: the default configuration, over levels and delays.

use attendant_media::frame::SLOT_SAMPLES;
use attendant_media::leg::{Codec, LegConfig};
use attendant_media::vad::level_db;

use crate::recordings::*;

const DELAYS_MS: [u64; 6] = [40, 95, 150, 233, 310, 400];
const LEVELS_DB: [f32; 3] = [-6.0, -12.0, -20.0];

/// Our own likelihood threshold, which the call machine uses too.
const OWN: f32 = 0.5;

#[test]
fn our_own_voice_coming_back_is_never_taken_for_a_caller() {
    let mut failed = Vec::new();
    for (n, clip) in CLIPS.iter().enumerate() {
        let agent = librivox(clip);
        for delay in DELAYS_MS {
            for db in LEVELS_DB {
                let background = noise(8.0, agent.len() + 16_000);
                let call = call(config(Codec::Pcmu), &agent, &background, Some((delay, db)));
                let wrong = call.facts.iter().filter(|(_, fact)| match fact {
                    Fact::Start { echo, .. } | Fact::Speaking { echo } => *echo <= OWN,
                    Fact::End { .. } | Fact::Fax | Fact::Key => false,
                });
                let starts = call.facts.iter().filter(|(_, fact)| matches!(fact, Fact::Start { .. })).count();
                assert!(starts > 0 || db < -15.0, "{clip}, {delay} ms, {db} dB: the echo was not noticed at all");
                let wrong: Vec<_> = wrong.collect();
                if !wrong.is_empty() {
                    failed.push(format!(
                        "{n} {clip} {delay} ms {db} dB: {} of {}, first {:?}",
                        wrong.len(),
                        call.facts.len(),
                        wrong[0]
                    ));
                }
            }
        }
    }
    assert!(failed.is_empty(), "{}\n{}", failed.len(), failed.join("\n"));
}

/// When the leg first said that a caller speaks, in milliseconds after the caller began to.
fn noticed_ms(config: LegConfig, agent: &str, caller: &str, delay: u64, db: f32) -> Option<u64> {
    let agent = if agent.is_empty() { Vec::new() } else { librivox(agent) };
    let caller = librivox(caller);
    let begin = 24_000;
    let onset = onset(&caller);
    let total = agent.len().max(begin + caller.len()) / SLOT_SAMPLES * SLOT_SAMPLES;
    let far = mixed(&after(begin - onset, &caller, total), &noise(8.0, total));
    let call = call(config, &agent, &far, Some((delay, db)));
    let begin_ms = begin as u64 / 16;
    call.facts.iter().find_map(|(now, fact)| match fact {
        Fact::Start { echo, .. } | Fact::Speaking { echo } if *echo <= OWN && now.as_millis() >= begin_ms => {
            Some(now.as_millis() - begin_ms)
        }
        Fact::Start { .. } | Fact::Speaking { .. } | Fact::End { .. } | Fact::Fax | Fact::Key => None,
    })
}

#[test]
fn a_caller_speaking_over_the_echo_is_noticed_within_250_ms() {
    let mut times = Vec::new();
    for (agent, caller) in [("0870", "0890"), ("0870", "0920"), ("0920", "0870"), ("0890", "0930"), ("0920", "0880")] {
        for delay in DELAYS_MS {
            for db in LEVELS_DB {
                let noticed = noticed_ms(config(Codec::Pcmu), agent, caller, delay, db);
                times.push((noticed.unwrap_or(u64::MAX), agent, caller, delay, db));
            }
        }
    }
    times.sort_by_key(|time| time.0);
    let late: Vec<_> = times.iter().filter(|time| time.0 > 250).collect();
    println!("median {} ms, worst {} ms of {}", times[times.len() / 2].0, times[times.len() - 1].0, times.len());
    assert!(late.is_empty(), "{} of {} late: {late:?}", late.len(), times.len());
}

#[test]
fn a_caller_on_a_line_that_has_shown_no_echo_is_noticed_no_later_than_on_a_silent_one() {
    for (agent, caller) in [("0870", "0890"), ("0920", "0870"), ("0890", "0930")] {
        let spoken_over = noticed_ms(config(Codec::Pcmu), agent, caller, 100, -90.0);
        let alone = noticed_ms(config(Codec::Pcmu), "", caller, 100, -90.0);
        assert!(alone.is_some_and(|ms| ms <= 140), "{caller} alone: {alone:?}");
        assert!(spoken_over.is_some() && spoken_over <= alone, "{agent} {caller}: {spoken_over:?}, alone {alone:?}");
    }
}

#[test]
fn echo_control_takes_out_20_db_of_an_echo_and_leaves_the_caller() {
    let agent = librivox("0870");
    let silence = vec![0; agent.len() / SLOT_SAMPLES * SLOT_SAMPLES];
    let plain = call(config(Codec::Pcmu), &agent, &silence, Some((150, -6.0)));
    let controlled = LegConfig { echo_control: true, ..config(Codec::Pcmu) };
    let cleaned = call(controlled.clone(), &agent, &silence, Some((150, -6.0)));
    let later = 48_000..agent.len() - 16_000;
    let gained = level_db(&plain.heard[later.clone()]) - level_db(&cleaned.heard[later]);
    assert!(gained > 20.0, "{gained:.1} dB");

    let caller = librivox("0890");
    let far = after(32_000, &caller, agent.len() / SLOT_SAMPLES * SLOT_SAMPLES);
    let cleaned = call(controlled, &agent, &far, Some((150, -12.0)));
    let alone = call(config(Codec::Pcmu), &[], &far, None);
    let during = 40_000..72_000;
    let lost = level_db(&alone.heard[during.clone()]) - level_db(&cleaned.heard[during]);
    assert!(lost.abs() < 2.0, "{lost:.1} dB of the caller");
}
