//! What one request to a model costs, as far as is known while it goes on.

use crate::agent::llm::{self, Delta, Model, Request};
use crate::costs::estimate::{self, Length};
use crate::costs::{Charge, Kind, Meter, Usage};
use crate::provider::{ErrorKind, ProviderError};

pub(super) struct OneBill {
    charge: Option<Charge>,
    answered: Length,
    source: Source,
}

/// Whose count of tokens it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    /// Ours, and nothing was answered yet.
    Asked,
    /// Ours.
    Answering,
    Vendor,
}

impl OneBill {
    /// `None`: nobody is paid for this model.
    pub(super) fn open(model: &dyn Model, request: &Request, meter: &Meter) -> Option<Self> {
        let paid = model.paid_as()?;
        let usage = Usage { requests: 1, estimated: 1, tokens_in: estimate::prompt(request), ..Usage::default() };
        let charge = Some(meter.charge(Kind::Thinking, paid, usage));
        Some(Self { charge, answered: Length::default(), source: Source::Asked })
    }

    pub(super) fn piece(&mut self, piece: &Result<Option<Delta>, ProviderError>) {
        match (piece, self.source) {
            (Ok(Some(Delta::Usage(usage))), Source::Asked | Source::Answering | Source::Vendor) => self.told(*usage),
            (Ok(Some(Delta::Text(text))), Source::Asked | Source::Answering) => self.answered(text.reveal()),
            (Ok(Some(Delta::ToolCall(piece))), Source::Asked | Source::Answering) => {
                self.answered(piece.name.as_deref().unwrap_or_default());
                self.answered(piece.arguments.reveal());
            }
            (Ok(Some(Delta::Finish(_)) | None), Source::Asked) => self.source = Source::Answering,
            // Refused, or never asked. One that was silent until the deadline may have been worked on.
            (Err(error), Source::Asked) if error.kind != ErrorKind::Timeout => {
                if let Some(charge) = self.charge.take() {
                    charge.waive();
                }
            }
            (Err(_), Source::Asked | Source::Answering | Source::Vendor)
            | (Ok(Some(Delta::Text(_) | Delta::ToolCall(_))), Source::Vendor)
            | (Ok(Some(Delta::Finish(_)) | None), Source::Answering | Source::Vendor) => {}
        }
    }

    fn answered(&mut self, text: &str) {
        self.source = Source::Answering;
        self.answered = self.answered.and(text);
        let tokens_out = self.answered.tokens();
        if let Some(charge) = &mut self.charge {
            charge.instead(Usage { tokens_out, ..charge.usage() });
        }
    }

    /// Some vendors send a running count: the last one is right. Of an answer that has only begun the rest is ours.
    fn told(&mut self, usage: llm::Usage) {
        let llm::Usage { prompt, cached: tokens_cached, written: tokens_written, answer } = usage;
        let tokens_in = prompt.saturating_sub(tokens_cached).saturating_sub(tokens_written);
        (self.source, self.answered) = match answer {
            Some(_) => (Source::Vendor, self.answered),
            None => (Source::Answering, Length::default()),
        };
        if let Some(charge) = &mut self.charge {
            let (tokens_out, estimated) = (answer.unwrap_or(0), u64::from(answer.is_none()));
            let sent = Usage { requests: 1, tokens_in, tokens_cached, tokens_written, ..Usage::default() };
            charge.instead(Usage { tokens_out, estimated, ..sent });
        }
    }
}
