//! English: a "no" that reaches a verb of recording. "A record", "my records", "a recording" one is made to talk to are nouns.

use super::words;

/// What says no to what follows it.
const NO: [&str; 24] = [
    "don't",
    "dont",
    "not",
    "never",
    "no",
    "without",
    "stop",
    "won't",
    "wont",
    "can't",
    "cant",
    "cannot",
    "refuse",
    "refusing",
    "decline",
    "object",
    "objection",
    "against",
    "wasn't",
    "weren't",
    "isn't",
    "didn't",
    "quit",
    "cease",
];
/// These say it of themselves: what is wanted need not be told.
const OUTRIGHT: [&str; 8] = ["never", "won't", "wont", "refuse", "refusing", "decline", "object", "against"];
/// Before "not": something is reported, nothing asked for.
const REPORTS: [&str; 9] = ["did", "was", "were", "has", "have", "had", "is", "are", "does"];
/// May stand between "no" and the verb without being anything themselves.
const BETWEEN: [&str; 17] = [
    "be", "being", "been", "to", "you", "me", "us", "any", "this", "the", "my", "our", "start", "keep", "do", "it",
    "dare",
];
/// What is wanted or allowed.
const WISHES: [&str; 36] = [
    "want",
    "wanna",
    "like",
    "wish",
    "rather",
    "prefer",
    "comfortable",
    "happy",
    "okay",
    "ok",
    "alright",
    "agree",
    "agreed",
    "agreeing",
    "consent",
    "consented",
    "allow",
    "allowed",
    "allowing",
    "let",
    "permit",
    "permission",
    "accept",
    "authorize",
    "authorise",
    "approve",
    "appreciate",
    "feel",
    "please",
    "should",
    "must",
    "may",
    "make",
    "ensure",
    "need",
    "willing",
];
/// Between "no" and the verb, these take the "no" for themselves.
const TAKES_IT: [&str; 30] = [
    "mind",
    "care",
    "forget",
    "have",
    "has",
    "had",
    "got",
    "problem",
    "problems",
    "issue",
    "hear",
    "heard",
    "understand",
    "see",
    "remember",
    "find",
    "get",
    "talk",
    "talking",
    "speak",
    "speaking",
    "listen",
    "listening",
    "worry",
    "hesitate",
    "matter",
    "and",
    "but",
    "because",
    "until",
];
/// Before "record": it is a thing.
const A_THING: [&str; 25] = [
    "a",
    "an",
    "the",
    "my",
    "any",
    "your",
    "his",
    "her",
    "their",
    "our",
    "no",
    "medical",
    "health",
    "patient",
    "on",
    "vaccination",
    "immunization",
    "previous",
    "old",
    "of",
    "for",
    "in",
    "medication",
    "vaccine",
    "blood",
];
/// What a clinic writes down.
const WRITTEN_DOWN: [&str; 34] = [
    "appointment",
    "appointments",
    "visit",
    "visits",
    "prescription",
    "prescriptions",
    "vaccine",
    "vaccines",
    "vaccination",
    "shot",
    "shots",
    "immunization",
    "result",
    "results",
    "test",
    "tests",
    "allergy",
    "allergies",
    "insurance",
    "address",
    "number",
    "file",
    "chart",
    "payment",
    "dose",
    "referral",
    "birthday",
    "medication",
    "weight",
    "height",
    "pressure",
    "sugar",
    "temperature",
    "symptoms",
];
const ENDS_IT: [&str; 14] = [
    "stop", "off", "cancel", "delete", "erase", "remove", "pause", "disable", "destroy", "discard", "end", "kill",
    "cease", "quit",
];
const TREATMENTS: [&str; 10] =
    ["procedure", "surgery", "treatment", "operation", "exam", "test", "vaccine", "vaccination", "shot", "medication"];

pub(super) fn refuses(clause: &str) -> bool {
    let words = words(clause);
    if words.iter().take(2).any(|word| matches!(*word, "did" | "why" | "what" | "when" | "where" | "how" | "who")) {
        return false;
    }
    clause.contains("off the record")
        || (clause.contains("opt out") && (0..words.len()).any(|at| is_recording(&words, at)))
        || (0..words.len()).any(|at| is_recording(&words, at) && (is_refused(&words, at) || is_ended(&words, at)))
        || (0..words.len()).any(|at| is_consent_refused(&words, at))
}

/// Whether the word is of recording this call.
fn is_recording(words: &[&str], at: usize) -> bool {
    let before = at.checked_sub(1).map_or("", |before| words[before]);
    let after = |n: usize| words.get(at + n).copied().unwrap_or_default();
    match words[at] {
        "record" => {
            !A_THING.contains(&before)
                || (after(1) == "of" && (2..5).any(|n| matches!(after(n), "call" | "conversation")))
        }
        "recording" | "recordings" => !matches!(before, "a" | "an" | "another") || (at > 1 && words[at - 2] == "on"),
        "recorded" | "taping" | "taped" => true,
        "recorder" => before == "the",
        "tape" => matches!(after(1), "me" | "us" | "this" | "the" | "our" | "it"),
        _ => false,
    }
}

fn is_no(words: &[&str], at: usize) -> bool {
    NO.contains(&words[at])
}

/// Whether one of the three words before turns it round: "I don't object".
fn is_turned(words: &[&str], at: usize) -> bool {
    (at.saturating_sub(3)..at).any(|before| is_no(words, before))
}

fn is_refused(words: &[&str], at: usize) -> bool {
    let wishes = words.iter().any(|word| WISHES.contains(word));
    // "Is it not recorded?"
    if matches!(words[0], "is" | "are" | "was" | "were" | "does") {
        return false;
    }
    let written_down = words.iter().any(|word| WRITTEN_DOWN.contains(word));
    for no in (at.saturating_sub(9)..at).rev() {
        // "I'd rather not have it recorded", "you don't have my permission to record".
        let wished_not = matches!(words[no], "have" | "get")
            && words[..no].last().is_some_and(|word| *word == "not" || is_no(words, no - 1))
            && (words[..no].iter().any(|word| matches!(*word, "rather" | "prefer"))
                || words[no..at].contains(&"permission"));
        if TAKES_IT.contains(&words[no]) && !wished_not {
            return false;
        }
        if !is_no(words, no) {
            continue;
        }
        let before = no.checked_sub(1).map_or("", |before| words[before]);
        let reports = matches!(words[no], "wasn't" | "weren't" | "isn't" | "didn't")
            || (matches!(words[no], "not" | "never") && REPORTS.contains(&before) && words[no + 1] != "to");
        let near = words[no + 1..at].iter().all(|word| BETWEEN.contains(word));
        let refused = match words[no] {
            "refuse" | "refusing" | "decline" | "object" | "objection" | "against" | "stop" if is_turned(words, no) => {
                return false;
            }
            "no" => at == no + 1 || (at == no + 2 && matches!(words[no + 1], "to" | "voice" | "call" | "more")),
            "objection" => before == "an" || before == "my",
            _ if reports => wishes && !written_down,
            "never" => !written_down,
            _ => near || wishes || OUTRIGHT.contains(&words[no]),
        };
        if refused {
            return true;
        }
    }
    false
}

/// "Turn off the recording", "turn the recording off", "delete that recording".
fn is_ended(words: &[&str], at: usize) -> bool {
    if words[at] == "recorded" || words[at] == "record" {
        return false;
    }
    let from = at.saturating_sub(4);
    let before = (from..at).find(|&at| ENDS_IT.contains(&words[at]) && !is_turned(words, at));
    let near = before.is_some_and(|end| {
        words[end + 1..at].iter().all(|word| {
            matches!(*word, "the" | "this" | "that" | "your" | "my" | "any" | "all" | "call" | "voice" | "of" | "off")
        })
    });
    near || (words.get(at + 1) == Some(&"off") && !is_turned(words, at))
}

/// "I do not consent."
fn is_consent_refused(words: &[&str], at: usize) -> bool {
    if !matches!(words[at], "consent" | "consented" | "consenting")
        || words.iter().any(|word| TREATMENTS.contains(word))
    {
        return false;
    }
    let said = at.saturating_sub(4)..at;
    said.clone().any(|at| is_no(words, at) && !TAKES_IT.contains(&words[at]))
        || said.clone().any(|at| matches!(words[at], "withdraw" | "revoke" | "withhold"))
}
