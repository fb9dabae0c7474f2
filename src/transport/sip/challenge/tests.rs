use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, UdpSocket};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::*;
use crate::call::registry::{Arriving, CallHandle, FrontDesk, NewCall, Refusal, Ticket};
use crate::transport::sip::config::{SipConfig, UserConfig};
use crate::transport::sip::digest::{self, Credentials};
use crate::transport::sip::server::Server;

const SECRET: &str = "correct horse battery staple";

/// Takes no calls.
struct Closed;

impl FrontDesk for Closed {
    fn admit(&self, _: &Arriving) -> Result<Ticket, Refusal> {
        Err(Refusal::Busy { retry_after: std::time::Duration::from_secs(1) })
    }

    fn start(&self, _: Ticket, _: NewCall) -> CallHandle {
        unreachable!("nobody is admitted")
    }
}

struct House {
    udp: SocketAddr,
    tcp: SocketAddr,
    transactions: Box<dyn Fn() -> usize>,
    _stop: DropGuard,
}

/// A server for which this machine is a stranger.
async fn house() -> House {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, SECRET).unwrap();
    let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
    let config = SipConfig {
        udp: vec![any],
        tcp: vec![any],
        allow: vec!["203.0.113.0/24".parse().unwrap()],
        users: vec![UserConfig { name: "desk".into(), secret_env: None, secret_file: Some(secret) }],
        ..SipConfig::default()
    };
    let stop = CancellationToken::new();
    let server = Server::bind_on(Clock::start(), config, Arc::new(Closed), stop.clone()).await.unwrap();
    let [udp, tcp] = [0, 1].map(|at| server.addresses()[at].address);
    let transactions = Box::new(server.transactions());
    tokio::spawn(server.run());
    House { udp, tcp, transactions, _stop: stop.drop_guard() }
}

fn invite(wire: &str, from: SocketAddr, number: u32, headers: &str) -> String {
    format!(
        "INVITE sip:clinic@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/{wire} {from};rport;branch=z9hG4bK{number}\r\nMax-Forwards: 70\r\n\
         From: <sip:x@y>;tag={number}\r\nTo: <sip:clinic@127.0.0.1>\r\nCall-ID: c{number}-{from}\r\nCSeq: 1 INVITE\r\n\
         Contact: <sip:x@{from}>\r\n{headers}Content-Length: 0\r\n\r\n"
    )
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or_default()
}

async fn receive(socket: &UdpSocket) -> String {
    let mut buffer = [0; 4_096];
    let length = socket.recv(&mut buffer).await.unwrap();
    String::from_utf8_lossy(&buffer[..length]).into_owned()
}

#[tokio::test]
async fn a_flood_of_unproven_invites_leaves_nothing_behind() {
    let house = house().await;
    for host in 0..250_u8 {
        let socket = UdpSocket::bind(SocketAddr::from(([127, 0, 3, host], 0))).await.unwrap();
        socket.connect(house.udp).await.unwrap();
        let from = socket.local_addr().unwrap();
        for number in 0..40 {
            socket.send(invite("UDP", from, number, "").as_bytes()).await.unwrap();
            while status(&receive(&socket).await) != "401" {}
        }
    }
    assert_eq!((house.transactions)(), 0, "of 10,000 from 250 addresses");
}

#[tokio::test]
async fn over_a_stream_too() {
    let house = house().await;
    let mut stream = TcpSocket::new_v4().unwrap().connect(house.tcp).await.unwrap();
    let from = stream.local_addr().unwrap();
    for number in 0..30 {
        stream.write_all(invite("TCP", from, number, "").as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            assert!(stream.read_buf(&mut answer).await.unwrap() > 0, "it is open");
        }
        assert_eq!(status(&String::from_utf8(answer).unwrap()), "401");
    }
    assert_eq!((house.transactions)(), 0);
}

#[tokio::test]
async fn whoever_answers_the_challenge_gets_to_the_desk() {
    let house = house().await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(house.udp).await.unwrap();
    let from = socket.local_addr().unwrap();
    socket.send(invite("UDP", from, 1, "").as_bytes()).await.unwrap();
    let challenged = receive(&socket).await;
    assert_eq!(status(&challenged), "401", "{challenged}");
    let challenge = challenged.lines().find_map(|line| line.strip_prefix("WWW-Authenticate: ")).expect("a challenge");
    let [right, wrong] = [SECRET, "guess"].map(|secret| {
        let user = Credentials { name: "desk".into(), secret: secret.into() };
        let answer = digest::answer(challenge, &user, "INVITE", "sip:clinic@127.0.0.1", "c").unwrap();
        format!("Authorization: {answer}\r\n")
    });
    socket.send(invite("UDP", from, 2, &wrong).as_bytes()).await.unwrap();
    assert_eq!(status(&receive(&socket).await), "401");
    socket.send(invite("UDP", from, 3, &right).as_bytes()).await.unwrap();
    let mut last = receive(&socket).await;
    while status(&last) == "100" {
        last = receive(&socket).await;
    }
    assert_eq!(status(&last), "503", "the desk says that it is full: {last}");
}
