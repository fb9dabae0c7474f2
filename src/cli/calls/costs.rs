//! What a call cost, for a person to read: a row for each model, and the total.

use std::fmt::Write;

use console::measure_text_width;

use crate::costs::bill::Item;
use crate::costs::{Bill, Kind, Money};

pub(super) fn table(bill: &Bill) -> String {
    let mut rows: Vec<[String; 5]> = bill.lines.iter().map(row).collect();
    if bill.cached_characters > 0 {
        let used = format!("{} characters, from recordings", thousands(bill.cached_characters));
        rows.push(["speaking".into(), "fixed phrases".into(), String::new(), used, amount(Money::default())]);
    }
    let total = if bill.is_partial() { "total of what has a price" } else { "total" };
    let width = |column: usize| rows.iter().map(|row| measure_text_width(&row[column])).max().unwrap_or(0);
    let [a, b, c, d] = std::array::from_fn(width);
    let sum = amount(bill.total);
    let money = width(4).max(sum.len());
    let mut out = String::from("  costs\n");
    for [what, provider, model, used, cost] in &rows {
        // Writing to a String cannot fail.
        writeln!(out, "    {what:<a$}  {provider:<b$}  {model:<c$}  {used:<d$}  {cost:>money$}").unwrap_or_default();
    }
    // The words of the total run over the columns.
    let left = a + b + c + d + 6;
    out + &format!("    {total:<left$}  {sum:>money$} {}", bill.currency)
}

fn row(item: &Item) -> [String; 5] {
    let usage = item.usage;
    let used = match item.kind {
        Kind::Hearing => {
            let tenths = usage.audio_ms / 100;
            format!("{}:{:02}.{} min of audio", tenths / 600, tenths / 10 % 60, tenths % 10)
        }
        Kind::Speaking => format!("{} characters", thousands(usage.characters)),
        Kind::Thinking => {
            let [sent, cached, answered] = [usage.tokens_in, usage.tokens_cached, usage.tokens_out].map(thousands);
            let guessed = match usage.estimated {
                0 => String::new(),
                some => format!(", {some} estimated"),
            };
            let written = match usage.tokens_written {
                0 => String::new(),
                some => format!(", {} written to its cache", thousands(some)),
            };
            format!("{sent} in, {cached} cached{written}, {answered} out; {} requests{guessed}", usage.requests)
        }
    };
    let cost = item.cost.map_or_else(|| "no price".to_owned(), amount);
    [item.kind.name().to_owned(), item.provider.clone(), item.model.clone(), used, cost]
}

/// To the millionth, so that the points stand under each other.
fn amount(money: Money) -> String {
    format!("{money:.6}")
}

/// 12,345.
fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::costs::Usage;

    fn item(kind: Kind, provider: &str, model: &str, usage: Usage, cost: Option<u64>) -> Item {
        Item { kind, provider: provider.into(), model: model.into(), usage, cost: cost.map(Money) }
    }

    #[test]
    fn a_bill_is_a_table_with_its_amounts_aligned() {
        let none = Usage::default();
        let thought =
            Usage { requests: 9, tokens_in: 12_345, tokens_cached: 1_024, tokens_out: 456, estimated: 2, ..none };
        let bill = Bill {
            currency: "CAD".into(),
            lines: vec![
                item(Kind::Hearing, "deepgram", "flux-general-en", Usage { audio_ms: 192_340, ..none }, Some(24_684)),
                item(Kind::Thinking, "openai", "gpt-4.1-mini", thought, Some(10_012_300)),
                item(Kind::Speaking, "cartesia", "sonic-3", Usage { characters: 1_234_567, ..none }, None),
            ],
            cached_characters: 120,
            total: Money(10_036_984),
        };
        let paid = Bill { lines: bill.lines[..1].to_vec(), cached_characters: 0, total: Money(24_684), ..bill.clone() };
        insta::assert_snapshot!(format!("{}\n\n{}", table(&bill), table(&paid)));
    }

    #[test]
    fn what_was_written_to_a_cache_is_told_where_something_was() {
        let usage = Usage { requests: 1, tokens_in: 12, tokens_written: 1_100, tokens_out: 9, ..Usage::default() };
        let row = row(&item(Kind::Thinking, "anthropic", "claude-haiku-5-5", usage, None));
        assert_eq!(row[3], "12 in, 0 cached, 1,100 written to its cache, 9 out; 1 requests");
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!([0, 12, 999, 1_000, 1_234_567].map(thousands), ["0", "12", "999", "1,000", "1,234,567"]);
    }
}
