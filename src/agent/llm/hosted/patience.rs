//! How long a model is waited for, and when another is asked as well. Milliseconds in the configuration.

use std::time::Duration;

/// From the question to the first piece: below the 3 s after which the caller must have heard something.
pub const fn first_piece() -> u64 {
    2_800
}

/// From piece to piece.
pub const fn between_pieces() -> u64 {
    2_000
}

/// First tokens of hosted models, as Twilio publishes them for voice (November 2025): 375 ms in the median, 750 ms where it calls them late.
pub const fn hedge() -> u64 {
    750
}

#[derive(Clone, Copy, Debug)]
pub struct Patience {
    pub first_piece: Duration,
    pub between_pieces: Duration,
    /// Without a first piece for so long another is asked as well.
    pub hedge: Option<Duration>,
}

impl Patience {
    /// `first_piece_ms`, `between_pieces_ms` and `hedge_ms` of a section.
    pub fn of([first_piece, between_pieces, hedge]: [u64; 3]) -> Self {
        Self {
            first_piece: Duration::from_millis(first_piece),
            between_pieces: Duration::from_millis(between_pieces),
            hedge: (hedge > 0).then(|| Duration::from_millis(hedge)),
        }
    }

    /// What is wrong with them, as `key: what is wrong; what to write instead`.
    pub fn check(section: &str, [first_piece, between_pieces, hedge]: [u64; 3]) -> Vec<String> {
        let mut wrong = Vec::new();
        for (key, ms) in [("first_piece_ms", first_piece), ("between_pieces_ms", between_pieces)] {
            if !(100..=3_000).contains(&ms) {
                wrong.push(format!(
                    "{section}.{key}: {ms} ms; write 100 to 3000: after 3 s the next model is asked anyway"
                ));
            }
        }
        if hedge != 0 && !(100..=3_000).contains(&hedge) {
            wrong.push(format!("{section}.hedge_ms: {hedge} ms; write 100 to 3000, or 0 to ask one model at a time"));
        }
        wrong
    }
}
