//! Recorded readers over a real call: SIP, mu-law RTP in real time, the embedded recogniser, and the words in the call's record.

use std::time::Duration;

use attendant::agent::Who;
use attendant::softphone::{Script, Utterance};
use attendant_media::time::Time;

use super::house::{House, said};
use super::speech::clips;
use crate::corpus::wer::word_errors;

/// Of 71 words.
const MOST_PERCENT: usize = 8;

/// A reader who pauses is answered, and goes on over the answer: the words of all turns count together.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_are_understood_over_a_sip_call() {
    let house = House::open(|_| {}).await;
    let clips = clips();
    let utterances =
        clips.iter().map(|(audio, text)| Utterance::new(text.trim(), audio.clone()).expect("it is speech"));
    let mut script = Script::new(utterances, None, Duration::from_secs(12), Time::ZERO);
    house.call("+16045550142", &mut script).await;
    let (calls, _folder) = house.close().await;
    let [call] = &calls[..] else { panic!("one call was made") };
    let heard = said(call, Who::Caller).join(" ");
    let read: String = clips.iter().map(|(_, text)| text.as_str()).collect();
    let (wrong, of) = word_errors(&read, &heard);
    println!("{wrong} of {of}: {heard}");
    assert!(wrong * 100 <= of * MOST_PERCENT, "{wrong} of {of} words: {heard}");
}
