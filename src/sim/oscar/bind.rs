//! The arguments of a request, held against the contract: an element too many, too few or of the wrong type is refused as JAXB
//! refuses it.
//!
//! Stricter than OSCAR in one thing: a number that must be there and is not counts as a mistake, where Java would silently take 0.

use jiff::tz::TimeZone;

use super::contract::{Contract, Field, Kind, Occurs, Operation};
use super::refusal::Refusal;
use super::times;
use super::value::{Object, Value};
use crate::sim::xml::Element;

const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// `java`: the zone that times without an offset are in.
pub(super) fn arguments(
    contract: &Contract,
    operation: &Operation,
    wrapper: &Element,
    java: &TimeZone,
) -> Result<Object, Refusal> {
    Binder { contract, java }.fields(&operation.takes, wrapper)
}

struct Binder<'a> {
    contract: &'a Contract,
    java: &'a TimeZone,
}

impl Binder<'_> {
    fn fields(&self, fields: &[Field], within: &Element) -> Result<Object, Refusal> {
        for child in &within.children {
            if !child.namespace.is_empty() || !fields.iter().any(|field| field.name == child.name) {
                let expected: Vec<_> = fields.iter().map(|field| format!("<{{}}{}>", field.name)).collect();
                let expected = if expected.is_empty() { "(none)".to_owned() } else { expected.join(",") };
                return Err(Refusal::Unmarshalling(format!(
                    "unexpected element (uri:\"{}\", local:\"{}\"). Expected elements are {expected}",
                    child.namespace, child.name
                )));
            }
        }
        let mut bound = Object::default();
        for field in fields {
            let given: Vec<_> = within.children.iter().filter(|child| child.name == field.name).collect();
            let values = given.iter().filter(|child| child.attribute(XSI, "nil") != Some("true"));
            let mut values = values.map(|child| self.value(field, child)).collect::<Result<Vec<_>, _>>()?;
            match field.occurs {
                Occurs::Many => bound.insert(&field.name, Value::List(values)),
                Occurs::Once | Occurs::Optional if given.len() > 1 => {
                    return Err(Refusal::Unmarshalling(format!(
                        "cvc-complex-type.2.4.d: Invalid content was found starting with element '{}'.",
                        field.name
                    )));
                }
                Occurs::Once | Occurs::Optional => match (values.pop(), field.occurs) {
                    (Some(value), _) => bound.insert(&field.name, value),
                    (None, Occurs::Once) => {
                        return Err(Refusal::Unmarshalling(format!(
                            "cvc-complex-type.2.4.b: The content of element '{}' is not complete. One of '{{{}}}' is \
                             expected.",
                            within.name, field.name
                        )));
                    }
                    (None, Occurs::Optional | Occurs::Many) => {}
                },
            }
        }
        Ok(bound)
    }

    fn value(&self, field: &Field, element: &Element) -> Result<Value, Refusal> {
        if let Kind::Object(name) = &field.kind {
            let fields = self.contract.types.get(name).expect("every type of the contract exists");
            return Ok(Value::Object(self.fields(fields, element)?));
        }
        if let Some(child) = element.children.first() {
            return Err(Refusal::Unmarshalling(format!(
                "unexpected element (uri:\"{}\", local:\"{}\"). Expected elements are (none)",
                child.namespace, child.name
            )));
        }
        let text = element.text.trim();
        let no_number = || Refusal::Unmarshalling(format!("For input string: \"{text}\""));
        match &field.kind {
            Kind::Text | Kind::Object(_) => Ok(Value::Text(element.text.clone())),
            Kind::Int => text.parse::<i32>().map(|number| Value::Int(number.into())).map_err(|_| no_number()),
            Kind::Char => text.parse::<u16>().map(|number| Value::Int(number.into())).map_err(|_| no_number()),
            Kind::Boolean => match text {
                "true" | "1" => Ok(Value::Bool(true)),
                "false" | "0" => Ok(Value::Bool(false)),
                _ => Err(Refusal::Unmarshalling(format!("\"{text}\" is not a valid value for 'boolean'."))),
            },
            Kind::DateTime => times::read(text, self.java)
                .map(Value::Time)
                .ok_or_else(|| Refusal::Unmarshalling(format!("\"{text}\" is not a valid value for 'dateTime'."))),
            Kind::Enum(name) => {
                let known =
                    self.contract.enums.get(name).is_some_and(|values| values.iter().any(|value| value == text));
                known
                    .then(|| Value::Text(text.to_owned()))
                    .ok_or_else(|| Refusal::Unmarshalling(format!("\"{text}\" is not a valid value for '{name}'.")))
            }
        }
    }
}
