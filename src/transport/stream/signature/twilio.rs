//! X-Twilio-Signature: base64 of HMAC-SHA1 under the auth token over the public URL, and for forms every parameter's name and value
//! in the order of names; for other bodies the URL carries `bodySHA256`. Source: twilio.com/docs/usage/security.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::config::Secret;

/// What was signed besides the URL.
#[derive(Clone, Copy, Debug)]
pub enum Body<'a> {
    /// Names and values, decoded.
    Form(&'a [(String, String)]),
    /// Any other body: its digest is in the URL.
    Raw(&'a [u8]),
}

/// The signature Twilio would send.
pub fn sign(token: &Secret, url: &str, form: &[(String, String)]) -> String {
    let mut sorted: Vec<_> = form.iter().collect();
    sorted.sort();
    // A parameter sent twice with one value counts once, as in Twilio's own libraries.
    sorted.dedup();
    let mut mac = Hmac::<Sha1>::new_from_slice(token.expose().as_bytes()).expect("HMAC takes keys of any length");
    mac.update(url.as_bytes());
    for (name, value) in sorted {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    STANDARD.encode(mac.finalize().into_bytes())
}

/// Whether Twilio signed this request. `url` is the public one, as Twilio called it.
pub fn verify(token: &Secret, url: &url::Url, body: Body<'_>, signature: &str) -> bool {
    let form = match body {
        Body::Form(form) => form,
        Body::Raw(body) => {
            let told = url.query_pairs().find(|(name, _)| name == "bodySHA256");
            let digest: String = Sha256::digest(body).iter().map(|byte| format!("{byte:02x}")).collect();
            if !told.is_some_and(|(_, told)| told.to_ascii_lowercase().as_bytes().ct_eq(digest.as_bytes()).into()) {
                return false;
            }
            &[]
        }
    };
    spellings(url).iter().any(|url| sign(token, url, form).as_bytes().ct_eq(signature.as_bytes()).into())
}

/// Twilio signs the URL with or without a standard port, depending on the product that calls.
fn spellings(url: &url::Url) -> Vec<String> {
    let plain = url.to_string();
    let Some(host) = url.host_str().filter(|_| url.port().is_none()) else { return vec![plain] };
    let Some(port) = url.port_or_known_default() else { return vec![plain] };
    let with_port = plain.replacen(host, &format!("{host}:{port}"), 1);
    vec![plain, with_port]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> Secret {
        Secret::new("12345".into())
    }

    fn form() -> Vec<(String, String)> {
        [
            ("CallSid", "CA1234567890ABCDE"),
            ("Caller", "+14158675309"),
            ("Digits", "1234"),
            ("From", "+14158675309"),
            ("To", "+18005551212"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    /// The worked example of Twilio's security page.
    #[test]
    fn the_published_example_verifies() {
        let url = "https://mycompany.com/myapp.php?foo=1&bar=2".parse().unwrap();
        assert!(verify(&token(), &url, Body::Form(&form()), "RSOYDt4T1cUTdK1PDd93/VVr8B8="));
    }

    #[test]
    fn another_parameter_url_or_token_does_not_verify() {
        let url: url::Url = "https://mycompany.com/myapp.php?foo=1&bar=2".parse().unwrap();
        let good = "RSOYDt4T1cUTdK1PDd93/VVr8B8=";
        let mut more = form();
        more.push(("X".into(), "1".into()));
        assert!(!verify(&token(), &url, Body::Form(&more), good));
        assert!(!verify(&Secret::new("1234".into()), &url, Body::Form(&form()), good));
        assert!(!verify(&token(), &"https://mycompany.com/".parse().unwrap(), Body::Form(&form()), good));
        assert!(!verify(&token(), &url, Body::Form(&form()), ""));
    }

    #[test]
    fn a_standard_port_may_be_written_or_not() {
        let url: url::Url = "https://mycompany.com/x".parse().unwrap();
        let signature = sign(&token(), "https://mycompany.com:443/x", &[]);
        assert!(verify(&token(), &url, Body::Form(&[]), &signature));
    }

    #[test]
    fn a_body_that_is_no_form_is_signed_by_its_digest() {
        let digest = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
        let url: url::Url = format!("https://mycompany.com/x?bodySHA256={digest}").parse().unwrap();
        let signature = sign(&token(), url.as_str(), &[]);
        assert!(verify(&token(), &url, Body::Raw(b"hello"), &signature));
        assert!(!verify(&token(), &url, Body::Raw(b"hullo"), &signature));
    }
}
