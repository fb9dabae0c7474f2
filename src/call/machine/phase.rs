//! Where a call is between ringing and over. Nothing is decided here: each transition stands where its cause is dealt with.

use crate::call::timeline::EndReason;

/// Where the call is between ringing and over.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Phase {
    Ringing,
    Talking,
    /// The other side put us on hold.
    OnHold,
    /// The caller is being passed to a person.
    Transferring(Line),
    /// The last words are being said; after them the call ends for this reason.
    Closing(EndReason),
    /// All was said; the far side's buffer still plays it.
    HangingUp(EndReason),
    /// It is over but for the caller's last words, which the recogniser still has.
    Leaving(EndReason),
    Ended,
}

/// Whether the other side has put us on hold while a transfer is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    Open,
    Held,
}
