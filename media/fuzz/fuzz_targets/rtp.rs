//! Any datagram: read without a panic, and never more payload than there were bytes.
#![no_main]

use attendant_media::rtp;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|datagram: &[u8]| {
    if let Ok((header, payload)) = rtp::read(datagram) {
        assert!(payload.len() + rtp::HEADER <= datagram.len());
        assert_eq!(rtp::read(&rtp::write(&header)).map(|(again, _)| again), Ok(header));
    }
});
