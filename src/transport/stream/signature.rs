//! Whether a webhook is the carrier's own, and not heard before. Comparisons take constant time. Times are Unix seconds.

pub mod seen;
pub mod telnyx;
pub mod twilio;
