//! Which streams (SIP over TCP) may be open: so many in all, so many of one address, and those of strangers only while they are of use.
//!
//! An open stream holds 128 KiB in the stack. Where users may ring from anywhere, anybody can open one and say nothing: such a stream is closed
//! after seconds, and a part of the places is not for strangers at all, so that the carrier's own always finds one.

use std::collections::HashMap;
use std::io;
use std::mem::MaybeUninit;
use std::net::{IpAddr, Shutdown, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use socket2::Socket;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::allow::site;
use super::counters::{Counters, Dropped};

/// Streams open at once.
const MOST: usize = 256;

/// Of which strangers may have so many.
const MOST_OF_STRANGERS: usize = 192;

/// Streams of one stranger: an office of telephones behind one address.
const MOST_OF_STRANGER: usize = 16;

/// Streams of one address on the list: a gateway that opens one for each call.
const MOST_OF_LISTED: usize = 128;

/// A stranger that has sent no whole message after this is closed: a telephone connects when it has something to say.
const SPEAKS: Duration = Duration::from_secs(5);

/// A stranger that is part of no call after this is closed: a challenge, its answer and the ACK need a second, an answer on a bad line some more
/// (RFC 3261 timer H: 32 s).
const RINGS: Duration = Duration::from_secs(64);

/// The stack lets go of a stream that is shut within this. Where its reader has died it never does, and the place is free all the same.
const LETS_GO: Duration = Duration::from_secs(1);

/// Whose a stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// On the list of those who may ring.
    Listed,
    Stranger,
}

/// What has come on a stream so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Use {
    Nothing,
    /// A message that passed the gate.
    Message,
    /// A message of a call that we know: whoever began it proved who they are.
    Call,
}

#[derive(Debug)]
struct Open {
    standing: Standing,
    used: watch::Sender<Use>,
}

/// See the module header.
#[derive(Clone, Debug, Default)]
pub(crate) struct Streams(Arc<Mutex<HashMap<SocketAddr, Open>>>);

/// One stream's place; dropped, it is free.
#[derive(Debug)]
pub(crate) struct Place {
    streams: Streams,
    peer: SocketAddr,
    standing: Standing,
    used: watch::Receiver<Use>,
}

impl Streams {
    /// A place for a stream from here, if there is one.
    pub(crate) fn admit(&self, peer: SocketAddr, standing: Standing) -> Option<Place> {
        let peer = canonical(peer);
        let mut open = self.0.lock();
        let strangers = open.values().filter(|other| other.standing == Standing::Stranger).count();
        let neighbours = open.keys().filter(|other| site(other.ip()) == site(peer.ip())).count();
        let fits = match standing {
            Standing::Listed => neighbours < MOST_OF_LISTED,
            Standing::Stranger => neighbours < MOST_OF_STRANGER && strangers < MOST_OF_STRANGERS,
        };
        if !fits || open.len() >= MOST || open.contains_key(&peer) {
            return None;
        }
        let (used, uses) = watch::channel(Use::Nothing);
        open.insert(peer, Open { standing, used });
        Some(Place { streams: self.clone(), peer, standing, used: uses })
    }

    /// Something came from there; streams that we opened ourselves are nobody's here.
    pub(crate) fn used(&self, peer: SocketAddr, new: Use) {
        if let Some(open) = self.0.lock().get(&canonical(peer)) {
            open.used.send_if_modified(|used| new > std::mem::replace(used, new.max(*used)));
        }
    }
}

impl Place {
    pub(crate) const fn standing(&self) -> Standing {
        self.standing
    }

    /// Keeps the place until the stream is `closed`; closes it itself, through a second handle, if it is a stranger's and of no use.
    pub(crate) async fn keep(mut self, handle: Option<Socket>, closed: CancellationToken, counters: Arc<Counters>) {
        tokio::select! {
            () = closed.cancelled() => {
                // The stack ends a stream on which it cannot find the next message.
                if handle.is_some_and(|handle| is_open(&handle)) {
                    counters.count(Dropped::Malformed);
                }
                return;
            }
            () = self.useless() => {}
        }
        counters.count(Dropped::Idle);
        if let Some(handle) = handle {
            // Fails when the other side has closed it meanwhile. The stack reads the end of the stream and lets go of it.
            handle.shutdown(Shutdown::Both).ok();
        }
        tokio::time::timeout(LETS_GO, closed.cancelled()).await.ok();
    }

    /// Returns once the stream has proved to be of no use; never, if it is.
    async fn useless(&mut self) {
        let useful = match self.standing {
            Standing::Listed => true,
            Standing::Stranger => self.comes(SPEAKS, Use::Message).await && self.comes(RINGS, Use::Call).await,
        };
        if useful {
            std::future::pending::<()>().await;
        }
    }

    async fn comes(&mut self, within: Duration, wanted: Use) -> bool {
        // The sender lives as long as this place.
        tokio::time::timeout(within, self.used.wait_for(|used| *used >= wanted)).await.is_ok()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.streams.0.lock().remove(&self.peer);
    }
}

/// Whether the other side has not closed it.
fn is_open(stream: &Socket) -> bool {
    match stream.peek(&mut [MaybeUninit::uninit()]) {
        Ok(read) => read > 0,
        Err(error) => error.kind() == io::ErrorKind::WouldBlock,
    }
}

/// One address, one writing.
fn canonical(peer: SocketAddr) -> SocketAddr {
    let ip: IpAddr = peer.ip().to_canonical();
    SocketAddr::new(ip, peer.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(host: u8, port: u16) -> SocketAddr {
        SocketAddr::from(([198, 51, 100, host], port))
    }

    #[test]
    fn strangers_never_take_the_last_places() {
        let streams = Streams::default();
        let mut places = Vec::new();
        for host in 0..100 {
            for port in 1..100 {
                places.extend(streams.admit(from(host, port), Standing::Stranger));
            }
        }
        assert_eq!(places.len(), MOST_OF_STRANGERS);
        assert_eq!(places.iter().filter(|place| place.peer.ip() == from(0, 1).ip()).count(), MOST_OF_STRANGER);
        let carrier = |port| SocketAddr::from(([192, 0, 2, 1], port));
        let listed: Vec<_> = (1..500).filter_map(|port| streams.admit(carrier(port), Standing::Listed)).collect();
        assert_eq!(listed.len(), MOST - MOST_OF_STRANGERS);
        drop((places, listed));
        assert!(streams.admit(carrier(1), Standing::Listed).is_some());
        assert!(streams.0.lock().is_empty(), "a place that is dropped is free");
    }

    #[test]
    fn the_subscriber_of_an_ipv6_network_is_one_address() {
        let streams = Streams::default();
        let places: Vec<_> = (1..100_u16)
            .filter_map(|host| streams.admit(format!("[2001:db8::{host}]:5060").parse().unwrap(), Standing::Stranger))
            .collect();
        assert_eq!(places.len(), MOST_OF_STRANGER);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stranger_is_closed_when_it_says_nothing_and_when_no_call_comes_of_it() {
        for (uses, standing, lives) in [
            (vec![], Standing::Stranger, Some(5)),
            (vec![Use::Message], Standing::Stranger, Some(64)),
            (vec![Use::Message, Use::Call], Standing::Stranger, None),
            (vec![Use::Call, Use::Message], Standing::Stranger, None),
            (vec![], Standing::Listed, None),
        ] {
            let streams = Streams::default();
            let mut place = streams.admit(from(1, 1), standing).unwrap();
            for used in &uses {
                streams.used(from(1, 1), *used);
            }
            let began = tokio::time::Instant::now();
            let closed = tokio::time::timeout(Duration::from_secs(7_000), place.useless()).await;
            let lived = closed.ok().map(|()| began.elapsed().as_secs());
            assert_eq!(lived, lives, "{uses:?} {standing:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_is_free_although_the_stack_never_lets_go_of_the_stream() {
        let streams = Streams::default();
        let place = streams.admit(from(1, 1), Standing::Stranger).unwrap();
        let never = CancellationToken::new();
        let kept = tokio::time::timeout(Duration::from_secs(7_000), place.keep(None, never, Arc::default()));
        kept.await.expect("it ends");
        assert!(streams.admit(from(1, 1), Standing::Stranger).is_some());
    }
}
