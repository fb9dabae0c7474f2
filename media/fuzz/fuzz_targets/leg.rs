//! Any datagrams at any times into a whole leg: no panic, and one frame heard per slot at most, in order.
//! Each packet is a byte of length, a byte of milliseconds since the one before, and its bytes.
#![no_main]

use attendant_media::leg::{Codec, Format, Framing, Input, Leg, LegConfig, Output, RTCP_INTERVAL};
use attendant_media::time::Time;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((&which, mut rest)) = bytes.split_first() else { return };
    let codec = [Codec::Pcmu, Codec::Pcma, Codec::G722, Codec::Opus][usize::from(which % 4)];
    let format = Format { codec, payload_type: 0 };
    let config = LegConfig {
        inbound: format,
        outbound: format,
        framing: Framing::Rtp,
        dtmf: Some(101),
        ssrc: 1,
        first_sequence: 65_530,
        first_timestamp: u32::MAX - 500,
        rtcp_interval: RTCP_INTERVAL,
        ears: true,
        denoise: false,
        gain: false,
        echo_control: false,
    };
    let mut leg = Leg::new(config, Time::ZERO);
    let (mut millis, mut heard) = (0, 0);
    while let &[length, wait, ref after @ ..] = rest {
        let (datagram, later) = after.split_at(usize::from(length).min(after.len()));
        rest = later;
        millis += u64::from(wait);
        let rtcp = datagram.get(1).is_some_and(|kind| (192..=223).contains(kind));
        leg.handle(Time::from_millis(millis), if rtcp { Input::Rtcp(datagram) } else { Input::Rtp(datagram) });
        while let Some(output) = leg.poll_output() {
            if let Output::Heard { at, .. } = output {
                assert_eq!(at.0, heard);
                heard += 320;
            }
        }
    }
});
