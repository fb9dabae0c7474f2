//! placeholder until the splitter lands
use crate::language::Language;

#[derive(Debug)]
pub struct Splitter(String);

impl Splitter {
    pub fn new(_: Language) -> Self {
        Self(String::new())
    }
    pub fn push(&mut self, text: &str) {
        self.0.push_str(text);
    }
    pub fn poll(&mut self) -> Option<String> {
        let end = self.0.find(['.', '?', '!', '。', '？'])?;
        let len = self.0[end..].chars().next().map_or(1, char::len_utf8);
        let rest = self.0.split_off(end + len);
        Some(std::mem::replace(&mut self.0, rest))
    }
    pub fn finish(&mut self) -> Option<String> {
        (!self.0.is_empty()).then(|| std::mem::take(&mut self.0))
    }
}
