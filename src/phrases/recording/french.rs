//! French: "enregistrer" is also to register, so what is asked for is told from what is reported: "je ne suis pas enregistré chez vous".

use super::words;

/// What is wanted or allowed.
const WISHES: [&str; 34] = [
    "veux",
    "veut",
    "voulons",
    "voudrais",
    "voudrait",
    "souhaite",
    "souhaitons",
    "souhaiterais",
    "désire",
    "désirons",
    "accepte",
    "acceptons",
    "consens",
    "consentons",
    "préfère",
    "préfèrerais",
    "préférerais",
    "aime",
    "aimerais",
    "autorise",
    "autorisons",
    "permets",
    "permission",
    "accord",
    "aise",
    "confortable",
    "tiens",
    "faut",
    "dois",
    "devez",
    "prière",
    "laissez",
    "svp",
    "mieux",
];
/// Asks, by its form alone.
const ASKS: [&str; 6] = ["enregistrez", "enregistrer", "enregistre", "enregistres", "enregistriez", "enregistrons"];
const ENDS_IT: [&str; 22] = [
    "arrêtez",
    "arrêter",
    "arrête",
    "arretez",
    "arreter",
    "cessez",
    "cesser",
    "coupez",
    "couper",
    "stoppez",
    "stop",
    "stopper",
    "supprimez",
    "supprimer",
    "effacez",
    "effacer",
    "désactivez",
    "désactiver",
    "éteignez",
    "détruisez",
    "annulez",
    "interrompez",
];
/// Nothing is against it.
const CONSENTS: [&str; 8] = ["dérange", "derange", "problème", "objection", "gêne", "gene", "inconvénient", "importe"];
/// A voice one does not want to talk to; what is not known; what is not managed.
const ELSEWHERE: [&str; 9] =
    ["parler", "parle", "écouter", "entendre", "sais", "arrive", "oubliez", "comprends", "entends"];

pub(super) fn refuses(clause: &str) -> bool {
    // "N'enregistrez" and "m'enregistrer" are two words each.
    let apart = clause.replace('\'', " ");
    let words = words(&apart);
    let has = |list: &[&str]| words.iter().any(|word| list.contains(word));
    let no_consent = ["consens", "consentement", "consentons"].iter().any(|word| words.contains(word))
        && has(&["pas", "sans", "refuse", "retire"]);
    if no_consent {
        return true;
    }
    let Some(at) = words.iter().position(|word| word.starts_with("enregistr")) else { return false };
    let before = |n: usize| at.checked_sub(n).map_or("", |before| words[before]);
    let ends = (1..=4).any(|n| ENDS_IT.contains(&before(n)));
    let outright = (1..=6).any(|n| matches!(before(n), "refuse" | "refusons" | "oppose" | "contre"));
    let without = (1..=3).any(|n| before(n) == "sans") || before(1) == "hors";
    if without {
        return true;
    }
    if has(&CONSENTS) || has(&ELSEWHERE) {
        return false;
    }
    let none = before(1) == "d" && before(2) == "pas";
    let after = words.get(at + 1).copied().unwrap_or_default();
    let asks_not = ASKS.contains(&words[at])
        && (matches!(after, "pas" | "rien" | "plus")
            || (1..=3).any(|n| matches!(before(n), "pas" | "jamais")) && before(1) != "à");
    let be = (1..=2).any(|n| before(n) == "être") && (2..=4).any(|n| before(n) == "pas");
    let not = words.iter().any(|word| matches!(*word, "pas" | "non" | "jamais" | "plus"));
    ends || outright || none || asks_not || be || (not && has(&WISHES))
}
