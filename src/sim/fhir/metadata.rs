//! What the server says of itself.

use serde_json::{Value, json};

use super::Conduct;

pub(super) fn statement(conduct: Conduct) -> Value {
    let resource = |kind: &str, codes: &[&str]| {
        let interaction: Vec<Value> = codes.iter().map(|code| json!({ "code": code })).collect();
        let versioning = if conduct == Conduct::Careless { "versioned" } else { "versioned-update" };
        json!({ "type": kind, "interaction": interaction, "versioning": versioning })
    };
    let mut appointment = resource("Appointment", &["read", "search-type", "update"]);
    if conduct.operates() {
        let define = |name: &str| {
            json!({
                "name": name,
                "definition": format!("http://fhir.org/guides/argonaut-scheduling/OperationDefinition/appointment-{name}"),
            })
        };
        let names = if conduct == Conduct::Finder { &["find", "hold", "book"][..] } else { &["hold", "book"][..] };
        appointment["operation"] = names.iter().map(|name| define(name)).collect();
    } else {
        appointment = resource("Appointment", &["read", "search-type", "update", "create"]);
        appointment["conditionalCreate"] = json!(true);
    }
    let mut patient = resource("Patient", &["read", "search-type"]);
    if conduct.creates("Patient") {
        patient = resource("Patient", &["read", "search-type", "create"]);
        patient["conditionalCreate"] = json!(true);
    }
    let mut resources = vec![patient, appointment];
    if conduct != Conduct::Finder {
        resources.extend([resource("Schedule", &["search-type"]), resource("Slot", &["search-type"])]);
    }
    json!({
        "resourceType": "CapabilityStatement", "status": "active", "kind": "instance", "fhirVersion": "4.0.1", "format": ["json"],
        "rest": [{ "mode": "server", "resource": resources }],
    })
}
