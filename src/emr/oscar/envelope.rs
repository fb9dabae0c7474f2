//! Writes SOAP 1.1 requests: document/literal wrapped, the operation qualified, its arguments not.
//!
//! The security header holds a UsernameToken and nothing else: OSCAR refuses unsigned timestamps. What is written holds a secret and
//! patients' data, so it goes to the server and nowhere else.

use std::borrow::Cow;

use quick_xml::escape::escape;

use super::account::Token;

const SOAP: &str = "http://schemas.xmlsoap.org/soap/envelope/";
const SECURITY: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
/// No second "wssecurity" in this one: misspelt, every call fails to authenticate (OASIS UsernameToken Profile 1.0, section 3.1).
const PASSWORD_TEXT: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText";

/// One argument of an operation; one that is null is left out.
pub(super) enum Arg {
    Text(&'static str, String),
    Object(&'static str, Vec<Field>),
}

/// An element of an object and its text.
pub(super) type Field = (Cow<'static, str>, String);

pub(super) fn write(namespace: &str, operation: &str, args: &[Arg], token: Option<&Token>) -> String {
    let mut out = String::with_capacity(1_024);
    out.push_str(r#"<?xml version="1.0" encoding="UTF-8"?>"#);
    out.push_str(&format!(r#"<s:Envelope xmlns:s="{SOAP}" xmlns:w="{namespace}">"#));
    if let Some(token) = token {
        out.push_str(&format!(
            r#"<s:Header><wsse:Security xmlns:wsse="{SECURITY}"><wsse:UsernameToken><wsse:Username>"#
        ));
        out.push_str(&token.id.to_string());
        out.push_str(&format!(r#"</wsse:Username><wsse:Password Type="{PASSWORD_TEXT}">"#));
        push_text(&mut out, token.key.expose());
        out.push_str("</wsse:Password></wsse:UsernameToken></wsse:Security></s:Header>");
    }
    out.push_str(&format!("<s:Body><w:{operation}>"));
    for arg in args {
        match arg {
            Arg::Text(name, text) => push_element(&mut out, name, text),
            Arg::Object(name, fields) => {
                out.push_str(&format!("<{name}>"));
                fields.iter().for_each(|(field, text)| push_element(&mut out, field, text));
                out.push_str(&format!("</{name}>"));
            }
        }
    }
    out.push_str(&format!("</w:{operation}></s:Body></s:Envelope>"));
    out
}

fn push_element(out: &mut String, name: &str, text: &str) {
    out.push_str(&format!("<{name}>"));
    push_text(out, text);
    out.push_str(&format!("</{name}>"));
}

/// Signs that XML 1.0 cannot hold are left out: one in a name would make the server refuse the whole request.
fn push_text(out: &mut String, text: &str) {
    let fits = |c: &char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    if text.chars().all(|c| fits(&c)) {
        out.push_str(&escape(text));
    } else {
        out.push_str(&escape(text.chars().filter(fits).collect::<String>()));
    }
}

#[cfg(test)]
mod tests {
    use super::super::xml;
    use super::*;
    use crate::config::Secret;

    #[test]
    fn a_call_with_its_security_header_reads_as_on_a_live_server() {
        let token = Token { id: 134, key: Secret::new("1700000123456".into()) };
        let appointment = vec![
            ("appointmentStartDateTime".into(), "2026-03-03T09:00:00".into()),
            ("name".into(), "TEST, <ANNE> & \u{1}O'Neil".into()),
            ("programId".into(), "0".into()),
        ];
        let written =
            write("http://ws.oscarehr.org/", "addAppointment", &[Arg::Object("arg0", appointment)], Some(&token));
        let golden = concat!(
            r#"<?xml version="1.0" encoding="UTF-8"?>"#,
            r#"<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:w="http://ws.oscarehr.org/"><s:Header>"#,
            r#"<wsse:Security xmlns:wsse="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd">"#,
            r#"<wsse:UsernameToken><wsse:Username>134</wsse:Username><wsse:Password Type="http://docs.oasis-open.org/wss/2004/01/"#,
            r#"oasis-200401-wss-username-token-profile-1.0#PasswordText">1700000123456</wsse:Password></wsse:UsernameToken>"#,
            r#"</wsse:Security></s:Header><s:Body><w:addAppointment><arg0>"#,
            r#"<appointmentStartDateTime>2026-03-03T09:00:00</appointmentStartDateTime>"#,
            r#"<name>TEST, &lt;ANNE&gt; &amp; O&apos;Neil</name><programId>0</programId></arg0></w:addAppointment></s:Body></s:Envelope>"#,
        );
        assert_eq!(written, golden);
    }

    #[test]
    fn without_a_token_there_is_no_header_and_what_is_written_can_be_read() {
        let args = [Arg::Text("arg0", "attendant".into()), Arg::Text("arg1", "p<w\">".into())];
        let written = write("http://ws.oscarehr.org/", "login2", &args, None);
        assert!(!written.contains("Header"));
        let read = xml::answer(written.as_bytes()).ok().unwrap();
        assert_eq!((read.name.as_str(), read.text_of("arg1")), ("login2", Some("p<w\">")));
    }
}
