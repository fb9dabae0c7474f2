//! A recogniser of this machine that stands in for one that fails is asked by no more calls than it carries.

use tokio::task::LocalSet;

use super::health::{Fails, PERSON, desk};
use super::*;
use crate::call::event::Gone;
use crate::provider::{ErrorKind, ProviderError, chain};
use crate::stt::seats::Seats;
use crate::stt::{self, Recognizer};

/// Carries one call, and hears nothing in it.
struct Narrow(Seats);

impl Recognizer for Narrow {
    fn name(&self) -> &'static str {
        "narrow"
    }

    fn capabilities(&self, _language: Language) -> Option<stt::Capabilities> {
        Some(stt::Capabilities { partials: stt::Partials::Changing, end_of_turn: false })
    }

    fn capacity(&self, _language: Language) -> Option<usize> {
        Some(1)
    }

    fn room(&self, _language: Language) -> Option<usize> {
        Some(self.0.free(1))
    }

    fn open(&self, _setup: stt::Setup, reports: stt::Reports) -> mpsc::Sender<stt::Input> {
        let (inputs, mut queue) = mpsc::channel(64);
        let seats = self.0.clone();
        tokio::spawn(async move {
            let Some(_seat) = seats.take(1).await else {
                let what = "is full".to_owned();
                let error = ProviderError { provider: "narrow", kind: ErrorKind::Full, what, retry_after: None };
                reports.send(stt::Event::Failed(error)).await;
                return;
            };
            reports.send(stt::Event::Ready).await;
            while queue.recv().await.is_some() {}
        });
        inputs
    }
}

#[tokio::test(start_paused = true)]
async fn a_recogniser_that_stands_in_for_another_takes_no_more_calls_than_it_carries() {
    let calls = async {
        let seats = Seats::default();
        let recognisers: Vec<Arc<dyn Recognizer>> =
            vec![Arc::new(Fails(ErrorKind::Unauthorised)), Arc::new(Narrow(seats.clone()))];
        let desk = desk(chain::recognisers(recognisers, chain::Order::new()), Some(PERSON));
        // Nobody knows yet that the first one fails: both calls come in.
        let (one, other) = (desk.admit(&arriving()).expect("room"), desk.admit(&arriving()).expect("room"));
        let (_caller, one, _commands) = started(&desk, one).await;
        while seats.free(1) > 0 {
            tokio::task::yield_now().await;
        }
        assert!(matches!(desk.admit(&arriving()), Err(Refusal::Busy { .. })), "it has its one call");
        assert_eq!(desk.ready(), Err(NotReady::Full));
        // Whom it cannot hear any more is passed on, and soon.
        let began = Instant::now();
        let (_caller, other, mut commands) = started(&desk, other).await;
        assert!(other.mailbox.send(Event::Signal(Signal::Answered)).await);
        let told = commands.recv().await;
        assert!(matches!(told, Some(Command::Transfer { .. })), "{told:?}");
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        for call in [one, other] {
            assert!(call.mailbox.send(Event::Signal(Signal::Gone(Gone::HungUp))).await);
        }
        desk.until_empty().await;
        while seats.free(1) == 0 {
            tokio::task::yield_now().await;
        }
        assert!(desk.admit(&arriving()).is_ok(), "there is room again");
    };
    LocalSet::new().run_until(calls).await;
}
