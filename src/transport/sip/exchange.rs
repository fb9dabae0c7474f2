//! One call's offers and answers over its life: what is agreed now, and what a new description changes for the call.
//!
//! Pure: it turns descriptions into answers and [`Signal`]s; who sends them, and when, is the session's part.

use attendant_media::leg::{Framing, LegConfig, RTCP_INTERVAL};

use super::negotiate::{self, Agreed, CodecName};
use super::sdp::{self, Audio, Direction, Local, Remote};
use crate::call::event::Signal;

/// Whether the other side listens to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Listening {
    Yes,
    OnHold,
}

/// The media of one call.
#[derive(Clone, Debug)]
pub struct Exchange {
    local: Local,
    codecs: Vec<CodecName>,
    current: Option<(Agreed, Audio)>,
    listening: Listening,
    last: Option<String>,
}

impl Exchange {
    pub fn new(local: Local, codecs: Vec<CodecName>) -> Self {
        Self { local, codecs, current: None, listening: Listening::Yes, last: None }
    }

    pub fn agreed(&self) -> Option<&Agreed> {
        self.current.as_ref().map(|(agreed, _)| agreed)
    }

    pub fn audio(&self) -> Option<&Audio> {
        self.current.as_ref().map(|(_, audio)| audio)
    }

    pub fn codecs(&self) -> &[CodecName] {
        &self.codecs
    }

    /// The other side is on hold from the start, or now.
    pub fn held(&self) -> bool {
        self.listening == Listening::OnHold
    }

    /// Answers their offer. `None`: no codec in common; what was agreed before stays.
    pub fn answer(&mut self, offer: &Remote) -> Option<(String, Vec<Signal>)> {
        let agreed = negotiate::answer(&self.codecs, self.agreed().map(|agreed| agreed.codec), &offer.audio)?;
        let signals = self.change(agreed, offer.audio.clone());
        let text = self.versioned(|local| sdp::answer(local, offer, &agreed));
        Some((text, signals))
    }

    /// Our offer: everything at first, then the codec in use. The same text again means "nothing has changed".
    pub fn offer(&mut self) -> String {
        let codecs = match self.agreed() {
            Some(agreed) => vec![agreed.codec],
            None => self.codecs.clone(),
        };
        self.versioned(|local| sdp::offer(local, &codecs, Direction::SendRecv))
    }

    /// Takes their answer to our offer. `None`: it holds nothing that we offered.
    pub fn accept(&mut self, answer: &Remote) -> Option<Vec<Signal>> {
        let agreed = negotiate::accept(&self.codecs, &answer.audio)?;
        Some(self.change(agreed, answer.audio.clone()))
    }

    fn change(&mut self, agreed: Agreed, audio: Audio) -> Vec<Signal> {
        let mut signals = Vec::new();
        let listening = if audio.held() { Listening::OnHold } else { Listening::Yes };
        if let Some((before, heard)) = &self.current {
            // 0.0.0.0 is not an address to send to: the old one stays until a real one comes.
            let moved = heard.remote != audio.remote && !audio.remote.ip().is_unspecified();
            let changed = *before != agreed || heard.rtcp_to() != audio.rtcp_to();
            if moved || changed {
                signals.push(Signal::Media {
                    inbound: agreed.inbound,
                    outbound: agreed.outbound,
                    dtmf: agreed.dtmf.map(|dtmf| dtmf.number),
                    remote: moved.then_some(audio.remote),
                    rtcp: audio.rtcp_to(),
                });
            }
        }
        match (self.listening, listening) {
            (Listening::Yes, Listening::OnHold) => signals.push(Signal::Hold),
            (Listening::OnHold, Listening::Yes) => signals.push(Signal::Unhold),
            (Listening::Yes, Listening::Yes) | (Listening::OnHold, Listening::OnHold) => {}
        }
        self.listening = listening;
        let audio = match &self.current {
            Some((_, before)) if audio.remote.ip().is_unspecified() => Audio { remote: before.remote, ..audio },
            Some(_) | None => audio,
        };
        self.current = Some((agreed, audio));
        signals
    }

    /// Writes a description, with a new version only when the rest of it differs from the last one.
    fn versioned(&mut self, write: impl Fn(&Local) -> String) -> String {
        let same = write(&self.local);
        match &self.last {
            Some(last) if *last != same => {
                self.local.version += 1;
                let text = write(&self.local);
                self.last = Some(text.clone());
                text
            }
            Some(_) | None => {
                self.last = Some(same.clone());
                same
            }
        }
    }
}

/// A leg for what was agreed; stream numbers are random (RFC 3550 section 5.1).
pub fn leg_config(agreed: &Agreed) -> LegConfig {
    LegConfig {
        inbound: agreed.inbound,
        outbound: agreed.outbound,
        framing: Framing::Rtp,
        dtmf: agreed.dtmf.map(|dtmf| dtmf.number),
        ssrc: rand::random(),
        first_sequence: rand::random(),
        first_timestamp: rand::random(),
        rtcp_interval: RTCP_INTERVAL,
        ears: true,
        // The desk switches these on as configured.
        denoise: false,
        gain: false,
        echo_control: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::event::RtcpTo;

    fn offer(address: &str, port: u16, direction: &str, payloads: &str) -> Remote {
        let text = format!(
            "v=0\r\no=- 1 1 IN IP4 {address}\r\ns=-\r\nc=IN IP4 {address}\r\nt=0 0\r\nm=audio {port} RTP/AVP {payloads}\r\na={direction}\r\n"
        );
        sdp::parse(text.as_bytes()).unwrap()
    }

    fn exchange() -> Exchange {
        let local = Local { session: 77, version: 1, address: "198.51.100.7".parse().unwrap(), port: 40_000 };
        Exchange::new(local, negotiate::PREFERENCE.to_vec())
    }

    #[test]
    fn the_first_answer_changes_nothing_for_the_call() {
        let mut exchange = exchange();
        let (_, signals) = exchange.answer(&offer("192.0.2.1", 4_000, "sendrecv", "0")).unwrap();
        assert_eq!(signals, []);
        assert!(!exchange.held());
    }

    #[test]
    fn hold_and_resume_are_signalled_once_each() {
        for (direction, address) in [("sendonly", "192.0.2.1"), ("inactive", "192.0.2.1"), ("sendrecv", "0.0.0.0")] {
            let mut exchange = exchange();
            exchange.answer(&offer("192.0.2.1", 4_000, "sendrecv", "0")).unwrap();
            let (_, signals) = exchange.answer(&offer(address, 4_000, direction, "0")).unwrap();
            assert_eq!(signals, [Signal::Hold], "{direction} {address}");
            let (_, signals) = exchange.answer(&offer(address, 4_000, direction, "0")).unwrap();
            assert_eq!(signals, [], "{direction} {address}");
            let (_, signals) = exchange.answer(&offer("192.0.2.1", 4_000, "sendrecv", "0")).unwrap();
            assert_eq!(signals, [Signal::Unhold], "{direction} {address}");
        }
    }

    #[test]
    fn a_new_address_or_codec_is_signalled() {
        let mut exchange = exchange();
        exchange.answer(&offer("192.0.2.1", 4_000, "sendrecv", "0")).unwrap();
        let (_, signals) = exchange.answer(&offer("192.0.2.9", 5_000, "sendrecv", "8")).unwrap();
        let pcma = CodecName::Pcma.codec();
        let format = attendant_media::leg::Format { codec: pcma, payload_type: 8 };
        assert_eq!(
            signals,
            [Signal::Media {
                inbound: format,
                outbound: format,
                dtmf: None,
                remote: Some("192.0.2.9:5000".parse().unwrap()),
                rtcp: RtcpTo::Above,
            }]
        );
    }

    #[test]
    fn another_way_of_rtcp_is_signalled_with_the_address_and_without() {
        let with = |port, attributes: &str| {
            let text = format!(
                "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio {port} RTP/AVP 0\r\n{attributes}"
            );
            sdp::parse(text.as_bytes()).unwrap()
        };
        let mut exchange = exchange();
        exchange.answer(&with(4_000, "a=rtcp:4010\r\n")).unwrap();
        for (port, attributes, wanted) in [
            (4_000, "a=rtcp:4010\r\n", None),
            (4_000, "a=rtcp-mux\r\na=rtcp:4000\r\n", Some(RtcpTo::Muxed)),
            (5_000, "a=rtcp:4010\r\n", Some(RtcpTo::Port(4_010))),
            (5_000, "", Some(RtcpTo::Above)),
        ] {
            let (_, signals) = exchange.answer(&with(port, attributes)).unwrap();
            let told = signals.iter().find_map(|signal| match signal {
                Signal::Media { rtcp, .. } => Some(*rtcp),
                _ => None,
            });
            assert_eq!(told, wanted, "{port} {attributes}");
        }
    }

    #[test]
    fn no_common_codec_leaves_the_call_as_it_was() {
        let mut exchange = exchange();
        exchange.answer(&offer("192.0.2.1", 4_000, "sendrecv", "0")).unwrap();
        assert!(exchange.answer(&offer("192.0.2.9", 5_000, "sendrecv", "18")).is_none());
        assert_eq!(exchange.audio().unwrap().remote, "192.0.2.1:4000".parse().unwrap());
    }

    #[test]
    fn the_version_grows_only_when_the_text_changes() {
        let mut exchange = exchange();
        let origin = |text: &str| text.lines().nth(1).unwrap().to_owned();
        let (first, _) = exchange.answer(&offer("192.0.2.1", 4_000, "sendrecv", "0")).unwrap();
        assert_eq!(origin(&first), "o=- 77 1 IN IP4 198.51.100.7");
        let (again, _) = exchange.answer(&offer("192.0.2.1", 4_000, "sendrecv", "0")).unwrap();
        assert_eq!(again, first);
        let (held, _) = exchange.answer(&offer("192.0.2.1", 4_000, "sendonly", "0")).unwrap();
        assert_eq!(origin(&held), "o=- 77 2 IN IP4 198.51.100.7");
        let (back, _) = exchange.answer(&offer("192.0.2.1", 4_000, "sendrecv", "0")).unwrap();
        assert_eq!(origin(&back), "o=- 77 3 IN IP4 198.51.100.7");
    }

    #[test]
    fn a_later_offer_of_ours_names_only_the_codec_in_use() {
        let mut exchange = exchange();
        assert!(exchange.offer().contains("m=audio 40000 RTP/AVP 111 9 0 8 110 101\r\n"));
        exchange.accept(&offer("192.0.2.1", 4_000, "sendrecv", "9 0")).unwrap();
        assert!(exchange.offer().contains("m=audio 40000 RTP/AVP 9 101\r\n"));
    }
}
