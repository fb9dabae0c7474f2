//! One call's ears at Deepgram: a connection, the caller's audio on its way there, and what comes back.
//!
//! It gives up, and says why, when it cannot connect in time, when Deepgram says nothing although a voice is heard, or when the
//! connection breaks while anything is owed. The audio that arrives while it connects waits in the session's queue. A change of language
//! is a new connection; so is the first sound after the vendor closed one over which nothing was sent.

use std::sync::Arc;

use attendant_media::frame::{Frame, Samples};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_tungstenite::tungstenite::http::header::AUTHORIZATION;

use super::clock::Clock;
use super::connection::{Bill, Connection};
use super::flux::Due;
use super::request::NovaTakes;
use super::{DeepgramOwn, Model, failed, flux, request};
use crate::language::Language;
use crate::provider::account::Reached;
use crate::provider::socket::Incoming;
use crate::provider::{ErrorKind, ProviderError};
use crate::stt::gate::Gate;
use crate::stt::{Event, Hints, Input, Reports, Setup};

pub(super) async fn run(
    shared: Arc<Reached<DeepgramOwn>>,
    setup: Setup,
    inputs: mpsc::Receiver<Input>,
    reports: Reports,
) {
    let nova = NovaTakes::at(&shared.address);
    Session::new(shared, setup, inputs, reports, nova).serve().await;
}

struct Session {
    shared: Arc<Reached<DeepgramOwn>>,
    nova: NovaTakes,
    language: Language,
    hints: Hints,
    inputs: mpsc::Receiver<Input>,
    reports: Reports,
    /// What of the audio is sent.
    gate: Gate,
}

/// Why a connection was left without a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    /// The call needs this session no more.
    Over,
    /// Another language is spoken from now on.
    OtherLanguage,
    /// The vendor closed it while nothing was sent and nothing owed.
    Idle,
}

impl Session {
    fn new(
        shared: Arc<Reached<DeepgramOwn>>,
        Setup { language, hints }: Setup,
        inputs: mpsc::Receiver<Input>,
        reports: Reports,
        nova: NovaTakes,
    ) -> Self {
        Self { shared, nova, language, hints, inputs, reports, gate: Gate::default() }
    }

    async fn serve(mut self) {
        if let Some(error) = self.connections().await {
            // A call that is gone meanwhile need not be told.
            self.reports.send(Event::Failed(error)).await;
        }
    }

    async fn connections(&mut self) -> Option<ProviderError> {
        let mut told = false;
        let mut sound = Vec::new();
        loop {
            let connected = tokio::select! {
                connected = self.connect() => connected,
                // Connecting, too, ends with the call.
                () = self.reports.mailbox.closed() => return None,
            };
            let mut connection = match connected {
                Ok(connection) => connection,
                Err(error) => return Some(error),
            };
            if !told && !self.reports.send(Event::Ready).await {
                return None;
            }
            told = true;
            let left = self.talk(&mut connection, std::mem::take(&mut sound)).await;
            match left {
                Ok(Left::Over) => {
                    connection.bye().await;
                    return None;
                }
                Ok(Left::OtherLanguage) => {
                    // Its words are reported; the vendor need not be waited for.
                    tokio::spawn(connection.bye());
                }
                Ok(Left::Idle) => {
                    metrics::counter!("deepgram_idle_closes_total").increment(1);
                    drop(connection);
                    // `None`: the call is over, without a fault.
                    sound = self.until_sound().await?;
                }
                Err(error) => return Some(error),
            }
        }
    }

    async fn connect(&self) -> Result<Connection, ProviderError> {
        let shared = &self.shared;
        let Some(model) = shared.config.own.model.of(self.language) else {
            let what = format!("flux does not know {}; write model = \"auto\" or \"nova-3\"", self.language);
            return Err(failed(ErrorKind::Request, &what));
        };
        let patience = shared.config.own.connect_ms.duration();
        let deadline = Instant::now() + patience;
        let url = request::address(&shared.config, &shared.address, model, self.language, &self.hints);
        let mut link = shared.connector.connect(&url, [shared.key(AUTHORIZATION, "Token ")?], patience).await?;
        if model == Model::Flux {
            let ready = async {
                let mut reading = flux::Reading::default();
                loop {
                    if let Incoming::Text(text) = link.next().await?
                        && reading.read(&text, &Clock::default(), &mut Vec::new())? == Due::Ready
                    {
                        return Ok(());
                    }
                }
            };
            timeout_at(deadline, ready)
                .await
                .map_err(|_| failed(ErrorKind::Timeout, "connected, and not ready in time"))??;
        }
        let meter = self.reports.mailbox.meter().clone();
        Ok(Connection::new(link, model, Bill { model: model.name(self.language), meter }))
    }

    /// `sound`: what was heard before there was this connection.
    async fn talk(&mut self, connection: &mut Connection, sound: Vec<(Samples, Frame)>) -> Result<Left, ProviderError> {
        let silence = self.shared.config.own.silence_ms.duration();
        connection.voice(self.gate.has_voice());
        for (at, frame) in sound {
            connection.audio(at, &frame).await?;
        }
        loop {
            let due = connection.due(silence);
            let left = tokio::select! {
                biased;
                incoming = connection.link.next() => match incoming {
                    Ok(incoming) => connection.incoming(incoming).await.map(|()| None),
                    Err(error) => Err(error),
                },
                input = self.inputs.recv() => match input {
                    Some(input) => self.input(input, connection).await,
                    None => return Ok(Left::Over),
                },
                () = sleep_until(due) => connection.time_passed(silence).await.map(|()| None),
            };
            let left = match left {
                // A fault of ours, or a refusal, would be there again.
                Err(error) if error.kind == ErrorKind::Connection && connection.is_idle() => Some(Left::Idle),
                left => left?,
            };
            if !self.report(connection).await {
                return Ok(Left::Over);
            }
            if let Some(left) = left {
                return Ok(left);
            }
        }
    }

    /// The first audio that is worth sending, for which alone a connection is needed; `None` once the call is over.
    async fn until_sound(&mut self) -> Option<Vec<(Samples, Frame)>> {
        loop {
            match self.inputs.recv().await? {
                Input::Audio { at, frame } => {
                    let sound: Vec<_> = self.gate.take(at, &frame).collect();
                    if !sound.is_empty() {
                        return Some(sound);
                    }
                }
                Input::SpeechStart { .. } => self.gate.voice(true),
                Input::SpeechEnd { .. } => self.gate.voice(false),
                Input::Flush { up_to } => {
                    if !self.reports.send(Event::Flushed { up_to }).await {
                        return None;
                    }
                }
                Input::Hints(hints) => self.hints = hints,
                Input::Language(language) => self.language = language,
            }
        }
    }

    /// `false` once the call is gone.
    async fn report(&self, connection: &mut Connection) -> bool {
        for event in connection.said.drain(..) {
            if !self.reports.send(event).await {
                return false;
            }
        }
        true
    }

    /// What the connection is told of this, if it is new to it and not left for the next one.
    fn configure(&self, hints: &Hints, model: Model) -> Option<String> {
        let are_other_words = request::keyterms(hints).ne(request::keyterms(&self.hints));
        match model {
            Model::Flux => (*hints != self.hints).then(|| request::configure_flux(&self.shared.config, hints)),
            Model::Nova => {
                let is_told = are_other_words && self.nova == NovaTakes::AtAnyTime;
                is_told.then(|| request::configure_nova(hints))
            }
        }
    }

    /// Why the connection is to be left, if it is.
    async fn input(&mut self, input: Input, connection: &mut Connection) -> Result<Option<Left>, ProviderError> {
        match input {
            Input::Audio { at, frame } => {
                for (at, frame) in self.gate.take(at, &frame) {
                    connection.audio(at, &frame).await?;
                }
                if !self.gate.is_open() {
                    connection.rest().await?;
                }
            }
            Input::SpeechStart { .. } => {
                self.gate.voice(true);
                connection.voice(true);
            }
            Input::SpeechEnd { .. } => {
                self.gate.voice(false);
                connection.voice(false);
            }
            Input::Flush { up_to } => connection.flush(up_to).await?,
            Input::Hints(hints) => {
                let configure = self.configure(&hints, connection.model());
                self.hints = hints;
                if let Some(configure) = configure {
                    connection.link.text(configure).await?;
                }
            }
            Input::Language(language) if language != self.language => {
                self.language = language;
                connection.settle();
                return Ok(Some(Left::OtherLanguage));
            }
            Input::Language(_) => {}
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests;
