//! One operation of OSCAR, asked with the account's token: the elements it returns, or why it did not.
//!
//! Logs in when there is no token, and once more when it is refused: a refused header means that nothing ran, so writes are sent again
//! then, and only then.

use std::sync::Arc;

use super::super::failure::Failure;
use super::super::{EmrError, Login};
use super::account::{Account, Token};
use super::config::OscarConfig;
use super::envelope::{self, Arg};
use super::fault::Fault;
use super::http::{Http, Service};
use super::xml::Element;
use crate::config::Secret;
use crate::provider::ErrorKind;

pub(super) struct Soap {
    http: Http,
    account: Account,
    namespace: &'static str,
}

/// Why there are no elements.
enum Trouble {
    Failed(Failure),
    Fault(Fault),
}

impl Soap {
    /// The error is `key: what is wrong; what to write instead`.
    pub(super) fn new(config: &OscarConfig, clinic: &str, login: Login) -> Result<Self, String> {
        let account = Account::new(login.user, login.password);
        Ok(Self { http: Http::new(config, clinic)?, account, namespace: config.dialect.namespace() })
    }

    /// The account's name, which OSCAR writes beside what we add.
    pub(super) fn user(&self) -> &str {
        self.account.user.expose()
    }

    /// The `return` elements: none for null, nothing and an empty list alike.
    pub(super) async fn call(
        &self,
        service: Service,
        operation: &'static str,
        args: &[Arg],
    ) -> Result<Vec<Element>, Failure> {
        let answer = if service.is_guarded() {
            let token = self.token(None).await?;
            match self.ask(service, operation, args, Some(&token)).await {
                Err(Trouble::Fault(Fault::Security)) => {
                    let token = self.token(Some(&token)).await?;
                    self.ask(service, operation, args, Some(&token)).await
                }
                answer => answer,
            }
        } else {
            self.ask(service, operation, args, None).await
        };
        answer.map_err(|trouble| match trouble {
            Trouble::Failed(failure) => failure,
            Trouble::Fault(fault) => meaning(&fault, operation),
        })
    }

    async fn ask(
        &self,
        service: Service,
        operation: &'static str,
        args: &[Arg],
        token: Option<&Token>,
    ) -> Result<Vec<Element>, Trouble> {
        let envelope = envelope::write(self.namespace, operation, args, token);
        let answer = self.http.post(service, envelope).await.map_err(Trouble::Failed)?;
        if let Some(fault) = Fault::of(&answer) {
            return Err(Trouble::Fault(fault));
        }
        if answer.name.strip_suffix("Response") != Some(operation) {
            return Err(Trouble::Failed(Failure::odd("the answer is one to another operation")));
        }
        Ok(answer.children.into_iter().filter(|child| child.name == "return").collect())
    }

    /// A token that was not refused.
    async fn token(&self, refused: Option<&Arc<Token>>) -> Result<Arc<Token>, Failure> {
        if let Some(token) = self.account.tokens.present(refused) {
            return Ok(token);
        }
        let _door = self.account.tokens.door().await;
        match self.account.tokens.present(refused) {
            Some(token) => Ok(token),
            None => self.login().await,
        }
    }

    async fn login(&self) -> Result<Arc<Token>, Failure> {
        let args = [
            Arg::Text("arg0", self.account.user.expose().to_owned()),
            Arg::Text("arg1", self.account.password.expose().to_owned()),
        ];
        let returned = match self.ask(Service::Login, "login2", &args, None).await {
            Ok(returned) => returned,
            // No write was sent yet, whatever became of the login.
            Err(Trouble::Failed(failure)) => return Err(Failure::Refused(failure.of_read())),
            Err(Trouble::Fault(fault @ (Fault::Login | Fault::Security))) => {
                self.http.failed(Service::Login, ErrorKind::Unauthorised);
                return Err(meaning(&fault, "login2"));
            }
            Err(Trouble::Fault(fault)) => return Err(Failure::Refused(meaning(&fault, "login2").of_read())),
        };
        let token = returned.first().and_then(|bean| {
            let key = bean.text_of("securityTokenKey").filter(|key| !key.is_empty())?;
            Some(Token { id: bean.number_of("securityId")?, key: Secret::new(key.to_owned()) })
        });
        let token = token.ok_or_else(|| Failure::Refused(EmrError::Invalid("a login gave no token".into())))?;
        Ok(self.account.tokens.keep(token))
    }
}

/// What a fault is to whoever asked.
fn meaning(fault: &Fault, operation: &'static str) -> Failure {
    match fault {
        Fault::Login => Failure::Refused(EmrError::Auth(
            "name or password is wrong, or the account has expired; see emr.oscar.user, emr.oscar.password and docs/emr.md".into(),
        )),
        Fault::Security => Failure::Refused(EmrError::Auth(
            "it gave a token and does not take it; see the account in docs/emr.md".into(),
        )),
        Fault::Role(object) => Failure::Refused(EmrError::Forbidden(format!(
            "{operation}: the role of the account lacks {}; see the account in docs/emr.md",
            if object.is_empty() { "a security object" } else { object }
        ))),
        Fault::Client => Failure::Refused(EmrError::Invalid(format!(
            "{operation} was not understood; is emr.oscar.dialect that of this OSCAR?"
        ))),
        Fault::Server => Failure::Faulted(EmrError::Invalid(format!("{operation} failed within OSCAR; its log tells why"))),
    }
}

impl std::fmt::Debug for Soap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Soap").field("http", &self.http).finish_non_exhaustive()
    }
}
