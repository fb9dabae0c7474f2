//! Faults of a simulated EMR as they are asked for: at which operation, which, and how often.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Longer than any client waits.
const LONGEST_LATENCY: Duration = Duration::from_secs(30);

/// Any operation.
const ANY: &str = "*";

const LATENCY: &str = "latency";
const LATE_REPLY: &str = "late-reply";

/// The faults of one simulator.
pub trait Named: Copy + PartialEq + fmt::Debug + fmt::Display + Send + Sync + 'static {
    /// As on the command line, but for those that last.
    const NAMES: &'static [(&'static str, Self)];
    /// Where names of operations are found.
    const OPERATIONS: &'static str;
    /// What is wanted, for whoever wrote something else.
    const EXAMPLE: &'static str;

    /// Does what was asked so much later, at most 30 s, whether or not the caller still waits, and answers then.
    fn latency(by: Duration) -> Self;

    /// Does what was asked at once and answers so much later, at most 30 s.
    fn late_reply(by: Duration) -> Self;
}

/// What those that last are called, before the colon and the milliseconds.
pub(super) const LASTING: [&str; 2] = [LATENCY, LATE_REPLY];

/// An enum of faults, of which `Latency` and `LateReply` last and the others have these names.
macro_rules! named {
    ($fault:ident, operations: $operations:literal, example: $example:literal, $($name:literal => $variant:ident,)+) => {
        impl $crate::sim::knob::Named for $fault {
            const NAMES: &'static [(&'static str, Self)] = &[$(($name, Self::$variant)),+];
            const OPERATIONS: &'static str = $operations;
            const EXAMPLE: &'static str = $example;

            fn latency(by: std::time::Duration) -> Self {
                Self::Latency(by)
            }

            fn late_reply(by: std::time::Duration) -> Self {
                Self::LateReply(by)
            }
        }

        impl std::fmt::Display for $fault {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let [latency, late_reply] = $crate::sim::knob::LASTING;
                match self {
                    Self::Latency(by) => write!(f, "{latency}:{}", by.as_millis()),
                    Self::LateReply(by) => write!(f, "{late_reply}:{}", by.as_millis()),
                    $(Self::$variant => f.write_str($name),)+
                }
            }
        }
    };
}

pub(super) use named;

/// A fault of one operation, or of all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Knob<F> {
    operation: String,
    fault: F,
    /// Requests that it spares first.
    spared: u32,
    /// None: every time.
    left: Option<u32>,
}

impl<F: Named> Knob<F> {
    /// `*`: at every operation.
    pub fn always(operation: &str, fault: F) -> Self {
        Self { operation: operation.to_owned(), fault, spared: 0, left: None }
    }

    /// For the next so many requests.
    pub fn times(operation: &str, fault: F, times: u32) -> Self {
        Self { left: Some(times), ..Self::always(operation, fault) }
    }

    /// It spares the first so many of those requests.
    #[must_use]
    pub fn after(self, spared: u32) -> Self {
        Self { spared, ..self }
    }

    pub(super) fn operation(&self) -> Option<&str> {
        (self.operation != ANY).then_some(self.operation.as_str())
    }

    /// The fault, if it strikes a request for this operation.
    pub(super) fn strike(&mut self, operation: &str) -> Option<F> {
        if self.operation != ANY && self.operation != operation {
            return None;
        }
        if self.spared > 0 {
            self.spared -= 1;
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

impl<F: Named> fmt::Display for Knob<F> {
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
    pub(super) fn unknown_operation<F: Named>(knob: &Knob<F>) -> Self {
        Self { text: knob.to_string(), why: format!("there is no such operation; {}, or *", F::OPERATIONS) }
    }
}

impl<F: Named> FromStr for Knob<F> {
    type Err = NotAKnob;

    /// `addAppointment=drop-reply`, `*=latency:3000`, `getAppointment2=html503/2` for two requests.
    fn from_str(text: &str) -> Result<Self, NotAKnob> {
        let wrong = |why: String| NotAKnob { text: text.to_owned(), why };
        let (operation, fault) = text
            .split_once('=')
            .filter(|(operation, _)| !operation.is_empty())
            .ok_or_else(|| wrong(format!("want OPERATION=FAULT, such as {}", F::EXAMPLE)))?;
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
                if name == LATENCY { F::latency(by) } else { F::late_reply(by) }
            }
            _ => F::NAMES.iter().find(|(name, _)| *name == fault).map(|(_, fault)| *fault).ok_or_else(|| {
                let names: Vec<_> = F::NAMES.iter().map(|(name, _)| *name).collect();
                wrong(format!("no such fault; want {LATENCY}:MS, {LATE_REPLY}:MS, {}", names.join(", ")))
            })?,
        };
        Ok(Self { operation: operation.to_owned(), fault, spared: 0, left })
    }
}
