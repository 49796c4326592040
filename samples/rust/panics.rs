// Shows Rust panics that unwind to catch_unwind, with destructors on the way.
// build: rustc --edition 2024 -g -C opt-level=0
use std::panic::{catch_unwind, set_hook};

struct Guard(&'static str);

impl Drop for Guard {
    fn drop(&mut self) {                        // hit
        println!("left {}", self.0);            // hit
    }                                           // hit
}

fn checked(numbers: &[i32], at: usize) -> i32 { // hit
    let _guard = Guard("checked");              // hit
    let found = numbers[at];                    // hit
    found + 1                                   // hit
}

fn never(a: i32) -> i32 {                       // miss
    a / 2                                       // miss
}

fn main() {                                     // hit
    set_hook(Box::new(|_| println!("panicked"))); // hit
    for at in [1, 7] {                          // hit
        match catch_unwind(|| checked(&[1, 2, 3], at)) { // hit
            Ok(found) => println!("found {found}"), // hit
            Err(_) => println!("caught"),       // hit
        }
    }
    if std::env::args().count() > 5 {           // hit
        println!("{}", never(1));               // miss
    }
}
