//! Recognisers at simulated vendors: at whichever moment of a sentence the call ends, nothing of its session stays open at the vendor.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use attendant::language::Language;
use attendant::sim::code::speak;
use attendant::sim::{Fault, Moment, Trouble};
use attendant::stt::{Event, Hints, Input, Recognizer};
use attendant_media::frame::{SLOT_SAMPLES, Samples};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, interval, timeout};

use super::deepgram::{Ears, code, is_flushed, vendor};
use super::voice_cancel::{Open, counted};
use super::whole_calls::vendors::hears;
use super::{azure_ears, google};

const NAMES: [&str; 6] = ["nova-3", "flux", "google", "sarvam", "openai_stt", "azure_stt"];

/// The sentence ends after 1 s, and its last words are asked for after 1.1 s and there after 1.2 s.
const EVERY: Duration = Duration::from_millis(50);
const MOMENTS: u32 = 28;

const SLOT: Duration = Duration::from_millis(20);

/// How the caller's audio comes to the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    AsItIsSaid,
    /// All of the sentence at once: another session had failed.
    Replayed,
}

/// A tenth of a second of silence, a sentence, and silence again; then last words are asked for.
async fn say(ears: &mut Ears, how: How) {
    let sentence: Vec<i16> = code().sentence().split(' ').flat_map(speak).collect();
    let (begin, end) = (5, 5 + sentence.len() / SLOT_SAMPLES);
    let audio = [vec![0; begin * SLOT_SAMPLES], sentence, vec![0; 25 * SLOT_SAMPLES]].concat();
    let mut slots = interval(SLOT);
    for (slot, frame) in audio.chunks(SLOT_SAMPLES).enumerate() {
        if how == How::AsItIsSaid || slot > end + 5 {
            slots.tick().await;
        }
        let at = Samples(ears.at);
        let beside =
            [(begin, Input::SpeechStart { at }), (end, Input::SpeechEnd { at }), (end + 5, Input::Flush { up_to: at })];
        for (_, input) in beside.into_iter().filter(|(of, _)| *of == slot) {
            ears.inputs.send(input).await.ok();
        }
        ears.hear(frame).await;
    }
    // The line is quiet, and the session goes on listening.
    std::future::pending::<()>().await;
}

/// How many connections there were when the call ended.
async fn hung_up_after(name: &str, time: Duration, how: How, recogniser: Arc<dyn Recognizer>, open: Open) -> usize {
    let mut ears = Ears::open(recogniser.as_ref(), Language::English, Hints::default());
    // It goes on for ever.
    timeout(time, say(&mut ears, how)).await.ok();
    let were = open.now();
    drop((ears, recogniser));
    open.at_most(0, &format!("{name} {time:?} {how:?}")).await;
    were
}

async fn at(name: &str, trouble: Trouble) -> SocketAddr {
    if name == "google" { google::vendor(trouble).await } else { vendor(trouble).await }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_ends_at_any_50_ms_of_a_sentence_leaves_no_connection_of_its_recogniser() {
    rustls::crypto::ring::default_provider().install_default().ok();
    for how in [How::AsItIsSaid, How::Replayed] {
        let mut made = Vec::new();
        for (name, time) in (0..MOMENTS).flat_map(|n| NAMES.map(|name| (name, EVERY * n))) {
            // Before any deadline runs: some take time to be made.
            let open = Open::default();
            let address = counted(at(name, Trouble::default()).await, open.clone()).await;
            made.push((name, time, hears(name, address), open));
        }
        let runs = made.into_iter().map(|(name, time, ears, open)| {
            tokio::spawn(async move { (name, hung_up_after(name, time, how, ears, open).await) })
        });
        let mut were = std::collections::BTreeMap::<_, usize>::new();
        for run in runs.collect::<Vec<_>>() {
            let (name, open) = run.await.expect("it goes well");
            *were.entry(name).or_default() += open;
        }
        assert!(were.values().all(|open| *open >= 10), "they were connected when it ended: {how:?} {were:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_ends_while_its_recogniser_still_connects_leaves_no_connection() {
    rustls::crypto::ring::default_provider().install_default().ok();
    for name in NAMES {
        let never = Trouble::always(Some(Fault::Stalls)).at(Moment::Connecting);
        let open = Open::default();
        let address = counted(at(name, never).await, open.clone()).await;
        let recogniser = hears(name, address);
        let ears = Ears::open(recogniser.as_ref(), Language::English, Hints::default());
        crate::desk::comes(|| (open.now() > 0).then_some(())).await;
        drop((ears, recogniser));
        open.at_most(0, name).await;
    }
}

/// A queue that is full answers nobody.
const NO_ANSWER: Duration = Duration::from_millis(300);

/// Passes the first connection on to the vendor; whoever connects after it waits for ever.
async fn taking_one(vendor: SocketAddr) -> SocketAddr {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind("127.0.0.1:0".parse().expect("an address")).expect("a free port");
    let listener = socket.listen(1).expect("it listens");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        let (mut ours, _) = listener.accept().await.expect("it listens");
        let mut waiting = Vec::new();
        while let Ok(Ok(one)) = timeout(NO_ANSWER, TcpStream::connect(address)).await {
            waiting.push(one);
        }
        let mut theirs = TcpStream::connect(vendor).await.expect("the vendor listens");
        // Either may leave in the middle.
        copy_bidirectional(&mut ours, &mut theirs).await.ok();
        std::future::pending::<()>().await;
        drop((listener, waiting));
    });
    address
}

/// Gives it a voice until it takes no more.
async fn say_until_it_connects(ears: &mut Ears) {
    ears.inputs.send(Input::SpeechStart { at: Samples(ears.at) }).await.expect("open");
    let is_taken = |ears: &Ears| (ears.inputs.capacity() == ears.inputs.max_capacity()).then_some(());
    while crate::desk::came_within(NO_ANSWER, || is_taken(ears)).await.is_some() {
        ears.hear(&[9_000; SLOT_SAMPLES]).await;
    }
}

/// A connection is waited for as long as may be.
const LONG: &str = "connect_ms = 3000";

/// The call is over while a connection is waited for, and so is its session, long before that is given up: on a clock that stands still as long as
/// there is anything to do.
async fn ends_with_the_call(ears: Ears) {
    tokio::time::pause();
    let over = Instant::now();
    ears.hang_up().closed().await;
    assert!(over.elapsed() < Duration::from_secs(1), "after {:?}", over.elapsed());
}

#[tokio::test]
async fn a_recogniser_that_connects_again_for_another_language_ends_with_the_call() {
    let recogniser = azure_ears::ears(taking_one(vendor(Trouble::default()).await).await, LONG);
    let mut ears = Ears::open(&recogniser, Language::English, Hints::default());
    assert_eq!(ears.next().await, Event::Ready);
    ears.inputs.send(Input::Language(Language::French)).await.expect("open");
    say_until_it_connects(&mut ears).await;
    ends_with_the_call(ears).await;
}

#[tokio::test]
async fn a_recogniser_that_connects_again_after_its_vendor_closed_ends_with_the_call() {
    // It says goodbye after the first call.
    let server = google::server::Server::start().await;
    let recogniser = google::ears(taking_one(server.address).await, LONG);
    let mut ears = Ears::open(&recogniser, Language::English, Hints::default());
    assert_eq!(ears.next().await, Event::Ready);
    ears.say(code()).await;
    ears.flush().await;
    ears.until(is_flushed).await;
    ears.hear(&[0; 8_000]).await;
    say_until_it_connects(&mut ears).await;
    ends_with_the_call(ears).await;
}
