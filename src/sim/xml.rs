//! An XML document as a tree of elements with their namespaces resolved. Refuses what Apache CXF refuses: document types, unknown
//! entities, nesting without end.

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::reader::NsReader;

/// Deeper than any envelope; CXF stops at 100.
const DEEPEST: usize = 100;

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Element {
    /// Empty: none.
    pub(super) namespace: String,
    pub(super) name: String,
    attributes: Vec<Attribute>,
    pub(super) children: Vec<Element>,
    pub(super) text: String,
}

#[derive(Debug, PartialEq, Eq)]
struct Attribute {
    namespace: String,
    name: String,
    value: String,
}

/// Why a text is no document, as a parser would say it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct NoDocument(String);

impl Element {
    pub(super) fn is(&self, namespace: &str, name: &str) -> bool {
        self.namespace == namespace && self.name == name
    }

    pub(super) fn child(&self, namespace: &str, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.is(namespace, name))
    }

    /// `namespace` is empty for an attribute without a prefix.
    pub(super) fn attribute(&self, namespace: &str, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|attribute| attribute.namespace == namespace && attribute.name == name);
        found.map(|attribute| attribute.value.as_str())
    }
}

pub(super) fn parse(text: &str) -> Result<Element, NoDocument> {
    let wrong = |error: String| NoDocument(error);
    let mut reader = NsReader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut open: Vec<Element> = Vec::new();
    let mut root = None;
    loop {
        match reader.read_event().map_err(|error| wrong(error.to_string()))? {
            Event::Start(start) => {
                if open.len() == DEEPEST || root.is_some() {
                    return Err(wrong("an element where none may be".to_owned()));
                }
                open.push(element(&reader, &start)?);
            }
            Event::End(_) => {
                let done = open.pop().ok_or_else(|| wrong("an end without a beginning".to_owned()))?;
                match open.last_mut() {
                    Some(parent) => parent.children.push(done),
                    None => root = Some(done),
                }
            }
            Event::Text(text) => {
                let text = text.xml10_content();
                match open.last_mut() {
                    Some(element) => element.text.push_str(&text),
                    None if text.trim().is_empty() => {}
                    None => return Err(wrong("text outside of the document".to_owned())),
                }
            }
            Event::CData(text) => {
                if let Some(element) = open.last_mut() {
                    element.text.push_str(&text.xml10_content());
                }
            }
            Event::GeneralRef(reference) => {
                let sign = match reference.resolve_char_ref().map_err(|error| wrong(error.to_string()))? {
                    Some(sign) => sign,
                    None => named(&reference.xml10_content())
                        .ok_or_else(|| wrong("Undeclared general entity".to_owned()))?,
                };
                if let Some(element) = open.last_mut() {
                    element.text.push(sign);
                }
            }
            Event::DocType(_) => return Err(wrong("Received event DTD, instead of START_ELEMENT".to_owned())),
            Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof => break,
        }
    }
    if !open.is_empty() {
        return Err(wrong("Unexpected EOF; was expecting a close tag".to_owned()));
    }
    root.ok_or_else(|| wrong("Unexpected EOF in prolog".to_owned()))
}

fn named(entity: &str) -> Option<char> {
    match entity {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => None,
    }
}

fn element(reader: &NsReader<&[u8]>, start: &BytesStart<'_>) -> Result<Element, NoDocument> {
    let resolver = reader.resolver();
    let (namespace, name) = resolver.resolve_element(start.name());
    let mut element = Element { namespace: bound(namespace)?, name: name.as_ref().to_owned(), ..Element::default() };
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| NoDocument(error.to_string()))?;
        if attribute.key.as_namespace_binding().is_some() {
            continue;
        }
        let (namespace, name) = resolver.resolve_attribute(attribute.key);
        let value =
            attribute.normalized_value(XmlVersion::Explicit1_0).map_err(|error| NoDocument(error.to_string()))?;
        element.attributes.push(Attribute {
            namespace: bound(namespace)?,
            name: name.as_ref().to_owned(),
            value: value.into_owned(),
        });
    }
    Ok(element)
}

fn bound(resolved: ResolveResult<'_>) -> Result<String, NoDocument> {
    match resolved {
        ResolveResult::Bound(namespace) => Ok(namespace.as_ref().to_owned()),
        ResolveResult::Unbound => Ok(String::new()),
        ResolveResult::Unknown(prefix) => Err(NoDocument(format!("Undeclared namespace prefix \"{prefix}\""))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_with_their_namespace_and_text_without_escapes() {
        let root =
            parse("<a xmlns='one' xmlns:t='two' t:x='1' y='2'><t:b>R&amp;D &#233;<![CDATA[<]]></t:b></a>").unwrap();
        assert!(root.is("one", "a"));
        assert_eq!(root.child("two", "b").unwrap().text, "R&D é<");
        assert_eq!((root.attribute("two", "x"), root.attribute("", "y")), (Some("1"), Some("2")));
    }

    #[test]
    fn what_is_no_document_is_refused() {
        let deep = "<a>".repeat(200);
        for wrong in ["", "<a>", "<a></b>", "<x:a/>", "<!DOCTYPE a><a/>", "<a>&nbsp;</a>", "<a/><b/>", "text", &deep] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
