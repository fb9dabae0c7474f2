//! The simulated vendors, and which faults mean nothing in the protocol of each, and at which moments: the table of vendor, fault and moment.

use super::fault::{Fault, Moment};

/// Whose protocol is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vendor {
    Nova,
    Flux,
    Google,
    SarvamEars,
    OpenAiEars,
    AzureEars,
    Cartesia,
    Azure,
    SarvamVoice,
    Qwen,
    GoogleVoice,
    OpenAiVoice,
    ElevenLabs,
}

/// What a vendor does for a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Does {
    Hears,
    Speaks,
}

/// How a voice is cancelled in the middle of what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CancelledBy {
    /// It says nothing.
    Nothing,
    /// It is told; its connection stays.
    Message,
    /// Its connection is left.
    Leaving,
    /// The answer to its request is left: it is asked for each clause anew.
    Clause,
}

const NO_LAST_WORDS: &str = "nobody asks it for last words";
const NOT_ASKED_TO_CANCEL: &str =
    "what it says is cancelled by leaving the connection, and nothing can come after that";
const IN_ORDER: &str = "its answer is one stream, in order";
const NO_AUDIO: &str = "it sends no audio";
const SAYS_NOTHING: &str = "it says nothing";
const HEARS_NOTHING: &str = "it hears nothing";
const FROM_THE_BEGINNING: &str = "its connection has it from the beginning, or not at all";
const NEVER_MADE: &str = "a connection that is never made stalls; one that is refused is refused by its status";
const STAYS: &str = "its connection stays when it is cancelled, and only a new one is refused";

impl Vendor {
    pub const ALL: [Self; 13] = [
        Self::Nova,
        Self::Flux,
        Self::Google,
        Self::SarvamEars,
        Self::OpenAiEars,
        Self::AzureEars,
        Self::Cartesia,
        Self::Azure,
        Self::SarvamVoice,
        Self::Qwen,
        Self::GoogleVoice,
        Self::OpenAiVoice,
        Self::ElevenLabs,
    ];

    /// For people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nova => "Deepgram's nova",
            Self::Flux => "Deepgram's Flux",
            Self::Google => "Google's recogniser",
            Self::SarvamEars => "Sarvam's recogniser",
            Self::OpenAiEars => "OpenAI's recogniser",
            Self::AzureEars => "Azure's recogniser",
            Self::GoogleVoice => "Google's voice",
            Self::OpenAiVoice => "OpenAI's voice",
            Self::ElevenLabs => "ElevenLabs",
            Self::Cartesia => "Cartesia",
            Self::Azure => "Azure",
            Self::SarvamVoice => "Sarvam's voice",
            Self::Qwen => "Qwen",
        }
    }

    pub const fn does(self) -> Does {
        match self {
            Self::Nova | Self::Flux | Self::Google | Self::SarvamEars | Self::OpenAiEars | Self::AzureEars => {
                Does::Hears
            }
            Self::Cartesia
            | Self::Azure
            | Self::SarvamVoice
            | Self::Qwen
            | Self::GoogleVoice
            | Self::OpenAiVoice
            | Self::ElevenLabs => Does::Speaks,
        }
    }

    pub(super) const fn cancelled_by(self) -> CancelledBy {
        match self {
            Self::Nova | Self::Flux | Self::Google | Self::SarvamEars | Self::OpenAiEars | Self::AzureEars => {
                CancelledBy::Nothing
            }
            Self::Cartesia | Self::ElevenLabs => CancelledBy::Message,
            Self::SarvamVoice | Self::Qwen => CancelledBy::Leaving,
            Self::Azure | Self::GoogleVoice | Self::OpenAiVoice => CancelledBy::Clause,
        }
    }

    /// Why it cannot have this fault at this moment; `None`: it can.
    pub const fn cannot_have_at(self, fault: Fault, at: Moment) -> Option<&'static str> {
        if let Some(why) = self.cannot_have(fault) {
            return Some(why);
        }
        let is_within = matches!(fault, Fault::Stalls | Fault::Errors | Fault::Breaks);
        let is_refusal = matches!(fault, Fault::Unauthorised | Fault::Limits | Fault::Fails);
        let is_asked_anew = matches!(self, Self::Azure | Self::OpenAiVoice);
        match (at, self.does()) {
            (Moment::Usual, _) => None,
            (Moment::Connecting, _) if matches!(fault, Fault::Stalls) => None,
            (Moment::Connecting, _) => Some(NEVER_MADE),
            (Moment::LastWords | Moment::Between, Does::Hears) if is_within => None,
            (Moment::SecondVoice, Does::Hears) if is_within || matches!(fault, Fault::Deaf) => None,
            // A clause is a request; Google's are streams of a connection, which has the fault.
            (Moment::Words(_), Does::Speaks) if is_within || is_asked_anew || matches!(fault, Fault::Silence) => None,
            (Moment::LastWords | Moment::Between | Moment::SecondVoice, Does::Hears)
            | (Moment::Words(_), Does::Speaks) => Some(FROM_THE_BEGINNING),
            (Moment::Cancelled, Does::Speaks) if is_refusal && matches!(self.cancelled_by(), CancelledBy::Message) => {
                Some(STAYS)
            }
            (Moment::Cancelled, Does::Speaks) => None,
            (Moment::LastWords | Moment::Between, Does::Speaks) => Some(NO_LAST_WORDS),
            (Moment::SecondVoice, Does::Speaks) => Some(HEARS_NOTHING),
            (Moment::Words(_) | Moment::Cancelled, Does::Hears) => Some(SAYS_NOTHING),
        }
    }

    /// Why it cannot have this fault; `None`: it can.
    pub const fn cannot_have(self, fault: Fault) -> Option<&'static str> {
        match fault {
            Fault::Slow
            | Fault::Lags
            | Fault::Stalls
            | Fault::Deaf
            | Fault::Errors
            | Fault::Breaks
            | Fault::Empty
            | Fault::Unauthorised
            | Fault::Limits
            | Fault::Fails => None,
            Fault::Disorder => match self {
                Self::Nova | Self::Google | Self::SarvamEars | Self::OpenAiEars => None,
                Self::Flux | Self::AzureEars => Some("it tells each turn whole, one after the other"),
                Self::Cartesia
                | Self::Azure
                | Self::SarvamVoice
                | Self::Qwen
                | Self::GoogleVoice
                | Self::OpenAiVoice
                | Self::ElevenLabs => Some(IN_ORDER),
            },
            Fault::Unanswered => match self.does() {
                Does::Hears => None,
                Does::Speaks => Some(NO_LAST_WORDS),
            },
            Fault::Late => match (self, self.does()) {
                (Self::Cartesia | Self::ElevenLabs, _) => None,
                (_, Does::Speaks) => Some(NOT_ASKED_TO_CANCEL),
                (_, Does::Hears) => Some("nothing that it says is cancelled"),
            },
            Fault::Silence => match self.does() {
                Does::Speaks => None,
                Does::Hears => Some(NO_AUDIO),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// At the usual moment it is what it can have at all; at every other somebody can have something.
    #[test]
    fn a_moment_is_for_who_has_it() {
        use clap::ValueEnum;
        for vendor in Vendor::ALL {
            let faults = |at| {
                let all = Fault::value_variants().iter().copied();
                all.filter(|fault| vendor.cannot_have_at(*fault, at).is_none()).collect::<Vec<_>>()
            };
            let hears = vendor.does() == Does::Hears;
            let within = vec![Fault::Stalls, Fault::Errors, Fault::Breaks];
            let of_hearing = if hears { within.clone() } else { Vec::new() };
            assert_eq!(faults(Moment::Connecting), [Fault::Stalls], "{vendor:?}");
            assert_eq!([faults(Moment::LastWords), faults(Moment::Between)], [of_hearing.clone(), of_hearing]);
            let over = [Fault::Stalls, Fault::Deaf, Fault::Errors, Fault::Breaks];
            assert_eq!(faults(Moment::SecondVoice), if hears { over.to_vec() } else { Vec::new() }, "{vendor:?}");
            for at in [Moment::Words(4), Moment::Cancelled] {
                let struck = faults(at);
                assert_eq!(struck.is_empty(), hears, "{vendor:?} {at:?}");
                assert!(hears || within.iter().all(|fault| struck.contains(fault)), "{vendor:?} {at:?}: {struck:?}");
            }
            let usual = Fault::value_variants().iter().filter(|fault| vendor.cannot_have(**fault).is_none());
            assert!(usual.eq(&faults(Moment::Usual)), "{vendor:?}");
        }
    }

    /// What can be asked for is what somebody can have.
    #[test]
    fn a_fault_is_offered_for_what_a_vendor_does_if_one_of_them_can_have_it() {
        use clap::ValueEnum;
        for (does, offered) in [(Does::Hears, &Fault::OF_HEARING[..]), (Does::Speaks, &Fault::OF_SPEAKING)] {
            for fault in Fault::value_variants() {
                let mut of_these = Vendor::ALL.into_iter().filter(|vendor| vendor.does() == does);
                let possible = of_these.any(|vendor| vendor.cannot_have(*fault).is_none());
                assert_eq!(offered.contains(fault), possible, "{does:?} {fault:?}");
            }
        }
    }
}
