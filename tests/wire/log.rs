//! Everything that is logged within a test, at every level and by every library.

use std::io;
use std::sync::Arc;

use parking_lot::Mutex;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::fmt::MakeWriter;

/// See the module header. Its clones are one.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Log {
    /// Of this thread, which is to run all of the test, the simulator's side too; until the guard is dropped.
    pub fn of_this_thread() -> (Self, DefaultGuard) {
        let log = Self::default();
        // Without the time, whose fractions of a second may read like a year of birth.
        let subscriber =
            tracing_subscriber::fmt().without_time().with_max_level(tracing::Level::TRACE).with_writer(log.clone());
        (log, tracing::subscriber::set_default(subscriber.finish()))
    }

    /// Neither what tells of Jane Roe nor any of these is there, in lower case; `told`: what is.
    pub fn has_only(&self, told: &str, secrets: &[&str]) {
        let text = String::from_utf8_lossy(&self.0.lock()).into_owned();
        assert!(text.contains(told), "something was logged");
        let jane = ["jane", "roe,", "roe<", "\"roe\"", "1984", "604-555-0177", "6045550177", "9698658215", "v6b 2k3"];
        for secret in jane.iter().chain(secrets) {
            let line = text.lines().find(|line| line.to_lowercase().contains(secret));
            assert!(line.is_none(), "{secret}: {line:?}");
        }
    }
}
