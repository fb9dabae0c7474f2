//! Dates and times as callers say them: "March third eighty-five", "next Tuesday afternoon", "half past ten", « dix heures et demie ».
//!
//! Pure; English and French. Decides which day, hour or span of days an utterance names, given the clinic's own date; never what it is
//! for. What is not understood is `None`, never a guess: a date is read back to the caller with its weekday or its year.

mod birth;
mod clock;
mod number;
mod when;
mod words;

use crate::language::Language;

pub use birth::{birth_date, is_whole_date};
pub use clock::{Clock, clocks};
pub use number::{Item, Number, items, placed};
pub use when::{Part, When, when};
pub use words::{month, weekday};

/// The languages whose dates and times are understood.
pub const fn knows(language: Language) -> bool {
    matches!(language, Language::English | Language::French)
}
