//! The trunk against a registrar that is nothing but a UDP socket and a script. The stack's clock runs thirty times faster.

use std::net::SocketAddr;

use tokio::net::UdpSocket;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::transport::sip::clock::Clock;
use crate::transport::sip::server::refuse_calls;
use crate::transport::sip::stack::StackOptions;

const PATIENCE: Duration = Duration::from_secs(10);

const FASTER: u32 = 30;

struct Registrar {
    socket: UdpSocket,
    at: SocketAddr,
    client: parking_lot::Mutex<Option<SocketAddr>>,
}

impl Registrar {
    async fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let at = socket.local_addr().unwrap();
        Self { socket, at, client: parking_lot::Mutex::default() }
    }

    /// The next request that is not the repetition of `last`.
    async fn after(&self, last: &str) -> String {
        let mut buffer = [0; 4_096];
        loop {
            let received = tokio::time::timeout(PATIENCE, self.socket.recv_from(&mut buffer)).await;
            let (length, from) = received.expect("a request in time").unwrap();
            *self.client.lock() = Some(from);
            let text = String::from_utf8(buffer[..length].to_vec()).unwrap();
            if text != last {
                return text;
            }
        }
    }

    async fn next(&self) -> String {
        self.after("").await
    }

    async fn reply(&self, request: &str, status: &str, headers: &str) {
        let copied: String = request
            .split_inclusive("\r\n")
            .filter(|line| ["Via:", "From:", "To:", "Call-ID:", "CSeq:"].iter().any(|name| line.starts_with(name)))
            .collect();
        let to = self.client.lock().expect("it has asked");
        let text = format!("SIP/2.0 {status}\r\n{copied}{headers}Content-Length: 0\r\n\r\n");
        self.socket.send_to(text.as_bytes(), to).await.unwrap();
    }
}

fn header<'a>(message: &'a str, name: &str) -> &'a str {
    message
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
        .unwrap_or_else(|| panic!("{name}: {message}"))
}

/// The trunk, and the folder that holds its secret.
struct Keeping {
    stack: Arc<Stack>,
    stop: CancellationToken,
    ended: tokio::task::JoinHandle<()>,
    _folder: tempfile::TempDir,
}

async fn keeping(uri: &str, change: impl FnOnce(&mut TrunkConfig)) -> Keeping {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "correct horse\n").unwrap();
    let user = UserConfig { name: "clinic7".into(), secret_env: None, secret_file: Some(secret) };
    let mut config =
        TrunkConfig { uri: uri.to_owned(), proxies: Vec::new(), user: Some(user), expires_s: 600, options_s: 0 };
    change(&mut config);
    let options = StackOptions {
        udp: vec!["127.0.0.1:0".parse().unwrap()],
        tcp: Vec::new(),
        external: None,
        allow: vec!["127.0.0.0/8".parse().unwrap()],
        challenger: None,
        user_agent: "attendant",
        clock: Clock::faster(FASTER),
    };
    let stop = CancellationToken::new();
    let stack = Stack::bind(options, stop.clone()).await.unwrap();
    tokio::spawn(refuse_calls(stack.clone()));
    let ended = tokio::spawn(keep(stack.clone(), config));
    Keeping { stack, stop, ended, _folder: folder }
}

/// The message with what differs from run to run replaced.
fn normalised(message: &str, registrar: &Registrar, keeping: &Keeping) -> String {
    let mut text = message.replace(&registrar.at.to_string(), "CARRIER");
    text = text.replace(&keeping.stack.listening[0].address.to_string(), "US");
    let branch = message.split("branch=").nth(1).and_then(|rest| rest.lines().next()).unwrap();
    let tag = header(message, "From").split(";tag=").nth(1).unwrap();
    let call_id = header(message, "Call-ID");
    text.replace(branch, "BRANCH").replace(tag, "TAG").replace(call_id, "CALL").replace("\r\n", "\n")
}

/// What a right answer to this challenge looks like, for the same random text.
fn proves(request: &str, field: &str, challenge: &str, uri: &str) {
    let given = header(request, field);
    let cnonce = given.split("cnonce=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
    let user = Credentials { name: "clinic7".into(), secret: "correct horse".into() };
    let method = request.split(' ').next().unwrap();
    let expected = crate::transport::sip::digest::answer(challenge, &user, method, uri, cnonce).unwrap();
    assert_eq!(given, expected);
}

#[tokio::test]
async fn a_registration_reads_as_written_proves_itself_and_is_renewed_and_taken_back() {
    let registrar = Registrar::start().await;
    let uri = format!("sip:{}", registrar.at);
    let keeping = keeping(&uri, |_| {}).await;
    let first = registrar.next().await;
    assert_eq!(
        normalised(&first, &registrar, &keeping),
        "REGISTER sip:CARRIER SIP/2.0\nVia: SIP/2.0/UDP US;rport;branch=BRANCH\nMax-Forwards: 70\n\
         From: <sip:clinic7@127.0.0.1>;tag=TAG\nTo: <sip:clinic7@127.0.0.1>\nCall-ID: CALL\nCSeq: 1 REGISTER\n\
         Contact: <sip:attendant@US>\nExpires: 600\nUser-Agent: attendant\nContent-Length: 0\n\n"
    );

    // A proxy asks, then the registrar, then it finds its nonce too old: each is answered, with all that was asked before.
    let proxys = "Digest realm=\"edge\", nonce=\"n1\", qop=\"auth\"";
    registrar.reply(&first, "407 Proxy Authentication Required", &format!("Proxy-Authenticate: {proxys}\r\n")).await;
    let second = registrar.after(&first).await;
    assert_eq!(header(&second, "CSeq"), "2 REGISTER");
    proves(&second, "Proxy-Authorization", proxys, &uri);
    let registrars = "Digest realm=\"carrier\", nonce=\"n2\", algorithm=SHA-256, qop=\"auth\"";
    registrar.reply(&second, "401 Unauthorized", &format!("WWW-Authenticate: {registrars}\r\n")).await;
    let third = registrar.after(&second).await;
    proves(&third, "Authorization", registrars, &uri);
    proves(&third, "Proxy-Authorization", proxys, &uri);
    let newer = "Digest realm=\"carrier\", nonce=\"n3\", stale=TRUE, qop=\"auth\"";
    registrar.reply(&third, "401 Unauthorized", &format!("WWW-Authenticate: {newer}\r\n")).await;
    let fourth = registrar.after(&third).await;
    proves(&fourth, "Authorization", newer, &uri);
    assert_eq!(header(&fourth, "CSeq"), "4 REGISTER");

    // Granted less than asked for, 50 s: renewed after 40 s of the stack's clock, as the same registration.
    let granted = "Contact: <sip:attendant@other>;expires=50\r\nExpires: 600\r\n";
    let began = keeping.stack.clock.now();
    registrar.reply(&fourth, "200 OK", granted).await;
    let renewal = registrar.after(&fourth).await;
    let waited = keeping.stack.clock.now().since(began);
    assert!(waited >= Duration::from_secs(39), "{waited:?}");
    assert_eq!(header(&renewal, "CSeq"), "5 REGISTER");
    assert_eq!(header(&renewal, "Call-ID"), header(&first, "Call-ID"));
    registrar.reply(&renewal, "200 OK", granted).await;

    // Taken back at the end, through a challenge.
    keeping.stop.cancel();
    let back = registrar.after(&renewal).await;
    assert_eq!(header(&back, "Expires"), "0");
    registrar.reply(&back, "401 Unauthorized", &format!("WWW-Authenticate: {newer}\r\n")).await;
    let proven = registrar.after(&back).await;
    proves(&proven, "Authorization", newer, &uri);
    registrar.reply(&proven, "200 OK", "").await;
    tokio::time::timeout(PATIENCE, keeping.ended).await.expect("it ends").unwrap();
}

#[tokio::test]
async fn a_wrong_secret_is_not_tried_twice_in_a_row() {
    let registrar = Registrar::start().await;
    let keeping = keeping(&format!("sip:{}", registrar.at), |_| {}).await;
    let challenge = "WWW-Authenticate: Digest realm=\"carrier\", nonce=\"n\"\r\n";
    let first = registrar.next().await;
    registrar.reply(&first, "401 Unauthorized", challenge).await;
    let second = registrar.after(&first).await;
    let began = keeping.stack.clock.now();
    registrar.reply(&second, "401 Unauthorized", challenge).await;
    let later = registrar.after(&second).await;
    assert!(keeping.stack.clock.now().since(began) >= Duration::from_secs(4));
    assert!(!later.contains("Authorization"), "{later}");
}

#[tokio::test]
async fn a_registrar_that_wants_longer_registrations_gets_them() {
    let registrar = Registrar::start().await;
    let keeping = keeping(&format!("sip:{}", registrar.at), |trunk| trunk.expires_s = 60).await;
    let first = registrar.next().await;
    assert_eq!(header(&first, "Expires"), "60");
    let began = keeping.stack.clock.now();
    registrar.reply(&first, "423 Interval Too Brief", "Min-Expires: 1800\r\n").await;
    let second = registrar.after(&first).await;
    assert_eq!(header(&second, "Expires"), "1800");
    // One that asks for what it has been given does not make us spin.
    registrar.reply(&second, "423 Interval Too Brief", "Min-Expires: 1800\r\n").await;
    registrar.after(&second).await;
    assert!(keeping.stack.clock.now().since(began) >= Duration::from_secs(4));
}

#[tokio::test]
async fn a_registrar_that_wants_more_each_time_is_not_asked_without_a_pause() {
    let registrar = Registrar::start().await;
    let keeping = keeping(&format!("sip:{}", registrar.at), |trunk| trunk.expires_s = 60).await;
    let first = registrar.next().await;
    registrar.reply(&first, "423 Interval Too Brief", "Min-Expires: 61\r\n").await;
    let mut last = registrar.after(&first).await;
    for min in 62..64 {
        let began = keeping.stack.clock.now();
        registrar.reply(&last, "423 Interval Too Brief", &format!("Min-Expires: {min}\r\n")).await;
        last = registrar.after(&last).await;
        assert_eq!(header(&last, "Expires"), min.to_string());
        assert!(keeping.stack.clock.now().since(began) >= Duration::from_secs(4), "asked again for {min} s");
    }
}

#[tokio::test]
async fn a_proxy_that_fails_gives_way_to_the_next() {
    let (first, second) = (Registrar::start().await, Registrar::start().await);
    let proxies = vec![format!("sip:{}", first.at), format!("sip:{};lr", second.at)];
    let keeping = keeping("sip:carrier.example", |trunk| trunk.proxies = proxies).await;
    let request = first.next().await;
    assert!(request.starts_with("REGISTER sip:carrier.example SIP/2.0\r\n"), "{request}");
    assert_eq!(header(&request, "Route"), format!("<sip:{};lr>", first.at));
    assert_eq!(header(&request, "To"), "<sip:clinic7@carrier.example>");
    let began = keeping.stack.clock.now();
    first.reply(&request, "503 Service Unavailable", "").await;
    let moved = second.next().await;
    assert_eq!(header(&moved, "Route"), format!("<sip:{};lr>", second.at));
    // Both fail: from the first again, after a rest.
    second.reply(&moved, "503 Service Unavailable", "").await;
    let again = first.after(&request).await;
    assert!(keeping.stack.clock.now().since(began) >= Duration::from_secs(4));
    first.reply(&again, "200 OK", "Expires: 600\r\n").await;
}

#[tokio::test]
async fn the_carrier_is_asked_again_and_again_whether_it_is_there() {
    let registrar = Registrar::start().await;
    let keeping = keeping(&format!("sip:{}", registrar.at), |trunk| {
        trunk.user = None;
        trunk.options_s = 30;
    })
    .await;
    let first = registrar.next().await;
    assert_eq!(
        normalised(&first, &registrar, &keeping),
        "OPTIONS sip:CARRIER SIP/2.0\nVia: SIP/2.0/UDP US;rport;branch=BRANCH\nMax-Forwards: 70\n\
         From: <sip:attendant@127.0.0.1>;tag=TAG\nTo: <sip:CARRIER>\nCall-ID: CALL\nCSeq: 1 OPTIONS\n\
         Contact: <sip:attendant@US>\nUser-Agent: attendant\nContent-Length: 0\n\n"
    );
    let began = keeping.stack.clock.now();
    // It does not take OPTIONS, but it is there.
    registrar.reply(&first, "405 Method Not Allowed", "").await;
    let second = registrar.after(&first).await;
    assert!(keeping.stack.clock.now().since(began) >= Duration::from_secs(29));
    assert_eq!(header(&second, "CSeq"), "2 OPTIONS");
    // Nobody is registered, so nobody says goodbye.
    registrar.reply(&second, "200 OK", "").await;
    keeping.stop.cancel();
    tokio::time::timeout(PATIENCE, keeping.ended).await.expect("it ends").unwrap();
}
