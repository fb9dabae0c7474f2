//! Answers 501 to a request whose method the stack below does not know, and so would drop as malformed.
//!
//! Works on the datagram's text and keeps nothing. Only for addresses on the list, over UDP: a stranger gets no answer to anything but an
//! INVITE ([`super::challenge`]), and on a stream the stack itself reads and closes.

use std::net::SocketAddr;

use rsipstack::sip::Method;

use super::message::ALLOW;
use super::stateless;

/// The answer, if this is a whole request of a method that nobody here knows.
pub fn answer(datagram: &[u8], from: SocketAddr) -> Option<String> {
    let text = std::str::from_utf8(datagram).ok()?;
    let (head, _) = text.split_once("\r\n\r\n")?;
    let (line, headers) = head.split_once("\r\n")?;
    let mut words = line.split(' ');
    let (method, _uri, version) = (words.next()?, words.next()?, words.next()?);
    let token = !method.is_empty() && method.bytes().all(|c| c.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&c));
    if !token || version != "SIP/2.0" || words.next().is_some() || method.parse::<Method>().is_ok() {
        return None;
    }
    stateless::answer(method, headers, from, "501 Not Implemented", &format!("Allow: {ALLOW}\r\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FROM: &str = "192.0.2.1:5070";

    fn request(method: &str) -> String {
        format!(
            "{method} sip:a@b SIP/2.0\r\nv: SIP/2.0/UDP 10.0.0.1;rport;branch=z9hG4bK1\r\nFrom: <sip:x@y>;tag=1\r\nTo: <sip:a@b>\r\n\
             i: c1\r\nCSeq: 7\r\n {method}\r\nSubject: x\r\nContent-Length: 0\r\n\r\n"
        )
    }

    fn answered(text: &str) -> Option<String> {
        answer(text.as_bytes(), FROM.parse().unwrap())
    }

    #[test]
    fn an_unknown_method_is_answered_alike_each_time() {
        let text = answered(&request("DANCE")).unwrap();
        assert_eq!(answered(&request("DANCE")).unwrap(), text);
        let (before, after) = text
            .split_once(";tag=")
            .and_then(|(a, b)| b.split_once(";tag=").map(|(m, z)| (format!("{a};tag={m}"), z)))
            .unwrap();
        assert_eq!(
            before,
            "SIP/2.0 501 Not Implemented\r\nVia: SIP/2.0/UDP 10.0.0.1;rport=5070;branch=z9hG4bK1;received=192.0.2.1\r\n\
             From: <sip:x@y>;tag=1\r\nTo: <sip:a@b>"
        );
        assert!(after[16..].starts_with("\r\nCall-ID: c1\r\nCSeq: 7 DANCE\r\nAllow: INVITE, "), "{text}");
    }

    #[test]
    fn known_methods_and_broken_requests_are_left_alone() {
        for text in [
            request("INVITE"),
            request("ACK"),
            request("DA(CE"),
            request("DANCE").replace("SIP/2.0\r\nv:", "HTTP/1.1\r\nv:"),
            request("DANCE").replace("i: c1\r\n", ""),
            request("DANCE").replace("\r\n DANCE", "\r\n PRANCE"),
            request("DANCE").replace("i: c1", "i: c1\r\ni: c2"),
            "DANCE".into(),
            String::new(),
        ] {
            assert_eq!(answered(&text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn hostile_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), cut in 0_usize..260, insert in ".{0,20}") {
            answer(&bytes, FROM.parse().unwrap());
            let text = request("DANCE");
            answered(&format!("{}{insert}{}", &text[..cut.min(text.len())], &text[cut.min(text.len())..]));
        }
    }
}
