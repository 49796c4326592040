// Shows Rust threads, scoped ones, channels, generics and closures.
// build: rustc --edition 2024 -g -C opt-level=0
// build optimised: rustc --edition 2024 -g -C opt-level=3
use std::sync::mpsc;
use std::thread;

#[inline(never)]
fn total<T: Copy + Into<u64>>(numbers: &[T]) -> u64 {
    let mut sum = 0;
    for &number in numbers {
        sum += number.into();
    }
    sum
}

fn main() {
    let (sender, receiver) = mpsc::channel();               // hit
    thread::scope(|scope| {                                 // hit
        for n in 0..4u64 {
            let sender = sender.clone();
            scope.spawn(move || sender.send(total(&[n, n + 1])).unwrap()); // hit
        }
    });
    drop(sender);                                           // hit
    let mut sums: Vec<u64> = receiver.iter().collect();
    sums.sort();                                            // hit
    println!("{sums:?} {}", total(&[1u8, 2, 3]));           // hit
    if sums.is_empty() {                                    // hit
        println!("never");                                  // miss
    }
}
