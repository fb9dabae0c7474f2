//! Why no call is taken just now, in words for whoever runs the server: no number and no name.

/// See the module header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotReady {
    #[error("draining")]
    Draining,
    /// Several in a row ended in failure.
    #[error("the last calls failed")]
    Unwell,
    /// As many calls as there is room for.
    #[error("full")]
    Full,
    /// Of a transport, not of the desk.
    #[error("SIP is not being served")]
    Deaf,
}
