//! A SIP peer that is nothing but a UDP socket and text: it sends exactly what a test writes, and repeats nothing by itself.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::UdpSocket;

/// Longest wait for a message.
const PATIENCE: Duration = Duration::from_secs(10);

pub struct RawPeer {
    pub socket: UdpSocket,
    pub address: SocketAddr,
    server: SocketAddr,
    call_id: String,
    requests: u32,
}

impl RawPeer {
    /// `name` must be unique among the peers of one server: it names the call.
    pub async fn bind(server: SocketAddr, name: &str) -> Self {
        let any = if server.is_ipv4() { "127.0.0.1:0" } else { "[::1]:0" };
        let socket = UdpSocket::bind(any).await.expect("loopback has free ports");
        let address = socket.local_addr().expect("it is bound");
        Self { socket, address, server, call_id: format!("{name}@raw"), requests: 0 }
    }

    /// A request; `to_tag` puts it into the dialog. Each has a branch of its own.
    pub fn request(&mut self, method: &str, cseq: u32, to_tag: Option<&str>, headers: &str, body: &str) -> String {
        self.requests += 1;
        let (address, server, call_id, branch) = (self.address, self.server, &self.call_id, self.requests);
        let tag = to_tag.map(|tag| format!(";tag={tag}")).unwrap_or_default();
        let kind =
            if body.is_empty() || headers.contains("Content-Type") { "" } else { "Content-Type: application/sdp\r\n" };
        format!(
            "{method} sip:clinic@{server} SIP/2.0\r\nVia: SIP/2.0/UDP {address};rport;branch=z9hG4bKraw{branch}{call_id}\r\n\
             Max-Forwards: 70\r\nFrom: <sip:+16045550123@{address}>;tag=raw\r\nTo: <sip:clinic@{server}>{tag}\r\n\
             Call-ID: {call_id}\r\nCSeq: {cseq} {method}\r\nContact: <sip:raw@{address}>\r\n{headers}{kind}\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    }

    /// An offer or answer of G.711 at this peer.
    pub fn description(&self, version: u32) -> String {
        let ip = self.address.ip();
        let kind = if ip.is_ipv4() { "IP4" } else { "IP6" };
        format!(
            "v=0\r\no=raw 1 {version} IN {kind} {ip}\r\ns=-\r\nc=IN {kind} {ip}\r\nt=0 0\r\nm=audio 9000 RTP/AVP 0\r\n"
        )
    }

    pub async fn send(&self, text: &str) {
        self.socket.send_to(text.as_bytes(), self.server).await.expect("loopback takes it");
    }

    /// The answer to a request of the server's.
    pub async fn reply(&self, request: &str, status: &str, headers: &str, body: &str) {
        let copied: String = request
            .split_inclusive("\r\n")
            .take_while(|line| *line != "\r\n")
            .filter(|line| ["Via:", "From:", "To:", "Call-ID:", "CSeq:"].iter().any(|name| line.starts_with(name)))
            .collect();
        let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        let contact = format!("Contact: <sip:raw@{}>\r\n", self.address);
        let text =
            format!("SIP/2.0 {status}\r\n{copied}{contact}{headers}{kind}Content-Length: {}\r\n\r\n{body}", body.len());
        self.send(&text).await;
    }

    /// The next message of any kind.
    pub async fn receive(&self) -> String {
        let mut buffer = [0; 8_192];
        let received = tokio::time::timeout(PATIENCE, self.socket.recv_from(&mut buffer)).await;
        let (length, _) = received.expect("a message in time").expect("the socket lives");
        String::from_utf8(buffer[..length].to_vec()).expect("SIP is text")
    }

    /// The next message that begins so; others before it are passed over.
    pub async fn expect(&self, start: &str) -> String {
        loop {
            let message = self.receive().await;
            if message.starts_with(start) {
                return message;
            }
        }
    }

    /// Rings until answered; returns the 200.
    pub async fn ring(&mut self, headers: &str) -> String {
        let offer = self.description(1);
        let invite = self.request("INVITE", 1, None, headers, &offer);
        self.send(&invite).await;
        self.expect("SIP/2.0 200").await
    }

    /// Rings and acknowledges; returns the dialog's tag of theirs.
    pub async fn call(&mut self, headers: &str) -> String {
        let answer = self.ring(headers).await;
        let tag = to_tag(&answer);
        let ack = self.request("ACK", 1, Some(&tag), "", "");
        self.send(&ack).await;
        tag
    }
}

/// The value of a header.
pub fn header<'a>(message: &'a str, name: &str) -> Option<&'a str> {
    message
        .lines()
        .take_while(|line| !line.is_empty())
        .find_map(|line| line.split_once(": ").filter(|(have, _)| have.eq_ignore_ascii_case(name)))
        .map(|(_, value)| value)
}

/// The tag of the To header.
pub fn to_tag(message: &str) -> String {
    let to = header(message, "To").expect("every message has To");
    to.split_once(";tag=").expect("it is tagged").1.to_owned()
}
