//! What a good receptionist says with no tool's result: none of it may be withheld. And what is near it and may not be heard.

use super::*;

/// Every row that is withheld, at once: what the caller said, and what is answered.
fn all_pass(language: Language, rows: &[(&[&str], &str)]) {
    let withheld: Vec<_> = rows
        .iter()
        .filter_map(|(caller, words)| judged(language, caller, &[], words).map(|kind| format!("{words}: {kind:?}")))
        .collect();
    assert!(withheld.is_empty(), "{language}:\n{}", withheld.join("\n"));
}

#[test]
fn good_english_is_heard() {
    all_pass(
        Language::English,
        &[
            (&[], "Let me look, it takes about two minutes."),
            (&[], "I have three questions for you."),
            (&[], "I can't book that without your date of birth."),
            (&[], "Once it is booked, we will call you."),
            (&[], "It isn't cancelled yet, shall I cancel it?"),
            (&["tuesday at 3 please"], "You would like Tuesday at 3, let me look."),
            (&[], "We are at 1050 West Broadway, suite 12."),
            (&[], "The nurse calls back after five to ten minutes."),
            (&[], "I am sorry, I was not able to move it."),
            (&[], "Your message will be passed on."),
            (&[], "Shall I put you on the waiting list?"),
            (&[], "How old is she, five or six?"),
            (&[], "Is that 6 0 4, 5 5 5, 0 1 2 3?"),
            (&[], "You are number 3 in the queue."),
            (&[], "Before noon or after noon?"),
            (&[], "Would you rather come before or after noon?"),
        ],
    );
}

#[test]
fn good_french_is_heard() {
    all_pass(
        Language::French,
        &[
            (&[], "Un instant, cela prend deux minutes."),
            (&[], "J'ai trois questions pour vous."),
            (&[], "Je ne peux pas réserver sans votre date de naissance."),
            (&[], "Une fois que ce sera réservé, nous vous appellerons."),
            (&[], "Ce n'est pas encore annulé."),
            (&[], "Voulez-vous que je vous inscrive sur la liste d'attente?"),
            (&["mardi à quinze heures trente"], "Vous voulez mardi à 15 h 30, je regarde."),
            (&[], "La visite dure 15 minutes."),
            (&[], "Je n'ai pas pu déplacer votre rendez-vous."),
            (&[], "Votre message sera transmis."),
            (&[], "Quel âge a-t-elle, cinq ou six ans?"),
            (&[], "Avant midi ou après midi?"),
            (&[], "Nous sommes au 1050, rue Broadway, bureau 12."),
        ],
    );
}

#[test]
fn good_mandarin_is_heard() {
    all_pass(
        Language::Mandarin,
        &[
            (&[], "请稍等两分钟。"),
            (&[], "我有三个问题。"),
            (&[], "没有您的出生日期，我不能预约。"),
            (&[], "约好以后我们会打电话给您。"),
            (&[], "要我帮您预约吗？"),
            (&["星期二下午三点"], "您想要星期二下午三点，我看一下。"),
            (&["八四年三月九号"], "您的出生日期是1984年3月9号，对吗？"),
            (&["一九八四年三月九号"], "您的出生日期是1984年3月9号，对吗？"),
            (&["三月九号", "一九八四年"], "您的出生日期是1984年3月9号，对吗？"),
            (&["二〇〇五年三月九号"], "您的出生日期是2005年3月9号，对吗？"),
            (&["周末可以吗"], "周末的话，您要星期六还是星期天？"),
            (&[], "还没有取消，要取消吗？"),
            (&[], "您的留言会转达给医生。"),
            (&[], "我们在 1050 West Broadway, 12 楼。"),
        ],
    );
}

#[test]
fn good_cantonese_is_heard() {
    all_pass(
        Language::Cantonese,
        &[
            (&[], "請等兩分鐘。"),
            (&[], "我有三個問題。"),
            (&[], "冇出生日期，我唔可以幫你約。"),
            (&[], "約好之後我哋會打畀你。"),
            (&[], "要唔要我幫你約？"),
            (&["星期二下晝三點一刻"], "你想要星期二下晝三點一刻，我睇下。"),
            (&["八四年三月九號"], "你嘅出生日期係1984年3月9號，啱唔啱？"),
            (&["三月九號", "一九八四年"], "你嘅出生日期係1984年3月9號，啱唔啱？"),
            (&["週末得唔得"], "週末嘅話，你要星期六定係星期日？"),
            (&[], "仲未取消，要取消嗎？"),
            (&[], "你嘅口信會轉達俾醫生。"),
        ],
    );
}

#[test]
fn good_punjabi_is_heard() {
    all_pass(
        Language::Punjabi,
        &[
            (&[], "ਇੱਕ ਮਿੰਟ ਜੀ।"),
            (&[], "ਮੇਰੇ ਤਿੰਨ ਸਵਾਲ ਹਨ।"),
            (&[], "ਜਨਮ ਤਾਰੀਖ ਬਿਨਾਂ ਮੈਂ ਬੁੱਕ ਨਹੀਂ ਕਰ ਸਕਦੀ।"),
            (&[], "ਕੀ ਮੈਂ ਤੁਹਾਡੀ ਅਪੌਇੰਟਮੈਂਟ ਬੁੱਕ ਕਰਾਂ?"),
            (&[], "ਅਜੇ ਰੱਦ ਨਹੀਂ ਹੋਈ।"),
            (&["ਮੰਗਲਵਾਰ ਸਵਾ ਤਿੰਨ ਵਜੇ"], "ਤੁਸੀਂ ਮੰਗਲਵਾਰ ਸਵਾ ਤਿੰਨ ਵਜੇ ਚਾਹੁੰਦੇ ਹੋ, ਮੈਂ ਦੇਖਦੀ ਹਾਂ।"),
            (&["9 ਮਾਰਚ ਉੱਨੀ ਸੌ ਚੁਰਾਸੀ"], "ਤੁਹਾਡੀ ਜਨਮ ਤਾਰੀਖ 9 ਮਾਰਚ 1984 ਹੈ?"),
            (&["9 ਮਾਰਚ", "1984"], "ਤੁਹਾਡੀ ਜਨਮ ਤਾਰੀਖ 9 ਮਾਰਚ 1984 ਹੈ?"),
            (&["9 ਮਾਰਚ ਦੋ ਹਜ਼ਾਰ ਪੰਜ"], "ਤੁਹਾਡੀ ਜਨਮ ਤਾਰੀਖ 9 ਮਾਰਚ 2005 ਹੈ?"),
            (&["ਵੀਕਐਂਡ ਤੇ"], "ਤੁਸੀਂ ਸ਼ਨਿੱਚਰਵਾਰ ਆ ਸਕਦੇ ਹੋ ਜਾਂ ਐਤਵਾਰ?"),
        ],
    );
}

#[test]
fn another_year_or_day_than_the_caller_s_is_withheld_in_every_language_that_has_no_calendar() {
    for (language, caller, words) in [
        (Language::Mandarin, "八四年三月九号", "您的出生日期是1985年3月9号，对吗？"),
        (Language::Mandarin, "六零四五五五一九八四，三月九号", "您的出生日期是1984年3月9号，对吗？"),
        (Language::Mandarin, "周末可以吗", "星期二可以。"),
        (Language::Cantonese, "八四年三月九號", "你嘅出生日期係1985年3月9號，啱唔啱？"),
        (Language::Cantonese, "週末得唔得", "星期二得。"),
        (Language::Punjabi, "9 ਮਾਰਚ ਉੱਨੀ ਸੌ ਚੁਰਾਸੀ", "ਤੁਹਾਡੀ ਜਨਮ ਤਾਰੀਖ 9 ਮਾਰਚ 1985 ਹੈ?"),
        (Language::Punjabi, "ਵੀਕਐਂਡ ਤੇ", "ਮੰਗਲਵਾਰ ਨੂੰ ਸਮਾਂ ਹੈ।"),
    ] {
        assert_eq!(judged(language, &[caller], &[], words), Some(Kind::Date), "{words}");
    }
}
