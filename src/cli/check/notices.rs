//! Who is told of messages for the staff, in words.

use crate::clinic::ClinicConfig;
use crate::notices::{Address, Content, During, EscalationConfig};

/// `has_links`: the API can be reached under an address that is known.
pub(super) fn told(clinic: &ClinicConfig, has_links: bool) -> String {
    let Some(notices) = &clinic.notices else {
        return "nobody is told of messages: the staff look with `attendant messages`".to_owned();
    };
    let through = notices.mail.as_ref().map(|mail| format!(", e-mail through {}", mail.server)).unwrap_or_default();
    let content = match notices.content {
        Content::Waiting => "that a message waits, and nothing of a patient",
        Content::Whole => "WARNING: all that a caller left",
    };
    let escalation = notices.escalation.as_ref().map_or_else(String::new, |escalation| {
        let EscalationConfig { to, after_minutes, during } = escalation;
        let during = match during {
            During::OpeningHours => " of opening hours (urgent ones: of the clock)",
            During::Always => "",
        };
        format!("; after {after_minutes} minutes{during} {}", list(to))
    });
    let links = if has_links {
        ""
    } else {
        "; without links to acknowledge them, since api.public_url is not set: `attendant messages ack`"
    };
    format!("{}{through}: {content}{escalation}{links}", list(&notices.to))
}

fn list(to: &[Address]) -> String {
    to.iter().map(Address::shown).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clinic::Clinic;

    #[test]
    fn who_is_told_of_what_and_who_after_them_is_one_line() {
        let mut clinic = Clinic::sample().config;
        assert!(told(&clinic, true).starts_with("nobody is told"));
        let text = r#"
            to = ["https://hooks.clinic.example/hidden", "desk@clinic.example"]
            [mail]
            server = "smtps://mail.clinic.example"
            from = "attendant@clinic.example"
            [escalation]
            to = ["manager@clinic.example"]
        "#;
        clinic.notices = Some(toml::from_str(text).unwrap());
        assert_eq!(
            told(&clinic, true),
            "https://hooks.clinic.example/..., desk@clinic.example, e-mail through smtps://mail.clinic.example: that a message waits, \
             and nothing of a patient; after 30 minutes of opening hours (urgent ones: of the clock) manager@clinic.example"
        );
        assert!(told(&clinic, false).ends_with("`attendant messages ack`"));
    }
}
