//! What of a tool's time was attendant's, and where in the tool it lay: before the EMR was asked, between its answers, after the last.

use std::collections::BTreeMap;
use std::time::Duration;

use attendant::softphone::report::percentile;

use super::clock::{Both, Nanos};
use super::owed::{Span, merged};
use crate::wire::oscar::by_voice::Ran;

/// Of one tool.
#[derive(Clone, Copy, Debug, Default)]
struct Added {
    before: Nanos,
    between: Nanos,
    after: Nanos,
}

impl Added {
    /// `owed`: without overlaps, in order.
    fn of((began, done): Span, owed: &[Span]) -> Self {
        let within: Vec<Span> = owed
            .iter()
            .map(|(from, to)| ((*from).max(began), (*to).min(done)))
            .filter(|(from, to)| from < to)
            .collect();
        let (Some(first), Some(last)) = (within.first(), within.last()) else {
            return Self { before: done - began, ..Self::default() };
        };
        let between = within.windows(2).map(|pair| pair[1].0 - pair[0].1).sum();
        Self { before: first.0 - began, between, after: done - last.1 }
    }

    const fn whole(&self) -> Nanos {
        self.before + self.between + self.after
    }
}

/// As `p50, p99`.
fn ms(of: impl Iterator<Item = Nanos>) -> String {
    let mut all: Vec<Nanos> = of.collect();
    all.sort_unstable();
    let at = |percent| {
        let nanos = percentile(&all, percent).expect("there is one");
        Duration::from_nanos(*nanos).as_secs_f64() * 1_000.0
    };
    format!("{:.1}, {:.1} ms", at(50), at(99))
}

/// A line for all tools, and one for each kind of them. Of each call: the tools that ran, and when its EMR owed an answer.
pub fn tell(ran: &[Vec<Ran>], owed: Vec<Vec<Span>>, clocks: Both) {
    let mut kinds: BTreeMap<(&str, bool), Vec<Added>> = BTreeMap::new();
    for (tools, owed) in ran.iter().zip(owed.into_iter().map(merged)) {
        for tool in tools {
            let span = (clocks.shared(tool.began), clocks.shared(tool.done));
            kinds.entry((tool.name, tool.ok)).or_default().push(Added::of(span, &owed));
        }
    }
    let all = || kinds.values().flatten();
    println!("  {} of {} tools", ms(all().map(Added::whole)), all().count());
    for ((name, ok), added) in &kinds {
        let part = |of: fn(&Added) -> Nanos| ms(added.iter().map(of));
        println!(
            "  {} of {} {name} ({}): before the EMR {}; between its answers {}; after {}",
            part(Added::whole),
            added.len(),
            if *ok { "done" } else { "asked or refused" },
            part(|added| added.before),
            part(|added| added.between),
            part(|added| added.after),
        );
    }
}

#[test]
fn a_tools_time_is_the_emrs_while_it_owes_an_answer_and_else_attendants() {
    let owed = merged(vec![(40, 50), (20, 30), (45, 60), (90, 95)]);
    assert_eq!(owed, [(20, 30), (40, 60), (90, 95)]);
    let added = Added::of((10, 70), &owed);
    assert_eq!((added.before, added.between, added.after, added.whole()), (10, 10, 10, 30));
    assert_eq!(Added::of((25, 50), &owed).whole(), 10, "what began before is the EMR's too");
    assert_eq!(Added::of((61, 80), &owed).whole(), 19, "no EMR was asked");
}
