//! `[providers.hearing]` and `[providers.speaking]`: who is asked, and in what order, in a language for which the usual order will not do.

use std::collections::BTreeMap;

use crate::language::Language;

/// For each language named, the providers that are asked in it, the first first; those left out are not asked.
pub type Order = BTreeMap<Language, Vec<String>>;

/// What is wrong, as `key: what is wrong; what to write instead`. `known` are the providers that are configured; `knows`: whether one knows a
/// language.
pub(super) fn check(
    section: &str,
    order: &Order,
    known: &[&str],
    knows: impl Fn(&str, Language) -> bool,
) -> Vec<String> {
    let names = known.join(", ");
    let mut wrong = Vec::new();
    for (language, list) in order {
        let key = format!("{section}.{language}");
        if list.is_empty() {
            wrong.push(format!("{key}: nobody is asked; name some of {names}"));
        }
        for name in list {
            if !known.contains(&name.as_str()) {
                wrong.push(format!("{key}: `{name}` is not configured; want some of {names}"));
            } else if !knows(name, *language) {
                let mend = "leave it out, or see docs/providers.md";
                wrong.push(format!("{key}: {name} does not know it as configured; {mend}"));
            }
        }
    }
    wrong
}

/// The same of a list that holds for every language.
pub(super) fn check_list(key: &str, list: &[String], known: &[&str]) -> Vec<String> {
    let names = known.join(", ");
    if list.is_empty() {
        return vec![format!("{key}: nobody is asked; name some of {names}")];
    }
    let unknown = list.iter().filter(|name| !known.contains(&name.as_str()));
    unknown.map(|name| format!("{key}: `{name}` is not configured; want some of {names}")).collect()
}

/// The same with places in the list of providers in place of their names: a name may stand for several.
pub(super) fn places(order: &Order, names: &[&str]) -> BTreeMap<Language, Vec<usize>> {
    order.iter().map(|(language, list)| (*language, places_of(list, names))).collect()
}

pub(super) fn places_of(list: &[String], names: &[&str]) -> Vec<usize> {
    let of = |wanted: &String| (0..names.len()).filter(|n| names[*n] == wanted).collect::<Vec<_>>();
    list.iter().flat_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_for_all_of_its_providers_in_their_order() {
        let order = Order::from([(Language::Cantonese, vec!["embedded".into(), "azure_speech".into()])]);
        let places = places(&order, &["cartesia", "azure_speech", "embedded", "embedded"]);
        assert_eq!(places, BTreeMap::from([(Language::Cantonese, vec![2, 3, 1])]));
    }
}
