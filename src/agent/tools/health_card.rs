//! `validate_health_card`: whether a number can be that of a card, before anything is done with it.
//!
//! Of form alone: it says nothing about who is insured. The number is kept here; the model goes on with a handle.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::dealings::{Card, Meaning};
use super::{Outcome, Session, ToolName, schema};
use crate::agent::llm::ToolSpec;
use crate::clinic::spoken::intake;
use crate::emr::card;
use crate::privacy::Pii;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Validate {
    province: Province,
    /// as the caller said it; [card 1] where that stands for digits in their words, one behind the other where they are several, with the letters before it
    number: String,
    /// Ontario alone: the one or two letters after the number
    version: Option<String>,
}

/// Who issued the card.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
enum Province {
    #[serde(rename = "AB")]
    Alberta,
    #[serde(rename = "BC")]
    BritishColumbia,
    #[serde(rename = "MB")]
    Manitoba,
    #[serde(rename = "NB")]
    NewBrunswick,
    #[serde(rename = "NL")]
    Newfoundland,
    #[serde(rename = "NS")]
    NovaScotia,
    #[serde(rename = "NT")]
    NorthwestTerritories,
    #[serde(rename = "NU")]
    Nunavut,
    #[serde(rename = "ON")]
    Ontario,
    #[serde(rename = "PE")]
    PrinceEdwardIsland,
    #[serde(rename = "QC")]
    Quebec,
    #[serde(rename = "SK")]
    Saskatchewan,
    #[serde(rename = "YT")]
    Yukon,
}

impl Province {
    const fn letters(self) -> &'static str {
        match self {
            Self::Alberta => "AB",
            Self::BritishColumbia => "BC",
            Self::Manitoba => "MB",
            Self::NewBrunswick => "NB",
            Self::Newfoundland => "NL",
            Self::NovaScotia => "NS",
            Self::NorthwestTerritories => "NT",
            Self::Nunavut => "NU",
            Self::Ontario => "ON",
            Self::PrinceEdwardIsland => "PE",
            Self::Quebec => "QC",
            Self::Saskatchewan => "SK",
            Self::Yukon => "YT",
        }
    }
}

pub(super) fn spec() -> ToolSpec {
    ToolSpec {
        name: ToolName::ValidateHealthCard.name(),
        description: "Check that a health card's number can be right, and get its handle for register_new_patient. Never read the \
                      number back in full.",
        parameters: schema::of::<Validate>(),
    }
}

pub(super) fn run(asked: &Validate, session: &Session) -> Outcome {
    let province = asked.province.letters();
    let number = card::signs(&asked.number);
    let version = asked.version.as_deref().map(card::signs).filter(|version| !version.is_empty());
    let is_version = |text: &String| text.len() <= 2 && text.chars().all(|c| c.is_ascii_uppercase());
    let fits = match (&version, asked.province) {
        (None, _) => true,
        (Some(version), Province::Ontario) => is_version(version),
        (Some(_), _) => false,
    };
    if !card::is_card(province, &number) || !fits {
        return Outcome::told("invalid_card", intake::card_wrong(session.language));
    }
    let content = format!("{province}|{number}|{}", version.as_deref().unwrap_or_default());
    let card = Card { province, number: Pii::new(number), version: version.map(Pii::new) };
    Outcome::ok(json!({ "card": session.dealings.issue(&content, Meaning::Card(card), session.now) }))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::run as run_tool;
    use super::super::tests::session;
    use super::*;
    use crate::agent::Who;

    async fn validate(arguments: Value, session: &Session) -> Outcome {
        run_tool(ToolName::ValidateHealthCard, &Pii::new(arguments.to_string()), session).await
    }

    #[tokio::test]
    async fn a_number_that_can_be_right_becomes_a_handle_that_holds_none_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let session = session(folder.path(), &[]);
        for asked in [
            json!({ "province": "BC", "number": "9698 658 215" }),
            json!({ "province": "ON", "number": "1234-567-897", "version": "a b" }),
            json!({ "province": "QC", "number": "gage 0158 0212" }),
        ] {
            let outcome = validate(asked.clone(), &session).await;
            let handle = outcome.result["card"].as_str().unwrap_or_else(|| panic!("{asked}: {}", outcome.result));
            assert!(handle.starts_with("card_") && session.dealings.card(handle).is_some());
            assert!(!outcome.result.to_string().contains("8215"), "{}", outcome.result);
        }
    }

    #[tokio::test]
    async fn the_number_is_put_in_where_the_model_was_shown_none() {
        let folder = tempfile::tempdir().unwrap();
        let said = [(Who::Agent, "Your health card number?"), (Who::Caller, "G A G E 0158 0212")];
        let session = session(folder.path(), &said);
        let outcome = validate(json!({ "province": "QC", "number": "GAGE [card 1]" }), &session).await;
        let card = session.dealings.card(outcome.result["card"].as_str().unwrap()).unwrap();
        assert_eq!(card.number.reveal(), "GAGE01580212");
        let unsaid = validate(json!({ "province": "QC", "number": "GAGE [card 2]" }), &session).await;
        assert_eq!(unsaid.result["code"], "invalid_card");
    }

    #[tokio::test]
    async fn a_misprint_is_asked_for_again_and_not_repeated() {
        let folder = tempfile::tempdir().unwrap();
        let session = session(folder.path(), &[]);
        for asked in [
            json!({ "province": "BC", "number": "9698648215" }),
            json!({ "province": "ON", "number": "1234567897", "version": "A1" }),
            json!({ "province": "BC", "number": "9698658215", "version": "AB" }),
        ] {
            let outcome = validate(asked, &session).await;
            assert_eq!(outcome.result["code"], "invalid_card");
            let said = outcome.result.to_string();
            assert!(!said.contains("969") && !said.contains("123"), "{said}");
        }
        let unknown = validate(json!({ "province": "XX", "number": "9698658215" }), &session).await;
        assert_eq!(unknown.result["code"], "invalid");
        assert!(!unknown.result.to_string().contains("969"));
    }
}
