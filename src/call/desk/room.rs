//! Room for calls, which the desks of all clinics of a server share: so many at once, and of those that the recogniser of this machine hears no more than it
//! carries.

use std::io;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::call::worker::Workers;
use crate::stt::seats::{Seat, Seats};

/// What the desks share.
#[derive(Debug)]
pub(super) struct Premises {
    pub(super) workers: Workers,
    calls: Arc<Semaphore>,
    seats: Seats,
}

/// Room of one call, given back when dropped.
#[derive(Debug)]
pub(in crate::call) struct Room {
    _call: OwnedSemaphorePermit,
    _seat: Option<Seat>,
}

impl Premises {
    /// Starts the media workers; `calls` may be going on at once.
    pub(super) fn open(workers: usize, calls: usize) -> io::Result<Arc<Self>> {
        Ok(Self::with(Workers::start(workers)?, calls))
    }

    pub(super) fn with(workers: Workers, calls: usize) -> Arc<Self> {
        Arc::new(Self { workers, calls: Arc::new(Semaphore::new(calls)), seats: Seats::default() })
    }

    /// Room for one more call, of those of which `carried` fit at once; `None`: of which as many fit as of all.
    pub(super) fn take(&self, carried: Option<usize>) -> Option<Room> {
        let call = self.calls.clone().try_acquire_owned().ok()?;
        let seat = match carried {
            Some(0) => return None,
            Some(carried) => Some(self.seats.try_take(carried)?),
            None => None,
        };
        Some(Room { _call: call, _seat: seat })
    }

    /// Further calls that there is room for.
    pub(super) fn left(&self, carried: Option<usize>) -> usize {
        let free = |carried| if carried == 0 { 0 } else { self.seats.free(carried) };
        let calls = self.calls.available_permits();
        carried.map_or(calls, |carried| calls.min(free(carried)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn desks_share_all_room_and_those_whose_calls_are_heard_here_what_is_carried() {
        let premises = Premises::open(1, 4).unwrap();
        let heard_here = [premises.take(Some(2)).unwrap(), premises.take(Some(2)).unwrap()];
        // A slower language of another clinic takes more of the same.
        assert!(premises.take(Some(2)).is_none() && premises.take(Some(1)).is_none());
        assert_eq!((premises.left(Some(2)), premises.left(None)), (0, 2));
        let elsewhere = [premises.take(None).unwrap(), premises.take(None).unwrap()];
        assert!(premises.take(None).is_none());
        drop(heard_here);
        assert_eq!((premises.left(Some(1)), premises.left(Some(2)), premises.left(Some(0))), (1, 2, 0));
        drop(elsewhere);
        assert_eq!(premises.left(None), 4);
    }
}
