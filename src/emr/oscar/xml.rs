//! Reads the XML of an answer: strictly, by local name, and within bounds.
//!
//! Decides what is refused: document types, entities other than the five of XML, processing instructions, other encodings, bad nesting,
//! text after the end, and more depth or elements than an answer of OSCAR has. Errors never quote the text, which is a patient's.

use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};

/// The deepest answers (an envelope with a chart in it) have six.
const DEEPEST: usize = 24;

/// Fifty charts of some seventy fields are 3,500; a day's appointments are fewer.
const MOST_ELEMENTS: usize = 50_000;

/// What makes a text no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unreadable {
    #[error("it is not UTF-8")]
    Encoding,
    #[error("it is not well-formed XML")]
    Malformed,
    #[error("it has a document type, an entity or a processing instruction")]
    Forbidden,
    #[error("it has too many or too deep elements")]
    TooMuch,
    #[error("it is no SOAP 1.1 envelope with one answer")]
    NoEnvelope,
}

/// An element and what is in it. Without Debug: it holds patients' data.
#[derive(Clone, Default)]
pub(super) struct Element {
    /// Without its prefix.
    pub name: String,
    pub text: String,
    pub children: Vec<Element>,
    /// `xsi:nil`: as if it were not there.
    pub nil: bool,
}

impl Element {
    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name && !child.nil)
    }

    /// The text of a child, without blanks around it; `Some("")` if it is there and empty.
    pub(super) fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.trim())
    }

    /// As a number, if it is one.
    pub(super) fn number_of(&self, name: &str) -> Option<u64> {
        self.text_of(name)?.parse().ok()
    }
}

/// The first element within the body of a SOAP 1.1 envelope.
pub(super) fn answer(text: &[u8]) -> Result<Element, Unreadable> {
    let root = document(text)?;
    if root.name != "Envelope" {
        return Err(Unreadable::NoEnvelope);
    }
    let mut body = root.children.into_iter().filter(|child| child.name == "Body");
    match (body.next().map(|body| body.children.into_iter()), body.next()) {
        (Some(mut answers), None) => match (answers.next(), answers.next()) {
            (Some(answer), None) => Ok(answer),
            (None, _) | (Some(_), Some(_)) => Err(Unreadable::NoEnvelope),
        },
        (None, _) | (Some(_), Some(_)) => Err(Unreadable::NoEnvelope),
    }
}

fn document(text: &[u8]) -> Result<Element, Unreadable> {
    let text = std::str::from_utf8(text).map_err(|_| Unreadable::Encoding)?;
    let mut reader = Reader::from_str(text.strip_prefix('\u{feff}').unwrap_or(text));
    let mut open: Vec<Element> = Vec::new();
    let mut root: Option<Element> = None;
    let mut elements = 0_usize;
    loop {
        match reader.read_event().map_err(|_| Unreadable::Malformed)? {
            Event::Decl(declaration) => match declaration.encoding() {
                None => {}
                Some(Ok(name)) if name.eq_ignore_ascii_case("utf-8") => {}
                Some(_) => return Err(Unreadable::Encoding),
            },
            Event::Start(start) => {
                elements += 1;
                if open.len() >= DEEPEST || elements > MOST_ELEMENTS {
                    return Err(Unreadable::TooMuch);
                }
                open.push(element(&start)?);
            }
            Event::Empty(start) => {
                elements += 1;
                if elements > MOST_ELEMENTS {
                    return Err(Unreadable::TooMuch);
                }
                close(element(&start)?, &mut open, &mut root)?;
            }
            // The reader has checked that it is the one that was opened.
            Event::End(_) => {
                let done = open.pop().ok_or(Unreadable::Malformed)?;
                close(done, &mut open, &mut root)?;
            }
            Event::Text(text) => add(&text.xml10_content(), &mut open)?,
            Event::CData(data) => add(&data.xml10_content(), &mut open)?,
            Event::GeneralRef(entity) => {
                let sign = resolve(&entity)?;
                add(sign.encode_utf8(&mut [0; 4]), &mut open)?;
            }
            Event::Comment(_) => {}
            Event::DocType(_) | Event::PI(_) => return Err(Unreadable::Forbidden),
            Event::Eof => break,
        }
    }
    if open.is_empty() { root.ok_or(Unreadable::Malformed) } else { Err(Unreadable::Malformed) }
}

fn element(start: &BytesStart<'_>) -> Result<Element, Unreadable> {
    let mut nil = false;
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|_| Unreadable::Malformed)?;
        nil |= AsRef::<str>::as_ref(&attribute.key.local_name()) == "nil" && matches!(&*attribute.value, "true" | "1");
    }
    let name = AsRef::<str>::as_ref(&start.local_name()).to_owned();
    Ok(Element { name, nil, ..Element::default() })
}

fn close(done: Element, open: &mut [Element], root: &mut Option<Element>) -> Result<(), Unreadable> {
    match (open.last_mut(), root.is_some()) {
        (Some(parent), _) => parent.children.push(done),
        (None, false) => *root = Some(done),
        (None, true) => return Err(Unreadable::Malformed),
    }
    Ok(())
}

fn add(text: &str, open: &mut [Element]) -> Result<(), Unreadable> {
    match open.last_mut() {
        Some(element) => element.text.push_str(text),
        // Outside the root only blanks may stand.
        None if text.trim().is_empty() => {}
        None => return Err(Unreadable::Malformed),
    }
    Ok(())
}

fn resolve(entity: &BytesRef<'_>) -> Result<char, Unreadable> {
    if entity.is_char_ref() {
        return entity.resolve_char_ref().ok().flatten().ok_or(Unreadable::Malformed);
    }
    match &*entity.xml10_content() {
        "amp" => Ok('&'),
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "apos" => Ok('\''),
        "quot" => Ok('"'),
        _ => Err(Unreadable::Forbidden),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const OPEN: &str = r#"<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>"#;
    const CLOSE: &str = "</soap:Body></soap:Envelope>";

    fn read(inner: &str) -> Result<Element, Unreadable> {
        answer(format!("{OPEN}{inner}{CLOSE}").as_bytes())
    }

    #[test]
    fn an_answer_is_read_by_local_names() {
        let found = read(
            r#"<ns2:opResponse xmlns:ns2="http://ws.oscarehr.org/"><return><name>O&apos;Neil &amp; &#x41;<![CDATA[<b>]]></name>
            <empty/><none xmlns:xsi="x" xsi:nil="true"/><id> 18 </id></return></ns2:opResponse>"#,
        )
        .ok()
        .unwrap();
        assert_eq!(found.name, "opResponse");
        let bean = found.child("return").unwrap();
        assert_eq!(bean.text_of("name"), Some("O'Neil & A<b>"));
        assert_eq!(bean.text_of("empty"), Some(""));
        assert_eq!(bean.text_of("none"), None);
        assert_eq!(bean.number_of("id"), Some(18));
    }

    #[test]
    fn document_types_entities_and_instructions_are_refused() {
        for hostile in
            [r#"<!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>"#, "<x>&a;</x>", "<x>&nbsp;</x>", "<x><?php echo 1 ?></x>"]
        {
            assert_eq!(document(hostile.as_bytes()).err(), Some(Unreadable::Forbidden), "{hostile}");
        }
        let latin = r#"<?xml version="1.0" encoding="ISO-8859-1"?><x/>"#;
        assert_eq!(document(latin.as_bytes()).err(), Some(Unreadable::Encoding));
        assert_eq!(document(b"<x>\xff</x>").err(), Some(Unreadable::Encoding));
    }

    #[test]
    fn what_is_cut_short_badly_nested_or_followed_by_more_is_refused() {
        for broken in
            ["", "<x>", "<x></y>", "<x/><y/>", "<x/>more", "more<x/>", "</x>", "<x", "<x a=1/>", "<x>&amp</x>"]
        {
            assert_eq!(document(broken.as_bytes()).err(), Some(Unreadable::Malformed), "{broken}");
        }
        for other in
            ["<html><body/></html>", "<Envelope><Body/></Envelope>", "<Envelope><Body><a/><b/></Body></Envelope>"]
        {
            assert_eq!(answer(other.as_bytes()).err(), Some(Unreadable::NoEnvelope), "{other}");
        }
    }

    #[test]
    fn depth_and_number_are_bounded() {
        let deep = format!("{}{}", "<a>".repeat(DEEPEST + 1), "</a>".repeat(DEEPEST + 1));
        assert_eq!(document(deep.as_bytes()).err(), Some(Unreadable::TooMuch));
        let many = format!("<a>{}</a>", "<b/>".repeat(MOST_ELEMENTS));
        assert_eq!(document(many.as_bytes()).err(), Some(Unreadable::TooMuch));
    }

    proptest! {
        #[test]
        fn no_bytes_break_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..256)) {
            answer(&bytes).ok();
        }

        #[test]
        fn no_marks_break_the_reader(text in "(<|>|&|;|/|a|\"|=|!|\\[|CDATA|\\]| |x:nil|#x?|--){0,40}") {
            answer(text.as_bytes()).ok();
        }
    }
}
