//! A way between a client and its vendor, which may die without a word.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};

/// See the module header.
pub struct Path {
    /// What the client takes for the vendor's.
    pub address: SocketAddr,
    opened: Arc<AtomicUsize>,
    freezes: watch::Sender<()>,
    /// Something came on a frozen connection.
    pub lost: mpsc::Receiver<()>,
    /// A connection is over: both sides have left it, or the client has left a frozen one.
    pub ended: mpsc::Receiver<()>,
}

impl Path {
    pub async fn to(vendor: SocketAddr) -> Self {
        Self::through(move || TcpStream::connect(vendor)).await
    }

    /// The same to whatever is opened so for each connection.
    pub async fn through<V, O>(open: impl Fn() -> O + Send + 'static) -> Self
    where
        V: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        O: Future<Output = io::Result<V>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let (freezes, frozen) = watch::channel(());
        let ((loses, lost), (ends, ended)) = (mpsc::channel(64), mpsc::channel(64));
        let opened = Arc::new(AtomicUsize::new(0));
        let count = opened.clone();
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let (mut frozen, loses, ends) = (frozen.clone(), loses.clone(), ends.clone());
                frozen.mark_unchanged();
                let opening = open();
                tokio::spawn(async move {
                    let mut vendor = opening.await.expect("the vendor listens");
                    let froze = tokio::select! {
                        _ = copy_bidirectional(&mut client, &mut vendor) => false,
                        changed = frozen.changed() => changed.is_ok(),
                    };
                    let mut piece = [0; 1_024];
                    while froze && client.read(&mut piece).await.is_ok_and(|length| length > 0) {
                        // Who wants to know has heard of the first.
                        loses.try_send(()).ok();
                    }
                    // The test may be over.
                    ends.send(()).await.ok();
                });
            }
        });
        Self { address, opened, freezes, lost, ended }
    }

    /// Those connections that are open hear nothing any more: what comes is lost, and TCP stays open.
    pub fn freeze(&self) {
        self.freezes.send_replace(());
    }

    /// Connections so far.
    pub fn opened(&self) -> usize {
        self.opened.load(Ordering::SeqCst)
    }
}
