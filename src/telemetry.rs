//! Logs: to standard error, as text for a person or as JSON lines for a collector. They never hold what is [`crate::privacy::Pii`].

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::SubscriberBuilder;

use crate::config::{LogConfig, LogFormat};
use crate::transport::sip::LOG_DIRECTIVE;

/// Starts logging for the whole process; `RUST_LOG` overrides the configured filter. A second call changes nothing.
pub fn start(settings: &LogConfig) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(&settings.filter));
    // The SIP stack logs whole messages, callers' numbers included.
    let filter = filter.add_directive(LOG_DIRECTIVE.parse().expect("it is a directive"));
    let builder = SubscriberBuilder::default().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match settings.format {
        LogFormat::Text => builder.with_ansi(console::colors_enabled_stderr()).try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
    if started.is_err() {
        tracing::debug!("logging was already started");
    }
}
