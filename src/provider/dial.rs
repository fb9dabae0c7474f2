//! A TCP connection to whichever of a vendor's addresses answers first: IPv6 and IPv4 take turns, and the next is tried 250 ms after the one
//! before, or as soon as that one fails (RFC 8305).
//!
//! The host is looked up once. It has no deadline: whoever connects has one, and dropping it leaves every attempt.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use url::Url;

/// RFC 8305 section 5, "Connection Attempt Delay".
const HEAD_START: Duration = Duration::from_millis(250);

pub(super) async fn connect(url: &Url) -> io::Result<TcpStream> {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let port = url.port_or_known_default().unwrap_or(443);
    let stream = first_of(by_turns(lookup_host((host, port)).await?)).await?;
    // Audio leaves as it is heard.
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// In the resolver's order (RFC 6724), but for the families: after one of the first family comes one of the other (RFC 8305 section 4).
fn by_turns(addresses: impl Iterator<Item = SocketAddr>) -> Vec<SocketAddr> {
    let mut addresses = addresses.peekable();
    let is_first_v6 = addresses.peek().is_some_and(SocketAddr::is_ipv6);
    let (ones, others): (Vec<_>, Vec<_>) = addresses.partition(|address| address.is_ipv6() == is_first_v6);
    let (most, mut others) = (ones.len().max(others.len()), others.into_iter());
    let mut ones = ones.into_iter();
    (0..most).flat_map(|_| [ones.next(), others.next()]).flatten().collect()
}

async fn first_of(addresses: Vec<SocketAddr>) -> io::Result<TcpStream> {
    let mut waiting = addresses.into_iter();
    let mut tried = FuturesUnordered::new();
    let mut refused = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    loop {
        tried.extend(waiting.next().map(TcpStream::connect));
        let connected =
            if waiting.len() > 0 { timeout(HEAD_START, tried.next()).await } else { Ok(tried.next().await) };
        match connected {
            Ok(Some(Ok(stream))) => return Ok(stream),
            Ok(Some(Err(error))) => refused = error,
            Ok(None) => return Err(refused),
            // The one before goes on being tried.
            Err(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::{TcpListener, TcpSocket};

    use super::*;

    /// Longer than the test takes, shorter than the kernel tries an address.
    const PATIENCE: Duration = Duration::from_secs(20);

    /// Who connects there waits for ever, while the listener and those who wait already are kept.
    async fn nowhere() -> (SocketAddr, TcpListener, Vec<TcpStream>) {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(1).unwrap();
        let address = listener.local_addr().unwrap();
        let mut waiting = Vec::new();
        // A queue that is full answers nobody.
        while let Ok(one) = timeout(Duration::from_millis(300), TcpStream::connect(address)).await {
            waiting.push(one.unwrap());
        }
        (address, listener, waiting)
    }

    #[test]
    fn the_families_take_turns_and_begin_with_the_resolvers_first() {
        let of = |addresses: &[&str]| -> Vec<SocketAddr> { addresses.iter().map(|a| a.parse().unwrap()).collect() };
        for (resolved, tried) in [
            (
                &["[2001:db8::1]:1", "[2001:db8::2]:1", "192.0.2.1:1"][..],
                &["[2001:db8::1]:1", "192.0.2.1:1", "[2001:db8::2]:1"][..],
            ),
            (
                &["192.0.2.1:1", "192.0.2.2:1", "[::1]:1", "[::2]:1", "[::3]:1"],
                &["192.0.2.1:1", "[::1]:1", "192.0.2.2:1", "[::2]:1", "[::3]:1"],
            ),
            (&["192.0.2.2:1", "192.0.2.1:1"], &["192.0.2.2:1", "192.0.2.1:1"]),
            (&[], &[]),
        ] {
            assert_eq!(by_turns(of(resolved).into_iter()), of(tried));
        }
    }

    #[tokio::test]
    async fn an_address_that_goes_nowhere_keeps_nobody_from_the_next() {
        let (nowhere, _listener, _waiting) = nowhere().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let there = listener.local_addr().unwrap();
        for addresses in [vec![nowhere, there], vec![nowhere, nowhere, there], vec![there, nowhere]] {
            let stream = timeout(PATIENCE, first_of(addresses)).await.unwrap().unwrap();
            assert_eq!(stream.peer_addr().unwrap(), there);
        }
    }

    #[tokio::test]
    async fn an_address_that_refuses_is_passed_over_and_the_last_refusal_is_told() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let there = listener.local_addr().unwrap();
        let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        assert_eq!(first_of(vec![gone, there]).await.unwrap().peer_addr().unwrap(), there);
        assert_eq!(first_of(vec![gone, gone]).await.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
        assert_eq!(first_of(Vec::new()).await.unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
