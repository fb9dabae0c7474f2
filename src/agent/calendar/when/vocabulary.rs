//! The words for days and times that a caller wishes, English and French.

use std::sync::LazyLock;

use crate::language::Language;
use crate::tokens::Phrases;

pub(super) struct Vocabulary {
    pub soonest: Phrases,
    pub today: Phrases,
    pub tomorrow: Phrases,
    pub day_after_tomorrow: Phrases,
    pub this_week: Phrases,
    pub next_week: Phrases,
    pub next_month: Phrases,
    pub weekend: Phrases,
    pub morning: Phrases,
    pub afternoon: Phrases,
    pub evening: Phrases,
    /// "next" Tuesday, mardi « prochain ».
    pub next_before: Phrases,
    pub next_after: Phrases,
    /// "not on" Tuesday.
    pub not: Phrases,
    /// "by" Friday.
    pub until: Phrases,
    pub within: &'static [&'static str],
    pub weeks: &'static [&'static str],
    pub days: &'static [&'static str],
    pub in_month: &'static [&'static str],
    pub article: &'static [&'static str],
    /// After a day of the month said alone.
    pub follows_day: &'static [&'static str],
    pub from: &'static [&'static str],
    pub by: &'static [&'static str],
    pub at: &'static [&'static str],
    pub between: &'static [&'static str],
}

static ENGLISH: LazyLock<Vocabulary> = LazyLock::new(|| {
    let list = |texts: &[&str]| Phrases::new(texts, Language::English);
    Vocabulary {
        soonest: list(&[
            "as soon as possible",
            "asap",
            "soonest",
            "earliest",
            "first available",
            "next available",
            "any time",
            "anytime",
            "any day",
            "whenever",
            "whatever",
            "doesn't matter",
            "don't mind",
            "don't care",
            "no preference",
            "soon as you can",
            "right away",
            "you choose",
        ]),
        today: list(&["today", "tonight", "this morning", "this afternoon", "this evening", "same day"]),
        tomorrow: list(&["tomorrow", "tomorrows"]),
        day_after_tomorrow: list(&["day after tomorrow"]),
        this_week: list(&["this week"]),
        next_week: list(&["next week", "the week after", "following week"]),
        next_month: list(&["next month"]),
        weekend: list(&["weekend", "weekends"]),
        morning: list(&["morning", "mornings", "before lunch", "before noon"]),
        afternoon: list(&["afternoon", "afternoons", "after lunch", "after noon"]),
        evening: list(&["evening", "evenings", "tonight", "after work"]),
        next_before: list(&["next"]),
        next_after: list(&["next week", "of next week"]),
        not: list(&["not", "not on", "except", "except on", "but not", "any day but", "can't do", "can't on"]),
        until: list(&["before", "by", "until"]),
        within: &["in"],
        weeks: &["week", "weeks"],
        days: &["day", "days"],
        in_month: &["in", "for", "during", "of", "this", "next", "early", "late", "mid"],
        article: &["the", "on"],
        follows_day: &["in", "at", "or", "after", "before", "around", "please", "if"],
        from: &["after", "from", "past", "starting", "since"],
        by: &["before", "by", "until", "till"],
        at: &["at", "around", "about"],
        between: &["between"],
    }
});

static FRENCH: LazyLock<Vocabulary> = LazyLock::new(|| {
    let list = |texts: &[&str]| Phrases::new(texts, Language::French);
    Vocabulary {
        soonest: list(&[
            "le plus tôt possible",
            "dès que possible",
            "au plus vite",
            "le plus vite possible",
            "au plus tôt",
            "première disponibilité",
            "premier disponible",
            "première place",
            "n'importe quand",
            "n'importe quel jour",
            "peu importe",
            "pas de préférence",
            "aucune préférence",
            "ça ne fait rien",
            "quand vous voulez",
            "tout de suite",
        ]),
        today: list(&["aujourd'hui", "ce matin", "cet après-midi", "ce soir"]),
        tomorrow: list(&["demain"]),
        day_after_tomorrow: list(&["après-demain"]),
        this_week: list(&["cette semaine"]),
        next_week: list(&["la semaine prochaine", "semaine prochaine", "semaine suivante"]),
        next_month: list(&["le mois prochain", "mois prochain"]),
        weekend: list(&["fin de semaine", "fins de semaine", "week-end"]),
        morning: list(&["matin", "matins", "matinée", "avant-midi", "avant midi"]),
        afternoon: list(&["après-midi", "après midi", "après le dîner"]),
        evening: list(&["soir", "soirs", "soirée"]),
        next_before: list(&["le prochain"]),
        next_after: list(&["prochain", "de la semaine prochaine"]),
        not: list(&["pas", "pas le", "sauf", "sauf le"]),
        until: list(&["avant", "d'ici", "jusqu'à"]),
        within: &["dans"],
        weeks: &["semaine", "semaines"],
        days: &["jour", "jours"],
        in_month: &["en", "debut", "fin", "mi"],
        article: &["le"],
        follows_day: &[],
        from: &["apres", "depuis", "des"],
        by: &["avant", "jusqu"],
        at: &["a", "vers"],
        between: &["entre", "de"],
    }
});

impl Vocabulary {
    pub(super) fn of(language: Language) -> &'static Self {
        match language {
            Language::French => &FRENCH,
            Language::English | Language::Mandarin | Language::Cantonese | Language::Punjabi => &ENGLISH,
        }
    }

    /// A number after this word is a time of day.
    pub(super) fn is_lead(&self, word: &str) -> bool {
        [self.from, self.by, self.at, self.between].iter().any(|words| words.contains(&word))
    }
}
