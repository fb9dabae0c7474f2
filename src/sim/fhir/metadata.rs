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
    if conduct == Conduct::Argonaut {
        let define = |name: &str| {
            json!({
                "name": name,
                "definition": format!("http://fhir.org/guides/argonaut-scheduling/OperationDefinition/appointment-{name}"),
            })
        };
        appointment["operation"] = json!([define("hold"), define("book")]);
    } else {
        appointment = resource("Appointment", &["read", "search-type", "update", "create"]);
        appointment["conditionalCreate"] = json!(true);
    }
    json!({
        "resourceType": "CapabilityStatement", "status": "active", "kind": "instance", "fhirVersion": "4.0.1", "format": ["json"],
        "rest": [{ "mode": "server", "resource": [
            resource("Schedule", &["search-type"]), resource("Slot", &["search-type"]),
            resource("Patient", &["read", "search-type"]), appointment,
        ] }],
    })
}
