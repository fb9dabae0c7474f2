//! A connection before it is needed: without it the first answer of a call waits for TCP and TLS.
//!
//! It is made by a request that asks for nothing, on the client that will ask for more; that one keeps the connection. Whoever is not
//! reached so is reached by the first real request, whose error is told; here nothing is.

use std::time::Duration;

use reqwest::RequestBuilder;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

/// Who takes longer to answer nothing at all is of no help to the call that is ringing.
const AT_MOST: Duration = Duration::from_secs(5);

/// A connection that is being made. Dropping it gives that up; what is made by then stays.
pub(crate) type Warming = AbortOnDropHandle<bool>;

/// Sends this and returns at once: for as long as what is returned is kept. Must be called within a tokio runtime.
pub(crate) fn connect_for(request: RequestBuilder) -> Warming {
    AbortOnDropHandle::new(tokio::spawn(connected(request)))
}

/// Sends this and waits for its answer, whatever that is: whether there is a connection now.
pub(crate) async fn connected(request: RequestBuilder) -> bool {
    matches!(timeout(AT_MOST, request.send()).await, Ok(Ok(_)))
}
