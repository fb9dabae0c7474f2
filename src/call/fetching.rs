//! When a call's sockets are read, how much at once, and when each datagram came.
//!
//! No packet wakes a call. Its datagrams are fetched with every slot, and once in between: 20.5 ms after the last one came, when the
//! next has come too unless it is late. Whatever wakes the call, a slot that is due gets the packets that came before it. A flood of
//! strangers' must keep neither the caller's packets nor its reports out of reach. Times are the worker's.

use std::time::Duration;

use attendant_media::time::Time;

use super::path::{DATAGRAM, Fetched, Path};

/// A packet is fetched when the next one after it will have come: 20 ms, and 0.5 ms of grace. One that comes later waits for the slot.
const BEAT: Duration = Duration::from_micros(20_500);

/// An expected packet waits for a slot that is this near.
const SOON: Duration = Duration::from_millis(2);

/// So many datagrams are fetched at once: more than a buffer of the kernel's usual size (212,992 bytes, overhead counted) holds.
const RTP_AT_MOST: u16 = 512;

/// So many reports on a port of their own, whatever the other port holds: one a side every few seconds is usual.
const RTCP_AT_MOST: u16 = 32;

#[derive(Debug)]
pub(super) struct Fetching {
    /// What the newest datagram, or the time of the last fetch, was taken to have come at: the leg's time never runs backwards.
    latest: Time,
    /// When the next packet will have come, if it keeps the beat of the last one.
    expected: Time,
    rtp_left: u16,
    rtcp_left: u16,
}

impl Fetching {
    pub(super) const fn new(now: Time) -> Self {
        Self { latest: now, expected: Time::NEVER, rtp_left: 0, rtcp_left: 0 }
    }

    /// When the call must wake, if it has something else to do at `next`: a slot that is due soon fetches too.
    pub(super) fn wake(&self, next: Time) -> Time {
        if self.expected + SOON < next { self.expected } else { next }
    }

    /// Whether the sockets are to be read now, with the leg's next slot at `slot`.
    pub(super) fn is_due(&self, slot: Time, now: Time) -> bool {
        slot <= now || self.expected <= now
    }

    /// Begins to read what has come until `now`.
    pub(super) fn begin(&mut self, now: Time) {
        if self.expected <= now {
            self.expected = Time::NEVER;
        }
        (self.rtp_left, self.rtcp_left) = (RTP_AT_MOST, RTCP_AT_MOST);
    }

    /// The next datagram of this fetch with the time at which it came: never before the one handed out last, however long that took
    /// to be heard. At its end, time goes on from `now`.
    pub(super) fn next(&mut self, now: Time, path: &mut Path, buffer: &mut [u8; DATAGRAM]) -> Option<(Time, Fetched)> {
        let Some(fetched) = self.read(path, buffer) else {
            self.latest = self.latest.max(now);
            return None;
        };
        let (Fetched::Rtp(datagram) | Fetched::Rtcp(datagram)) = fetched;
        self.latest = self.latest.max(Time::from_micros(now.as_micros().saturating_sub(datagram.age_us)));
        Some((self.latest, fetched))
    }

    fn read(&mut self, path: &mut Path, buffer: &mut [u8; DATAGRAM]) -> Option<Fetched> {
        if let Some(left) = self.rtp_left.checked_sub(1) {
            self.rtp_left = left;
            let fetched = path.fetch(buffer);
            if fetched.is_some() {
                return fetched;
            }
            self.rtp_left = 0;
        }
        self.rtcp_left = self.rtcp_left.checked_sub(1)?;
        path.fetch_report(buffer)
    }

    /// A packet of the caller's came: the next one is expected a beat later.
    pub(super) fn packet(&mut self, came: Time, now: Time) {
        self.expected = Some(came + BEAT).filter(|next| *next > now).unwrap_or(Time::NEVER);
    }
}

#[cfg(test)]
mod tests {
    use std::net::{SocketAddr, UdpSocket};

    use attendant_media::leg::{Codec, Format, LegConfig};

    use super::*;
    use crate::call::event::RtcpTo;
    use crate::call::registry::MediaPath;

    fn at(micros: u64) -> Time {
        Time::from_micros(micros)
    }

    #[test]
    fn a_packet_that_keeps_the_beat_is_fetched_between_two_slots() {
        let mut fetching = Fetching::new(at(0));
        assert_eq!(fetching.wake(at(20_000)), at(20_000));
        fetching.begin(at(20_000));
        fetching.packet(at(10_000), at(20_000));
        assert_eq!(fetching.wake(at(40_000)), at(30_500));
        assert!(!fetching.is_due(at(40_000), at(30_499)));
        assert!(fetching.is_due(at(40_000), at(30_500)));
    }

    #[test]
    fn a_late_packet_waits_for_the_slot() {
        let mut fetching = Fetching::new(at(0));
        fetching.packet(at(10_000), at(20_000));
        fetching.begin(at(30_500));
        assert_eq!(fetching.wake(at(40_000)), at(40_000));
        // One that was late itself says nothing of the next: its beat is over.
        fetching.packet(at(12_000), at(40_000));
        assert_eq!(fetching.wake(at(60_000)), at(60_000));
    }

    #[test]
    fn a_slot_that_is_near_fetches_the_packet_too() {
        let mut fetching = Fetching::new(at(0));
        fetching.packet(at(18_000), at(20_000));
        assert_eq!(fetching.wake(at(40_000)), at(40_000));
    }

    #[test]
    fn a_slot_that_is_overdue_is_fetched_for_whatever_woke_the_call() {
        let fetching = Fetching::new(at(0));
        assert!(!fetching.is_due(at(20_000), at(19_999)));
        assert!(fetching.is_due(at(20_000), at(33_000)));
    }

    struct Line {
        path: Path,
        rtp: SocketAddr,
        rtcp: SocketAddr,
        caller: UdpSocket,
    }

    fn line() -> Line {
        let format = Format { codec: Codec::Pcmu, payload_type: 0 };
        let leg = LegConfig::plain(format, 1);
        let [socket, rtcp, caller] = [0; 3].map(|_| UdpSocket::bind("127.0.0.1:0").unwrap());
        let [to_media, to_reports, remote] = [&socket, &rtcp, &caller].map(|socket| socket.local_addr().unwrap());
        let media = MediaPath::Rtp { socket, rtcp: Some(rtcp), remote, peer: None, rtcp_to: RtcpTo::Above };
        Line { path: Path::new(media, &leg).unwrap(), rtp: to_media, rtcp: to_reports, caller }
    }

    const PACKET: [u8; 12] = [0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7];
    const REPORT: [u8; 8] = [0x80, 201, 0, 1, 0, 0, 0, 7];

    /// All that one fetch brings.
    fn fetch(fetching: &mut Fetching, path: &mut Path, now: Time) -> Vec<(Time, Fetched)> {
        fetching.begin(now);
        std::iter::from_fn(|| fetching.next(now, path, &mut [0; DATAGRAM])).collect()
    }

    #[test]
    fn a_flood_keeps_no_report_waiting_and_reports_keep_no_packet() {
        let mut line = line();
        let mut fetching = Fetching::new(at(0));
        let now = at(2_000_000);
        for flooded in [line.rtp, line.rtcp] {
            for _ in 0..100 {
                line.caller.send_to(if flooded == line.rtp { &PACKET[..] } else { &REPORT }, flooded).unwrap();
            }
        }
        fetching.begin(now);
        fetching.rtp_left = 40;
        let mut kinds = [0; 2];
        while let Some((_, fetched)) = fetching.next(now, &mut line.path, &mut [0; DATAGRAM]) {
            kinds[usize::from(matches!(fetched, Fetched::Rtcp(_)))] += 1;
        }
        assert_eq!(kinds, [40, usize::from(RTCP_AT_MOST)]);
        let rest = fetch(&mut fetching, &mut line.path, now);
        assert_eq!(rest.iter().filter(|(_, fetched)| matches!(fetched, Fetched::Rtp(_))).count(), 60);
    }

    #[test]
    fn datagrams_came_in_the_order_in_which_they_are_handed_out_and_none_in_the_future() {
        let mut line = line();
        let mut fetching = Fetching::new(at(0));
        line.caller.send_to(&REPORT, line.rtcp).unwrap();
        line.caller.send_to(&PACKET, line.rtp).unwrap();
        let now = at(2_000_000);
        let came: Vec<Time> = fetch(&mut fetching, &mut line.path, now).iter().map(|(came, _)| *came).collect();
        assert!(came.len() == 2 && came.is_sorted() && came[1] <= now, "{came:?}");
        line.caller.send_to(&PACKET, line.rtp).unwrap();
        // The clock of the next fetch says that it came before the last fetch ended.
        let next = fetch(&mut fetching, &mut line.path, now);
        assert_eq!(next[0].0, now);
    }
}
