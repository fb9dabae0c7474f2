//! The bucket of an S3-compatible storage in which a clinic's sealed recordings are once they are over (`[records.s3]`): one object a call.
//!
//! ```text
//! PREFIX/CLINIC/CALL.rec       as crate::records::sealed writes it; its SHA-256 stands beside it (x-amz-meta-sha256)
//! ```
//!
//! Every request is signed with what it carries. Nothing is believed that was not asked for again: a recording is there when the bucket says so with its length and
//! sum, and gone when the bucket no longer has it. A bucket that keeps versions is refused, because what is deleted there is not gone. Must never be asked by a call.

#[cfg(test)]
pub(crate) mod fake;
mod listing;
mod settings;
mod signature;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::Path;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_LENGTH};
use reqwest::{Body, Client, Method, Response};
use sha2::{Digest, Sha256};
use time::macros::format_description;
use tokio::time::timeout;

use super::private_file;
use super::sealed::SEALED;
use crate::clinic::Tenant;
use crate::clock;
use crate::provider::tls;
pub use settings::S3Config;
use signature::{DATE, SUM, Signed, Signer, Slash, encoded};

/// Why something could not be done with the bucket.
#[derive(Debug, thiserror::Error)]
pub enum BucketError {
    #[error("records.s3.{0}")]
    Settings(String),
    #[error("the bucket of [records.s3] gives no answer: {0}; see that it is up, and to endpoint")]
    Away(String),
    #[error(
        "the bucket of [records.s3] refuses it: HTTP {status} {code}; see to bucket, region, and what the keys may do"
    )]
    Refused { status: u16, code: String },
    #[error("the bucket of [records.s3] keeps versions, in which what is deleted stays; name one that never kept any")]
    Versions,
    #[error(
        "the bucket of [records.s3] took the recording of call {0} and does not have it as it was sent; see to the storage"
    )]
    NotKept(String),
    #[error("the bucket of [records.s3] has the recording of call {0} although it was deleted; see to the storage")]
    StillThere(String),
    #[error(
        "what answers at the endpoint of [records.s3] is no S3-compatible storage, or a part of its answer is missing"
    )]
    Foreign,
    #[error(
        "a recording on its way to or from the bucket of [records.s3] cannot be read or written: {0}; see to the disk"
    )]
    Disk(#[from] io::Error),
}

impl BucketError {
    /// Whether other recordings would fare the same now.
    pub(crate) const fn is_of_all(&self) -> bool {
        match self {
            Self::Refused { status, .. } => matches!(status, 300..=399 | 401 | 403 | 404 | 429 | 500..=599),
            Self::Settings(_) | Self::Away(_) | Self::Versions | Self::Foreign => true,
            Self::NotKept(_) | Self::StillThere(_) | Self::Disk(_) => false,
        }
    }

    /// Whether other recordings may let themselves be taken away, or sealed anew, all the same: what a bucket keeps locked, it refuses as it refuses a key that may not.
    pub(crate) const fn may_be_of_one(&self) -> bool {
        match self {
            Self::Refused { status, .. } => matches!(status, 400..=428 | 430..=499),
            Self::NotKept(_) | Self::StillThere(_) | Self::Disk(_) => true,
            Self::Settings(_) | Self::Away(_) | Self::Versions | Self::Foreign => false,
        }
    }
}

/// A bucket that says nothing for so long gives no answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Bytes a second that are sent at least: so many as a recording has, which is sent in the time that it plays.
const SLOWEST: u64 = 64_000;

/// Servers close what is idle; a request on a connection that is just closing has no answer.
const IDLE: Duration = Duration::from_secs(10);

/// An answer that is a list of 1,000 objects is a tenth of this.
const LONGEST: usize = 4 * 1024 * 1024;

/// The SHA-256 of an object, as it was sent.
const KEPT: &str = "x-amz-meta-sha256";

/// After every id of a call, in the order of names.
const AFTER_ALL: &str = "g";

/// One clinic's recordings in the bucket.
#[derive(Debug)]
pub struct Bucket {
    client: Client,
    signer: Signer,
    /// `https://HOST`
    origin: String,
    host: String,
    /// `/BUCKET`
    root: String,
    /// How names of this clinic's objects begin.
    own: String,
    patience: Duration,
}

/// A request.
struct Asked<'a> {
    method: Method,
    /// The object's name; empty: the bucket itself.
    object: &'a str,
    query: BTreeMap<&'static str, String>,
    /// The first bytes alone.
    first: Option<usize>,
    upload: Option<Upload>,
}

struct Upload {
    file: File,
    length: u64,
    /// SHA-256, in hex.
    sum: String,
}

impl Bucket {
    /// Nothing is asked yet.
    pub fn open(config: &S3Config, clinic: &Tenant) -> Result<Self, BucketError> {
        let told = |key: &str| {
            let key = key.to_owned();
            move |what: String| BucketError::Settings(format!("{key}: {what}"))
        };
        // Fails only if something in this process was quicker, and then the provider is there.
        rustls::crypto::ring::default_provider().install_default().ok();
        let address = config.address().map_err(told("endpoint"))?;
        let signer = Signer {
            access: config.access().map_err(told("access_key"))?,
            secret: config.secret().map_err(told("secret_key"))?,
            region: config.region.clone(),
        };
        let builder = Client::builder().connect_timeout(PATIENCE / 3).pool_idle_timeout(IDLE).http1_only();
        let client = tls::http(builder, config.ca.as_ref()).map_err(told("ca"))?.build();
        let client = client.map_err(|error| BucketError::Settings(format!("ca: no HTTP client: {error}")))?;
        let host = address.host_str().unwrap_or_default();
        let host = address.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let parts = [config.prefix.as_str(), &**clinic, ""];
        Ok(Self {
            client,
            signer,
            origin: format!("{}://{host}", address.scheme()),
            host,
            root: format!("/{}", config.bucket),
            own: parts[usize::from(config.prefix.is_empty())..].join("/"),
            patience: PATIENCE,
        })
    }

    /// Whether it answers, and lets itself be listed.
    pub async fn answers(&self) -> Result<(), BucketError> {
        self.calls(Some(AFTER_ALL)).await.map(drop)
    }

    /// Calls whose recordings it has, in the order of their ids, which is that of time: all, or those after this one.
    pub async fn calls(&self, after: Option<&str>) -> Result<Vec<String>, BucketError> {
        let (mut found, mut next): (Vec<String>, Option<String>) = (Vec::new(), None);
        loop {
            let mut query = BTreeMap::from([("list-type", "2".to_owned()), ("prefix", self.own.clone())]);
            query.extend(after.map(|after| ("start-after", format!("{}{after}", self.own))));
            query.extend(next.clone().map(|token| ("continuation-token", token)));
            let asked = Asked { method: Method::GET, object: "", query, first: None, upload: None };
            let text = self.whole(self.ask(asked).await?).await?;
            let page = listing::read(&text).map_err(|_| BucketError::Foreign)?;
            found.extend(page.keys.iter().filter_map(|key| self.call_of(key)));
            match page.next {
                None => return Ok(found),
                // It would never end.
                Some(token) if next.as_ref() == Some(&token) => return Err(BucketError::Foreign),
                token @ Some(_) => next = token,
            }
        }
    }

    /// Whether it has the recording of this call. Its first byte is asked for: an answer without a body does not say whether the object is missing, or the bucket.
    pub async fn holds(&self, call: &str) -> Result<bool, BucketError> {
        Ok(self.begin(call, 1).await?.is_some())
    }

    /// Puts a recording there, in the place of what may be there of this call; it is there as it was sent when this returns. What was sent before, and whose
    /// answer was lost, is not sent again.
    pub async fn put(&self, call: &str, file: &File) -> Result<(), BucketError> {
        let reading = file.try_clone()?;
        let upload = tokio::task::spawn_blocking(move || summed(reading)).await.map_err(io::Error::other)??;
        let wanted = Some((upload.length, Some(upload.sum.clone())));
        if self.about(call).await? == wanted {
            return Ok(());
        }
        let object = self.object(call);
        let asked = |method, query, upload| Asked { method, object: &object, query, first: None, upload };
        let told = self.ask(asked(Method::PUT, BTreeMap::new(), Some(upload))).await?;
        let version = told.headers().get("x-amz-version-id").and_then(|version| version.to_str().ok());
        if let Some(version) = version.filter(|version| *version != "null") {
            let query = BTreeMap::from([("versionId", version.to_owned())]);
            self.ask(asked(Method::DELETE, query, None)).await?;
            return Err(BucketError::Versions);
        }
        if self.about(call).await? == wanted { Ok(()) } else { Err(BucketError::NotKept(call.to_owned())) }
    }

    /// The recording of a call, in a file in this folder that has no name there; none: it does not have it.
    pub async fn get(&self, call: &str, folder: &Path) -> Result<Option<File>, BucketError> {
        let Some(mut told) = self.object_of(call, None).await? else { return Ok(None) };
        let mut file = nameless(folder)?;
        while let Some(piece) = self.piece(&mut told).await? {
            file.write_all(&piece)?;
        }
        file.rewind()?;
        Ok(Some(file))
    }

    /// So many bytes of the beginning of a recording, or as many as there are; none: it does not have it.
    pub async fn begin(&self, call: &str, bytes: usize) -> Result<Option<Vec<u8>>, BucketError> {
        match self.object_of(call, Some(bytes)).await {
            Ok(Some(told)) => self.whole(told).await.map(Some),
            Ok(None) => Ok(None),
            // An object without a byte, as a power cut may leave a file, has no range of them.
            Err(BucketError::Refused { status: 416, .. }) => Ok(Some(Vec::new())),
            Err(error) => Err(error),
        }
    }

    /// Takes the recording of a call away; it is gone when this returns.
    pub async fn remove(&self, call: &str) -> Result<(), BucketError> {
        let object = self.object(call);
        let asked =
            Asked { method: Method::DELETE, object: &object, query: BTreeMap::new(), first: None, upload: None };
        match self.ask(asked).await {
            Ok(told) if told.headers().get("x-amz-delete-marker").is_some_and(|told| told == "true") => {
                return Err(BucketError::Versions);
            }
            // It may have been done, and the answer lost; some say 404 of what is gone already.
            Ok(_) | Err(BucketError::Away(_) | BucketError::Refused { status: 404 | 500..=599, .. }) => {}
            Err(error) => return Err(error),
        }
        if self.holds(call).await? { Err(BucketError::StillThere(call.to_owned())) } else { Ok(()) }
    }

    fn object(&self, call: &str) -> String {
        format!("{}{call}.{SEALED}", self.own)
    }

    /// The call of this object; none: it is none of ours.
    fn call_of(&self, key: &str) -> Option<String> {
        let call = key.strip_prefix(&self.own)?.strip_suffix(SEALED)?.strip_suffix('.')?;
        uuid::Uuid::try_parse(call).ok().map(|_| call.to_owned())
    }

    /// Length and sum of what it has of this call.
    async fn about(&self, call: &str) -> Result<Option<(u64, Option<String>)>, BucketError> {
        let object = self.object(call);
        let asked = Asked { method: Method::HEAD, object: &object, query: BTreeMap::new(), first: None, upload: None };
        let told = match self.ask(asked).await {
            Err(BucketError::Refused { status: 404, .. }) => return Ok(None),
            told => told?,
        };
        let text = |name: &str| told.headers().get(name).and_then(|value| value.to_str().ok());
        let length = text(CONTENT_LENGTH.as_str()).and_then(|length| length.parse().ok());
        Ok(Some((length.ok_or(BucketError::Foreign)?, text(KEPT).map(str::to_owned))))
    }

    async fn object_of(&self, call: &str, first: Option<usize>) -> Result<Option<Response>, BucketError> {
        let object = self.object(call);
        let asked = Asked { method: Method::GET, object: &object, query: BTreeMap::new(), first, upload: None };
        match self.ask(asked).await {
            Err(BucketError::Refused { status: 404, code }) if code == "NoSuchKey" => Ok(None),
            told => told.map(Some),
        }
    }

    /// The head of an answer that is none of a refusal.
    async fn ask(&self, Asked { method, object, query, first, upload }: Asked<'_>) -> Result<Response, BucketError> {
        let slash = if object.is_empty() { "" } else { "/" };
        let path = format!("{}{slash}{}", self.root, encoded(object, Slash::Kept));
        let pairs = query.iter().map(|(name, value)| format!("{name}={}", encoded(value, Slash::Encoded)));
        let query = pairs.collect::<Vec<_>>().join("&");
        let sum = upload.as_ref().map_or_else(|| format!("{:x}", Sha256::digest(b"")), |upload| upload.sum.clone());
        let date = clock::wall().format(format_description!("[year][month][day]T[hour][minute][second]Z"));
        let mut headers = BTreeMap::from([
            ("host".to_owned(), self.host.clone()),
            (SUM.to_owned(), sum),
            (DATE.to_owned(), date.map_err(io::Error::other)?),
        ]);
        headers.extend(upload.as_ref().map(|upload| (KEPT.to_owned(), upload.sum.clone())));
        headers.extend(first.map(|bytes| ("range".to_owned(), format!("bytes=0-{}", bytes.saturating_sub(1)))));
        let signed = Signed { method: method.as_str(), path: &path, query: &query, headers: &headers };
        let authorization = self.signer.authorization(&signed);
        let mark = if query.is_empty() { "" } else { "?" };
        let mut request = self.client.request(method, format!("{}{path}{mark}{query}", self.origin));
        request = request.header(AUTHORIZATION, authorization);
        for (name, value) in headers.iter().filter(|(name, _)| *name != "host") {
            request = request.header(name.as_str(), value.as_str());
        }
        let mut patience = self.patience;
        if let Some(Upload { file, length, .. }) = upload {
            patience += Duration::from_secs(length / SLOWEST);
            request = request.header(CONTENT_LENGTH, length).body(Body::from(tokio::fs::File::from_std(file)));
        }
        let told = timeout(patience, request.send()).await.map_err(|_| silent(patience))?.map_err(|e| away(&e))?;
        match told.status().as_u16() {
            200..=299 => Ok(told),
            status => {
                let code = self.whole(told).await.map(|text| listing::code(&text)).unwrap_or_default();
                Err(BucketError::Refused { status, code })
            }
        }
    }

    async fn whole(&self, mut told: Response) -> Result<Vec<u8>, BucketError> {
        let mut text = Vec::new();
        while let Some(piece) = self.piece(&mut told).await? {
            if text.len() + piece.len() > LONGEST {
                return Err(BucketError::Foreign);
            }
            text.extend_from_slice(&piece);
        }
        Ok(text)
    }

    async fn piece(&self, told: &mut Response) -> Result<Option<bytes::Bytes>, BucketError> {
        let piece = timeout(self.patience, told.chunk()).await.map_err(|_| silent(self.patience))?;
        piece.map_err(|error| away(&error))
    }
}

fn silent(patience: Duration) -> BucketError {
    BucketError::Away(format!("nothing was heard for {} s", patience.as_secs_f32()))
}

/// The error's own words would show the address of an object.
fn away(error: &reqwest::Error) -> BucketError {
    let broken = if error.is_connect() {
        "it cannot be connected to"
    } else {
        "the connection broke before its answer was whole"
    };
    let why = tls::refusal(error).unwrap_or(broken);
    BucketError::Away(why.to_owned())
}

/// A file as it is to be sent, from its beginning. Blocks.
fn summed(mut file: File) -> io::Result<Upload> {
    let (mut sum, mut length, mut piece) = (Sha256::new(), 0, vec![0; 64 * 1024]);
    file.rewind()?;
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            break;
        }
        sum.update(&piece[..read]);
        length += read as u64;
    }
    file.rewind()?;
    Ok(Upload { file, length, sum: format!("{:x}", sum.finalize()) })
}

/// An empty file that has no name in its folder, and is gone with its process, however that ends.
pub(crate) fn nameless(folder: &Path) -> io::Result<File> {
    let path = folder.join(format!("{}.got", uuid::Uuid::new_v4()));
    let file = private_file(&path)?;
    std::fs::remove_file(path)?;
    Ok(file)
}

#[cfg(test)]
mod tests;
