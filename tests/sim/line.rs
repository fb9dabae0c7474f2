//! The telephone line between caller and leg: what the network does to the caller's packets, the caller's clock, the echo of us.

use attendant_media::netem::{Conditions, Netem};
use attendant_media::time::Time;

use super::sound;

/// What a line is like.
#[derive(Clone, Debug)]
pub struct Line {
    pub conditions: Conditions,
    /// The caller's clock against ours, parts per million.
    pub drift_ppm: i32,
    pub echo: Option<Echo>,
}

/// Our own voice coming back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Echo {
    /// From a packet's slot to the caller's packet that carries it.
    pub delay_ms: u64,
    pub db: f32,
}

impl Line {
    /// 10 ms away, 5 ms of jitter, nothing lost.
    pub fn fair() -> Self {
        let conditions = Conditions { jitter: std::time::Duration::from_millis(5), ..Conditions::default() };
        Self { conditions, drift_ppm: 0, echo: None }
    }

    pub fn with(conditions: Conditions) -> Self {
        Self { conditions, ..Self::fair() }
    }
}

/// The line at work.
#[derive(Debug)]
pub struct Wire {
    netem: Netem,
    echo: Option<Echo>,
    /// What we sent, 8 kHz, from slot 0 on; kept only where it echoes.
    sent: Vec<i16>,
    sequence: u16,
    timestamp: u32,
    noise: usize,
}

/// RFC 4733 in the dynamic range.
pub const DTMF: u8 = 101;

impl Wire {
    pub fn new(line: &Line, seed: u64) -> Self {
        // Both counts wrap early in the call.
        let (sequence, timestamp) = (65_500, 0_u32.wrapping_sub(5_000));
        Self {
            netem: Netem::new(line.conditions, seed),
            echo: line.echo,
            sent: Vec::new(),
            sequence,
            timestamp,
            noise: 0,
        }
    }

    /// One of our packets left.
    pub fn sent(&mut self, slot: u64, payload: &[u8]) {
        if self.echo.is_some() {
            self.sent.resize(slot as usize * 160, 0);
            self.sent.extend(payload.iter().map(|byte| sound::linear(*byte)));
        }
    }

    /// The caller's next 20 ms, `since_origin_ms` after our first slot.
    pub fn speak(&mut self, now: Time, since_origin_ms: u64, mut audio: [i16; 160]) {
        if let Some(echo) = self.echo {
            let gain = 10.0_f32.powf(echo.db / 20.0);
            for (n, sample) in audio.iter_mut().enumerate() {
                let said = (since_origin_ms * 8 + n as u64).checked_sub(echo.delay_ms * 8);
                let echoed = said.and_then(|at| self.sent.get(at as usize)).map_or(0.0, |&s| f32::from(s) * gain);
                *sample = sample.saturating_add(echoed as i16);
            }
        }
        self.noise = (self.noise + 160) % (sound::NOISE - 160);
        let (noise, coded) = sound::noise();
        if audio == [0; 160] {
            self.send(now, 0, self.timestamp, &coded[self.noise..][..160]);
        } else {
            for (sample, noise) in audio.iter_mut().zip(&noise[self.noise..]) {
                *sample = sample.saturating_add(*noise);
            }
            let payload = audio.map(sound::mu_law);
            self.send(now, 0, self.timestamp, &payload);
        }
        self.timestamp = self.timestamp.wrapping_add(160);
    }

    /// A key of 100 ms beside the voice, in one go: five reports and three ends (RFC 4733 section 2.5.1.4), a datagram each.
    pub fn press(&mut self, now: Time, key: char) {
        let event = "0123456789*#".find(key).expect("a key of a telephone") as u8;
        let begun = self.timestamp;
        for report in 1..=8_u16 {
            let end = if report > 5 { 0x80 } else { 0 };
            let [high, low] = (160 * report.min(5)).to_be_bytes();
            self.send(now, DTMF, begun, &[event, end | 10, high, low]);
        }
    }

    fn send(&mut self, now: Time, payload_type: u8, timestamp: u32, payload: &[u8]) {
        let mut packet = vec![0x80, payload_type];
        packet.extend_from_slice(&self.sequence.to_be_bytes());
        packet.extend_from_slice(&timestamp.to_be_bytes());
        packet.extend_from_slice(&7_u32.to_be_bytes());
        packet.extend_from_slice(payload);
        self.sequence = self.sequence.wrapping_add(1);
        self.netem.send(now, &packet);
    }

    /// On hold nothing is sent; the timestamps go on.
    pub fn pass_silently(&mut self) {
        self.timestamp = self.timestamp.wrapping_add(160);
    }

    pub fn next(&self) -> Time {
        self.netem.next()
    }

    pub fn receive(&mut self, now: Time) -> Option<Vec<u8>> {
        self.netem.receive(now).map(|(_, packet)| packet)
    }
}
