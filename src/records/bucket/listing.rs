//! A page of a list of objects, as an S3-compatible storage answers `ListObjectsV2`, and the code of a refusal. Within bounds, by the few elements that are needed.

use quick_xml::Reader;
use quick_xml::events::Event;

/// One page.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) keys: Vec<String>,
    /// By what the next page is asked for; none: this is the last.
    pub(super) next: Option<String>,
}

/// What is not a whole and well-formed page of a list.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoList;

/// Names of objects come plain: ours have no sign that XML would write otherwise, and others are not ours.
pub(super) fn read(text: &[u8]) -> Result<Page, NoList> {
    let text = std::str::from_utf8(text).map_err(|_| NoList)?;
    let mut reader = Reader::from_str(text);
    let (mut open, mut page, mut more): (Vec<String>, Page, Option<bool>) = (Vec::new(), Page::default(), None);
    let mut value = String::new();
    loop {
        match reader.read_event().map_err(|_| NoList)? {
            Event::Start(start) => {
                open.push(AsRef::<str>::as_ref(&start.local_name()).to_owned());
                value.clear();
            }
            Event::Text(text) => value.push_str(&text.xml10_content()),
            Event::GeneralRef(_) => value.push('?'),
            Event::End(_) => {
                let path: Vec<&str> = open.iter().map(String::as_str).collect();
                match path[..] {
                    ["ListBucketResult", "Contents", "Key"] => page.keys.push(std::mem::take(&mut value)),
                    ["ListBucketResult", "IsTruncated"] => more = Some(value == "true"),
                    ["ListBucketResult", "NextContinuationToken"] => page.next = Some(std::mem::take(&mut value)),
                    _ => {}
                }
                value.clear();
                open.pop();
            }
            Event::DocType(_) | Event::PI(_) | Event::CData(_) => return Err(NoList),
            Event::Decl(_) | Event::Empty(_) | Event::Comment(_) => {}
            Event::Eof => break,
        }
    }
    match (open.is_empty(), more, page.next.is_some()) {
        (true, Some(true), true) => Ok(page),
        (true, Some(false), _) => Ok(Page { next: None, ..page }),
        (true | false, ..) => Err(NoList),
    }
}

/// The code of a refusal (`NoSuchKey`), if the answer has one.
pub(super) fn code(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let code = text.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>")).map_or("", |(code, _)| code);
    code.chars().filter(char::is_ascii_alphanumeric).take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_its_keys_and_says_whether_it_is_the_last() {
        let page = |rest: &str| {
            let text = format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
                 <Name>clinic</Name><Prefix>a/</Prefix>{rest}</ListBucketResult>"
            );
            read(text.as_bytes())
        };
        let keys = "<Contents><Key>a/1.rec</Key><Size>3</Size></Contents><Contents><Key>a/2&amp;.rec</Key></Contents>";
        let found = page(&format!("{keys}<IsTruncated>false</IsTruncated>")).unwrap();
        assert_eq!(found, Page { keys: vec!["a/1.rec".to_owned(), "a/2?.rec".to_owned()], next: None });
        let first = "<IsTruncated>true</IsTruncated><NextContinuationToken>1/x==</NextContinuationToken>";
        assert_eq!(page(first).unwrap().next.as_deref(), Some("1/x=="));
        for broken in
            ["", "<IsTruncated>true</IsTruncated>", "<Contents>", "<![CDATA[x]]><IsTruncated>false</IsTruncated>"]
        {
            assert_eq!(page(broken), Err(NoList), "{broken}");
        }
        assert_eq!(read(b"<html>Welcome</html>"), Err(NoList));
    }

    #[test]
    fn a_refusal_has_a_code_and_nothing_else_of_it_is_told() {
        assert_eq!(code(b"<Error><Code>NoSuchKey</Code><Message>x</Message></Error>"), "NoSuchKey");
        assert_eq!(code(b"<Error><Code>No such\nkey</Code></Error>"), "Nosuchkey");
        assert_eq!(code(b"busy"), "");
    }
}
