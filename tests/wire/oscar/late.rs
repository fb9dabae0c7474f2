//! An OSCAR that was only slow: what it does when nobody waits for it any more, on top of what somebody else was given meanwhile.

use std::sync::Arc;
use std::time::Duration;

use attendant::emr::oscar::Oscar;
use attendant::emr::{Emr, NewAppointment, look_after};
use attendant::sim::hold::{Held, When};
use attendant::sim::oscar::Fault;
use jiff::civil::DateTime;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::house::{CHEN, House, JANE, MONDAY, code, wanted};
use super::interrupted::opened;
use crate::desk::{comes, comes_within, in_time};

/// What is asked of a day.
const ROWS: &str = "getAppointmentsForDateRangeAndProvider2";

/// No two are left in one time for longer.
const LEFT: Duration = Duration::from_secs(15);

/// Another patient.
const OTHER: &str = "1002";

fn nine() -> DateTime {
    MONDAY.at(9, 0, 0, 0)
}

fn janes() -> NewAppointment {
    wanted(CHEN, nine(), JANE)
}

/// Requests of a process that has asked nothing yet, before it writes.
async fn before_the_write() -> usize {
    let house = House::open().await;
    assert_eq!(code(&house.adapter().1.book(janes()).await), "ok");
    let envelopes = house.sim.envelopes();
    envelopes.iter().position(|envelope| envelope.operation == "addAppointment").expect("it wrote")
}

/// A process that sent Jane Roe's appointment and gave it up is gone, and OSCAR has not done it yet.
struct Scene {
    house: House,
    folder: TempDir,
    held: Held,
}

impl Scene {
    async fn set() -> Self {
        let spared = before_the_write().await;
        let (house, folder) = (House::open().await, tempfile::tempdir().expect("as the test has it"));
        let held = house.sim.hold(spared, When::Arrived);
        let shared = opened(folder.path()).await;
        let outcome = house.sharing(&shared).1.book(janes()).await;
        assert_eq!((code(&outcome), house.asked("addAppointment")), ("unknown", 1));
        Self { house, folder, held }
    }

    /// The process that comes after it on its folder, when OSCAR has done it.
    async fn goes_on(self) -> (House, Oscar, TempDir) {
        let Self { house, folder, held } = self;
        held.let_go().await;
        assert_eq!(house.active(CHEN, nine(), JANE), 1, "it came late");
        let next = house.sharing(&opened(folder.path()).await).1;
        (house, next, folder)
    }

    /// Somebody else is told yes, by a process that knows nothing of it: as if they had met in a Redis that came back empty.
    async fn other_is_told_yes(&self) -> Oscar {
        let other = self.house.adapter().1;
        assert_eq!(code(&other.book(wanted(CHEN, nine(), OTHER)).await), "ok");
        other
    }
}

/// Of Jane Roe and of the other.
fn standing(house: &House) -> (usize, usize) {
    (house.active(CHEN, nine(), JANE), house.active(CHEN, nine(), OTHER))
}

#[tokio::test]
async fn what_comes_late_onto_the_time_of_somebody_who_was_told_yes_is_taken_back_by_the_process_that_comes_after() {
    let scene = Scene::set().await;
    scene.other_is_told_yes().await;
    let (house, next, _folder) = scene.goes_on().await;
    assert_eq!(house.sim.active_overlaps().len(), 1);
    assert_eq!(next.settle_late().await, Ok(1));
    assert_eq!((standing(&house), house.sim.active_overlaps()), ((0, 1), vec![]));
    // It is settled.
    let asked = house.sim.envelopes().len();
    assert_eq!(next.settle_late().await, Ok(0));
    assert_eq!(house.sim.envelopes().len(), asked, "nothing is asked while nothing is in doubt");
    assert_eq!(code(&next.book(janes()).await), "refused");
    assert_eq!(house.asked("addAppointment"), 2, "and it is not sent again");
}

#[tokio::test]
async fn what_has_not_come_yet_is_looked_for_until_it_does() {
    let scene = Scene::set().await;
    scene.other_is_told_yes().await;
    let next = scene.house.sharing(&opened(scene.folder.path()).await).1;
    assert_eq!((next.settle_late().await, standing(&scene.house)), (Ok(0), (0, 1)));
    scene.held.let_go().await;
    assert_eq!((next.settle_late().await, standing(&scene.house)), (Ok(1), (0, 1)));
}

#[tokio::test]
async fn what_comes_late_and_stands_alone_stays() {
    let scene = Scene::set().await;
    let (house, next, _folder) = scene.goes_on().await;
    assert_eq!((next.settle_late().await, standing(&house)), (Ok(0), (1, 0)));
    assert_eq!(code(&next.book(janes()).await), "ok", "whoever asks again has it");
    // The front desk may put somebody else there, as beside any other.
    house.sim.desk_books(CHEN, nine(), 15, 1_002);
    assert_eq!((next.settle_late().await, standing(&house)), (Ok(0), (1, 1)));
    assert_eq!((house.asked("addAppointment"), house.asked("updateAppointment")), (1, 0));
}

#[tokio::test]
async fn what_comes_late_yields_to_a_front_desk_that_was_first_and_not_to_one_that_came_second() {
    for (is_first, stands) in [(true, (0, 1)), (false, (1, 1))] {
        let scene = Scene::set().await;
        if is_first {
            scene.house.sim.desk_books(CHEN, nine(), 15, 1_002);
        }
        let (house, next, _folder) = scene.goes_on().await;
        if !is_first {
            house.sim.desk_books(CHEN, nine(), 15, 1_002);
        }
        assert_eq!(next.settle_late().await, Ok(usize::from(is_first)));
        assert_eq!(standing(&house), stands, "the front desk was first: {is_first}");
    }
}

#[tokio::test]
async fn whoever_asks_again_for_what_came_late_is_not_told_yes_of_anothers_time() {
    let scene = Scene::set().await;
    scene.other_is_told_yes().await;
    let (house, next, _folder) = scene.goes_on().await;
    // Another process does not know which of the two came late.
    let third = house.adapter().1;
    assert_eq!((code(&third.book(janes()).await), standing(&house)), ("unknown", (1, 1)));
    assert_eq!((code(&next.book(janes()).await), standing(&house)), ("refused", (0, 1)));
    assert_eq!(code(&third.book(wanted(CHEN, nine(), OTHER)).await), "ok");
    assert_eq!(house.asked("addAppointment"), 2);
}

#[tokio::test]
async fn a_cancellation_that_is_lost_is_sent_again_for_nobody_was_told_of_what_came_late() {
    let scene = Scene::set().await;
    scene.other_is_told_yes().await;
    let (house, next, _folder) = scene.goes_on().await;
    house.turn("updateAppointment", Fault::DropRequest, 1);
    assert_eq!((next.settle_late().await, standing(&house)), (Ok(1), (0, 1)));
}

#[tokio::test]
async fn what_cannot_be_looked_for_holds_up_nothing_else() {
    let scene = Scene::set().await;
    scene.other_is_told_yes().await;
    let Scene { house, folder, held } = scene;
    held.let_go().await;
    let shared = opened(folder.path()).await;
    let next = house.sharing(&shared).1;
    // Another that nobody knows of, and that is looked for before Jane Roe's.
    let janes = shared.pseudonym(&janes().key);
    let mut keys = (0..).map(|n| format!("another wish {n}"));
    let key = keys.find(|key| shared.pseudonym(key) < janes).expect("one comes before");
    house.turn("addAppointment", Fault::Hang, 1);
    let another = NewAppointment { key, ..wanted(CHEN, MONDAY.at(9, 15, 0, 0), "1003") };
    assert_eq!(code(&next.book(another).await), "unknown");
    assert_eq!(standing(&house), (1, 1));
    house.turn(ROWS, Fault::Html503, 1);
    assert_eq!(code(&next.settle_late().await), "unavailable", "and it is said");
    assert_eq!((standing(&house), house.sim.active_overlaps()), ((0, 1), vec![]));
}

#[tokio::test]
async fn a_server_looks_often_enough_that_two_share_a_time_for_no_longer_than_15_seconds() {
    let scene = Scene::set().await;
    scene.other_is_told_yes().await;
    let Scene { house, folder, held } = scene;
    let next = house.sharing(&opened(folder.path()).await).1;
    let (before, stop) = (house.asked(ROWS), CancellationToken::new());
    let looking = tokio::spawn(look_after(Arc::new(next), stop.clone()));
    comes(|| (house.asked(ROWS) > before).then_some(())).await;
    held.let_go().await;
    comes_within(LEFT, || (house.asked("updateAppointment") > 0 && standing(&house) == (0, 1)).then_some(())).await;
    stop.cancel();
    in_time(looking).await.expect("it stops");
}
