//! What one call uses of the providers that are paid by use, counted by whoever sends it and read once at the end.
//!
//! It travels with the call's mailbox, which every session has. Sessions work on the shared runtime: the media worker touches a meter
//! only when the call is over. What is charged but not settled yet counts already, so that a request that is under way when the caller
//! hangs up is not forgotten, and a fail-over neither loses the first attempt nor counts it twice.

use std::sync::Arc;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

/// What it was used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Hearing,
    Thinking,
    Speaking,
}

impl Kind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hearing => "hearing",
            Self::Thinking => "thinking",
            Self::Speaking => "speaking",
        }
    }
}

/// As what a vendor is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paid<'a> {
    /// The section of `[providers]`; of `[providers.models.NAME]`, the name.
    pub provider: &'static str,
    /// The vendor's own name of the model or voice.
    pub model: &'a str,
}

/// Quantities as the vendor bills them; those of another kind of provider are 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage {
    /// Audio sent, in milliseconds.
    #[serde(skip_serializing_if = "is_zero")]
    pub audio_ms: u64,
    /// Characters of text to be spoken.
    #[serde(skip_serializing_if = "is_zero")]
    pub characters: u64,
    /// Requests to a model; those that it refused are none.
    #[serde(skip_serializing_if = "is_zero")]
    pub requests: u64,
    /// Tokens sent, without those below.
    #[serde(skip_serializing_if = "is_zero")]
    pub tokens_in: u64,
    /// Tokens sent that the vendor had in its cache.
    #[serde(skip_serializing_if = "is_zero")]
    pub tokens_cached: u64,
    /// Tokens sent that the vendor wrote to its cache.
    #[serde(skip_serializing_if = "is_zero")]
    pub tokens_written: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub tokens_out: u64,
    /// Of the requests, those whose tokens are our estimate: the vendor did not say.
    #[serde(skip_serializing_if = "is_zero")]
    pub estimated: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants a reference")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Usage {
    fn each(self, other: Self, f: impl Fn(u64, u64) -> u64) -> Self {
        Self {
            audio_ms: f(self.audio_ms, other.audio_ms),
            characters: f(self.characters, other.characters),
            requests: f(self.requests, other.requests),
            tokens_in: f(self.tokens_in, other.tokens_in),
            tokens_cached: f(self.tokens_cached, other.tokens_cached),
            tokens_written: f(self.tokens_written, other.tokens_written),
            tokens_out: f(self.tokens_out, other.tokens_out),
            estimated: f(self.estimated, other.estimated),
        }
    }

    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        self.each(other, u64::saturating_add)
    }

    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        self.each(other, u64::saturating_sub)
    }
}

/// What a call used of one model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub kind: Kind,
    pub provider: &'static str,
    pub model: String,
    pub usage: Usage,
}

/// One call's meter. Clones are the same meter.
#[derive(Clone, Debug, Default)]
pub struct Meter(Arc<Mutex<Sheet>>);

#[derive(Debug, Default)]
struct Sheet {
    lines: Vec<Line>,
    /// The bill was written: what comes later is not on it.
    settled: bool,
}

impl Meter {
    /// Counts what was sent and cannot be taken back.
    pub fn add(&self, kind: Kind, paid: Paid<'_>, usage: Usage) {
        let mut sheet = self.0.lock();
        let place = sheet.place(kind, paid);
        let line = &mut sheet.lines[place];
        line.usage = line.usage.plus(usage);
    }

    /// Counts what is being sent, and may yet turn out to be something else.
    pub fn charge(&self, kind: Kind, paid: Paid<'_>, usage: Usage) -> Charge {
        let place = {
            let mut sheet = self.0.lock();
            let place = sheet.place(kind, paid);
            let line = &mut sheet.lines[place];
            line.usage = line.usage.plus(usage);
            place
        };
        Charge { meter: self.clone(), place, usage }
    }

    /// What was used so far, by kind, provider and model; lines that came to nothing are left out.
    pub fn lines(&self) -> Vec<Line> {
        self.0.lock().used()
    }

    /// The same of a call that is going on; nothing once its bill was written.
    pub fn unsettled(&self) -> Vec<Line> {
        let sheet = self.0.lock();
        if sheet.settled { Vec::new() } else { sheet.used() }
    }

    /// The same for the bill: once. `None` if that was done before.
    pub fn settle(&self) -> Option<Vec<Line>> {
        let mut sheet = self.0.lock();
        (!std::mem::replace(&mut sheet.settled, true)).then(|| sheet.used())
    }
}

impl Sheet {
    fn place(&mut self, kind: Kind, paid: Paid<'_>) -> usize {
        let same = |line: &Line| line.kind == kind && line.provider == paid.provider && line.model == paid.model;
        self.lines.iter().position(same).unwrap_or_else(|| {
            let Paid { provider, model } = paid;
            self.lines.push(Line { kind, provider, model: model.to_owned(), usage: Usage::default() });
            self.lines.len() - 1
        })
    }

    fn used(&self) -> Vec<Line> {
        let mut lines: Vec<Line> = self.lines.iter().filter(|line| line.usage != Usage::default()).cloned().collect();
        lines.sort_by(|a, b| (a.kind, a.provider, &a.model).cmp(&(b.kind, b.provider, &b.model)));
        lines
    }
}

/// Something that counts as used until it is known to be something else. Dropping it leaves it counted.
#[derive(Debug)]
pub struct Charge {
    meter: Meter,
    place: usize,
    usage: Usage,
}

impl Charge {
    /// It is this after all.
    pub fn instead(&mut self, usage: Usage) {
        let before = std::mem::replace(&mut self.usage, usage);
        let mut sheet = self.meter.0.lock();
        let line = &mut sheet.lines[self.place];
        line.usage = line.usage.minus(before).plus(usage);
    }

    /// There was more of it.
    pub fn more(&mut self, usage: Usage) {
        self.instead(self.usage.plus(usage));
    }

    /// It costs nothing.
    pub fn waive(mut self) {
        self.instead(Usage::default());
    }

    pub const fn usage(&self) -> Usage {
        self.usage
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PAID: [Paid<'static>; 3] = [
        Paid { provider: "openai", model: "a" },
        Paid { provider: "openai", model: "b" },
        Paid { provider: "spare", model: "a" },
    ];

    fn tokens(tokens_in: u64) -> Usage {
        Usage { requests: 1, tokens_in, ..Usage::default() }
    }

    #[test]
    fn a_charge_counts_at_once_and_is_settled_once() {
        let meter = Meter::default();
        let mut first = meter.charge(Kind::Thinking, PAID[0], tokens(100));
        let second = meter.charge(Kind::Thinking, PAID[1], tokens(100));
        assert_eq!(meter.lines().len(), 2, "under way");
        first.more(Usage { tokens_out: 5, ..Usage::default() });
        first.instead(tokens(90));
        second.waive();
        drop(first);
        let line = Line { kind: Kind::Thinking, provider: "openai", model: "a".into(), usage: tokens(90) };
        assert_eq!(meter.settle(), Some(vec![line]));
        assert_eq!(meter.settle(), None);
    }

    #[derive(Clone, Copy, Debug)]
    enum End {
        Dropped,
        Instead(u64),
        Waived,
    }

    proptest! {
        /// A call's requests with fail-overs, hedges and cancellations, interleaved as they like: the sheet is the sum of how each ended.
        #[test]
        fn the_sum_of_the_lines_is_the_sum_of_how_each_request_ended(
            requests in proptest::collection::vec((0_usize..3, 0_u64..10_000, prop_oneof![
                Just(End::Dropped), (0_u64..10_000).prop_map(End::Instead), Just(End::Waived)
            ]), 0..40),
            together in 1_usize..5,
        ) {
            let meter = Meter::default();
            let mut wanted = [Usage::default(); 3];
            for group in requests.chunks(together) {
                let open: Vec<Charge> =
                    group.iter().map(|(model, size, _)| meter.charge(Kind::Thinking, PAID[*model], tokens(*size))).collect();
                for (mut charge, (model, size, end)) in open.into_iter().zip(group) {
                    let counted = match end {
                        End::Dropped => tokens(*size),
                        End::Instead(size) => {
                            charge.instead(tokens(*size));
                            tokens(*size)
                        }
                        End::Waived => {
                            charge.waive();
                            continue;
                        }
                    };
                    wanted[*model] = wanted[*model].plus(counted);
                }
            }
            let lines = meter.lines();
            for (paid, wanted) in PAID.iter().zip(wanted) {
                let found = lines.iter().find(|line| line.provider == paid.provider && line.model == paid.model);
                prop_assert_eq!(found.map(|line| line.usage).unwrap_or_default(), wanted);
            }
        }
    }
}
