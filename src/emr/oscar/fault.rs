//! What the faults of OSCAR's two generations mean.
//!
//! The words of a fault may quote an argument, which may be a patient's: they are sorted and never passed on.

use super::xml::Element;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The security header was not accepted: nothing ran, and another token may help.
    Security,
    /// Wrong name or password, or the account has expired.
    Login,
    /// The account's role lacks this object of OSCAR's; empty if it is not told.
    Role(String),
    /// The operation or an argument is not known there: nothing ran.
    Client,
    /// Anything else that went wrong within OSCAR.
    Server,
}

/// WS-Security's own codes as CXF 2.7 sends them, and the one that CXF 3.5 sends instead of them all.
const SECURITY: [&str; 7] = [
    "FailedAuthentication",
    "InvalidSecurity",
    "InvalidSecurityToken",
    "FailedCheck",
    "MessageExpired",
    "UnsupportedSecurityToken",
    "SecurityError",
];

/// Names of OSCAR's security objects are short: `_demographic`, `_appointment`.
const LONGEST_OBJECT: usize = 40;

impl Fault {
    /// `None`: it is no fault.
    pub(super) fn of(answer: &Element) -> Option<Self> {
        if answer.name != "Fault" {
            return None;
        }
        // SOAP 1.2 names them otherwise; some servers answer so whatever they were asked in.
        let value = |code: &Element| code.text_of("Value").map(str::to_owned);
        let codes = [
            answer.text_of("faultcode").map(str::to_owned),
            answer.child("Code").and_then(value),
            answer.child("Code").and_then(|code| code.child("Subcode")).and_then(value),
        ];
        let codes: Vec<&str> =
            codes.iter().flatten().map(|c| c.rsplit([':', '}']).next().unwrap_or_default()).collect();
        let words = answer.text_of("faultstring").or_else(|| answer.child("Reason").and_then(|r| r.text_of("Text")));
        let words = words.unwrap_or_default();
        let refused = |detail: &Element| detail.children.iter().any(|child| child.name == "NotAuthorisedException");
        Some(if answer.child("detail").is_some_and(refused) || words == "Invalid Username/Password" {
            Self::Login
        } else if codes.iter().any(|code| SECURITY.contains(code)) {
            Self::Security
        } else if words.contains("missing required security object") || words.contains("privilege") {
            Self::Role(object(words))
        } else if codes.iter().any(|code| matches!(*code, "Client" | "Sender" | "VersionMismatch" | "MustUnderstand")) {
            Self::Client
        } else {
            Self::Server
        })
    }
}

/// What stands in brackets, if it is a name and nothing else.
fn object(words: &str) -> String {
    let inner = words.split_once('(').and_then(|(_, rest)| rest.split_once(')')).map_or("", |(inner, _)| inner);
    let is_name =
        inner.len() <= LONGEST_OBJECT && inner.chars().all(|c| c.is_ascii_alphabetic() || matches!(c, '_' | '.'));
    if is_name { inner.to_owned() } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::super::xml;
    use super::*;

    fn fault(inner: &str) -> Option<Fault> {
        let text = format!(
            r#"<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>{inner}</soap:Body></soap:Envelope>"#
        );
        Fault::of(&xml::answer(text.as_bytes()).ok().unwrap())
    }

    #[test]
    fn faults_of_both_generations_are_told_apart() {
        for (code, words, more, meaning) in [
            (
                "ns1:FailedAuthentication",
                "The security token could not be authenticated or authorized",
                "",
                Fault::Security,
            ),
            (
                "wsse:InvalidSecurity",
                "An error was discovered processing the <wsse:Security> header",
                "",
                Fault::Security,
            ),
            ("ns1:SecurityError", "A security error was encountered when verifying the message", "", Fault::Security),
            (
                "soap:Server",
                "Invalid Username/Password",
                r#"<detail><n:NotAuthorisedException xmlns:n="ws.oscarehr.org"/></detail>"#,
                Fault::Login,
            ),
            ("soap:Server", "missing required security object (_demographic)", "", Fault::Role("_demographic".into())),
            ("soap:Server", "missing required security object (Jane Roe 1984)", "", Fault::Role(String::new())),
            ("soap:Client", "Unmarshalling Error: For input string: \"Roe\"", "", Fault::Client),
            ("soap:Server", "Fault occurred while processing.", "", Fault::Server),
        ] {
            let words = words.replace('<', "&lt;");
            let inner = format!(
                "<soap:Fault><faultcode>{code}</faultcode><faultstring>{words}</faultstring>{more}</soap:Fault>"
            );
            assert_eq!(fault(&inner), Some(meaning), "{code} {words}");
        }
        assert_eq!(fault("<addAppointmentResponse><return>18</return></addAppointmentResponse>"), None);
    }

    #[test]
    fn a_fault_of_soap_1_2_is_one_too() {
        let inner = "<s:Fault xmlns:s='x'><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>wsse:FailedAuthentication</s:Value>\
                     </s:Subcode></s:Code><s:Reason><s:Text>no</s:Text></s:Reason></s:Fault>";
        assert_eq!(fault(inner), Some(Fault::Security));
    }
}
