//! What the SOAP interface looks like: services, operations, types, read from `contract/*.toml`.
//!
//! The one description that requests are checked against, replies are written by and WSDLs are made from, so that the three cannot
//! disagree. Holds no behaviour.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::Dialect;

const SERVICES: &str = include_str!("contract/services.toml");
const TYPES: &str = include_str!("contract/types.toml");

/// Everything one dialect offers.
#[derive(Debug)]
pub(super) struct Contract {
    pub(super) services: BTreeMap<String, Service>,
    pub(super) types: BTreeMap<String, Vec<Field>>,
    pub(super) enums: BTreeMap<String, Vec<String>>,
}

#[derive(Debug)]
pub(super) struct Service {
    pub(super) name: String,
    /// As in the WSDL: `ScheduleWs`.
    pub(super) port: String,
    /// Wants a security header.
    pub(super) secured: bool,
    /// The declared exception of all its operations.
    pub(super) throws: Option<String>,
    pub(super) operations: BTreeMap<String, Operation>,
}

#[derive(Debug)]
pub(super) struct Operation {
    pub(super) name: String,
    pub(super) takes: Vec<Field>,
    /// None: void.
    pub(super) gives: Option<Field>,
}

#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) occurs: Occurs,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Int,
    Boolean,
    DateTime,
    /// A Java `char`, which travels as its number.
    Char,
    Enum(String),
    Object(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Occurs {
    Once,
    Optional,
    Many,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ServiceFile {
    port: String,
    secured: bool,
    throws: Option<String>,
    operations: BTreeMap<String, String>,
    #[serde(default)]
    openo: BTreeMap<String, String>,
    #[serde(default)]
    juno: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TypesFile {
    enums: BTreeMap<String, Vec<String>>,
    types: BTreeMap<String, BTreeMap<String, String>>,
}

impl Contract {
    pub(super) fn of(dialect: Dialect) -> Self {
        let services: BTreeMap<String, ServiceFile> =
            toml::from_str(SERVICES).expect("the built-in contract is well-formed");
        let types: TypesFile = toml::from_str(TYPES).expect("the built-in contract is well-formed");
        let field = |name: &str, kind: &str| Field::read(name, kind, &types.enums);
        let services = services.into_iter().map(|(name, file)| {
            let own = match dialect {
                Dialect::Openo => file.openo,
                Dialect::Juno => file.juno,
                Dialect::Mcmaster | Dialect::Rest => BTreeMap::new(),
            };
            let operations = file
                .operations
                .into_iter()
                .chain(own)
                .map(|(name, signature)| (name.clone(), Operation::read(name, &signature, &field)))
                .collect();
            let service =
                Service { name: name.clone(), port: file.port, secured: file.secured, throws: file.throws, operations };
            (name, service)
        });
        let services = services.collect();
        let fields = |fields: &BTreeMap<String, String>| fields.iter().map(|(name, kind)| field(name, kind)).collect();
        let all = types.types.iter().map(|(name, of)| (name.clone(), fields(of))).collect();
        Self { services, types: all, enums: types.enums }
    }

    /// Types and enumerations that a service's operations need.
    pub(super) fn reachable<'a>(&'a self, service: &'a Service) -> BTreeSet<&'a str> {
        let fields = service.operations.values().flat_map(|operation| operation.takes.iter().chain(&operation.gives));
        let mut open: Vec<&Field> = fields.collect();
        let mut reached = BTreeSet::new();
        while let Some(field) = open.pop() {
            match &field.kind {
                Kind::Object(name) => {
                    if reached.insert(name.as_str()) {
                        open.extend(self.types.get(name).into_iter().flatten());
                    }
                }
                Kind::Enum(name) => {
                    reached.insert(name.as_str());
                }
                Kind::Text | Kind::Int | Kind::Boolean | Kind::DateTime | Kind::Char => {}
            }
        }
        reached
    }
}

impl Operation {
    fn read(name: String, signature: &str, field: &impl Fn(&str, &str) -> Field) -> Self {
        let (takes, gives) = signature.split_once("->").expect("a signature has an arrow");
        let parameter = |(n, parameter): (usize, &str)| match parameter.trim().split_once(' ') {
            Some((name, kind)) => field(name, kind),
            None => field(&format!("arg{n}"), parameter.trim()),
        };
        let takes = takes.split(',').filter(|takes| !takes.trim().is_empty()).enumerate().map(parameter).collect();
        let gives = Some(gives.trim()).filter(|gives| *gives != "void").map(|gives| field("return", gives));
        Self { name, takes, gives }
    }
}

impl Field {
    fn read(name: &str, kind: &str, enums: &BTreeMap<String, Vec<String>>) -> Self {
        let (kind, occurs) = match (kind.strip_suffix('?'), kind.strip_suffix('*')) {
            (Some(kind), _) => (kind, Occurs::Optional),
            (None, Some(kind)) => (kind, Occurs::Many),
            (None, None) => (kind, Occurs::Once),
        };
        let kind = match kind {
            "string" => Kind::Text,
            "int" => Kind::Int,
            "boolean" => Kind::Boolean,
            "dateTime" => Kind::DateTime,
            "unsignedShort" => Kind::Char,
            name if enums.contains_key(name) => Kind::Enum(name.to_owned()),
            name => Kind::Object(name.to_owned()),
        };
        Self { name: name.to_owned(), kind, occurs }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIALECTS: [Dialect; 3] = [Dialect::Mcmaster, Dialect::Openo, Dialect::Juno];

    #[test]
    fn every_type_that_is_named_exists() {
        for contract in DIALECTS.map(Contract::of) {
            for service in contract.services.values() {
                for name in contract.reachable(service) {
                    assert!(contract.types.contains_key(name) || contract.enums.contains_key(name), "{name}");
                }
            }
        }
    }

    #[test]
    fn parameters_without_a_name_are_counted() {
        let contract = Contract::of(Dialect::Mcmaster);
        let search = &contract.services["DemographicService"].operations["searchDemographicsByAttributes"];
        assert_eq!(search.takes.len(), 12);
        assert_eq!(search.takes[11].name, "arg11");
        assert_eq!(search.takes[3].kind, Kind::Enum("gender".into()));
        let after = &contract.services["ScheduleService"].operations["getAppointmentsByDemographicIdAfter"];
        assert_eq!(after.takes[0].name, "lastUpdate");
    }

    #[test]
    fn a_dialect_has_its_own_operations_only() {
        let has =
            |dialect, service: &str, name: &str| Contract::of(dialect).services[service].operations.contains_key(name);
        assert!(has(Dialect::Juno, "ScheduleService", "cancelAppointment"));
        assert!(!has(Dialect::Mcmaster, "ScheduleService", "cancelAppointment"));
        assert!(has(Dialect::Openo, "DemographicService", "getDemographic2"));
        assert!(!has(Dialect::Juno, "DemographicService", "getDemographic2"));
    }
}
