//! How a session stands to its vendor: connected, about to be, or neither. Inputs are heard meanwhile; what waits to be sent is the session's.

use std::future::pending;

use attendant_media::speech::SpeechId;

use super::Connecting;
use crate::language::Language;
use crate::provider::ProviderError;
use crate::provider::socket::{Incoming, Link};

/// A connection.
pub(super) struct Line {
    pub(super) link: Link,
    pub(super) language: Language,
    /// Contexts that were stopped, and have not ended.
    pub(super) left: usize,
}

/// For whom a connection is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asker {
    /// Nobody yet: it is made ahead.
    Nobody,
    /// The first utterance of a session, which is about to come.
    Next,
    /// What cannot be said without it.
    Utterance(SpeechId),
}

/// A connection that is being made.
pub(super) struct Coming {
    connecting: Connecting,
    language: Language,
    asker: Asker,
}

/// See the module header.
#[derive(Default)]
pub(super) enum Way {
    #[default]
    Closed,
    Coming(Coming),
    Open(Box<Line>),
}

/// What became of it.
pub(super) enum Happened {
    Connected,
    /// It cannot be made, for who asked for it.
    Refused(ProviderError, Asker),
    Said(Result<Incoming, ProviderError>),
}

impl Way {
    /// What was begun before is given up.
    pub(super) fn connect(&mut self, connecting: Connecting, language: Language, asker: Asker) {
        *self = Self::Coming(Coming { connecting, language, asker });
    }

    /// For which language it is, or will be, connected.
    pub(super) fn language(&self) -> Option<Language> {
        match self {
            Self::Closed => None,
            Self::Coming(coming) => Some(coming.language),
            Self::Open(line) => Some(line.language),
        }
    }

    pub(super) fn line(&mut self) -> Option<&mut Line> {
        match self {
            Self::Closed | Self::Coming(_) => None,
            Self::Open(line) => Some(line),
        }
    }

    /// Takes the connection, if there is one; one that is being made is given up.
    pub(super) fn take(&mut self) -> Option<Line> {
        match std::mem::take(self) {
            Self::Closed | Self::Coming(_) => None,
            Self::Open(line) => Some(*line),
        }
    }

    /// Cancel safe.
    pub(super) async fn next(&mut self) -> Happened {
        match self {
            Self::Closed => pending().await,
            Self::Coming(coming) => {
                let made = coming.connecting.as_mut().await;
                let (language, asker) = (coming.language, coming.asker);
                match made {
                    Ok(link) => {
                        *self = Self::Open(Box::new(Line { link, language, left: 0 }));
                        Happened::Connected
                    }
                    Err(error) => {
                        *self = Self::Closed;
                        Happened::Refused(error, asker)
                    }
                }
            }
            Self::Open(line) => Happened::Said(line.link.next().await),
        }
    }
}
