// Shows panics in the middle of a statement and of a match with a table, caught further out.
// build: rustc --edition 2024 -g -C opt-level=0
// build optimised: rustc --edition 2024 -g -C opt-level=2
use std::hint::black_box;
use std::panic::{catch_unwind, set_hook};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

static SUM: AtomicU32 = AtomicU32::new(0);

fn add(n: u32) {
    SUM.store(SUM.load(Relaxed) + n, Relaxed);
}

#[inline(never)]
fn panics(n: u32) -> u32 {
    if n > 2 {                                          // hit
        panic!("too many");                             // hit
    }
    n
}

#[inline(never)]
fn chosen(n: u32) -> u32 {
    add(1);
    match n {                                           // hit
        0 => add(panics(1)),                            // hit
        1 => add(panics(2) + panics(3)),                // hit
        2 => add(7),                                    // miss
        3 => add(11),                                   // hit
        4 => add(13),
        _ => add(17),
    }
    add(2);
    n
}

fn main() {
    set_hook(Box::new(|_| {}));                         // hit
    for n in [0, 1, 3] {
        match catch_unwind(|| chosen(black_box(n))) {
            Ok(n) => println!("{n}"),                   // hit
            Err(_) => println!("caught"),               // hit
        }
    }
    println!("{}", SUM.load(Relaxed));                  // hit
}
