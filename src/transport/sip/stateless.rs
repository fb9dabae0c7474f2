//! Answers a request from its text alone: nothing of it is kept, and every repetition is answered alike (RFC 3261 section 8.2.7).

use std::fmt::Write;
use std::net::SocketAddr;

use sha2::{Digest, Sha256};

/// The headers that an answer repeats (RFC 3261 section 8.2.6.2), with their short forms.
const REPEATED: [(&str, &str); 5] = [("Via", "v"), ("From", "f"), ("To", "t"), ("Call-ID", "i"), ("CSeq", "")];

/// The answer to a request of this method with these header lines, which came from there. `status`: code and words; `own`: further header lines,
/// each with its end. `None`: it is not whole.
pub fn answer(method: &str, headers: &str, from: SocketAddr, status: &str, own: &str) -> Option<String> {
    let mut answer = format!("SIP/2.0 {status}\r\n");
    let mut seen = [0_usize; REPEATED.len()];
    for line in unfolded(headers) {
        let (name, value) = line.split_once(':')?;
        let (name, value) = (name.trim(), value.trim());
        let Some(which) = REPEATED.iter().position(|(long, short)| {
            name.eq_ignore_ascii_case(long) || (!short.is_empty() && name.eq_ignore_ascii_case(short))
        }) else {
            continue;
        };
        seen[which] += 1;
        let value = match (REPEATED[which].0, seen[which]) {
            ("Via", 1) => via(value, from),
            ("To", _) => tagged(value, headers),
            ("CSeq", _) if value.split_ascii_whitespace().nth(1) != Some(method) => return None,
            _ => value.to_owned(),
        };
        write!(answer, "{}: {value}\r\n", REPEATED[which].0).ok()?;
    }
    let whole = seen[0] > 0 && seen[1..].iter().all(|count| *count == 1);
    whole.then(|| format!("{answer}{own}Content-Length: 0\r\n\r\n"))
}

/// Header lines, each with its continuations (RFC 3261 section 7.3.1) joined.
fn unfolded(headers: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in headers.split("\r\n") {
        match lines.last_mut().filter(|_| line.starts_with([' ', '\t'])) {
            Some(last) => {
                last.push(' ');
                last.push_str(line.trim_start());
            }
            None => lines.push(line.to_owned()),
        }
    }
    lines
}

/// The topmost Via with the address it came from (RFC 3581 section 4).
fn via(value: &str, from: SocketAddr) -> String {
    let (top, rest) = value.split_once(',').map_or((value, ""), |(top, rest)| (top, rest));
    let mut parts = top.split(';').map(str::trim);
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rport = part.eq_ignore_ascii_case("rport");
        write!(text, ";{part}").ok();
        if rport {
            write!(text, "={}", from.port()).ok();
        }
    }
    write!(text, ";received={}", from.ip()).ok();
    if rest.is_empty() { text } else { format!("{text},{rest}") }
}

/// The To header with a tag that is the same for every repetition.
fn tagged(to: &str, headers: &str) -> String {
    if super::message::tag(to).is_some() {
        return to.to_owned();
    }
    let digest = Sha256::digest(headers.as_bytes());
    let tag: String = digest[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{to};tag={tag}")
}
