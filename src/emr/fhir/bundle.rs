//! What a search finds: its pages, followed within bounds and at this server alone, and the resources in them.
//!
//! A page elsewhere, one too many, one too late, and anything in them that is not what was asked for are errors, never less than the whole: what is
//! left out of a day would be free. All pages together have the time of one answer, since a caller waits for them.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;
use tokio::time::timeout;
use url::Url;

use super::super::EmrError;
use super::super::failure::Failure;
use super::client::{Client, Parameters, Service};
use super::reference;

/// Resources of a page that are asked for.
pub(super) const COUNT: &str = "100";

/// More is no day, no patient and no clinic of ours.
const MOST_PAGES: usize = 20;
const MOST: usize = 2_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bundle {
    resource_type: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    link: Vec<Link>,
    #[serde(default)]
    entry: Vec<Entry>,
}

#[derive(Deserialize)]
struct Link {
    relation: String,
    url: String,
}

#[derive(Deserialize)]
struct Entry {
    resource: Option<Value>,
    search: Option<Search>,
}

#[derive(Deserialize)]
struct Search {
    mode: Option<String>,
}

/// A page: what it has, and where the next one is.
pub(super) struct Page {
    pub(super) resources: Vec<Value>,
    next: Option<String>,
}

impl Page {
    /// Of resources of this kind.
    pub(super) fn read(bundle: Value, kind: &str) -> Result<Self, Failure> {
        let bundle: Bundle = serde_json::from_value(bundle)
            .map_err(|_| Failure::odd("a search was answered with something else than a bundle"))?;
        if bundle.resource_type != "Bundle" || bundle.kind != "searchset" {
            return Err(Failure::odd("a search was answered with something else than what it found"));
        }
        let mut resources = Vec::new();
        for entry in bundle.entry {
            let mode = entry.search.and_then(|search| search.mode);
            if matches!(mode.as_deref(), Some("include" | "outcome")) {
                continue;
            }
            let resource = entry.resource.ok_or_else(|| Failure::odd("a search found an entry without a resource"))?;
            match resource.get("resourceType").and_then(Value::as_str) {
                Some(found) if found == kind => resources.push(resource),
                Some("OperationOutcome") => {}
                Some(_) | None => return Err(Failure::odd("a search found another kind of resource")),
            }
        }
        let next = bundle.link.into_iter().find(|link| link.relation == "next").map(|link| link.url);
        Ok(Self { resources, next })
    }
}

/// The id of a resource.
pub(super) fn id(resource: &Value) -> Result<&str, Failure> {
    let id = resource.get("id").and_then(Value::as_str);
    id.filter(|id| reference::is_id(id)).ok_or_else(|| Failure::odd("a resource has no id that could be one"))
}

impl Client {
    /// All that is found; an error if it is more than is bounded.
    pub(super) async fn search(&self, service: Service, sought: Parameters) -> Result<Vec<Value>, Failure> {
        let (found, is_all) = self.search_within(service, sought, MOST_PAGES).await?;
        if is_all { Ok(found) } else { Err(Failure::odd("a search found more pages than there can be")) }
    }

    /// What is found on so many pages, and whether that is all.
    pub(super) async fn search_within(
        &self,
        service: Service,
        sought: Parameters,
        pages: usize,
    ) -> Result<(Vec<Value>, bool), Failure> {
        let most = self.whole();
        timeout(most, self.pages(service, sought, pages)).await.unwrap_or_else(|_| {
            let what = format!("the pages of a search were not all there within {} ms", most.as_millis());
            Err(Failure::Lost(EmrError::Timeout(what)))
        })
    }

    async fn pages(
        &self,
        service: Service,
        mut sought: Parameters,
        pages: usize,
    ) -> Result<(Vec<Value>, bool), Failure> {
        sought.push(("_count", COUNT.to_owned()));
        let mut found = Vec::new();
        let mut seen = BTreeSet::new();
        let mut next: Option<Url> = None;
        for _ in 0..pages {
            let page = Page::read(self.page(service, &sought, next.as_ref()).await?, service.kind())?;
            for resource in page.resources {
                // A page may move under whoever reads it.
                if seen.insert(id(&resource)?.to_owned()) {
                    found.push(resource);
                }
            }
            if found.len() > MOST {
                return Err(Failure::odd("a search found more than there can be"));
            }
            match page.next {
                None => return Ok((found, true)),
                Some(address) => next = Some(self.of_ours(&address)?),
            }
        }
        Ok((found, false))
    }

    /// The token goes there: to this server and to no other.
    fn of_ours(&self, address: &str) -> Result<Url, Failure> {
        let mut base = self.base.clone();
        // What is written without the server's address stands behind the service base, not beside it.
        if !address.starts_with('?') && !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        let url = base
            .join(address)
            .ok()
            .filter(|url| url.origin() == self.base.origin() && url.username().is_empty() && url.password().is_none());
        url.ok_or_else(|| Failure::odd("the next page of a search is at another server"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(bundle: Value) -> Result<usize, ()> {
        Page::read(bundle, "Slot").map(|page| page.resources.len()).map_err(drop)
    }

    #[test]
    fn what_was_not_asked_for_is_no_answer() {
        let with = |entry: Value| json!({ "resourceType": "Bundle", "type": "searchset", "entry": entry });
        assert_eq!(read(with(json!([{ "resource": { "resourceType": "Slot" } }]))), Ok(1));
        let more = json!([{ "resource": { "resourceType": "Schedule" }, "search": { "mode": "include" } }]);
        assert_eq!(read(with(more)), Ok(0));
        assert_eq!(read(json!({ "resourceType": "Bundle", "type": "searchset" })), Ok(0));
        for wrong in [
            with(json!([{ "resource": { "resourceType": "Patient" } }])),
            with(json!([{ "resource": { "resourceType": 1 } }])),
            with(json!([{ "resource": null }])),
            with(json!({})),
            json!({ "resourceType": "Bundle", "type": "history" }),
            json!({ "resourceType": "Bundle", "type": "searchset", "link": [{ "relation": "next" }] }),
            json!({ "resourceType": "OperationOutcome", "type": "searchset" }),
            json!([]),
            Value::Null,
        ] {
            assert_eq!(read(wrong.clone()), Err(()), "{wrong}");
        }
    }
}
