//! A small S3-compatible storage on loopback for tests: strict in what it takes (signature, sum, length, time), with pages of two objects, and with the faults of real ones.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::CONTENT_LENGTH;
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use time::PrimitiveDateTime;
use time::macros::format_description;
use tokio::net::TcpListener;
use tokio::sync::Notify;

use super::signature::{DATE, SUM, Signed, Signer};
use super::{Bucket, KEPT, S3Config};
use crate::clinic::Tenant;
use crate::clock;
use crate::config::{Secret, SecretSource};

pub(crate) const BUCKET: &str = "clinic-audio";
const ACCESS: &str = "AK1D";
const SECRET: &str = "pW3xv09ZpQe71kLm82Tn";
const REGION: &str = "ca-central-1";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    Well,
    /// Every answer is a 503, and nothing is done.
    Down,
    /// Nothing is said.
    Silent,
    /// What changes something is done, and the connection breaks before the answer.
    Loses,
    /// What is put is there, and the answer comes when [`Fake::go`] says so.
    Waits,
    /// It keeps versions.
    Versions,
    /// What is not there cannot be deleted: some say so.
    Exact,
}

pub(crate) struct Fake {
    endpoint: String,
    shelf: Arc<Shelf>,
    keys: tempfile::TempDir,
}

struct Shelf {
    signer: Signer,
    objects: Mutex<BTreeMap<String, Object>>,
    /// The end of the name of one that cannot be deleted or replaced.
    locked: Mutex<Option<String>>,
    mood: Mutex<Mood>,
    puts: AtomicUsize,
    put: Notify,
    go: Notify,
}

#[derive(Clone)]
struct Object {
    bytes: Bytes,
    sum: Option<String>,
}

impl Fake {
    pub(crate) async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let secret = |text: &str| Secret::new(text.to_owned());
        let shelf = Arc::new(Shelf {
            signer: Signer { access: secret(ACCESS), secret: secret(SECRET), region: REGION.to_owned() },
            objects: Mutex::default(),
            locked: Mutex::default(),
            mood: Mutex::new(Mood::Well),
            puts: AtomicUsize::new(0),
            put: Notify::new(),
            go: Notify::new(),
        });
        let router = Router::new().fallback(answer).with_state(shelf.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let keys = tempfile::tempdir().unwrap();
        std::fs::write(keys.path().join("access"), ACCESS).unwrap();
        std::fs::write(keys.path().join("secret"), SECRET).unwrap();
        Self { endpoint, shelf, keys }
    }

    pub(crate) fn config(&self) -> S3Config {
        let file = |name: &str| SecretSource { env: None, file: Some(self.keys.path().join(name)) };
        S3Config {
            endpoint: self.endpoint.clone(),
            bucket: BUCKET.to_owned(),
            region: REGION.to_owned(),
            prefix: "calls/2026".to_owned(),
            access_key: file("access"),
            secret_key: file("secret"),
            ca: None,
            country: None,
        }
    }

    pub(crate) fn bucket(&self, clinic: &str) -> Bucket {
        Bucket::open(&self.config(), &Tenant::made_up(clinic)).unwrap()
    }

    pub(crate) fn feels(&self, mood: Mood) {
        *self.shelf.mood.lock() = mood;
    }

    /// Locks the object whose name ends so, and no other.
    pub(crate) fn locks(&self, end: Option<&str>) {
        *self.shelf.locked.lock() = end.map(str::to_owned);
    }

    /// Names of objects.
    pub(crate) fn names(&self) -> Vec<String> {
        self.shelf.objects.lock().keys().cloned().collect()
    }

    /// What an object is, if there is one whose name ends so.
    pub(crate) fn bytes(&self, end: &str) -> Option<Vec<u8>> {
        let objects = self.shelf.objects.lock();
        objects.iter().find(|(name, _)| name.ends_with(end)).map(|(_, object)| object.bytes.to_vec())
    }

    /// Objects that were sent whole, those of which the answer was lost among them.
    pub(crate) fn puts(&self) -> usize {
        self.shelf.puts.load(Ordering::SeqCst)
    }

    /// Until the next object was sent.
    pub(crate) async fn put(&self) {
        self.shelf.put.notified().await;
    }

    pub(crate) fn go(&self) {
        self.shelf.go.notify_one();
    }
}

async fn answer(State(shelf): State<Arc<Shelf>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, 64 * 1024 * 1024).await else { return refusal(400, "IncompleteBody") };
    let mood = *shelf.mood.lock();
    match mood {
        Mood::Down => return refusal(503, "SlowDown"),
        Mood::Silent => std::future::pending::<()>().await,
        Mood::Well | Mood::Loses | Mood::Waits | Mood::Versions | Mood::Exact => {}
    }
    if let Err(code) = shelf.checked(&head, &body) {
        return refusal(if code.ends_with("Match") { 403 } else { 400 }, code);
    }
    let told = shelf.done(&head, body, mood);
    if head.method == Method::PUT {
        shelf.puts.fetch_add(1, Ordering::SeqCst);
        shelf.put.notify_one();
    }
    let changes = head.method == Method::PUT || head.method == Method::DELETE;
    match mood {
        // Ends the task of this connection, and with it the connection.
        Mood::Loses if changes => std::panic::resume_unwind(Box::new("the answer is lost")),
        Mood::Waits if head.method == Method::PUT => shelf.go.notified().await,
        Mood::Well | Mood::Loses | Mood::Waits | Mood::Versions | Mood::Exact | Mood::Down | Mood::Silent => {}
    }
    told
}

impl Shelf {
    /// The code of what is wrong with a request.
    fn checked(&self, head: &Parts, body: &Bytes) -> Result<(), &'static str> {
        let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
        let authorization = header("authorization").ok_or("MissingSecurityHeader")?;
        let names = authorization.split_once("SignedHeaders=").and_then(|(_, rest)| rest.split_once(','));
        let names: Vec<&str> = names.ok_or("AuthorizationHeaderMalformed")?.0.split(';').collect();
        let must = |name: &str| name == "host" || name == "range" || name.starts_with("x-amz-");
        if head.headers.keys().any(|name| must(name.as_str()) && !names.contains(&name.as_str())) {
            return Err("SignatureDoesNotMatch");
        }
        let signed: Option<BTreeMap<String, String>> =
            names.iter().map(|name| Some(((*name).to_owned(), header(name)?.to_owned()))).collect();
        let signed = signed.ok_or("SignatureDoesNotMatch")?;
        let (path, query) = (head.uri.path(), head.uri.query().unwrap_or_default());
        let wanted = Signed { method: head.method.as_str(), path, query, headers: &signed };
        if self.signer.authorization(&wanted) != authorization {
            return Err("SignatureDoesNotMatch");
        }
        let format = format_description!("[year][month][day]T[hour][minute][second]Z");
        let sent = PrimitiveDateTime::parse(header(DATE).unwrap_or_default(), format).map_err(|_| "AccessDenied")?;
        if (clock::wall() - sent.assume_utc()).abs() > time::Duration::minutes(15) {
            return Err("RequestTimeTooSkewed");
        }
        if header(SUM) != Some(&format!("{:x}", Sha256::digest(body))) {
            return Err("XAmzContentSHA256Mismatch");
        }
        let length = header("content-length").and_then(|length| length.parse().ok());
        if head.method == Method::PUT && length != Some(body.len()) {
            return Err("MissingContentLength");
        }
        Ok(())
    }

    fn is_locked(&self, name: &str) -> bool {
        self.locked.lock().as_ref().is_some_and(|end| name.ends_with(end.as_str()))
    }

    fn done(&self, head: &Parts, body: Bytes, mood: Mood) -> Response {
        let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
        let query: BTreeMap<String, String> =
            url::form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
        let path = head.uri.path().trim_start_matches('/');
        let (bucket, name) = path.split_once('/').unwrap_or((path, ""));
        if bucket != BUCKET {
            return refusal(404, "NoSuchBucket");
        }
        let mut objects = self.objects.lock();
        let versions = mood == Mood::Versions;
        match (&head.method, name) {
            (&Method::GET, "") => page(&objects, &query),
            (&Method::PUT, name) if self.is_locked(name) && objects.contains_key(name) => refusal(403, "AccessDenied"),
            (&Method::PUT, name) if !name.is_empty() => {
                objects.insert(name.to_owned(), Object { bytes: body, sum: header(KEPT).map(str::to_owned) });
                if versions { ([("x-amz-version-id", "v1")], "").into_response() } else { "".into_response() }
            }
            (&Method::DELETE, name) if self.is_locked(name) => refusal(403, "AccessDenied"),
            (&Method::DELETE, name) if mood == Mood::Exact && !objects.contains_key(name) => refusal(404, "NoSuchKey"),
            (&Method::DELETE, name) if !name.is_empty() => {
                objects.remove(name);
                let marked = versions && !query.contains_key("versionId");
                let told = StatusCode::NO_CONTENT;
                if marked { (told, [("x-amz-delete-marker", "true")]).into_response() } else { told.into_response() }
            }
            (&Method::GET | &Method::HEAD, name) => match objects.get(name) {
                None => refusal(404, "NoSuchKey"),
                Some(object) => given(object, header("range")),
            },
            _ => refusal(405, "MethodNotAllowed"),
        }
    }
}

/// The server leaves the body of an answer to HEAD out.
fn given(Object { bytes, sum }: &Object, range: Option<&str>) -> Response {
    let last = range.and_then(|range| range.strip_prefix("bytes=0-")?.parse::<usize>().ok());
    if last.is_some() && bytes.is_empty() {
        return refusal(416, "InvalidRange");
    }
    let status = if last.is_some() { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
    let bytes = last.map_or_else(|| bytes.clone(), |last| bytes.slice(..bytes.len().min(last + 1)));
    let mut told = Response::builder().status(status).header(CONTENT_LENGTH, bytes.len());
    if let Some(sum) = sum {
        told = told.header(KEPT, sum);
    }
    told.body(Body::from(bytes)).unwrap()
}

fn page(objects: &BTreeMap<String, Object>, query: &BTreeMap<String, String>) -> Response {
    let of = |name: &str| query.get(name).map_or("", String::as_str);
    if of("list-type") != "2" {
        return refusal(400, "InvalidArgument");
    }
    let after = of("start-after").max(of("continuation-token"));
    let mut names = objects.keys().filter(|name| name.starts_with(of("prefix")) && name.as_str() > after);
    let some: Vec<&String> = names.by_ref().take(2).collect();
    let contents: String = some.iter().map(|name| format!("<Contents><Key>{name}</Key></Contents>")).collect();
    let next = match (names.next(), some.last()) {
        (Some(_), Some(last)) => format!("<NextContinuationToken>{last}</NextContinuationToken>"),
        (None, _) | (_, None) => String::new(),
    };
    let more = !next.is_empty();
    format!(
        "<?xml version=\"1.0\"?><ListBucketResult><IsTruncated>{more}</IsTruncated>{next}{contents}</ListBucketResult>"
    )
    .into_response()
}

fn refusal(status: u16, code: &str) -> Response {
    (StatusCode::from_u16(status).unwrap(), format!("<Error><Code>{code}</Code></Error>")).into_response()
}
