//! spin_rust ROUNDS: computes ROUNDS times the same.

fn mix(x: u32) -> u32 {
    if x & 1 == 1 { x.wrapping_mul(1_103_515_245).wrapping_add(12_345) } else { x ^ (x >> 7) }
}

fn main() {
    let rounds: u32 = std::env::args().nth(1).and_then(|word| word.parse().ok()).expect("ROUNDS");
    let mut x = 1u32;
    for _ in 0..rounds {
        for i in 0..1_000_000 {
            x = mix(x.wrapping_add(i));
        }
    }
    println!("{x}");
}
