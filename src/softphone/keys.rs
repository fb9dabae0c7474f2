//! Keys that a caller presses, as `attendant call --dtmf` takes them: `1,2#` is a 1, and once the answer to it is over, a 2 and a #.

use std::sync::Arc;
use std::time::Duration;

use attendant_media::dtmf::{KEYS, MOST, PRESS_SLOTS};
use attendant_media::frame::SLOT;

/// Keys pressed one after the other, without waiting between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys(Arc<str>);

/// These cannot be pressed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}`: {1}; write keys of 0 to 9, *, # and A to D, and a comma where an answer is waited for: 1,2#")]
pub struct NotKeys(String, String);

impl Keys {
    /// What stands between commas.
    pub fn groups(text: &str) -> Result<Vec<Self>, NotKeys> {
        let wrong = |why: String| NotKeys(text.to_owned(), why);
        let group = |group: &str| {
            let keys = group.trim().to_ascii_uppercase();
            match keys.chars().find(|key| !KEYS.contains(key)) {
                Some(other) => Err(wrong(format!("`{other}` is no key"))),
                None if keys.is_empty() => Err(wrong("there are no keys between two commas".to_owned())),
                None if keys.len() > MOST => Err(wrong(format!("more than {MOST} keys at once"))),
                None => Ok(Self(keys.into())),
            }
        };
        text.split(',').map(group).collect()
    }

    pub fn text(&self) -> &str {
        &self.0
    }

    /// From the first packet of the first key to the end of the last.
    pub fn lasts(&self) -> Duration {
        SLOT * u32::from(PRESS_SLOTS) * self.0.len() as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_stand_between_commas() {
        let groups = Keys::groups("1, 2#,*d").unwrap();
        assert_eq!(groups.iter().map(Keys::text).collect::<Vec<_>>(), ["1", "2#", "*D"]);
        // Five slots of the key and three of its end.
        assert_eq!(groups[1].lasts(), Duration::from_millis(2 * 8 * 20));
    }

    #[test]
    fn what_is_no_key_is_refused_with_the_mend() {
        for (text, says) in [("1x", "`X` is no key"), ("1,,2", "between two commas"), ("", "between two commas")] {
            let error = Keys::groups(text).unwrap_err().to_string();
            assert!(error.contains(says) && error.contains("1,2#"), "{error}");
        }
        assert!(Keys::groups(&"1".repeat(33)).is_err());
    }
}
