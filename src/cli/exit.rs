//! Exit codes, as in sysexits.h, so that a service manager can tell a mistake from a mishap.

use std::process::ExitCode;

/// Shown at the end of `--help`.
pub(super) const TABLE: &str = "\
Exit codes:
  0   done
  1   done, and something was found wrong: a call that failed, a problem in a load run
  64  wrong usage or configuration: nothing was started
  69  something needed is not available: a port, a model, a program, the other side
  70  a fault in attendant itself";

/// How a command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Done,
    /// The command did its work and found something wrong.
    Found,
    Usage,
    Unavailable,
    Internal,
}

impl Exit {
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Found => 1,
            Self::Usage => 64,
            Self::Unavailable => 69,
            Self::Internal => 70,
        }
    }
}

/// Why a command could not do its work: said on standard error.
#[derive(Debug)]
pub struct Failure {
    pub exit: Exit,
    pub why: anyhow::Error,
}

impl Failure {
    pub(super) fn usage(why: impl Into<anyhow::Error>) -> Self {
        Self { exit: Exit::Usage, why: why.into() }
    }

    pub(super) fn unavailable(why: impl Into<anyhow::Error>) -> Self {
        Self { exit: Exit::Unavailable, why: why.into() }
    }

    pub(super) fn internal(why: impl Into<anyhow::Error>) -> Self {
        Self { exit: Exit::Internal, why: why.into() }
    }
}

/// clap's own messages; help and version are no mistakes.
pub(super) fn usage(error: &clap::Error) -> ExitCode {
    // Nothing is left to do if the message itself cannot be printed.
    let printed = error.print().is_ok();
    let asked_for_help = error.exit_code() == 0 && printed;
    ExitCode::from(if asked_for_help { Exit::Done.code() } else { Exit::Usage.code() })
}

pub(super) fn report(done: Result<Exit, Failure>) -> ExitCode {
    let exit = match done {
        Ok(exit) => exit,
        Err(failure) => {
            eprintln!("attendant: {:#}", failure.why);
            failure.exit
        }
    };
    ExitCode::from(exit.code())
}
