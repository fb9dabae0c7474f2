//! Digest authentication (RFC 3261 section 22, RFC 8760): the challenge we send, the check of its answer, and our own answers.
//!
//! Nonces hold their own time and seal, so that a challenge costs no memory here, nor with who sends it ([`super::challenge`]); a nonce is good
//! for one address and two minutes. Pure: time and random bytes are arguments. Secrets are compared in constant time and never printed.

use std::net::IpAddr;
use std::time::Duration;

use attendant_media::time::Time;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// How long a nonce may be answered: enough for a phone that asks its user, short for one who listens in.
const NONCE_LIFE: Duration = Duration::from_secs(120);

/// A name and its secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    pub name: String,
    pub secret: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("name", &self.name).field("secret", &"<secret>").finish()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Algorithm {
    Md5,
    Sha256,
}

impl Algorithm {
    /// Without a name it is MD5 (RFC 3261 section 22.4).
    fn parse(name: Option<&str>) -> Option<Self> {
        match name {
            None => Some(Self::Md5),
            Some(name) if name.eq_ignore_ascii_case("MD5") => Some(Self::Md5),
            Some(name) if name.eq_ignore_ascii_case("SHA-256") => Some(Self::Sha256),
            Some(_) => None,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA-256",
        }
    }

    fn hash(self, text: &str) -> String {
        match self {
            Self::Md5 => hex(&<md5::Md5 as md5::Digest>::digest(text.as_bytes())),
            Self::Sha256 => hex(&<Sha256 as sha2::Digest>::digest(text.as_bytes())),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Makes challenges and checks what comes back.
pub struct Gatekeeper {
    realm: String,
    users: Vec<Credentials>,
    seal: [u8; 32],
}

impl std::fmt::Debug for Gatekeeper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gatekeeper")
            .field("realm", &self.realm)
            .field("users", &self.users.len())
            .finish_non_exhaustive()
    }
}

/// What an Authorization header is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    Good,
    /// Right, but the nonce is too old: challenge again, marked stale, and the phone answers without asking its user.
    Stale,
    Bad,
}

impl Gatekeeper {
    /// `seal`: random bytes of this process.
    pub const fn new(realm: String, users: Vec<Credentials>, seal: [u8; 32]) -> Self {
        Self { realm, users, seal }
    }

    /// Whether anyone could answer a challenge at all.
    pub const fn has_users(&self) -> bool {
        !self.users.is_empty()
    }

    /// The value of a WWW-Authenticate header for this address.
    pub fn challenge(&self, from: IpAddr, now: Time, stale: bool) -> String {
        let nonce = self.nonce(from, now.as_millis());
        let stale = if stale { ", stale=true" } else { "" };
        format!("Digest realm=\"{}\", nonce=\"{nonce}\", algorithm=MD5, qop=\"auth\"{stale}", self.realm)
    }

    /// Checks the value of an Authorization header.
    pub fn check(&self, header: &str, method: &str, from: IpAddr, now: Time) -> Proof {
        let Some(fields) = Fields::parse(header) else { return Proof::Bad };
        let (Some(name), Some(nonce), Some(uri), Some(response)) =
            (fields.get("username"), fields.get("nonce"), fields.get("uri"), fields.get("response"))
        else {
            return Proof::Bad;
        };
        let Some(algorithm) = Algorithm::parse(fields.get("algorithm")) else { return Proof::Bad };
        let Some(user) = self.users.iter().find(|user| user.name == name) else { return Proof::Bad };
        if fields.get("realm") != Some(&self.realm) {
            return Proof::Bad;
        }
        let tail = match (fields.get("qop"), fields.get("nc"), fields.get("cnonce")) {
            (None, _, _) => String::new(),
            (Some("auth"), Some(count), Some(cnonce)) => format!("{count}:{cnonce}:auth:"),
            (Some(_), _, _) => return Proof::Bad,
        };
        let expected = respond(algorithm, user, &self.realm, nonce, &tail, method, uri);
        if !bool::from(expected.as_bytes().ct_eq(response.to_ascii_lowercase().as_bytes())) {
            return Proof::Bad;
        }
        let Some(made) = nonce.split_once('-').and_then(|(made, _)| u64::from_str_radix(made, 16).ok()) else {
            return Proof::Bad;
        };
        if !bool::from(self.nonce(from, made).as_bytes().ct_eq(nonce.as_bytes())) {
            return Proof::Bad;
        }
        if now.since(Time::from_millis(made)) > NONCE_LIFE { Proof::Stale } else { Proof::Good }
    }

    fn nonce(&self, from: IpAddr, made: u64) -> String {
        let mut seal = Hmac::<Sha256>::new_from_slice(&self.seal).expect("HMAC takes a key of any length");
        seal.update(&made.to_be_bytes());
        seal.update(from.to_canonical().to_string().as_bytes());
        format!("{made:x}-{}", hex(&seal.finalize().into_bytes()[..16]))
    }
}

fn respond(
    algorithm: Algorithm,
    user: &Credentials,
    realm: &str,
    nonce: &str,
    tail: &str,
    method: &str,
    uri: &str,
) -> String {
    let secret = algorithm.hash(&format!("{}:{realm}:{}", user.name, user.secret));
    let request = algorithm.hash(&format!("{method}:{uri}"));
    algorithm.hash(&format!("{secret}:{nonce}:{tail}{request}"))
}

/// Whether a challenge says that only the nonce was wrong (RFC 2617 section 3.2.1): the same secret may be tried again.
pub fn is_stale(header: &str) -> bool {
    Fields::parse(header)
        .is_some_and(|fields| fields.get("stale").is_some_and(|stale| stale.eq_ignore_ascii_case("true")))
}

/// Our answer to a WWW-Authenticate or Proxy-Authenticate header; `None` if it asks for what we cannot do.
/// `cnonce`: random text.
pub fn answer(header: &str, user: &Credentials, method: &str, uri: &str, cnonce: &str) -> Option<String> {
    let fields = Fields::parse(header)?;
    let (realm, nonce) = (fields.get("realm")?, fields.get("nonce")?);
    let algorithm = Algorithm::parse(fields.get("algorithm"))?;
    let qop = match fields.get("qop") {
        None => None,
        Some(list) if list.split(',').any(|qop| qop.trim().eq_ignore_ascii_case("auth")) => Some("auth"),
        Some(_) => return None,
    };
    let tail = if qop.is_some() { format!("00000001:{cnonce}:auth:") } else { String::new() };
    let response = respond(algorithm, user, realm, nonce, &tail, method, uri);
    let mut text = format!(
        "Digest username=\"{}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", response=\"{response}\", algorithm={}",
        user.name,
        algorithm.name()
    );
    if qop.is_some() {
        text.push_str(&format!(", qop=auth, nc=00000001, cnonce=\"{cnonce}\""));
    }
    if let Some(opaque) = fields.get("opaque") {
        text.push_str(&format!(", opaque=\"{opaque}\""));
    }
    Some(text)
}

/// The `name=value` fields of a Digest header, quotes removed.
struct Fields<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Fields<'a> {
    fn parse(header: &'a str) -> Option<Self> {
        let header = header.trim();
        let (scheme, mut rest) = header.split_once(char::is_whitespace)?;
        if !scheme.eq_ignore_ascii_case("Digest") {
            return None;
        }
        let mut fields = Vec::new();
        loop {
            rest = rest.trim_start_matches([',', ' ', '\t']);
            if rest.is_empty() {
                return Some(Self(fields));
            }
            let (name, value) = rest.split_once('=')?;
            let value = value.trim_start();
            let (value, after) = match value.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"')?,
                None => value.split_once(',').unwrap_or((value, "")),
            };
            fields.push((name.trim(), value.trim()));
            rest = after;
        }
    }

    fn get(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn user() -> Credentials {
        Credentials { name: "desk".into(), secret: "correct horse".into() }
    }

    fn gatekeeper() -> Gatekeeper {
        Gatekeeper::new("clinic".into(), vec![user()], [7; 32])
    }

    const FROM: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 5));

    #[test]
    fn the_worked_example_of_rfc_2617_comes_out() {
        let user = Credentials { name: "Mufasa".into(), secret: "Circle Of Life".into() };
        let tail = "00000001:0a4f113b:auth:";
        let nonce = "dcd98b7102dd2f0e8b11d0f600bfb0c093";
        let response = respond(Algorithm::Md5, &user, "testrealm@host.com", nonce, tail, "GET", "/dir/index.html");
        assert_eq!(response, "6629fae49393a05397450978507c4ef1");
    }

    #[test]
    fn our_own_answer_satisfies_our_own_challenge() {
        let keeper = gatekeeper();
        let now = Time::from_millis(5_000);
        let challenge = keeper.challenge(FROM, now, false);
        let header = answer(&challenge, &user(), "INVITE", "sip:clinic@example.org", "abc").unwrap();
        assert_eq!(keeper.check(&header, "INVITE", FROM, now), Proof::Good);
        assert_eq!(keeper.check(&header, "BYE", FROM, now), Proof::Bad);
        assert_eq!(keeper.check(&header, "INVITE", [203, 0, 113, 6].into(), now), Proof::Bad);
        assert_eq!(keeper.check(&header, "INVITE", FROM, now + Duration::from_secs(121)), Proof::Stale);
        assert!(keeper.challenge(FROM, now, true).ends_with(", stale=true"));
    }

    #[test]
    fn a_wrong_secret_or_name_is_refused() {
        let keeper = gatekeeper();
        let challenge = keeper.challenge(FROM, Time::ZERO, false);
        for wrong in [Credentials { secret: "guess".into(), ..user() }, Credentials { name: "other".into(), ..user() }]
        {
            let header = answer(&challenge, &wrong, "INVITE", "sip:x@y", "abc").unwrap();
            assert_eq!(keeper.check(&header, "INVITE", FROM, Time::ZERO), Proof::Bad);
        }
        let forged = answer("Digest realm=\"clinic\", nonce=\"0-00\"", &user(), "INVITE", "sip:x@y", "abc").unwrap();
        assert_eq!(keeper.check(&forged, "INVITE", FROM, Time::ZERO), Proof::Bad);
    }

    #[test]
    fn sha_256_and_a_challenge_without_qop_are_answered() {
        let with = answer(
            "Digest realm=\"a\",nonce=\"n\",algorithm=SHA-256,qop=\"auth,auth-int\",opaque=\"o\"",
            &user(),
            "BYE",
            "sip:x",
            "c",
        );
        assert!(with.unwrap().ends_with("algorithm=SHA-256, qop=auth, nc=00000001, cnonce=\"c\", opaque=\"o\""));
        assert!(!answer("Digest realm=\"a\", nonce=\"n\"", &user(), "BYE", "sip:x", "c").unwrap().contains("qop"));
        assert_eq!(answer("Digest realm=\"a\", nonce=\"n\", algorithm=MD5-sess", &user(), "BYE", "sip:x", "c"), None);
        assert_eq!(answer("Basic realm=\"a\"", &user(), "BYE", "sip:x", "c"), None);
    }

    #[test]
    fn secrets_do_not_print() {
        assert!(!format!("{:?} {:?}", user(), gatekeeper()).contains("horse"));
    }

    proptest! {
        #[test]
        fn hostile_headers_are_bad_and_never_panic(header in ".{0,300}", field in "[a-z]{0,8}[=\",]{0,3}.{0,40}") {
            prop_assert_eq!(gatekeeper().check(&header, "INVITE", FROM, Time::ZERO), Proof::Bad);
            let digest = format!("Digest {field}");
            prop_assert_eq!(gatekeeper().check(&digest, "INVITE", FROM, Time::ZERO), Proof::Bad);
            answer(&digest, &user(), "INVITE", "sip:x", "c");
        }
    }
}
