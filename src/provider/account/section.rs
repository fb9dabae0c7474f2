//! A provider's section as it is written: the keys of the account and the provider's own, side by side in one table.
//!
//! serde's `flatten` would forget which key a wrong value stands under, and which keys there are. So the account's keys are taken out on
//! the way, and the provider's own type reads the rest.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, Error, IntoDeserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize, forward_to_deserialize_any};

use super::Account;

/// `O`: what this provider's section says besides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Section<O> {
    #[serde(flatten)]
    pub account: Account,
    #[serde(flatten)]
    pub own: O,
}

const KEYS: [&str; 4] = ["base_url", "key", "country", "ca"];

impl<'de, O: Deserialize<'de>> Deserialize<'de> for Section<O> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Table(PhantomData))
    }
}

struct Table<O>(PhantomData<O>);

impl<'de, O: Deserialize<'de>> Visitor<'de> for Table<O> {
    type Value = Section<O>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table of keys")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Section<O>, A::Error> {
        let (mut base_url, mut key, mut country, mut ca) = (None, None, None, None);
        let mut take = |name: &str, map: &mut A| -> Result<bool, A::Error> {
            match name {
                "base_url" => base_url = Some(map.next_value()?),
                "key" => key = Some(map.next_value()?),
                "country" => country = Some(map.next_value()?),
                "ca" => ca = Some(map.next_value()?),
                _ => return Ok(false),
            }
            Ok(true)
        };
        let own = O::deserialize(Rest { map, take: &mut take, own: &[] })?;
        let key = key.ok_or_else(|| A::Error::missing_field("key"))?;
        Ok(Section { account: Account { base_url, key, country, ca }, own })
    }
}

/// The table without the keys that somebody takes.
struct Rest<'t, A, T> {
    map: A,
    /// Whether this key was theirs: then they have its value too.
    take: &'t mut T,
    /// The keys of the provider's own type.
    own: &'static [&'static str],
}

impl<'de, A: MapAccess<'de>, T: FnMut(&str, &mut A) -> Result<bool, A::Error>> MapAccess<'de> for Rest<'_, A, T> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        while let Some(key) = self.map.next_key::<String>()? {
            if (self.take)(&key, &mut self.map)? {
                continue;
            }
            if self.own.contains(&key.as_str()) {
                return seed.deserialize(key.into_deserializer()).map(Some);
            }
            // As serde says it of a type that has all of them.
            let all = KEYS.iter().chain(self.own).map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
            return Err(A::Error::custom(format!("unknown field `{key}`, expected one of {all}")));
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

impl<'de, A: MapAccess<'de>, T: FnMut(&str, &mut A) -> Result<bool, A::Error>> Deserializer<'de> for Rest<'_, A, T> {
    type Error = A::Error;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        own: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        visitor.visit_map(Self { own, ..self })
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, A::Error> {
        visitor.visit_map(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct newtype_struct seq
        tuple tuple_struct map enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Voice {
        voice: String,
        #[serde(default)]
        speed: u8,
    }

    fn read(text: &str) -> Result<Section<Voice>, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn both_parts_are_read_from_one_table_and_written_to_one() {
        let text = "base_url = \"wss://a.example\"\ncountry = \"CA\"\nca = \"ca.pem\"\nvoice = \"v\"\nspeed = 2\n\n[key]\nenv = \"K\"\n";
        let section = read(text).unwrap();
        assert_eq!(section.own, Voice { voice: "v".into(), speed: 2 });
        assert_eq!(section.account.base_url.as_deref(), Some("wss://a.example"));
        assert_eq!(read(&toml::to_string(&section).unwrap()), Ok(section));
        assert_eq!(read("voice = \"v\"\nkey = { env = \"K\" }").unwrap().account.country, None);
    }

    #[test]
    fn what_is_missing_unknown_or_wrong_is_named() {
        let key = "key = { env = \"K\" }\n";
        for (text, part) in [
            ("voice = \"v\"", "missing field `key`"),
            (key, "missing field `voice`"),
            (
                &format!("{key}voice = \"v\"\nvoise = 1"),
                "unknown field `voise`, expected one of `base_url`, `key`, `country`, `ca`, `voice`, `speed`",
            ),
            (&format!("{key}voice = \"v\"\nspeed = \"fast\""), "invalid type: string \"fast\", expected u8"),
            (&format!("{key}voice = \"v\"\ncountry = \"Canada\""), "`Canada` is no country; write two letters"),
        ] {
            let wrong = read(text).unwrap_err();
            assert!(wrong.contains(part), "{text}: {wrong}");
        }
    }
}
