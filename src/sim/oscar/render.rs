//! Envelopes that OSCAR sends: results in the order of the alphabet, nulls left out, empty texts as empty elements.

use quick_xml::escape::escape;

use super::Dialect;
use super::refusal::Refusal;
use super::times;
use super::value::{Object, Value};

/// The reply to an operation. `None`: null or void, which look the same, and so does an empty array.
pub(super) fn reply(dialect: Dialect, operation: &str, result: Option<&Value>) -> String {
    let mut returned = String::new();
    match result {
        Some(Value::List(items)) => items.iter().for_each(|item| element("return", item, &mut returned)),
        Some(value) => element("return", value, &mut returned),
        None => {}
    }
    let namespace = dialect.namespace();
    let body = if returned.is_empty() {
        format!("<ns2:{operation}Response xmlns:ns2=\"{namespace}\"/>")
    } else {
        format!("<ns2:{operation}Response xmlns:ns2=\"{namespace}\">{returned}</ns2:{operation}Response>")
    };
    envelope(&body)
}

pub(super) fn fault(dialect: Dialect, refusal: &Refusal) -> String {
    envelope(&refusal.body(dialect))
}

fn envelope(body: &str) -> String {
    format!(
        "<soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body>{body}</soap:Body>\
         </soap:Envelope>"
    )
}

fn element(name: &str, value: &Value, into: &mut String) {
    let text = match value {
        Value::List(items) => {
            items.iter().for_each(|item| element(name, item, into));
            return;
        }
        Value::Object(object) => {
            let mut inner = String::new();
            fields(object, &mut inner);
            inner
        }
        Value::Text(text) => escape(text.as_str()).into_owned(),
        Value::Int(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::Time(time) => times::write(time),
    };
    if text.is_empty() {
        into.push_str(&format!("<{name}/>"));
    } else {
        into.push_str(&format!("<{name}>{text}</{name}>"));
    }
}

fn fields(object: &Object, into: &mut String) {
    object.iter().for_each(|(name, value)| element(name, value, into));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_come_by_the_alphabet_and_without_nulls() {
        let object = Object::default().set("zone", "").maybe("none", None::<i64>).set("code", 67_i64).set("anon", true);
        let reply = reply(Dialect::Mcmaster, "op", Some(&Value::Object(object)));
        assert!(reply.contains("<return><anon>true</anon><code>67</code><zone/></return>"), "{reply}");
    }

    #[test]
    fn null_void_and_an_empty_array_look_the_same() {
        let empty = reply(Dialect::Mcmaster, "op", Some(&Value::List(Vec::new())));
        assert_eq!(empty, reply(Dialect::Mcmaster, "op", None));
        assert!(empty.contains("<ns2:opResponse xmlns:ns2=\"http://ws.oscarehr.org/\"/>"));
    }
}
