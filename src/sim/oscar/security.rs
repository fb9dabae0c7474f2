//! The security header: one UsernameToken with the number of a login and its token or password, and nothing else.

use super::refusal::Security;
use crate::sim::xml::Element;

pub(super) const SOAP: &str = "http://schemas.xmlsoap.org/soap/envelope/";
const WSSE: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
const WSU: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
const PASSWORD_TEXT: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText";

/// What a header claims.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) security_id: i64,
    /// The token or the account's password.
    pub(super) secret: String,
}

/// Reads the claim of an envelope.
pub(super) fn claim(envelope: &Element) -> Result<Claim, Security> {
    let header = envelope.child(SOAP, "Header").and_then(|header| header.child(WSSE, "Security"));
    let header = header.ok_or(Security::Invalid)?;
    // An unsigned timestamp is not an action that the service is configured for.
    if header.child(WSU, "Timestamp").is_some() {
        return Err(Security::Invalid);
    }
    let mut tokens = header.children.iter().filter(|child| child.is(WSSE, "UsernameToken"));
    let token = tokens.next().ok_or(Security::Invalid)?;
    if tokens.next().is_some() {
        return Err(Security::Invalid);
    }
    let user = token.child(WSSE, "Username").ok_or(Security::InvalidToken)?;
    let password = token.child(WSSE, "Password").ok_or(Security::Failed)?;
    match password.attribute("", "Type") {
        None => return Err(Security::InvalidToken),
        Some(PASSWORD_TEXT) => {}
        Some(_) => return Err(Security::Failed),
    }
    let security_id = user.text.trim().parse().map_err(|_| Security::Failed)?;
    Ok(Claim { security_id, secret: password.text.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::xml::parse;

    fn header(inner: &str) -> Result<Claim, Security> {
        let envelope = format!(
            "<s:Envelope xmlns:s=\"{SOAP}\" xmlns:w=\"{WSSE}\" xmlns:u=\"{WSU}\"><s:Header><w:Security>{inner}</w:Security>\
             </s:Header><s:Body/></s:Envelope>"
        );
        claim(&parse(&envelope).unwrap())
    }

    fn token(id: &str, kind: &str) -> String {
        format!("<w:UsernameToken><w:Username>{id}</w:Username><w:Password{kind}>secret</w:Password></w:UsernameToken>")
    }

    #[test]
    fn only_a_plain_text_token_with_its_type_is_a_claim() {
        let right = format!(" Type=\"{PASSWORD_TEXT}\"");
        assert_eq!(header(&token("134", &right)), Ok(Claim { security_id: 134, secret: "secret".into() }));
        assert_eq!(header(&token("134", "")), Err(Security::InvalidToken));
        let misspelt = right.replace("wss-username-token", "wss-wssecurity-username-token");
        assert_eq!(header(&token("134", &misspelt)), Err(Security::Failed));
        assert_eq!(header(&token("attendant", &right)), Err(Security::Failed));
        assert_eq!(header(&format!("<u:Timestamp/>{}", token("134", &right))), Err(Security::Invalid));
        assert_eq!(header(""), Err(Security::Invalid));
    }
}
