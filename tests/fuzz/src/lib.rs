//! The modules of attendant that read signalling and media streams, taken in by path, and what must hold of them for any bytes.
//!
//! By path, because the whole crate brings speech engines that take ten minutes to build. A module that comes to need more of the crate does
//! not compile here, which is the time to think about what it needs it for.
#![allow(dead_code, reason = "the modules serve the whole server; here only their readers are called")]

#[path = "../../../src/privacy.rs"]
pub mod privacy;

#[path = "../../../src/call"]
pub mod call {
    pub mod registry {
        mod chunk;

        pub use chunk::{StreamMedia, StreamOut};
    }
}

#[path = "../../../src/transport"]
pub mod transport {
    pub mod sip {
        pub mod allow;
        mod clock;
        pub mod counters;
        mod dialog;
        pub mod gate;
        pub mod message;
        pub mod negotiate;
        pub mod screen;
        pub mod sdp;
        pub mod session_timer;
        mod stateless;
        mod streams;
        mod unknown_method;

        pub mod harness {
            //! A gate as the server has it.

            use std::sync::Arc;

            use super::clock::Clock;
            use super::dialog::Dialogs;
            use super::gate::{Gate, Strangers};

            pub fn gate(strangers: Strangers) -> Gate {
                let allow = vec!["192.0.2.0/24".parse().expect("it is a network")];
                Gate::new(allow, strangers, Arc::default(), Dialogs::default(), Clock::start())
            }
        }
    }

    pub mod stream {
        pub mod byte_order;
        pub mod marks;
        pub mod message;
        pub mod pcm;
        pub mod telnyx;
        pub mod timeline;
        pub mod twilio;
    }
}

pub mod signalling;
pub mod streams;
