use super::*;

#[test]
fn so_many_days_from_today_are_a_day() {
    all(
        &[
            ("in two days", "+2"),
            ("The earliest is in 3 days at ten.", "+3 10:00?"),
            ("That's two days from now.", "+2"),
            ("I have an opening in one day's time.", "+1"),
        ],
        Language::English,
    );
    all(&[("dans deux jours", "+2"), ("J'ai une place dans trois jours à 10 h.", "+3 10:00?")], Language::French);
    all(
        &[("最早是三天后。", "+3"), ("两天后上午十点有空。", "+2 10:00"), ("最早在两天之后。", "+2")],
        Language::Mandarin,
    );
    all(&[("最早係兩日後。", "+2"), ("兩日之後有位。", "+2")], Language::Cantonese);
    all(&[("ਦੋ ਦਿਨਾਂ ਬਾਅਦ ਸਮਾਂ ਹੈ।", "+2")], Language::Punjabi);
}

#[test]
fn days_that_something_takes_or_that_are_counted_from_something_else_are_none() {
    none(
        &[
            "in two business days",
            "Dr. Chen is in two days a week.",
            "in two or three days",
            "within two days",
            "Your results are ready in two days.",
            "The staff call you back in two days.",
            "It takes two days.",
            "two days from the surgery",
            "in 30 days",
            "in two weeks",
        ],
        Language::English,
    );
    none(
        &[
            "dans deux jours ouvrables",
            "dans les deux jours",
            "dans quinze jours",
            "Vos résultats arrivent dans deux jours.",
        ],
        Language::French,
    );
    none(&["手术两天后可以洗澡", "结果是两天后出来", "需要两天", "三天后"], Language::Mandarin);
    none(&["做完手術兩日後可以沖涼", "三日後"], Language::Cantonese);
    none(&["ਓਪਰੇਸ਼ਨ ਤੋਂ ਦੋ ਦਿਨ ਬਾਅਦ", "ਦੋ ਦਿਨ ਲੱਗਦੇ ਹਨ"], Language::Punjabi);
}
