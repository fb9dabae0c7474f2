//! Chooses the codec of a call: ours by preference among what the other side offers, with the payload numbers of each side.
//!
//! Each direction is sent with the numbers that its receiver announced (RFC 3264 section 5.1), so the two may differ.
//! Pure; clock rates in Hz as in `a=rtpmap`.

use attendant_media::leg::{Codec, Format};
use serde::{Deserialize, Serialize};

use super::sdp::{Audio, Payload};

/// A codec by the name it has in the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CodecName {
    Opus,
    G722,
    Pcmu,
    Pcma,
}

/// The default order: best sound first.
pub const PREFERENCE: [CodecName; 4] = [CodecName::Opus, CodecName::G722, CodecName::Pcmu, CodecName::Pcma];

/// Payload numbers in our own offers. 111 and 101 are what most stacks use, so that both directions end up equal.
const OPUS: u8 = 111;
const DTMF_8K: u8 = 101;
const DTMF_48K: u8 = 110;

impl CodecName {
    pub const fn codec(self) -> Codec {
        match self {
            Self::Opus => Codec::Opus,
            Self::G722 => Codec::G722,
            Self::Pcmu => Codec::Pcmu,
            Self::Pcma => Codec::Pcma,
        }
    }

    /// `a=rtpmap` encoding name and clock. G.722's clock is 8000 by an old mistake (RFC 3551 section 4.5.2).
    pub const fn rtpmap(self) -> &'static str {
        match self {
            Self::Opus => "opus/48000/2",
            Self::G722 => "G722/8000",
            Self::Pcmu => "PCMU/8000",
            Self::Pcma => "PCMA/8000",
        }
    }

    pub const fn clock(self) -> u32 {
        match self {
            Self::Opus => 48_000,
            Self::G722 | Self::Pcmu | Self::Pcma => 8_000,
        }
    }

    /// The payload number in our own offers.
    pub const fn number(self) -> u8 {
        match self {
            Self::Opus => OPUS,
            Self::G722 => 9,
            Self::Pcmu => 0,
            Self::Pcma => 8,
        }
    }

    fn is(self, payload: &Payload) -> bool {
        let name = match self {
            Self::Opus => "opus",
            Self::G722 => "g722",
            Self::Pcmu => "pcmu",
            Self::Pcma => "pcma",
        };
        payload.clock == self.clock() && payload.name.eq_ignore_ascii_case(name)
    }
}

/// The payload number of telephone-event in our own offers, for a codec's clock.
pub const fn dtmf_number(clock: u32) -> u8 {
    if clock == 48_000 { DTMF_48K } else { DTMF_8K }
}

/// What two sides agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agreed {
    pub codec: CodecName,
    /// How they send to us.
    pub inbound: Format,
    /// How we send to them.
    pub outbound: Format,
    pub dtmf: Option<Dtmf>,
}

/// telephone-event (RFC 4733).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dtmf {
    /// Payload number in what we send: theirs.
    pub number: u8,
    pub clock: u32,
}

/// Answers an offer: our first preference that they can do, with their numbers both ways. `keep`: the codec in use, which
/// stays if they still offer it, so that a hold or a refresh changes nothing.
pub fn answer(preference: &[CodecName], keep: Option<CodecName>, offer: &Audio) -> Option<Agreed> {
    let (codec, number) = keep.iter().chain(preference).find_map(|name| {
        offer.payloads.iter().find(|payload| name.is(payload)).map(|payload| (*name, payload.number))
    })?;
    let format = Format { codec: codec.codec(), payload_type: number };
    Some(Agreed { codec, inbound: format, outbound: format, dtmf: telephone_event(codec, offer) })
}

/// Reads the answer to our own offer: their first codec that we offered, received under our number, sent under theirs.
pub fn accept(offered: &[CodecName], answer: &Audio) -> Option<Agreed> {
    let (codec, number) = answer
        .payloads
        .iter()
        .find_map(|payload| offered.iter().find(|name| name.is(payload)).map(|name| (*name, payload.number)))?;
    Some(Agreed {
        codec,
        inbound: Format { codec: codec.codec(), payload_type: codec.number() },
        outbound: Format { codec: codec.codec(), payload_type: number },
        dtmf: telephone_event(codec, answer),
    })
}

/// Their telephone-event at the codec's own clock, since events share its timestamps (RFC 4733 section 2.1); else at 8 kHz.
fn telephone_event(codec: CodecName, audio: &Audio) -> Option<Dtmf> {
    let events = || audio.payloads.iter().filter(|payload| payload.name.eq_ignore_ascii_case("telephone-event"));
    events()
        .find(|payload| payload.clock == codec.clock())
        .or_else(|| events().next())
        .map(|payload| Dtmf { number: payload.number, clock: payload.clock })
}

#[cfg(test)]
mod tests {
    use super::super::sdp;
    use super::*;

    fn audio(lines: &str) -> Audio {
        let text = format!("v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n{lines}");
        sdp::parse(text.as_bytes()).unwrap().audio
    }

    #[test]
    fn our_preference_decides_among_what_is_offered() {
        let offer = audio("m=audio 4000 RTP/AVP 8 0 9 101\r\na=rtpmap:101 telephone-event/8000\r\n");
        let agreed = answer(&PREFERENCE, None, &offer).unwrap();
        assert_eq!(agreed.codec, CodecName::G722);
        assert_eq!(agreed.outbound, Format { codec: Codec::G722, payload_type: 9 });
        assert_eq!(agreed.dtmf, Some(Dtmf { number: 101, clock: 8_000 }));
        let agreed = answer(&[CodecName::Pcma, CodecName::Pcmu], None, &offer).unwrap();
        assert_eq!(agreed.codec, CodecName::Pcma);
    }

    #[test]
    fn the_codec_in_use_stays_while_it_is_offered() {
        let offer = audio("m=audio 4000 RTP/AVP 0 9\r\n");
        assert_eq!(answer(&PREFERENCE, Some(CodecName::Pcmu), &offer).unwrap().codec, CodecName::Pcmu);
        let offer = audio("m=audio 4000 RTP/AVP 9\r\n");
        assert_eq!(answer(&PREFERENCE, Some(CodecName::Pcmu), &offer).unwrap().codec, CodecName::G722);
    }

    #[test]
    fn dynamic_numbers_are_those_of_the_offer() {
        let offer = audio(
            "m=audio 4000 RTP/AVP 0 96 97 98\r\na=rtpmap:96 opus/48000/2\r\na=rtpmap:97 telephone-event/8000\r\n\
             a=rtpmap:98 telephone-event/48000\r\n",
        );
        let agreed = answer(&PREFERENCE, None, &offer).unwrap();
        assert_eq!(agreed.inbound, Format { codec: Codec::Opus, payload_type: 96 });
        assert_eq!(agreed.dtmf, Some(Dtmf { number: 98, clock: 48_000 }));
    }

    #[test]
    fn each_side_keeps_its_own_numbers_when_we_offered() {
        let theirs = audio(
            "m=audio 4000 RTP/AVP 107 100\r\na=rtpmap:107 OPUS/48000/2\r\na=rtpmap:100 telephone-event/48000\r\n",
        );
        let agreed = accept(&PREFERENCE, &theirs).unwrap();
        assert_eq!(agreed.inbound.payload_type, 111);
        assert_eq!(agreed.outbound.payload_type, 107);
        assert_eq!(agreed.dtmf, Some(Dtmf { number: 100, clock: 48_000 }));
    }

    #[test]
    fn nothing_in_common_is_nothing() {
        let offer =
            audio("m=audio 4000 RTP/AVP 18 101\r\na=rtpmap:18 G729/8000\r\na=rtpmap:101 telephone-event/8000\r\n");
        assert_eq!(answer(&PREFERENCE, None, &offer), None);
        assert_eq!(accept(&PREFERENCE, &offer), None);
    }

    #[test]
    fn a_static_number_redefined_by_rtpmap_means_what_rtpmap_says() {
        let offer = audio("m=audio 4000 RTP/AVP 0\r\na=rtpmap:0 G729/8000\r\n");
        assert_eq!(answer(&PREFERENCE, None, &offer), None);
    }
}
