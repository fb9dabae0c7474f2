//! `LIKE` as MySQL compares with a case-insensitive collation: `%` any signs, `_` one, é as e.

/// Whether the whole of `text` is like `pattern`.
pub(super) fn like(text: &str, pattern: &str) -> bool {
    let text: Vec<char> = text.chars().flat_map(fold).collect();
    let pattern: Vec<char> = pattern.chars().flat_map(fold).collect();
    // Positions of the pattern that the text so far can have led to.
    let mut reached = vec![false; pattern.len() + 1];
    reached[0] = true;
    let skip = |reached: &mut Vec<bool>| {
        for (n, sign) in pattern.iter().enumerate() {
            reached[n + 1] |= reached[n] && *sign == '%';
        }
    };
    skip(&mut reached);
    for sign in text {
        let mut next = vec![false; pattern.len() + 1];
        for (n, wanted) in pattern.iter().enumerate() {
            match wanted {
                '%' => next[n] |= reached[n],
                '_' => next[n + 1] |= reached[n],
                wanted => next[n + 1] |= reached[n] && *wanted == sign,
            }
        }
        reached = next;
        skip(&mut reached);
    }
    reached[pattern.len()]
}

/// Whether both are the same to the collation.
pub(super) fn same(one: &str, two: &str) -> bool {
    one.chars().flat_map(fold).eq(two.chars().flat_map(fold))
}

fn fold(sign: char) -> std::char::ToLowercase {
    let plain = match sign.to_lowercase().next().unwrap_or(sign) {
        'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' => 'a',
        'ç' => 'c',
        'è' | 'é' | 'ê' | 'ë' => 'e',
        'ì' | 'í' | 'î' | 'ï' => 'i',
        'ñ' => 'n',
        'ò' | 'ó' | 'ô' | 'õ' | 'ö' => 'o',
        'ù' | 'ú' | 'û' | 'ü' => 'u',
        'ý' | 'ÿ' => 'y',
        _ => return sign.to_lowercase(),
    };
    plain.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_accents_make_no_difference() {
        assert!(like("GAGNON", "gag%"));
        assert!(like("Élise", "eli%"));
        assert!(same("Noël", "NOEL"));
    }

    #[test]
    fn wildcards_match_as_in_sql() {
        assert!(like("604-555-0177", "%555-01%"));
        assert!(like("Wong", "W_ng"));
        assert!(like("anything", "%"));
        assert!(like("", "%"));
        assert!(!like("Wong", "on%"));
        assert!(!like("Wong", "Won"));
    }
}
