// Shows functions that share lines with others: instances of generics, methods of traits, closures.
// build: rustc -g
// build optimized: rustc -g -O

#[inline(never)]
fn size<T: ToString>(value: T) -> usize {
    let text = value.to_string();
    text.len()
}

trait Speak {
    #[inline(never)]
    fn speak(&self) -> usize {
        std::hint::black_box(1)
    }
}

struct Dog;
struct Cat;
impl Speak for Dog {}
impl Speak for Cat {}

#[inline(never)]
fn outer(x: usize) -> usize {
    #[inline(never)]
    fn inner(y: usize) -> usize {
        std::hint::black_box(y)
    }
    inner(x) + 1
}

fn main() {
    let count = std::env::args().count();
    if count > 5 {
        std::process::exit((size(1.5) + Cat.speak()) as i32);
    }
    let all = size(count) + size(count) + Dog.speak() + outer(0);
    std::process::exit(all as i32 - 4);
}
