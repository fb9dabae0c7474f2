//! Room for calls, which the desks of all clinics of a server share: so many at once, of those that the recogniser of this machine hears no more than it
//! carries, and of one clinic's no more than its share, so that a flood of calls to one leaves room for the others.

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
    /// Of the recogniser of `[providers.cheaper]`.
    cheaper: Seats,
}

/// Room of one call, given back when dropped.
#[derive(Debug)]
pub(in crate::call) struct Room {
    _call: OwnedSemaphorePermit,
    _own: Option<OwnedSemaphorePermit>,
    _seat: Option<Seat>,
}

/// How many calls of one clinic may be going on at once.
#[derive(Debug)]
pub(super) enum Share {
    /// As many as there is room for.
    All,
    Some(Arc<Semaphore>),
}

impl Share {
    pub(super) fn of(calls: Option<usize>) -> Self {
        calls.map_or(Self::All, |calls| Self::Some(Arc::new(Semaphore::new(calls.min(Semaphore::MAX_PERMITS)))))
    }

    /// Further calls that fit into it.
    pub(super) fn left(&self) -> usize {
        match self {
            Self::All => usize::MAX,
            Self::Some(calls) => calls.available_permits(),
        }
    }
}

impl Premises {
    /// Starts the media workers; `calls` may be going on at once.
    pub(super) fn open(workers: usize, calls: usize) -> io::Result<Arc<Self>> {
        Ok(Self::with(Workers::start(workers)?, calls))
    }

    pub(super) fn with(workers: Workers, calls: usize) -> Arc<Self> {
        Arc::new(Self {
            workers,
            calls: Arc::new(Semaphore::new(calls)),
            seats: Seats::default(),
            cheaper: Seats::default(),
        })
    }

    /// Room for one more call within this share, of those of which `carried` fit at once; `None`: of which as many fit as of all.
    pub(super) fn take(&self, carried: Option<usize>, share: &Share) -> Option<Room> {
        let own = match share {
            Share::All => None,
            Share::Some(calls) => Some(calls.clone().try_acquire_owned().ok()?),
        };
        let call = self.calls.clone().try_acquire_owned().ok()?;
        let seat = match carried {
            Some(0) => return None,
            Some(carried) => Some(self.seats.try_take(carried)?),
            None => None,
        };
        Some(Room { _call: call, _own: own, _seat: seat })
    }

    /// Room for one more call that is served cheaper, by a recogniser of which `carried` fit at once, whichever clinic they are of.
    pub(super) fn take_cheaper(&self, carried: usize) -> Option<Seat> {
        if carried == 0 { None } else { self.cheaper.try_take(carried) }
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
        let take = |carried| premises.take(carried, &Share::All);
        let heard_here = [take(Some(2)).unwrap(), take(Some(2)).unwrap()];
        // A slower language of another clinic takes more of the same.
        assert!(take(Some(2)).is_none() && take(Some(1)).is_none());
        assert_eq!((premises.left(Some(2)), premises.left(None)), (0, 2));
        let elsewhere = [take(None).unwrap(), take(None).unwrap()];
        assert!(take(None).is_none());
        drop(heard_here);
        assert_eq!((premises.left(Some(1)), premises.left(Some(2)), premises.left(Some(0))), (1, 2, 0));
        drop(elsewhere);
        assert_eq!(premises.left(None), 4);
    }

    #[tokio::test]
    async fn what_the_cheaper_recogniser_carries_is_for_all_clinics_together() {
        let premises = Premises::open(1, 4).unwrap();
        let calls: Vec<Seat> = (0..5).filter_map(|_| premises.take_cheaper(2)).collect();
        assert_eq!((calls.len(), premises.left(Some(2))), (2, 2), "and takes no seat of the usual one");
        drop(calls);
        assert!(premises.take_cheaper(2).is_some() && premises.take_cheaper(0).is_none());
    }

    #[tokio::test]
    async fn a_flood_of_calls_to_one_clinic_leaves_room_for_the_others() {
        let premises = Premises::open(1, 4).unwrap();
        let (flooded, other) = (Share::of(Some(3)), Share::of(None));
        let mut calls: Vec<Room> = (0..9).filter_map(|_| premises.take(None, &flooded)).collect();
        assert_eq!((calls.len(), flooded.left(), premises.left(None)), (3, 0, 1));
        let one = premises.take(None, &other).unwrap();
        assert!(premises.take(None, &other).is_none(), "all share the room");
        // What does not fit into all of it is given back to the clinic's own.
        calls.pop();
        drop(premises.take(Some(0), &flooded));
        assert_eq!((flooded.left(), premises.left(None)), (1, 1));
        drop((calls, one));
        assert_eq!((flooded.left(), premises.left(None)), (3, 4));
    }
}
