//! Keys that the softphone presses, packet by packet on the wire (RFC 4733), and through a whole call.

use std::time::Duration;

use attendant::call::event::RtcpTo;
use attendant::call::registry::MediaPath;
use attendant::softphone::{Ended, Keys, Line, Script, line};
use attendant_media::leg::{Codec, Format, LegConfig};
use attendant_media::rtp;
use attendant_media::time::Time;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::time::Instant;

const EVENTS: u8 = 101;
const SSRC: u32 = 0x0102_0304;

/// An RTP packet, taken apart by hand: marker, payload type, number, timestamp, payload.
type Packet = (bool, u8, u16, u32, Vec<u8>);

fn apart(packet: &[u8]) -> Packet {
    assert_eq!((packet[0], &packet[8..12]), (0x80, &SSRC.to_be_bytes()[..]));
    let (number, timestamp) = ([packet[2], packet[3]], [packet[4], packet[5], packet[6], packet[7]]);
    let kind = packet[1];
    let payload = packet[12..].to_vec();
    (kind & 0x80 != 0, kind & 0x7f, u16::from_be_bytes(number), u32::from_be_bytes(timestamp), payload)
}

/// What a softphone sends that presses these keys at somebody who says nothing.
async fn sent(keys: &str) -> Vec<Packet> {
    let ours = std::net::UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let theirs = UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
    let remote = theirs.local_addr().expect("bound");
    let (packets, mut heard) = mpsc::channel(4_096);
    let far_side = tokio::spawn(silent(theirs, packets));
    let format = Format { codec: Codec::Pcmu, payload_type: 0 };
    let (_call, signals) = mpsc::channel(1);
    let line = Line {
        media: MediaPath::Rtp { socket: ours, rtcp: None, remote, peer: None, rtcp_to: RtcpTo::Muxed },
        leg: LegConfig { dtmf: Some(EVENTS), ..LegConfig::plain(format, SSRC) },
        signals,
        commands: mpsc::channel(1).0,
    };
    // It is not greeted, and gives up waiting for each answer at once.
    let script = Script::new([], None, Duration::from_millis(100), Time::ZERO);
    let mut script = script.with_keys(Keys::groups(keys).expect("they are keys"));
    let outcome = line::run(line, &mut script, None, Instant::now(), Duration::from_secs(20)).await.expect("it sends");
    assert_eq!(outcome.ended, Ended::HungUp);
    far_side.abort();
    let mut packets = Vec::new();
    while let Some(packet) = heard.recv().await {
        packets.push(packet);
    }
    packets
}

/// Somebody who answers each packet with 20 ms of silence, and passes it on.
async fn silent(socket: UdpSocket, packets: mpsc::Sender<Packet>) {
    let mut buffer = [0; 2_048];
    for n in 0_u16.. {
        let (length, from) = socket.recv_from(&mut buffer).await.expect("loopback works");
        if (192..=223).contains(&buffer[1]) {
            continue;
        }
        packets.try_send(apart(&buffer[..length])).expect("the test listens");
        let header =
            rtp::Header { marker: n == 0, payload_type: 0, sequence: n, timestamp: 160 * u32::from(n), ssrc: 1 };
        let silence = [&rtp::write(&header)[..], &[0xff; 160]].concat();
        socket.send_to(&silence, from).await.expect("loopback works");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_key_is_eight_packets_of_one_time_the_last_three_its_end() {
    let packets = sent("1,2#").await;
    for pair in packets.windows(2) {
        assert_eq!(pair[0].2.wrapping_add(1), pair[1].2, "one stream, key or not");
    }
    let presses: Vec<&Packet> = packets.iter().filter(|packet| packet.1 == EVENTS).collect();
    assert_eq!(presses.len(), 3 * 8);
    for (press, event) in presses.chunks(8).zip([1, 2, 11]) {
        let began = press[0].3;
        for (n, (marker, _, _, timestamp, payload)) in press.iter().enumerate() {
            assert_eq!((*marker, *timestamp), (n == 0, began), "packet {n} of event {event}");
            // Event; end bit and a volume of -10 dBm0; duration in 8 kHz ticks, 20 ms a packet. The end is said three times.
            let (flags, slots) = if n < 5 { (10, n as u16 + 1) } else { (0x80 | 10, 5) };
            let [high, low] = (160 * slots).to_be_bytes();
            assert_eq!(payload[..], [event, flags, high, low], "packet {n} of event {event}");
        }
    }
    // Keys of one group follow each other, the end of the first between them; audio goes on at its own time.
    assert_eq!(presses[16].3 - presses[8].3, 8 * 160);
    let place = packets.iter().rposition(|packet| packet.1 == EVENTS).expect("there are some");
    let (audio, last) = (&packets[place + 1], presses[16].3);
    assert_eq!((audio.1, audio.3), (0, last + 8 * 160));
}
