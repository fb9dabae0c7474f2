//! What a call may cost on its media worker, leg and machine together: no allocation in a slot in which no provider says anything, and
//! so many bytes.
//!
//! Counted in the allocator of the test binary, per thread, so that tests beside it do not matter.

#[path = "../../benches/machine/call.rs"]
mod call;
#[path = "../../media/tests/counting/mod.rs"]
mod counting;

use attendant::call::machine::Machine;
use attendant_media::leg::Leg;
use attendant_media::time::Time;
use call::{Call, Talks};

/// Allocations of 1,000 slots: in those without a provider's event, and in the others with their number.
fn allocations(talks: Talks, cleaning: bool) -> (usize, usize, usize) {
    let mut call = Call::new(talks, cleaning);
    let (mut quiet, mut eventful, mut events) = (0, 0, 0);
    for _ in 0..1_000 {
        let is_eventful = call.event_is_due();
        let before = counting::allocations();
        call.slot();
        let made = counting::allocations() - before;
        if is_eventful {
            eventful += made;
            events += 1;
        } else {
            quiet += made;
        }
    }
    (quiet, eventful, events)
}

#[test]
fn no_slot_allocates_while_either_side_speaks() {
    for talks in [Talks::Caller, Talks::Agent] {
        for cleaning in [false, true] {
            let (quiet, eventful, events) = allocations(talks, cleaning);
            println!("{talks:?} speaks, cleaning {cleaning}: {eventful} allocations for {events} events of providers");
            assert_eq!(quiet, 0, "{talks:?} speaks, cleaning {cleaning}");
        }
    }
}

/// Bytes of a leg and of its machine.
fn bytes(cleaning: bool) -> (isize, isize) {
    // The first of a process also makes what all share.
    drop(Leg::new(call::config(cleaning), Time::ZERO));
    let shared = call::setup();
    let before = counting::bytes();
    let leg = Box::new(Leg::new(call::config(cleaning), Time::ZERO));
    let of_leg = counting::bytes() - before;
    let machine = Box::new(Machine::new(shared.clone(), Time::ZERO));
    let both = counting::bytes() - before;
    drop((leg, machine));
    println!("cleaning {cleaning}: leg {of_leg} bytes, machine {} bytes", both - of_leg);
    (of_leg, both - of_leg)
}

#[test]
fn a_leg_and_its_machine_take_at_most_100_kib() {
    let (leg, machine) = bytes(false);
    assert!(leg + machine <= 100 * 1_024, "{} bytes", leg + machine);
}

#[test]
fn cleaning_costs_memory_of_the_leg_alone_and_at_most_half_as_much_again() {
    let ((plain, machine), (cleaning, same)) = (bytes(false), bytes(true));
    assert_eq!(machine, same);
    assert!(cleaning > plain && cleaning + machine <= 150 * 1_024, "{cleaning} and {plain} bytes");
}
