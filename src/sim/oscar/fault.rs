//! What can go wrong at an operation, and how often. Several faults may strike one request.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Longer than any client waits.
const LONGEST_LATENCY: Duration = Duration::from_secs(30);

/// Any operation.
const ANY: &str = "*";

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

/// Names as on the command line.
const NAMES: [(&str, Fault); 12] = [
    ("hang", Fault::Hang),
    ("drop-request", Fault::DropRequest),
    ("drop-reply", Fault::DropReply),
    ("reset", Fault::Reset),
    ("html403", Fault::Html403),
    ("html503", Fault::Html503),
    ("malformed", Fault::Malformed),
    ("server", Fault::Server),
    ("rival", Fault::Rival),
    ("rival-after", Fault::RivalAfter),
    ("expired", Fault::Expired),
    ("role", Fault::Role),
];

const LATENCY: &str = "latency";
const LATE_REPLY: &str = "late-reply";

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latency(by) => write!(f, "{LATENCY}:{}", by.as_millis()),
            Self::LateReply(by) => write!(f, "{LATE_REPLY}:{}", by.as_millis()),
            other => {
                let named = NAMES.iter().find(|(_, fault)| fault == other);
                f.write_str(named.map_or("", |(name, _)| name))
            }
        }
    }
}

/// A fault of one operation, or of all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Knob {
    operation: String,
    fault: Fault,
    /// None: every time.
    left: Option<u32>,
}

impl Knob {
    /// `operation` as in the WSDL, or `*`.
    pub fn always(operation: &str, fault: Fault) -> Self {
        Self { operation: operation.to_owned(), fault, left: None }
    }

    /// For the next so many requests.
    pub fn times(operation: &str, fault: Fault, times: u32) -> Self {
        Self { left: Some(times), ..Self::always(operation, fault) }
    }

    pub(super) fn operation(&self) -> Option<&str> {
        (self.operation != ANY).then_some(self.operation.as_str())
    }

    /// The fault, if it strikes a request for this operation.
    pub(super) fn strike(&mut self, operation: &str) -> Option<Fault> {
        if self.operation != ANY && self.operation != operation {
            return None;
        }
        match &mut self.left {
            None => Some(self.fault),
            Some(0) => None,
            Some(left) => {
                *left -= 1;
                Some(self.fault)
            }
        }
    }
}

impl fmt::Display for Knob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.operation, self.fault)?;
        self.left.map_or(Ok(()), |left| write!(f, "/{left}"))
    }
}

/// Not `OPERATION=FAULT`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}`: {why}")]
pub struct NotAKnob {
    text: String,
    why: String,
}

impl NotAKnob {
    pub(super) fn unknown_operation(knob: &Knob) -> Self {
        Self {
            text: knob.to_string(),
            why: "there is no such operation; take its name from the WSDL (for REST from docs/emr.md), or *".to_owned(),
        }
    }
}

impl FromStr for Knob {
    type Err = NotAKnob;

    /// `addAppointment=drop-reply`, `*=latency:3000`, `getAppointment2=html503/2` for two requests.
    fn from_str(text: &str) -> Result<Self, NotAKnob> {
        let wrong = |why: String| NotAKnob { text: text.to_owned(), why };
        let (operation, fault) = text
            .split_once('=')
            .filter(|(operation, _)| !operation.is_empty())
            .ok_or_else(|| wrong("want OPERATION=FAULT, such as addAppointment=drop-reply".to_owned()))?;
        let (fault, left) = match fault.split_once('/') {
            Some((fault, times)) => {
                let times = times.parse().map_err(|_| wrong(format!("`{times}` is no number of requests")))?;
                (fault, Some(times))
            }
            None => (fault, None),
        };
        let fault = match fault.split_once(':') {
            Some((name @ (LATENCY | LATE_REPLY), ms)) => {
                let by = ms.parse().ok().map(Duration::from_millis).filter(|by| *by <= LONGEST_LATENCY);
                let by = by.ok_or_else(|| wrong(format!("want {name}:0 to {name}:30000, in milliseconds")))?;
                if name == LATENCY { Fault::Latency(by) } else { Fault::LateReply(by) }
            }
            _ => NAMES.iter().find(|(name, _)| *name == fault).map(|(_, fault)| *fault).ok_or_else(|| {
                let names: Vec<_> = NAMES.iter().map(|(name, _)| *name).collect();
                wrong(format!("no such fault; want {LATENCY}:MS, {LATE_REPLY}:MS, {}", names.join(", ")))
            })?,
        };
        Ok(Self { operation: operation.to_owned(), fault, left })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_knob_is_read_as_it_is_written() {
        for text in ["addAppointment=drop-reply", "*=latency:3000", "a=late-reply:9", "getAppointment2=html503/2"] {
            assert_eq!(text.parse::<Knob>().unwrap().to_string(), text);
        }
        for (name, _) in NAMES {
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
