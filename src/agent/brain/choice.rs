//! Which of a few times a caller means: "the second one", "the ten thirty", "Tuesday", "the one with Doctor Chen".
//!
//! Pure. Whatever was said must leave exactly one; what leaves none or several chooses nothing, and it is asked again.

use jiff::civil::{Date, DateTime};

use super::appointment::Words;
use crate::agent::calendar::{self, Item, Part};
use crate::language::Language;
use crate::tokens::tokens;

/// A time that was offered, or an appointment that stands.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Offer {
    /// For the tools.
    pub handle: String,
    pub start: DateTime,
    pub provider: String,
}

/// Its place among the offers.
pub(super) fn choose(offers: &[Offer], text: &str, words: &Words, language: Language, today: Date) -> Option<usize> {
    let said = tokens(text, language);
    let items = calendar::items(text, language);
    let month = items.iter().any(|item| item.word().is_some_and(|word| calendar::month(word, language).is_some()));
    if let Some(at) = by_place(&items, &said, words, offers.len(), month) {
        return Some(at);
    }
    let mut left = Left { offers, places: (0..offers.len()).collect(), told: false };
    let clocks = calendar::clocks(text, language);
    for clock in clocks.iter().filter(|clock| !clock.bare) {
        left.keep(|offer| clock.fits(offer.start.time()));
    }
    let days: Vec<_> = said.iter().filter_map(|token| calendar::weekday(token, language)).collect();
    if !days.is_empty() {
        left.keep(|offer| days.contains(&offer.start.weekday()));
    }
    let wish = calendar::when(text, language, today);
    if let Some(wish) = wish.as_ref().filter(|wish| wish.from.is_some() || wish.to.is_some()) {
        let last = wish.to.unwrap_or(Date::MAX);
        left.keep(|offer| (wish.from.unwrap_or(today)..=last).contains(&offer.start.date()));
    }
    if let Some(part) = wish.and_then(|wish| wish.part) {
        left.keep(|offer| is_in(offer.start, part));
    }
    let names = |offer: &Offer| -> Vec<String> {
        let names = tokens(&offer.provider, Language::English);
        names.into_iter().filter(|name| name.len() > 2).collect()
    };
    if said.iter().any(|token| offers.iter().any(|offer| names(offer).contains(token))) {
        left.keep(|offer| names(offer).iter().any(|name| said.contains(name)));
    }
    if !left.told
        && let [number] = clocks.iter().filter(|clock| clock.bare).collect::<Vec<_>>().as_slice()
    {
        // "Ten": an hour, else a place: "two" of three.
        left.keep(|offer| offer.start.hour() % 12 == number.hour % 12);
        if left.places.is_empty() {
            let place = usize::try_from(number.hour).unwrap_or(0);
            return (1..=offers.len()).contains(&place).then(|| place - 1);
        }
    }
    match (left.places.as_slice(), left.told) {
        ([one], true) => Some(*one),
        (_, false) if words.any_offer.found_in(&said) => Some(0),
        (_, true | false) => None,
    }
}

/// The offers that everything said so far fits.
struct Left<'a> {
    offers: &'a [Offer],
    places: Vec<usize>,
    /// Something was said that tells them apart.
    told: bool,
}

impl Left<'_> {
    fn keep(&mut self, fits: impl Fn(&Offer) -> bool) {
        self.told = true;
        self.places.retain(|at| fits(&self.offers[*at]));
    }
}

/// "The second", "number two", "the last one".
fn by_place(items: &[Item], said: &[String], words: &Words, many: usize, month: bool) -> Option<usize> {
    let place =
        |value: u32| usize::try_from(value).ok().filter(|place| (1..=many).contains(place)).map(|place| place - 1);
    let after_nth = items.windows(2).find_map(|two| {
        let nth = two[0].word()?;
        words.nth.iter().any(|phrase| phrase.tokens() == [nth]).then(|| two[1].number()).flatten()
    });
    if let Some(at) = after_nth.and_then(|number| place(number.value())) {
        return Some(at);
    }
    let ordinal = items.iter().filter_map(Item::number).find(|number| number.ordinal);
    if let Some(at) = ordinal.filter(|_| !month).and_then(|number| place(number.value())) {
        return Some(at);
    }
    (many > 1 && words.last.found_in(said)).then(|| many - 1)
}

fn is_in(start: DateTime, part: Part) -> bool {
    match part {
        Part::Morning => start.hour() < 12,
        Part::Afternoon => (12..17).contains(&start.hour()),
        Part::Evening => start.hour() >= 17,
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::super::appointment::Appointments;
    use super::*;

    fn chosen(text: &str, language: Language) -> Option<usize> {
        let offer = |day, hour, minute, provider: &str| Offer {
            handle: String::new(),
            start: date(2026, 11, day).at(hour, minute, 0, 0),
            provider: provider.to_owned(),
        };
        let offers =
            [offer(24, 10, 15, "Dr. Wei Chen"), offer(24, 14, 0, "Dr. Wei Chen"), offer(26, 10, 30, "Dr. Priya Singh")];
        choose(&offers, text, &Appointments::of(language).unwrap().words, language, date(2026, 11, 21))
    }

    #[test]
    fn one_of_three_is_meant() {
        for (text, wanted) in [
            ("the second one", Some(1)),
            ("the first", Some(0)),
            ("the last one please", Some(2)),
            ("number two", Some(1)),
            ("the ten thirty", Some(2)),
            ("ten fifteen is good", Some(0)),
            ("two o'clock", Some(1)),
            ("two", Some(1)),
            ("three", Some(2)),
            ("thursday", Some(2)),
            ("the 26th", Some(2)),
            ("november twenty sixth", Some(2)),
            ("tuesday in the afternoon", Some(1)),
            ("the one with doctor singh", Some(2)),
            ("tuesday", None),
            ("wednesday", None),
            ("ten", None),
            ("whichever", Some(0)),
            ("hmm", None),
        ] {
            assert_eq!(chosen(text, Language::English), wanted, "{text}");
        }
        for (text, wanted) in [
            ("la deuxième", Some(1)),
            ("dix heures et demie", Some(2)),
            ("jeudi", Some(2)),
            ("la dernière", Some(2)),
            ("le 26", Some(2)),
            ("mardi après-midi", Some(1)),
        ] {
            assert_eq!(chosen(text, Language::French), wanted, "{text}");
        }
    }
}
