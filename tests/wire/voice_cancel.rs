//! Voices at simulated vendors: wherever an utterance is cancelled, or the call ends, nothing of it is heard any more and nothing of it
//! stays open at the vendor.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use attendant::language::Language;
use attendant::sim::Trouble;
use attendant::tts::{Event, Input, Voice};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

use super::azure::azure;
use super::cartesia::{Mouth, cartesia, id};
use super::elevenlabs::elevenlabs;
use super::streamed_voices::{at, voice};
use crate::desk::{PATIENCE, came_within};

/// Those who are tried at once: each at all moments, which is as much as two cores can answer within the voices' deadlines beside other work.
const NAMES: [&[&str]; 3] = [&["cartesia", "elevenlabs"], &["azure", "sarvam"], &["qwen", "google_tts", "openai_tts"]];

/// The first audio comes after some 60 ms; what was said of three sentences is heard out after 1.4 s.
const EVERY: Duration = Duration::from_millis(50);
const MOMENTS: u32 = 28;

/// Connections that go through here.
#[derive(Clone, Default)]
pub struct Open(Arc<AtomicUsize>);

impl Open {
    pub fn now(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    /// Waits until there are no more than these; `of` says whose they are, and since when.
    pub async fn at_most(&self, most: usize, of: &str) {
        let few = came_within(PATIENCE, || (self.now() <= most).then_some(())).await;
        assert!(few.is_some(), "{of}: {} connections, at most {most} may stay", self.now());
    }
}

/// Passes on, both ways, what goes to the vendor, and counts.
pub async fn counted(vendor: SocketAddr, open: Open) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        while let Ok((mut ours, _)) = listener.accept().await {
            open.0.fetch_add(1, Ordering::SeqCst);
            let open = open.clone();
            tokio::spawn(async move {
                let mut theirs = TcpStream::connect(vendor).await.expect("the vendor listens");
                // Either may leave in the middle.
                copy_bidirectional(&mut ours, &mut theirs).await.ok();
                open.0.fetch_sub(1, Ordering::SeqCst);
            });
        }
    });
    address
}

fn speaks(name: &str, address: SocketAddr) -> Arc<dyn Voice> {
    match name {
        "cartesia" => Arc::new(cartesia(address)),
        "elevenlabs" => Arc::new(elevenlabs(address, "")),
        "azure" => Arc::new(azure(address)),
        _ => voice(name, address, Language::English, 1_000),
    }
}

/// How what is being said comes to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Cancel,
    /// The next utterance begins without it.
    Begin,
    /// The call is over.
    HangUp,
}

const SENTENCES: [&str; 3] =
    ["alfa bravo charlie delta echo foxtrot. ", "golf hotel india juliet kilo. ", "lima oscar papa."];

/// Listens for so long.
async fn hear(mouth: &mut Mouth, time: Duration) -> usize {
    let mut samples = 0;
    let listening = async {
        loop {
            if let Event::Audio { audio, .. } = mouth.next().await {
                samples += audio.len();
            }
        }
    };
    // It goes on for ever.
    tokio::time::timeout(time, listening).await.ok();
    samples
}

async fn ended_after(name: &'static str, time: Duration, end: End, speaker: Arc<dyn Voice>, open: Open) -> usize {
    let mut mouth = Mouth::open(speaker.as_ref());
    mouth.begin(id(1), Language::English, &SENTENCES).await;
    let heard = hear(&mut mouth, time).await;
    let moment = format!("{name} {time:?} {end:?}");
    match end {
        End::Cancel => mouth.give(Input::Cancel { id: id(1) }).await,
        End::Begin => {}
        End::HangUp => {
            drop((mouth, speaker));
            open.at_most(0, &moment).await;
            return heard;
        }
    }
    mouth.begin(id(2), Language::English, &["quebec romeo."]).await;
    mouth.give(Input::End { id: id(2) }).await;
    let mut of_two = 0;
    loop {
        match mouth.next().await {
            Event::Audio { id: of, audio } if of == id(2) => of_two += audio.len(),
            Event::Audio { id: of, .. } => assert_eq!((of, of_two), (id(1), 0), "{moment}"),
            Event::Done { id: of, .. } if of == id(2) => break,
            Event::Word { .. } | Event::Done { .. } => {}
            Event::Failed { error, .. } => panic!("{moment}: {error}"),
        }
    }
    assert!((1_000..=3_520).contains(&of_two), "{moment}: {of_two} samples of two words");
    // One is the session's own, kept for what is said next, and one the next clause's, which is asked for ahead; one that was being made for a
    // request when it was cancelled goes to the pool.
    open.at_most(if matches!(name, "azure" | "openai_tts") { 3 } else { 1 }, &moment).await;
    drop((mouth, speaker));
    open.at_most(0, &moment).await;
    heard
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_utterance_that_ends_at_any_50_ms_is_not_heard_on_and_leaves_no_connection() {
    rustls::crypto::ring::default_provider().install_default().ok();
    let ends = [End::Cancel, End::Begin, End::HangUp];
    for (end, names) in ends.into_iter().flat_map(|end| NAMES.map(|names| (end, names))) {
        let mut made = Vec::new();
        for (name, time) in (0..MOMENTS).flat_map(|n| names.iter().map(move |name| (*name, EVERY * n))) {
            // Before any deadline runs: some take time to be made.
            let open = Open::default();
            let address = counted(at(name, Trouble::default()).await, open.clone()).await;
            made.push((name, time, speaks(name, address), open));
        }
        let runs = made.into_iter().map(|(name, time, speaker, open)| {
            tokio::spawn(async move { (name, ended_after(name, time, end, speaker, open).await) })
        });
        let mut heard = std::collections::BTreeMap::<_, usize>::new();
        for run in runs.collect::<Vec<_>>() {
            let (name, samples) = run.await.expect("it goes well");
            *heard.entry(name).or_default() += samples;
        }
        assert!(heard.values().all(|samples| *samples > 16_000), "all were in the middle of it: {heard:?}");
    }
}
