//! Recorded speech, and a call between it and a leg: the far end plays one clip, the leg says another, the line echoes.

use std::time::Duration;

use attendant_media::frame::{Frame, RATE, SLOT_SAMPLES, Samples};
use attendant_media::leg::{Codec, Format, Framing, Input, Leg, LegConfig, Output, RTCP_INTERVAL};
use attendant_media::speech::SpeechId;
use attendant_media::time::Time;
use attendant_media::vad::level_db;

const DATA: &str = "/usr/share/pocketsphinx/test/data";

/// The five LibriVox clips, by their number.
pub const CLIPS: [&str; 5] = ["0870", "0880", "0890", "0920", "0930"];

/// Short sentences of another speaker, in the same package.
pub fn cards() -> Vec<i16> {
    (1..=5).flat_map(|n| wav(&format!("{DATA}/cards/00{n}.wav"))).collect()
}

pub fn librivox(number: &str) -> Vec<i16> {
    wav(&format!("{DATA}/librivox/sense_and_sensibility_01_austen_64kb-{number}.wav"))
}

fn wav(path: &str) -> Vec<i16> {
    let mut reader = hound::WavReader::open(path)
        .unwrap_or_else(|error| panic!("{path}: {error}; install the Debian package pocketsphinx-testdata"));
    assert_eq!(reader.spec().sample_rate, RATE);
    reader.samples().collect::<Result<_, _>>().expect("the recording is sound")
}

/// The first 10 ms that are plainly speech.
pub fn onset(clip: &[i16]) -> usize {
    clip.chunks(160).position(|chunk| level_db(chunk) > -35.0).expect("the clip holds speech") * 160
}

pub fn scaled(clip: &[i16], db: f32) -> Vec<i16> {
    let gain = 10.0_f32.powf(db / 20.0);
    clip.iter().map(|&sample| (f32::from(sample) * gain) as i16).collect()
}

/// `clip` after `silence` samples of nothing, as long as `total`.
pub fn after(silence: usize, clip: &[i16], total: usize) -> Vec<i16> {
    let mut audio = vec![0; silence];
    audio.extend_from_slice(clip);
    audio.resize(total, 0);
    audio
}

pub fn mixed(a: &[i16], b: &[i16]) -> Vec<i16> {
    a.iter().zip(b).map(|(a, b)| a.saturating_add(*b)).collect()
}

/// Noise of the given amplitude, the same each time.
pub fn noise(amplitude: f32, total: usize) -> Vec<i16> {
    let mut state = 7_u32;
    (0..total)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (((state >> 16) as f32 / 32_768.0 - 1.0) * amplitude) as i16
        })
        .collect()
}

pub fn config(codec: Codec) -> LegConfig {
    let format = Format { codec, payload_type: 0 };
    LegConfig {
        inbound: format,
        outbound: format,
        framing: Framing::Rtp,
        dtmf: None,
        ssrc: 1,
        first_sequence: 1,
        first_timestamp: 1,
        rtcp_interval: RTCP_INTERVAL,
        ears: true,
        denoise: false,
        gain: false,
        echo_control: false,
    }
}

/// What the leg under test reported of the voices, each with the time of the report.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fact {
    Start { at: Samples, echo: f32 },
    Speaking { echo: f32 },
    End { at: Samples },
    Fax,
    Key,
}

pub struct Call {
    pub facts: Vec<(Time, Fact)>,
    pub heard: Vec<i16>,
}

/// Runs a call: the leg under test says `agent`; the other side says `caller` and sends back what it hears, `delay_ms`
/// later and `db` louder, if `echo` says so. `network` delays each direction.
pub fn call(config: LegConfig, agent: &[i16], caller: &[i16], echo: Option<(u64, f32)>) -> Call {
    let network = Duration::from_millis(7);
    let id = SpeechId { generation: 1, ..SpeechId::default() };
    let mut ours = Leg::new(config.clone(), Time::ZERO);
    let mut theirs = Leg::new(config, Time::ZERO);
    let slots = caller.len() / SLOT_SAMPLES;
    let mut result = Call { facts: Vec::new(), heard: Vec::new() };
    let mut unsaid = agent;
    let mut returned: Vec<i16> = Vec::new();
    ours.handle(Time::ZERO, Input::Audible(id));
    theirs.handle(Time::ZERO, Input::Audible(id));
    for slot in 0..slots as u64 {
        let now = Time::from_millis(20 * slot);
        let taken = ours.room().min(unsaid.len());
        ours.handle(now, Input::Speech { id, audio: &unsaid[..taken] });
        unsaid = &unsaid[taken..];
        let mut to_them = None;
        note(&mut ours, now, &mut result, |packet| to_them = Some(packet.to_vec()));
        if let Some(packet) = to_them {
            theirs.handle(now + network, Input::Rtp(&packet));
        }
        // What they send in this slot: their own words and the echo of what they heard so far.
        let mut frame: Frame = caller[slot as usize * SLOT_SAMPLES..][..SLOT_SAMPLES].try_into().expect("a slot");
        if let Some((delay_ms, db)) = echo {
            let gain = 10.0_f32.powf(db / 20.0);
            for (n, sample) in frame.iter_mut().enumerate() {
                let said = (slot * SLOT_SAMPLES as u64 + n as u64).checked_sub(delay_ms * 16);
                let echoed = said.and_then(|at| returned.get(at as usize)).map_or(0.0, |&s| f32::from(s) * gain);
                *sample = sample.saturating_add(echoed as i16);
            }
        }
        theirs.handle(now + network, Input::Speech { id, audio: &frame });
        let mut to_us = None;
        while let Some(output) = theirs.poll_output() {
            match output {
                Output::Rtp { packet, .. } => to_us = Some(packet.to_vec()),
                Output::Heard { audio, .. } => returned.extend_from_slice(audio),
                _ => {}
            }
        }
        if let Some(packet) = to_us {
            ours.handle(now + 2 * network, Input::Rtp(&packet));
            note(&mut ours, now + 2 * network, &mut result, |_| ());
        }
    }
    result
}

fn note(leg: &mut Leg, now: Time, result: &mut Call, mut send: impl FnMut(&[u8])) {
    leg.handle(now, Input::Timeout);
    while let Some(output) = leg.poll_output() {
        match output {
            Output::Rtp { packet, .. } => send(packet),
            Output::Heard { audio, .. } => result.heard.extend_from_slice(audio),
            Output::SpeechStart { at, echo } => result.facts.push((now, Fact::Start { at, echo })),
            Output::Speaking { echo, .. } => result.facts.push((now, Fact::Speaking { echo })),
            Output::SpeechEnd { at } => result.facts.push((now, Fact::End { at })),
            Output::FaxTone { .. } => result.facts.push((now, Fact::Fax)),
            Output::Dtmf { .. } => result.facts.push((now, Fact::Key)),
            _ => {}
        }
    }
}
