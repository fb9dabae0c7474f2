//! Session descriptions (RFC 8866) in offer and answer (RFC 3264): what the other side says about its audio, and what we say.
//!
//! Reads no more than the audio of a telephone call needs, rejects every other media line with port 0 as the answer must,
//! and never trusts a length: the text is bounded before it is parsed. Pure. Times in ms, rates in Hz.

use std::fmt::Write;
use std::net::{IpAddr, SocketAddr};

use super::negotiate::{Agreed, CodecName, dtmf_number};
use attendant_media::rtcp::RtcpTo;

/// A description longer than this is an attack: the longest from a browser are about 8 KiB.
const LONGEST: usize = 16 * 1_024;

/// Media lines and payload numbers beyond these are ignored or refused.
const MOST_LINES: usize = 16;
const MOST_PAYLOADS: usize = 64;

/// The content type of what this module reads and writes.
pub const CONTENT_TYPE: &str = "application/sdp";

/// Why a description cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SdpError {
    #[error("the session description is over 16 KiB")]
    TooLong,
    #[error("the session description cannot be parsed")]
    Malformed,
    #[error("the session description has no plain RTP audio")]
    NoAudio,
}

/// Who sends, seen from the one who wrote it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    #[default]
    SendRecv,
    SendOnly,
    RecvOnly,
    Inactive,
}

impl Direction {
    fn parse(attribute: &str) -> Option<Self> {
        match attribute {
            "sendrecv" => Some(Self::SendRecv),
            "sendonly" => Some(Self::SendOnly),
            "recvonly" => Some(Self::RecvOnly),
            "inactive" => Some(Self::Inactive),
            _ => None,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }

    /// What we answer to it.
    pub const fn reverse(self) -> Self {
        match self {
            Self::SendRecv => Self::SendRecv,
            Self::SendOnly => Self::RecvOnly,
            Self::RecvOnly => Self::SendOnly,
            Self::Inactive => Self::Inactive,
        }
    }

    /// Whether its writer listens to us.
    pub const fn receives(self) -> bool {
        match self {
            Self::SendRecv | Self::RecvOnly => true,
            Self::SendOnly | Self::Inactive => false,
        }
    }
}

/// One payload number of a media line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload {
    pub number: u8,
    pub name: String,
    pub clock: u32,
}

/// The other side's audio.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audio {
    /// Its place among the media lines.
    pub line: usize,
    pub remote: SocketAddr,
    pub direction: Direction,
    pub payloads: Vec<Payload>,
    pub ptime: Option<u32>,
    pub rtcp_mux: bool,
    /// Where it wants RTCP, if not on the port above its RTP (RFC 3605). An address named with it is not looked at: RTCP goes
    /// where RTP goes, and nowhere a third party was named.
    pub rtcp_port: Option<u16>,
}

impl Audio {
    /// Where it wants RTCP.
    pub const fn rtcp_to(&self) -> RtcpTo {
        match (self.rtcp_mux, self.rtcp_port) {
            (true, _) => RtcpTo::Muxed,
            (false, Some(port)) => RtcpTo::Port(port),
            (false, None) => RtcpTo::Above,
        }
    }

    /// On hold: it does not listen to us, or says so the old way, with address 0.0.0.0 (RFC 3264 section 8.4).
    pub fn held(&self) -> bool {
        !self.direction.receives() || self.remote.ip().is_unspecified()
    }
}

/// A media line as the answer must mirror it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub media: String,
    pub proto: String,
    pub fmt: String,
}

/// The other side's description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    pub audio: Audio,
    pub lines: Vec<Line>,
}

/// Reads a description.
pub fn parse(text: &[u8]) -> Result<Remote, SdpError> {
    if text.len() > LONGEST {
        return Err(SdpError::TooLong);
    }
    let session = sdp_types::Session::parse(text).map_err(|_| SdpError::Malformed)?;
    if session.medias.len() > MOST_LINES {
        return Err(SdpError::TooLong);
    }
    let session_direction =
        session.attributes.iter().find_map(|attribute| Direction::parse(&attribute.attribute)).unwrap_or_default();
    let session_address = session.connection.as_ref().map(|connection| connection.connection_address.as_str());
    let audio = session
        .medias
        .iter()
        .enumerate()
        .find_map(|(line, media)| read_audio(line, media, session_address, session_direction))
        .ok_or(SdpError::NoAudio)?;
    let lines = session
        .medias
        .into_iter()
        .map(|media| Line { media: media.media, proto: media.proto, fmt: media.fmt })
        .collect();
    Ok(Remote { audio, lines })
}

fn read_audio(
    line: usize,
    media: &sdp_types::Media,
    session_address: Option<&str>,
    session_direction: Direction,
) -> Option<Audio> {
    if !media.media.eq_ignore_ascii_case("audio") || media.port == 0 || !is_plain_rtp(&media.proto) {
        return None;
    }
    let address =
        media.connections.first().map(|connection| connection.connection_address.as_str()).or(session_address)?;
    // A multicast address may carry a TTL; names are not resolved: no carrier sends them and a lookup could be abused.
    let ip: IpAddr = address.split('/').next()?.parse().ok()?;
    let attribute = |name: &'static str| media.attributes.iter().filter(move |attribute| attribute.attribute == name);
    let payloads: Vec<Payload> = media
        .fmt
        .split_ascii_whitespace()
        .filter_map(|number| number.parse().ok())
        .filter(|number: &u8| *number < 128)
        .take(MOST_PAYLOADS)
        .filter_map(|number| {
            let mapped = attribute("rtpmap").find_map(|attribute| {
                let (mapped, encoding) = attribute.value.as_deref()?.trim().split_once(' ')?;
                (mapped.parse() == Ok(number)).then(|| encoding.trim().to_owned())
            });
            let (name, clock) = match &mapped {
                Some(encoding) => {
                    let mut parts = encoding.split('/');
                    (parts.next()?.to_owned(), parts.next()?.parse().ok()?)
                }
                None => static_payload(number).map(|(name, clock)| (name.to_owned(), clock))?,
            };
            Some(Payload { number, name, clock })
        })
        .collect();
    Some(Audio {
        line,
        remote: SocketAddr::new(ip, media.port),
        direction: media
            .attributes
            .iter()
            .find_map(|attribute| Direction::parse(&attribute.attribute))
            .unwrap_or(session_direction),
        payloads,
        ptime: attribute("ptime").find_map(|attribute| attribute.value.as_deref()?.trim().parse().ok()),
        rtcp_mux: attribute("rtcp-mux").next().is_some(),
        rtcp_port: attribute("rtcp")
            .find_map(|attribute| attribute.value.as_deref()?.split_ascii_whitespace().next()?.parse().ok())
            .filter(|port| *port != 0),
    })
}

fn is_plain_rtp(proto: &str) -> bool {
    proto.eq_ignore_ascii_case("RTP/AVP") || proto.eq_ignore_ascii_case("RTP/AVPF")
}

/// Static payload numbers that need no rtpmap (RFC 3551 table 4), as far as we speak or must recognise them.
const fn static_payload(number: u8) -> Option<(&'static str, u32)> {
    match number {
        0 => Some(("PCMU", 8_000)),
        8 => Some(("PCMA", 8_000)),
        9 => Some(("G722", 8_000)),
        _ => None,
    }
}

/// Our end of the audio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Local {
    /// Stays for the whole call (RFC 8866 section 5.2).
    pub session: u32,
    /// Grows with each change of the text.
    pub version: u32,
    /// Where the other side can reach us.
    pub address: IpAddr,
    pub port: u16,
}

impl Local {
    fn head(&self) -> String {
        let kind = match self.address {
            IpAddr::V4(_) => "IP4",
            IpAddr::V6(_) => "IP6",
        };
        let Self { session, version, address, .. } = self;
        format!("v=0\r\no=- {session} {version} IN {kind} {address}\r\ns=-\r\nc=IN {kind} {address}\r\nt=0 0\r\n")
    }
}

/// Our offer: every codec in `codecs`, in order, with telephone-event at each clock they use.
pub fn offer(local: &Local, codecs: &[CodecName], direction: Direction) -> String {
    let mut clocks: Vec<u32> = Vec::new();
    for codec in codecs {
        if !clocks.contains(&codec.clock()) {
            clocks.push(codec.clock());
        }
    }
    let numbers: Vec<String> = codecs
        .iter()
        .map(|codec| codec.number())
        .chain(clocks.iter().map(|clock| dtmf_number(*clock)))
        .map(|number| number.to_string())
        .collect();
    let mut text = local.head();
    line(&mut text, format_args!("m=audio {} RTP/AVP {}", local.port, numbers.join(" ")));
    for codec in codecs {
        rtpmap(&mut text, *codec, codec.number());
    }
    for clock in clocks {
        telephone_event(&mut text, dtmf_number(clock), clock);
    }
    tail(&mut text, local, direction, true);
    text
}

/// Our answer: the agreed codec under the numbers of the offer; every other media line refused.
pub fn answer(local: &Local, remote: &Remote, agreed: &Agreed) -> String {
    let mut text = local.head();
    for (index, offered) in remote.lines.iter().enumerate() {
        if index != remote.audio.line {
            line(&mut text, format_args!("m={} 0 {} {}", offered.media, offered.proto, offered.fmt));
            continue;
        }
        let number = agreed.inbound.payload_type;
        let events = agreed.dtmf.map(|dtmf| format!(" {}", dtmf.number)).unwrap_or_default();
        line(&mut text, format_args!("m=audio {} {} {number}{events}", local.port, offered.proto));
        rtpmap(&mut text, agreed.codec, number);
        if let Some(dtmf) = agreed.dtmf {
            telephone_event(&mut text, dtmf.number, dtmf.clock);
        }
        tail(&mut text, local, remote.audio.direction.reverse(), remote.audio.rtcp_mux);
    }
    text
}

fn rtpmap(text: &mut String, codec: CodecName, number: u8) {
    line(text, format_args!("a=rtpmap:{number} {}", codec.rtpmap()));
    if codec == CodecName::Opus {
        // In-band FEC for lossy paths; we decode to 16 kHz, so nothing above is worth its bits (RFC 7587 section 6.1).
        line(text, format_args!("a=fmtp:{number} useinbandfec=1;maxplaybackrate=16000"));
    }
}

fn telephone_event(text: &mut String, number: u8, clock: u32) {
    line(text, format_args!("a=rtpmap:{number} telephone-event/{clock}"));
    line(text, format_args!("a=fmtp:{number} 0-15"));
}

fn tail(text: &mut String, local: &Local, direction: Direction, mux: bool) {
    // Every frame of ours is 20 ms.
    text.push_str("a=ptime:20\r\n");
    if mux {
        text.push_str("a=rtcp-mux\r\n");
    }
    line(text, format_args!("a=rtcp:{}", if mux { local.port } else { local.port.saturating_add(1) }));
    line(text, format_args!("a={}", direction.name()));
}

fn line(text: &mut String, content: std::fmt::Arguments<'_>) {
    text.write_fmt(content).expect("a String takes any text");
    text.push_str("\r\n");
}
