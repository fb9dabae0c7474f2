//! When an EMR owed an answer: from the moment at which a request was sent until its answer is passed on, as a proxy in front of the EMR notes it.
//!
//! Requests are stamped by the kernel when they come and answers when they leave, which on loopback is when the other side sends or has them: that
//! the proxy or the EMR had to wait for a core is the EMR's time, as it would be on another machine. Nanoseconds of [`super::clock`].

use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::sync::Arc;

use nix::sys::socket::sockopt::Timestamping;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, TimestampingFlag, recvmsg, setsockopt};
use nix::sys::time::TimeSpec;
use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::{TcpListener, TcpStream};

use super::clock::{self, Nanos};

/// From a request to its answer.
pub type Span = (Nanos, Nanos);

/// Of one EMR, in the order of the answers.
pub type Spans = Arc<Mutex<Vec<Span>>>;

/// Passes requests on, one at a time a connection.
pub async fn noted(emr: SocketAddr, spans: Spans) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        while let Ok((ours, _)) = listener.accept().await {
            let spans = spans.clone();
            tokio::spawn(async move { passed(ours, emr, &spans).await });
        }
    });
    address
}

/// The first bytes after an answer are a request, the first after that its answer.
async fn passed(mut ours: TcpStream, emr: SocketAddr, spans: &Mutex<Vec<Span>>) -> io::Result<()> {
    ours.set_nodelay(true)?;
    let both = TimestampingFlag::SOF_TIMESTAMPING_RX_SOFTWARE | TimestampingFlag::SOF_TIMESTAMPING_TX_SOFTWARE;
    let told = TimestampingFlag::SOF_TIMESTAMPING_SOFTWARE | TimestampingFlag::SOF_TIMESTAMPING_OPT_TSONLY;
    setsockopt(&ours, Timestamping, &(both | told))?;
    let mut theirs = TcpStream::connect(emr).await?;
    theirs.set_nodelay(true)?;
    let (mut up, mut down) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    let mut asked = None;
    loop {
        tokio::select! {
            read = stamped(&ours, &mut up) => match read? {
                (0, _) => return Ok(()),
                (n, at) => {
                    asked.get_or_insert(at);
                    theirs.write_all(&up[..n]).await?;
                }
            },
            read = theirs.read(&mut down) => match read? {
                0 => return Ok(()),
                n => {
                    let passed_on = clock::now();
                    ours.write_all(&down[..n]).await?;
                    let left = left(&ours).unwrap_or(passed_on);
                    if let Some(asked) = asked.take() {
                        spans.lock().push((asked, left));
                    }
                }
            },
        }
    }
}

/// How many bytes came, and when.
async fn stamped(stream: &TcpStream, buffer: &mut [u8]) -> io::Result<(usize, Nanos)> {
    loop {
        stream.readable().await?;
        match stream.try_io(Interest::READABLE, || fetch(stream, buffer, MsgFlags::empty())) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            // The kernel begins to stamp a little after the first socket asks for it.
            received => return received.map(|(bytes, stamp)| (bytes, stamp.unwrap_or_else(clock::now))),
        }
    }
}

/// When what was sent last began to leave.
fn left(stream: &TcpStream) -> Option<Nanos> {
    let stamps = std::iter::from_fn(|| fetch(stream, &mut [], MsgFlags::MSG_ERRQUEUE).ok());
    stamps.filter_map(|(_, stamp)| stamp).min()
}

/// Bytes, and the kernel's stamp.
fn fetch(stream: &TcpStream, buffer: &mut [u8], from: MsgFlags) -> io::Result<(usize, Option<Nanos>)> {
    let mut control = nix::cmsg_space!([TimeSpec; 3], [u8; 64]);
    let mut parts = [IoSliceMut::new(buffer)];
    let flags = from | MsgFlags::MSG_DONTWAIT;
    let message = recvmsg::<()>(stream.as_raw_fd(), &mut parts, Some(&mut control), flags)?;
    let stamp = message.cmsgs()?.find_map(|one| {
        if let ControlMessageOwned::ScmTimestampsns(at) = one { Some(clock::ago(clock::of(at.system))) } else { None }
    });
    Ok((message.bytes, stamp))
}

/// Without overlaps, in order.
pub fn merged(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_unstable();
    let mut merged: Vec<Span> = Vec::new();
    for (from, to) in spans {
        match merged.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            Some(_) | None => merged.push((from, to)),
        }
    }
    merged
}
