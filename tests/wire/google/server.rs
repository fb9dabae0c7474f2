//! A gRPC server that tells how each call begins, answers it with nothing, and says goodbye to each connection after its first call.

use std::net::SocketAddr;

use axum::http::{HeaderMap, HeaderValue, Response};
use bytes::Bytes;
use h2::SendStream;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use crate::desk::in_time;

/// How a call began.
pub struct First {
    /// Its connection's number.
    pub connection: u32,
    pub path: String,
    pub routing: String,
    /// The bytes that came first.
    pub message: Vec<u8>,
}

pub struct Server {
    pub address: SocketAddr,
    told: mpsc::Receiver<First>,
}

impl Server {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let (tell, told) = mpsc::channel(8);
        tokio::spawn(async move {
            for connection in 0.. {
                let (stream, _) = listener.accept().await.expect("it listens");
                tokio::spawn(serve(stream, connection, tell.clone()));
            }
        });
        Self { address, told }
    }

    pub async fn next(&mut self) -> First {
        in_time(self.told.recv()).await.expect("it serves")
    }
}

async fn serve(stream: TcpStream, connection: u32, tell: mpsc::Sender<First>) {
    let mut calls = h2::server::handshake(stream).await.expect("HTTP/2");
    while let Some(Ok((request, mut respond))) = calls.accept().await {
        calls.graceful_shutdown();
        let tell = tell.clone();
        tokio::spawn(async move {
            let routing = request.headers()["x-goog-request-params"].to_str().expect("text").to_owned();
            let path = request.uri().path().to_owned();
            let mut body = request.into_body();
            let message = body.data().await.expect("a message").expect("whole").to_vec();
            tell.send(First { connection, path, routing, message }).await.expect("the test listens");
            while let Some(Ok(data)) = body.data().await {
                body.flow_control().release_capacity(data.len()).expect("open");
            }
            let mut out: SendStream<Bytes> = respond.send_response(Response::new(()), false).expect("open");
            let trailers =
                HeaderMap::from_iter([("grpc-status".parse().expect("a name"), HeaderValue::from_static("0"))]);
            out.send_trailers(trailers).expect("open");
        });
    }
}
