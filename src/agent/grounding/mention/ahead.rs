//! A day so many days from today: "in two days", « dans deux jours », 两天后, 兩日後, ਦੋ ਦਿਨਾਂ ਬਾਅਦ.
//!
//! Up to a week: more is said roughly, and « dans huit jours » is a week. A length of somebody's work is none ("results come in two days"),
//! nor are days counted from something else.

use super::said::Said;
use super::{Found, Mention, chinese, punjabi, put};

const MOST: u8 = 7;

/// Words of a sentence looked back for what takes so long.
const NEAR: usize = 12;

pub(super) fn english(said: &Said<'_>, at: usize, found: &mut Vec<Found>) -> Option<usize> {
    const FOLLOW: [&str; 9] = ["on", "at", "with", "for", "if", "because", "so", "instead", "please"];
    const WORK: &[&str] = &[
        "results",
        "result",
        "refill",
        "refills",
        "prescription",
        "prescriptions",
        "form",
        "forms",
        "letter",
        "referral",
        "ready",
        "call",
        "calls",
        "called",
        "back",
        "hear",
        "reply",
    ];
    let led = usize::from(said.is(at, &["in"]) && said.close(at + 1));
    let days = few(said.small(at + led)?)?;
    let to = at + led + 2;
    if !said.is(to - 1, &["day", "days"]) || !said.close(to - 1) {
        return None;
    }
    if led == 0 {
        let counted = said.is(to, &["from"]) && said.is(to + 1, &["now", "today"]);
        return counted.then(|| put(found, Mention::FromToday(days), at, to + 2))?;
    }
    let ends = said.stops(to) || (said.close(to) && said.is(to, &FOLLOW)) || said.is(to, &["time"]);
    (ends && !takes(said, at, WORK)).then(|| put(found, Mention::FromToday(days), at, to))?
}

pub(super) fn french(said: &Said<'_>, at: usize, found: &mut Vec<Found>) -> Option<usize> {
    const FOLLOW: [&str; 8] = ["a", "avec", "pour", "vers", "si", "le", "soit", "car"];
    const WORK: &[&str] = &[
        "resultat",
        "resultats",
        "ordonnance",
        "ordonnances",
        "formulaire",
        "formulaires",
        "lettre",
        "pret",
        "prete",
        "prets",
        "pretes",
        "rappelle",
        "rappellera",
        "rappellerons",
        "rappelez",
        "rappeler",
        "reponse",
    ];
    let days = few(said.small(at + 1).filter(|_| said.is(at, &["dans"]) && said.close(at + 1))?)?;
    let to = at + 3;
    let named = said.is(at + 2, &["jour", "jours"]) && said.close(at + 2);
    let ends = said.stops(to) || (said.close(to) && said.is(to, &FOLLOW));
    (named && ends && !takes(said, at, WORK)).then(|| put(found, Mention::FromToday(days), at, to))?
}

/// 两天后 behind 是 and its like, or first in its clause with more behind it: 手术两天后 counts from something else.
pub(super) fn chinese(said: &Said<'_>, at: usize, found: &mut Vec<Found>) -> Option<usize> {
    const LEAD: [&str; 8] = ["是", "係", "在", "喺", "就", "有", "到", "约"];
    const WORK: &[&str] = &["果", "药", "报", "复", "覆", "回", "打"];
    let (days, unit) = chinese::count(said, at)?;
    let days = few(days)?;
    // 5日 is a date.
    let counted = said.is(unit, &["天"]) || (said.is(unit, &["日"]) && !said.is_figure(at));
    let behind = unit + 1 + usize::from(said.is(unit + 1, &["之", "以"]));
    let to = behind + 1;
    // 两天后天气.
    let is_behind = said.is(behind, &["后"]) && !(said.is(to, &["天", "日"]) && said.close(to));
    let first = (at == 0 || said.stops(at)) && !said.stops(to);
    let led = first || (said.is_back(at, 1, &LEAD) && said.close(at));
    (counted && is_behind && led && !takes(said, at, WORK)).then(|| put(found, Mention::FromToday(days), at, to))?
}

pub(super) fn punjabi(said: &Said<'_>, at: usize, found: &mut Vec<Found>) -> Option<usize> {
    const WORK: &[&str] = &["ਨਤੀਜਾ", "ਨਤੀਜੇ", "ਦਵਾਈ", "ਰਿਪੋਰਟ", "ਫੋਨ"];
    let days = few(punjabi::count(said, at)?)?;
    let named = said.is(at + 1, &["ਦਿਨ", "ਦਿਨਾਂ"]) && said.close(at + 1);
    let behind = said.is(at + 2, &["ਬਾਅਦ"]) && said.close(at + 2);
    // Two days after something.
    let since = said.is_back(at, 1, &["ਤੋਂ", "ਦੇ", "ਜਾਂ"]);
    (named && behind && !since && !takes(said, at, WORK)).then(|| put(found, Mention::FromToday(days), at, at + 3))?
}

fn few(days: u8) -> Option<i64> {
    (1..=MOST).contains(&days).then(|| i64::from(days))
}

/// Something before it in its sentence takes so long.
fn takes(said: &Said<'_>, at: usize, work: &[&str]) -> bool {
    (at.saturating_sub(NEAR)..at).rev().take_while(|at| !said.ends_sentence(at + 1)).any(|at| said.is(at, work))
}
