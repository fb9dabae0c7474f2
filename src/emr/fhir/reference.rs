//! References between resources: which of them are to this server, and to what.

use url::Url;

/// Signs of an id; more are none.
const LONGEST_ID: usize = 64;

/// Whether this may be the id of a resource.
pub(super) fn is_id(text: &str) -> bool {
    (1..=LONGEST_ID).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'))
        && !matches!(text, "." | "..")
}

/// Of a reference to this kind of resource at this server, its id: `Patient/1`, the same behind the server's own address, and with a version.
pub(super) fn id_of<'a>(reference: &'a str, kind: &str, base: &Url) -> Option<&'a str> {
    let base = base.as_str().trim_end_matches('/');
    let relative = match reference.strip_prefix(base) {
        Some(rest) => rest.strip_prefix('/')?,
        None => reference,
    };
    let rest = relative.strip_prefix(kind)?.strip_prefix('/')?;
    let id = rest.split_once("/_history/").map_or(rest, |(id, _)| id);
    is_id(id).then_some(id)
}

pub(super) fn to(kind: &str, id: &str) -> String {
    format!("{kind}/{id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_references_to_this_server_and_this_kind_count() {
        let base = Url::parse("https://fhir.example.ca/r4").unwrap();
        for (reference, id) in [
            ("Patient/1", Some("1")),
            ("https://fhir.example.ca/r4/Patient/a-1.b", Some("a-1.b")),
            ("Patient/1/_history/3", Some("1")),
            ("https://elsewhere.example/r4/Patient/1", None),
            ("https://fhir.example.ca/r4x/Patient/1", None),
            ("Practitioner/1", None),
            ("Patient/", None),
            ("Patient/..", None),
            ("Patient/1/../2", None),
            ("Patient/1?x", None),
            ("#Patient/1", None),
            ("urn:uuid:1", None),
        ] {
            assert_eq!(id_of(reference, "Patient", &base), id, "{reference}");
        }
        assert!(!is_id(&"x".repeat(65)) && is_id(&"x".repeat(64)));
    }
}
