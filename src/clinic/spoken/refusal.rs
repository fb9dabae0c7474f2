//! What is said to a caller whose wish the server refuses, in their language. Each sentence says what they can do instead.

use crate::clinic::operator::Operator;
use crate::emr::ForOthers;
use crate::language::Language;

/// The clinic has whoever calls for a child talk to its staff; a person is offered, or to leave a message.
pub const fn for_child(instead: ForOthers, language: Language) -> &'static str {
    let [english, french, mandarin, cantonese, punjabi] = match instead {
        ForOthers::Transfer | ForOthers::Book => [
            "I'm sorry, I can't look after a child's appointments myself. Shall I pass you to a person at the clinic?",
            "Je suis désolée, je ne peux pas m'occuper moi-même des rendez-vous d'un enfant. Voulez-vous que je vous passe une personne de la clinique?",
            "很抱歉,孩子的预约我办不了。需要我帮您转接诊所的工作人员吗?",
            "唔好意思,小朋友嘅預約我幫唔到手。使唔使我幫你轉駁去診所職員?",
            "ਮਾਫ਼ ਕਰਨਾ, ਬੱਚੇ ਦੀ ਅਪੌਇੰਟਮੈਂਟ ਮੈਂ ਆਪ ਨਹੀਂ ਕਰ ਸਕਦੀ। ਕੀ ਮੈਂ ਤੁਹਾਡੀ ਗੱਲ ਕਲੀਨਿਕ ਦੇ ਸਟਾਫ਼ ਨਾਲ ਕਰਵਾਵਾਂ?",
        ],
        ForOthers::Message => [
            "I'm sorry, I can't look after a child's appointments myself. Would you like to leave a message for the clinic?",
            "Je suis désolée, je ne peux pas m'occuper moi-même des rendez-vous d'un enfant. Voulez-vous laisser un message à la clinique?",
            "很抱歉,孩子的预约我办不了。您要给诊所留言吗?",
            "唔好意思,小朋友嘅預約我幫唔到手。你要唔要留言俾診所?",
            "ਮਾਫ਼ ਕਰਨਾ, ਬੱਚੇ ਦੀ ਅਪੌਇੰਟਮੈਂਟ ਮੈਂ ਆਪ ਨਹੀਂ ਕਰ ਸਕਦੀ। ਕੀ ਤੁਸੀਂ ਕਲੀਨਿਕ ਲਈ ਸੁਨੇਹਾ ਛੱਡਣਾ ਚਾਹੁੰਦੇ ਹੋ?",
        ],
    };
    match language {
        Language::English => english,
        Language::French => french,
        Language::Mandarin => mandarin,
        Language::Cantonese => cantonese,
        Language::Punjabi => punjabi,
    }
}

/// They left as much for the staff as one caller may in a day.
pub const fn left_enough(operator: Operator, language: Language) -> &'static str {
    match (language, operator) {
        (Language::English, Operator::There) => {
            "I'm sorry, I can't take any more for the clinic from you today. Please call again tomorrow, or shall I pass you to a person?"
        }
        (Language::English, Operator::Away) => {
            "I'm sorry, I can't take any more for the clinic from you today. Please call again tomorrow. Is there anything else?"
        }
        (Language::French, Operator::There) => {
            "Je suis désolée, je ne peux plus rien transmettre à la clinique de votre part aujourd'hui. Rappelez demain, ou voulez-vous que je vous passe une personne?"
        }
        (Language::French, Operator::Away) => {
            "Je suis désolée, je ne peux plus rien transmettre à la clinique de votre part aujourd'hui. Rappelez demain. Est-ce qu'il y a autre chose?"
        }
        (Language::Mandarin, Operator::There) => {
            "很抱歉,今天不能再帮您转告诊所了。请明天再打来,或者需要我帮您转接工作人员吗?"
        }
        (Language::Mandarin, Operator::Away) => "很抱歉,今天不能再帮您转告诊所了。请明天再打来。还有别的事吗?",
        (Language::Cantonese, Operator::There) => {
            "唔好意思,今日唔可以再幫你轉達俾診所。請聽日再打嚟,或者使唔使我幫你轉駁去職員?"
        }
        (Language::Cantonese, Operator::Away) => {
            "唔好意思,今日唔可以再幫你轉達俾診所。請聽日再打嚟。仲有冇其他嘢可以幫到你?"
        }
        (Language::Punjabi, Operator::There) => {
            "ਮਾਫ਼ ਕਰਨਾ, ਅੱਜ ਮੈਂ ਤੁਹਾਡੇ ਵੱਲੋਂ ਕਲੀਨਿਕ ਲਈ ਹੋਰ ਕੁਝ ਨਹੀਂ ਲੈ ਸਕਦੀ। ਕਿਰਪਾ ਕਰਕੇ ਕੱਲ੍ਹ ਫਿਰ ਫ਼ੋਨ ਕਰੋ, ਜਾਂ ਕੀ ਮੈਂ ਤੁਹਾਡੀ ਗੱਲ ਸਟਾਫ਼ ਨਾਲ ਕਰਵਾਵਾਂ?"
        }
        (Language::Punjabi, Operator::Away) => {
            "ਮਾਫ਼ ਕਰਨਾ, ਅੱਜ ਮੈਂ ਤੁਹਾਡੇ ਵੱਲੋਂ ਕਲੀਨਿਕ ਲਈ ਹੋਰ ਕੁਝ ਨਹੀਂ ਲੈ ਸਕਦੀ। ਕਿਰਪਾ ਕਰਕੇ ਕੱਲ੍ਹ ਫਿਰ ਫ਼ੋਨ ਕਰੋ। ਕੀ ਹੋਰ ਕੁਝ ਚਾਹੀਦਾ ਹੈ?"
        }
    }
}

/// They booked and moved as much as one caller may in a day.
pub const fn booked_enough(operator: Operator, language: Language) -> &'static str {
    match (language, operator) {
        (Language::English, Operator::There) => {
            "I'm sorry, I can't book or move any more appointments for you today. Shall I pass you to a person at the clinic?"
        }
        (Language::English, Operator::Away) => {
            "I'm sorry, I can't book or move any more appointments for you today. Would you like to leave a message for the clinic?"
        }
        (Language::French, Operator::There) => {
            "Je suis désolée, je ne peux plus prendre ni déplacer de rendez-vous pour vous aujourd'hui. Voulez-vous que je vous passe une personne de la clinique?"
        }
        (Language::French, Operator::Away) => {
            "Je suis désolée, je ne peux plus prendre ni déplacer de rendez-vous pour vous aujourd'hui. Voulez-vous laisser un message à la clinique?"
        }
        (Language::Mandarin, Operator::There) => "很抱歉,今天不能再帮您预约或改期了。需要我帮您转接诊所的工作人员吗?",
        (Language::Mandarin, Operator::Away) => "很抱歉,今天不能再帮您预约或改期了。您要给诊所留言吗?",
        (Language::Cantonese, Operator::There) => "唔好意思,今日唔可以再幫你預約或者改期。使唔使我幫你轉駁去診所職員?",
        (Language::Cantonese, Operator::Away) => "唔好意思,今日唔可以再幫你預約或者改期。你要唔要留言俾診所?",
        (Language::Punjabi, Operator::There) => {
            "ਮਾਫ਼ ਕਰਨਾ, ਅੱਜ ਮੈਂ ਤੁਹਾਡੇ ਲਈ ਹੋਰ ਅਪੌਇੰਟਮੈਂਟ ਬੁੱਕ ਜਾਂ ਬਦਲ ਨਹੀਂ ਸਕਦੀ। ਕੀ ਮੈਂ ਤੁਹਾਡੀ ਗੱਲ ਕਲੀਨਿਕ ਦੇ ਸਟਾਫ਼ ਨਾਲ ਕਰਵਾਵਾਂ?"
        }
        (Language::Punjabi, Operator::Away) => {
            "ਮਾਫ਼ ਕਰਨਾ, ਅੱਜ ਮੈਂ ਤੁਹਾਡੇ ਲਈ ਹੋਰ ਅਪੌਇੰਟਮੈਂਟ ਬੁੱਕ ਜਾਂ ਬਦਲ ਨਹੀਂ ਸਕਦੀ। ਕੀ ਤੁਸੀਂ ਕਲੀਨਿਕ ਲਈ ਸੁਨੇਹਾ ਛੱਡਣਾ ਚਾਹੁੰਦੇ ਹੋ?"
        }
    }
}

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
        Language::Cantonese => "唔好意思,診所而家閂咗門,冇人可以聽電話。你要唔要留言?",
        Language::Punjabi => "ਮਾਫ਼ ਕਰਨਾ, ਕਲੀਨਿਕ ਇਸ ਵੇਲੇ ਬੰਦ ਹੈ ਅਤੇ ਕੋਈ ਫ਼ੋਨ ਨਹੀਂ ਚੁੱਕ ਸਕਦਾ। ਕੀ ਤੁਸੀਂ ਸੁਨੇਹਾ ਛੱਡਣਾ ਚਾਹੁੰਦੇ ਹੋ?",
    }
}

/// What was about to be said is nothing that the clinic's book or facts tell.
pub const fn unconfirmed(operator: Operator, language: Language) -> &'static str {
    match (language, operator) {
        (Language::English, Operator::There) => {
            "I'm sorry, I can't confirm that myself. Would you like to leave a message, or speak to a person?"
        }
        (Language::English, Operator::Away) => {
            "I'm sorry, I can't confirm that myself. Would you like to leave a message?"
        }
        (Language::French, Operator::There) => {
            "Je suis désolée, je ne peux pas le confirmer moi-même. Voulez-vous laisser un message ou parler à quelqu'un?"
        }
        (Language::French, Operator::Away) => {
            "Je suis désolée, je ne peux pas le confirmer moi-même. Voulez-vous laisser un message?"
        }
        (Language::Mandarin, Operator::There) => "很抱歉,这个我没有办法确认。您要留言,还是跟工作人员谈?",
        (Language::Mandarin, Operator::Away) => "很抱歉,这个我没有办法确认。您要留言吗?",
        (Language::Cantonese, Operator::There) => "唔好意思,呢樣嘢我確認唔到。你想留言,定係同職員傾?",
        (Language::Cantonese, Operator::Away) => "唔好意思,呢樣嘢我確認唔到。你要唔要留言?",
        (Language::Punjabi, Operator::There) => {
            "ਮਾਫ਼ ਕਰਨਾ, ਮੈਂ ਇਹ ਪੱਕਾ ਨਹੀਂ ਦੱਸ ਸਕਦੀ। ਕੀ ਤੁਸੀਂ ਸੁਨੇਹਾ ਛੱਡਣਾ ਚਾਹੋਗੇ, ਜਾਂ ਕਿਸੇ ਵਿਅਕਤੀ ਨਾਲ ਗੱਲ ਕਰਨੀ ਚਾਹੋਗੇ?"
        }
        (Language::Punjabi, Operator::Away) => "ਮਾਫ਼ ਕਰਨਾ, ਮੈਂ ਇਹ ਪੱਕਾ ਨਹੀਂ ਦੱਸ ਸਕਦੀ। ਕੀ ਤੁਸੀਂ ਸੁਨੇਹਾ ਛੱਡਣਾ ਚਾਹੋਗੇ?",
    }
}

/// Who somebody is could not be made sure of, and there is nobody to pass them on to.
pub const fn unidentified(language: Language) -> &'static str {
    match language {
        Language::English => {
            "I couldn't confirm who you are, and nobody can take your call right now. Would you like to leave a message?"
        }
        Language::French => {
            "Je n'ai pas pu confirmer votre identité, et personne ne peut vous répondre en ce moment. Voulez-vous laisser un message?"
        }
        Language::Mandarin => "我没能确认您的身份,现在也没有人能接听。您要留言吗?",
        Language::Cantonese => "我未能確認你嘅身份,而家亦冇人可以聽電話。你要唔要留言?",
        Language::Punjabi => "ਮੈਂ ਤੁਹਾਡੀ ਪਛਾਣ ਪੱਕੀ ਨਹੀਂ ਕਰ ਸਕੀ, ਅਤੇ ਇਸ ਵੇਲੇ ਕੋਈ ਫ਼ੋਨ ਨਹੀਂ ਚੁੱਕ ਸਕਦਾ। ਕੀ ਤੁਸੀਂ ਸੁਨੇਹਾ ਛੱਡਣਾ ਚਾਹੁੰਦੇ ਹੋ?",
    }
}
