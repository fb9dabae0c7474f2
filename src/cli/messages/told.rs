//! Messages and their notices as the clinic's own staff read them.

use std::fmt::Write;

use serde::Serialize;
use serde_json::{Value, json};

use super::super::table::aligned;
use crate::agent::tools::{Message, MessageKind};
use crate::clock;
use crate::notices;
use crate::store::acknowledged::Acknowledged;
use crate::store::notices::Sent;

/// Who has seen to a message, in JSON.
#[derive(Serialize)]
pub(super) struct By {
    at: String,
    by: String,
}

pub(super) fn by(acknowledged: &Acknowledged) -> By {
    By { at: stamp(acknowledged.at_ms), by: acknowledged.by.clone() }
}

/// RFC 3339, UTC.
pub(in crate::cli) fn stamp(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).map(clock::stamp_of).unwrap_or_default()
}

/// 2026-11-21 18:00.
pub(in crate::cli) fn minute(stamp: &str) -> String {
    stamp.chars().take(16).collect::<String>().replace('T', " ")
}

pub(super) fn message(message: &Message, acknowledged: Option<&Acknowledged>) -> String {
    let seen = match (acknowledged, message.kind) {
        (Some(Acknowledged { at_ms, by }), _) => format!("acknowledged {} UTC by {by}", minute(&stamp(*at_ms))),
        (None, MessageKind::Message) => "waits".to_owned(),
        (None, MessageKind::Registration) => "to be registered".to_owned(),
        (None, MessageKind::WaitingList) => "for the waiting list".to_owned(),
        (None, MessageKind::UnknownOutcome | MessageKind::NotTold) => "URGENT, waits".to_owned(),
    };
    let mut out = String::new();
    let at = minute(&message.at);
    let (name, number) = (message.name.reveal(), message.number.reveal());
    // Writing to a String cannot fail.
    writeln!(out, "{at} UTC  {name}  {number}  {} {seen}  (call {})", message.id, message.call)
        .and_then(|()| writeln!(out, "    {}\n", message.text.reveal().replace('\n', "\n    ")))
        .unwrap_or_default();
    out
}

pub(super) fn notices(sent: &[Sent]) -> String {
    if sent.is_empty() {
        return "nobody was told of it by a notice\n".to_owned();
    }
    let row = |sent: &Sent| {
        let state = match (sent.sent_ms, &sent.trouble) {
            (Some(at), _) => format!("taken {} UTC", minute(&stamp(at))),
            (None, Some(trouble)) => format!("next try {} UTC: {trouble}", minute(&stamp(sent.due_ms))),
            (None, None) => format!("due {} UTC", minute(&stamp(sent.due_ms))),
        };
        [sent.stage.word().to_owned(), notices::shown(&sent.address), sent.tries.to_string(), state]
    };
    aligned(["STAGE", "TO", "TRIES", "STATE"], &sent.iter().map(row).collect::<Vec<_>>())
}

pub(super) fn notice_json(sent: &Sent) -> Value {
    json!({
        "stage": sent.stage,
        "to": notices::shown(&sent.address),
        "tries": sent.tries,
        "taken": sent.sent_ms.map(stamp),
        "next_try": if sent.sent_ms.is_none() { Some(stamp(sent.due_ms)) } else { None },
        "trouble": sent.trouble,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::CallId;
    use crate::privacy::Pii;
    use crate::store::notices::Stage;

    #[test]
    fn a_message_says_who_is_to_be_called_back_and_why_and_who_sees_to_it() {
        let pii = |text: &str| Pii::new(text.to_owned());
        let left = Message {
            id: "a1".to_owned(),
            kind: MessageKind::Message,
            at: "2026-11-21T18:00:00.250Z".to_owned(),
            call: CallId(uuid::Uuid::nil()),
            clinic: "c".to_owned(),
            caller: pii("+16045550177"),
            name: pii("Jane Roe"),
            number: pii("+16045550123"),
            text: pii("please call me"),
        };
        let wanted = "2026-11-21 18:00 UTC  Jane Roe  +16045550123  a1 waits  (call 00000000-0000-0000-0000-000000000000)\n    please call me\n\n";
        assert_eq!(message(&left, None), wanted);
        let urgent = Message { kind: MessageKind::UnknownOutcome, ..left.clone() };
        assert!(message(&urgent, None).contains("URGENT, waits"));
        let acknowledged = Acknowledged { at_ms: 1_795_284_000_000, by: "user jane".to_owned() };
        assert!(message(&urgent, Some(&acknowledged)).contains("a1 acknowledged 2026-11-21 18:00 UTC by user jane"));
    }

    #[test]
    fn notices_say_where_they_are_without_the_secret_of_an_address() {
        let at = 1_795_284_000_000;
        let sent = |address: &str, sent_ms, trouble: Option<&str>| Sent {
            stage: Stage::First,
            address: address.to_owned(),
            due_ms: at,
            tries: 1,
            sent_ms,
            trouble: trouble.map(str::to_owned),
        };
        let all = [
            sent("https://hooks.clinic.example/hidden", None, Some("HTTP 503")),
            sent("desk@clinic.example", Some(at), None),
        ];
        let wanted = "STAGE  TO                                TRIES  STATE\n\
                      first  https://hooks.clinic.example/...  1      next try 2026-11-21 18:00 UTC: HTTP 503\n\
                      first  desk@clinic.example               1      taken 2026-11-21 18:00 UTC\n";
        assert_eq!(notices(&all), wanted);
        assert!(!notice_json(&all[0]).to_string().contains("hidden"));
    }
}
