//! A client's TCP connection, to be broken in the way that a fault wants.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::connect_info::Connected;
use axum::response::{IntoResponse, Response};
use axum::serve::IncomingStream;
use futures_util::{StreamExt, stream};
use socket2::{SockRef, Socket};
use tokio::net::TcpListener;

/// From the first half of an answer to the reset: time for it to arrive, since a reset throws away what has not.
const RESET_AFTER: Duration = Duration::from_millis(50);

/// A second handle of the connection's socket; none if the system gave none.
#[derive(Clone, Debug)]
pub(in crate::sim) struct Line(Arc<Option<Socket>>);

impl Connected<IncomingStream<'_, TcpListener>> for Line {
    fn connect_info(stream: IncomingStream<'_, TcpListener>) -> Self {
        let socket = SockRef::from(stream.io()).try_clone();
        Self(Arc::new(socket.inspect_err(|error| tracing::warn!(%error, "connections cannot be broken")).ok()))
    }
}

impl Line {
    /// Nothing more passes. The answer that this returns is for the server's own bookkeeping.
    pub(in crate::sim) fn hang_up(&self) -> Response {
        if let Some(socket) = self.0.as_ref()
            && let Err(error) = socket.shutdown(std::net::Shutdown::Both)
        {
            tracing::debug!(%error, "the client was quicker");
        }
        ().into_response()
    }

    /// Sends the first half, then resets the connection instead of closing it.
    pub(in crate::sim) fn reset_within(self, whole: Bytes) -> Body {
        let half = whole.slice(..whole.len() / 2);
        let broken = stream::once(async move {
            crate::clock::elapse(RESET_AFTER).await;
            if let Some(socket) = self.0.as_ref()
                && let Err(error) = socket.set_linger(Some(Duration::ZERO))
            {
                tracing::warn!(%error, "the connection will be closed and not reset");
            }
            Err(io::Error::other("broken on purpose"))
        });
        Body::from_stream(stream::iter([Ok(half)]).chain(broken))
    }
}
