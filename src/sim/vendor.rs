//! The simulated vendors, and which faults mean nothing in the protocol of each: the table of vendor and fault.

use super::fault::Fault;

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

const NO_LAST_WORDS: &str = "nobody asks it for last words";
const NOT_ASKED_TO_CANCEL: &str =
    "what it says is cancelled by leaving the connection, and nothing can come after that";
const IN_ORDER: &str = "its answer is one stream, in order";
const NO_AUDIO: &str = "it sends no audio";
const HEARS_NOTHING: &str = "a recogniser that hears no words is one that is deaf";

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

    /// Why it cannot have this fault; `None`: it can.
    pub const fn cannot_have(self, fault: Fault) -> Option<&'static str> {
        match fault {
            Fault::Slow
            | Fault::Stalls
            | Fault::Deaf
            | Fault::Errors
            | Fault::Breaks
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
            Fault::Empty => match self.does() {
                Does::Speaks => None,
                Does::Hears => Some(HEARS_NOTHING),
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
