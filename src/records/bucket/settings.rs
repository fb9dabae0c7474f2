//! `[records.s3]` in the configuration: a bucket of an S3-compatible storage, where sealed recordings go once they are over.
//!
//! Without TLS nobody is asked but this machine, whatever else is configured: what is sent is sealed, but who answers could say that it has what it has not.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::config::{Secret, SecretSource};
use crate::provider::residency::{self, Country, Place};
use crate::provider::tls::{self, Authority};
use crate::store::weakness;

/// `[records.s3]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct S3Config {
    /// `https://HOST`; the bucket's name stands in the path of what is asked, not before the host.
    pub endpoint: String,
    pub bucket: String,
    /// For which requests are signed; storages of one's own often have `us-east-1`, wherever they are.
    pub region: String,
    /// Before the clinic's id in the name of each object; without it nothing is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prefix: String,
    /// The id of the key by which requests are signed.
    pub access_key: SecretSource,
    /// The key itself.
    pub secret_key: SecretSource,
    /// The authority of a storage of one's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<Authority>,
    /// Where a storage of one's own is, as its operator says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<Country>,
}

const SECTION: &str = "records.s3";

/// What Amazon's hosts end with.
const AMAZON: &str = ".amazonaws.com";

/// Amazon's regions and their countries, as in its list of 2026.
const REGIONS: [(&str, &str); 32] = [
    ("ca-central-1", "CA"),
    ("ca-west-1", "CA"),
    ("us-east-1", "US"),
    ("us-east-2", "US"),
    ("us-west-1", "US"),
    ("us-west-2", "US"),
    ("mx-central-1", "MX"),
    ("sa-east-1", "BR"),
    ("eu-central-1", "DE"),
    ("eu-central-2", "CH"),
    ("eu-north-1", "SE"),
    ("eu-south-1", "IT"),
    ("eu-south-2", "ES"),
    ("eu-west-1", "IE"),
    ("eu-west-2", "GB"),
    ("eu-west-3", "FR"),
    ("ap-east-1", "HK"),
    ("ap-south-1", "IN"),
    ("ap-south-2", "IN"),
    ("ap-northeast-1", "JP"),
    ("ap-northeast-2", "KR"),
    ("ap-northeast-3", "JP"),
    ("ap-southeast-1", "SG"),
    ("ap-southeast-2", "AU"),
    ("ap-southeast-3", "ID"),
    ("ap-southeast-4", "AU"),
    ("ap-southeast-5", "MY"),
    ("ap-southeast-7", "TH"),
    ("af-south-1", "ZA"),
    ("il-central-1", "IL"),
    ("me-central-1", "AE"),
    ("me-south-1", "BH"),
];

impl S3Config {
    /// Where recordings are kept. Of Amazon the region says it; of others their operator, since nobody else can.
    pub fn place(&self) -> Place {
        if !self.is_amazon() {
            return residency::of_address(&self.endpoint, &[], self.country.as_ref());
        }
        let known = REGIONS.into_iter().find(|(region, _)| *region == self.region);
        let country = known.and_then(|(_, country)| country.to_owned().try_into().ok());
        country.map_or(Place::Anywhere, Place::In)
    }

    /// What is wrong, as `key: what is wrong; what to write instead`.
    pub(in crate::records) fn check(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut add = |key: &str, what: String| wrong.push(format!("{SECTION}.{key}: {what}"));
        if let Err(what) = self.address() {
            add("endpoint", what);
        }
        if !is_bucket(&self.bucket) {
            let what =
                format!("`{}` is no bucket's name; write 3 to 63 small letters, digits, dots and dashes", self.bucket);
            add("bucket", what);
        }
        let small = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.region.is_empty() || !self.region.chars().all(small) {
            add("region", format!("`{}` is no region; write for example ca-central-1", self.region));
        }
        if !is_prefix(&self.prefix) {
            let what =
                format!("`{}` is no prefix; write letters, digits, dots and dashes, with / between them", self.prefix);
            add("prefix", what);
        }
        let access = self.access();
        let secret = self.secret();
        if let Err(what) = &access {
            add("access_key", what.clone());
        }
        match (&access, &secret) {
            (_, Err(what)) => add("secret_key", what.clone()),
            (Ok(access), Ok(secret)) if access == secret => {
                add("secret_key", "the same as access_key; write the key that belongs to it".to_owned());
            }
            (Ok(_) | Err(_), Ok(_)) => {}
        }
        wrong.extend(tls::check(SECTION, self.ca.as_ref(), &self.endpoint));
        wrong.extend(residency::check(SECTION, &self.place(), self.country.as_ref()));
        wrong
    }

    /// The error is `what is wrong; what to write instead`. It does not show the address, in which a password may stand.
    pub(super) fn address(&self) -> Result<Url, String> {
        let example = "write https:// and the host of the storage, for example https://s3.ca-central-1.amazonaws.com";
        let url = Url::parse(&self.endpoint).map_err(|_| format!("no address; {example}"))?;
        let is_bare = url.username().is_empty() && url.password().is_none() && url.path() == "/";
        if !is_bare || !url.has_host() || url.query().is_some() || url.fragment().is_some() {
            return Err(format!("more or less than a host; {example}"));
        }
        match url.scheme() {
            "https" => {}
            "http" if self.place() == Place::Here => {}
            "http" => return Err(format!("without TLS, and not on this machine; {example}")),
            _ => return Err(format!("no address of HTTP; {example}")),
        }
        let own = format!("s3.{}{AMAZON}", self.region);
        if self.is_amazon() && url.host_str() != Some(&own) {
            return Err(format!("not Amazon's host of region {}; write https://{own}, or another region", self.region));
        }
        Ok(url)
    }

    fn is_amazon(&self) -> bool {
        let url = Url::parse(&self.endpoint).ok();
        url.as_ref().and_then(Url::host_str).is_some_and(|host| host.trim_end_matches('.').ends_with(AMAZON))
    }

    pub(super) fn access(&self) -> Result<Secret, String> {
        let access = self.access_key.read()?;
        let fits = |c: char| c.is_ascii_graphic() && !matches!(c, '/' | ',' | '=');
        if access.expose().chars().all(fits) {
            Ok(access)
        } else {
            Err("no id of a key; write it as the storage gave it".to_owned())
        }
    }

    pub(super) fn secret(&self) -> Result<Secret, String> {
        let secret = self.secret_key.read()?;
        let known = secret.expose().ends_with("EXAMPLEKEY").then(|| "that of Amazon's manual".to_owned());
        match weakness(secret.expose()).or(known) {
            Some(why) => Err(format!("{why}; have the storage make a key for attendant alone")),
            None => Ok(secret),
        }
    }
}

fn is_bucket(name: &str) -> bool {
    let is_end = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    (3..=63).contains(&name.len())
        && name.chars().all(|c| is_end(c) || matches!(c, '.' | '-'))
        && name.starts_with(is_end)
        && name.ends_with(is_end)
        && !name.contains("..")
}

fn is_prefix(prefix: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let is_part = |part: &str| part.chars().all(fits) && !matches!(part, "" | "." | "..");
    prefix.is_empty() || prefix.split('/').all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Keys {
        folder: tempfile::TempDir,
    }

    impl Keys {
        fn new(access: &str, secret: &str) -> Self {
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join("access"), access).unwrap();
            std::fs::write(folder.path().join("secret"), secret).unwrap();
            Self { folder }
        }

        fn config(&self, text: &str) -> S3Config {
            let of = |name: &str| format!("{{ file = {:?} }}", self.folder.path().join(name));
            let keys = format!("access_key = {}\nsecret_key = {}\n", of("access"), of("secret"));
            toml::from_str(&format!("{keys}{text}")).unwrap()
        }

        fn wrong(&self, endpoint: &str, rest: &str) -> Vec<String> {
            self.config(&format!("endpoint = \"{endpoint}\"\n{rest}")).check()
        }
    }

    const CANADA: &str = "bucket = \"clinic-audio\"\nregion = \"ca-central-1\"";
    const GOOD: &str = "pW3xv09ZpQe71kLm82Tn";

    #[test]
    fn a_bucket_of_amazon_s_and_one_of_one_s_own_are_in_order() {
        let keys = Keys::new("AK1D", GOOD);
        let none = Vec::<String>::new();
        assert_eq!(keys.wrong("https://s3.ca-central-1.amazonaws.com", CANADA), none);
        assert_eq!(keys.wrong("https://minio.clinic.example:9000", &format!("{CANADA}\nprefix = \"a/b.c\"")), none);
        assert_eq!(keys.wrong("http://127.0.0.1:9000", CANADA), none);
        assert_eq!(keys.wrong("http://[::1]:9000", CANADA), none);
    }

    #[test]
    fn what_cannot_work_or_would_leak_is_told_with_its_key_and_the_mend() {
        let keys = Keys::new("AK1D", GOOD);
        let rest =
            |bucket: &str, region: &str, more: &str| format!("bucket = \"{bucket}\"\nregion = \"{region}\"\n{more}");
        for (endpoint, rest, key, words) in [
            ("http://minio.clinic.example", CANADA.to_owned(), "endpoint", "without TLS"),
            ("http://10.0.0.7:9000", CANADA.to_owned(), "endpoint", "without TLS"),
            ("http://localhost.example", CANADA.to_owned(), "endpoint", "without TLS"),
            ("ftp://minio.clinic.example", CANADA.to_owned(), "endpoint", "no address of HTTP"),
            ("minio", CANADA.to_owned(), "endpoint", "no address"),
            ("https://me:hidden@minio.clinic.example", CANADA.to_owned(), "endpoint", "more or less than a host"),
            ("https://minio.clinic.example/audio", CANADA.to_owned(), "endpoint", "more or less than a host"),
            (
                "https://s3.us-east-1.amazonaws.com",
                CANADA.to_owned(),
                "endpoint",
                "https://s3.ca-central-1.amazonaws.com",
            ),
            ("https://h.example", rest("Clinic", "x", ""), "bucket", "3 to 63"),
            ("https://h.example", rest("a..b", "x", ""), "bucket", "3 to 63"),
            ("https://h.example", rest("clinic", "", ""), "region", "ca-central-1"),
            ("https://h.example", rest("clinic", "x", "prefix = \"/a\""), "prefix", "no prefix"),
            ("https://h.example", rest("clinic", "x", "prefix = \"a/../b\""), "prefix", "no prefix"),
            ("https://h.example", rest("clinic", "x", "ca = \"/nowhere\""), "ca", "cannot be read"),
            (
                "https://s3.ca-central-1.amazonaws.com",
                format!("{CANADA}\ncountry = \"US\""),
                "country",
                "sends to CA; leave it out",
            ),
        ] {
            let wrong = keys.wrong(endpoint, &rest);
            let begins = format!("records.s3.{key}: ");
            assert!(
                wrong.len() == 1 && wrong[0].starts_with(&begins) && wrong[0].contains(words),
                "{endpoint}: {wrong:?}"
            );
            assert!(!wrong[0].contains("hidden"), "{wrong:?}");
        }
    }

    #[test]
    fn keys_that_anybody_could_guess_or_that_are_not_there_are_refused_and_never_shown() {
        for (access, secret, key, words) in [
            ("minioadmin", "minioadmin", "secret_key", "shorter than 12"),
            ("AK1D", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "secret_key", "Amazon's manual"),
            ("AK1D", "secretsecretsecret", "secret_key", "well-known"),
            ("AK1D", "", "secret_key", "empty"),
            (GOOD, GOOD, "secret_key", "the same as access_key"),
            ("two words", GOOD, "access_key", "no id of a key"),
            ("", GOOD, "access_key", "empty"),
        ] {
            let wrong = Keys::new(access, secret).wrong("https://h.example", CANADA);
            let begins = format!("records.s3.{key}: ");
            assert!(
                wrong.len() == 1 && wrong[0].starts_with(&begins) && wrong[0].contains(words),
                "{access}: {wrong:?}"
            );
            assert!(secret.is_empty() || !wrong[0].contains(secret), "{wrong:?}");
        }
    }

    #[test]
    fn amazon_s_region_says_where_it_is_and_of_others_their_operator() {
        let keys = Keys::new("AK1D", GOOD);
        let place = |endpoint: &str, region: &str, more: &str| {
            let text = format!("endpoint = \"{endpoint}\"\nbucket = \"clinic\"\nregion = \"{region}\"\n{more}");
            keys.config(&text).place().to_string()
        };
        assert_eq!(place("https://s3.ca-west-1.amazonaws.com", "ca-west-1", ""), "CA");
        assert_eq!(place("https://s3.us-east-1.amazonaws.com", "us-east-1", ""), "US");
        assert_eq!(place("https://s3.xx-new-1.amazonaws.com", "xx-new-1", ""), "wherever the vendor takes it");
        assert_eq!(place("https://minio.clinic.example", "ca-central-1", ""), "an address whose country is not stated");
        assert_eq!(place("https://minio.clinic.example", "us-east-1", "country = \"CA\""), "CA");
        assert_eq!(place("http://127.0.0.1:9000", "us-east-1", ""), "this machine");
    }
}
