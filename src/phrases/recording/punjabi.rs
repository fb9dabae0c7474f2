//! Punjabi: the "no" follows the verb. A record that is not found or not there is a written one.

pub(super) fn refuses(clause: &str) -> bool {
    let words: Vec<&str> = clause.split_whitespace().map(|word| word.trim_matches(['"', '\'', '(', ')'])).collect();
    let has = |stems: &[&str]| words.iter().any(|word| stems.iter().any(|stem| word.starts_with(stem)));
    let Some(at) = words.iter().position(|word| word.starts_with("ਰਿਕਾਰਡ")) else { return false };
    // "No objection"; a voice one does not want to talk to.
    if (has(&["ਇਤਰਾਜ਼", "ਸਮੱਸਿਆ"]) && has(&["ਨਹੀਂ"])) || has(&["ਗੱਲ"]) {
        return false;
    }
    let wishes = has(&["ਚਾਹੁੰਦ", "ਸਹਿਮਤ", "ਮਨਜ਼ੂਰ", "ਇਜਾਜ਼ਤ", "ਪਸੰਦ"]) && has(&["ਨਹੀਂ", "ਨਾ"]);
    let outright = has(&["ਇਨਕਾਰ", "ਇਤਰਾਜ਼", "ਬਿਨਾਂ", "ਬਿਨਾ", "ਖ਼ਿਲਾਫ਼", "ਖਿਲਾਫ"]);
    let after = &words[at + 1..words.len().min(at + 6)];
    let ends = after.iter().any(|word| {
        ["ਨਾ", "ਨਾਂ", "ਮਤ", "ਬੰਦ", "ਰੋਕ", "ਮਿਟਾ", "ਹਟਾ", "ਡਿਲੀਟ"].iter().any(|stem| match *stem {
            "ਨਾ" | "ਨਾਂ" | "ਮਤ" => word == stem,
            stem => word.starts_with(stem),
        })
    });
    let not_done = after.windows(2).any(|pair| pair[0] == "ਨਹੀਂ" && pair[1].starts_with("ਕਰ"))
        || after.windows(2).any(|pair| pair[0].starts_with("ਨਹੀਂ") && pair[1].starts_with("ਹੋਣ"));
    let never = at > 0 && words[..at].iter().any(|word| matches!(*word, "ਨਾ" | "ਮਤ"));
    wishes || outright || ends || not_done || never
}
