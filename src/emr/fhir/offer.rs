//! What a server says that it offers, of what is used here (its CapabilityStatement).

use serde::Deserialize;
use serde_json::Value;

use super::super::failure::Failure;
use super::super::{EmrError, Finding};
use super::Inner;

/// Operations of this guide, by the address of their definitions: others of the same names take other parameters.
const ARGONAUT: &str = "argonaut-scheduling";

/// Of each resource, what is asked of it.
const NEEDED: [(&str, &[&str]); 4] = [
    ("Schedule", &["search-type"]),
    ("Slot", &["search-type"]),
    ("Patient", &["read", "search-type"]),
    ("Appointment", &["read", "search-type", "create", "update"]),
];

/// Of them, those that tell times; `$find` may stand for both.
const TIMES: [&str; 2] = ["Schedule", "Slot"];

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Offer {
    /// How appointments are booked.
    pub(super) books: Books,
    /// What tells the times that are free.
    pub(super) times: Times,
    /// What it lacks, and how to mend that.
    pub(super) lacks: Vec<(String, &'static str)>,
    /// It makes charts, and none twice.
    pub(super) makes_charts: bool,
    /// It has practitioners in roles: what names them alone is not seen.
    pub(super) has_roles: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Books {
    /// By a conditional create.
    Created,
    /// By the guide's `$book`.
    Booked,
    /// By its `$hold` first, then by `$book`.
    HeldThenBooked,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Times {
    /// Slots of schedules: they also tell what is closed, and what is taken.
    Slots,
    /// The guide's `$find`, where slots cannot be searched: it tells what is free and nothing else.
    Proposed,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statement {
    resource_type: String,
    fhir_version: String,
    #[serde(default)]
    rest: Vec<Rest>,
}

#[derive(Deserialize)]
struct Rest {
    mode: String,
    #[serde(default)]
    resource: Vec<Resource>,
    #[serde(default)]
    operation: Vec<Operation>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Resource {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    interaction: Vec<Interaction>,
    #[serde(default)]
    operation: Vec<Operation>,
    #[serde(default)]
    conditional_create: bool,
    versioning: Option<String>,
}

#[derive(Deserialize)]
struct Interaction {
    code: String,
}

#[derive(Deserialize)]
struct Operation {
    name: String,
    #[serde(default)]
    definition: String,
}

impl Offer {
    pub(super) fn read(metadata: Value) -> Result<Self, Failure> {
        let statement: Statement = serde_json::from_value(metadata)
            .map_err(|_| Failure::odd("what the server says of itself is no CapabilityStatement"))?;
        let server = statement.rest.into_iter().find(|rest| rest.mode == "server");
        let Some(server) = server.filter(|_| statement.resource_type == "CapabilityStatement") else {
            return Err(Failure::odd("what the server says of itself is no CapabilityStatement of a server"));
        };
        if !statement.fhir_version.starts_with("4.") {
            let what = "the server is not one of FHIR R4; is emr.fhir.base_url that of its R4?";
            return Err(Failure::Refused(EmrError::Invalid(what.into())));
        }
        let of = |kind: &str| server.resource.iter().find(|resource| resource.kind == kind);
        let operations = || server.operation.iter().chain(of("Appointment").into_iter().flat_map(|of| &of.operation));
        let offers = |name: &str| {
            operations().any(|one| one.name.trim_start_matches('$') == name && one.definition.contains(ARGONAUT))
        };
        let books = match (offers("book"), offers("hold")) {
            (true, true) => Books::HeldThenBooked,
            (true, false) => Books::Booked,
            (false, _) => Books::Created,
        };
        let has = |kind: &str, code: &str| {
            of(kind).is_some_and(|of| of.interaction.iter().any(|offered| offered.code == code))
        };
        let has_slots = TIMES.iter().all(|kind| has(kind, "search-type"));
        let times = if !has_slots && offers("find") { Times::Proposed } else { Times::Slots };
        let mut lacks = Vec::new();
        for (kind, codes) in NEEDED {
            for code in codes {
                let is_replaced = match times {
                    Times::Proposed if TIMES.contains(&kind) => true,
                    Times::Proposed | Times::Slots => books != Books::Created && *code == "create",
                };
                if !has(kind, code) && !is_replaced {
                    lacks.push((
                        format!("it does not offer {code} of {kind}"),
                        "have the server's operator switch it on",
                    ));
                }
            }
        }
        if books == Books::Created && !of("Appointment").is_some_and(|of| of.conditional_create) {
            lacks.push((
                "it does not offer conditional create of Appointment: a booking that is delivered twice would be two"
                    .into(),
                "have the server's operator switch it on",
            ));
        }
        if of("Appointment").is_none_or(|of| of.versioning.as_deref() != Some("versioned-update")) {
            lacks.push((
                "it does not say versioned-update of Appointment: a change that arrives late would write over what the front desk did meanwhile"
                    .into(),
                "have the server's operator switch on that updates are refused whose If-Match names another version",
            ));
        }
        let makes_charts = has("Patient", "create") && of("Patient").is_some_and(|of| of.conditional_create);
        Ok(Self { books, times, lacks, makes_charts, has_roles: of("PractitionerRole").is_some() })
    }

    pub(super) fn findings(&self) -> Vec<Finding> {
        let how = match self.books {
            Books::Created => "appointments are created, on the condition that they are not there yet",
            Books::Booked => "appointments are booked by $book",
            Books::HeldThenBooked => "appointments are held by $hold and booked by $book",
        };
        let lacks = self.lacks.iter().map(|(what, mend)| Finding::bad(what.as_str(), *mend));
        let roles = self.has_roles.then(|| {
            Finding::good(
                "it knows PractitionerRole: schedules and appointments that name a role and no Practitioner are not seen; have the staff \
                 confirm that theirs name the Practitioner",
            )
        });
        let times = match self.times {
            Times::Slots => None,
            Times::Proposed => Some(Finding::good(
                "free times are those that $find proposes: what is closed is not told from what is taken, nor who works here still; have \
                 the staff confirm those of [emr.fhir.providers]",
            )),
        };
        lacks.chain([Finding::good(how)]).chain(times).chain(roles).collect()
    }
}

impl Inner {
    pub(super) async fn offer(&self) -> Result<Offer, Failure> {
        if let Some(offer) = self.offer.get(&()) {
            return Ok(offer);
        }
        let _door = self.asking.lock().await;
        match self.offer.get(&()) {
            Some(offer) => Ok(offer),
            None => self.ask_offer().await,
        }
    }

    /// Asks again before what is known is too old, so that no booking waits for it.
    pub(super) async fn warm_offer(&self) {
        let Ok(_door) = self.asking.try_lock() else { return };
        if !self.offer.is_young(&())
            && let Err(failure) = self.ask_offer().await
        {
            tracing::debug!(error = %failure.of_read(), "what the server offers is not known yet");
        }
    }

    async fn ask_offer(&self) -> Result<Offer, Failure> {
        let offer = Offer::read(self.client.metadata().await?)?;
        self.offer.put((), offer.clone());
        Ok(offer)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn statement(operations: Value) -> Value {
        let resource = |kind: &str, codes: &[&str]| {
            let interactions: Vec<Value> = codes.iter().map(|code| json!({ "code": code })).collect();
            json!({
                "type": kind, "interaction": interactions, "conditionalCreate": kind == "Appointment", "operation": operations,
                "versioning": "versioned-update",
            })
        };
        let resources: Vec<Value> = NEEDED.iter().map(|(kind, codes)| resource(kind, codes)).collect();
        json!({ "resourceType": "CapabilityStatement", "fhirVersion": "4.0.1", "rest": [{ "mode": "server", "resource": resources }] })
    }

    fn offer(statement: Value) -> Offer {
        Offer::read(statement).ok().unwrap()
    }

    #[test]
    fn only_the_guides_own_operations_are_used() {
        let define = |name: &str, guide: &str| json!({ "name": name, "definition": format!("http://fhir.org/guides/{guide}/OperationDefinition/appointment-{name}") });
        let argonaut = ["book", "hold"].map(|name| define(name, "argonaut-scheduling"));
        let plain = Offer {
            books: Books::Created,
            times: Times::Slots,
            lacks: Vec::new(),
            makes_charts: false,
            has_roles: false,
        };
        assert_eq!(offer(statement(json!([]))), plain);
        assert_eq!(offer(statement(json!(argonaut))).books, Books::HeldThenBooked);
        assert_eq!(offer(statement(json!([argonaut[0]]))).books, Books::Booked);
        assert_eq!(offer(statement(json!([define("book", "others")]))).books, Books::Created);
    }

    #[test]
    fn times_are_asked_of_find_where_slots_cannot_be_searched_and_nowhere_else() {
        let find = |guide: &str| json!([{ "name": "find", "definition": format!("http://fhir.org/guides/{guide}/OperationDefinition/appointment-find") }]);
        let both = offer(statement(find("argonaut-scheduling")));
        assert_eq!((both.times, both.lacks), (Times::Slots, Vec::new()), "slots tell more");
        for missing in [0, 1] {
            for (guide, times, lacks) in [("argonaut-scheduling", Times::Proposed, 0), ("others", Times::Slots, 1)] {
                let mut without = statement(find(guide));
                without["rest"][0]["resource"][missing]["interaction"] = json!([]);
                let offer = offer(without);
                assert_eq!((offer.times, offer.lacks.len()), (times, lacks), "{missing} {guide}: {:?}", offer.lacks);
            }
        }
    }

    #[test]
    fn charts_are_made_where_none_is_made_twice() {
        let with = |conditional: bool| {
            let mut statement = statement(json!([]));
            statement["rest"][0]["resource"][2] = json!({
                "type": "Patient", "conditionalCreate": conditional,
                "interaction": [{ "code": "read" }, { "code": "search-type" }, { "code": "create" }],
            });
            offer(statement).makes_charts
        };
        assert!(with(true) && !with(false) && !offer(statement(json!([]))).makes_charts);
    }

    #[test]
    fn what_is_missing_is_told() {
        let mut lame = statement(json!([]));
        lame["rest"][0]["resource"][3]["conditionalCreate"] = json!(false);
        lame["rest"][0]["resource"][1]["interaction"] = json!([]);
        lame["rest"][0]["resource"][3]["versioning"] = json!("versioned");
        let lacks: Vec<String> = offer(lame).lacks.into_iter().map(|(what, _)| what).collect();
        let told = ["search-type of Slot", "conditional create", "versioned-update of Appointment"];
        assert!(lacks.len() == 3 && lacks.iter().zip(told).all(|(lack, part)| lack.contains(part)), "{lacks:?}");
        let mut roles = statement(json!([]));
        let known = roles["rest"][0]["resource"].as_array_mut().unwrap();
        known.push(json!({ "type": "PractitionerRole" }));
        let findings = offer(roles).findings();
        assert!(findings.iter().any(|finding| finding.mend.is_none() && finding.what.contains("name a role")));
    }

    #[test]
    fn another_version_and_anything_else_is_an_error() {
        let mut old = statement(json!([]));
        old["fhirVersion"] = json!("3.0.2");
        let mut client = statement(json!([]));
        client["rest"][0]["mode"] = json!("client");
        for wrong in [old, client, json!({ "resourceType": "CapabilityStatement" }), json!([]), Value::Null] {
            assert!(Offer::read(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
