//! What becomes of a call when it is over: who hears of the messages that callers left, and how long what is known of them is kept.

use super::{About, Seen};
use crate::clinic::retention::RetentionConfig;
use crate::server::unheard;
use crate::store::Kind;

/// Silence is no answer: either somebody is told, or the file says who looks.
pub(super) fn messages(about: &About<'_>) -> Vec<Seen> {
    let config = &about.clinic.config;
    let Some(notices) = &config.notices else {
        return vec![match &config.reads_messages {
            Some(who) => Seen::good(format!("nobody is told of messages; by the clinic's file they are read: {who}")),
            None => Seen::wrong(
                "nobody is told of messages that callers leave, nor of bookings that are not certain",
                "write [notices] into the clinic's file, or into reads_messages who looks for them and how often",
            ),
        }];
    };
    // The rest of it was checked with the file.
    let wrong: Vec<Seen> = unheard(about.config, about.clinic).iter().map(|told| of(told)).collect();
    if !wrong.is_empty() {
        return wrong;
    }
    let escalated = match &notices.escalation {
        Some(escalation) => format!("{} more after {} minutes", escalation.to.len(), escalation.after_minutes),
        None => "nobody else if they do nothing".to_owned(),
    };
    vec![Seen::good(format!("{} are told of each message, {escalated}", notices.to.len()))]
}

/// `[retention]` in so many words, none of it longer than requirements allow: what must be kept for longer is the EMR's.
pub(super) fn retention(about: &About<'_>) -> Vec<Seen> {
    let kept = about.clinic.config.retention;
    let mut seen = Vec::new();
    if !says_how_long(about.clinic.text()) {
        seen.push(Seen::wrong(
            "the clinic's file does not say how long what is known of callers is kept",
            "write [retention] with transcripts_days, recordings_days, messages_days and calls_days",
        ));
    }
    let longest = RetentionConfig::default();
    for (key, days, most) in [
        ("transcripts_days", kept.transcripts_days, longest.transcripts_days),
        ("recordings_days", kept.recordings_days, longest.recordings_days),
        ("messages_days", kept.messages_days, longest.messages_days),
        ("calls_days", kept.calls_days, longest.calls_days),
    ] {
        if days > most {
            seen.push(Seen::wrong(
                format!("retention.{key}: {days} days are longer than anybody needs for a call"),
                format!("write {most} or less: what must be kept for longer belongs in the EMR"),
            ));
        }
    }
    if seen.is_empty() {
        let by_whom = match about.config.store.kind() {
            Kind::Off => "without a store by nobody but who runs the server",
            Kind::Embedded | Kind::Postgres => "taken away at 03:00",
        };
        seen.push(Seen::good(format!(
            "kept for {} days: transcripts, {}: recordings, {}: messages, {}: calls, {}: the audit; {by_whom}",
            kept.transcripts_days, kept.recordings_days, kept.messages_days, kept.calls_days, kept.audit_days
        )));
    }
    seen
}

/// Defaults are nobody's decision.
fn says_how_long(file: &str) -> bool {
    toml::from_str::<toml::Table>(file).is_ok_and(|table| table.contains_key("retention"))
}

/// `what is wrong; what to write instead`.
fn of(told: &str) -> Seen {
    let (what, mend) = told.split_once("; ").unwrap_or((told, "see to the clinic's file"));
    Seen::wrong(what, mend)
}
