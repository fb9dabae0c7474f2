//! Streams (SIP over TCP). Of strangers, where users may ring from anywhere: so many of one address, each only while it is of use. And of a
//! peer that does not read its answers: nobody else waits for it.

use std::time::Duration;

use attendant::transport::sip::Dropped;
use attendant::transport::sip::config::UserConfig;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use super::sip_peer::{PATIENCE, Peer};
use super::sip_raw_peer::RawPeer;

/// As `transport::sip::streams` has it.
const MOST_OF_STRANGER: usize = 16;

/// The next bytes; none when the stream is closed.
async fn read(stream: &mut TcpStream) -> String {
    let mut buffer = [0; 4_096];
    let read = tokio::time::timeout(PATIENCE, stream.read(&mut buffer)).await.expect("bytes or the end in time");
    // A reset is an end, too.
    String::from_utf8_lossy(&buffer[..read.unwrap_or(0)]).into_owned()
}

/// Rings without a password: what is said to that.
async fn invite(stream: &mut TcpStream, call: &str) -> String {
    let from = stream.local_addr().expect("it is connected");
    let text = format!(
        "INVITE sip:clinic@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP {from};branch=z9hG4bK{call}\r\nMax-Forwards: 70\r\n\
         From: <sip:desk@{from}>;tag=1\r\nTo: <sip:clinic@127.0.0.1>\r\nCall-ID: {call}\r\nCSeq: 1 INVITE\r\n\
         Contact: <sip:desk@{from};transport=tcp>\r\nContent-Length: 0\r\n\r\n"
    );
    stream.write_all(text.as_bytes()).await.expect("it is open");
    // The 100 and what follows it may come together.
    let mut answers = read(stream).await;
    if !answers.contains("SIP/2.0 4") {
        answers += &read(stream).await;
    }
    answers
}

#[tokio::test]
async fn a_stranger_has_a_few_streams_and_those_that_say_nothing_are_closed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("secret");
    std::fs::write(&path, "correct horse battery staple\n").expect("it can be written");
    let user = UserConfig { name: "desk".into(), secret_env: None, secret_file: Some(path) };
    let challenging = move |config: &mut attendant::transport::sip::SipConfig| {
        config.allow.clear();
        config.users = vec![user];
    };
    let peer = Peer::with(challenging, None).await;
    let mut streams = Vec::new();
    for _ in 0..MOST_OF_STRANGER {
        streams.push(TcpStream::connect(peer.tcp).await.expect("it listens"));
    }
    let mut one_more = TcpStream::connect(peer.tcp).await.expect("it listens");
    assert_eq!(read(&mut one_more).await, "", "closed at once");
    assert_eq!(peer.counters.dropped(Dropped::Flood), 1);

    let mut telephone = streams.pop().expect("there are some");
    assert!(invite(&mut telephone, "first").await.contains("SIP/2.0 401"));
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(6)).await;
    tokio::time::resume();
    for silent in &mut streams {
        assert_eq!(read(silent).await, "", "closed after seconds");
    }
    assert!(invite(&mut telephone, "second").await.contains("SIP/2.0 401"), "this one speaks");
    let mut next = TcpStream::connect(peer.tcp).await.expect("it listens");
    assert!(invite(&mut next, "third").await.contains("SIP/2.0 401"), "there is room again");
    peer.stop().await;
}

#[tokio::test]
async fn what_is_no_sip_ends_its_stream_and_is_counted() {
    let peer = Peer::with(|_| {}, None).await;
    let mut closed = TcpStream::connect(peer.tcp).await.expect("it listens");
    closed.shutdown().await.expect("it is open");
    assert_eq!(read(&mut closed).await, "");
    let lengths = ["many".to_owned(), u64::MAX.to_string(), format!("{}0", u64::MAX)];
    for length in &lengths {
        let mut odd = TcpStream::connect(peer.tcp).await.expect("it listens");
        let brew = format!("BREW sip:clinic@127.0.0.1 COFFEE/1.0\r\nContent-Length: {length}\r\n\r\n");
        odd.write_all(brew.as_bytes()).await.expect("it is open");
        assert_eq!(read(&mut odd).await, "", "closed: {length}");
    }
    let counted = async {
        while peer.counters.dropped(Dropped::Malformed) < lengths.len() as u64 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, counted).await.expect("they are counted");
    assert_eq!(peer.counters.dropped(Dropped::Malformed), lengths.len() as u64, "not the one that its owner closed");
    peer.stop().await;
}

/// Sends requests whose answers are 12 MB together, more than any kernel buffer holds, and reads none.
async fn never_reads(peer: &Peer, method: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a descriptor");
    socket.set_recv_buffer_size(4_096).expect("it may be small");
    let mut stream = socket.connect(peer.tcp).await.expect("it listens");
    let from = stream.local_addr().expect("it is connected");
    let name = "x".repeat(30_000);
    let sent = async {
        for call in 0..400 {
            let text = format!(
                "{method} sip:clinic@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP {from};branch=z9hG4bK{method}{call}\r\n\
                 Max-Forwards: 70\r\nFrom: {name} <sip:desk@{from}>;tag=1\r\nTo: <sip:clinic@127.0.0.1>\r\n\
                 Call-ID: {method}{call}\r\nCSeq: 1 {method}\r\nContent-Length: 0\r\n\r\n"
            );
            stream.write_all(text.as_bytes()).await.expect("the server reads");
        }
    };
    tokio::time::timeout(PATIENCE, sent).await.expect("the server goes on reading");
    stream
}

#[tokio::test]
async fn a_peer_that_does_not_read_its_answers_is_waited_for_by_nobody() {
    let peer = Peer::start().await;
    let mut others = RawPeer::bind(peer.udp, "others").await;
    // The first is answered by us, the second by the stack below, where no call is.
    for method in ["OPTIONS", "CANCEL"] {
        let before = peer.counters.dropped(Dropped::Overflow);
        let _deaf = never_reads(&peer, method).await;
        for cseq in 1..=20 {
            let ask = others.request("OPTIONS", cseq, None, "", "");
            others.send(&ask).await;
            assert!(others.receive().await.starts_with("SIP/2.0 200"), "after {method}");
        }
        let mut next = TcpStream::connect(peer.tcp).await.expect("it listens");
        let ask = others.request("OPTIONS", 21, None, "", "").replace("SIP/2.0/UDP", "SIP/2.0/TCP");
        next.write_all(ask.as_bytes()).await.expect("it is open");
        assert!(read(&mut next).await.starts_with("SIP/2.0 200"), "another stream after {method}");
        tokio::time::timeout(PATIENCE, async {
            while peer.counters.dropped(Dropped::Overflow) == before {
                tokio::task::yield_now().await;
            }
        })
        .await
        .expect("what it sent beyond its share is dropped");
    }
    peer.stop().await;
}
