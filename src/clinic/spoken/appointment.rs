//! What is said about appointments, in the caller's language.
//!
//! Pure. Names of providers and times come from the book; a sentence never holds what a visit is for. A date is said with its weekday,
//! so that a mistake is heard.

use jiff::civil::{Date, DateTime, Weekday};

use super::{chinese, english, french, list, punjabi};
use crate::clinic::operator::Operator;
use crate::language::Language;

/// An appointment as it is told: when, and with whom.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    pub at: DateTime,
    /// Empty: with somebody whom callers do not book, and whose name is not known here.
    pub provider: &'a str,
}

/// "Tuesday, November 24 at 10:15 AM".
pub fn moment(at: DateTime, language: Language) -> String {
    let (date, time) = (at.date(), at.time());
    match language {
        Language::English => {
            let weekday = english::weekday(date.weekday());
            format!("{weekday}, {} at {}", date.strftime("%B %-d"), english::time(time))
        }
        Language::French => {
            format!("le {} {} à {}", french::weekday(date.weekday()), french::date(date), french::time(time))
        }
        Language::Mandarin => chinese::moment(at, &chinese::MANDARIN),
        Language::Cantonese => chinese::moment(at, &chinese::CANTONESE),
        Language::Punjabi => {
            let weekday = punjabi::weekday(date.weekday());
            format!("{} {weekday} ਨੂੰ {} ਵਜੇ", punjabi::date(date), punjabi::time(time))
        }
    }
}

/// A date of birth read back, the year last where the language has it there.
pub fn birth_date(date: Date, language: Language) -> String {
    match language {
        Language::English => date.strftime("%B %-d, %Y").to_string(),
        Language::French => format!("le {} {}", french::date(date), date.year()),
        Language::Mandarin => format!("{}年{}月{}日", date.year(), date.month(), date.day()),
        Language::Cantonese => format!("{}年{}月{}號", date.year(), date.month(), date.day()),
        Language::Punjabi => format!("{} {}", punjabi::date(date), date.year()),
    }
}

/// A date and the weekday that was said with it do not go together: both are said.
pub fn other_weekday(date: Date, said: Weekday, language: Language) -> String {
    let is = date.weekday();
    match language {
        Language::English => {
            let (day, is, said) = (date.strftime("%B %-d"), english::weekday(is), english::weekday(said));
            format!("{day} is a {is}, not a {said}. Which day do you mean?")
        }
        Language::French => {
            let (day, is, said) = (french::date(date), french::weekday(is), french::weekday(said));
            format!("Le {day} est un {is}, pas un {said}. De quel jour parlez-vous?")
        }
        Language::Mandarin => {
            let (day, is, said) =
                (chinese::date(date, &chinese::MANDARIN), chinese::weekday(is), chinese::weekday(said));
            format!("{day}是{is},不是{said}。您说的是哪一天?")
        }
        Language::Cantonese => {
            let (day, is, said) =
                (chinese::date(date, &chinese::CANTONESE), chinese::weekday(is), chinese::weekday(said));
            format!("{day}係{is},唔係{said}。你講嘅係邊一日?")
        }
        Language::Punjabi => {
            let (day, is, said) = (punjabi::date(date), punjabi::weekday(is), punjabi::weekday(said));
            format!("{day} ਨੂੰ {is} ਹੈ, {said} ਨਹੀਂ। ਤੁਹਾਡਾ ਮਤਲਬ ਕਿਹੜਾ ਦਿਨ ਹੈ?")
        }
    }
}

fn with(told: Told<'_>, language: Language) -> String {
    let (when, who) = (moment(told.at, language), told.provider);
    if who.is_empty() {
        return when;
    }
    match language {
        Language::English => format!("{when} with {who}"),
        Language::French => format!("{when} avec {who}"),
        Language::Mandarin => format!("{when},{who}"),
        Language::Cantonese => format!("{when},{who}"),
        Language::Punjabi => format!("{when} {who} ਨਾਲ"),
    }
}

fn all(told: &[Told<'_>], language: Language, or: bool) -> String {
    let each: Vec<String> = told.iter().map(|t| with(*t, language)).collect();
    let last = match (language, or) {
        (Language::English, true) => ", or ",
        (Language::English, false) => ", and ",
        (Language::French, true) => ", ou ",
        (Language::French, false) => ", et ",
        (Language::Mandarin, true) => ",或者",
        (Language::Cantonese, true) => ",或者",
        (Language::Mandarin | Language::Cantonese, false) => ";",
        (Language::Punjabi, true) => ", ਜਾਂ ",
        (Language::Punjabi, false) => ", ਅਤੇ ",
    };
    let between = if matches!(language, Language::Mandarin | Language::Cantonese) { ";" } else { ", " };
    list(&each, between, last)
}

/// Times that are free.
pub fn offer(told: &[Told<'_>], language: Language) -> String {
    let all = all(told, language, true);
    match language {
        Language::English => format!("I have {all}. Which one suits you?"),
        Language::French => format!("J'ai de la place {all}. Qu'est-ce qui vous convient?"),
        Language::Mandarin => format!("可以约的时间有:{all}。您要哪一个?"),
        Language::Cantonese => format!("可以約嘅時間有:{all}。你想要邊個?"),
        Language::Punjabi => format!("ਖਾਲੀ ਸਮਾਂ ਹੈ: {all}। ਤੁਹਾਨੂੰ ਕਿਹੜਾ ਠੀਕ ਹੈ?"),
    }
}

/// Appointments that stand.
pub fn standing(told: &[Told<'_>], language: Language) -> String {
    let all = all(told, language, false);
    match (language, told.is_empty()) {
        (Language::English, true) => "I see no upcoming appointment for you.".to_owned(),
        (Language::English, false) => format!("You have {all}."),
        (Language::French, true) => "Je ne vois aucun rendez-vous à venir pour vous.".to_owned(),
        (Language::French, false) => format!("Vous avez rendez-vous {all}."),
        (Language::Mandarin, true) => "您没有将来的预约。".to_owned(),
        (Language::Mandarin, false) => format!("您的预约是:{all}。"),
        (Language::Cantonese, true) => "你冇之後嘅預約。".to_owned(),
        (Language::Cantonese, false) => format!("你嘅預約係:{all}。"),
        (Language::Punjabi, true) => "ਤੁਹਾਡੀ ਅੱਗੇ ਕੋਈ ਅਪੌਇੰਟਮੈਂਟ ਨਹੀਂ ਹੈ।".to_owned(),
        (Language::Punjabi, false) => format!("ਤੁਹਾਡੀ ਅਪੌਇੰਟਮੈਂਟ ਹੈ: {all}।"),
    }
}

/// None stands on that day.
pub fn none_on(date: Date, language: Language) -> String {
    match language {
        Language::English => {
            let weekday = english::weekday(date.weekday());
            format!("I see no appointment for you on {weekday}, {}.", date.strftime("%B %-d"))
        }
        Language::French => {
            let (weekday, date) = (french::weekday(date.weekday()), french::date(date));
            format!("Je ne vois aucun rendez-vous pour vous le {weekday} {date}.")
        }
        Language::Mandarin => {
            let (weekday, date) = (chinese::weekday(date.weekday()), chinese::date(date, &chinese::MANDARIN));
            format!("您在{date}{weekday}没有预约。")
        }
        Language::Cantonese => {
            let (weekday, date) = (chinese::weekday(date.weekday()), chinese::date(date, &chinese::CANTONESE));
            format!("你喺{date}{weekday}冇預約。")
        }
        Language::Punjabi => {
            let (weekday, date) = (punjabi::weekday(date.weekday()), punjabi::date(date));
            format!("{date} {weekday} ਨੂੰ ਤੁਹਾਡੀ ਕੋਈ ਅਪੌਇੰਟਮੈਂਟ ਨਹੀਂ ਹੈ।")
        }
    }
}

/// Shall it be booked? `also`: one that the patient has that day.
pub fn ask_to_book(told: Told<'_>, also: Option<DateTime>, language: Language) -> String {
    let what = with(told, language);
    let warning = also.map(|at| {
        let when = moment(at, language);
        match language {
            Language::English => format!("You already have an appointment on {when}. "),
            Language::French => format!("Vous avez déjà un rendez-vous {when}. "),
            Language::Mandarin => format!("您在{when}已经有一个预约。"),
            Language::Cantonese => format!("你喺{when}已經有一個預約。"),
            Language::Punjabi => format!("ਤੁਹਾਡੀ {when} ਪਹਿਲਾਂ ਹੀ ਅਪੌਇੰਟਮੈਂਟ ਹੈ। "),
        }
    });
    let question = match language {
        Language::English => format!("That's {what}. Shall I book it?"),
        Language::French => format!("Ce serait {what}. Est-ce que je le réserve?"),
        Language::Mandarin => format!("时间是{what}。要帮您约吗?"),
        Language::Cantonese => format!("時間係{what}。幫你約好唔好?"),
        Language::Punjabi => format!("ਸਮਾਂ ਹੈ {what}। ਕੀ ਮੈਂ ਬੁੱਕ ਕਰਾਂ?"),
    };
    warning.unwrap_or_default() + &question
}

pub fn booked(told: Told<'_>, language: Language) -> String {
    let what = with(told, language);
    match language {
        Language::English => format!("You're booked for {what}."),
        Language::French => format!("C'est réservé, {what}."),
        Language::Mandarin => format!("约好了,{what}。"),
        Language::Cantonese => format!("約好咗,{what}。"),
        Language::Punjabi => format!("ਬੁੱਕ ਹੋ ਗਿਆ ਹੈ, {what}।"),
    }
}

/// Shall it be moved from there?
pub fn ask_to_move(old: DateTime, told: Told<'_>, language: Language) -> String {
    let (old, what) = (moment(old, language), with(told, language));
    match language {
        Language::English => format!("I'd move your appointment of {old} to {what}. Shall I do that?"),
        Language::French => {
            format!("Je déplacerais votre rendez-vous: au lieu d'être {old}, il serait {what}. Est-ce que je le fais?")
        }
        Language::Mandarin => format!("要把{old}的预约改到{what},对吗?"),
        Language::Cantonese => format!("將{old}嘅預約改到{what},啱唔啱?"),
        Language::Punjabi => format!("{old} ਦੀ ਅਪੌਇੰਟਮੈਂਟ ਬਦਲ ਕੇ {what} ਕਰਾਂ, ਠੀਕ ਹੈ?"),
    }
}

pub fn moved(told: Told<'_>, language: Language) -> String {
    let what = with(told, language);
    match language {
        Language::English => format!("It's moved. Your appointment is now {what}."),
        Language::French => format!("C'est fait. Votre rendez-vous est maintenant {what}."),
        Language::Mandarin => format!("改好了,现在是{what}。"),
        Language::Cantonese => format!("改好咗,而家係{what}。"),
        Language::Punjabi => format!("ਬਦਲ ਦਿੱਤੀ ਹੈ। ਹੁਣ ਤੁਹਾਡੀ ਅਪੌਇੰਟਮੈਂਟ {what} ਹੈ।"),
    }
}

/// Said before an appointment is cancelled or moved less than so many hours before it.
pub fn late_change(hours: u16, language: Language) -> String {
    match language {
        Language::English => {
            let hours = if hours == 1 { "1 hour's".to_owned() } else { format!("{hours} hours'") };
            format!("The clinic asks for at least {hours} notice to cancel or move an appointment, and this is later.")
        }
        Language::French => {
            let unit = if hours == 1 { "heure" } else { "heures" };
            format!(
                "La clinique demande un préavis d'au moins {hours} {unit} pour annuler ou déplacer un rendez-vous, et ce délai est passé."
            )
        }
        Language::Mandarin => format!("诊所要求至少提前{hours}小时取消或更改预约,现在已经不到{hours}小时了。"),
        Language::Cantonese => format!("診所要求最少提前{hours}個鐘取消或者更改預約,而家已經唔夠{hours}個鐘。"),
        Language::Punjabi => {
            let unit = if hours == 1 { "ਘੰਟਾ" } else { "ਘੰਟੇ" };
            format!(
                "ਕਲੀਨਿਕ ਚਾਹੁੰਦਾ ਹੈ ਕਿ ਅਪੌਇੰਟਮੈਂਟ ਘੱਟੋ-ਘੱਟ {hours} {unit} ਪਹਿਲਾਂ ਰੱਦ ਕੀਤੀ ਜਾਂ ਬਦਲੀ ਜਾਵੇ, ਅਤੇ ਹੁਣ ਉਸ ਤੋਂ ਘੱਟ ਸਮਾਂ ਰਹਿ ਗਿਆ ਹੈ।"
            )
        }
    }
}

/// Shall it be cancelled?
pub fn ask_to_cancel(told: Told<'_>, language: Language) -> String {
    let what = with(told, language);
    match language {
        Language::English => format!("I'd cancel your appointment, {what}. Shall I do that?"),
        Language::French => format!("J'annulerais votre rendez-vous, {what}. Est-ce que je le fais?"),
        Language::Mandarin => format!("要取消{what}的预约,对吗?"),
        Language::Cantonese => format!("取消{what}嘅預約,啱唔啱?"),
        Language::Punjabi => format!("{what} ਤੁਹਾਡੀ ਅਪੌਇੰਟਮੈਂਟ ਰੱਦ ਕਰਾਂ, ਠੀਕ ਹੈ?"),
    }
}

pub fn cancelled(at: DateTime, language: Language) -> String {
    let when = moment(at, language);
    match language {
        Language::English => format!("Your appointment on {when} is cancelled."),
        Language::French => format!("Votre rendez-vous {when} est annulé."),
        Language::Mandarin => format!("{when}的预约取消了。"),
        Language::Cantonese => format!("{when}嘅預約取消咗。"),
        Language::Punjabi => format!("{when} ਦੀ ਅਪੌਇੰਟਮੈਂਟ ਰੱਦ ਹੋ ਗਈ ਹੈ।"),
    }
}

/// What is said that names no time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remark {
    NoneFree,
    /// That time is gone.
    Taken,
    /// The appointment is no longer as it was told.
    Changed,
    /// The book cannot be reached: nothing was written.
    Unavailable(Operator),
    /// It may or may not have been written.
    Unknown,
    /// Asked whatever is known of the number called from.
    WhoIsCalling,
    Found,
    /// Name and birth date are not enough.
    NeedFactor,
    /// That does not match: no more is said than that.
    NoMatch,
    TooManyFailures,
}

impl Remark {
    pub const fn words(self, language: Language) -> &'static str {
        let [english, mandarin, cantonese, punjabi, french] = match self {
            Self::NoneFree => [
                "I found no free time like that. Shall I look at other days?",
                "没有找到合适的时间。要看看别的日子吗?",
                "搵唔到合適嘅時間。睇下第二日好唔好?",
                "ਇਹੋ ਜਿਹਾ ਕੋਈ ਸਮਾਂ ਖਾਲੀ ਨਹੀਂ ਮਿਲਿਆ। ਕੀ ਮੈਂ ਹੋਰ ਦਿਨ ਦੇਖਾਂ?",
                "Je n'ai rien trouvé de libre à ces moments. Est-ce que je regarde d'autres jours?",
            ],
            Self::Taken => [
                "I'm sorry, that time has just been taken.",
                "对不起,这个时间刚刚被约走了。",
                "唔好意思,呢個時間啱啱俾人約咗。",
                "ਮਾਫ਼ ਕਰਨਾ, ਉਹ ਸਮਾਂ ਹੁਣੇ ਕਿਸੇ ਹੋਰ ਨੇ ਲੈ ਲਿਆ ਹੈ।",
                "Je suis désolé, cette place vient d'être prise.",
            ],
            Self::Changed => [
                "That appointment has changed since. Let me look again.",
                "这个预约已经有变动,我再看一下。",
                "呢個預約已經有變動,我再睇下。",
                "ਉਹ ਅਪੌਇੰਟਮੈਂਟ ਬਦਲ ਗਈ ਹੈ। ਮੈਂ ਦੁਬਾਰਾ ਦੇਖਦਾ ਹਾਂ।",
                "Ce rendez-vous a changé entre-temps. Je regarde de nouveau.",
            ],
            Self::Unavailable(Operator::There) => [
                "I'm sorry, I can't reach the appointment book right now. I can take a message, or pass you to a person.",
                "对不起,现在查不到预约系统。我可以帮您留言,或者转给工作人员。",
                "唔好意思,而家用唔到預約系統。我可以幫你留言,或者轉俾職員。",
                "ਮਾਫ਼ ਕਰਨਾ, ਅਪੌਇੰਟਮੈਂਟ ਦੀ ਕਿਤਾਬ ਇਸ ਵੇਲੇ ਨਹੀਂ ਖੁੱਲ੍ਹ ਰਹੀ। ਮੈਂ ਸੁਨੇਹਾ ਲੈ ਸਕਦਾ ਹਾਂ ਜਾਂ ਕਿਸੇ ਵਿਅਕਤੀ ਨਾਲ ਗੱਲ ਕਰਾ ਸਕਦਾ ਹਾਂ।",
                "Je suis désolé, je n'ai pas accès au carnet de rendez-vous. Je peux prendre un message ou vous passer quelqu'un.",
            ],
            Self::Unavailable(Operator::Away) => [
                "I'm sorry, I can't reach the appointment book right now. Would you like to leave a message?",
                "对不起,现在查不到预约系统。您要留言吗?",
                "唔好意思,而家用唔到預約系統。你要唔要留言?",
                "ਮਾਫ਼ ਕਰਨਾ, ਅਪੌਇੰਟਮੈਂਟ ਦੀ ਕਿਤਾਬ ਇਸ ਵੇਲੇ ਨਹੀਂ ਖੁੱਲ੍ਹ ਰਹੀ। ਕੀ ਤੁਸੀਂ ਸੁਨੇਹਾ ਛੱਡਣਾ ਚਾਹੋਗੇ?",
                "Je suis désolé, je n'ai pas accès au carnet de rendez-vous. Voulez-vous laisser un message?",
            ],
            Self::Unknown => [
                "I can't tell whether that went through. The clinic's staff will look and call you to confirm.",
                "我不确定是否成功了。诊所的工作人员会查看,然后打电话给您确认。",
                "我唔肯定成唔成功。診所職員會查,然後打電話同你確認。",
                "ਮੈਨੂੰ ਪਤਾ ਨਹੀਂ ਲੱਗਿਆ ਕਿ ਇਹ ਹੋਇਆ ਜਾਂ ਨਹੀਂ। ਕਲੀਨਿਕ ਦਾ ਸਟਾਫ਼ ਦੇਖ ਕੇ ਤੁਹਾਨੂੰ ਫ਼ੋਨ ਕਰੇਗਾ।",
                "Je ne sais pas si cela a fonctionné. Le personnel de la clinique va vérifier et vous rappeler.",
            ],
            Self::WhoIsCalling => [
                "May I have your full name and your date of birth?",
                "请告诉我您的全名和出生日期。",
                "請講你嘅全名同出生日期。",
                "ਕਿਰਪਾ ਕਰਕੇ ਆਪਣਾ ਪੂਰਾ ਨਾਮ ਅਤੇ ਜਨਮ ਮਿਤੀ ਦੱਸੋ।",
                "Puis-je avoir votre nom complet et votre date de naissance?",
            ],
            Self::Found => [
                "Thank you, I found your file.",
                "谢谢,找到您的档案了。",
                "多謝,搵到你嘅檔案喇。",
                "ਧੰਨਵਾਦ, ਤੁਹਾਡੀ ਫ਼ਾਈਲ ਮਿਲ ਗਈ ਹੈ।",
                "Merci, j'ai trouvé votre dossier.",
            ],
            Self::NeedFactor => [
                "To be sure who you are, what is your postal code, or the last four digits of your health card?",
                "为了确认身份,请告诉我您的邮政编码,或者健康卡的最后四位数字。",
                "為咗確認身份,請講你嘅郵政編碼,或者健康卡最後四個數字。",
                "ਪਛਾਣ ਲਈ, ਆਪਣਾ ਪੋਸਟਲ ਕੋਡ ਜਾਂ ਹੈਲਥ ਕਾਰਡ ਦੇ ਆਖਰੀ ਚਾਰ ਅੰਕ ਦੱਸੋ।",
                "Pour confirmer votre identité, quel est votre code postal, ou les quatre derniers chiffres de votre carte santé?",
            ],
            Self::NoMatch => [
                "I couldn't match that. Could you give me your postal code again, or the last four digits of your health card?",
                "对不上。请再说一次您的邮政编码,或者健康卡的最后四位数字。",
                "對唔上。請再講一次你嘅郵政編碼,或者健康卡最後四個數字。",
                "ਇਹ ਨਹੀਂ ਮਿਲਿਆ। ਕਿਰਪਾ ਕਰਕੇ ਆਪਣਾ ਪੋਸਟਲ ਕੋਡ ਜਾਂ ਹੈਲਥ ਕਾਰਡ ਦੇ ਆਖਰੀ ਚਾਰ ਅੰਕ ਦੁਬਾਰਾ ਦੱਸੋ।",
                "Cela ne correspond pas. Pouvez-vous redire votre code postal, ou les quatre derniers chiffres de votre carte santé?",
            ],
            Self::TooManyFailures => [
                "I couldn't confirm who you are, so I'll pass you to a person.",
                "我没能确认您的身份,我帮您转给工作人员。",
                "我未能確認你嘅身份,我幫你轉俾職員。",
                "ਮੈਂ ਤੁਹਾਡੀ ਪਛਾਣ ਨਹੀਂ ਕਰ ਸਕਿਆ, ਇਸ ਲਈ ਕਿਸੇ ਵਿਅਕਤੀ ਨਾਲ ਗੱਲ ਕਰਾਉਂਦਾ ਹਾਂ।",
                "Je n'ai pas pu confirmer votre identité, je vous passe quelqu'un.",
            ],
        };
        match language {
            Language::English => english,
            Language::Mandarin => mandarin,
            Language::Cantonese => cantonese,
            Language::Punjabi => punjabi,
            Language::French => french,
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_moment_has_its_weekday_in_every_language() {
        let at = date(2026, 11, 24).at(10, 15, 0, 0);
        let said = Language::ALL.map(|language| moment(at, language));
        assert_eq!(
            said,
            [
                "Tuesday, November 24 at 10:15 AM",
                "十一月二十四号星期二上午十点十五分",
                "十一月二十四號星期二上晝十點十五分",
                "24 ਨਵੰਬਰ ਮੰਗਲਵਾਰ ਨੂੰ ਸਵੇਰੇ 10:15 ਵਜੇ",
                "le mardi 24 novembre à 10 heures 15",
            ]
        );
    }

    #[test]
    fn a_date_of_another_weekday_is_told_with_both() {
        let said = Language::ALL.map(|language| other_weekday(date(2026, 11, 24), Weekday::Wednesday, language));
        assert_eq!(
            said,
            [
                "November 24 is a Tuesday, not a Wednesday. Which day do you mean?",
                "十一月二十四号是星期二,不是星期三。您说的是哪一天?",
                "十一月二十四號係星期二,唔係星期三。你講嘅係邊一日?",
                "24 ਨਵੰਬਰ ਨੂੰ ਮੰਗਲਵਾਰ ਹੈ, ਬੁੱਧਵਾਰ ਨਹੀਂ। ਤੁਹਾਡਾ ਮਤਲਬ ਕਿਹੜਾ ਦਿਨ ਹੈ?",
                "Le 24 novembre est un mardi, pas un mercredi. De quel jour parlez-vous?",
            ]
        );
    }

    #[test]
    fn a_day_without_an_appointment_is_named() {
        let said = Language::ALL.map(|language| none_on(date(2026, 11, 24), language));
        assert_eq!(
            said,
            [
                "I see no appointment for you on Tuesday, November 24.",
                "您在十一月二十四号星期二没有预约。",
                "你喺十一月二十四號星期二冇預約。",
                "24 ਨਵੰਬਰ ਮੰਗਲਵਾਰ ਨੂੰ ਤੁਹਾਡੀ ਕੋਈ ਅਪੌਇੰਟਮੈਂਟ ਨਹੀਂ ਹੈ।",
                "Je ne vois aucun rendez-vous pour vous le mardi 24 novembre.",
            ]
        );
    }

    #[test]
    fn how_much_notice_the_clinic_asks_for_is_said_in_every_language() {
        for language in Language::ALL {
            let said = late_change(48, language);
            assert!(said.contains("48") && said != late_change(1, language), "{said}");
        }
        assert_eq!(
            late_change(1, Language::English),
            "The clinic asks for at least 1 hour's notice to cancel or move an appointment, and this is later."
        );
    }

    #[test]
    fn every_question_holds_the_moment_it_asks_about() {
        let told = Told { at: date(2026, 12, 1).at(12, 0, 0, 0), provider: "Dr. Wei Chen" };
        for language in Language::ALL {
            let when = moment(told.at, language);
            for question in [
                ask_to_book(told, Some(told.at), language),
                ask_to_move(date(2026, 12, 3).at(9, 0, 0, 0), told, language),
                ask_to_cancel(told, language),
            ] {
                assert!(question.contains(&when) && question.contains("Wei Chen"), "{question}");
            }
        }
    }
}
