//! Everything that can happen to a call from outside its media worker. Together with the leg's facts it is the replay log.

use tokio::sync::mpsc;

use crate::costs::Meter;
use crate::provider::ProviderError;
use crate::provider::chain::{Speaker, Watch};
use crate::tts::spoken::voice::Writing;
use crate::{agent, stt, tts};
use attendant_media::leg::Format;
pub use attendant_media::rtcp::RtcpTo;
use attendant_media::speech::SpeechId;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

/// Posted to a call by its transport, its providers and its agent.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    Signal(Signal),
    Stt { session: u32, event: stt::Event },
    Tts(tts::Event),
    Agent { turn: u32, event: agent::Event },
}

/// What a transport tells a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Signal {
    /// The call is answered (200 sent and acknowledged, or the stream started): the clock starts, the greeting follows.
    Answered,
    Hold,
    Unhold,
    /// A re-INVITE changed the formats, where to send, or both.
    Media {
        inbound: Format,
        outbound: Format,
        dtmf: Option<u8>,
        remote: Option<SocketAddr>,
        rtcp: RtcpTo,
    },
    /// A key reported by signalling (SIP INFO, a stream's dtmf message), not by RTP.
    Dtmf(char),
    /// The carrier has played so much of this speech (stream transports; never of what was cleared). From the first one on,
    /// marks say what was heard, and not the leg.
    Mark {
        id: SpeechId,
        samples: u64,
    },
    /// The transfer we asked for: done, or failed with a SIP status.
    Transferred(Result<(), u16>),
    /// The other side is gone.
    Gone(Gone),
    /// The process is going down: finish politely.
    Drain,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    /// BYE, or a stream's stop.
    HungUp,
    /// CANCEL before the answer.
    Cancelled,
    /// The signalling or stream connection broke, or a session timer expired.
    Lost,
}

/// What a call tells its transport.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    HangUp,
    /// Pass the caller on to this number or SIP URI; answered by [`Signal::Transferred`].
    Transfer {
        to: crate::privacy::Pii<String>,
    },
}

/// Room for events of one call: a burst of TTS audio (16 x 200 ms) and words beside it; senders wait beyond that.
pub const MAILBOX_SIZE: usize = 64;

/// The provider behind one session; unknown where nothing is kept of providers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reporter(Arc<OnceLock<Watch>>);

impl Reporter {
    /// It found no word in a voice in which the finder found some: a place may be taken by the same provider as the place before.
    pub(crate) fn missed_words(&self, finder: &Self) {
        if let (Some(watch), Some(other)) = (self.0.get(), finder.0.get()) {
            watch.missed_words(other);
        }
    }

    /// The call waited in vain for what the session owes.
    pub(crate) fn late(&self) {
        if let Some(watch) = self.0.get() {
            watch.late("no words as soon as they were owed");
        }
    }
}

/// The sending side of a call's mailbox.
#[derive(Clone, Debug)]
pub struct Mailbox {
    sender: mpsc::Sender<Event>,
    /// Sees what a provider's session reports.
    watch: Option<Watch>,
    reporter: Option<Reporter>,
    speaker: Option<Speaker>,
    /// Where a voice's words stand in the text as it was written.
    writing: Option<Writing>,
    meter: Meter,
}

impl Mailbox {
    pub fn new() -> (Self, mpsc::Receiver<Event>) {
        Self::metered(Meter::default())
    }

    /// What is used on behalf of it is counted on this meter.
    pub fn metered(meter: Meter) -> (Self, mpsc::Receiver<Event>) {
        let (tx, rx) = mpsc::channel(MAILBOX_SIZE);
        (Self { sender: tx, watch: None, reporter: None, speaker: None, writing: None, meter }, rx)
    }

    /// The same mailbox for a session of this provider: what it reports tells whether the provider is well.
    pub(crate) fn watched(&self, watch: Watch) -> Self {
        if let Some(reporter) = &self.reporter {
            // The first provider asked for a session is whose it is.
            reporter.0.set(watch.clone()).ok();
        }
        Self { watch: Some(watch), ..self.clone() }
    }

    /// The same mailbox for one session, and who reports to it as soon as that is known.
    pub(crate) fn reporting(&self) -> (Self, Reporter) {
        let reporter = Reporter::default();
        (Self { reporter: Some(reporter.clone()), ..self.clone() }, reporter)
    }

    /// The same mailbox for a place of voices, and who of them speaks.
    pub(crate) fn spoken_by(&self, speaker: Speaker) -> Self {
        Self { speaker: Some(speaker), ..self.clone() }
    }

    /// This provider has the utterance from now on.
    pub(crate) fn speaks(&self, id: SpeechId, watch: Watch) {
        if let Some(speaker) = &self.speaker {
            speaker.begins(id, watch);
        }
    }

    /// Who was to be connected to before there was something to say is not there. Only what is known of the provider changes: the call has lost nothing.
    pub(crate) fn unreached(&self, error: &ProviderError) {
        if let Some(watch) = &self.watch {
            watch.unreached(error);
        }
    }

    /// The same mailbox for a voice that is given texts as they are spoken.
    pub(crate) fn reading(&self, writing: Writing) -> Self {
        Self { writing: Some(writing), ..self.clone() }
    }

    /// What the call uses of providers that are paid by use.
    pub const fn meter(&self) -> &Meter {
        &self.meter
    }

    /// Waits for room. `false` once the call is gone.
    pub async fn send(&self, event: Event) -> bool {
        if let Some(watch) = &self.watch {
            watch.see(&event);
        }
        let event = match (event, &self.writing) {
            (Event::Tts(event), Some(writing)) => match writing.read(event) {
                Some(event) => Event::Tts(event),
                None => return !self.sender.is_closed(),
            },
            (event, _) => event,
        };
        self.sender.send(event).await.is_ok()
    }

    /// Resolves when the call is gone: what serves it can stop.
    pub async fn closed(&self) {
        self.sender.closed().await;
    }
}
