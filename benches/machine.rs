//! What one slot of a call costs on its media worker: the leg and its machine, G.711 both ways, with what providers send meanwhile
//! (a partial every 300 ms, a piece of speech every 200 ms).
//!
//! `cargo bench --bench machine`; the figures are in README.md.

#[path = "machine/call.rs"]
mod call;

use call::{Call, Talks};
use criterion::{Criterion, criterion_group, criterion_main};

fn slots(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("leg and machine, one slot of 20 ms, G.711 both ways");
    for (name, talks, cleaning) in [
        ("the caller speaks", Talks::Caller, false),
        ("the agent speaks", Talks::Agent, false),
        ("the caller speaks; noise suppression, gain and echo control", Talks::Caller, true),
        ("the agent speaks; noise suppression, gain and echo control", Talks::Agent, true),
    ] {
        group.bench_function(name, |bencher| {
            let mut call = Call::new(talks, cleaning);
            bencher.iter(|| call.slot());
        });
    }
    group.finish();
}

criterion_group!(benches, slots);
criterion_main!(benches);
