//! What stands for the caller in a conversation whose vendor lets none but the caller and the model speak, one after the other.

/// The caller has not spoken yet.
pub const BEGINS: &str = "[The call begins.]";
/// Nothing was said.
pub const SILENCE: &str = "[Nothing was said.]";

/// What the server tells the model in mid-conversation.
pub fn of_the_system(note: &str) -> String {
    format!("[A note of the system, which the caller did not say: {note}]")
}
