//! The texts of our descriptions, against offers as carriers, desk phones and browsers send them; and hostile ones.

use std::net::IpAddr;

use attendant::transport::sip::exchange::Exchange;
use attendant::transport::sip::negotiate::{CodecName, PREFERENCE};
use attendant::transport::sip::sdp::{self, Local, SdpError};
use proptest::prelude::*;

const CARRIER: &str = "v=0\r\no=- 3963 3963 IN IP4 192.0.2.10\r\ns=carrier\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\n\
    m=audio 18226 RTP/AVP 0 8 9 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:9 G722/8000\r\n\
    a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=maxptime:40\r\na=rtcp:18227\r\n";

const PHONE: &str = "v=0\r\no=phone 8000 8000 IN IP4 192.168.1.20\r\ns=SDP data\r\nc=IN IP4 192.168.1.20\r\nt=0 0\r\n\
    m=audio 11800 RTP/AVP 114 9 101 102\r\na=rtpmap:114 opus/48000/2\r\na=fmtp:114 useinbandfec=1\r\n\
    a=rtpmap:101 telephone-event/8000\r\na=rtpmap:102 telephone-event/48000\r\na=sendrecv\r\na=rtcp-mux\r\n";

const WITH_VIDEO: &str = "v=0\r\no=- 1 1 IN IP6 2001:db8::1\r\ns=-\r\nt=0 0\r\na=sendonly\r\n\
    m=video 5000 RTP/AVP 96\r\nc=IN IP6 2001:db8::1\r\na=rtpmap:96 H264/90000\r\n\
    m=audio 5002 RTP/AVPF 8\r\nc=IN IP6 2001:db8::1\r\n";

fn exchange(address: &str) -> Exchange {
    let address: IpAddr = address.parse().expect("it is an address");
    Exchange::new(Local { session: 7_000, version: 1, address, port: 40_000 }, PREFERENCE.to_vec())
}

fn answer(offer: &str, address: &str) -> String {
    let remote = sdp::parse(offer.as_bytes()).expect("the offer is sound");
    exchange(address).answer(&remote).expect("there is a codec in common").0
}

#[test]
fn a_carriers_offer_is_answered_with_one_codec_and_its_numbers() {
    assert_eq!(
        answer(CARRIER, "203.0.113.9"),
        "v=0\r\no=- 7000 1 IN IP4 203.0.113.9\r\ns=-\r\nc=IN IP4 203.0.113.9\r\nt=0 0\r\nm=audio 40000 RTP/AVP 9 101\r\n\
         a=rtpmap:9 G722/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=rtcp:40001\r\na=sendrecv\r\n"
    );
}

#[test]
fn the_port_for_rtcp_is_the_one_named_and_nothing_that_is_no_port() {
    let named = |value: &str| {
        let offer = CARRIER.replace("a=rtcp:18227", value);
        sdp::parse(offer.as_bytes()).expect("the offer is sound").audio.rtcp_port
    };
    assert_eq!(named("a=rtcp:53020"), Some(53_020));
    assert_eq!(named("a=rtcp:53020 IN IP4 198.51.100.66"), Some(53_020));
    for none in ["a=sendrecv", "a=rtcp:0", "a=rtcp:65536", "a=rtcp:", "a=rtcp", "a=rtcp:x"] {
        assert_eq!(named(none), None, "{none}");
    }
}

#[test]
fn a_desk_phones_opus_keeps_its_dynamic_numbers_and_shares_the_rtcp_port() {
    assert_eq!(
        answer(PHONE, "192.168.1.5"),
        "v=0\r\no=- 7000 1 IN IP4 192.168.1.5\r\ns=-\r\nc=IN IP4 192.168.1.5\r\nt=0 0\r\nm=audio 40000 RTP/AVP 114 102\r\n\
         a=rtpmap:114 opus/48000/2\r\na=fmtp:114 useinbandfec=1;maxplaybackrate=16000\r\na=rtpmap:102 telephone-event/48000\r\n\
         a=fmtp:102 0-15\r\na=ptime:20\r\na=rtcp-mux\r\na=rtcp:40000\r\na=sendrecv\r\n"
    );
}

#[test]
fn other_media_is_declined_in_place_and_the_direction_is_mirrored() {
    assert_eq!(
        answer(WITH_VIDEO, "2001:db8::9"),
        "v=0\r\no=- 7000 1 IN IP6 2001:db8::9\r\ns=-\r\nc=IN IP6 2001:db8::9\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\n\
         m=audio 40000 RTP/AVPF 8\r\na=rtpmap:8 PCMA/8000\r\na=ptime:20\r\na=rtcp:40001\r\na=recvonly\r\n"
    );
}

#[test]
fn our_offer_names_every_codec_in_our_order() {
    assert_eq!(
        exchange("203.0.113.9").offer(),
        "v=0\r\no=- 7000 1 IN IP4 203.0.113.9\r\ns=-\r\nc=IN IP4 203.0.113.9\r\nt=0 0\r\nm=audio 40000 RTP/AVP 111 9 0 8 110 101\r\n\
         a=rtpmap:111 opus/48000/2\r\na=fmtp:111 useinbandfec=1;maxplaybackrate=16000\r\na=rtpmap:9 G722/8000\r\n\
         a=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:110 telephone-event/48000\r\na=fmtp:110 0-15\r\n\
         a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=rtcp-mux\r\na=rtcp:40000\r\na=sendrecv\r\n"
    );
}

#[test]
fn what_is_no_plain_audio_is_told_apart_from_what_is_broken() {
    let parse = |text: &str| sdp::parse(text.as_bytes()).map(|_| ());
    assert_eq!(parse("v=0\r\no=- 1"), Err(SdpError::Malformed));
    assert_eq!(parse(&CARRIER.replace("RTP/AVP", "RTP/SAVP")), Err(SdpError::NoAudio));
    assert_eq!(parse(&CARRIER.replace("m=audio 18226", "m=audio 0")), Err(SdpError::NoAudio));
    assert_eq!(parse(&CARRIER.replace("192.0.2.10", "media.example.org")), Err(SdpError::NoAudio));
    assert_eq!(parse(&format!("{CARRIER}{}", "a=x\r\n".repeat(4_000))), Err(SdpError::TooLong));
    assert_eq!(parse(&format!("{CARRIER}{}", "m=video 0 RTP/AVP 96\r\n".repeat(16))), Err(SdpError::TooLong));
}

proptest! {
    #[test]
    fn hostile_text_never_panics(text in "(v=0\r\n)?([a-z]=.{0,40}\r\n){0,12}") {
        sdp::parse(text.as_bytes()).ok();
    }

    /// A damaged offer is refused, or answered with a description that we can read ourselves.
    #[test]
    fn whatever_is_answered_is_answered_soundly(
        which in 0_usize..3, at in 0_usize..400, line in "[abmcot]=[ -~]{0,40}", drop in 0_usize..60,
    ) {
        let text = [CARRIER, PHONE, WITH_VIDEO][which];
        let at = at.min(text.len());
        let rest = (at + drop).min(text.len());
        let damaged = format!("{}{line}\r\n{}", &text[..at], &text[rest..]);
        if let Ok(remote) = sdp::parse(damaged.as_bytes())
            && let Some((answer, _)) = exchange("203.0.113.9").answer(&remote)
        {
            let ours = sdp::parse(answer.as_bytes());
            prop_assert!(ours.is_ok(), "{answer}");
            let ours = ours.expect("just checked");
            prop_assert_eq!(ours.lines.len(), remote.lines.len());
            prop_assert_eq!(ours.audio.line, remote.audio.line);
        }
    }

    /// Both ends of our own make agree, whatever each prefers.
    #[test]
    fn two_of_us_agree_on_the_answerers_first_common_codec(offered in codecs(), preferred in codecs()) {
        let local = |port| Local { session: 1, version: 1, address: "192.0.2.1".parse().expect("an address"), port };
        let mut caller = Exchange::new(local(4_000), offered.clone());
        let mut callee = Exchange::new(local(5_000), preferred.clone());
        let offer = sdp::parse(caller.offer().as_bytes()).expect("our own text");
        let expected = preferred.iter().find(|codec| offered.contains(codec));
        match callee.answer(&offer) {
            None => prop_assert_eq!(expected, None),
            Some((answer, _)) => {
                let answer = sdp::parse(answer.as_bytes()).expect("our own text");
                prop_assert!(caller.accept(&answer).is_some());
                let (a, b) = (caller.agreed().expect("agreed"), callee.agreed().expect("agreed"));
                prop_assert_eq!(Some(&a.codec), expected);
                prop_assert_eq!(a.outbound, b.inbound);
                prop_assert_eq!(a.inbound, b.outbound);
                prop_assert_eq!(a.dtmf, b.dtmf);
            }
        }
    }
}

fn codecs() -> impl Strategy<Value = Vec<CodecName>> {
    prop::sample::subsequence(PREFERENCE.to_vec(), 1..=4).prop_shuffle()
}
