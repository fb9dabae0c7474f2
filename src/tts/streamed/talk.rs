//! A voice's connection over a WebSocket: what a vendor's protocol says there, and what its messages mean.

use std::sync::Arc;

use async_trait::async_trait;

use super::{News, Wire};
use crate::language::Language;
use crate::provider::ProviderError;
use crate::provider::socket::{Incoming, Link};

/// What a vendor's protocol says where others differ.
pub(in crate::tts) trait Messages: Send + Sync + 'static {
    /// The messages that make a new connection speak this language.
    fn prepare(&self, language: Language) -> Vec<String>;

    /// The messages that have a piece of text spoken at once.
    fn speak(&self, text: &str) -> Vec<String>;

    fn read(&self, message: &str) -> Result<News, ProviderError>;

    /// What keeps a connection from being closed when nothing is said; `None`: a ping frame.
    fn keep_alive(&self) -> Option<String>;
}

/// See the module header.
pub(in crate::tts) struct Talk {
    link: Link,
    vendor: Arc<dyn Messages>,
    /// For this language, if for any.
    prepared: Option<Language>,
}

impl Talk {
    pub(in crate::tts) fn over(link: Link, vendor: Arc<dyn Messages>) -> Box<dyn Wire> {
        Box::new(Self { link, vendor, prepared: None })
    }
}

#[async_trait]
impl Wire for Talk {
    fn takes(&mut self, language: Language) -> bool {
        self.prepared.is_none_or(|prepared| prepared == language)
    }

    async fn speak(&mut self, language: Language, text: &str) -> Result<(), ProviderError> {
        let first = if self.prepared.is_none() { self.vendor.prepare(language) } else { Vec::new() };
        self.prepared = Some(language);
        for message in first.into_iter().chain(self.vendor.speak(text)) {
            self.link.text(message).await?;
        }
        Ok(())
    }

    async fn next(&mut self) -> Result<News, ProviderError> {
        match self.link.next().await? {
            Incoming::Text(text) => self.vendor.read(&text),
            Incoming::Binary(_) | Incoming::Alive => Ok(News::Nothing),
        }
    }

    fn forget(&mut self) -> bool {
        false
    }

    async fn keep_alive(&mut self) -> Result<(), ProviderError> {
        match self.vendor.keep_alive() {
            Some(message) => self.link.text(message).await,
            None => self.link.ping().await,
        }
    }

    async fn close(self: Box<Self>) {
        self.link.close().await;
    }
}
