//! How requests to an S3-compatible storage are signed: AWS Signature Version 4, in a header, over everything that is sent.
//!
//! As written in Amazon's manual (S3 API, "Signature Calculations for the Authorization Header: Transferring Payload in a Single Chunk"), whose examples are the test.

use std::collections::BTreeMap;

use hmac::digest::Output;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

use crate::config::Secret;

/// The SHA-256 of the body.
pub(super) const SUM: &str = "x-amz-content-sha256";

/// When it is sent: `20261122T233000Z`, UTC.
pub(super) const DATE: &str = "x-amz-date";

/// By what requests are signed.
#[derive(Debug)]
pub(super) struct Signer {
    pub(super) access: Secret,
    pub(super) secret: Secret,
    pub(super) region: String,
}

/// What is signed: path and query as they are sent, names of headers in small letters. Among these must be `host`, [`SUM`] and [`DATE`].
pub(super) struct Signed<'a> {
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    pub(super) query: &'a str,
    pub(super) headers: &'a BTreeMap<String, String>,
}

impl Signer {
    /// The value of the header `authorization`.
    pub(super) fn authorization(&self, Signed { method, path, query, headers }: &Signed<'_>) -> String {
        let of = |name: &str| headers.get(name).map_or("", String::as_str);
        let (date, region) = (of(DATE), self.region.as_str());
        let day = date.get(..8).unwrap_or_default();
        let names = headers.keys().map(String::as_str).collect::<Vec<_>>().join(";");
        let lines: String = headers.iter().map(|(name, value)| format!("{name}:{}\n", value.trim())).collect();
        let request = format!("{method}\n{path}\n{query}\n{lines}\n{names}\n{}", of(SUM));
        let scope = format!("{day}/{region}/s3/aws4_request");
        let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{:x}", Sha256::digest(request));
        let first = format!("AWS4{}", self.secret.expose()).into_bytes();
        let key = [day, region, "s3", "aws4_request"].iter().fold(first, |key, part| code(&key, part).to_vec());
        let access = self.access.expose();
        format!(
            "AWS4-HMAC-SHA256 Credential={access}/{scope}, SignedHeaders={names}, Signature={:x}",
            code(&key, &text)
        )
    }
}

fn code(key: &[u8], text: &str) -> Output<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes()
}

/// A text as it stands in a path or a query: all but letters, digits and `-._~` as bytes of two digits; `/` too, if it is said so.
pub(super) fn encoded(text: &str, slash: Slash) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match (byte, slash) {
            (b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~', _) | (b'/', Slash::Kept) => {
                out.push(char::from(byte));
            }
            (_, Slash::Kept | Slash::Encoded) => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// What becomes of a `/`.
#[derive(Clone, Copy)]
pub(super) enum Slash {
    /// In paths.
    Kept,
    /// In queries.
    Encoded,
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    const WELCOME: &str = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072";

    /// The account, the host and the moment of the manual's examples.
    fn signed(method: &str, path: &str, query: &str, sum: &str, more: &[(&str, &str)]) -> String {
        let signer = Signer {
            access: Secret::new("AKIAIOSFODNN7EXAMPLE".to_owned()),
            secret: Secret::new("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned()),
            region: "us-east-1".to_owned(),
        };
        let usual = [("host", "examplebucket.s3.amazonaws.com"), (DATE, "20130524T000000Z"), (SUM, sum)];
        let headers = usual.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        signer.authorization(&Signed { method, path, query, headers: &headers })
    }

    #[test]
    fn the_manual_s_examples_are_signed_as_in_the_manual() {
        let begin =
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, SignedHeaders=";
        assert_eq!(
            signed("GET", "/test.txt", "", EMPTY, &[("range", "bytes=0-9")]),
            format!(
                "{begin}host;range;x-amz-content-sha256;x-amz-date, \
                 Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
            )
        );
        let put = [("date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")];
        assert_eq!(
            signed("PUT", &encoded("/test$file.text", Slash::Kept), "", WELCOME, &put),
            format!(
                "{begin}date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class, \
                 Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
            )
        );
        let usual = format!("{begin}host;x-amz-content-sha256;x-amz-date, Signature=");
        assert_eq!(
            signed("GET", "/", "lifecycle=", EMPTY, &[]),
            format!("{usual}fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543")
        );
        assert_eq!(
            signed("GET", "/", "max-keys=2&prefix=J", EMPTY, &[]),
            format!("{usual}34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")
        );
    }

    #[test]
    fn what_is_no_letter_or_digit_is_written_as_bytes() {
        assert_eq!(encoded("/a b/é~", Slash::Kept), "/a%20b/%C3%A9~");
        assert_eq!(encoded("a/b=", Slash::Encoded), "a%2Fb%3D");
    }
}
