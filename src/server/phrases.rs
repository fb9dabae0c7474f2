//! Where the audio of the fixed phrases is kept from one start to the next.
//!
//! A voice that is paid by use says them once, and not at each start; the embedded ones take milliseconds, and need no folder.

use std::path::PathBuf;

use crate::config::Config;
use crate::costs::Kind;

/// `None`: they are rendered at every start.
pub(super) fn folder(config: &Config) -> Option<PathBuf> {
    let is_paid = config.providers.paid_models().iter().any(|(what, ..)| *what == Kind::Speaking);
    config.server.phrase_cache.clone().or_else(|| is_paid.then(|| config.home().join("phrases")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_voice_that_is_paid_says_them_once_whether_or_not_a_folder_is_named() {
        let kept = |section: &str, named: Option<&str>| {
            let text = section.replace("KEY", "key = { env = \"PATH\" }");
            let mut config = Config { providers: toml::from_str(&text).unwrap(), ..Config::default() };
            config.records.path = Some("/var/lib/attendant".into());
            config.server.phrase_cache = named.map(PathBuf::from);
            folder(&config)
        };
        let cartesia = "[cartesia]\nKEY\nvoices = { en-CA = \"v\" }";
        assert_eq!(kept(cartesia, None), Some("/var/lib/attendant/phrases".into()));
        for nobody_is_paid in ["", "[deepgram]\nKEY", "[sarvam]\nKEY\nvoices = {}"] {
            assert_eq!(kept(nobody_is_paid, None), None, "{nobody_is_paid}");
        }
        for section in ["", cartesia] {
            assert_eq!(kept(section, Some("/var/cache/attendant")), Some("/var/cache/attendant".into()));
        }
    }
}
