//! Whole conversations of a caller with the rule-based brain, whose clinic keeps its book in a server of FHIR.

use attendant::language::Language;
use attendant::sim::fhir::{Conduct, Fault};
use attendant::state::Shared;
use tempfile::TempDir;

use super::house::{ALL, House};
use crate::wire::emr_contract as contract;
use crate::wire::oscar::by_voice::Talk;
use crate::wire::oscar::house::JANE;

/// A caller's patience is that of the time a tool has.
fn talk(house: &House, times: [u64; 3]) -> (Talk, TempDir) {
    let (clinic, emr) = house.waiting(times);
    Talk::at(clinic, emr, &Shared::default(), Language::English)
}

#[tokio::test]
async fn a_caller_books_moves_and_cancels_by_voice_whatever_the_server_checks() {
    for conduct in ALL {
        let house = House::open(conduct).await;
        let standing = |day| {
            let is_hers = |row: &&attendant::sim::fhir::Booked| {
                row.is_active() && row.patient.as_deref() == Some(JANE) && row.start.date() == day
            };
            house.sim.appointments().iter().filter(is_hers).count()
        };
        let new = if conduct == Conduct::Argonaut { "Appointment.book" } else { "Appointment.create" };
        let written = || [house.asked(new), house.asked("Appointment.update")];
        let (talk, _folder) = talk(&house, [2_000, 4_000, 4_000]);
        contract::books_moves_and_cancels_by_voice(talk, ("eleven thirty", "11:30 AM"), standing, written).await;
    }
}

#[tokio::test]
async fn a_booking_nobody_knows_of_is_left_to_the_staff_and_never_sent_again() {
    let house = House::open(Conduct::Blind).await;
    let lose = || house.turn("Appointment.create", Fault::Hang, 1);
    let talk = talk(&house, [1_000, 400, 1_000]);
    contract::sends_nothing_twice_by_voice(talk, "eleven thirty", lose, || house.asked("Appointment.create")).await;
}
