//! The account at a clinic's EMR across a network: its name and password, wherever they are kept.

use crate::config::Secret;
use crate::store::weakness;

/// See the module header. Debug shows neither.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    pub user: Secret,
    pub password: Secret,
}

impl Login {
    /// Why somebody could guess it: `what is wrong; what to do instead`.
    pub fn weakness(&self) -> Option<String> {
        let mend = "set a long random one in the EMR and in its place here";
        weakness(self.password.expose())
            .or_else(|| (self.user == self.password).then(|| "the same as the account's name".to_owned()))
            .map(|why| format!("{why}; {mend}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_that_can_be_guessed_is_told_and_never_shown() {
        let login = |user: &str, password: &str| Login {
            user: Secret::new(user.to_owned()),
            password: Secret::new(password.to_owned()),
        };
        assert_eq!(login("attendant", "mK3-vq09-Zp-xx71").weakness(), None);
        for (user, password, why) in [
            ("attendant", "mK3-vq", "shorter than 12"),
            ("attendant", "attendant-2026", "well-known"),
            ("mK3-vq09-Zp-xx71", "mK3-vq09-Zp-xx71", "the account's name"),
        ] {
            let told = login(user, password).weakness().unwrap();
            assert!(told.contains(why) && told.contains("; set a long") && !told.contains(password), "{told}");
        }
        assert!(!format!("{:?}", login("someone", "hidden")).contains("hidden"));
    }
}
