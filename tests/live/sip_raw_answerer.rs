//! A telephone to be rung that is nothing but a UDP socket and text: it answers exactly what a test writes.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::UdpSocket;

use super::sip_raw_peer::header;

const PATIENCE: Duration = Duration::from_secs(10);

pub struct RawAnswerer {
    socket: UdpSocket,
    pub address: SocketAddr,
    caller: Option<SocketAddr>,
    seen: Vec<String>,
}

impl RawAnswerer {
    pub async fn bind() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("loopback has free ports");
        let address = socket.local_addr().expect("it is bound");
        Self { socket, address, caller: None, seen: Vec::new() }
    }

    /// The next message; repetitions of earlier ones are passed over.
    pub async fn receive(&mut self) -> String {
        let mut buffer = [0; 8_192];
        loop {
            let received = tokio::time::timeout(PATIENCE, self.socket.recv_from(&mut buffer)).await;
            let (length, from) = received.expect("a message in time").expect("the socket lives");
            self.caller = Some(from);
            let text = String::from_utf8(buffer[..length].to_vec()).expect("SIP is text");
            if !self.seen.contains(&text) {
                self.seen.push(text.clone());
                return text;
            }
        }
    }

    /// The next message, which must be of this method.
    pub async fn expect(&mut self, method: &str) -> String {
        let message = self.receive().await;
        assert!(message.starts_with(&format!("{method} ")), "{method}: {message}");
        message
    }

    pub async fn send(&self, text: &str) {
        let caller = self.caller.expect("it has rung");
        self.socket.send_to(text.as_bytes(), caller).await.expect("loopback takes it");
    }

    /// Answers a request; `tag` goes into the To header unless that has one.
    pub async fn reply(&self, request: &str, status: &str, tag: &str, headers: &str, body: &str) {
        let mut text = format!("SIP/2.0 {status}\r\n");
        for line in request.split("\r\n").take_while(|line| !line.is_empty()) {
            if line.starts_with("To:") && !line.contains(";tag=") {
                text.push_str(&format!("{line};tag={tag}\r\n"));
            } else if ["Via:", "From:", "To:", "Call-ID:", "CSeq:"].iter().any(|name| line.starts_with(name)) {
                text.push_str(&format!("{line}\r\n"));
            }
        }
        let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        let length = body.len();
        self.send(&format!("{text}{headers}{kind}Content-Length: {length}\r\n\r\n{body}")).await;
    }

    /// Takes the call: 200 with G.711 in this dialog.
    pub async fn take(&self, invite: &str, tag: &str, headers: &str) {
        let contact = format!("Contact: <sip:{tag}@{}>\r\n{headers}", self.address);
        self.reply(invite, "200 OK", tag, &contact, &self.description()).await;
    }

    pub fn description(&self) -> String {
        let ip = self.address.ip();
        format!("v=0\r\no=raw 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio 9000 RTP/AVP 0\r\n")
    }

    /// A request of ours in the dialog that this 200 of ours to `invite` began.
    pub fn request(&self, method: &str, cseq: u32, invite: &str, tag: &str) -> String {
        let value = |name| header(invite, name).expect("an INVITE has it");
        let contact = value("Contact").trim_matches(['<', '>']).to_owned();
        format!(
            "{method} {contact} SIP/2.0\r\nVia: SIP/2.0/UDP {};rport;branch=z9hG4bK{tag}{cseq}\r\nMax-Forwards: 70\r\n\
             From: {};tag={tag}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {cseq} {method}\r\nContent-Length: 0\r\n\r\n",
            self.address,
            value("To"),
            value("From"),
            value("Call-ID"),
        )
    }
}

/// Every value of a header, in order.
pub fn all<'a>(message: &'a str, name: &str) -> Vec<&'a str> {
    message
        .lines()
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_once(": ").filter(|(have, _)| have.eq_ignore_ascii_case(name)))
        .map(|(_, value)| value)
        .collect()
}
