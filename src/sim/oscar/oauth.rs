//! OAuth 1.0a signatures (RFC 5849) with HMAC-SHA1, which is what OSCAR's REST interface takes. Pure: no tokens are kept here.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha1::Sha1;

/// Names and values, decoded.
pub(super) type Parameters = Vec<(String, String)>;

/// Of an `Authorization: OAuth ...` header, without the realm. None: another scheme, or none.
pub(super) fn parameters(header: &str) -> Option<Parameters> {
    let (scheme, rest) = header.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("OAuth") {
        return None;
    }
    let pairs = rest.split(',').filter_map(|pair| pair.trim().split_once('='));
    let decoded = pairs.map(|(name, value)| (decode(name), decode(value.trim_matches('"'))));
    Some(decoded.filter(|(name, _)| !name.eq_ignore_ascii_case("realm")).collect())
}

/// Base64 of the signature. `url` is without query; `parameters` holds those of query, form and header, the signature not among them.
pub(super) fn signature(method: &str, url: &str, parameters: &Parameters, client: &str, token: &str) -> String {
    let mut encoded: Vec<_> = parameters.iter().map(|(name, value)| (encode(name), encode(value))).collect();
    encoded.sort();
    let joined: Vec<_> = encoded.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    let base = format!("{}&{}&{}", method.to_uppercase(), encode(url), encode(&joined.join("&")));
    let key = format!("{}&{}", encode(client), encode(token));
    let mut mac = Hmac::<Sha1>::new_from_slice(key.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(base.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

/// Percent-encoding of RFC 3986: everything but letters, digits and `-._~`.
pub(super) fn encode(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// Of a query or a form.
pub(super) fn decoded_pairs(text: &str) -> Parameters {
    url::form_urlencoded::parse(text.as_bytes()).into_owned().collect()
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let escaped = (*first == b'%').then(|| tail.get(..2)).flatten();
        let byte = escaped.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 5849, section 1.2: the request for photos.
    #[test]
    fn the_example_of_the_rfc_has_its_signature() {
        let header = "OAuth realm=\"Photos\",oauth_consumer_key=\"dpf43f3p2l4k3l03\",oauth_token=\"nnch734d00sl2jdk\",\
                      oauth_signature_method=\"HMAC-SHA1\",oauth_timestamp=\"137131202\",oauth_nonce=\"chapoH\",\
                      oauth_signature=\"MdpQcU8iPSUjWoN%2FUDMsK2sui9I%3D\"";
        let mut all = parameters(header).unwrap();
        let signed = all.iter().position(|(name, _)| name == "oauth_signature").unwrap();
        let (_, claimed) = all.remove(signed);
        all.extend(decoded_pairs("file=vacation.jpg&size=original"));
        let url = "http://photos.example.net/photos";
        assert_eq!(signature("GET", url, &all, "kd94hf93k423kf44", "pfkkdhi9sl3r4s00"), claimed);
    }

    #[test]
    fn other_schemes_have_no_parameters() {
        assert_eq!(parameters("Bearer abc"), None);
        assert_eq!(parameters(""), None);
    }
}
