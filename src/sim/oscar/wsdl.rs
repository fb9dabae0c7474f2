//! The WSDL of a service, as Apache CXF writes it, made from the contract.

use minijinja::{Environment, context};

use super::Dialect;
use super::contract::{Contract, Field, Kind, Occurs, Operation, Service};

const TEMPLATE: &str = include_str!("wsdl/service.wsdl");

/// `location` is the address under which the caller reached the service.
pub(super) fn render(contract: &Contract, service: &Service, dialect: Dialect, location: &str) -> String {
    let mut environment = Environment::new();
    // Only the location comes from outside, and the template's own escapes would change every slash.
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    environment.add_template("service.wsdl", TEMPLATE).expect("the built-in template is well-formed");
    let template = environment.get_template("service.wsdl").expect("it was just added");
    let reachable = contract.reachable(service);
    let own = service.operations.values().flat_map(wrappers);
    let shared = contract.types.iter().filter(|(name, _)| reachable.contains(name.as_str()));
    let shared = shared.map(|(name, fields)| describe(name, fields));
    let types: Vec<_> = own.chain(shared).collect();
    let enums = contract.enums.iter().filter(|(name, _)| reachable.contains(name.as_str()));
    let enums: Vec<_> = enums.map(|(name, values)| context! { name, values }).collect();
    let operations: Vec<_> = service.operations.keys().map(|name| context! { name }).collect();
    let page = context! {
        port => &service.port,
        namespace => dialect.namespace(),
        throws => &service.throws,
        operations,
        types,
        enums,
        location => quick_xml::escape::escape(location),
    };
    template.render(page).expect("the built-in template knows what it is given")
}

fn wrappers(operation: &Operation) -> [minijinja::Value; 2] {
    let gives: Vec<Field> = operation.gives.iter().cloned().collect();
    [describe(&operation.name, &operation.takes), describe(&format!("{}Response", operation.name), &gives)]
}

fn describe(name: &str, fields: &[Field]) -> minijinja::Value {
    let fields: Vec<_> = fields
        .iter()
        .map(|field| {
            let is_bean = matches!(field.kind, Kind::Object(_));
            let occurs = match field.occurs {
                Occurs::Once => "",
                Occurs::Optional => " minOccurs=\"0\"",
                // Beans in arrays may be nil, numbers too: CXF says so of every array but that of a return.
                Occurs::Many if is_bean && field.name != "return" => {
                    " maxOccurs=\"unbounded\" minOccurs=\"0\" nillable=\"true\""
                }
                Occurs::Many => " maxOccurs=\"unbounded\" minOccurs=\"0\"",
            };
            let kind = match &field.kind {
                Kind::Text => "xs:string".to_owned(),
                Kind::Int => "xs:int".to_owned(),
                Kind::Boolean => "xs:boolean".to_owned(),
                Kind::DateTime => "xs:dateTime".to_owned(),
                Kind::Char => "xs:unsignedShort".to_owned(),
                Kind::Enum(name) | Kind::Object(name) => format!("tns:{name}"),
            };
            context! { name => &field.name, type => kind, occurs }
        })
        .collect();
    context! { name, fields }
}
