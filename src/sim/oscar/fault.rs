//! What can go wrong at an operation, and how often. Several faults may strike one request.

use std::time::Duration;

use crate::sim::knob;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Does what was asked so much later, at most 30 s, whether or not the caller still waits, and answers then.
    Latency(Duration),
    /// Does what was asked at once and answers so much later, at most 30 s.
    LateReply(Duration),
    /// Takes the request, does nothing and never answers.
    Hang,
    /// Closes the connection before anything was done.
    DropRequest,
    /// Does what was asked and closes the connection instead of answering.
    DropReply,
    /// Does what was asked and resets the connection in the middle of the answer.
    Reset,
    /// A firewall's page with 403; nothing was done.
    Html403,
    /// A proxy's page with 503; nothing was done.
    Html503,
    /// Does what was asked and answers with XML that ends too soon.
    Malformed,
    /// `soap:Server`, as of a null pointer; nothing was done.
    Server,
    /// The front desk books the same time just before this is done.
    Rival,
    /// The front desk books the same time just after this is done.
    RivalAfter,
    /// The account has expired.
    Expired,
    /// The account has lost its rights.
    Role,
}

knob::named!(
    Fault,
    operations: "take its name from the WSDL (for REST from docs/emr.md)",
    example: "addAppointment=drop-reply",
    "hang" => Hang,
    "drop-request" => DropRequest,
    "drop-reply" => DropReply,
    "reset" => Reset,
    "html403" => Html403,
    "html503" => Html503,
    "malformed" => Malformed,
    "server" => Server,
    "rival" => Rival,
    "rival-after" => RivalAfter,
    "expired" => Expired,
    "role" => Role,
);

/// A fault of one operation of OSCAR's, or of all: an operation is named as in the WSDL.
pub type Knob = knob::Knob<Fault>;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::knob::Named;

    #[test]
    fn a_knob_is_read_as_it_is_written() {
        for text in ["addAppointment=drop-reply", "*=latency:3000", "a=late-reply:9", "getAppointment2=html503/2"] {
            assert_eq!(text.parse::<Knob>().unwrap().to_string(), text);
        }
        for (name, _) in Fault::NAMES {
            assert_eq!(format!("a={name}").parse::<Knob>().unwrap().to_string(), format!("a={name}"));
        }
    }

    #[test]
    fn what_is_no_knob_says_what_is_wanted() {
        let why = |text: &str| text.parse::<Knob>().unwrap_err().to_string();
        assert!(why("hang").contains("want OPERATION=FAULT"));
        assert!(why("a=tired").contains("drop-reply"));
        assert!(why("a=latency:31000").contains("30000"));
        assert!(why("a=hang/often").contains("number of requests"));
    }

    #[test]
    fn a_knob_strikes_as_often_as_it_says() {
        let mut knob = Knob::times("addAppointment", Fault::Hang, 1);
        assert_eq!(knob.strike("getAppointment2"), None);
        assert_eq!(knob.strike("addAppointment"), Some(Fault::Hang));
        assert_eq!(knob.strike("addAppointment"), None);
        assert_eq!(Knob::always("*", Fault::Reset).strike("login2"), Some(Fault::Reset));
    }
}
