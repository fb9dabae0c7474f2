//! Which operation a request is for.

use axum::http::Method;

use super::BASE;

/// As faults name them.
pub(super) const OPERATIONS: [&str; 15] = [
    "token",
    "metadata",
    "page",
    "Schedule.search",
    "Slot.search",
    "Patient.search",
    "Patient.read",
    "Patient.create",
    "Appointment.search",
    "Appointment.read",
    "Appointment.create",
    "Appointment.update",
    "Appointment.find",
    "Appointment.hold",
    "Appointment.book",
];

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Token,
    Metadata,
    Page,
    Search(String),
    Read(String, String),
    Create(String),
    Update(String, String),
    /// `$find`, with its parameters in the address.
    Find,
    /// With its `$`.
    Operation(String),
}

impl Target {
    /// `None`: there is nothing there.
    pub(super) fn of(method: &Method, path: &str) -> Option<Self> {
        if path == "/token" {
            return (*method == Method::POST).then_some(Self::Token);
        }
        let rest = path.strip_prefix(BASE)?;
        let parts: Vec<&str> = rest.split('/').filter(|part| !part.is_empty()).collect();
        let own = str::to_owned;
        Some(match (method.as_str(), parts.as_slice()) {
            ("GET", []) => Self::Page,
            ("GET", ["metadata"]) => Self::Metadata,
            ("GET", [kind]) | ("POST", [kind, "_search"]) => Self::Search(own(kind)),
            ("GET", ["Appointment", "$find"]) => Self::Find,
            ("GET", [kind, id]) => Self::Read(own(kind), own(id)),
            ("POST", [kind]) => Self::Create(own(kind)),
            ("PUT", [kind, id]) => Self::Update(own(kind), own(id)),
            ("POST", ["Appointment", operation]) if operation.starts_with('$') => Self::Operation(own(operation)),
            _ => return None,
        })
    }

    /// As faults name it.
    pub(super) fn operation(&self) -> String {
        match self {
            Self::Token => "token".to_owned(),
            Self::Metadata => "metadata".to_owned(),
            Self::Page => "page".to_owned(),
            Self::Search(kind) => format!("{kind}.search"),
            Self::Read(kind, _) => format!("{kind}.read"),
            Self::Create(kind) => format!("{kind}.create"),
            Self::Update(kind, _) => format!("{kind}.update"),
            Self::Find => "Appointment.find".to_owned(),
            Self::Operation(name) => format!("Appointment.{}", name.trim_start_matches('$')),
        }
    }
}
