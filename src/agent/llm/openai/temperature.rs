//! Which temperature a model is asked with: its agent's, another one, or none. Some models refuse every one but their own.

use std::fmt;

use serde::de::{Deserializer, Error, Unexpected, Visitor};
use serde::{Deserialize, Serialize, Serializer};

/// What a section says in place of what agents say. Hundredths, so that it can be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Temperature {
    /// None is sent.
    Never,
    Hundredths(u8),
}

/// 2.0, of which more is refused by every server.
const MOST: f64 = 2.0;

impl Temperature {
    /// What is sent where an agent wants this one.
    pub(super) fn instead_of(own: Option<Self>, agents: Option<f32>) -> Option<f32> {
        match own {
            None => agents,
            Some(Self::Never) => None,
            Some(Self::Hundredths(hundredths)) => Some(f32::from(hundredths) / 100.0),
        }
    }
}

impl Serialize for Temperature {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Never => serializer.serialize_bool(false),
            Self::Hundredths(hundredths) => serializer.serialize_f64(f64::from(*hundredths) / 100.0),
        }
    }
}

impl<'de> Deserialize<'de> for Temperature {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Written)
    }
}

struct Written;

impl Visitor<'_> for Written {
    type Value = Temperature;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("0.0 to 2.0, or false to send none")
    }

    fn visit_bool<E: Error>(self, sent: bool) -> Result<Temperature, E> {
        if sent { Err(E::invalid_value(Unexpected::Bool(sent), &self)) } else { Ok(Temperature::Never) }
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Temperature, E> {
        if (0.0..=MOST).contains(&value) {
            // 200 at most.
            Ok(Temperature::Hundredths((value * 100.0).round() as u8))
        } else {
            Err(E::invalid_value(Unexpected::Float(value), &self))
        }
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Temperature, E> {
        self.visit_f64(value as f64)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Temperature, E> {
        self.visit_f64(value as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Temperature, String> {
        let read: Result<toml::Table, _> = toml::from_str(&format!("t = {text}"));
        read.unwrap()["t"].clone().try_into().map_err(|error| error.to_string())
    }

    #[test]
    fn a_section_sends_what_agents_want_or_another_or_none() {
        assert_eq!(Temperature::instead_of(None, Some(0.3)), Some(0.3));
        for (text, sent) in [("false", None), ("1", Some(1.0)), ("0.35", Some(0.35)), ("0.0", Some(0.0))] {
            let read = read(text).unwrap();
            assert_eq!(Temperature::instead_of(Some(read), Some(0.3)), sent, "{text}");
            let written = toml::Value::try_from(read).unwrap();
            assert_eq!(written.try_into(), Ok(read), "{text}");
        }
    }

    #[test]
    fn what_no_server_takes_is_refused_with_the_mend() {
        for text in ["true", "2.5", "-1", "\"hot\""] {
            let wrong = read(text).unwrap_err();
            assert!(wrong.contains("0.0 to 2.0, or false to send none"), "{text}: {wrong}");
        }
    }
}
