//! Any telephone-events in any order: each is at most one key, and only with a later timestamp than the last key's.
#![no_main]

use attendant_media::dtmf::Keys;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut keys = Keys::default();
    for packet in bytes.chunks(8) {
        let (timestamp, payload) = packet.split_at(packet.len().min(4));
        let mut four = [0; 4];
        four[..timestamp.len()].copy_from_slice(timestamp);
        let timestamp = u32::from_be_bytes(four);
        if keys.push(timestamp, payload).is_some() {
            assert_eq!(keys.push(timestamp, payload), None);
        }
    }
});
