use axum::extract::ws::WebSocketUpgrade;
use axum::routing::{any, get, post};
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use super::*;
use crate::clock::elapse;

const LONG: Duration = Duration::from_secs(600);
const ASK: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/// A handler that takes its time.
struct Slow {
    begun: Semaphore,
    release: Semaphore,
}

/// A server with so many places; `/slow` answers when it is released, `/ws` echoes.
async fn house(most: usize) -> (SocketAddr, Arc<Slow>) {
    let slow = Arc::new(Slow { begun: Semaphore::new(0), release: Semaphore::new(0) });
    let handler = slow.clone();
    let echo = |request: WebSocketUpgrade| async {
        request.on_upgrade(|mut socket| async move {
            while let Some(Ok(message)) = socket.recv().await {
                socket.send(message).await.ok();
            }
        })
    };
    let slowly = move || async move {
        handler.begun.add_permits(1);
        handler.release.acquire().await.expect("open").forget();
        "ok\n"
    };
    let app = Router::new()
        .route("/", get(|| async { "ok\n" }))
        .route("/", post(|body: String| async move { body }))
        .route("/slow", get(slowly))
        .route("/ws", any(echo));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve(listener, app, Places::new(most), CancellationToken::new()));
    (address, slow)
}

async fn connect(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.unwrap()
}

/// Sends this and reads the answer, which ends in a line end of its own.
async fn ask(stream: &mut TcpStream, text: &str) -> String {
    stream.write_all(text.as_bytes()).await.unwrap();
    answer(stream).await
}

async fn answer(stream: &mut TcpStream) -> String {
    let (mut answer, mut buffer) = (Vec::new(), [0; 1_024]);
    while !answer.ends_with(b"ok\n") {
        let read = timeout(LONG, stream.read(&mut buffer)).await.expect("an answer").unwrap();
        assert!(read > 0, "closed before its answer");
        answer.extend_from_slice(&buffer[..read]);
    }
    String::from_utf8(answer).unwrap()
}

/// Seconds until the server closes it, if it does.
async fn closed(stream: &mut TcpStream) -> Option<u64> {
    let began = Instant::now();
    // A reset is an end too.
    let ended = timeout(LONG, stream.read(&mut [0])).await.ok()?;
    assert_eq!(ended.unwrap_or_default(), 0);
    Some(began.elapsed().as_secs())
}

#[tokio::test(start_paused = true)]
async fn who_says_nothing_or_half_of_it_is_closed_after_seconds() {
    let (address, _) = house(9).await;
    let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n";
    for half in ["", "GET / HTTP/1.1\r\nHos", head, &format!("{head}half")] {
        let mut stream = connect(address).await;
        stream.write_all(half.as_bytes()).await.unwrap();
        let lived = closed(&mut stream).await;
        assert!(matches!(lived, Some(9..=20)), "{half:?} lived for {lived:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_kept_connection_outlives_the_patience_of_proxies_and_not_more() {
    let (address, _) = house(9).await;
    let mut stream = connect(address).await;
    for _ in 0..2 {
        assert!(ask(&mut stream, ASK).await.starts_with("HTTP/1.1 200 OK"));
        elapse(Duration::from_secs(130)).await;
    }
    let post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nok\n";
    assert!(ask(&mut stream, post).await.starts_with("HTTP/1.1 200 OK"));
    let lived = closed(&mut stream).await;
    assert!(matches!(lived, Some(179..=181)), "{lived:?}");
}

#[tokio::test]
async fn a_newcomer_takes_the_place_of_who_has_waited_longest() {
    let (address, _) = house(3).await;
    let mut silent = Vec::new();
    for _ in 0..3 {
        silent.push(connect(address).await);
    }
    let mut carrier = connect(address).await;
    assert!(ask(&mut carrier, ASK).await.starts_with("HTTP/1.1 200 OK"));
    assert!(closed(&mut silent[0]).await.is_some());
    for other in &mut silent[1..] {
        ask(other, ASK).await;
    }
}

#[tokio::test]
async fn a_request_being_answered_keeps_its_place_and_who_finds_none_is_closed() {
    let (address, slow) = house(1).await;
    let mut working = connect(address).await;
    working.write_all(ASK.replace("/ ", "/slow ").as_bytes()).await.unwrap();
    timeout(LONG, slow.begun.acquire()).await.expect("it is being answered").unwrap().forget();
    assert!(closed(&mut connect(address).await).await.is_some());
    slow.release.add_permits(1);
    answer(&mut working).await;
    ask(&mut connect(address).await, ASK).await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_takes_no_place_and_has_no_deadline() {
    let (address, _) = house(1).await;
    let (mut socket, _) = tokio_tungstenite::connect_async(format!("ws://{address}/ws")).await.unwrap();
    ask(&mut connect(address).await, ASK).await;
    let silent = connect(address).await;
    elapse(LONG).await;
    drop(silent);
    socket.send(Message::text("still there")).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), Message::text("still there"));
}
