//! Every sample is run bare and traced; each group has a list of its own.

mod contexts;
mod debuginfo;
mod environment;
mod exec;
mod flow;
mod forgotten;
mod image;
mod process;
mod rust;
mod signal;
mod syscall;
mod thread;

/// Makes two tests of each sample of a group, and the list of the group.
macro_rules! samples {
    ($group:literal: $($name:ident)*) => {
        /// The samples of this group.
        pub const ALL: &[&str] = &[$(concat!($group, "/", stringify!($name))),*];
        $(
            mod $name {
                const NAME: &str = concat!($group, "/", stringify!($name));

                #[test]
                fn bare() {
                    crate::harness::check::bare(NAME);
                }

                #[test]
                fn traced() {
                    crate::harness::check::traced(NAME);
                }
            }
        )*
    };
}
use samples;
