//! Logs and metrics. Logs go to standard error, as text for a person or as JSON lines for a collector. They never hold what is [`crate::privacy::Pii`].

mod faults;
pub mod metrics;

use tracing::{Level, Metadata};
use tracing_subscriber::filter::{FilterFn, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt};

use crate::config::{LogConfig, LogFormat};
use crate::transport::sip::STACK_TARGET;

/// Log the frames they carry, the start frame with the caller's number among them.
const FRAMES: [&str; 2] = ["tungstenite", "tokio_tungstenite"];

/// Starts logging for the whole process; `RUST_LOG` overrides the configured filter. A second call changes nothing.
pub fn start(settings: &LogConfig) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(&settings.filter));
    let lines = fmt::layer().with_writer(std::io::stderr);
    let filtered = tracing_subscriber::registry().with(filter).with(discreet());
    let started = match settings.format {
        LogFormat::Text => filtered.with(lines.with_ansi(console::colors_enabled_stderr())).try_init(),
        LogFormat::Json => filtered.with(lines.json()).try_init(),
    };
    if started.is_err() {
        tracing::debug!("logging was already started");
    }
    faults::log_places_alone();
}

/// Keeps out what no filter may ask for: the SIP stack logs whole messages, callers' numbers included, and so do the WebSockets at trace.
/// A directive could be overruled by a narrower one.
pub fn discreet() -> FilterFn<fn(&Metadata<'_>) -> bool> {
    filter_fn(|metadata| {
        let target = metadata.target();
        let frames = FRAMES.iter().any(|wordy| target.starts_with(wordy)) && *metadata.level() > Level::INFO;
        !target.starts_with(STACK_TARGET) && !frames
    })
}
