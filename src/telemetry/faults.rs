//! What is logged of a fault of our own (a panic): where it was, in which thread. Never its message, which may quote what a caller said.

use std::panic::{PanicHookInfo, set_hook};

/// From now on, for the whole process.
pub(super) fn log_places_alone() {
    set_hook(Box::new(log));
}

fn log(fault: &PanicHookInfo<'_>) {
    let place = fault.location().map(ToString::to_string).unwrap_or_default();
    let thread = std::thread::current();
    tracing::error!(
        place,
        thread = thread.name().unwrap_or_default(),
        "a fault of attendant's own; its message may hold what was said and is left out"
    );
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::panic::take_hook;
    use std::sync::Arc;

    use parking_lot::Mutex;

    use super::*;

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_fault_is_logged_with_its_place_and_without_its_message() {
        let page = Page::default();
        let writer = page.clone();
        let lines = tracing_subscriber::fmt().with_writer(move || writer.clone()).finish();
        let before = take_hook();
        log_places_alone();
        let spoken = "my name is Jane Roe".to_owned();
        let faulty = std::thread::Builder::new().name("media-7".into()).spawn(move || {
            tracing::subscriber::with_default(lines, || panic!("byte 11 is no boundary of `{spoken}`"));
        });
        let fault = faulty.expect("a thread").join();
        set_hook(before);
        assert!(fault.is_err());
        let log = String::from_utf8(page.0.lock().clone()).expect("text");
        assert!(log.contains("src/telemetry/faults.rs") && log.contains("media-7"), "{log}");
        assert!(!log.contains("Jane"), "{log}");
    }
}
