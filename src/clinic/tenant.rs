//! Whose data it is, as a value that cannot be made up: it comes with a clinic whose file was read and checked, or with the store's row of one, and with
//! nothing else.
//!
//! A call's clinic is that of the server which its number leads to. No text of a client, a caller or a model becomes one.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// A clinic's id. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Tenant(Arc<str>);

impl Tenant {
    /// For [`super::Clinic`] alone.
    pub(super) fn of(id: &str) -> Self {
        Self(id.into())
    }

    /// Of no clinic: for questions that concern all of them. No row is theirs.
    pub(crate) fn nobody() -> Self {
        Self(".".into())
    }

    /// For the store alone, of a clinic that it knows: its file was checked when it was put there.
    pub(crate) fn known(id: &str) -> Self {
        Self(id.into())
    }

    /// For tests of what does not concern clinics' files.
    #[cfg(test)]
    pub(crate) fn made_up(id: &str) -> Self {
        Self(id.into())
    }
}

impl Deref for Tenant {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tenant({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    fn sources(folder: &Path) -> Vec<PathBuf> {
        let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        paths.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
    }

    #[test]
    fn nobody_makes_one_up() {
        let own = include_str!("tenant.rs");
        let own = own.split("\n#[cfg(test)]\nmod ").next().unwrap();
        let makers: Vec<&str> = own.lines().map(str::trim).filter(|line| line.ends_with("-> Self {")).collect();
        assert_eq!(
            makers,
            [
                "pub(super) fn of(id: &str) -> Self {",
                "pub(crate) fn nobody() -> Self {",
                "pub(crate) fn known(id: &str) -> Self {",
                "pub(crate) fn made_up(id: &str) -> Self {",
            ]
        );
        assert!(own.contains("pub struct Tenant(Arc<str>);"), "what is in it is nobody's to write");
        for way in ["Deserialize", "impl From", "FromStr", "Default"] {
            assert!(!own.contains(way), "{way}");
        }
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let makes = |how: &str| -> Vec<String> {
            let all = sources(&folder).into_iter().filter(|path| path.extension().is_some_and(|end| end == "rs"));
            let made = all.filter(|path| std::fs::read_to_string(path).unwrap().contains(how));
            let mut made: Vec<String> =
                made.map(|path| path.strip_prefix(&folder).unwrap().display().to_string()).collect();
            made.sort();
            made
        };
        let how = |maker: &str| format!("{}::{maker}(", "Tenant");
        assert_eq!(makes(&how("of")), ["clinic.rs"]);
        assert_eq!(makes(&how("known")), ["store/clinics.rs"]);
        assert_eq!(makes(&how("nobody")), ["cli/clinic.rs"]);
    }
}
