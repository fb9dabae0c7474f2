//! What a call costs: what was used of each provider that is paid by use, and what that is in money by the table in `[prices]`.
//!
//! Counted where it is sent (`meter`), priced once at the end of the call (`prices`, `bill`, `till`). Money is whole millionths of the
//! currency: no floating point, and the sum of the parts is the total. Nothing in here knows who called or what was said.

pub mod bill;
pub mod budget;
pub mod estimate;
pub mod meter;
pub mod money;
pub mod prices;
pub mod till;

pub use bill::Bill;
pub use meter::{Charge, Kind, Line, Meter, Paid, Usage};
pub use money::Money;
pub use prices::{Prices, PricesConfig};
pub use till::{Account, Till};
