//! What came from the caller's side: whose it is, and as of when it counts.
//!
//! A datagram counts from when the kernel had it, and in the slot in which it came; a stranger's is counted and goes nowhere.

use std::net::SocketAddr;

use attendant_media::leg;
use attendant_media::time::Time;

use super::Driver;
use crate::call::arrivals::Datagram;
use crate::call::event::{Event, Gone, Signal};
use crate::call::machine::Input;
use crate::call::path::{DATAGRAM, Fetched};
use crate::call::registry::StreamMedia;

impl Driver {
    /// Takes what has come to the sockets since the last fetch, each datagram as of when it came.
    pub(super) fn fetch(&mut self, now: Time, buffer: &mut [u8; DATAGRAM]) {
        self.fetching.begin(now);
        while let Some((came, fetched)) = self.fetching.next(now, &mut self.path, buffer) {
            match fetched {
                Fetched::Rtp(Datagram { len, from, .. }) => self.rtp(now, came, from, &buffer[..len]),
                Fetched::Rtcp(Datagram { len, from, .. }) => self.rtcp(came, from, &buffer[..len]),
            }
            // What it makes heard belongs to the slot in which it came, not to the one that fetched it.
            self.leg_output(now);
        }
    }

    fn rtp(&mut self, now: Time, came: Time, from: SocketAddr, packet: &[u8]) {
        let Some(leg) = &mut self.leg else { return };
        if !self.path.is_caller(came, from, packet) {
            metrics::counter!("rtp_strangers_total").increment(1);
            return;
        }
        self.fetching.packet(came, now);
        leg.handle(came, leg::Input::Rtp(packet));
        self.machine.handle(now, Input::MediaReceived);
    }

    fn rtcp(&mut self, came: Time, from: SocketAddr, packet: &[u8]) {
        let Some(leg) = &mut self.leg else { return };
        if self.path.is_callers_host(from) {
            leg.handle(came, leg::Input::Rtcp(packet));
        } else {
            metrics::counter!("rtcp_strangers_total").increment(1);
        }
    }

    pub(super) fn chunk(&mut self, now: Time, chunk: Option<StreamMedia>) {
        let Some(leg) = &mut self.leg else { return };
        match chunk {
            Some(StreamMedia { sequence, timestamp, payload }) => {
                leg.handle(now, leg::Input::Payload { sequence, timestamp, payload: &payload });
                self.machine.handle(now, Input::MediaReceived);
            }
            // Nothing will come any more.
            None => self.machine.handle(now, Input::Event(Event::Signal(Signal::Gone(Gone::Lost)))),
        }
    }
}
