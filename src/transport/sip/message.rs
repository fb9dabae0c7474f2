//! Reading and writing what this transport needs of SIP messages, on the stack's types: headers by name, tags, lists, bodies.
//!
//! Pure text work. Header names are given in their long form; the stack knows the short ones.

use rsipstack::sip::headers::make_header;
use rsipstack::sip::{Header, Headers, Request, Response, Uri};

/// Methods we take part in, for Allow. PRACK is not among them: our only provisional answer is an unreliable 180.
pub const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO, NOTIFY";

/// Extensions we know, for Supported and the check of Require.
pub const SUPPORTED: &str = "timer";

/// Bodies we read.
pub const ACCEPT: &str = "application/sdp, application/dtmf-relay, application/dtmf, message/sipfrag";

/// A header of the stack's own kind.
pub fn make(name: &str, value: impl Into<String>) -> Header {
    make_header(name, value.into())
}

/// The first header of this name.
pub fn header<'a>(headers: &'a Headers, name: &str) -> Option<&'a str> {
    headers.iter().find(|header| header.name().eq_ignore_ascii_case(name)).map(|header| header.value().trim())
}

/// Every value of a comma-separated header, in order, over all its lines.
pub fn list<'a>(headers: &'a Headers, name: &str) -> Vec<&'a str> {
    headers
        .iter()
        .filter(|header| header.name().eq_ignore_ascii_case(name))
        .flat_map(|header| split_list(header.value()))
        .collect()
}

/// Whether a list names this token.
pub fn names(headers: &Headers, name: &str, token: &str) -> bool {
    list(headers, name).iter().any(|value| value.eq_ignore_ascii_case(token))
}

/// Splits at commas outside quotes and angle brackets.
fn split_list(text: &str) -> Vec<&str> {
    let mut values = Vec::new();
    let (mut start, mut quoted, mut bracketed) = (0, false, false);
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '<' if !quoted => bracketed = true,
            '>' if !quoted => bracketed = false,
            ',' if !quoted && !bracketed => {
                values.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    values.push(text[start..].trim());
    values.retain(|value| !value.is_empty());
    values
}

/// The tag of a From or To header value.
pub fn tag(value: &str) -> Option<&str> {
    let after = value.rsplit_once('>').map_or(value, |(_, after)| after);
    after.split(';').skip(usize::from(!value.contains('>'))).chain([after]).find_map(|parameter| {
        let (name, tag) = parameter.trim().split_once('=')?;
        name.trim().eq_ignore_ascii_case("tag").then_some(tag.trim()).filter(|tag| !tag.is_empty())
    })
}

/// The URI inside a From, To, Contact, Route or Refer-To value.
pub fn uri(value: &str) -> Option<Uri> {
    let text = match value.split_once('<') {
        Some((_, rest)) => rest.split_once('>')?.0,
        None => value.split(';').next()?,
    };
    Uri::try_from(text.trim()).ok()
}

/// The user part of a URI, or the number of a `tel:` one.
pub fn user(uri: &Uri) -> Option<String> {
    match uri.user() {
        Some(user) => Some(user.split(';').next().unwrap_or(user).to_owned()),
        None => {
            let text = uri.to_string();
            let number = text.strip_prefix("tel:")?;
            Some(number.split(';').next().unwrap_or(number).to_owned())
        }
    }
}

/// Who calls: what the carrier vouches for (RFC 3325), else what the caller says.
pub fn caller(request: &Request) -> String {
    list(&request.headers, "P-Asserted-Identity")
        .first()
        .copied()
        .or_else(|| header(&request.headers, "From"))
        .and_then(uri)
        .and_then(|uri| user(&uri))
        .unwrap_or_default()
}

/// The body, if its type is this one.
pub fn body_of_type<'a>(headers: &Headers, body: &'a [u8], kind: &str) -> Option<&'a [u8]> {
    (!body.is_empty() && content_type(headers).is_some_and(|have| have.eq_ignore_ascii_case(kind))).then_some(body)
}

/// The Content-Type without parameters.
pub fn content_type(headers: &Headers) -> Option<&str> {
    header(headers, "Content-Type").map(|value| value.split(';').next().unwrap_or(value).trim())
}

/// Puts a description into a request or response.
pub fn attach(headers: &mut Headers, body: &mut Vec<u8>, kind: &str, content: impl Into<Vec<u8>>) {
    *body = content.into();
    headers.unique_push(make("Content-Type", kind));
    headers.unique_push(Header::ContentLength((body.len() as u32).into()));
}

/// A response's status as a number.
pub fn status(response: &Response) -> u16 {
    response.status_code.clone().into()
}

/// The status in a message/sipfrag body (RFC 3420): `SIP/2.0 200 OK`.
pub fn sipfrag_status(body: &[u8]) -> Option<u16> {
    let line = std::str::from_utf8(body).ok()?.lines().next()?;
    let mut words = line.split_ascii_whitespace();
    words.next().filter(|version| version.eq_ignore_ascii_case("SIP/2.0"))?;
    words.next()?.parse().ok().filter(|status| (100..700).contains(status))
}

/// The key in a SIP INFO (application/dtmf-relay: `Signal=5`, application/dtmf: `5`).
pub fn info_digit(kind: &str, body: &[u8]) -> Option<char> {
    let text = std::str::from_utf8(body).ok()?;
    let value = if kind.eq_ignore_ascii_case("application/dtmf-relay") {
        text.lines().find_map(|line| {
            let (name, value) = line.split_once('=')?;
            name.trim().eq_ignore_ascii_case("signal").then_some(value.trim())
        })?
    } else {
        text.trim()
    };
    match value {
        "10" => Some('*'),
        "11" => Some('#'),
        value => {
            let mut chars = value.chars();
            let digit = chars.next()?.to_ascii_uppercase();
            (chars.next().is_none() && "0123456789*#ABCD".contains(digit)).then_some(digit)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn tags_are_found_where_they_stand() {
        assert_eq!(tag("<sip:a@b>;tag=1"), Some("1"));
        assert_eq!(tag("\"A;tag=9\" <sip:a@b;tag=8>;x=y;Tag=2"), Some("2"));
        assert_eq!(tag("sip:a@b;tag=3"), Some("3"));
        assert_eq!(tag("<sip:a@b;tag=8>"), None);
        assert_eq!(tag("<sip:a@b>;tag="), None);
    }

    #[test]
    fn lists_are_split_outside_quotes_and_brackets() {
        assert_eq!(split_list("timer, 100rel ,,x"), ["timer", "100rel", "x"]);
        assert_eq!(split_list("\"a,b\" <sip:c,d@e>;p=1, <sip:f>"), ["\"a,b\" <sip:c,d@e>;p=1", "<sip:f>"]);
    }

    #[test]
    fn the_result_of_a_transfer_is_read() {
        assert_eq!(sipfrag_status(b"SIP/2.0 200 OK\r\n"), Some(200));
        assert_eq!(sipfrag_status(b"SIP/2.0 503"), Some(503));
        assert_eq!(sipfrag_status(b"SIP/2.0 99999 X"), None);
        assert_eq!(sipfrag_status(b""), None);
    }

    #[test]
    fn keys_in_info_are_read_in_both_forms() {
        assert_eq!(info_digit("application/dtmf-relay", b"Signal=5\r\nDuration=160\r\n"), Some('5'));
        assert_eq!(info_digit("application/dtmf-relay", b"signal= *\r\n"), Some('*'));
        assert_eq!(info_digit("application/dtmf", b"#"), Some('#'));
        assert_eq!(info_digit("application/dtmf", b"10"), Some('*'));
        assert_eq!(info_digit("application/dtmf", b"55"), None);
        assert_eq!(info_digit("application/dtmf-relay", b"Duration=160"), None);
    }

    #[test]
    fn callers_are_named_by_uri_or_number() {
        let name = |value: &str| uri(value).and_then(|uri| user(&uri));
        assert_eq!(name("\"Jane\" <sip:+16045550123@carrier.example;user=phone>").as_deref(), Some("+16045550123"));
        assert_eq!(name("<tel:+16045550123;phone-context=x>").as_deref(), Some("+16045550123"));
        assert_eq!(name("sip:carrier.example"), None);
    }

    proptest! {
        #[test]
        fn hostile_values_never_panic(text in ".{0,200}") {
            tag(&text);
            split_list(&text);
            uri(&text).as_ref().and_then(user);
            sipfrag_status(text.as_bytes());
            info_digit("application/dtmf-relay", text.as_bytes());
            info_digit("application/dtmf", text.as_bytes());
        }
    }
}
