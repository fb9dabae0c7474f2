//! Word errors: the fewest words to change, drop or add to get from what was heard to what was said.

/// Errors and words said. Case, punctuation and the way numbers are written do not count.
pub fn word_errors(said: &str, heard: &str) -> (usize, usize) {
    let (said, heard) = (plain(said), plain(heard));
    let mut row: Vec<usize> = (0..=heard.len()).collect();
    for (n, word) in said.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = n + 1;
        for (m, other) in heard.iter().enumerate() {
            let change = diagonal + usize::from(word != other);
            diagonal = row[m + 1];
            row[m + 1] = change.min(row[m] + 1).min(diagonal + 1);
        }
    }
    (row[heard.len()], said.len())
}

fn plain(text: &str) -> Vec<String> {
    let text =
        text.to_lowercase().replace('\'', "").replace('-', " ").replace("mr.", "mister").replace("mrs.", "missus");
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(number).collect()
}

fn number(word: &str) -> String {
    const SMALL: [&str; 13] =
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];
    word.parse::<usize>().ok().and_then(|n| SMALL.get(n)).map_or_else(|| word.to_owned(), |name| (*name).to_owned())
}

#[test]
fn errors_are_counted_by_word() {
    assert_eq!(word_errors("the cat sat", "the cat sat."), (0, 3));
    assert_eq!(word_errors("the cat sat", "a cat sat down"), (2, 3));
    assert_eq!(word_errors("open at nine", "Open at 9"), (0, 3));
}
