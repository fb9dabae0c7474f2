//! The SOAP faults that OSCAR answers with, in the words of its libraries, and what a firewall or a proxy before it says instead.

use quick_xml::escape::escape;

use super::Dialect;

const WSSE: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
const WSS4J: &str = "http://ws.apache.org/wss4j";

/// Why a request got no result. Each is answered with HTTP 500.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// `LoginWs`: wrong user name, password, or an account that has expired.
    NotAuthorised,
    Security(Security),
    /// A null pointer, as for the update of an appointment that is not there.
    Server,
    /// An exception of OSCAR's own, with its text.
    Exception(String),
    /// A body element that the service has no operation for, as `{namespace}name`.
    NotRecognised(String),
    /// An argument that is none.
    Unmarshalling(String),
    /// No XML, or no envelope.
    Unreadable(String),
    /// A SOAPAction that belongs to no operation.
    Action(String),
    /// SOAP 1.2.
    VersionMismatch,
}

/// What is wrong with the security header: WSS4J 1.6 tells, WSS4J 2 keeps it to itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Security {
    /// No header, or parts in it that the service does not want.
    Invalid,
    /// A token against the Basic Security Profile.
    InvalidToken,
    /// A wrong token or password, an unknown account, one that has expired.
    Failed,
}

impl Refusal {
    /// Code with its namespace declaration, and words.
    fn parts(&self, dialect: Dialect) -> (&'static str, String) {
        match self {
            Self::NotAuthorised => ("soap:Server", "Invalid Username/Password".to_owned()),
            Self::Server => ("soap:Server", "Fault occurred while processing.".to_owned()),
            Self::Exception(text) => ("soap:Server", text.clone()),
            Self::Security(_) if dialect.has_unified_security_fault() => {
                ("ns1:SecurityError", "A security error was encountered when verifying the message".to_owned())
            }
            Self::Security(Security::Invalid) => {
                ("ns1:InvalidSecurity", "An error was discovered processing the <wsse:Security> header".to_owned())
            }
            Self::Security(Security::InvalidToken) => {
                ("ns1:InvalidSecurityToken", "An invalid security token was provided".to_owned())
            }
            Self::Security(Security::Failed) => {
                ("ns1:FailedAuthentication", "The security token could not be authenticated or authorized".to_owned())
            }
            Self::NotRecognised(element) => {
                ("soap:Client", format!("Message part {element} was not recognized.  (Does it exist in service WSDL?)"))
            }
            Self::Unmarshalling(why) => ("soap:Client", format!("Unmarshalling Error: {why} ")),
            Self::Unreadable(why) => ("soap:Client", format!("Error reading XMLStreamReader: {why}")),
            Self::Action(action) => {
                ("soap:Client", format!("The given SOAPAction {action} does not match an operation."))
            }
            Self::VersionMismatch => (
                "soap:VersionMismatch",
                "A SOAP 1.2 message is not valid when sent to a SOAP 1.1 only endpoint.".to_owned(),
            ),
        }
    }

    /// `faultcode: faultstring`, for records of what was answered.
    pub(super) fn summary(&self, dialect: Dialect) -> String {
        let (code, words) = self.parts(dialect);
        format!("{code}: {words}")
    }

    /// The content of the SOAP body.
    pub(super) fn body(&self, dialect: Dialect) -> String {
        let (code, words) = self.parts(dialect);
        let namespace = match self {
            Self::Security(_) if dialect.has_unified_security_fault() => format!(" xmlns:ns1=\"{WSS4J}\""),
            Self::Security(_) => format!(" xmlns:ns1=\"{WSSE}\""),
            _ => String::new(),
        };
        let detail = match self {
            Self::NotAuthorised => {
                format!("<detail><ns1:NotAuthorisedException xmlns:ns1=\"{}\"/></detail>", dialect.namespace())
            }
            _ => String::new(),
        };
        format!(
            "<soap:Fault><faultcode{namespace}>{code}</faultcode><faultstring>{}</faultstring>{detail}</soap:Fault>",
            escape(&words)
        )
    }
}

/// What a web application firewall says to a request it does not like.
pub(super) const FORBIDDEN_PAGE: &str = "<!DOCTYPE html>\n<html lang=\"en-US\">\n<head><title>Attention Required!</title></head>\n\
<body><h1>Sorry, you have been blocked</h1><p>You are unable to access this clinic.</p></body>\n</html>\n";

/// What a proxy says while Tomcat restarts.
pub(super) const UNAVAILABLE_PAGE: &str = "<html>\n<head><title>503 Service Temporarily Unavailable</title></head>\n\
<body><center><h1>503 Service Temporarily Unavailable</h1></center></body>\n</html>\n";

/// What Tomcat says where nothing is.
pub(super) const NOT_FOUND_PAGE: &str = "<!doctype html><html lang=\"en\"><head><title>HTTP Status 404 - Not Found</title></head>\
<body><h1>HTTP Status 404 - Not Found</h1></body></html>";
