//! Server-sent events, as language models stream them: lines put together whatever the network cuts, `data` joined, the rest passed over.
//!
//! Source: HTML Living Standard section 9.2. It does not know what the data means, nor how many events there are. An event, and a line, is at
//! most 1 MiB.

/// Longer than any chunk of a model; more is no event stream.
const MOST_EVENT: usize = 1024 * 1024;

/// The stream holds more without an event than any model sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event of over 1 MiB")]
pub struct TooLong;

/// See the module header.
#[derive(Debug, Default)]
pub struct Parser {
    line: Vec<u8>,
    data: Option<Vec<u8>>,
    last: Last,
}

/// What the byte before was: CR LF is one end of a line, also when cut in between.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Last {
    #[default]
    Other,
    CarriageReturn,
}

impl Parser {
    /// Takes bytes as they come; hands over the data of each whole event.
    pub fn push(&mut self, bytes: &[u8], mut event: impl FnMut(&[u8])) -> Result<(), TooLong> {
        for &byte in bytes {
            let last = std::mem::replace(&mut self.last, Last::Other);
            match (byte, last) {
                (b'\n', Last::CarriageReturn) => {}
                (b'\n', Last::Other) => self.end_of_line(&mut event),
                (b'\r', _) => {
                    self.last = Last::CarriageReturn;
                    self.end_of_line(&mut event);
                }
                (other, _) => self.line.push(other),
            }
            if self.line.len() + self.data.as_ref().map_or(0, Vec::len) > MOST_EVENT {
                return Err(TooLong);
            }
        }
        Ok(())
    }

    /// The stream is closed: an event that lacks its empty line is handed over too, some servers forget it.
    pub fn finish(&mut self, mut event: impl FnMut(&[u8])) {
        if !self.line.is_empty() {
            self.end_of_line(&mut event);
        }
        self.end_of_line(&mut event);
    }

    fn end_of_line(&mut self, event: &mut impl FnMut(&[u8])) {
        let line = std::mem::take(&mut self.line);
        if line.is_empty() {
            if let Some(data) = self.data.take() {
                event(&data);
            }
        } else if let Some(value) = line.strip_prefix(b"data:") {
            let value = value.strip_prefix(b" ").unwrap_or(value);
            match &mut self.data {
                Some(data) => {
                    data.push(b'\n');
                    data.extend_from_slice(value);
                }
                None => self.data = Some(value.to_vec()),
            }
        } else if line == b"data" {
            self.data.get_or_insert_default();
        }
        // The buffer is kept for the next line.
        self.line = line;
        self.line.clear();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn events<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
        let mut parser = Parser::default();
        let mut out = Vec::new();
        let mut take = |data: &[u8]| out.push(String::from_utf8_lossy(data).into_owned());
        for piece in pieces {
            parser.push(piece, &mut take).unwrap();
        }
        parser.finish(&mut take);
        out
    }

    const STREAM: &str =
        ": ping\n\ndata: {\"a\":\"é 你好\"}\n\nevent: x\r\ndata:two\r\ndata: lines\r\n\r\nid: 1\rdata\r\rdata: [DONE]";

    #[test]
    fn comments_names_and_every_end_of_line_are_understood() {
        assert_eq!(events([STREAM.as_bytes()]), ["{\"a\":\"é 你好\"}", "two\nlines", "", "[DONE]"]);
    }

    #[test]
    fn a_split_at_every_byte_changes_nothing() {
        let whole = events([STREAM.as_bytes()]);
        for at in 0..STREAM.len() {
            let (a, b) = STREAM.as_bytes().split_at(at);
            assert_eq!(events([a, b]), whole, "split at {at}");
        }
        assert_eq!(events(STREAM.as_bytes().chunks(1)), whole);
    }

    #[test]
    fn an_endless_line_is_refused() {
        let mut parser = Parser::default();
        assert_eq!(parser.push(&vec![b'x'; MOST_EVENT + 1], |_| {}), Err(TooLong));
    }

    proptest! {
        #[test]
        fn any_bytes_cut_anyhow_give_the_same_events(bytes in "[\\x00-\\x7fé\r\n :dat]{0,200}", cut in 1_usize..9) {
            let bytes = bytes.as_bytes();
            prop_assert_eq!(events([bytes]), events(bytes.chunks(cut)));
        }
    }
}
