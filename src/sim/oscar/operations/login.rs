//! `LoginWs`: a user name and a password for a number and a token.

use super::provider::transfer;
use super::{Answer, Call};
use crate::sim::oscar::refusal::Refusal;
use crate::sim::oscar::value::Object;

impl Call<'_> {
    pub(super) fn login(&self, operation: &str, arguments: &Object) -> Answer {
        let (user, password) = (arguments.text("arg0"), arguments.text("arg1"));
        let today = self.wall().date();
        let account = self.accounts.iter().find(|account| {
            user == Some(&account.user) && password == Some(&account.password) && account.expires >= today
        });
        let account = account.ok_or(Refusal::NotAuthorised)?;
        let result = Object::default()
            .set("securityId", account.security_id)
            .set("securityTokenKey", account.token(self.java_started));
        match operation {
            "login" => Ok(Some(result.into())),
            "login2" => {
                let provider = self.store.providers.iter().find(|provider| provider.number == account.provider);
                Ok(Some(result.maybe("provider", provider.map(transfer)).into()))
            }
            _ => Err(self.unserved(operation)),
        }
    }
}
