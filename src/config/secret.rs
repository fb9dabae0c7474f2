//! Where a secret is kept: an environment variable or a file, never the configuration itself.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// In the configuration: `{ env = "NAME" }` or `{ file = "/path" }`; of a file the first line counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretSource {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub env: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
}

/// A secret that Debug does not show.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub const fn new(secret: String) -> Self {
        Self(secret)
    }

    /// The secret itself. Never pass it to a log or an error.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<secret>")
    }
}

/// Where it is, never what.
impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.env, &self.file) {
            (Some(variable), _) => write!(f, "the environment ({variable})"),
            (None, Some(file)) => file.display().fmt(f),
            (None, None) => f.write_str("nowhere"),
        }
    }
}

impl SecretSource {
    /// Reads it. The error is `what is wrong; what to do instead`.
    pub fn read(&self) -> Result<Secret, String> {
        let whole = self.read_whole()?;
        let secret = whole.0.lines().next().unwrap_or_default().trim();
        if secret.is_empty() {
            return Err(EMPTY.into());
        }
        Ok(Secret(secret.to_owned()))
    }

    /// Where it is kept, in a word.
    pub fn place(&self) -> String {
        match (&self.env, &self.file) {
            (Some(variable), _) => format!("${variable}"),
            (None, Some(path)) => path.display().to_string(),
            (None, None) => String::new(),
        }
    }

    /// The same of a secret of several lines, such as a key file.
    pub fn read_whole(&self) -> Result<Secret, String> {
        let text = match (&self.env, &self.file) {
            (Some(variable), None) => std::env::var(variable)
                .map_err(|_| format!("the environment variable {variable} is not set; set it to the secret"))?,
            (None, Some(path)) => std::fs::read_to_string(path)
                .map_err(|error| format!("cannot read {}: {error}; write the secret there", path.display()))?,
            (Some(_), Some(_)) | (None, None) => {
                return Err("its place is not clear; write either { env = \"NAME\" } or { file = \"/path\" }".into());
            }
        };
        if text.trim().is_empty() { Err(EMPTY.into()) } else { Ok(Secret(text)) }
    }
}

const EMPTY: &str = "the secret is empty; write it where the configuration says it is";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_the_first_line_of_its_file_and_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, "abc \nrest").unwrap();
        let secret = SecretSource { env: None, file: Some(path) }.read().unwrap();
        assert_eq!(secret.expose(), "abc");
        assert_eq!(format!("{secret:?}"), "<secret>");
    }

    #[test]
    fn no_place_two_places_and_an_unset_variable_are_told() {
        assert!(SecretSource::default().read().unwrap_err().contains("either"));
        let unset = SecretSource { env: Some("ATTENDANT_TEST_NOT_SET".into()), file: None };
        assert!(unset.read().unwrap_err().contains("not set; set it"));
        let both = SecretSource { file: Some("x".into()), ..unset };
        assert!(both.read().unwrap_err().contains("either"));
    }
}
