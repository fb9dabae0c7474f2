//! A row of words to be found: fixed ones, some that may stand between them, and a few of any kind.

use crate::language::Language;
use crate::tokens::tokens;

/// Words that may come one after the other; more than that are another sentence.
const REPEATS: usize = 4;

pub(super) struct Row(Vec<Step>);

enum Step {
    /// One of these.
    One(Vec<Vec<String>>),
    /// Any of these, several times, or none.
    Some(Vec<Vec<String>>),
    /// So many words of any kind, at most.
    Any(usize),
}

impl Row {
    /// Steps between blanks: "is|has_been" is one of the two, "?now|just" may be there, "*3" are at most three words.
    pub(super) fn new(text: &str, language: Language) -> Self {
        let choices = |text: &str| text.split('|').map(|words| tokens(words, language)).collect();
        let step = |text: &str| match (text.strip_prefix('?'), text.strip_prefix('*').and_then(|n| n.parse().ok())) {
            (Some(text), _) => Step::Some(choices(text)),
            (None, Some(most)) => Step::Any(most),
            (None, None) => Step::One(choices(text)),
        };
        Self(text.split_whitespace().map(step).collect())
    }

    /// How many words it takes from the first of these on.
    pub(super) fn matches(&self, words: &[String]) -> Option<usize> {
        matches(&self.0, words)
    }
}

fn matches(steps: &[Step], words: &[String]) -> Option<usize> {
    let Some((step, rest)) = steps.split_first() else { return Some(0) };
    let after = |used: usize| matches(rest, words.get(used..)?).map(|more| used + more);
    match step {
        Step::One(choices) => starting(choices, words).find_map(after),
        Step::Any(most) => (0..=*most).find_map(after),
        Step::Some(choices) => {
            let mut used = 0;
            let mut ends = vec![0];
            while ends.len() <= REPEATS
                && let Some(more) = starting(choices, &words[used..]).max()
            {
                used += more;
                ends.push(used);
            }
            ends.into_iter().rev().find_map(after)
        }
    }
}

/// The lengths of those that the words begin with.
fn starting<'a>(choices: &'a [Vec<String>], words: &'a [String]) -> impl Iterator<Item = usize> + 'a {
    let lengths = choices
        .iter()
        .filter(move |choice| choice.len() <= words.len() && choice.iter().zip(words).all(|(one, word)| one == word));
    lengths.map(Vec::len).filter(|length| *length > 0)
}
