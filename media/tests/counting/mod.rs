//! An allocator that counts, per thread, so that tests running beside each other do not matter. Included by path where a binary measures
//! what is allocated: here and in the application's tests.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
    static BYTES: Cell<isize> = const { Cell::new(0) };
}

fn count(bytes: isize) {
    // While a thread ends its counters are gone, and nothing is measured there.
    if bytes > 0 {
        ALLOCATIONS.try_with(|count| count.set(count.get() + 1)).ok();
    }
    BYTES.try_with(|count| count.set(count.get() + bytes)).ok();
}

/// Allocations of this thread so far.
pub fn allocations() -> usize {
    ALLOCATIONS.with(Cell::get)
}

/// Bytes that this thread has allocated and not given back.
pub fn bytes() -> isize {
    BYTES.with(Cell::get)
}

// An allocator is an unsafe trait. This one only counts and passes on.
#[allow(unsafe_code, reason = "GlobalAlloc is an unsafe trait")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;
