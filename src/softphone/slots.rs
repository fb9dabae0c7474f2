//! The caller's own 20 ms clock: a kernel timer on an absolute schedule. tokio's timer counts whole milliseconds, too coarse for
//! somebody who measures others.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use attendant_media::frame::SLOT;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use tokio::io::unix::AsyncFd;

/// Fires every 20 ms.
pub(super) struct Slots(AsyncFd<OwnedFd>);

impl Slots {
    /// The first slot is due after `first`. Must be called within a tokio runtime.
    pub(super) fn after(first: Duration) -> io::Result<Self> {
        let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
        // All zero would unset the timer.
        let schedule =
            Itimerspec { it_interval: timespec(SLOT), it_value: timespec(first.max(Duration::from_nanos(1))) };
        timerfd_settime(&timer, TimerfdTimerFlags::empty(), &schedule)?;
        #[expect(deprecated, reason = "`register` is unsafe; an OwnedFd stays open for as long as it is registered")]
        AsyncFd::new(timer).map(Self)
    }

    /// Waits until at least one slot is due. Cancel safe.
    pub(super) async fn due(&mut self) -> io::Result<()> {
        loop {
            let mut ready = self.0.readable_mut().await?;
            let mut count = [0u8; 8];
            let read = ready.try_io(|timer| rustix::io::read(timer.get_ref(), &mut count).map_err(io::Error::from));
            if let Ok(read) = read {
                return read.map(|_| ());
            }
        }
    }
}

fn timespec(duration: Duration) -> Timespec {
    Timespec { tv_sec: duration.as_secs() as i64, tv_nsec: i64::from(duration.subsec_nanos()) }
}
