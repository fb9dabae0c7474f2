//! What is said to a caller whose wish the server refuses, in their language. Each sentence says what they can do instead.

use crate::language::Language;

/// Nobody answers outside the opening times; a message is offered.
pub const fn closed(language: Language) -> &'static str {
    match language {
        Language::English => {
            "I'm sorry, the clinic is closed now, so nobody can take calls. Would you like to leave a message?"
        }
        Language::French => {
            "Je suis désolée, la clinique est fermée en ce moment et personne ne peut répondre. Voulez-vous laisser un message?"
        }
        Language::Mandarin => "很抱歉,诊所现在关门了,没有人能接听。您要留言吗?",
        Language::Cantonese => "唔好意思,診所而家閂咗門,冇人可以聽電話。你想唔想留言?",
        Language::Punjabi => "ਮਾਫ਼ ਕਰਨਾ, ਕਲੀਨਿਕ ਇਸ ਵੇਲੇ ਬੰਦ ਹੈ ਅਤੇ ਕੋਈ ਫ਼ੋਨ ਨਹੀਂ ਚੁੱਕ ਸਕਦਾ। ਕੀ ਤੁਸੀਂ ਸੁਨੇਹਾ ਛੱਡਣਾ ਚਾਹੁੰਦੇ ਹੋ?",
    }
}
