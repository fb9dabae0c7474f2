//! Whether a caller refuses to be recorded. Decided on words, outside any model: the law asks for no less.

use crate::language::Language;

/// What says "record", and what says no to it, in one utterance.
const fn words(language: Language) -> (&'static [&'static str], &'static [&'static str]) {
    match language {
        Language::English => {
            (&["record"], &["don't", "dont", "do not", "not to", "not be", "no ", "stop", "without", "object"])
        }
        Language::French => (&["enregistr"], &["pas", "arrêt", "arret", "sans", "refus", "stop"]),
        Language::Mandarin | Language::Cantonese => (&["录", "錄"], &["不", "别", "別", "唔", "停", "咪"]),
        Language::Punjabi => (&["ਰਿਕਾਰਡ"], &["ਨਾ", "ਨਹੀਂ", "ਬੰਦ", "ਮਤ"]),
    }
}

/// "Don't record", "please stop the recording", "je ne veux pas être enregistré".
pub fn refuses_recording(text: &str, language: Language) -> bool {
    let text = text.to_lowercase().replace('’', "'");
    let (record, no) = words(language);
    // Medical records are asked for, not refused.
    let asked = text.contains("medical record") || text.contains("my records");
    !asked && record.iter().any(|word| text.contains(word)) && no.iter().any(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_heard_in_every_language() {
        for (text, language) in [
            ("Don't record.", Language::English),
            ("um, I'd rather you do not record this", Language::English),
            ("please stop recording", Language::English),
            ("Je ne veux pas être enregistré", Language::French),
            ("不要录音", Language::Mandarin),
            ("唔好錄音", Language::Cantonese),
            ("ਰਿਕਾਰਡ ਨਾ ਕਰੋ", Language::Punjabi),
        ] {
            assert!(refuses_recording(text, language), "{text}");
        }
    }

    #[test]
    fn a_question_about_records_is_no_refusal() {
        assert!(!refuses_recording("can I get my medical records", Language::English));
        assert!(!refuses_recording("are you a recording", Language::English));
        assert!(!refuses_recording("no, I did not get my records", Language::English));
    }
}
