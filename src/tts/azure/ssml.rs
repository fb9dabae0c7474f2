//! A text as Azure takes it: SSML, in which a caller's name or a model's words can never be markup.

use crate::language::Language;

/// One voice speaks this text.
pub(super) fn speak(text: &str, language: Language, voice: &str) -> String {
    let mut ssml = format!(
        "<speak version=\"1.0\" xmlns=\"http://www.w3.org/2001/10/synthesis\" xml:lang=\"{}\"><voice name=\"",
        language.tag()
    );
    escape(voice, &mut ssml);
    ssml.push_str("\">");
    escape(text.trim(), &mut ssml);
    ssml.push_str("</voice></speak>");
    ssml
}

/// What XML 1.0 section 2.2 does not allow becomes a blank.
fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => out.push(' '),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push(' '),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_becomes_markup() {
        let all = [
            speak("Dr. O'Neil & Sons <break time=\"9s\"/>\u{0} ]]> ", Language::English, "en-CA-ClaraNeural"),
            speak("你好，醫生。", Language::Cantonese, "zh-HK-HiuMaanNeural"),
        ];
        insta::assert_snapshot!(all.join("\n"));
    }
}
