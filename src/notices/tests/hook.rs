//! A webhook on loopback that answers as it is told to, and keeps what it was sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

#[derive(Clone, Copy, Debug)]
pub(super) enum Answer {
    Status(u16),
    /// With so many seconds.
    RetryAfter(u16, u32),
    /// To an address where nobody must ask.
    Redirect,
    /// The request is read, and the connection closed.
    Close,
    /// The request is read, and nothing said.
    Silence,
}

pub(super) struct Hook {
    port: u16,
    requests: mpsc::Receiver<Request>,
    count: Arc<AtomicUsize>,
}

/// One request.
pub(super) struct Request {
    pub whole: String,
    pub text: String,
}

impl Request {
    pub(super) fn header(&self, name: &str) -> &str {
        let wanted = format!("{name}: ");
        self.whole.lines().find_map(|line| line.strip_prefix(&wanted)).expect("the header is there")
    }

    pub(super) fn body(&self) -> Value {
        serde_json::from_str(&self.text).expect("the body is JSON")
    }
}

impl Hook {
    /// One answer a request; after them nobody listens.
    pub(super) async fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, requests) = mpsc::channel(16);
        let count = Arc::new(AtomicUsize::new(0));
        let (counted, answers): (_, Vec<Answer>) = (count.clone(), answers.into_iter().collect());
        tokio::spawn(async move {
            let mut open = Vec::new();
            for answer in answers {
                let (mut stream, _) = listener.accept().await.unwrap();
                let request = read(&mut stream).await;
                counted.fetch_add(1, Ordering::SeqCst);
                sender.send(request).await.ok();
                let said = match answer {
                    Answer::Status(status) => format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n"),
                    Answer::RetryAfter(status, seconds) => {
                        format!("HTTP/1.1 {status} X\r\nretry-after: {seconds}\r\ncontent-length: 0\r\n\r\n")
                    }
                    Answer::Redirect => {
                        format!(
                            "HTTP/1.1 302 X\r\nlocation: http://127.0.0.1:{port}/elsewhere\r\ncontent-length: 0\r\n\r\n"
                        )
                    }
                    Answer::Close => continue,
                    Answer::Silence => {
                        open.push(stream);
                        continue;
                    }
                };
                stream.write_all(said.as_bytes()).await.unwrap();
            }
            // Those to whom nothing is said are kept until the test is over.
            drop(listener);
            sender.closed().await;
        });
        Self { port, requests, count }
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook", self.port)
    }

    /// The next request.
    pub(super) async fn request(&mut self) -> Request {
        self.requests.recv().await.expect("there is one")
    }

    pub(super) fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }
}

/// A webhook where nobody listens.
pub(super) async fn closed() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}/closed", listener.local_addr().unwrap())
}

async fn read(stream: &mut TcpStream) -> Request {
    let mut bytes = Vec::new();
    loop {
        let mut some = [0; 4_096];
        let count = stream.read(&mut some).await.unwrap();
        assert!(count > 0, "a request ends with its body");
        bytes.extend_from_slice(&some[..count]);
        let whole = String::from_utf8(bytes.clone()).unwrap();
        let Some((head, text)) = whole.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        if text.len() == length.parse::<usize>().unwrap() {
            return Request { text: text.to_owned(), whole };
        }
    }
}
