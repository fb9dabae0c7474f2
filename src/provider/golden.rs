//! What the vendors' own packages say, as `make record-vendors` wrote it down (`tests/golden/vendors`): what each client says is compared with it.

use serde_json::Value;
use url::Url;

/// What a package said when it was asked for what we ask, in order.
pub(crate) struct Golden(Vec<Value>);

/// An address without its host. The order of a query is nobody's business.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Place {
    path: String,
    query: Vec<(String, String)>,
}

impl From<&Url> for Place {
    fn from(url: &Url) -> Self {
        let mut query: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        query.sort_unstable();
        Self { path: url.path().to_owned(), query }
    }
}

impl Place {
    /// The other one's, with less asked for.
    pub(crate) fn is_within(&self, other: &Self) -> bool {
        self.path == other.path && self.query.iter().all(|asked| other.query.contains(asked))
    }
}

impl Golden {
    pub(crate) fn of(vendor: &str) -> Self {
        let file = format!("{}/tests/golden/vendors/{vendor}.jsonl", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
        Self(text.lines().map(read).collect())
    }

    /// Where it connected to, or sent a request.
    pub(crate) fn places(&self) -> Vec<Place> {
        let base = Url::parse("http://vendor").expect("it is one");
        let place = |request: &Value| {
            let (_, target) = request.as_str()?.split_once(' ')?;
            Some(Place::from(&base.join(target).expect("the rest of one")))
        };
        self.all("request").filter_map(place).collect()
    }

    /// A header of its first request.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.all("headers").next().and_then(|headers| headers[name].as_str()).unwrap_or_else(|| panic!("no {name}"))
    }

    /// The texts of its WebSocket, which are JSON.
    pub(crate) fn texts(&self) -> Vec<Value> {
        self.all("text").cloned().collect()
    }

    /// The bodies of its requests, and of messages that have a head.
    pub(crate) fn bodies(&self) -> Vec<Value> {
        self.all("body").cloned().collect()
    }

    /// The heads of messages that have one.
    pub(crate) fn heads(&self) -> Vec<&str> {
        self.all("head").filter_map(Value::as_str).collect()
    }

    /// Messages of gRPC, in hexadecimal.
    pub(crate) fn messages(&self) -> Vec<&str> {
        self.all("message").filter_map(Value::as_str).collect()
    }

    fn all(&self, key: &'static str) -> impl Iterator<Item = &Value> {
        self.0.iter().filter_map(move |line| line.get(key))
    }
}

/// A text of ours.
pub(crate) fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
