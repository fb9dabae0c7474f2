//! `ProviderWs`: everyone with a number, the system itself and service accounts included.

use super::{Answer, Call};
use crate::sim::oscar::store::Provider;
use crate::sim::oscar::value::{Object, Value};

impl Call<'_> {
    pub(super) fn provider(&self, operation: &str, arguments: &Object) -> Answer {
        match operation {
            "getProviders2" => {
                // Null: whether active or not.
                let wanted = arguments.get("arg0").map(|_| arguments.flag("arg0"));
                let found =
                    self.store.providers.iter().filter(|one| wanted.is_none_or(|active| one.is_active() == active));
                Ok(Some(found.map(transfer).collect()))
            }
            "getLoggedInProviderTransfer" => {
                let number = &self.caller()?.provider;
                let found = self.store.providers.iter().find(|provider| provider.number == *number);
                Ok(found.map(|provider| transfer(provider).into()))
            }
            _ => Err(self.unserved(operation)),
        }
    }
}

pub(super) fn transfer(provider: &Provider) -> Object {
    let mut object = Object::default().set("providerNo", provider.number.as_str());
    for (name, text) in &provider.texts {
        object.insert(name, Value::Text(text.clone()));
    }
    object
}
