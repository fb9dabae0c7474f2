//! Any datagram: walked to its end without a panic, and no more parts and blocks than there is room for.
#![no_main]

use attendant_media::rtcp::{self, Part};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|datagram: &[u8]| {
    let mut parts = 0;
    for part in rtcp::read(datagram) {
        parts += 1;
        match part {
            Ok(Part::SenderReport { blocks, .. } | Part::ReceiverReport { blocks, .. }) => {
                for block in blocks {
                    block.round_trip(block.last_report);
                }
            }
            Ok(Part::Description { cname, .. }) => assert!(cname.len() <= 255),
            Ok(Part::Goodbye { .. } | Part::Other { .. }) | Err(_) => {}
        }
    }
    assert!(parts <= datagram.len() / 4 + 1);
});
