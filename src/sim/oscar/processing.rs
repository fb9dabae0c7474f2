//! One envelope from its text to its answer: read, authenticated, dispatched, bound, done. In that order, as CXF does it, so that of
//! several mistakes the same one is reported.

use super::accounts::Account;
use super::bind;
use super::fault::Fault;
use super::operations::Call;
use super::refusal::{Refusal, Security};
use super::render;
use super::security::{self, Claim, SOAP};
use super::store::stored_end;
use super::value::{Object, Value};
use super::{Oscar, State};
use crate::sim::xml::{self, Element};

const SOAP_12: &str = "http://www.w3.org/2003/05/soap-envelope";

/// An envelope as far as it could be read.
#[derive(Debug)]
pub(super) struct Read {
    root: Result<Element, Refusal>,
    /// The name of the body's element; empty if there is none.
    pub(super) operation: String,
}

/// What is answered.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) xml: String,
    pub(super) refusal: Option<Refusal>,
    pub(super) security_id: Option<i64>,
}

impl Answered {
    /// A wrong password is answered later than a right one.
    pub(super) fn is_late(&self) -> bool {
        matches!(self.refusal, Some(Refusal::NotAuthorised | Refusal::Security(Security::Failed)))
    }
}

/// Reads the text; what is wrong with it is kept for the answer.
pub(super) fn read(text: &str) -> Read {
    let root = xml::parse(text).map_err(|error| Refusal::Unreadable(error.to_string())).and_then(|root| {
        match (root.namespace.as_str(), root.name.as_str()) {
            (SOAP, "Envelope") => Ok(root),
            (SOAP_12, "Envelope") => Err(Refusal::VersionMismatch),
            (namespace, name) => {
                Err(Refusal::Unreadable(format!("\"{{{namespace}}}{name}\" is not a valid SOAP envelope")))
            }
        }
    });
    let operation = root.as_ref().ok().and_then(wrapper).map(|wrapper| wrapper.name.clone()).unwrap_or_default();
    Read { root, operation }
}

fn wrapper(envelope: &Element) -> Option<&Element> {
    envelope.child(SOAP, "Body").and_then(|body| body.children.first())
}

impl Oscar {
    /// `service` is one that there is; `action`: the SOAPAction header without its quotes.
    pub(super) fn process(&self, service: &str, read: &Read, action: &str, struck: &[Fault]) -> Answered {
        let mut security_id = None;
        let dialect = self.0.settings.dialect;
        match self.result(service, read, action, struck, &mut security_id) {
            Ok(result) => {
                let xml = render::reply(dialect, &read.operation, result.as_ref());
                Answered { xml, refusal: None, security_id }
            }
            Err(refusal) => Answered { xml: render::fault(dialect, &refusal), refusal: Some(refusal), security_id },
        }
    }

    fn result(
        &self,
        service: &str,
        read: &Read,
        action: &str,
        struck: &[Fault],
        security_id: &mut Option<i64>,
    ) -> Result<Option<Value>, Refusal> {
        let settings = &self.0.settings;
        let service = self.0.contract.services.get(service).ok_or(Refusal::Server)?;
        let envelope = read.root.as_ref().map_err(Clone::clone)?;
        let mut state = self.0.state.lock();
        if struck.contains(&Fault::Expired) {
            match (service.secured, &service.throws) {
                (true, _) => return Err(Refusal::Security(Security::Failed)),
                (false, Some(_)) => return Err(Refusal::NotAuthorised),
                // Nobody's account is asked for.
                (false, None) => {}
            }
        }
        let mut caller = if service.secured {
            let claim = security::claim(envelope).map_err(Refusal::Security)?;
            Some(self.authenticate(&state, &claim).map_err(Refusal::Security)?)
        } else {
            None
        };
        *security_id = caller.as_ref().map(|caller| caller.security_id);
        if let Some(caller) = caller.as_mut().filter(|_| struck.contains(&Fault::Role)) {
            caller.rights.clear();
        }
        if !action.is_empty() {
            return Err(Refusal::Action(action.to_owned()));
        }
        let unknown = |element: &Element| Refusal::NotRecognised(format!("{{{}}}{}", element.namespace, element.name));
        let wrapper = wrapper(envelope).ok_or_else(|| Refusal::NotRecognised("null".to_owned()))?;
        let operation = Some(wrapper).filter(|wrapper| wrapper.namespace == settings.dialect.namespace());
        let operation = operation.and_then(|wrapper| service.operations.get(&wrapper.name));
        let operation = operation.ok_or_else(|| unknown(wrapper))?;
        let arguments = bind::arguments(&self.0.contract, operation, wrapper, &settings.java_zone)?;
        if struck.contains(&Fault::Server) {
            return Err(Refusal::Server);
        }
        if struck.contains(&Fault::Rival) {
            self.rival(&mut state, &arguments);
        }
        let State { store, accounts, java_started, .. } = &mut *state;
        let mut call = Call {
            store,
            accounts,
            caller: caller.as_ref(),
            java_zone: &settings.java_zone,
            java_started: *java_started,
            now: settings.clock.now(),
            dialect: settings.dialect,
        };
        let result = call.answer(&service.name, &operation.name, &arguments)?;
        if struck.contains(&Fault::RivalAfter) {
            self.rival(&mut state, &arguments);
        }
        Ok(result)
    }

    fn authenticate(&self, state: &State, claim: &Claim) -> Result<Account, Security> {
        let today = self.0.settings.java_now().date();
        let account = state.accounts.iter().find(|account| account.security_id == claim.security_id);
        let account = account.filter(|account| account.expires >= today).ok_or(Security::Failed)?;
        let is_right = claim.secret == account.password || claim.secret == account.token(state.java_started);
        is_right.then(|| account.clone()).ok_or(Security::Failed)
    }

    /// Takes the time that the request wants. Without a time in the request there is nothing to take.
    fn rival(&self, state: &mut State, arguments: &Object) {
        let wanted = arguments.object("arg0");
        let provider = wanted.and_then(|wanted| wanted.text("providerNo"));
        let time = |name: &str| wanted.and_then(|wanted| wanted.time(name));
        let times = (time("appointmentStartDateTime"), time("appointmentEndDateTime"));
        if let (Some(provider), (Some(start), Some(end))) = (provider, times) {
            state.store.rival_books(provider, start, stored_end(end), self.0.settings.java_now());
        }
    }
}
