//! What is done to the caller's sound before anybody hears it: `[media]` in the configuration, for every transport alike.
//!
//! All of it is off unless asked for: telephones and carriers clean what they send, recognisers are trained on it as it comes, and
//! with all three a leg costs 190 us of processor time a slot instead of 40.

use attendant_media::leg::LegConfig;
use serde::{Deserialize, Serialize};

/// `[media]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MediaConfig {
    /// Steady noise behind the caller is taken out: a fan, a car.
    pub noise_suppression: bool,
    /// A quiet caller is made louder.
    pub gain: bool,
    /// Our own voice, come back from a loudspeaker, is taken out of what the caller says.
    pub echo_control: bool,
}

impl MediaConfig {
    /// The leg as its transport agreed on it, with this done to what it hears.
    pub(super) fn of(self, leg: LegConfig) -> LegConfig {
        let Self { noise_suppression, gain, echo_control } = self;
        LegConfig { denoise: noise_suppression, gain, echo_control, ..leg }
    }
}

#[cfg(test)]
mod tests {
    use attendant_media::leg::{Codec, Format};

    use super::*;

    #[test]
    fn each_key_switches_what_it_names_and_nothing_else() {
        let plain = LegConfig::plain(Format { codec: Codec::Pcmu, payload_type: 0 }, 1);
        let switched = |text: &str| toml::from_str::<MediaConfig>(text).expect("it is a section").of(plain.clone());
        assert_eq!(switched(""), plain);
        assert_eq!(switched("noise_suppression = true"), LegConfig { denoise: true, ..plain.clone() });
        assert_eq!(switched("gain = true"), LegConfig { gain: true, ..plain.clone() });
        assert_eq!(switched("echo_control = true"), LegConfig { echo_control: true, ..plain });
    }
}
