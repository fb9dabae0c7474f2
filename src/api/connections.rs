//! Who may hold a connection to the HTTP server, and how long: so many at once, each for as long as something comes of it.
//!
//! A connection waits for its peer until a whole request is there, and again once that is answered. When every place is taken, who has waited
//! longest is closed for the newcomer: whoever opens connections and says nothing keeps no carrier out, for carriers say at once what they
//! want. A stream of media is upgraded and from then on [`crate::transport::stream`]'s: it has no place here and no deadline.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::http::Request;
use axum::serve::Listener;
use bytes::Bytes;
use futures_util::FutureExt as _;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use parking_lot::Mutex;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::transport::stream::socket;

/// Connections at once, streams not counted: a webhook or an upgrade takes milliseconds.
pub(super) const MOST: usize = 1_024;

/// The head of a request is whole after this, and its body after as long again.
const SPEAKS: Duration = Duration::from_secs(10);

/// Between two requests. Longer than proxies keep what they do not use (nginx 60 s, Caddy 120 s), so that none sends a webhook into a
/// connection that we are closing.
const RESTS: Duration = Duration::from_secs(180);

/// Bytes of a head, as nginx takes them: 4 x 8 KiB.
const MOST_HEAD: usize = 32 * 1024;

/// The places for connections.
#[derive(Clone, Debug)]
pub(super) struct Places(Arc<Mutex<Room>>);

#[derive(Debug)]
struct Room {
    most: usize,
    taken: usize,
    turns: u64,
    /// Who waits for a peer, by when that began.
    waiting: BTreeMap<u64, CancellationToken>,
}

/// One connection's place; dropped, it is free.
#[derive(Debug)]
struct Place {
    places: Places,
    turn: Mutex<Option<u64>>,
    standing: watch::Sender<Standing>,
    /// Cancelled once the place is another's.
    lost: CancellationToken,
}

/// What a connection is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// The peer is to say what it wants by then.
    Speaks(Instant),
    /// A whole request is there and being answered.
    Works,
    /// Nothing is wanted of the peer.
    Rests(Instant),
}

impl Places {
    pub(super) fn new(most: usize) -> Self {
        Self(Arc::new(Mutex::new(Room { most, taken: 0, turns: 0, waiting: BTreeMap::new() })))
    }

    /// A free place, or that of who has waited longest; `None` if all are at work.
    fn admit(&self) -> Option<Place> {
        let mut room = self.0.lock();
        if room.taken >= room.most {
            let (_, longest) = room.waiting.pop_first()?;
            longest.cancel();
        } else {
            room.taken += 1;
        }
        drop(room);
        let speaks = Standing::Speaks(Instant::now() + SPEAKS);
        let place = Place {
            places: self.clone(),
            turn: Mutex::default(),
            standing: watch::Sender::new(speaks),
            lost: CancellationToken::new(),
        };
        place.turns_to(speaks);
        Some(place)
    }
}

impl Place {
    fn turns_to(&self, standing: Standing) {
        let mut room = self.places.0.lock();
        let mut turn = self.turn.lock();
        if let Some(turn) = turn.take() {
            room.waiting.remove(&turn);
        }
        let waits = match standing {
            Standing::Speaks(_) | Standing::Rests(_) => !self.lost.is_cancelled(),
            Standing::Works => false,
        };
        if waits {
            room.turns += 1;
            let last = room.turns;
            room.waiting.insert(last, self.lost.clone());
            *turn = Some(last);
        }
        self.standing.send_replace(standing);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut room = self.places.0.lock();
        if let Some(turn) = self.turn.get_mut().take() {
            room.waiting.remove(&turn);
        }
        if !self.lost.is_cancelled() {
            room.taken -= 1;
        }
    }
}

/// Serves what connects, until stopped and every connection is over.
pub(super) async fn serve(mut listener: TcpListener, app: Router, places: Places, stop: CancellationToken) {
    let connections = TaskTracker::new();
    // It rests when the process may open no more.
    while let Some((stream, peer)) = stop.run_until_cancelled(Listener::accept(&mut listener)).await {
        let Some(place) = places.admit() else {
            count("full");
            continue;
        };
        socket::tune(&stream);
        connections.spawn(keep(stream, peer, app.clone(), place, stop.clone()));
    }
    drop(listener);
    connections.close();
    connections.wait().await;
}

/// Serves one connection until it ends, is upgraded, or loses its place.
async fn keep(stream: TcpStream, peer: SocketAddr, app: Router, place: Place, stop: CancellationToken) {
    let (app, place) = (TowerToHyperService::new(app), Arc::new(place));
    let mut standing = place.standing.subscribe();
    let lost = place.lost.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        let place = place.clone();
        let mut request = request.map(|body| Awaited::new(body, place.clone()));
        request.extensions_mut().insert(ConnectInfo(peer));
        let answering = app.call(request);
        async move {
            let answered = answering.await;
            place.turns_to(Standing::Rests(Instant::now() + RESTS));
            answered as Result<_, Infallible>
        }
    });
    let mut server = http1::Builder::new();
    let mut connection =
        pin!(server.max_buf_size(MOST_HEAD).serve_connection(TokioIo::new(stream), service).with_upgrades());
    let mut stopped = pin!(stop.cancelled().fuse());
    loop {
        let now = *standing.borrow_and_update();
        tokio::select! {
            biased;
            // How a peer breaks off is of no interest.
            _ = connection.as_mut() => return,
            changed = standing.changed() => if changed.is_err() { return },
            () = lost.cancelled() => return count("full"),
            () = &mut stopped => connection.as_mut().graceful_shutdown(),
            () = over(now) => {
                return match now {
                    Standing::Speaks(_) => count("late"),
                    Standing::Works | Standing::Rests(_) => {}
                };
            }
        }
    }
}

/// Returns when the time of what a connection is at is up.
async fn over(standing: Standing) {
    match standing {
        Standing::Speaks(until) | Standing::Rests(until) => sleep_until(until).await,
        Standing::Works => std::future::pending().await,
    }
}

fn count(why: &'static str) {
    metrics::counter!("http_connections_closed_total", "why" => why).increment(1);
}

/// The body of a request, which says when it is whole.
struct Awaited {
    body: Incoming,
    place: Arc<Place>,
}

impl Awaited {
    fn new(body: Incoming, place: Arc<Place>) -> Self {
        let is_whole = body.is_end_stream();
        place.turns_to(if is_whole { Standing::Works } else { Standing::Speaks(Instant::now() + SPEAKS) });
        Self { body, place }
    }
}

impl Body for Awaited {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if frame.is_none() || self.body.is_end_stream() {
            self.place.turns_to(Standing::Works);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests;
