use super::*;

/// A Saturday.
const TODAY: Date = jiff::civil::date(2026, 11, 21);

fn told(text: &str, language: Language) -> String {
    let Some(wish) = when(text, language, TODAY) else { return "nothing".to_owned() };
    let mut parts = Vec::new();
    match (wish.from, wish.to) {
        (Some(from), Some(to)) if from == to => parts.push(from.strftime("%a %m-%d").to_string()),
        (from, to) => {
            parts.extend(from.map(|day| day.strftime("from %m-%d").to_string()));
            parts.extend(to.map(|day| day.strftime("to %m-%d").to_string()));
        }
    }
    parts.extend(wish.weekdays.iter().map(|day| format!("{day:?}")));
    parts.extend(wish.part.map(|part| format!("{part:?}")));
    parts.extend(wish.after.map(|at| at.strftime("after %H:%M").to_string()));
    parts.extend(wish.before.map(|at| at.strftime("before %H:%M").to_string()));
    parts.extend(wish.soonest.then(|| "soonest".to_owned()));
    parts.join(", ")
}

#[test]
fn wishes_in_english() {
    for (text, wanted) in [
        ("next tuesday afternoon", "Tue 11-24, Afternoon"),
        ("Tuesday next week in the morning", "from 11-23, to 11-29, Tuesday, Morning"),
        ("tuesday or thursday", "Tuesday, Thursday"),
        ("not on monday", "Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday"),
        ("as soon as possible", "soonest"),
        ("the first available morning", "Morning"),
        ("tomorrow", "Sun 11-22"),
        ("the day after tomorrow", "Mon 11-23"),
        ("this afternoon", "Sat 11-21, Afternoon"),
        ("next week", "from 11-23, to 11-29"),
        ("this week", "from 11-21, to 11-22"),
        ("in two weeks", "from 12-05, to 12-11"),
        ("next month", "from 12-01, to 12-31"),
        ("sometime in january", "from 01-01, to 01-31"),
        ("december third", "Thu 12-03"),
        ("the third of december", "Thu 12-03"),
        ("on the 24th", "Tue 11-24"),
        ("the 3rd", "Thu 12-03"),
        ("tuesday the 24th", "Tue 11-24, Tuesday"),
        ("wednesday november 24th", "Tue 11-24, Wednesday"),
        ("from wednesday the 24th", "from 11-24"),
        ("after december 3rd", "from 12-03"),
        ("the week of december 7th", "from 12-07, to 12-13"),
        ("by friday", "to 11-27"),
        ("tuesday at half past ten", "Tuesday, after 10:30, before 12:00"),
        ("monday after three", "Monday, after 15:00"),
        ("wednesday before 11", "Wednesday, before 11:00"),
        ("between two and four on thursday", "Thursday, after 14:00, before 16:00"),
        ("december 10 at 2", "Thu 12-10, after 14:00, before 15:30"),
        ("I have two kids", "nothing"),
        ("may I come with my dog", "nothing"),
    ] {
        assert_eq!(told(text, Language::English), wanted, "{text}");
    }
}

#[test]
fn wishes_in_french() {
    for (text, wanted) in [
        ("mardi prochain en après-midi", "Tue 11-24, Afternoon"),
        ("mardi ou jeudi matin", "Tuesday, Thursday, Morning"),
        ("le plus tôt possible", "soonest"),
        ("demain", "Sun 11-22"),
        ("après-demain", "Mon 11-23"),
        ("la semaine prochaine", "from 11-23, to 11-29"),
        ("le 3 décembre", "Thu 12-03"),
        ("le 24", "Tue 11-24"),
        ("le mercredi 24 novembre", "Tue 11-24, Wednesday"),
        ("dans deux semaines", "from 12-05, to 12-11"),
        ("mercredi à dix heures et demie", "Wednesday, after 10:30, before 12:00"),
        ("lundi après quinze heures", "Monday, after 15:00"),
        ("jeudi avant midi", "Thursday, before 12:00"),
        ("en janvier", "from 01-01, to 01-31"),
        ("j'ai deux enfants", "nothing"),
        ("pour un suivi", "nothing"),
    ] {
        assert_eq!(told(text, Language::French), wanted, "{text}");
    }
}

#[test]
fn a_later_wish_keeps_what_it_leaves_open() {
    let first = when("tuesday afternoon", Language::English, TODAY).unwrap();
    let then = |text: &str| when(text, Language::English, TODAY).unwrap().after_all(&first);
    assert_eq!(then("wednesday").weekdays, [Weekday::Wednesday]);
    assert_eq!(then("wednesday").part, Some(Part::Afternoon));
    assert_eq!(then("in the morning").weekdays, [Weekday::Tuesday]);
    assert_eq!(then("as soon as possible"), When { soonest: true, ..When::default() });
}
