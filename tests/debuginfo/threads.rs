//! The index of an image does not depend on how many threads read it.

use cov_trace::debuginfo::index;

use super::programs::Built;

#[test]
fn any_number_of_threads_gives_the_same_index() {
    // The standard library brings many units along.
    let source = "fn main() {\n    println!(\"{}\", std::env::args().count());\n}\n";
    let bytes = Built::new("rustc", &["-g"], "main.rs", source).bytes();
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| index(&bytes).unwrap())
    };
    let alone = with(1);
    assert!(alone.files.len() > 50 && alone.functions.len() > 100, "{} files", alone.files.len());
    for threads in [2, 3, 8] {
        assert!(with(threads) == alone, "{threads} threads");
    }
}
