//! What can go wrong at an operation. Several faults may strike one request.

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
    /// A proxy's page with 503; nothing was done.
    Html503,
    /// 500 with an OperationOutcome; nothing was done.
    Server,
    /// Does what was asked and answers 500 with an OperationOutcome.
    DoneThenServer,
    /// 429 with Retry-After; nothing was done.
    Limited,
    /// 401: the token is not taken; nothing was done.
    Expired,
    /// 403: the token lacks the scope; nothing was done.
    Scope,
    /// 412: somebody changed it just before.
    Stale,
    /// 409, as some servers say it: somebody changed it just before.
    Overtaken,
    /// A read is answered with another resource of the same kind.
    Another,
    /// Does what was asked and answers with half of the JSON.
    Malformed,
    /// The front desk books the same time just before this is done.
    Rival,
    /// The front desk books the same time just after this is done.
    RivalAfter,
    /// The front desk books the same time for the same patient just before this is done.
    Twin,
}

knob::named!(
    Fault,
    operations: "take its name from docs/fhir.md, such as Appointment.create",
    example: "Appointment.create=drop-reply",
    "hang" => Hang,
    "drop-request" => DropRequest,
    "drop-reply" => DropReply,
    "reset" => Reset,
    "html503" => Html503,
    "server" => Server,
    "done-then-server" => DoneThenServer,
    "limited" => Limited,
    "expired" => Expired,
    "scope" => Scope,
    "stale" => Stale,
    "overtaken" => Overtaken,
    "another" => Another,
    "malformed" => Malformed,
    "rival" => Rival,
    "rival-after" => RivalAfter,
    "twin" => Twin,
);

/// A fault of one operation, such as `Appointment.create`, or of all.
pub type Knob = knob::Knob<Fault>;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::knob::Named;

    #[test]
    fn a_knob_is_read_as_it_is_written() {
        for (name, _) in Fault::NAMES {
            let text = format!("Appointment.create={name}/2");
            assert_eq!(text.parse::<Knob>().unwrap().to_string(), text);
        }
        assert!("x".parse::<Knob>().unwrap_err().to_string().contains("Appointment.create=drop-reply"));
    }
}
