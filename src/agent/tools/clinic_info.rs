//! `clinic_info`: a fact of the clinic, as a sentence the server made from data.
//!
//! Decides which fact a topic is and which day is meant. A day it does not know is refused, never guessed, and so is a date of another weekday.

use jiff::civil::Date;
use serde::Deserialize;
use serde_json::json;

use super::weekday::{self, DayOfWeek};
use super::{Outcome, Session, ToolName, object};
use crate::agent::llm::ToolSpec;
use crate::clinic::{calendar, spoken};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    topic: Topic,
    day: Option<String>,
    /// Said with a date.
    weekday: Option<DayOfWeek>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Topic {
    Hours,
    Address,
    Parking,
    Directions,
    Phone,
    Providers,
    Languages,
}

pub(super) fn spec() -> ToolSpec {
    ToolSpec {
        name: ToolName::ClinicInfo.name(),
        description: "A fact about the clinic, for every question about opening hours, holidays, address, parking, directions, \
                      telephone and fax numbers, doctors or languages. Say what `say` holds and nothing else.",
        parameters: object(
            json!({
                "topic": {
                    "type": "string",
                    "enum": ["hours", "address", "parking", "directions", "phone", "providers", "languages"],
                },
                "day": {
                    "type": "string",
                    "description": "for hours of one day: now, today, tomorrow, weekend, holidays, an English weekday, a date \
                                    as 2026-12-25, or the name of a holiday. Leave out for the whole week.",
                },
                "weekday": {
                    "type": "string",
                    "enum": ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"],
                    "description": "the weekday that the caller said with a date",
                },
            }),
            &["topic"],
        ),
    }
}

pub(super) fn run(asked: &Asked, session: &Session) -> Outcome {
    let clinic = &session.clinic.config;
    let language = session.language;
    let say = match asked.topic {
        Topic::Hours => {
            let now = session.clinic.local(session.now).datetime();
            let date = asked.day.as_deref().and_then(|day| day.trim().parse::<Date>().ok());
            let said = asked.weekday.as_slice();
            if let Some(Err(other)) = date.map(|date| weekday::check(date, said, session)) {
                return other;
            }
            match calendar::hours(clinic, asked.day.as_deref(), now) {
                Ok(hours) => spoken::hours(&hours, language),
                Err(calendar::UnknownDay) => {
                    return Outcome::refused(
                        "unknown_day",
                        "no such day is known; say so, and tell the hours of the week or offer a person",
                    );
                }
            }
        }
        Topic::Address => spoken::address(clinic, language),
        Topic::Parking => spoken::parking(clinic, language),
        Topic::Directions => spoken::directions(clinic, language),
        Topic::Phone => spoken::phone(clinic, language),
        Topic::Providers => spoken::providers(clinic, language),
        Topic::Languages => spoken::languages(clinic, language),
    };
    Outcome::ok(json!({ "say": say }))
}
