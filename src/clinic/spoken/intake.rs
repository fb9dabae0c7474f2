//! What is said to somebody who is to be registered or put on the waiting list, or leaves a message, in their language.
//!
//! Pure. Every question holds what it asks about, so that a mistake is heard.

use jiff::civil::Date;

use super::appointment::birth_date;
use super::telephone;
use crate::language::Language;

/// What somebody waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// To become a patient.
    NewPatient,
    EarlierSlot,
}

/// Shall it be passed to the staff? `number`: ten digits.
pub fn ask_to_register(name: &str, born: Date, number: &str, language: Language) -> String {
    let (born, number) = (birth_date(born, language), telephone(number));
    match language {
        Language::English => {
            format!(
                "{name}, born {born}, telephone {number}. Shall I pass that to the clinic, so that they can register you?"
            )
        }
        Language::French => {
            format!(
                "{name}, date de naissance {born}, téléphone {number}. Est-ce que je transmets cela à la clinique pour votre inscription?"
            )
        }
        Language::Mandarin => format!("{name},出生日期{born},电话{number}。要交给诊所帮您登记吗?"),
        Language::Cantonese => format!("{name},出生日期{born},電話{number}。交俾診所幫你登記好唔好?"),
        Language::Punjabi => {
            format!("{name}, ਜਨਮ ਮਿਤੀ {born}, ਫ਼ੋਨ {number}। ਕੀ ਮੈਂ ਇਹ ਰਜਿਸਟਰ ਕਰਨ ਲਈ ਕਲੀਨਿਕ ਨੂੰ ਦੇ ਦਿਆਂ?")
        }
    }
}

/// Shall they be put on the list? `number`: ten digits.
pub fn ask_to_wait(wait: Wait, name: &str, number: &str, language: Language) -> String {
    let number = telephone(number);
    let [english, french, mandarin, cantonese, punjabi] = match wait {
        Wait::NewPatient => [
            "Shall I put you on the waiting list for new patients?",
            "Est-ce que je vous inscris sur la liste d'attente des nouveaux patients?",
            "要把您放进新病人的等候名单吗?",
            "幫你放入新病人嘅輪候名單好唔好?",
            "ਕੀ ਮੈਂ ਤੁਹਾਨੂੰ ਨਵੇਂ ਮਰੀਜ਼ਾਂ ਦੀ ਉਡੀਕ ਸੂਚੀ ਵਿੱਚ ਪਾ ਦਿਆਂ?",
        ],
        Wait::EarlierSlot => [
            "Shall I put you on the waiting list for an earlier appointment?",
            "Est-ce que je vous inscris sur la liste d'attente pour un rendez-vous plus tôt?",
            "要把您放进等候提前预约的名单吗?",
            "幫你放入等早啲預約嘅名單好唔好?",
            "ਕੀ ਮੈਂ ਤੁਹਾਨੂੰ ਪਹਿਲਾਂ ਵਾਲੀ ਅਪੌਇੰਟਮੈਂਟ ਦੀ ਉਡੀਕ ਸੂਚੀ ਵਿੱਚ ਪਾ ਦਿਆਂ?",
        ],
    };
    match language {
        Language::English => format!("{name}, telephone {number}. {english}"),
        Language::French => format!("{name}, téléphone {number}. {french}"),
        Language::Mandarin => format!("{name},电话{number}。{mandarin}"),
        Language::Cantonese => format!("{name},電話{number}。{cantonese}"),
        Language::Punjabi => format!("{name}, ਫ਼ੋਨ {number}। {punjabi}"),
    }
}

/// Shall the message be passed on? Whom they call back and where; `number`: ten digits. The message itself is read back before it.
pub fn ask_to_pass_on(name: &str, number: &str, language: Language) -> String {
    let number = telephone(number);
    match language {
        Language::English => {
            format!(
                "It's from {name}, and the number to call back is {number}. Shall I pass that message to the clinic?"
            )
        }
        Language::French => format!(
            "De la part de {name}, à rappeler au numéro {number}. Est-ce que je transmets ce message à la clinique?"
        ),
        Language::Mandarin => format!("是{name}留的,回电话的号码是{number}。要帮您把这条留言转给诊所吗?"),
        Language::Cantonese => format!("係{name}留嘅,覆電話嘅號碼係{number}。幫你將呢個留言轉俾診所好唔好?"),
        Language::Punjabi => {
            format!("{name} ਵੱਲੋਂ, ਵਾਪਸ ਫ਼ੋਨ ਕਰਨ ਲਈ ਨੰਬਰ {number}। ਕੀ ਮੈਂ ਇਹ ਸੁਨੇਹਾ ਕਲੀਨਿਕ ਨੂੰ ਦੇ ਦਿਆਂ?")
        }
    }
}

/// The staff have it.
pub const fn passed_on(language: Language) -> &'static str {
    match language {
        Language::English => "Thank you, I've passed that to the clinic. The staff will look at it and call you.",
        Language::French => "Merci, c'est transmis. Le personnel de la clinique va regarder cela et vous rappeler.",
        Language::Mandarin => "谢谢,已经交给诊所了。工作人员会查看,然后打电话给您。",
        Language::Cantonese => "多謝,已經交咗俾診所。職員會睇,然後打電話俾你。",
        Language::Punjabi => "ਧੰਨਵਾਦ, ਮੈਂ ਇਹ ਕਲੀਨਿਕ ਨੂੰ ਦੇ ਦਿੱਤਾ ਹੈ। ਸਟਾਫ਼ ਦੇਖ ਕੇ ਤੁਹਾਨੂੰ ਫ਼ੋਨ ਕਰੇਗਾ।",
    }
}

/// A health card's number that is none.
pub const fn card_wrong(language: Language) -> &'static str {
    match language {
        Language::English => {
            "I'm sorry, that number can't be right. Could you say your health card number again, one digit at a time?"
        }
        Language::French => {
            "Je suis désolé, ce numéro ne peut pas être juste. Pouvez-vous redire le numéro de votre carte santé, chiffre par chiffre?"
        }
        Language::Mandarin => "对不起,这个号码不对。请再说一次您的健康卡号码,一个一个数字地说。",
        Language::Cantonese => "唔好意思,呢個號碼唔啱。請再講一次你嘅健康卡號碼,逐個數字講。",
        Language::Punjabi => "ਮਾਫ਼ ਕਰਨਾ, ਇਹ ਨੰਬਰ ਠੀਕ ਨਹੀਂ ਲੱਗਦਾ। ਕਿਰਪਾ ਕਰਕੇ ਆਪਣਾ ਹੈਲਥ ਕਾਰਡ ਨੰਬਰ ਇੱਕ ਇੱਕ ਅੰਕ ਕਰਕੇ ਦੁਬਾਰਾ ਦੱਸੋ।",
    }
}

/// A health card's number that is not of this name and date of birth.
pub const fn card_of_another(language: Language) -> &'static str {
    match language {
        Language::English => {
            "That health card doesn't go with the name and the date of birth I have. Could you check the card's number, the spelling of the name and the date of birth?"
        }
        Language::French => {
            "Cette carte santé ne correspond pas au nom et à la date de naissance que j'ai notés. Pouvez-vous vérifier le numéro de la carte, l'orthographe du nom et la date de naissance?"
        }
        Language::Mandarin => "这张健康卡和我记下的姓名、出生日期对不上。请核对一下卡号、姓名的拼写和出生日期。",
        Language::Cantonese => "呢張健康卡同我記低嘅姓名、出生日期對唔上。請核對一下卡號、姓名嘅串法同出生日期。",
        Language::Punjabi => {
            "ਇਹ ਹੈਲਥ ਕਾਰਡ ਮੇਰੇ ਲਿਖੇ ਨਾਮ ਅਤੇ ਜਨਮ ਮਿਤੀ ਨਾਲ ਨਹੀਂ ਮਿਲਦਾ। ਕਿਰਪਾ ਕਰਕੇ ਕਾਰਡ ਨੰਬਰ, ਨਾਮ ਦੇ ਅੱਖਰ ਅਤੇ ਜਨਮ ਮਿਤੀ ਦੁਬਾਰਾ ਦੇਖੋ।"
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn every_question_holds_what_it_asks_about() {
        for language in Language::ALL {
            let register = ask_to_register("Jane Roe", date(1984, 3, 9), "6045550123", language);
            assert!(register.contains("Jane Roe") && register.contains("1984"), "{register}");
            for question in [
                register,
                ask_to_wait(Wait::NewPatient, "Jane Roe", "6045550123", language),
                ask_to_wait(Wait::EarlierSlot, "Jane Roe", "6045550123", language),
                ask_to_pass_on("Jane Roe", "6045550123", language),
            ] {
                assert!(question.contains("Jane Roe") && question.contains("6 0 4, 5 5 5, 0 1 2 3"), "{question}");
            }
        }
    }
}
